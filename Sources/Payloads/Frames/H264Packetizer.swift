// H.264 access units, cut into RTP payloads.
// SPDX-License-Identifier: Apache-2.0
import Wire

/// Cuts H.264 access units into payloads of packetization mode 1 (RFC 6184 §6.3): small NAL units together (STAP-A),
/// large ones in fragments of one size (FU-A).
package struct H264Packetizer: Sendable {
    /// The least payload that is cut to, in bytes.
    package static let payloadMin = 64
    /// What a unit may be; the others are none, or say how units lie in packets (RFC 6184 §5.2).
    private static let types: ClosedRange<UInt8> = 1...23
    private static let aggregateType: UInt8 = 24
    private static let fragmentType: UInt8 = 28
    private static let delimiterType: UInt8 = 9
    private static let fillerType: UInt8 = 12

    private var pending: [Range<Int>] = []

    /// Cuts nothing yet.
    package init() {}

    /// Cuts an access unit in the form of Annex B. Delimiters, filler and what is no unit are left out; the last payload is the one whose
    /// packet has the marker bit.
    /// - Parameters:
    ///   - payloadMax: The longest payload in bytes; ``payloadMin`` at least.
    ///   - packets: Takes the payloads in place of what it held.
    package mutating func packetize(
        _ accessUnit: Span<UInt8>, payloadMax: Int, into packets: inout PacketizedFrame
    ) throws(PacketizationError) {
        pending.removeAll(keepingCapacity: true)
        try packets.begin(accessUnit, payloadMax: payloadMax, payloadMin: Self.payloadMin)
        var cursor = AnnexBUnitCursor(accessUnit)
        // The aggregate's header byte, then two bytes of size before each unit.
        var size = 1
        while let unit = cursor.next(in: accessUnit) {
            let type = accessUnit[unit.lowerBound] & 0x1F
            guard Self.types ~= type, type != Self.delimiterType, type != Self.fillerType else {
                continue
            }
            if size + 2 + unit.count > payloadMax {
                flush(accessUnit, into: &packets)
                size = 1
            }
            if unit.count > payloadMax {
                fragment(unit, of: accessUnit, payloadMax, into: &packets)
            } else {
                pending.append(unit)
                size += 2 + unit.count
            }
        }
        flush(accessUnit, into: &packets)
        guard packets.count > 0 else { throw .noUnits }
    }

    /// Writes what was gathered: one unit as it is, several as an aggregate (RFC 6184 §5.6, §5.7.1).
    private mutating func flush(_ accessUnit: Span<UInt8>, into packets: inout PacketizedFrame) {
        defer { pending.removeAll(keepingCapacity: true) }
        guard let first = pending.first else { return }
        if pending.count > 1 {
            // The aggregate is as important as the most important in it, and broken if one is.
            var important: UInt8 = 0
            var broken: UInt8 = 0
            for unit in pending {
                important = max(important, accessUnit[unit.lowerBound] & 0x60)
                broken |= accessUnit[unit.lowerBound] & 0x80
            }
            packets.append(broken | important | Self.aggregateType)
            for unit in pending {
                packets.append(UInt8(truncatingIfNeeded: unit.count >> 8))
                packets.append(UInt8(truncatingIfNeeded: unit.count))
                packets.append(accessUnit.extracting(unit))
            }
        } else {
            packets.append(accessUnit.extracting(first))
        }
        packets.endPayload()
    }

    /// Writes a unit in fragments (RFC 6184 §5.8); its header byte is in theirs.
    private func fragment(
        _ unit: Range<Int>, of accessUnit: Span<UInt8>, _ payloadMax: Int,
        into packets: inout PacketizedFrame
    ) {
        let header = accessUnit[unit.lowerBound]
        let parts = equalParts(of: unit.count - 1, most: payloadMax - 2)
        for part in 0..<parts.count {
            let start = unit.lowerBound + 1 + part * parts.size
            let isFirst = part == 0
            let isLast = part == parts.count - 1
            // |F|NRI|  28  |, |S|E|R|  Type   |
            packets.append(header & 0xE0 | Self.fragmentType)
            packets.append((isFirst ? 0x80 : 0) | (isLast ? 0x40 : 0) | header & 0x1F)
            packets.append(
                accessUnit.extracting(start..<min(start + parts.size, unit.upperBound)))
            packets.endPayload()
        }
    }
}
