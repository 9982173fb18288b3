"""Medians over seeds, and the table."""

import statistics

from quality.scenarios import FIGURES

COLUMNS = ["decoded", "gaps", "concealed", "latency", "rate"]


def medians(runs):
    """The median of each figure over the seeds that have it."""
    names = {name: None for run in runs for name in run}
    result = {}
    for name in names:
        values = [run[name] for run in runs if run.get(name) is not None]
        # What most seeds never reached was not reached.
        result[name] = statistics.median(values) if 2 * len(values) > len(runs) else None
    return result


def text(value, digits=1):
    return "-" if value is None else f"{value:.{digits}f}"


def counts(figures):
    """NACKs and PLIs: of the viewer, then of the server."""
    names = ("nacks", "plis", "askedNacks", "askedPlis")
    if names[0] not in figures:
        return "-"
    return "{}/{} {}/{}".format(*(text(figures[name], 0) for name in names))


def verdicts(scenario, figures, is_judged=True):
    """Each bound with what was reached, and whether all are met."""
    parts = []
    for bar in scenario.bars:
        value = figures.get(bar.figure)
        digits = 0 if FIGURES[bar.figure][1] in ("ms", "kbit/s") else 2
        if not is_judged:
            parts.append(f"{FIGURES[bar.figure][0]}: {text(value, digits)}")
            continue
        is_met = bar.is_met(value)
        parts.append(f"{bar}: {text(value, digits)}{'' if is_met else ' NOT MET'}")
    return parts, all(bar.is_met(figures.get(bar.figure)) for bar in scenario.bars)


def row(scenario, figures, what="server"):
    digits = {"decoded": 1, "gaps": 2, "concealed": 2, "latency": 0, "rate": 0}
    cells = [text(figures.get(name), digits[name]) for name in COLUMNS]
    # From browser to browser nothing is judged: it says what the browsers and the machine can do.
    is_judged = what == "server"
    parts, is_met = verdicts(scenario, figures, is_judged)
    verdict = ("met" if is_met else "NOT MET") if is_judged else ""
    idle = text(figures.get("idle"), 0)
    told = [scenario.name, what, *cells, counts(figures), idle, verdict, "; ".join(parts)]
    return told, is_met or not is_judged


HEAD = [
    "row", "over", "decoded %", "gaps s", "concealed %", "p95 ms", "kbit/s", "NACK/PLI viewer, server", "idle %",
    "bar", "bounds and what was reached",
]


def lines(rows):
    """The table as Markdown, which is aligned for eyes as well."""
    widths = [max(len(row[n]) for row in [HEAD, *rows]) for n in range(len(HEAD) - 1)]

    def line(cells):
        padded = [cell.ljust(width) for cell, width in zip(cells, widths)] + [cells[-1]]
        return "| " + " | ".join(padded) + " |"

    rule = "|" + "|".join("-" * (width + 2) for width in widths) + "|---|"
    return [line(HEAD), rule, *(line(row) for row in rows)]
