"""The most packets a second that a server forwards without loss."""
# SPDX-License-Identifier: Apache-2.0

import dataclasses

from .report import Run

# Packets a second: where to begin, where to end, and how close to come.
RATE_MIN, RATE_MAX, RATE_STEP = 25_000, 500_000, 12_500
# What was sent and received may differ from what was meant by so much: clocks and the ends of the window.
TOLERANCE = 0.01


@dataclasses.dataclass
class Probe:
    """One run at a rate."""

    # Packets a second to all receivers together.
    rate: int
    receivers: int
    run: Run

    @property
    def is_clean(self):
        """Whether everything that should have been sent was, and arrived."""
        wanted = self.rate * self.run.seconds
        return (
            self.run.lost == 0
            and self.run.load_drops == 0
            and self.run.sent * self.receivers >= wanted * (1 - TOLERANCE)
            and self.run.received >= wanted * (1 - TOLERANCE)
        )

    def text(self):
        """What it was like, in a line."""
        run = self.run
        return (
            f"{self.rate:,} packets/s: {'clean' if self.is_clean else 'not clean'}, "
            f"{run.received / run.seconds:,.0f} received, {run.lost:,} lost, {run.us:.2f} us a packet, "
            f"server {run.cpu_seconds / run.seconds:.0%} of a core, load {run.load_share:.0%}, "
            f"p99 {run.p99_ms:.2f} ms, idle {run.idle_share:.0%}"
            + "".join(f" ({problem})" for problem in run.problems())
        )


def ceiling(probe):
    """The last clean probe below the first that was not: by halves, to RATE_STEP; None if none was clean."""
    low, high = probe(RATE_MIN), None
    if not low.is_clean:
        return None
    # By doubling first: most of the scale is far from the answer.
    while high is None and low.rate < RATE_MAX:
        found = probe(min(2 * low.rate, RATE_MAX))
        if found.is_clean:
            low = found
        else:
            high = found
    while high is not None and high.rate - low.rate > RATE_STEP:
        middle = (low.rate + high.rate) // 2 // RATE_STEP * RATE_STEP
        if middle in (low.rate, high.rate):
            break
        found = probe(middle)
        if found.is_clean:
            low = found
        else:
            high = found
    return low


def describe(name, found):
    """A line about a server's ceiling."""
    if found is None:
        return f"{name}: less than {RATE_MIN:,} packets/s without loss"
    more = " or more" if found.rate >= RATE_MAX else ""
    return f"{name}: {found.rate:,} packets/s{more} without loss"
