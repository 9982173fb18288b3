// The dependency descriptor, the header extension AV1 names its frames by.
// SPDX-License-Identifier: Apache-2.0

import Wire

/// What a dependency descriptor says of its packet and frame (AOM: RTP Payload Format For AV1, appendix A.8.2).
///
/// ```
/// |S|E|  template_id   |          frame_number          |  mandatory, in whole bytes
/// |T|A|D|F|C|  template structure | active decode targets | custom DTIs, frame and chain differences
/// ```
package struct DependencyDescriptor: Equatable, Sendable {
    /// Bytes of the mandatory fields.
    package static let mandatoryCount = 3
    /// Where the 16 bits of the frame number stand, from the descriptor's start.
    package static let frameNumberOffset = 1
    /// The longest descriptor that is taken, in bytes: those of three spatial and three temporal layers have some 90.
    package static let byteCountMax = 200

    /// Whether a frame begins with this packet.
    package var isStartOfFrame: Bool
    /// Whether a frame ends with this packet.
    package var isEndOfFrame: Bool
    /// The template the frame's dependencies are taken from, 0 to 63.
    package var templateID: UInt8
    /// The frame's running number; wraps.
    package var frameNumber: UInt16
    /// Whether a template structure is attached: a keyframe's first packet.
    package var hasTemplateStructure: Bool
    /// The frame's spatial layer, 0 to 3.
    package var spatial: UInt8 = 0
    /// The frame's temporal layer, 0 to 7.
    package var temporal: UInt8 = 0
    /// How many frames back the frame refers at most; 0: it is a keyframe.
    package var reach: UInt16 = 0
    /// Whether higher temporal layers of its spatial layer can be begun at this frame: it is a "switch" for every
    /// decode target of them (A.8.3.6).
    package var isSwitchPoint = false

    /// Reads the mandatory fields alone; `nil` if the data are shorter.
    package static func parse(_ data: Span<UInt8>) -> DependencyDescriptor? {
        guard let first = data.uint8(at: 0), let number = data.uint16(at: frameNumberOffset) else {
            return nil
        }
        return DependencyDescriptor(
            isStartOfFrame: first & 0x80 != 0, isEndOfFrame: first & 0x40 != 0,
            templateID: first & 0x3F, frameNumber: number,
            hasTemplateStructure: (data.uint8(at: mandatoryCount) ?? 0) & 0x80 != 0)
    }

    /// Reads a whole descriptor.
    /// - Parameter structure: The structure that holds; where another is attached and can be read, it is that
    ///   afterwards.
    /// - Returns: `nil` if the data are cut off, contradict themselves, or name a template there is not.
    package static func parse(
        _ data: Span<UInt8>, structure: inout DependencyStructure
    ) -> DependencyDescriptor? {
        guard data.count <= byteCountMax, var descriptor = parse(data) else { return nil }
        guard data.count > mandatoryCount else {
            guard let template = structure.template(descriptor.templateID) else { return nil }
            descriptor.take(template)
            return descriptor
        }
        var cursor = BitCursor(offset: mandatoryCount)
        guard let flags = cursor.bits(5, in: data) else { return nil }
        if flags & 0x10 != 0 {
            guard let attached = DependencyStructure.read(&cursor, in: data),
                attached.template(descriptor.templateID) != nil
            else { return nil }
            structure = attached
        }
        guard let template = structure.template(descriptor.templateID) else { return nil }
        descriptor.take(template)
        if flags & 0x08 != 0 {
            guard cursor.bits(structure.targetCount, in: data) != nil else { return nil }
        }
        if flags & 0x04 != 0 {
            let place = template.place
            guard let isSwitch = structure.readIndications(&cursor, of: place, in: data) else {
                return nil
            }
            descriptor.isSwitchPoint = isSwitch
        }
        if flags & 0x02 != 0 {
            guard let reach = readDifferences(&cursor, in: data) else { return nil }
            descriptor.reach = reach
        }
        return descriptor
    }

    private mutating func take(_ template: DependencyStructure.Template) {
        spatial = template.place.spatial
        temporal = template.place.temporal
        reach = UInt16(template.reach)
        isSwitchPoint = template.isSwitchPoint
    }

    /// The largest of the frame's own differences (A.8.2: `frame_fdiffs`): two bits of length in nibbles, 0 ends them.
    private static func readDifferences(
        _ cursor: inout BitCursor, in data: Span<UInt8>
    ) -> UInt16? {
        var largest: UInt16 = 0
        while true {
            guard let nibbles = cursor.bits(2, in: data) else { return nil }
            if nibbles == 0 { return largest }
            guard let lessOne = cursor.bits(4 * Int(nibbles), in: data) else { return nil }
            largest = max(largest, UInt16(lessOne) + 1)
        }
    }
}

/// Reads bits, the highest of each byte first.
struct BitCursor {
    /// The next bit, counted from the first of the data.
    private(set) var bit: Int

    /// Starts at a whole byte.
    init(offset: Int) { bit = offset * 8 }

    /// The next `count` bits, 0 to 32; `nil` at the end.
    mutating func bits(_ count: Int, in data: Span<UInt8>) -> UInt32? {
        var value: UInt32 = 0
        for _ in 0..<count {
            guard let byte = data.uint8(at: bit / 8) else { return nil }
            value = value << 1 | UInt32(byte >> UInt8(7 - bit % 8) & 1)
            bit += 1
        }
        return value
    }

    /// The next number below `limit`, 1 to 64, in the code that spends a bit less on small ones: ns(n) (A.8.1).
    mutating func number(below limit: Int, in data: Span<UInt8>) -> Int? {
        let width = Int.bitWidth - limit.leadingZeroBitCount
        let short = 1 << width - limit
        guard let first = bits(width - 1, in: data) else { return nil }
        if Int(first) < short { return Int(first) }
        guard let last = bits(1, in: data) else { return nil }
        return Int(first) << 1 - short + Int(last)
    }
}
