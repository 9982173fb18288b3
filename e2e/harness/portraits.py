"""Generated cameras that look like people, for pictures of the page a person can make sense of."""

import json

# Replaces the camera by a drawing that moves a little; the microphone stays the browser's own.
_SCRIPT = """
(look => {
  const original = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
  const draw = (pen, width, height) => {
    const time = performance.now() / 1000;
    const x = width * (0.5 + 0.012 * Math.sin(time)), y = height * (0.5 + 0.01 * Math.cos(time * 1.3));
    const unit = height / 100;
    const fill = (colour, path) => { pen.fillStyle = colour; pen.beginPath(); path(); pen.fill(); };
    const oval = (cx, cy, rx, ry) => pen.ellipse(cx, cy, rx * unit, ry * unit, 0, 0, 7);
    const sky = pen.createLinearGradient(0, 0, 0, height);
    sky.addColorStop(0, look.sky[0]);
    sky.addColorStop(1, look.sky[1]);
    fill(sky, () => pen.rect(0, 0, width, height));
    fill(look.hills, () => {
      pen.moveTo(0, height);
      for (let at = 0; at <= width; at += width / 40) {
        pen.lineTo(at, height * (0.7 + 0.05 * Math.sin(at / width * 9 + look.shift)));
      }
      pen.lineTo(width, height);
    });
    fill(look.hair, () => oval(x, y - 8 * unit, 22, 25));
    fill(look.shirt, () => oval(x, height + 12 * unit, 42, 42));
    fill(look.skin, () => pen.rect(x - 7 * unit, y + 15 * unit, 14 * unit, 18 * unit));
    fill(look.skin, () => oval(x, y - 2 * unit, 17, 22));
    const closed = time - 4 * Math.floor(time / 4) < 0.12 ? 0.4 : 2;
    fill('#222', () => { oval(x - 6.5 * unit, y - 5 * unit, 1.6, closed); });
    fill('#222', () => { oval(x + 6.5 * unit, y - 5 * unit, 1.6, closed); });
    pen.strokeStyle = '#6b2b2b';
    pen.lineWidth = 1.4 * unit;
    pen.beginPath();
    pen.arc(x, y + 4 * unit, 6.5 * unit, 0.35, Math.PI - 0.35);
    pen.stroke();
  };
  navigator.mediaDevices.getUserMedia = async constraints => {
    if (!constraints.video) return original(constraints);
    const canvas = document.createElement('canvas');
    canvas.width = 640;
    canvas.height = 360;
    const pen = canvas.getContext('2d', {alpha: false});
    draw(pen, 640, 360);
    setInterval(() => draw(pen, 640, 360), 66);
    return canvas.captureStream(15);
  };
})(%s);
"""

LOOKS = [
    {"sky": ["#f8d7a8", "#d98a5c"], "hills": "#a06a50", "hair": "#4a2b20", "skin": "#e6b48f",
     "shirt": "#2f5f7d", "shift": 0},
    {"sky": ["#cdf3fb", "#74b1cf"], "hills": "#4f958b", "hair": "#0d0b0b", "skin": "#cf8d66",
     "shirt": "#b43338", "shift": 2},
    {"sky": ["#e2d6fb", "#8d78b8"], "hills": "#6a5795", "hair": "#d0ad4b", "skin": "#fbd3b3",
     "shirt": "#3c8a48", "shift": 4},
    {"sky": ["#dcfbdc", "#7fc391"], "hills": "#5b8d63", "hair": "#1a0d06", "skin": "#875436",
     "shirt": "#d6ab35", "shift": 6},
]


def give_portrait(participant, number):
    """Gives a page that is not open yet the camera of that number."""
    participant.page.add_init_script(_SCRIPT % json.dumps(LOOKS[number % len(LOOKS)]))
