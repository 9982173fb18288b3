"""The rows of the table: what is wrong with which leg, and what a call must still be."""

import dataclasses

# One leg takes 20 ms there and back.
LEG = {"delay-ms": 10}

# Figures a row may be judged by: how each is called in the table, and its unit.
FIGURES = {
    "decoded": ("frames decoded", "%"),
    "fps": ("frames a second", ""),
    "gaps": ("gaps > 200 ms", "s"),
    "concealed": ("audio concealed", "%"),
    "latency": ("p95 latency", "ms"),
    "rate": ("received", "kbit/s"),
    "dropped": ("dropped by the queue", "%"),
    "offered": ("sent into the limit", "x"),
    "back": ("full size back", "s"),
    "away": ("picture gone", "ms"),
    "again": ("picture again", "ms"),
    "peak": ("peak rate", "kbit/s"),
    "burst": ("peak rate over the estimate of before", "x"),
    "median": ("first frame, median", "ms"),
    "worst": ("first frame, worst", "ms"),
    "full": ("full size, worst", "ms"),
}


@dataclasses.dataclass(frozen=True)
class Bar:
    """A bound of one figure."""

    figure: str
    bound: float
    is_least: bool = False

    def is_met(self, value):
        return value is not None and (value >= self.bound if self.is_least else value <= self.bound)

    def __str__(self):
        name, unit = FIGURES[self.figure]
        return f"{name} {'>=' if self.is_least else '<='} {self.bound:g}{' ' if unit else ''}{unit}"


def least(figure, bound):
    return Bar(figure, bound, True)


def most(figure, bound):
    return Bar(figure, bound)


@dataclasses.dataclass(frozen=True)
class Scenario:
    """One row."""

    name: str
    title: str
    # Settings of the impairment proxy on each leg.
    viewer: dict = dataclasses.field(default_factory=dict)
    publisher: dict = dataclasses.field(default_factory=dict)
    # What happens in it: see `call.py`.
    kind: str = "steady"
    # Whose leg it happens to.
    leg: str = "viewer"
    # The limit in kbit/s, where there is one.
    limit: int = 0
    simulcast: bool = False
    bars: tuple = ()

    @property
    def direct(self):
        """The settings of one link that is as bad as both legs together."""
        settings = {**self.publisher, **self.viewer}
        losses = [leg.get("loss", 0) for leg in (self.viewer, self.publisher)]
        kept = 1.0
        for loss in losses:
            kept *= 1 - loss
        if kept < 1:
            settings["loss"] = round(1 - kept, 4)
        delays = [{**LEG, **leg}["delay-ms"] for leg in (self.viewer, self.publisher)]
        return {**settings, "delay-ms": sum(delays)}


STILL = most("gaps", 0)
LIMITED = (most("gaps", 0.5), most("latency", 300), most("concealed", 0.5), most("dropped", 1))


def limited(limit, simulcast):
    kind = "simulcast" if simulcast else "single layer"
    bars = (
        (least("fps", 24), *LIMITED, most("back", 10))
        if simulcast
        else (most("concealed", 1), most("offered", 1.1))
    )
    name = f"viewer-{limit}k{'' if simulcast else '-single'}"
    title = f"viewer limited to {limit} kbit/s, {kind}"
    return Scenario(name, title, kind="limited", limit=limit, simulcast=simulcast, bars=bars)


def lossy(name, title, viewer, publisher, decoded, gaps, concealed, *more):
    bars = [most("gaps", gaps), most("concealed", concealed), *more]
    if decoded:
        bars.insert(0, least("decoded", decoded))
    legs = [{"loss": loss} if loss else {} for loss in (viewer, publisher)]
    return Scenario(name, title, *legs, bars=tuple(bars))


SCENARIOS = [
    Scenario("clean", "clean", bars=(least("decoded", 99.5), STILL, most("latency", 75))),
    lossy("viewer-5", "5 % loss at the viewer", 0.05, 0, None, 0, 0.8),
    lossy("viewer-10", "10 % loss at the viewer", 0.1, 0, 99.5, 0.5, 1, least("rate", 1200)),
    lossy("viewer-20", "20 % loss at the viewer", 0.2, 0, 98, 2, 3),
    lossy("publisher-10", "10 % loss at the publisher", 0, 0.1, 99, 1, 1.5),
    lossy("both-10", "10 % loss at both", 0.1, 0.1, 95, 3, 4),
    Scenario(
        "burst", "bursts of 5 lost packets, 2 % in all, at the viewer",
        viewer={"burst-enter": 0.004, "burst-leave": 0.2}, bars=(STILL,),
    ),
    Scenario(
        "jitter", "100 ms and up to 30 ms more at the viewer",
        viewer={"delay-ms": 100, "jitter-ms": 30}, bars=(STILL,),
    ),
    Scenario(
        "reorder", "5 % overtaken within 20 ms at the viewer",
        viewer={"reorder": 0.05, "reorder-ms": 20}, bars=(STILL,),
    ),
    limited(500, True),
    limited(150, True),
    limited(500, False),
    limited(150, False),
    Scenario(
        "publisher-500k", "publisher limited to 500 kbit/s", kind="limited", leg="publisher",
        limit=500, bars=(least("fps", 24), *LIMITED),
    ),
    Scenario(
        "two-viewers", "two viewers, the other limited to 500 kbit/s", kind="other", limit=500,
        simulcast=True, bars=(least("decoded", 99.5), STILL, most("latency", 75)),
    ),
    Scenario(
        "blackout", "nothing for 5 s at the viewer", kind="blackout",
        bars=(most("again", 600), most("burst", 2)),
    ),
    Scenario(
        "blackout-publisher", "nothing for 5 s at the publisher", kind="blackout", leg="publisher",
        bars=(most("again", 600), most("burst", 2)),
    ),
    Scenario("rebind-viewer", "the viewer's address changes", kind="rebind", bars=(most("away", 500),)),
    Scenario(
        "rebind-publisher", "the publisher's address changes", kind="rebind", leg="publisher",
        bars=(most("away", 500),),
    ),
    Scenario(
        "join", "joins", kind="join", simulcast=True,
        bars=(most("median", 220), most("worst", 350), most("full", 2000)),
    ),
    Scenario(
        "join-10", "joins, 10 % loss at the viewer", viewer={"loss": 0.1}, kind="join", simulcast=True,
        bars=(most("median", 350), most("worst", 900)),
    ),
]


def chosen(names):
    """Rows by name, in their own order; all of them without names."""
    if not names:
        return SCENARIOS
    known = {scenario.name for scenario in SCENARIOS}
    unknown = [name for name in names if name not in known]
    if unknown:
        raise SystemExit(f"no such row: {', '.join(unknown)} (there are {', '.join(sorted(known))})")
    return [scenario for scenario in SCENARIOS if scenario.name in names]
