#!/bin/sh
# Runs every *.test.ts under web/ with node's own test runner.
# SPDX-License-Identifier: Apache-2.0
set -eu
cd "$(dirname "$0")"
tsc --project tsconfig.json
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
# node's runner takes files; esbuild keeps one bundle a test. Debian's node 18 has the browsers' `crypto` in a module only.
crypto='import { webcrypto } from "node:crypto"; globalThis.crypto ??= webcrypto;'
find src page -name '*.test.ts' | sort > "$out/list"
xargs esbuild --bundle --platform=node --format=esm --target=node18 --log-level=warning \
  --banner:js="$crypto" --out-extension:.js=.mjs --outbase=. --outdir="$out/tests" < "$out/list"
MARTLET_ROOT=$(cd .. && pwd)
export MARTLET_ROOT
find "$out/tests" -name '*.test.mjs' | sort | xargs node --test
