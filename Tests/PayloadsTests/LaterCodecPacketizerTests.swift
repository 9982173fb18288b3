// That frames of VP9 and AV1 are cut into payloads that the readers of the server understand, and come back bit for bit.
// SPDX-License-Identifier: Apache-2.0
import RTP
import Testing
import Wire

@testable import Payloads

extension PacketizerTests {
    /// The first bytes of keyframes as Chromium makes them: 320 x 180.
    private static let vp9Start = bytes("824983420013f00b34")

    private func vp9(_ frame: [UInt8], _ packetizer: inout VP9Packetizer) throws -> [[UInt8]] {
        var packets = PacketizedFrame()
        try packetizer.packetize(frame.span, payloadMax: 1_200, into: &packets)
        return payloads(packets)
    }

    @Test(arguments: [9, 1_192, 1_193, 2_384, 50_000])
    func vp9KeyframesComeBackWithTheirSize(count: Int) throws {
        let frame = Self.vp9Start + noise(count - 9)
        var packetizer = VP9Packetizer(firstPictureID: 0xFFFF)
        let parts = try vp9(frame, &packetizer)
        #expect(parts.count == (count + 1_191) / 1_192)
        #expect(parts.allSatisfy { $0.count <= 1_200 })
        #expect(try assembled(parts, .vp9) == frame)
        for (number, part) in parts.enumerated() {
            let parsed = VP9Descriptor.parse(part.span)
            let descriptor = try #require(parsed)
            #expect(descriptor.pictureID == 0x7FFF && descriptor.pictureIDIs15Bit)
            #expect(descriptor.isFlexibleMode && !descriptor.isInterPicturePredicted)
            #expect(descriptor.isStartOfFrame == (number == 0))
            #expect(descriptor.isEndOfFrame == (number == parts.count - 1))
            let isKeyframe = Keyframe.isKeyframeStart(codec: .vp9, payload: part.span)
            #expect(isKeyframe == (number == 0))
            let sizes = descriptor.layerSizes(in: part.span)
            #expect(sizes.count == (number == 0 ? 1 : 0))
        }
        let first = parts[0]
        let size = Keyframe.pictureSize(codec: .vp9, payload: first.span)
        #expect(size == PictureSize(width: 320, height: 180))
        #expect(packetizer.pictureID == 0)
    }

    @Test func laterVP9FramesAreOfThePictureBefore() throws {
        var packetizer = VP9Packetizer(firstPictureID: 5)
        // Not a keyframe; one that is shown again; the reserved bit of profile 3.
        for (number, first) in [0x86, 0x88, 0xB6].enumerated() {
            let frame = [UInt8(first)] + noise(2_000)
            let parts = try vp9(frame, &packetizer)
            #expect(parts.count == 2)
            // |I|P|-|F|B|-|-|Z|, 15 bits of number, one reference to the picture before.
            #expect(Array(parts[0].prefix(4)) == [0xD9, 0x80, UInt8(5 + number), 0x02])
            #expect(parts[1][0] == 0xD5)
            #expect(try assembled(parts, .vp9) == frame)
        }
        var packets = PacketizedFrame()
        let nothing: [UInt8] = []
        #expect(throws: PacketizationError.empty) {
            try packetizer.packetize(nothing.span, payloadMax: 1_200, into: &packets)
        }
        for wrong in [[0x42, 1], [0x82, 0x49, 0x83, 0x43, 0, 0, 0, 0, 0], [0x82]] as [[UInt8]] {
            #expect(throws: PacketizationError.noUnits) {
                try packetizer.packetize(wrong.span, payloadMax: 1_200, into: &packets)
            }
        }
    }

    @Test func theSizeOfAVP9KeyframeIsRead() {
        func size(_ frame: [UInt8]) -> PictureSize? { VP9FrameHeader.parse(frame.span)?.size }
        #expect(size(Self.vp9Start) == PictureSize(width: 320, height: 180))
        #expect(size(bytes("8249834200 0000 0000")) == PictureSize(width: 1, height: 1))
        #expect(size(bytes("8249834207 7f04 37 f0")) == PictureSize(width: 30_705, height: 17_280))
        #expect(size(bytes("82498342 0fffffff f0")) == nil)
        #expect(size(Array(Self.vp9Start.dropLast())) == nil)
        #expect(size([0x86, 1, 2]) == nil)
    }

    // MARK: AV1

    /// An OBU with its size.
    private func obu(_ type: UInt8, _ body: [UInt8], extended: Bool = false) -> [UInt8] {
        var size: [UInt8] = []
        var rest = body.count
        repeat {
            size.append(UInt8(rest & 0x7F) | (rest > 0x7F ? 0x80 : 0))
            rest >>= 7
        } while rest > 0
        return [type << 3 | (extended ? 0x04 : 0) | 0x02] + (extended ? [0x20] : []) + size + body
    }

    private func av1(_ unit: [UInt8], most: Int = 1_200) throws -> [[UInt8]] {
        var packetizer = AV1Packetizer()
        var packets = PacketizedFrame()
        try packetizer.packetize(unit.span, payloadMax: most, into: &packets)
        return payloads(packets)
    }

    @Test(arguments: [1, 3, 20, 600, 1_190, 1_196, 1_197, 1_198, 2_400, 70_000])
    func av1TemporalUnitsComeBack(count: Int) throws {
        let delimiter = obu(2, [])
        let sequence = obu(1, noise(11))
        let frame = obu(6, noise(count))
        let parts = try av1(delimiter + sequence + frame)
        #expect(parts.allSatisfy { $0.count <= 1_200 })
        #expect(parts.count == (count + 11 + 2 + 4 + 1_198) / 1_199)
        #expect(try assembled(parts, .av1) == delimiter + sequence + frame)
        // The sequence begins in the first packet, and nowhere else.
        #expect(parts.map { $0[0] & 0x08 != 0 } == [true] + parts.dropFirst().map { _ in false })
        let first = parts[0]
        let isStart = Keyframe.isKeyframeStart(codec: .av1, payload: first.span)
        #expect(isStart)
        let sizes = parts.map(\.count)
        #expect((sizes.max() ?? 0) - (sizes.min() ?? 0) < 40, "\(sizes)")
        // Without it no decoder can begin.
        let later = try av1(delimiter + obu(6, noise(count)))
        #expect(!later.contains { Keyframe.isKeyframeStart(codec: .av1, payload: $0.span) })
    }

    @Test(arguments: 64...90) func manySmallOBUsComeBackHoweverPacketsAreCut(most: Int) throws {
        var unit = obu(2, [])
        for count in 0..<60 {
            unit += obu(count % 3 == 0 ? 3 : 4, noise(count), extended: count % 2 == 0)
        }
        let parts = try av1(unit, most: most)
        #expect(parts.allSatisfy { $0.count <= most && $0.count > 1 })
        #expect(try assembled(parts, .av1) == unit)
    }

    @Test func av1WithoutSizesIsReadAndPaddingLeftOut() throws {
        let whole = obu(2, []) + obu(1, noise(5)) + obu(15, noise(50)) + obu(8, [1]) + obu(6, [7])
        var open = whole
        // The last OBU reaches to the end without a size.
        open.replaceSubrange((open.count - 3)..., with: [6 << 3, 7])
        for unit in [whole, open] {
            let expected = obu(2, []) + obu(1, noise(5)) + obu(6, [7])
            #expect(try assembled(try av1(unit), .av1) == expected)
        }
        for wrong in [[0x80, 0], [0x0A, 5, 1], [0x0A], [0x0E], [0x0A, 0xFF, 0xFF], [0x12, 0]]
            as [[UInt8]]
        {
            #expect(throws: PacketizationError.noUnits) { try av1(wrong) }
        }
        #expect(throws: PacketizationError.empty) { try av1([]) }
        #expect(throws: PacketizationError.payloadTooSmall(63)) { try av1(whole, most: 63) }
        forEachDamage(of: whole) { _ = try? av1($0) }
    }
}
