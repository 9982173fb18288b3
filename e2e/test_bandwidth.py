"""The server learns from real browsers what the paths to them carry."""

import pytest

from harness.browser import live, wait_until
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
