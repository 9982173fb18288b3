#!/usr/bin/env python3
# Compiles with optimization what no other step does: the modules of `martlet` and `martlet-media` above the sans-IO floors.
#   scripts/compile-optimized.py [MODULE ...]       (after `swift build --build-tests`)
# A release build of both compiles NIO and Hummingbird anew as well, for minutes; here their debug modules are read.
# SPDX-License-Identifier: Apache-2.0
import concurrent.futures
import json
import os
import pathlib
import re
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
# scripts/simulate.sh links the floors below, and scripts/fuzz.sh compiles MediaCodecs and MediaFiles. The longest first.
MODULES = ["Martlet", "SignalServer", "MartletMediaCLI", "MartletCLI", "ClientIO", "LoadGenerator", "MediaIO"]
# What belongs to a build for debugging, with how many words follow.
LEFT_OUT = {
    "-emit-dependencies": 0, "-emit-module": 0, "-emit-module-path": 1, "-output-file-map": 1, "-incremental": 0,
    "-enable-batch-mode": 0, "-serialize-diagnostics": 0, "-index-store-path": 1, "-Onone": 0, "-enable-testing": 0,
    "-DDEBUG": 0, "-parseable-output": 0, "-emit-objc-header": 0, "-emit-objc-header-path": 1,
}


def arguments(module, plan):
    """How the package compiles a module, with optimization."""
    found = re.search(rf'^  "C\.{module}-.*?^    args: (\[.*?\])$', plan, re.MULTILINE | re.DOTALL)
    if not found:
        sys.exit(f"{module} is not in .build/debug.yaml: run `swift build --build-tests`")
    kept, skipped = [], 0
    for word in json.loads(found[1]):
        if skipped:
            skipped -= 1
        elif word in LEFT_OUT:
            skipped = LEFT_OUT[word]
        elif not re.fullmatch(r"-j\d+", word):
            kept.append(word)
    folder = ROOT / ".build" / "optimized"
    folder.mkdir(exist_ok=True)
    return kept + ["-O", "-whole-module-optimization", "-o", str(folder / f"{module}.o")]


def compile_module(module, plan):
    """Compiles a module; gives how long it took and, if that failed, what was said."""
    started = time.monotonic()
    run = subprocess.run(arguments(module, plan), cwd=ROOT, capture_output=True, text=True)
    return time.monotonic() - started, None if run.returncode == 0 else run.stdout + run.stderr


def main():
    plan = (ROOT / ".build" / "debug.yaml").read_text()
    modules = sys.argv[1:] or MODULES
    failed = 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for module, (seconds, failure) in zip(modules, pool.map(lambda one: compile_module(one, plan), modules)):
            print(f"{module}: {'compiled' if failure is None else 'FAILED'} with optimization in {seconds:.1f} s")
            if failure is not None:
                print(failure)
                failed = 1
    return failed


if __name__ == "__main__":
    sys.exit(main())
