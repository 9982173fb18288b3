#!/bin/sh
# Builds the browser SDK and the page into web/dist: type check, declarations, minified bundles.
# SPDX-License-Identifier: Apache-2.0
# Needs Debian's node-typescript (tsc) and esbuild; nothing is downloaded.
set -eu
cd "$(dirname "$0")"

tsc --project tsconfig.json
# Built aside and moved into place, so that a running server never serves half a page.
next=dist.next
trap 'rm -rf "$next"' EXIT
rm -rf "$next"
mkdir -p "$next"
tsc --project tsconfig.declarations.json --outDir "$next/types"
printf "export * from './types/index';\n" > "$next/martlet.d.ts"

bundle() {
  esbuild "$1" --bundle --format=esm --target=es2022 --minify --sourcemap \
    --log-level=warning --legal-comments=none --outfile="$2"
}
bundle src/index.ts "$next/martlet.js"
# What `pictureMetadata` needs beside the SDK: a classic worker, which pages of other origins can load as well.
esbuild src/metadataWorker.ts --bundle --format=iife --target=es2022 --minify --sourcemap \
  --log-level=warning --legal-comments=none --outfile="$next/martlet-metadata.js"
bundle page/page.ts "$next/page.js"
esbuild page/page.css --bundle --minify --log-level=warning --outfile="$next/page.css"
cp page/index.html page/icon.svg "$next/"

rm -rf dist
mv "$next" dist
echo "web/dist: $(wc -c < dist/martlet.js) bytes of SDK, $(wc -c < dist/page.js) bytes of page"
