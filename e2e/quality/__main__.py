"""`python -m quality`: runs the rows and prints the table. `--help` lists what can be chosen."""

import argparse
import json
import os
import sys
import traceback

from playwright.sync_api import sync_playwright

from harness.browser import OUTPUT, launch
from quality.measure import run
from quality.scenarios import SCENARIOS, chosen
from quality.table import lines, medians, row


def parse(words):
    parser = argparse.ArgumentParser(prog="quality", description=__doc__)
    parser.add_argument("--only", default="", help="rows by name, with commas between")
    parser.add_argument("--seeds", type=int, default=5, help="seeds a row; its figures are medians (5)")
    parser.add_argument("--window", type=float, default=20, help="seconds that are measured (20)")
    parser.add_argument("--settle", type=float, default=5, help="seconds before them (5)")
    parser.add_argument("--joins", type=int, default=30, help="joins of a seed in the rows of joins (30)")
    parser.add_argument("--direct", action="store_true", help="from browser to browser as well")
    parser.add_argument("--strict", action="store_true", help="fail if a bound is not met")
    parser.add_argument("--list", action="store_true", help="name the rows and their bounds")
    return parser.parse_args(words)


def say(text):
    print(text, file=sys.stderr, flush=True)


def measure(browser, scenario, arguments, is_direct):
    """The figures of a row with every seed; seeds that crashed are told and left out."""
    runs, crashes = [], 0
    # Joins are many already; a second seed of them shows nothing new.
    seeds = 1 if scenario.kind == "join" else arguments.seeds
    for seed in range(1, seeds + 1):
        try:
            figures = run(browser, scenario, seed, arguments, is_direct)
        except Exception:
            crashes += 1
            say(traceback.format_exc())
            continue
        runs.append(figures)
        told = {name: round(value, 2) for name, value in figures.items() if value is not None}
        say(f"{scenario.name} {'direct' if is_direct else 'server'} seed {seed}: {json.dumps(told)}")
    return runs, crashes


def main(words):
    arguments = parse(words)
    if arguments.list:
        for scenario in SCENARIOS:
            print(f"{scenario.name}: {scenario.title}: {'; '.join(map(str, scenario.bars))}")
        return 0
    names = [name for name in arguments.only.split(",") if name]
    rows, record, crashes, unmet = [], [], 0, 0
    with sync_playwright() as playwright:
        browser = launch(playwright)
        for scenario in chosen(names):
            for is_direct in (False, True):
                if is_direct and (not arguments.direct or scenario.kind in ("join", "other", "rebind")):
                    continue
                runs, crashed = measure(browser, scenario, arguments, is_direct)
                crashes += crashed
                if not runs:
                    continue
                what = "direct" if is_direct else "server"
                cells, is_met = row(scenario, medians(runs), what)
                unmet += not is_met
                rows.append(cells)
                record.append({"row": scenario.name, "over": what, "runs": runs})
        browser.close()
    OUTPUT.mkdir(exist_ok=True)
    (OUTPUT / "quality.json").write_text(json.dumps(record, indent=1))
    print("\n".join(lines(rows)))
    load = " ".join(f"{one:.1f}" for one in os.getloadavg())
    print(f"{unmet} rows not met, {crashes} runs crashed; load {load}, {os.cpu_count()} cores")
    return 1 if crashes or (arguments.strict and unmet) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
