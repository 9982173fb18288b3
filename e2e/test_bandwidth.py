"""The server learns from real browsers what the paths to them carry."""

import time

import pytest

from harness.bare import BarePage
from harness.browser import frame_rate, live, wait_until
from harness.figures import remark
from harness.page import address, heard, seen, wait_connected

pytestmark = pytest.mark.alone


def test_browsers_feedback_and_probes_raise_the_estimate(server, participant):
    # One size each: what a path carries is probed for as far as it could be used.
    whole = {"width": 640, "height": 360, "simulcast": 0}
    first = participant(address(server, "bandwidth", "Ada", **whole))
    second = participant(address(server, "bandwidth", "Bob", **whole))
    for one in (first, second):
        wait_connected(one)
        seen(one, 1, 640, 360)
        heard(one, 1)
    metrics, elapsed = wait_until(
        lambda: (
            now
            if (now := server.metrics())["martlet_estimated_bits_per_second"] > 2_500_000
            else None
        ),
        "both paths are found to carry more than a megabit",
        20,
    )
    assert metrics["martlet_probes_total"] >= 2
    assert metrics["martlet_padding_packets_total"] >= 10
    remark(
        f"estimates of two loopback paths: {metrics['martlet_estimated_bits_per_second']:.0f} bit/s"
        f" after {elapsed:.1f} s, {metrics['martlet_probes_total']:.0f} probes"
    )
    # Padding disturbs nobody: both go on decoding.
    for one in (first, second):
        before = one.statistics()["video"]
        wait_until(
            lambda: live(one.statistics()["video"], "frames", before) or None, "video goes on", 10
        )
    assert not any("pacer_full" in name for name in server.metrics())


# What a viewer's path carries for a while, in kbit/s: less than the fake camera's picture takes.
LIMIT = 150


def pictures(one):
    return [stream for stream in one.statistics()["sent"] if stream["kind"] == "video"]


def target(one):
    """What a publisher's encoder aims at, in kbit/s."""
    return max(stream["target"] for stream in pictures(one)) / 1000


def narrowed_and_widened(publisher, viewer, network, name, least):
    """A picture of one size is made to fit the path of the only one who sees it, and is whole again when it may be."""
    wait_until(lambda: target(publisher) > 700 or None, "the publisher sends all it wants to", 25)
    network.set("down-rate-kbps", LIMIT)
    bounded, took = wait_until(
        lambda: (now if 40 < (now := target(publisher)) < LIMIT else None), "the encoder is bounded", 10
    )
    remark(f"{name}: the encoder aims at {bounded:.0f} kbit/s {took:.1f} s after a limit of {LIMIT}")

    # The camera has 20 frames a second.
    def smooth():
        [before] = viewer.statistics()["video"]
        time.sleep(2)
        [after] = viewer.statistics()["video"]
        rate = (after["bytes"] - before["bytes"]) * 8 / (after["at"] - before["at"])
        return frame_rate(before, after) > least and rate < LIMIT

    wait_until(smooth, f"{least} frames a second within the limit", 20)
    viewer.screenshot(f"bounded-{name}")
    network.set("down-rate-kbps", 0)
    _, took = wait_until(lambda: target(publisher) > 700 or None, "the bound has gone", 25)
    remark(f"{name}: {took:.1f} s after the limit has gone so has the bound")


def test_a_publisher_is_told_what_its_viewer_can_use(server, participant, impaired):
    network = impaired(server, "--delay-ms", "10")
    whole = {"width": 640, "height": 360, "simulcast": 0, "microphone": 0}
    publisher = participant(address(server, "bounds", "Ada", **whole))
    viewer = participant(
        address(server, "bounds", "Bob", microphone=0, camera=0), proxy_port=network.port
    )
    seen(viewer, 1, 640, 360)
    narrowed_and_widened(publisher, viewer, network, "signalled", 16)


def test_a_publisher_by_whip_is_bounded_by_remb(server, browser, impaired):
    network = impaired(server, "--delay-ms", "10")
    publisher, viewer = BarePage(browser, server), BarePage(browser, server, network.port)
    try:
        assert publisher.publish("camera", "/whip/remb", width=640, height=360, hint="")["status"] == 201
        assert viewer.play("show", "/whep/remb")["status"] == 201
        viewer.wait_for_call("show", size=(640, 360))
        narrowed_and_widened(publisher.participant, viewer.participant, network, "remb", 5)
    finally:
        publisher.close()
        viewer.close()
