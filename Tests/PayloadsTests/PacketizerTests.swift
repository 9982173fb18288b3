// That frames are cut into payloads that readers understand, and put together again bit for bit.
// SPDX-License-Identifier: Apache-2.0
import RTP
import Testing
import Wire

@testable import Payloads

@Suite struct PacketizerTests {
    /// Bytes of which none is zero, the same for each seed.
    func noise(_ count: Int, seed: UInt64 = 5) -> [UInt8] {
        var random = SeededRandom(seed: seed)
        return (0..<count).map { _ in UInt8.random(in: 1...255, using: &random) }
    }

    func payloads(_ packets: PacketizedFrame) -> [[UInt8]] {
        (0..<packets.count).map { Array(packets.bytes[packets.range(of: $0)]) }
    }

    func assembled(_ payloads: [[UInt8]], _ codec: MediaCodec) throws -> [UInt8] {
        var assembler = try FrameAssembler(codec: codec)
        for payload in payloads { try assembler.append(payload.span) }
        return try assembler.finished()
    }

    @Test(arguments: [1, 10, 1_196, 1_197, 2_392, 2_393, 50_000])
    func vp8FramesComeBackAndTheirPartsAreOfOneSize(count: Int) throws {
        var frame = noise(count)
        // A keyframe's first bytes (RFC 6386 §9.1).
        if count >= 10 {
            frame.replaceSubrange(0..<10, with: bytes("10000 09d012a4001b400".filter { $0 != " " }))
        }
        var packetizer = VP8Packetizer(firstPictureID: 0x7FFF)
        var packets = PacketizedFrame()
        try packetizer.packetize(frame.span, payloadMax: 1_200, into: &packets)
        let parts = payloads(packets)
        #expect(parts.count == (count + 1_195) / 1_196)
        #expect(parts.allSatisfy { $0.count <= 1_200 })
        let sizes = parts.dropLast().map(\.count)
        #expect(Set(sizes).count <= 1)
        for (number, part) in parts.enumerated() {
            let parsed = VP8Descriptor.parse(part.span)
            let descriptor = try #require(parsed)
            #expect(descriptor.pictureID == 0x7FFF)
            #expect(descriptor.isStartOfFrame == (number == 0))
            if count >= 10 { #expect(descriptor.isKeyframe == (number == 0)) }
        }
        #expect(try assembled(parts, .vp8) == frame)
        #expect(packetizer.pictureID == 0)
    }

    private func unit(_ header: UInt8, _ count: Int) -> [UInt8] {
        [header] + noise(count - 1)
    }

    private func stream(_ units: [[UInt8]]) -> [UInt8] { units.flatMap { [0, 0, 0, 1] + $0 } }

    @Test func whatH264PacketsUseThemselvesIsNoUnit() throws {
        var packetizer = H264Packetizer()
        var packets = PacketizedFrame()
        let slice = unit(0x65, 40)
        for type in [0] + (24...31) as [UInt8] {
            try packetizer.packetize(
                stream([[0xE0 | type, 0x81, 1], slice]).span, payloadMax: 1_200, into: &packets)
            #expect(payloads(packets) == [slice], "\(type)")
        }
    }

    @Test func aPayloadMayBeAsLongAsOneLikes() throws {
        var packetizer = VP8Packetizer(firstPictureID: 1)
        var packets = PacketizedFrame()
        try packetizer.packetize(noise(5_000).span, payloadMax: .max, into: &packets)
        #expect(packets.count == 1)
    }

    @Test func h264UnitsComeBackTogetherOrInFragments() throws {
        let units = [
            unit(0x67, 12), unit(0x68, 4), unit(0x06, 30), unit(0x65, 5_000), unit(0x41, 1_200),
            unit(0x41, 1_201), unit(0x01, 2),
        ]
        var packetizer = H264Packetizer()
        var packets = PacketizedFrame()
        let whole = stream(units)
        try packetizer.packetize(whole.span, payloadMax: 1_200, into: &packets)
        let parts = payloads(packets)
        #expect(parts.allSatisfy { $0.count <= 1_200 })
        // Parameter sets and SEI together, five fragments, one alone, two fragments, one alone.
        #expect(parts.map { $0[0] & 0x1F } == [24, 28, 28, 28, 28, 28, 1, 28, 28, 1])
        #expect(parts[0][0] & 0x60 == 0x60)
        #expect(Set(parts[1...4].map(\.count)).count == 1)
        let first = parts[0]
        let isStart = Keyframe.isKeyframeStart(codec: .h264, payload: first.span)
        #expect(isStart)
        #expect(try assembled(parts, .h264) == stream(units))
    }

    @Test func startCodesOfThreeBytesDelimitersAndZerosBehindAreReadAndLeftOut() throws {
        let (first, second) = (unit(0x67, 9), unit(0x65, 40))
        let written: [UInt8] =
            [7, 7] + [0, 0, 1, 0x09, 0xF0] + [0, 0, 1] + first + [0, 0, 0, 0, 1] + second + [0, 0]
            + [0, 0, 1, 0x0C, 0xFF, 0x80] + [0, 0, 1]
        var packetizer = H264Packetizer()
        var packets = PacketizedFrame()
        try packetizer.packetize(written.span, payloadMax: 1_200, into: &packets)
        #expect(try assembled(payloads(packets), .h264) == stream([first, second]))
    }

    @Test func whatIsNoFrameIsRefused() {
        var packets = PacketizedFrame()
        var vp8 = VP8Packetizer(firstPictureID: 0)
        var h264 = H264Packetizer()
        let empty: [UInt8] = []
        let words: [UInt8] = [1, 2, 3, 4, 5, 6, 7]
        let delimiter: [UInt8] = [0, 0, 1, 9, 0xF0]
        #expect(throws: PacketizationError.empty) {
            try vp8.packetize(empty.span, payloadMax: 1_200, into: &packets)
        }
        #expect(throws: PacketizationError.payloadTooSmall(63)) {
            try vp8.packetize(words.span, payloadMax: 63, into: &packets)
        }
        #expect(throws: PacketizationError.noUnits) {
            try h264.packetize(words.span, payloadMax: 1_200, into: &packets)
        }
        #expect(throws: PacketizationError.noUnits) {
            try h264.packetize(delimiter.span, payloadMax: 1_200, into: &packets)
        }
        #expect(packets.count == 0)
        #expect(throws: FrameAssemblyError.unsupportedCodec) { try FrameAssembler(codec: .opus) }
    }

    /// One OBU over two packets, one with a size of its own, one with an extension byte.
    @Test func av1UnitsGetTheirSizes() throws {
        // Z=0 Y=1 W=2 N=1: a whole sequence header, the first part of a frame.
        let first: [UInt8] = [0x68, 0x03, 0x08, 0xAA, 0xBB, 0x34, 0x08, 1, 2]
        // Z=1 Y=0 W=2: the rest of it, a tile list with a size of its own.
        let second: [UInt8] = [0xA0, 0x02, 3, 4, 0x42, 0x01, 9]
        let frame = try assembled([first, second], .av1)
        #expect(
            frame == [
                0x12, 0x00, 0x0A, 2, 0xAA, 0xBB, 0x36, 0x08, 4, 1, 2, 3, 4, 0x42, 0x01, 9,
            ])
        #expect(throws: FrameAssemblyError.truncated) { try assembled([first], .av1) }
        #expect(throws: FrameAssemblyError.malformed) { try assembled([second], .av1) }
    }

    @Test func anAV1UnitOfMoreThan127BytesHasASizeOfTwo() throws {
        let content = [UInt8](repeating: 5, count: 300)
        let frame = try assembled([[0x18, 0x30] + content], .av1)
        #expect(frame == [0x12, 0x00, 0x32, 0xAC, 0x02] + content)
    }

    @Test func fragmentsWithoutTheirBeginningAreRefused() throws {
        #expect(throws: FrameAssemblyError.malformed) {
            try assembled([[0x7C, 0x05, 1, 2]], .h264)
        }
        #expect(throws: FrameAssemblyError.truncated) {
            try assembled([[0x7C, 0x85, 1, 2]], .h264)
        }
        #expect(throws: FrameAssemblyError.malformed) {
            try assembled([[0x7C, 0x85, 1, 2], [0x41, 3]], .h264)
        }
        // A VP8 frame without its first packet.
        #expect(throws: FrameAssemblyError.malformed) {
            try assembled([Chromium156.vp8KeyframeRest], .vp8)
        }
    }

    /// Whatever comes, it is taken or refused, and what is taken is not larger than what came but by small heads.
    @Test(arguments: [MediaCodec.vp8, .vp9, .h264, .av1])
    func nothingStopsTheAssembler(codec: MediaCodec) throws {
        var assembler = try FrameAssembler(codec: codec)
        var random = SeededRandom(seed: 9)
        for round in 0..<20_000 {
            var payload = noise(Int.random(in: 0...40, using: &random), seed: UInt64(round))
            if !payload.isEmpty, Bool.random(using: &random) {
                payload[0] =
                    [0x7C, 0x78, 0x68, 0xA0, 0x18, 0x90, 0x80][
                        Int.random(in: 0..<7, using: &random)]
            }
            do {
                try assembler.append(payload.span)
                if Int.random(in: 0..<4, using: &random) == 0 { _ = try assembler.finished() }
            } catch {
                assembler.removeAll()
            }
        }
        assembler.removeAll()
        #expect(throws: FrameAssemblyError.malformed) { try assembler.finished() }
    }

    @Test func aFrameMayNotGrowWithoutBound() throws {
        var assembler = try FrameAssembler(codec: .vp8)
        let first: [UInt8] = [0x10] + [UInt8](repeating: 1, count: 60_000)
        let next: [UInt8] = [0x00] + [UInt8](repeating: 1, count: 60_000)
        try assembler.append(first.span)
        var refused: FrameAssemblyError?
        for _ in 0..<200 where refused == nil {
            do { try assembler.append(next.span) } catch { refused = error }
        }
        #expect(refused == .tooLarge)
    }
}
