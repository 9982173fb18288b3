#!/usr/bin/env bash
# Installs the Debian packages that are missing: those to build and run, and with `test` those of the tests too, with
# `benchmark` those that count instructions, with `compare` the server that Martlet is compared with.
#   scripts/install-dependencies.sh [run|test|benchmark|compare]
set -euo pipefail

packages=(libssl-dev libipsec-mb-dev zlib1g-dev node-typescript esbuild curl ca-certificates)
case "${1:-run}" in
    test)
        packages+=(chromium nodejs python3-venv python3-pip iproute2 nftables conntrack openssl nginx-light coturn)
        # Codecs and files of the native SDK, and what judges its files; the server is built without them.
        packages+=(libopus-dev libvpx-dev libavcodec-dev libavformat-dev libavutil-dev libswscale-dev libswresample-dev)
        packages+=(ffmpeg)
        ;;
    benchmark) packages+=(valgrind binutils python3) ;;
    compare) packages+=(janus iproute2 util-linux python3) ;;
esac
# Intel's library exists for one architecture only; elsewhere OpenSSL does its work.
[ "$(dpkg --print-architecture)" = amd64 ] || packages=("${packages[@]/libipsec-mb-dev/}")

missing=()
for package in "${packages[@]}"; do
    [ -n "$package" ] || continue
    dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'install ok installed' \
        || missing+=("$package")
done
if ! command -v swift > /dev/null; then
    echo "Swift 6.3 or later is needed: https://www.swift.org/install" >&2
    exit 1
fi
[ ${#missing[@]} -gt 0 ] || exit 0

sudo=
if [ "$(id -u)" != 0 ]; then
    command -v sudo > /dev/null || {
        echo "Missing packages: ${missing[*]}. Install them as root, or install sudo." >&2
        exit 1
    }
    sudo=sudo
fi
echo "installing ${missing[*]}"
export DEBIAN_FRONTEND=noninteractive
$sudo apt-get -o DPkg::Lock::Timeout=600 update -q

# Tests start nginx and coturn themselves: neither is to serve anybody on this machine because it was installed.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
    trap '$sudo rm -f "$policy"' EXIT
    printf '#!/bin/sh\nexit 101\n' | $sudo tee "$policy" > /dev/null
    $sudo chmod 755 "$policy"
fi
$sudo apt-get -o DPkg::Lock::Timeout=600 install -y -q --no-install-recommends "${missing[@]}"
for service in nginx coturn janus; do
    case " ${missing[*]} " in
        *" $service "* | *" $service-light "*) $sudo systemctl disable -q "$service" 2> /dev/null || true ;;
    esac
done
