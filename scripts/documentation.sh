#!/usr/bin/env bash
# Builds the documentation of the native SDK out of its sources and Sources/Martlet/Martlet.docc; a link that leads nowhere fails.
#   scripts/documentation.sh [FOLDER]       (default: .build/documentation; after `swift build`)
set -euo pipefail
cd "$(dirname "$0")/.."
output=${1:-.build/documentation}
tools=$(dirname "$(readlink -f "$(command -v swiftc)")")
work=.build/documentation-symbols
rm -rf "$work" "$output"
mkdir -p "$work"
arguments=(-module-name Martlet -minimum-access-level public -target "$(uname -m)-unknown-linux-gnu" -I .build/debug/Modules)
# The C targets and packages that its modules are made of.
while read -r map; do
    arguments+=(-Xcc "-fmodule-map-file=$map")
done < <(find .build/debug/*.build -name module.modulemap; find "$PWD"/.build/checkouts/*/Sources "$PWD"/Sources -name module.modulemap)
"$tools/swift-symbolgraph-extract" "${arguments[@]}" -output-dir "$work"
"$tools/docc" convert Sources/Martlet/Martlet.docc --additional-symbol-graph-dir "$work" \
    --fallback-display-name Martlet --fallback-bundle-identifier Martlet --warnings-as-errors --output-dir "$output"
echo "$output"
