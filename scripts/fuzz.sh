#!/usr/bin/env bash
# Builds the fuzz targets of Fuzz/ with libFuzzer and AddressSanitizer and runs each for some seconds.
#   scripts/fuzz.sh [--seconds N] [--corpus DIR] [NAME ...]      (default: 30 seconds, all of them)
# A finding is left in .build/fuzz/findings/NAME and the script exits with 1.
set -euo pipefail
cd "$(dirname "$0")/.."
export SWIFT_BACKTRACE=enable=no

seconds=30
corpus=.build/fuzz/corpus
names=()
while [ $# -gt 0 ]; do
    case "$1" in
        --seconds) seconds=$2; shift 2 ;;
        --corpus) corpus=$2; shift 2 ;;
        -h|--help) sed -n '2,4p' "$0"; exit 0 ;;
        *) names+=("$1"); shift ;;
    esac
done
if [ ${#names[@]} -eq 0 ]; then
    for file in Fuzz/*.swift; do names+=("$(basename "$file" .swift)"); done
fi

out=.build/fuzz
modules=$out/modules
mkdir -p "$modules/media" "$out/findings" "$corpus"
clang=$(dirname "$(readlink -f "$(command -v swiftc)")")/clang
[ -x "$clang" ] || clang=clang

# In the order of their floors; a target may import those before it.
swift_targets=(
    Wire MediaCrypto STUN RTP SDP Signaling ICE DTLS SRTP Payloads Congestion Rooms Negotiation
    PeerTransport Forwarding MediaWorker RoomService ClientTransport ClientMedia ClientSession
    NetworkImpairment NetworkSimulation
)
# What they use of swift-collections, in the same order; `swift package resolve` fetches it.
collections=.build/checkouts/swift-collections
collection_targets=(InternalCollectionsUtilities ContainersPreview BasicContainers)
c_targets=(CMediaCrypto CDTLS)
# The codecs of clients and their libraries, for the fuzz targets alone that import them. The libraries themselves are the
# system's, and not instrumented.
media_targets=(MediaCodecs MediaFiles)
media_c_targets=(CMediaCodecs CMediaFiles)
media_libraries=(-lopus -lvpx -lavformat -lavcodec -lavutil -lswscale -lswresample)

settings=(
    -swift-version 6 -parse-as-library -O -package-name martlet
    -enable-upcoming-feature ExistentialAny -enable-upcoming-feature InternalImportsByDefault
    -enable-upcoming-feature MemberImportVisibility -enable-experimental-feature Lifetimes
    -sanitize=fuzzer,address -I "$modules"
)
for target in "${c_targets[@]}" "${media_c_targets[@]}"; do
    include=Sources/$target/include
    mkdir -p "$modules/$target"
    if [ -f "$include/module.modulemap" ]; then
        cp "$include/module.modulemap" "$modules/$target/"
        settings+=(-Xcc -fmodule-map-file="$PWD/$include/module.modulemap" -Xcc -I -Xcc "$PWD/$include")
    else
        printf 'module %s { umbrella "%s" export * }\n' "$target" "$PWD/$include" \
            > "$modules/$target/module.modulemap"
        settings+=(-Xcc -fmodule-map-file="$PWD/$modules/$target/module.modulemap" -Xcc -I -Xcc "$PWD/$include")
    fi
    objects=$modules
    flags=(-O2 -g -fsanitize=address)
    # What stands between hostile bytes and the libraries is followed as well.
    [[ $target == CMedia[CF]*s ]] && objects=$modules/media && flags+=(-fsanitize=fuzzer-no-link)
    for source in Sources/"$target"/*.c; do
        object=$objects/$target-$(basename "$source" .c).o
        if [ ! -f "$object" ] || [ -n "$(find "Sources/$target" -newer "$object" -type f | head -1)" ]; then
            "$clang" "${flags[@]}" -I "$include" -c "$source" -o "$object"
        fi
    done
done

[ -d "$collections" ] || swift package resolve
collection_settings=(
    -parse-as-library -O -suppress-warnings -package-name swift-collections -I "$modules"
    -sanitize=address -enable-upcoming-feature MemberImportVisibility
)
for feature in BuiltinModule Lifetimes InoutLifetimeDependence AddressableParameters AddressableTypes \
    SuppressedAssociatedTypesWithDefaults; do
    collection_settings+=(-enable-experimental-feature "$feature")
done
for version in 5.0 5.1 5.6 5.7 5.8 5.9 5.10 6.0 6.1 6.2 6.3 6.4 6.5; do
    collection_settings+=(-enable-experimental-feature "AvailabilityMacro=SwiftStdlib $version: macOS 10.15")
done
for target in "${collection_targets[@]}"; do
    object=$modules/$target.o
    if [ ! -f "$object" ] || [ "$collections/Package.swift" -nt "$object" ]; then
        echo "building $target for fuzzing"
        # Some of its files have blanks in their names.
        mapfile -t files < <(find "$collections/Sources/$target" -name '*.swift')
        swiftc "${collection_settings[@]}" -wmo -module-name "$target" -emit-module \
            -emit-module-path "$modules/$target.swiftmodule" -c -o "$object" \
            "${files[@]}" 2> "$out/$target.log" || { cat "$out/$target.log"; exit 1; }
    fi
done

# Builds Swift targets into a folder, from the first on that has changed.
build_targets() {
    local folder=$1 changed=0 target object
    for target in "${@:2}"; do
        object=$folder/$target.o
        if [ $changed = 1 ] || [ ! -f "$object" ] \
            || [ -n "$(find "Sources/$target" -newer "$object" -type f | head -1)" ]; then
            changed=1
            echo "building $target for fuzzing"
            swiftc "${settings[@]}" -wmo -module-name "$target" -emit-module \
                -emit-module-path "$modules/$target.swiftmodule" -c -o "$object" \
                $(find "Sources/$target" -name '*.swift') 2> "$out/$target.log" \
                || { cat "$out/$target.log"; return 1; }
        fi
    done
}

# They have no target in common.
build_targets "$modules/media" "${media_targets[@]}" &
media=$!
build_targets "$modules" "${swift_targets[@]}"
wait $media

build() {
    local name=$1
    local binary=$out/$name
    local inputs=("Fuzz/$name.swift" Fuzz/Support/*.swift "$modules"/*.o)
    local libraries=(-lssl -lcrypto -ldl)
    if grep -qE '^import Media(Codecs|Files)$' "Fuzz/$name.swift"; then
        inputs+=(Tests/MediaCodecsTests/SampleUnits.swift "$modules"/media/*.o)
        libraries+=("${media_libraries[@]}")
    fi
    if [ ! -x "$binary" ] || [ -n "$(find "${inputs[@]}" -newer "$binary" | head -1)" ]; then
        swiftc "${settings[@]}" -module-name "${name}Fuzz" "${inputs[@]}" "${libraries[@]}" \
            -o "$binary" 2> "$out/$name.log" || { grep -v warning "$out/$name.log"; return 1; }
    fi
}

run() {
    local name=$1 log=$out/$1.run
    mkdir -p "$corpus/$name" "$out/findings/$name"
    # What was freed is kept for a while, so that who uses it again is seen; by default more than all of it may take here.
    if ! ASAN_OPTIONS="quarantine_size_mb=64:${ASAN_OPTIONS:-}" "$out/$name" -max_total_time="$seconds" \
        -rss_limit_mb=512 -timeout=10 -max_len=8192 -verbosity=0 -print_final_stats=1 -artifact_prefix="$out/findings/$name/" \
        "$corpus/$name" > "$log" 2>&1; then
        tail -40 "$log"
        echo "fuzz $name: FOUND SOMETHING, see $out/findings/$name"
        return 1
    fi
    echo "fuzz $name: $(sed -n 's/stat::number_of_executed_units: *//p' "$log") executions, no finding"
}

# Does something with each name, as many at once as there are processors; fails if it failed for one.
each() {
    local failed=0 jobs first pids pid name
    jobs=$(nproc)
    for ((first = 0; first < ${#names[@]}; first += jobs)); do
        pids=()
        for name in "${names[@]:first:jobs}"; do "$1" "$name" & pids+=($!); done
        for pid in "${pids[@]}"; do wait "$pid" || failed=1; done
    done
    return $failed
}

each build
each run
