"""Layers within one stream (SVC): of what a browser sends in one stream, each viewer gets the size it asks for."""

import pytest

from harness.browser import wait_until
from harness.figures import remark
from harness.page import address, seen, wait_connected
from harness.sizes import DECODER, WATCH, walk, width

pytestmark = pytest.mark.alone

# The codec, the layers, and the sizes that the browser makes of the camera's.
STREAMS = [
    ("vp9", "L3T3_KEY", (240, 480, 960), 540),
    ("vp9", "L3T3", (240, 480, 960), 540),
    # Of this size the browser makes two layers.
    ("av1", "L3T3_KEY", (320, 320, 640), 360),
]

SENT = """async () => {
  for (const connection of window.testConnections) {
    for (const entry of (await connection.getStats()).values()) {
      if (entry.type !== 'outbound-rtp' || entry.kind !== 'video' || !entry.framesEncoded) continue;
      return {mode: entry.scalabilityMode, width: entry.frameWidth, plis: entry.pliCount};
    }
  }
}"""

CODEC = """async () => {
  for (const connection of window.testConnections) {
    const statistics = await connection.getStats();
    for (const entry of statistics.values()) {
      if (entry.type === 'inbound-rtp' && entry.framesDecoded) {
        return statistics.get(entry.codecId)?.mimeType;
      }
    }
  }
}"""


def viewer(server, participant, room, name, pixels):
    one = participant(address(server, room, name, microphone=0, camera=0))
    seen(one, 1)
    one.page.evaluate(WATCH)
    wait_until(lambda: width(one) == pixels, "the largest picture is there", 25)
    return one


@pytest.mark.parametrize("codec, mode, sizes, height", STREAMS)
def test_S02_a_viewer_turns_to_any_size_within_one_stream(
    server, participant, codec, mode, sizes, height
):
    room = f"{codec}-{mode}"
    small, middle, large = sizes
    ada = participant(
        address(
            server, room, "Ada", microphone=0, codec=codec, svc=mode, width=large, height=height
        )
    )
    wait_connected(ada)
    bob = viewer(server, participant, room, "Bob", large)
    cy = viewer(server, participant, room, "Cy", large)
    assert bob.page.evaluate(CODEC) == f"video/{codec.upper()}"
    layers = f"L{len(set(sizes))}"
    assert ada.page.evaluate(SENT)["mode"] == mode.replace("L3", layers)
    before, bystander = bob.page.evaluate(DECODER), cy.page.evaluate(DECODER)
    medium = middle if len(set(sizes)) == 3 else large
    steps = [("low", small), ("high", large), ("medium", medium), ("high", large)]
    told = walk(bob, steps, took=2000, gap=500)
    after = bob.page.evaluate(DECODER)
    remark(f"{codec} {mode}: ms until the size is there / longest gap: {told}; {after}")
    assert after["freezes"] - before["freezes"] <= 1
    assert after["plis"] + after["firs"] - before["plis"] - before["firs"] <= 1
    # Who has chosen nothing keeps the largest.
    assert width(cy) == large
    assert cy.page.evaluate(DECODER)["freezes"] - bystander["freezes"] <= 1


GAP = """(since) => {
  const times = window.testFrames.map(([at]) => at).filter((at) => at >= since);
  return Math.max(...times.slice(1).map((at, place) => at - times[place]));
}"""


def test_S01_S02_the_size_of_the_view_decides_within_one_stream(server, participant):
    ada = participant(
        address(server, "view", "Ada", microphone=0, svc=1, width=960, height=540)
    )
    wait_connected(ada)
    bob = viewer(server, participant, "view", "Bob", 960)
    # Without a word on the codec it is VP9.
    assert bob.page.evaluate(CODEC) == "video/VP9"
    set_style = """(style) => { window.testVideo.style.cssText = style; }"""
    started = bob.page.evaluate("() => performance.now()")
    bob.page.evaluate(set_style, "width: 120px; height: 68px; flex: none")
    wait_until(lambda: width(bob) == 240, "the smallest picture fills the view", 5)
    # What nobody wants is not encoded.
    alone, less = wait_until(
        lambda: (sent := ada.page.evaluate(SENT))["width"] == 240 and sent,
        "the smallest picture alone is sent",
        8,
    )
    assert alone["mode"] == "L1T3"
    bob.page.evaluate(set_style, "width: 960px; height: 540px")
    _, more = wait_until(lambda: width(bob) == 960, "the largest picture is back", 5)
    # What the change brings shows in the second after it.
    bob.page.wait_for_timeout(1000)
    gap = bob.page.evaluate(GAP, started)
    remark(f"one size is sent after {less:.1f} s, all after {more:.1f} s; longest gap {gap:.0f} ms")
    assert gap < 500
    assert ada.page.evaluate(SENT)["mode"] == "L3T3_KEY"
