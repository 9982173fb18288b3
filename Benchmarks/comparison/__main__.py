"""Martlet's forwarding beside Janus's: the same clients, the same load, interleaved runs.

    scripts/compare-janus.sh [--rounds N] [--seconds N] [--cases LIST] [--servers LIST] [--json FILE]
    scripts/compare-janus.sh --ceiling [--servers LIST]

Run by scripts/compare-janus.sh, which makes the network namespace that everything happens in.
"""
# SPDX-License-Identifier: Apache-2.0

import argparse
import dataclasses
import json
import pathlib
import sys
import time

from . import machine
from .ceiling import Probe, ceiling, describe
from .floor import Floor
from .load import Load
from .report import JANUS, JANUS_ONE, MARTLET, SERVERS, Report, Run
from .servers import Janus, Martlet

CASES = {
    "1 x 50, bursts": (50, []),
    "1 x 100, bursts": (100, []),
    "1 x 50, spread": (50, ["--spread"]),
}
# The load under which the ceiling is looked for: bursts to so many receivers.
CEILING_RECEIVERS, CEILING_PACKETS = 100, 5
PROFILES = {"gcm128": "AEAD_AES_128_GCM", "cm": "AES128_CM_SHA1_80"}
# What everybody gets before it counts.
WARM_UP_SECONDS = 3
# How often a run is made before it counts although others used the machine meanwhile.
ATTEMPTS_MAX = 3


def server_of(name, options):
    """A server by the name it has in the report."""
    if name == MARTLET:
        return Martlet(options.martlet, *options.martlet_option)
    return Janus(options.address, 1 if name == JANUS_ONE else None)


def measure(name, case, receivers, arguments, options):
    """Starts a server and a load, and measures the one under the other."""
    server = server_of(name, options).start()
    # Janus binds its sockets to the interface of its address, so the load has to be there as well.
    arguments = ["--profile", options.profile, "--address", options.address, *arguments]
    load = Load(options.benchmark, 1, receivers, *arguments)
    signaling = None
    try:
        signaling = server.signaling()
        signaling.publish(load)
        load.publish()
        # What is there once is not counted for the receivers: a first one comes before the rest.
        signaling.subscribe(load)
        time.sleep(WARM_UP_SECONDS)
        before = machine.resident_bytes(server.process.pid)
        started = time.monotonic()
        for _ in range(receivers - 1):
            signaling.subscribe(load)
        joined = time.monotonic() - started
        time.sleep(WARM_UP_SECONDS)
        resident = machine.resident_bytes(server.process.pid) - before
        return window(name, case, receivers, options, server, load, resident, joined)
    finally:
        if signaling:
            signaling.close()
        load.stop()
        server.stop()


def window(name, case, receivers, options, server, load, resident, joined):
    """The seconds that count."""
    more = receivers - 1
    load.reset()
    start, busy, idle = time.monotonic(), *machine.busy_and_idle()
    cpu, loop, generator = server.cpu_seconds(), server.loop_seconds(), load.cpu_seconds()
    time.sleep(options.seconds)
    numbers = load.report()
    cpu = server.cpu_seconds() - cpu
    loop = loop and server.loop_seconds() - loop
    generator = load.cpu_seconds() - generator
    seconds = time.monotonic() - start
    busy, idle = (after - earlier for after, earlier in zip(machine.busy_and_idle(), (busy, idle)))
    return Run(
        server=name,
        case=case,
        seconds=seconds,
        sent=numbers["sent"],
        received=numbers["received"],
        lost=numbers["lost"],
        load_drops=numbers["kernel_drops"],
        cpu_seconds=cpu,
        loop_seconds=loop,
        load_seconds=generator,
        p50_ms=numbers["latency_p50_us"] / 1e3,
        p99_ms=numbers["latency_p99_us"] / 1e3,
        kilobytes=resident / more / 1e3,
        threads=machine.threads(server.process.pid),
        join_ms=joined / more * 1e3,
        idle_share=idle / (busy + idle),
        others_share=max(0, busy - cpu - generator) / (busy + idle),
    )


def undisturbed(run_once):
    """A run nothing speaks against; the last one if there is none in ATTEMPTS_MAX."""
    for _ in range(ATTEMPTS_MAX):
        run = run_once()
        if not run.problems():
            break
        print(f"disturbed: {run.case}, {run.server}: {'; '.join(run.problems())}", flush=True)
    return run


def probe(name, rate, options):
    """Whether a server forwards so many packets a second, one core being its own and one the load's."""
    frames = rate // (CEILING_RECEIVERS * CEILING_PACKETS)
    run = measure(
        name,
        f"{rate:,} packets/s",
        CEILING_RECEIVERS,
        ["--frames", str(frames), "--packets", str(CEILING_PACKETS), "--no-audio"],
        options,
    )
    found = Probe(rate=frames * CEILING_RECEIVERS * CEILING_PACKETS, receivers=CEILING_RECEIVERS, run=run)
    print(f"{name}: {found.text()}", flush=True)
    return found


def chosen(text, names):
    """Which of the names are meant by a list of parts of them, separated by `;`."""
    parts = [part.strip() for part in text.split(";")]
    found = [name for name in names if any(part == name or part in name for part in parts)]
    exact = [name for name in names if name in parts]
    if not found:
        raise SystemExit(f"none of {', '.join(names)} is called {text}")
    return exact or found


def main():
    """Measures what the command line says and prints the report."""
    parser = argparse.ArgumentParser(prog="scripts/compare-janus.sh")
    parser.add_argument("--martlet", required=True, help=argparse.SUPPRESS)
    parser.add_argument("--benchmark", required=True, help=argparse.SUPPRESS)
    parser.add_argument("--address", default="127.0.1.1", help=argparse.SUPPRESS)
    parser.add_argument("--rounds", type=int, default=3, help="runs of each server under each load")
    parser.add_argument("--seconds", type=float, default=10, help="how long each run counts")
    parser.add_argument("--cases", default=";".join(CASES), help="loads, separated by ';'")
    parser.add_argument("--servers", default=";".join(SERVERS), help="servers, separated by ';'")
    parser.add_argument("--profile", choices=PROFILES, default="gcm128", help="SRTP profile")
    parser.add_argument("--martlet-option", action="append", default=[], help="of `martlet serve`")
    parser.add_argument("--json", type=pathlib.Path, help="a file to keep all runs in")
    parser.add_argument("--merge", action="store_true", help="report on what the file holds as well")
    parser.add_argument(
        "--ceiling", action="store_true", help="look for the most packets a second without loss instead"
    )
    options = parser.parse_args()
    runs = []
    if options.merge and options.json and options.json.exists():
        runs = [Run(**run) for run in json.loads(options.json.read_text())]
    print(f"machine: {machine.description()}")
    print(f"SRTP: {PROFILES[options.profile]}, the only profile the load offers")
    if options.ceiling:
        for name in chosen(options.servers, SERVERS):
            print(describe(name, ceiling(lambda rate: probe(name, rate, options))), flush=True)
        return
    floor, floors = Floor(), {}
    for round_number in range(options.rounds):
        for case in chosen(options.cases, CASES):
            if "--spread" in CASES[case][1]:
                us = floor.us(options.address, CASES[case][0], options.seconds)
                floors.setdefault(case, []).append(us)
                print(f"round {round_number + 1}: {case}, sending alone: {us:.2f} us a packet", flush=True)
            for name in chosen(options.servers, SERVERS):
                run = undisturbed(lambda: measure(name, case, *CASES[case], options))
                runs.append(run)
                print(
                    f"round {round_number + 1}: {case}, {name}: {run.us:.2f} us a packet, "
                    f"{run.lost} lost, p99 {run.p99_ms:.2f} ms, idle {run.idle_share:.0%}",
                    flush=True,
                )
                if options.json:
                    options.json.write_text(json.dumps([dataclasses.asdict(one) for one in runs]))
    floor.close()
    report = Report(runs, floors)
    print("\n" + report.text())
    sys.exit(1 if report.problems() else 0)


if __name__ == "__main__":
    main()
