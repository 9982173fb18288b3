// Dependency descriptors of a made-up AV1 stream of some spatial and three temporal layers.
// SPDX-License-Identifier: Apache-2.0
import Wire

/// Writes what a browser's L3T3_KEY writes: a structure with each keyframe, three bytes else (AOM: RTP Payload Format
/// For AV1, appendix A.8).
package enum SyntheticDependencies {
    /// The structure's first template: not 0, so that numbers wrap.
    static let firstID = 60
    private static let temporalLayers = 3

    /// The descriptor of a packet.
    package static func bytes(
        of place: SpatialPlace, frame: UInt16, temporal: UInt8, isKeyframe: Bool
    ) -> [UInt8] {
        var writer = BitWriter()
        writer.write(place.isFirst ? 1 : 0, 1)
        writer.write(place.isLast ? 1 : 0, 1)
        // Of each layer the templates are: keyframe, then one for each temporal layer.
        let number = Int(place.layer) * (temporalLayers + 1) + (isKeyframe ? 0 : Int(temporal) + 1)
        writer.write((firstID + number) % 64, 6)
        writer.write(Int(frame), 16)
        if isKeyframe, place.layer == 0, place.isFirst {
            writer.write(0b10000, 5)
            writeStructure(of: place.sizes, to: &writer)
        }
        return writer.bytes
    }

    private static func writeStructure(
        of sizes: [(width: UInt16, height: UInt16)], to writer: inout BitWriter
    ) {
        let spatials = 0..<sizes.count
        let temporals = [-1] + Array(0..<temporalLayers)
        writer.write(firstID, 6)
        writer.write(sizes.count * temporalLayers - 1, 5)
        for spatial in spatials {
            // The keyframe and the first temporal layer share a place.
            for step in [0, 1, 1] { writer.write(step, 2) }
            writer.write(spatial == sizes.count - 1 ? 3 : 2, 2)
        }
        for spatial in spatials {
            for temporal in temporals {
                for target in spatials {
                    for layer in 0..<temporalLayers {
                        writer.write(
                            indication(spatial, temporal, target: target, layer: layer), 2)
                    }
                }
            }
        }
        for spatial in spatials {
            for temporal in temporals {
                // Keyframes refer to the layer below, others to frames of their own layer before.
                let differences =
                    temporal < 0 ? (spatial > 0 ? [1] : []) : [temporal == 0 ? 12 : 3]
                for difference in differences {
                    writer.write(1, 1)
                    writer.write(difference - 1, 4)
                }
                writer.write(0, 1)
            }
        }
        // A chain for each spatial layer: ns(targets + 1), then ns(chains) for each target, then four bits each.
        writer.writeNumber(sizes.count, below: sizes.count * temporalLayers + 1)
        for target in spatials {
            for _ in 0..<temporalLayers { writer.writeNumber(target, below: sizes.count) }
        }
        for _ in 0..<sizes.count * temporals.count * sizes.count { writer.write(0, 4) }
        writer.write(1, 1)
        for size in sizes {
            writer.write(Int(size.width) - 1, 16)
            writer.write(Int(size.height) - 1, 16)
        }
    }

    /// 0: not of this target; 1: discardable; 2: switch.
    private static func indication(
        _ spatial: Int, _ temporal: Int, target: Int, layer: Int
    ) -> Int {
        if temporal < 0 { return target >= spatial ? 2 : 0 }
        guard target == spatial, layer >= temporal else { return 0 }
        return temporal > 0 && layer == temporal ? 1 : 2
    }
}

/// Writes bits, the highest of each byte first.
package struct BitWriter {
    private var bits: [UInt8] = []

    /// Nothing written.
    package init() {}

    /// Writes the low `count` bits of a number.
    package mutating func write(_ value: Int, _ count: Int) {
        for place in (0..<count).reversed() { bits.append(UInt8(value >> place & 1)) }
    }

    /// Writes a number below `limit` as ns(n) (A.8.1).
    package mutating func writeNumber(_ value: Int, below limit: Int) {
        let width = Int.bitWidth - limit.leadingZeroBitCount
        let short = 1 << width - limit
        if value < short { write(value, width - 1) } else { write(value + short, width) }
    }

    /// What was written, filled up with zeros.
    package var bytes: [UInt8] {
        stride(from: 0, to: bits.count, by: 8).map { start in
            (start..<(start + 8)).reduce(UInt8(0)) {
                $0 << 1 | ($1 < bits.count ? bits[$1] : 0)
            }
        }
    }
}
