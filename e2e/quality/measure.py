"""What happens in a row, and the figures that come of it."""

import time

from quality.pages import direct_call, server_call

# A limit has so long to be found before it counts, and pictures so long to grow again.
SECONDS_TO_ADAPT = 3
SECONDS_TO_RETURN = 12
BLACKOUT_SECONDS = 5
GAP_MILLISECONDS = 200


class Idle:
    """How much of the machine was idle since it was made, in percent."""

    def __init__(self):
        self.before = self.read()

    @staticmethod
    def read():
        with open("/proc/stat") as file:
            times = [int(word) for word in file.readline().split()[1:9]]
        return times[3] + times[4], sum(times)

    def percent(self):
        idle, total = (after - before for after, before in zip(self.read(), self.before))
        return 100 * idle / max(1, total)


def moments_between(pictures, begin, end):
    """When pictures were shown between two moments, in milliseconds, with these."""
    return [begin, *(at for at, *_ in pictures if begin < at < end), end]


def longest_gap(pictures, begin, end):
    moments = moments_between(pictures, begin, end)
    return max(b - a for a, b in zip(moments, moments[1:]))


def percentile(values, share):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else None


def window(publisher, viewer, seconds):
    """The figures of so many seconds from now on."""
    before, sent_before = viewer.sample(), publisher.sample()
    time.sleep(seconds)
    after, sent_after = viewer.sample(), publisher.sample()
    pictures = viewer.call("pictures", before["shown"])

    def grown(name, new=after, old=before):
        return new[name] - old[name]

    moments = moments_between(pictures, before["at"], after["at"])
    gaps = [b - a for a, b in zip(moments, moments[1:])]
    latencies = [latency for _, latency, _ in pictures if latency is not None]
    encoded = grown("encoded", sent_after, sent_before)
    return {
        # The two pages are asked one after the other: a frame or two fall between.
        "decoded": min(100.0, 100 * grown("decoded") / max(1, encoded)),
        "fps": grown("decoded") / grown("at") * 1000,
        "gaps": sum(gap for gap in gaps if gap > GAP_MILLISECONDS) / 1000,
        "concealed": 100 * grown("concealed") / max(1, grown("samples")),
        "latency": percentile(latencies, 0.95),
        "rate": 8 * grown("bytes") / grown("at"),
        "sent": 8 * grown("sentBytes", sent_after, sent_before) / grown("at", sent_after, sent_before),
        "read": 100 * len(latencies) / max(1, len(pictures)),
        "nacks": grown("nacks"),
        "plis": grown("plis"),
        "askedNacks": grown("askedNacks", sent_after, sent_before),
        "askedPlis": grown("askedPlis", sent_after, sent_before),
    }


def through_limit(before, after, direction, limit, seconds):
    """What a bottleneck was sent and what it lost, from two reports."""
    old, new = before[direction], after[direction]
    received = new["received"] - old["received"]
    return {
        "dropped": 100 * (new["lostQueue"] - old["lostQueue"]) / max(1, received),
        "offered": 8 * (new["bytesReceived"] - old["bytesReceived"]) / seconds / 1000 / limit,
    }


def steady(scenario, call, seconds):
    publisher, viewers, *_ = call
    return window(publisher, viewers[0], seconds)


def limited(scenario, call, seconds):
    """A limit comes, stays and goes."""
    publisher, viewers, network, networks = call
    viewer = viewers[0]
    leg = networks[0] if scenario.leg == "viewer" else network
    direction = leg.direction
    leg.set(f"{direction}-rate-kbps", scenario.limit)
    time.sleep(SECONDS_TO_ADAPT)
    before, began = leg.report(), time.monotonic()
    figures = window(publisher, viewer, seconds)
    after = leg.report()
    figures |= through_limit(before, after, direction, scenario.limit, time.monotonic() - began)
    if not scenario.simulcast:
        return figures
    mark = viewer.sample()
    leg.set(f"{direction}-rate-kbps", 0)
    time.sleep(SECONDS_TO_RETURN)
    pictures = viewer.call("pictures", mark["shown"])
    # Back is what stays.
    small = [at for at, _, width in pictures if width < 640]
    large = [at for at, _, width in pictures if width >= 640 and at > max(small, default=0)]
    figures["back"] = (large[0] - mark["at"]) / 1000 if large else None
    return figures


def other(scenario, call, seconds):
    """The first viewer is limited, the second is measured."""
    publisher, viewers, _, networks = call
    networks[0].set("down-rate-kbps", scenario.limit)
    return window(publisher, viewers[1], seconds)


def blackout(scenario, call, seconds):
    """Nothing passes one leg for a while."""
    publisher, viewers, network, networks = call
    viewer = viewers[0]
    leg = networks[0] if scenario.leg == "viewer" else network
    mark = viewer.sample()
    # Nobody but viewers has an estimate; from browser to browser there is none.
    estimate = viewer.server.metrics()["martlet_estimated_bits_per_second"] / 1000 / len(viewers)
    leg.set("blackout-for-s", BLACKOUT_SECONDS)
    end = viewer.call("now") + 1000 * BLACKOUT_SECONDS
    time.sleep(BLACKOUT_SECONDS)
    networks[0].report()
    time.sleep(5)
    peak = networks[0].report()[networks[0].direction]["peakKilobits"]
    pictures = viewer.call("pictures", mark["shown"])
    # What was on its way may still be shown; nothing that is shown later is old.
    again = [at - end for at, *_ in pictures if at > end]
    return {
        "again": again[0] if again else None,
        "peak": peak,
        "estimate": estimate,
        "burst": peak / estimate if estimate else None,
    }


def rebind(scenario, call, seconds):
    """A leg gets another address."""
    publisher, viewers, network, networks = call
    viewer = viewers[0]
    leg = networks[0] if scenario.leg == "viewer" else network
    mark = viewer.sample()
    leg.set("rebind")
    time.sleep(6)
    pictures = viewer.call("pictures", mark["shown"])
    return {"away": longest_gap(pictures, mark["at"], viewer.call("now"))}


KINDS = {"steady": steady, "limited": limited, "other": other, "blackout": blackout, "rebind": rebind}


def joins(browser, scenario, seed, count):
    """The times from the request to join to the first frame, and when what happened in between."""
    with server_call(browser, scenario, seed) as (_, viewers, *_):
        viewer = viewers[0]
        time.sleep(2)
        idle = Idle()
        steps = []
        for number in range(count):
            steps.append(viewer.call("measureJoin", viewer.join(f"viewer{number}")))
            # The room hears of a departure before the next comes.
            time.sleep(0.3)
        times = [one["shown"] - one["joinSent"] for one in steps]
        full = [one["full"] - one["joinSent"] for one in steps if "full" in one]
        figures = {
            "median": percentile(times, 0.5), "worst": max(times),
            "full": max(full) if len(full) == count else None, "idle": idle.percent(),
        }
        names = {name for one in steps for name in one}
        for name in sorted(names, key=lambda name: steps[0].get(name, 0)):
            figures[f"step {name}"] = percentile([one[name] for one in steps if name in one], 0.5)
        return figures


def run(browser, scenario, seed, arguments, is_direct=False):
    """One row with one seed: its figures."""
    if scenario.kind == "join":
        return joins(browser, scenario, seed, arguments.joins)
    viewers = 2 if scenario.kind == "other" else 1
    make = direct_call(browser, scenario, seed) if is_direct else server_call(browser, scenario, seed, viewers)
    with make as call:
        time.sleep(arguments.settle)
        idle = Idle()
        figures = KINDS[scenario.kind](scenario, call, arguments.window)
        return figures | {"idle": idle.percent()}
