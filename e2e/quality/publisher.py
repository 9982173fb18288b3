"""`python -m quality.publisher`: how soon a viewer who waits has the whole picture, and what the ways to send a camera
cost the browser that sends it."""

import argparse
import contextlib
import os
import sys
import time

from playwright.sync_api import sync_playwright

from harness.browser import Participant, launch, wait_until
from harness.page import address, wait_connected
from harness.server import ImpairedNetwork, Server

# The page's parameters for each way to send.
WAYS = [
    {"codec": "vp8", "simulcast": 0},
    {"codec": "vp8"},
    {"codec": "h264", "simulcast": 0},
    {"codec": "h264"},
    {"codec": "vp9", "svc": 0},
    {"codec": "vp9"},
    {"codec": "av1", "svc": 0},
    {"codec": "av1"},
    {"codec": "av1", "svc": "L3T3_KEY"},
]
# Large enough that the other's tile is worth a picture of 1280x720.
VIEWPORT = {"width": 1700, "height": 950}

# Every picture shown with its time and width, and when a track was published, on a clock that all pages share.
WATCH = """(() => {
  const now = () => performance.timeOrigin + performance.now();
  window.shown = [];
  const known = new WeakSet();
  setInterval(() => {
    for (const video of document.querySelectorAll('video')) {
      if (known.has(video)) continue;
      known.add(video);
      const note = () => {
        window.shown.push([now(), video.videoWidth]);
        video.requestVideoFrameCallback(note);
      };
      video.requestVideoFrameCallback(note);
    }
  }, 10);
  const send = WebSocket.prototype.send;
  WebSocket.prototype.send = function (data) {
    if (typeof data === 'string' && data.includes('"type":"publish"')) window.published = now();
    return send.call(this, data);
  };
})()"""

# Makes every view that wide.
SHRINK = """(width) => {
  for (const video of document.querySelectorAll('video')) {
    video.style.cssText = `width: ${width}px; height: ${(width * 9) / 16}px; flex: none`;
  }
}"""

# How long the encoder worked and what was sent, of each size that is sent.
ENCODED = """async () => {
  const sizes = {};
  for (const connection of window.testConnections) {
    for (const entry of (await connection.getStats()).values()) {
      if (entry.type !== 'outbound-rtp' || entry.kind !== 'video' || !entry.framesEncoded) continue;
      const { frameWidth: width, framesEncoded: frames, totalEncodeTime: seconds, bytesSent: bytes } = entry;
      sizes[entry.rid ?? ''] = { width, frames, seconds, bytes };
    }
  }
  return sizes;
}"""


def processor_seconds(browser):
    """What a browser's processes have used so far."""
    session = browser.new_browser_cdp_session()
    return sum(one["cpuTime"] for one in session.send("SystemInfo.getProcessInfo")["processInfo"])


def widths(pictures, since):
    """The first picture and each that has another width than the one before: [(milliseconds, width)]."""
    changes = []
    for at, width in pictures:
        if at >= since and width and (not changes or changes[-1][1] != width):
            changes.append((round(at - since), width))
    return changes


def run(playwright, way, options, seconds, view=0):
    """What one way to send shows a viewer, and what it costs."""
    with contextlib.ExitStack() as stack:
        server = Server().start()
        stack.callback(server.stop)
        network = ImpairedNetwork(server.udp_port, *options).start()
        stack.callback(network.stop)
        sending, watching = launch(playwright), launch(playwright)
        stack.callback(sending.close)
        stack.callback(watching.close)

        def enter(browser, name, port=None, **parameters):
            one = Participant(browser, port, viewport=VIEWPORT)
            one.page.add_init_script(WATCH)
            one.open(address(server, "publisher", name, microphone=0, **parameters))
            wait_connected(one)
            return one

        viewer = enter(watching, "Bob", camera=0)
        publisher = enter(sending, "Ada", network.port, width=1280, height=720, **way)
        wait_until(lambda: viewer.page.evaluate("() => window.shown.length"), "a picture is shown")
        time.sleep(4)
        if view:
            viewer.page.evaluate(SHRINK, view)
            # Publishers are told after three seconds.
            time.sleep(6)
        before, used, began = publisher.page.evaluate(ENCODED), processor_seconds(sending), time.monotonic()
        time.sleep(seconds)
        after, passed = publisher.page.evaluate(ENCODED), time.monotonic() - began
        used = processor_seconds(sending) - used
        sizes = []
        for rid, new in sorted(after.items(), key=lambda one: one[1]["width"]):
            old = before.get(rid, {"frames": 0, "seconds": 0, "bytes": 0})
            frames = max(1, new["frames"] - old["frames"])
            sizes.append(
                f"{rid or 'one'} {new['width']}: {frames / passed:.0f} frames/s, "
                f"{1000 * (new['seconds'] - old['seconds']) / frames:.1f} ms a frame, "
                f"{8 * (new['bytes'] - old['bytes']) / passed / 1000:.0f} kbit/s"
            )
        came = widths(viewer.page.evaluate("() => window.shown"), publisher.page.evaluate("() => window.published"))
        shown = ", ".join(f"{width} after {at} ms" for at, width in came[:6])
        return f"{shown}; {100 * used / passed:.0f} % of a core; {'; '.join(sizes)}"


def main(words):
    parser = argparse.ArgumentParser(prog="quality.publisher", description=__doc__)
    parser.add_argument("--only", default="", help="codecs, with commas between")
    parser.add_argument("--seconds", type=float, default=8, help="seconds that are measured (8)")
    parser.add_argument("--rounds", type=int, default=1, help="how often each way is measured (1)")
    parser.add_argument(
        "--network", default="", help="the publisher's, as options of martlet-impair ('--delay-ms 20 --loss 0.02')"
    )
    parser.add_argument("--view", type=int, default=0, help="pixels across of the viewer's view (the whole page)")
    arguments = parser.parse_args(words)
    codecs = [codec for codec in arguments.only.split(",") if codec]
    with sync_playwright() as playwright:
        for way in WAYS:
            if codecs and way["codec"] not in codecs:
                continue
            for _ in range(arguments.rounds):
                told = run(playwright, way, arguments.network.split(), arguments.seconds, arguments.view)
                print(" ".join(f"{name}={value}" for name, value in way.items()) + ": " + told, flush=True)
    load = " ".join(f"{one:.1f}" for one in os.getloadavg())
    print(f"load {load}, {os.cpu_count()} cores")


if __name__ == "__main__":
    main(sys.argv[1:])
