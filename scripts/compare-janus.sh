#!/usr/bin/env bash
# Measures Martlet's forwarding beside Janus's on this machine: the same clients and loads, interleaved runs, one table.
#   scripts/compare-janus.sh [--rounds N] [--seconds N] [--cases LIST] [--servers LIST] [--json FILE [--merge]]
# Both servers must be built and installed: `make compare` does that first. Everything happens in a network namespace of
# its own, without a way out: Janus leaves loopback interfaces out, so a pair of virtual ones carries a loopback address.
set -euo pipefail

cd "$(dirname "$0")/.."
address=127.0.1.1

if [ "${1:-}" != --inside ]; then
    exec unshare --user --map-root-user --net "$0" --inside "$@"
fi
shift
ip link set lo up
ip link add media type veth peer name other
ip address add "$address/32" dev media
ip link set media up
ip link set other up
export SWIFT_BACKTRACE=enable=no PYTHONPATH=Benchmarks
exec python3 -m comparison --address "$address" --martlet .build/release/martlet \
    --benchmark .build/release/martlet-benchmark "$@"
