"""The tool that measures quality measures: a short look at a clean call, and at what its figures say of a bad one."""

import types

import pytest

from quality import table
from quality.measure import run
from quality.scenarios import SCENARIOS, Scenario, chosen, most

pytestmark = pytest.mark.alone

SHORT = types.SimpleNamespace(settle=1.5, window=3, joins=1)


def readable(browser, scenario, least, **options):
    """The figures of a run in which pictures could be read: a browser that had to wait for a processor as it began
    takes its path for a narrow one, and sends less than can be read, for longer than a short run takes."""
    for _ in range(3):
        figures = run(browser, scenario, 1, SHORT, **options)
        if figures["read"] > least:
            break
    assert figures["read"] > least, figures
    return figures


def test_a_short_clean_call_has_sound_figures(browser):
    [clean] = chosen(["clean"])
    figures = readable(browser, clean, 95)
    # Whatever else the machine does: pictures come with a time that can be read, and sound that is no silence.
    assert figures["fps"] > 5
    assert 20 < figures["latency"] < 3_000
    assert 300 < figures["rate"] < 2_500
    assert 0 <= figures["decoded"] <= 100 and 0 <= figures["concealed"] <= 100
    assert 0 <= figures["idle"] <= 100
    cells, _ = table.row(clean, table.medians([figures]))
    assert len(cells) == len(table.HEAD)


def test_a_call_from_browser_to_browser_is_measured_the_same_way(browser):
    [lossy] = chosen(["viewer-10"])
    assert lossy.direct == {"loss": 0.1, "delay-ms": 20}
    figures = readable(browser, lossy, 80, is_direct=True)
    assert figures["rate"] > 200
    assert figures["nacks"] > 0


def test_the_table_says_what_is_met():
    one = Scenario("one", "one", bars=(most("gaps", 0.5), most("latency", 300)))
    good, is_met = table.row(one, table.medians([{"gaps": 0.1, "latency": 90}, {"gaps": 0.3, "latency": 120}]))
    assert is_met and "met" in good
    bad, is_met = table.row(one, table.medians([{"gaps": 0.9, "latency": None}]))
    assert not is_met and "NOT MET" in bad[-1]
    assert len({len(line.split("|")) for line in table.lines([good, bad])}) == 1
    assert len({scenario.name for scenario in SCENARIOS}) == len(SCENARIOS)
