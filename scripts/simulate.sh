#!/usr/bin/env bash
# Runs whole systems in virtual time: many seeds once, and some of them in two processes whose logs must be the same.
#   scripts/simulate.sh [--count N] [--compare N]      (default: 1000 seeds, 20 of them compared)
# Fails if anything did not hold, names the seed, and says how to see it.
set -euo pipefail
cd "$(dirname "$0")/.."
export SWIFT_BACKTRACE=enable=no

count=1000
compare=20
while [ $# -gt 0 ]; do
    case "$1" in
        --count) count=$2; shift 2 ;;
        --compare) compare=$2; shift 2 ;;
        -h|--help) sed -n '2,4p' "$0"; exit 0 ;;
        *) echo "simulate.sh: there is no option $1" >&2; exit 64 ;;
    esac
done

# Without the HTTP server and its packages, in a folder of its own: a release build of floors 1 to 5 alone.
scratch=.build/simulation
log=$scratch/build.log
mkdir -p "$scratch"
MARTLET_SANS_IO_ONLY=1 swift build -c release --scratch-path "$scratch" --product martlet-simulate \
    > "$log" 2>&1 || { tail -40 "$log"; exit 1; }
simulate=$scratch/release/martlet-simulate
threads=$(nproc)

"$simulate" --from 1 --count "$count" --threads "$threads"

# Hashing is seeded anew in each process: whatever depended on it would show here.
"$simulate" --from 1 --count "$compare" --threads 1 --log > "$scratch/first.log"
"$simulate" --from 1 --count "$compare" --threads "$threads" --log > "$scratch/second.log"
if ! cmp "$scratch/first.log" "$scratch/second.log"; then
    diff "$scratch/first.log" "$scratch/second.log" | head -20
    echo "simulate: the same seeds told two stories"
    exit 1
fi
echo "simulate: $compare seeds told the same story in two processes, $(wc -l < "$scratch/first.log") lines byte for byte"

# What must be in no log: addresses, tokens, secret ids, keys.
if grep -nE '([0-9]{1,3}\.){3}[0-9]{1,3}|eyJ|SE_|a=fingerprint|ice-pwd|password' "$scratch/first.log" | head -5 | grep .; then
    echo "simulate: the log holds what no log may hold"
    exit 1
fi
