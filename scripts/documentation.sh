#!/usr/bin/env bash
# Builds the documentation of the native SDK out of its sources and Sources/Martlet/Martlet.docc; a link that leads nowhere fails.
#   scripts/documentation.sh [FOLDER]       (default: .build/documentation; after `swift build --target Martlet`)
set -euo pipefail
cd "$(dirname "$0")/.."
output=${1:-.build/documentation}
tools=$(dirname "$(readlink -f "$(command -v swiftc)")")
work=.build/documentation-symbols
rm -rf "$work" "$output"
mkdir -p "$work"
# Where the package finds the C targets below the module.
mapfile -t clang < <(python3 - <<'PYTHON'
import json, re
plan = open(".build/debug.yaml").read()
words = json.loads(re.search(r'^  "C\.Martlet-.*?^    args: (\[.*?\])$', plan, re.M | re.S)[1])
for index, word in enumerate(words):
    if word == "-Xcc" and not words[index + 1].startswith("-fno-"):
        print("-Xcc", words[index + 1], sep="\n")
PYTHON
)
"$tools/swift-symbolgraph-extract" -module-name Martlet -minimum-access-level public \
    -target "$(uname -m)-unknown-linux-gnu" -I .build/debug/Modules "${clang[@]}" -output-dir "$work"
"$tools/docc" convert Sources/Martlet/Martlet.docc --additional-symbol-graph-dir "$work" \
    --fallback-display-name Martlet --fallback-bundle-identifier Martlet --warnings-as-errors --output-dir "$output"
echo "$output"
