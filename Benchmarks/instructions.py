#!/usr/bin/env python3
"""Counts what forwarding one packet and letting one client join costs, in instructions, allocations and reference counts.

SPDX-License-Identifier: Apache-2.0

    Benchmarks/instructions.py BINARY [--update] [--keep DIRECTORY] [CASE ...]

Runs martlet-instructions under callgrind for each case of thresholds.json and fails where a count is above its
threshold. Instructions inside the cipher are left out of the count that is compared: which code the library runs there
depends on the processor; of joins that is all of OpenSSL. --update writes the counts of this run, and room beside them, as the new thresholds.
"""

import argparse
import collections
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
THRESHOLDS = HERE / "thresholds.json"
# Instructions may grow by so much before it is a failure: compilers differ in small ways.
ROOM = 1.05
ALLOCATORS = re.compile(r"^(malloc|calloc|realloc|aligned_alloc|posix_memalign|memalign)(@.*)?$")
RETAINS = re.compile(r"^swift_(bridgeObject|nonatomic_|unknownObject)?[rR]etain(_n)?$")
RELEASES = re.compile(r"^swift_(bridgeObject|nonatomic_|unknownObject)?[rR]elease(_n)?$")
ACCESSES = re.compile(r"^swift_(beginAccess|endAccess)$")
OPENSSL = re.compile(r"/lib(crypto|ssl)\.so")
CIPHERS = re.compile(r"^martlet_(gcm_key_(seal|open)|ctr_key_apply|hmac_sha1_key_code)$")


def parse(path):
    """Calls by callee, inclusive cost by callee, own cost by function and by library, and the sum, of a callgrind file."""
    names, objects = {}, {}
    libraries, library = collections.Counter(), None
    calls, inclusive, own = collections.Counter(), collections.Counter(), collections.Counter()
    total, function, callee = 0, None, None

    def name(text):
        match = re.match(r"\((\d+)\)(?: (.*))?$", text)
        if not match:
            return text
        if match.group(2):
            # Recursive levels are told apart by a suffix that says nothing here.
            names[match.group(1)] = re.sub(r"'\d+$", "", match.group(2))
        return names[match.group(1)]

    for line in open(path):
        line = line.rstrip("\n")
        match = re.match(r"(c?)ob=\((\d+)\)(?: (.*))?$", line)
        if match:
            if match.group(3):
                objects[match.group(2)] = match.group(3)
            if not match.group(1):
                library = objects[match.group(2)]
            continue
        if line.startswith("fn="):
            function = name(line[3:])
        elif line.startswith("cfn="):
            callee = name(line[4:])
        elif line.startswith("calls="):
            calls[callee] += int(line[6:].split()[0])
        elif line[:1] in "0123456789+-*" and line:
            cost = int(line.split()[1])
            if callee is not None:
                inclusive[callee] += cost
                callee = None
            else:
                own[function] += cost
                libraries[library] += cost
                total += cost
    return calls, inclusive, own, libraries, total


def measure(binary, arguments, keep):
    """One run under callgrind: what was forwarded, and the counts for each forwarded packet or each join."""
    is_join = "--join" in arguments
    with tempfile.TemporaryDirectory() as directory:
        out = os.path.join(keep or directory, "callgrind.out")
        # Valgrind of Debian 12 cannot read the debug information of Swift's compiler; the symbols stay.
        stripped = os.path.join(directory, "stripped")
        subprocess.run(["strip", "--strip-debug", "-o", stripped, binary], check=True)
        # (Callgrind keeps one setting for each pattern: hence two spellings of one name.)
        window = ["--zero-before=*runCounted*", "--dump-after=*10runCounted*"]
        if is_join:
            # Many calls, and what clients do between them is not counted.
            window = ["--collect-atstart=no", "--toggle-collect=*joinCounted*"]
        command = [
            "valgrind", "--tool=callgrind", *window, f"--callgrind-out-file={out}", stripped, *arguments]
        run = subprocess.run(command, capture_output=True, text=True)
        if run.returncode != 0:
            sys.exit(f"{' '.join(command)} failed:\n{run.stdout}\n{run.stderr}")
        work = json.loads(run.stdout)
        # The first dump is that of the counted function; the second, at the end of the process, of the rest.
        calls, inclusive, own, libraries, total = parse(out if is_join else out + ".1")
        # What it takes by the clock of the thread, without callgrind.
        timed = json.loads(subprocess.run([binary, *arguments], capture_output=True, check=True).stdout) if is_join else {}
    packets = work["forwarded"]
    if is_join:
        cipher = sum(cost for name, cost in libraries.items() if OPENSSL.search(name))
    else:
        cipher = sum(cost for function, cost in inclusive.items() if CIPHERS.match(function))

    def each(pattern):
        return sum(count for function, count in calls.items() if pattern.match(function)) / packets

    counts = {
        "instructions": (total - cipher) / packets,
        "cipher_instructions": cipher / packets,
        "allocations": each(ALLOCATORS),
        "retains": each(RETAINS),
        "releases": each(RELEASES),
        "exclusivity_checks": each(ACCESSES),
        "transmissions": work["transmissions"] / packets,
    }
    if is_join:
        # Callgrind counts calls outside the window as well.
        counts = {
            "instructions": counts["instructions"],
            "openssl_instructions": counts["cipher_instructions"],
            "allocations": timed["allocations"] / packets,
            "cpu_microseconds": timed["microseconds"] / packets,
        }
    return work, counts, own


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("binary")
    parser.add_argument("cases", nargs="*", metavar="CASE")
    parser.add_argument("--update", action="store_true", help="write the counts as the new thresholds")
    parser.add_argument("--keep", help="leave callgrind.out in this directory, for callgrind_annotate")
    parser.add_argument("--top", type=int, default=0, help="list so many functions by their own instructions")
    options = parser.parse_args()
    cases = json.loads(THRESHOLDS.read_text())
    unknown = set(options.cases) - set(cases)
    if unknown:
        sys.exit(f"no such case: {', '.join(sorted(unknown))}")
    failures = []
    for name, case in cases.items():
        if options.cases and name not in options.cases:
            continue
        work, counts, own = measure(options.binary, case["arguments"].split(), options.keep)
        if "--join" in case["arguments"]:
            print(f"{name}: {work['forwarded']} joins")
        else:
            print(f"{name}: {work['forwarded']} packets forwarded, {work['received']} received, in {work['turns']} turns")
        if work["dropped"]:
            failures.append(f"{name}: {work['dropped']} packets were dropped")
        for key, count in counts.items():
            most = case["most"].get(key)
            print(f"  {key.replace('_', ' '):22}{count:10.3f}" + (f"   at most {most}" if most is not None else ""))
            if options.update and key in case["most"]:
                is_large = key == "instructions" or count > 10
                case["most"][key] = round(count * ROOM) if is_large else round(count + 0.02, 2)
            elif most is not None and count > most:
                failures.append(f"{name}: {count:.3f} {key} each, {most} allowed")
        for function, cost in own.most_common(options.top):
            print(f"  {cost / work['forwarded']:10.1f}  {function}")
    if options.update:
        THRESHOLDS.write_text(json.dumps(cases, indent=2) + "\n")
        return
    for failure in failures:
        print(failure, file=sys.stderr)
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
