"""Runs the end-to-end tests: those that bear it two at a time, and what fails once more by itself.

    python run.py                 all of them
    python run.py -k name …       as pytest does, one after the other

A test waits most of its time, so two can share the machine, but for those marked `alone`, which look at how steady
pictures and sound are. Whatever is done, a browser that gets no processor for a second is late, and not because of the
server. So a test fails the run if it fails twice, the second time by itself; what needed that is said.
"""

import json
import pathlib
import subprocess
import sys

import pytest

# More failures than these are no matter of a busy machine.
AGAIN_MAX = 12
PASSES = (["--cache-clear", "-m", "not alone", "-n", "2", "--dist", "loadfile"], ["-m", "alone"])
# Where pytest keeps what failed, for `--last-failed`; pytest.ini names the folder.
FAILED = pathlib.Path(__file__).parent / "output/cache/v/cache/lastfailed"


def run(*arguments):
    """pytest's exit code."""
    return subprocess.run([sys.executable, "-m", "pytest", *arguments]).returncode


def main(arguments):
    if arguments:
        return run(*arguments)
    results = [run(*options) for options in PASSES]
    for result in results:
        if result not in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED):
            return result
    if not any(results):
        return 0
    names = list(json.loads(FAILED.read_text()))
    if len(names) > AGAIN_MAX:
        print(f"{len(names)} tests failed, which is no matter of a busy machine")
        return 1
    print(f"\n{len(names)} failed and are tried once more, by themselves:", flush=True)
    for name in names:
        print(f"  {name}", flush=True)
    return run("--last-failed", "--last-failed-no-failures", "none")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
