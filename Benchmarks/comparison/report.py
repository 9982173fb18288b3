"""What was measured, put beside each other: medians of interleaved runs, ratios, and the bars they are held to."""
# SPDX-License-Identifier: Apache-2.0

import dataclasses
import statistics

MARTLET, JANUS, JANUS_ONE = "Martlet", "Janus", "Janus, event_loops=1"
SERVERS = (MARTLET, JANUS, JANUS_ONE)
# CPU per forwarded packet may be at most so much of theirs.
RATIOS_MAX = {JANUS: 1 / 5, JANUS_ONE: 2 / 5}
# Memory of one receiver, and latency with 50 of them.
KILOBYTES_MAX, P99_MILLISECONDS_MAX = 100, 2
# A load that needs more of its core than this measures itself.
LOAD_SHARE_MAX = 0.9
# More of the machine than this used by others makes times worthless.
OTHERS_SHARE_MAX = 0.05


@dataclasses.dataclass
class Run:
    """One server under one load for some seconds."""

    server: str
    case: str
    seconds: float
    # By the publishers, and by all receivers together.
    sent: int
    received: int
    lost: int
    # Datagrams the kernel dropped at the load's sockets: the load's own fault.
    load_drops: int
    cpu_seconds: float
    # Of the forwarding thread alone; None where there is no such thread.
    loop_seconds: float | None
    # Of the load's process.
    load_seconds: float
    p50_ms: float
    p99_ms: float
    # Resident memory for each receiver after the first.
    kilobytes: float
    threads: int
    # How long one receiver took to join.
    join_ms: float
    # Of all cores: idle, and used by neither server nor load.
    idle_share: float
    others_share: float

    @property
    def us(self):
        """CPU of the whole process for each packet a receiver got, in microseconds."""
        return self.cpu_seconds / self.received * 1e6 if self.received else float("inf")

    @property
    def loop_us(self):
        """The same of the forwarding thread alone."""
        if self.loop_seconds is None or not self.received:
            return None
        return self.loop_seconds / self.received * 1e6

    @property
    def load_share(self):
        """The share of one core that the load used."""
        return self.load_seconds / self.seconds

    def problems(self):
        """Why the figures of this run are not to be trusted."""
        found = []
        if self.load_share > LOAD_SHARE_MAX:
            found.append(f"the load used {self.load_share:.0%} of a core")
        if self.load_drops:
            found.append(f"the load's sockets dropped {self.load_drops} datagrams")
        if self.others_share > OTHERS_SHARE_MAX:
            found.append(f"others used {self.others_share:.0%} of the machine")
        if not self.received:
            found.append("nothing was received")
        return found


def median(runs, value):
    """The median of a figure over runs; None where there is none."""
    found = [figure for figure in map(value, runs) if figure is not None]
    return statistics.median(found) if found else None


class Report:
    """All runs of a sitting."""

    def __init__(self, runs, floors=None):
        self.runs = runs
        # What sending alone took under a load, in microseconds, where that was measured.
        self.floors = floors or {}
        self.cases = list(dict.fromkeys(run.case for run in runs))

    def of(self, case, server):
        """The runs of one server under one load."""
        return [run for run in self.runs if (run.case, run.server) == (case, server)]

    def us(self, case, server):
        """The median CPU for a packet; None if it was not measured."""
        return median(self.of(case, server), lambda run: run.us)

    def ratio(self, case, server):
        """Martlet's CPU for a packet as a share of another server's; None if one was not measured."""
        ours, theirs = self.us(case, MARTLET), self.us(case, server)
        return ours / theirs if ours is not None and theirs else None

    def floor(self, case):
        """The median of what sending alone took; None if it was not measured."""
        return median(self.floors.get(case, []), float)

    def verdict(self, case):
        """Whether Martlet's CPU for a packet meets its bars; those below what sending alone takes are named."""
        missed = [
            server
            for server, most in RATIOS_MAX.items()
            if (ratio := self.ratio(case, server)) is None or ratio > most
        ]
        floor = self.floor(case)
        if not missed or floor is None:
            return verdict([not missed])
        asked = [self.us(case, server) and self.us(case, server) * RATIOS_MAX[server] for server in missed]
        below = all(bar is not None and bar < floor for bar in asked)
        return f"missed, {', '.join(text(bar, '{:.2f}') for bar in asked)} asked" + (
            ": less than sending alone takes" if below else ""
        )

    def table(self):
        """CPU for a packet: a row for each load, as Markdown."""
        head = ["CPU a forwarded packet, us", *SERVERS, "sending alone", "of Janus", "of event_loops=1", "bar"]
        rows = []
        for case in self.cases:
            ratios = {server: self.ratio(case, server) for server in RATIOS_MAX}
            rows.append(
                [
                    case,
                    *(text(self.us(case, server), "{:.2f}") for server in SERVERS),
                    text(self.floor(case), "{:.2f}"),
                    *(text(ratio, "{:.3f}") for ratio in ratios.values()),
                    self.verdict(case),
                ]
            )
        return markdown(head, rows)

    def details(self):
        """Everything else: a row for each load and server, as Markdown."""
        figures = {
            "us, lowest": ("{:.2f}", lambda run: run.us, min),
            "us, highest": ("{:.2f}", lambda run: run.us, max),
            "us, loop alone": ("{:.2f}", lambda run: run.loop_us, None),
            "packets/s": ("{:,.0f}", lambda run: run.received / run.seconds, None),
            "lost": ("{:,.0f}", lambda run: run.lost, sum),
            "p50, ms": ("{:.2f}", lambda run: run.p50_ms, None),
            "p99, ms": ("{:.2f}", lambda run: run.p99_ms, None),
            "KB a receiver": ("{:.0f}", lambda run: run.kilobytes, None),
            "threads": ("{:.0f}", lambda run: run.threads, None),
            "join, ms": ("{:.1f}", lambda run: run.join_ms, None),
            "load, of a core": ("{:.0%}", lambda run: run.load_share, None),
            "idle": ("{:.0%}", lambda run: run.idle_share, None),
            "others": ("{:.1%}", lambda run: run.others_share, None),
        }
        rows = []
        for case in self.cases:
            for server in SERVERS:
                runs = self.of(case, server)
                if not runs:
                    continue
                row = [case, server]
                for form, value, combine in figures.values():
                    figure = combine(map(value, runs)) if combine else median(runs, value)
                    row.append(text(figure, form))
                rows.append(row)
        return markdown(["load", "server", *figures], rows)

    def verdicts(self):
        """The other bars, each with what was measured: (bar, figure, whether it is met)."""
        ours = [run for run in self.runs if run.server == MARTLET]
        first = self.of(self.cases[0], MARTLET) if self.cases else []
        p99 = median(first, lambda run: run.p99_ms)
        kilobytes = max(
            (median(self.of(case, MARTLET), lambda run: run.kilobytes) or 0 for case in self.cases),
            default=None,
        )
        lost = sum(run.lost for run in ours)
        return [
            (
                f"p99 of forwarding at {self.cases[0] if self.cases else '?'} at most {P99_MILLISECONDS_MAX} ms",
                text(p99, "{:.2f} ms"),
                p99 is not None and p99 <= P99_MILLISECONDS_MAX,
            ),
            (
                f"memory of a receiver at most {KILOBYTES_MAX} KB",
                text(kilobytes, "{:.0f} KB"),
                bool(ours) and kilobytes <= KILOBYTES_MAX,
            ),
            ("nothing lost", f"{lost} packets", bool(ours) and lost == 0),
        ]

    def problems(self):
        """What speaks against the figures, one line for each run it concerns."""
        return [
            f"{run.case}, {run.server}: {problem}" for run in self.runs for problem in run.problems()
        ]

    def text(self):
        """The whole report."""
        lines = [self.table(), "", self.details(), ""]
        lines += [f"{bar}: {figure}, {verdict([is_met])}" for bar, figure, is_met in self.verdicts()]
        problems = self.problems()
        if problems:
            lines += ["", "NOT VALID:", *(f"  {problem}" for problem in problems)]
        return "\n".join(lines)


def verdict(conditions):
    """What is said of a bar."""
    return "met" if all(conditions) else "missed"


def text(figure, form):
    """A figure, or a dash where there is none."""
    return "-" if figure is None else form.format(figure)


def markdown(head, rows):
    """A table with columns as wide as they need to be."""
    widths = [max(len(row[column]) for row in [head, *rows]) for column in range(len(head))]

    def line(cells):
        return "| " + " | ".join(cell.ljust(width) for cell, width in zip(cells, widths)) + " |"

    return "\n".join([line(head), line(["-" * width for width in widths]), *map(line, rows)])
