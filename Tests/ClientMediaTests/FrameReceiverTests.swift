// That frames come out whole and in order, whatever the network does to their packets.
// SPDX-License-Identifier: Apache-2.0
import Payloads
import RTP
import Testing
import Wire

@testable import ClientMedia

/// A sender of VP8 frames with noise in them, a keyframe now and then.
private struct FrameSource {
    struct Sent {
        var number: UInt64
        var timestamp: RTPTimestamp
        var isLast: Bool
        var payload: [UInt8]
    }

    var random: SeededRandom
    var number: UInt64
    var frames: [[UInt8]] = []
    var isKeyframe: [Bool] = []
    private var packetizer = VP8Packetizer(firstPictureID: 32_760)
    private var packets = PacketizedFrame()

    init(seed: UInt64, firstNumber: UInt64 = 65_500) {
        random = SeededRandom(seed: seed)
        number = firstNumber
    }

    /// The packets of the next frame.
    mutating func next(isKeyframe: Bool, count: Int? = nil) throws -> [Sent] {
        let count = count ?? Int.random(in: 20...5_000, using: &random)
        var frame = (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }
        // The low bit of the first byte is clear in keyframes (RFC 6386 §9.1).
        frame[0] = isKeyframe ? frame[0] & 0xFE : frame[0] | 1
        let timestamp = RTPTimestamp(UInt32(frames.count) &* 3_000 &+ 4_294_900_000)
        frames.append(frame)
        self.isKeyframe.append(isKeyframe)
        try packetizer.packetize(frame.span, payloadMax: 1_200, into: &packets)
        return (0..<packets.count).map { part in
            defer { number += 1 }
            return Sent(
                number: number, timestamp: timestamp, isLast: part == packets.count - 1,
                payload: Array(packets.bytes[packets.range(of: part)]))
        }
    }
}

extension FrameReceiver {
    fileprivate mutating func insert(_ packet: FrameSource.Sent) {
        insert(
            ExtendedSequenceNumber(packet.number), timestamp: packet.timestamp,
            marker: packet.isLast, codec: .vp8, payload: packet.payload.span)
    }

    fileprivate mutating func frames(at milliseconds: Int64) -> [EncodedFrame] {
        var frames: [EncodedFrame] = []
        while let frame = nextFrame(at: .zero + .milliseconds(milliseconds)) {
            frames.append(frame)
        }
        return frames
    }
}

@Suite struct FrameReceiverTests {
    @Test func aKeyframeWithoutItsFirstPacketIsNone() {
        // STAP-A of both parameter sets, the two halves of a picture to begin with (FU-A), and a picture that refers to it.
        let parameters: [UInt8] = [0x78, 0, 4, 0x67, 1, 2, 3, 0, 2, 0x68, 4]
        let start: [UInt8] = [0x7C, 0x85, 5, 6]
        let end: [UInt8] = [0x7C, 0x45, 7, 8]
        let later: [UInt8] = [0x41, 9, 9]
        var receiver = FrameReceiver()
        var number: UInt64 = 100
        var timestamp: UInt32 = 0
        func send(_ payloads: [[UInt8]?]) -> [EncodedFrame] {
            timestamp += 3_000
            for (index, payload) in payloads.enumerated() {
                if let payload {
                    receiver.insert(
                        ExtendedSequenceNumber(number), timestamp: RTPTimestamp(timestamp),
                        marker: index == payloads.count - 1, codec: .h264, payload: payload.span)
                }
                number += 1
            }
            return receiver.frames(at: 0)
        }
        #expect(send([nil, start, end]) == [])
        #expect(send([later]) == [] && receiver.needsKeyframe)
        let whole = send([parameters, start, end])
        #expect(whole.map(\.isKeyframe) == [true])
        #expect(whole.first?.bytes.starts(with: [0, 0, 0, 1, 0x67]) == true)
        // A sender may leave out what it has said.
        #expect(send([start, end]).map(\.isKeyframe) == [true])
        // Another source has said nothing yet.
        receiver.restart()
        number += 3_000
        #expect(send([start, end]) == [])
        #expect(send([parameters, start, end]).count == 1)
    }

    @Test func framesComeOutWithTheirLastPacket() throws {
        var source = FrameSource(seed: 1)
        var receiver = FrameReceiver()
        for round in 0..<50 {
            let packets = try source.next(isKeyframe: round % 10 == 0)
            for packet in packets.dropLast() {
                receiver.insert(packet)
                #expect(receiver.frames(at: Int64(round)).isEmpty)
            }
            packets.last.map { receiver.insert($0) }
            let frames = receiver.frames(at: Int64(round))
            #expect(frames.map(\.bytes) == [source.frames[round]])
            #expect(frames.map(\.isKeyframe) == [round % 10 == 0])
            #expect(frames.first?.completeAt == .zero + .milliseconds(Int64(round)))
        }
        #expect(!receiver.needsKeyframe)
        #expect(receiver.nextDeadline == nil)
    }

    @Test(arguments: 1...20)
    func disorderAndRepetitionChangeNothing(seed: UInt64) throws {
        var source = FrameSource(seed: seed)
        var random = SeededRandom(seed: seed &+ 100)
        var packets: [FrameSource.Sent] = []
        for round in 0..<100 {
            for packet in try source.next(isKeyframe: round % 30 == 0) {
                packets.append(packet)
                if Int.random(in: 0..<10, using: &random) == 0 { packets.append(packet) }
            }
        }
        // None moves by more than 20 places; the first stays, as decoding begins with it.
        for index in 1..<packets.count - 20 where Int.random(in: 0..<5, using: &random) == 0 {
            packets.swapAt(index, index + Int.random(in: 0..<20, using: &random))
        }
        var receiver = FrameReceiver()
        var frames: [EncodedFrame] = []
        for packet in packets {
            receiver.insert(packet)
            frames += receiver.frames(at: 0)
        }
        #expect(frames.map(\.bytes) == source.frames)
        #expect(receiver.latePackets > 0)
        #expect(receiver.interruptions == 0)
    }

    @Test func whatIsMissingIsWaitedForAndMayStillCome() throws {
        var source = FrameSource(seed: 3)
        var receiver = FrameReceiver()
        for packet in try source.next(isKeyframe: true) { receiver.insert(packet) }
        #expect(receiver.frames(at: 0).count == 1)
        let second = try source.next(isKeyframe: false, count: 3_000)
        receiver.insert(second[0])
        receiver.insert(second[2])
        #expect(receiver.frames(at: 10).isEmpty)
        #expect(receiver.nextDeadline == .zero + .milliseconds(510))
        for packet in try source.next(isKeyframe: false) { receiver.insert(packet) }
        #expect(receiver.frames(at: 509).isEmpty)
        receiver.insert(second[1])
        #expect(receiver.frames(at: 509).map(\.bytes) == Array(source.frames[1...]))
        #expect(receiver.nextDeadline == nil)
        #expect(!receiver.needsKeyframe)
    }

    @Test func whatNeverComesEndsInAKeyframe() throws {
        var source = FrameSource(seed: 4)
        var receiver = FrameReceiver()
        for packet in try source.next(isKeyframe: true) { receiver.insert(packet) }
        _ = receiver.frames(at: 0)
        for packet in try source.next(isKeyframe: false, count: 3_000).dropFirst() {
            receiver.insert(packet)
        }
        #expect(receiver.frames(at: 0).isEmpty)
        #expect(!receiver.needsKeyframe)
        #expect(receiver.frames(at: 500).isEmpty)
        #expect(receiver.needsKeyframe)
        // What follows cannot be decoded.
        for packet in try source.next(isKeyframe: false) { receiver.insert(packet) }
        #expect(receiver.frames(at: 520).isEmpty)
        for packet in try source.next(isKeyframe: true) { receiver.insert(packet) }
        for packet in try source.next(isKeyframe: false) { receiver.insert(packet) }
        #expect(receiver.frames(at: 540).map(\.bytes) == Array(source.frames[3...]))
        #expect(!receiver.needsKeyframe)
        #expect(receiver.interruptions == 1)
    }

    @Test func aWholeKeyframeThatFollowsShortensTheWait() throws {
        var source = FrameSource(seed: 5)
        var receiver = FrameReceiver()
        for packet in try source.next(isKeyframe: true) { receiver.insert(packet) }
        _ = receiver.frames(at: 0)
        _ = try source.next(isKeyframe: false)
        for packet in try source.next(isKeyframe: true) { receiver.insert(packet) }
        #expect(receiver.frames(at: 5).isEmpty)
        #expect(receiver.nextDeadline == .zero + .milliseconds(55))
        #expect(receiver.frames(at: 55).map(\.bytes) == [source.frames[2]])
        #expect(!receiver.needsKeyframe)
    }

    @Test func nothingIsHandedOutBeforeAKeyframe() throws {
        var source = FrameSource(seed: 6)
        var receiver = FrameReceiver()
        #expect(receiver.frames(at: 0).isEmpty)
        #expect(!receiver.needsKeyframe)
        for packet in try source.next(isKeyframe: false) { receiver.insert(packet) }
        #expect(receiver.frames(at: 0).isEmpty)
        #expect(receiver.needsKeyframe)
        for packet in try source.next(isKeyframe: true) { receiver.insert(packet) }
        #expect(receiver.frames(at: 1).map(\.isKeyframe) == [true])
        #expect(!receiver.needsKeyframe)
    }

    /// A gap larger than the memory, as after a long pause.
    @Test func aLeapStartsOver() throws {
        var source = FrameSource(seed: 7)
        var receiver = FrameReceiver()
        for packet in try source.next(isKeyframe: true) { receiver.insert(packet) }
        _ = receiver.frames(at: 0)
        source.number += 5_000
        for packet in try source.next(isKeyframe: false) { receiver.insert(packet) }
        #expect(receiver.frames(at: 1).isEmpty)
        #expect(receiver.needsKeyframe)
        for packet in try source.next(isKeyframe: true) { receiver.insert(packet) }
        #expect(receiver.frames(at: 2).map(\.bytes) == [source.frames[2]])
    }

    @Test func packetsWithoutContentFillTheirPlaces() throws {
        var source = FrameSource(seed: 8)
        var receiver = FrameReceiver()
        for packet in try source.next(isKeyframe: true) { receiver.insert(packet) }
        _ = receiver.frames(at: 0)
        for _ in 0..<3 {
            receiver.insert(
                FrameSource.Sent(
                    number: source.number, timestamp: RTPTimestamp(0), isLast: false, payload: []))
            source.number += 1
        }
        #expect(receiver.frames(at: 0).isEmpty)
        for packet in try source.next(isKeyframe: false) { receiver.insert(packet) }
        #expect(receiver.frames(at: 0).map(\.bytes) == [source.frames[1]])
    }

    /// Frames that come are as they were sent and in order, the last of them too, and losses end.
    @Test(arguments: 1...20)
    func lossesOnlyLeaveOut(seed: UInt64) throws {
        var source = FrameSource(seed: seed)
        var random = SeededRandom(seed: seed &+ 500)
        var receiver = FrameReceiver()
        var frames: [EncodedFrame] = []
        for round in 0..<300 {
            let isNeeded = receiver.needsKeyframe || round == 0
            for packet in try source.next(isKeyframe: isNeeded)
            where round > 280 || Int.random(in: 0..<100, using: &random) > 0 {
                receiver.insert(packet)
                frames += receiver.frames(at: Int64(round) * 33)
            }
        }
        frames += receiver.frames(at: 20_000)
        var position = 0
        for frame in frames {
            guard let found = source.frames[position...].firstIndex(of: frame.bytes) else {
                Issue.record("a frame that was not sent, or not in this order")
                return
            }
            #expect(frame.isKeyframe == source.isKeyframe[found])
            position = found + 1
        }
        #expect(frames.last?.bytes == source.frames.last)
        #expect(frames.count > 20)
    }
}
