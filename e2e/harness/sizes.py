"""Which sizes of a picture a page shows, and how it goes from one to another."""

# Every frame the largest video element shows, with its time and width, in window.testFrames.
WATCH = """async () => {
  const showing = () => [...document.querySelectorAll('video')].find((one) => one.videoWidth > 0);
  while (!showing()) await new Promise((resolve) => setTimeout(resolve, 50));
  const video = showing();
  window.testVideo = video;
  video.style.cssText = 'width: 1280px; height: 720px';
  window.testFrames = [];
  const look = (now, frame) => {
    window.testFrames.push([performance.now(), frame.width]);
    video.requestVideoFrameCallback(look);
  };
  video.requestVideoFrameCallback(look);
}"""

# Chooses a quality and gives, once the width is there, how long that took and the longest time without a frame.
CHOOSE = """async ([quality, width]) => {
  const [other] = window.martletRoom.participants.values();
  const started = performance.now();
  await other.track('camera').setQuality(quality);
  while (performance.now() - started < 8000) {
    await new Promise((resolve) => setTimeout(resolve, 20));
    if (window.testFrames.at(-1)?.[1] === width) break;
  }
  await new Promise((resolve) => setTimeout(resolve, 500));
  const frames = window.testFrames.filter(([at]) => at >= started - 200);
  const first = frames.find(([at, one]) => at >= started && one === width);
  let gap = 0;
  for (let n = 1; n < frames.length; n += 1) gap = Math.max(gap, frames[n][0] - frames[n - 1][0]);
  return {took: first ? first[0] - started : null, gap, width: frames.at(-1)?.[1]};
}"""

DECODER = """async () => {
  const sum = {decoded: 0, dropped: 0, freezes: 0, plis: 0, firs: 0};
  for (const connection of window.testConnections) {
    if (connection.connectionState === 'closed') continue;
    (await connection.getStats()).forEach((entry) => {
      if (entry.type !== 'inbound-rtp' || entry.kind !== 'video') return;
      sum.decoded += entry.framesDecoded || 0;
      sum.dropped += entry.framesDropped || 0;
      sum.freezes += entry.freezeCount || 0;
      sum.plis += entry.pliCount || 0;
      sum.firs += entry.firCount || 0;
    });
  }
  return sum;
}"""


def width(one):
    return one.page.evaluate("() => window.testFrames.at(-1)?.[1]")


def frames(one):
    return one.page.evaluate("() => window.testFrames.length")


def choose(one, quality, pixels):
    return one.page.evaluate(CHOOSE, [quality, pixels])


def walk(one, steps, took, gap):
    """Chooses each quality and looks for its width, there after `took` ms at most and with no longer gap than `gap` ms;
    gives what was measured of each, for people."""
    told = []
    for quality, pixels in steps:
        result = choose(one, quality, pixels)
        told.append(f"{quality} {result['took'] or -1:.0f}/{result['gap']:.0f}")
        assert result["width"] == pixels, (quality, result)
        assert result["took"] < took, (quality, result)
        assert result["gap"] < gap, (quality, result)
    return ", ".join(told)
