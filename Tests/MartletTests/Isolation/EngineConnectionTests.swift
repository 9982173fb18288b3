// That frames and messages cross between two ends, and that a hostile end ends nothing but the connection.
// SPDX-License-Identifier: Apache-2.0
import CEngineProcess
import Foundation
import MediaCodecs
import NIOCore
import NIOPosix
import Synchronization
import Testing

@testable import Martlet

@Suite struct EngineConnectionTests {
    /// What one end heard.
    private enum Heard: Sendable, Equatable {
        case message(String)
        case frame(UInt32, [UInt8])
        case taken(UInt32)
        case end(String?)
    }

    private static func listener(_ heard: AsyncStream<Heard>.Continuation) -> EngineListener {
        EngineListener(
            onMessage: { heard.yield(.message("\($0)")) },
            onFrame: { notice, bytes in
                guard notice.content == .encodedSound() else { return false }
                heard.yield(.frame(notice.stream, bytes.array))
                return true
            },
            onTaken: { heard.yield(.taken($0)) }, onEnd: { heard.yield(.end($0)) })
    }

    private struct Ends {
        let ours: Int32
        let theirs: Int32
        let memory: Int32

        init(bytes: Int) {
            var (ours, theirs): (Int32, Int32) = (-1, -1)
            _ = unsafe martlet_engine_pair(&ours, &theirs)
            (self.ours, self.theirs) = (ours, theirs)
            memory = martlet_frames_make(bytes)
        }
    }

    @Test func framesArriveWholeAndInOrderThroughALittleMemory() async throws {
        let ends = Ends(bytes: 5_000)
        let back = Ends(bytes: 5_000)
        let (heard, heardIn) = AsyncStream.makeStream(of: Heard.self)
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        let reader = try await EngineConnection.open(
            ends.ours, outgoing: try SharedMemory(descriptor: back.memory, isWritten: true),
            incoming: try SharedMemory(descriptor: ends.memory, isWritten: false), on: loop,
            listener: Self.listener(heardIn))
        let writer = try await EngineConnection.open(
            ends.theirs, outgoing: try SharedMemory(descriptor: ends.memory, isWritten: true),
            incoming: try SharedMemory(descriptor: back.memory, isWritten: false), on: loop,
            listener: Self.listener(AsyncStream.makeStream(of: Heard.self).continuation))
        writer.send(.ping)
        writer.sendTaken(3)
        // Far more than the memory holds.
        func bytes(_ number: Int) -> [UInt8] {
            [UInt8](repeating: UInt8(number & 0xFF), count: number * 37 % 3_000)
        }
        let writing = Task {
            for number in 0..<200 {
                let frame = EncodedAudioFrame(bytes: bytes(number), timestampMicroseconds: 0)
                #expect(await writer.deliver(PackedFrame(frame), stream: UInt32(number)))
            }
            writer.close()
        }
        var all: [Heard] = []
        for await one in heard {
            all.append(one)
            if case .end = one { break }
        }
        await writing.value
        let expected: [Heard] =
            [.message("\(EngineMessage.ping)"), .taken(3)]
            + (0..<200).map { .frame(UInt32($0), bytes($0)) } + [.end(nil)]
        #expect(all == expected)
        #expect(!reader.isOpen)
        for descriptor in [ends.memory, back.memory, back.ours, back.theirs] {
            martlet_engine_close(descriptor)
        }
        // Who writes to nobody is told.
        #expect(
            await !writer.deliver(
                PackedFrame(EncodedAudioFrame(bytes: [1], timestampMicroseconds: 0)), stream: 1))
    }

    /// What a hostile end writes, and what is said of it.
    @Test(arguments: [
        ("nonsense", [UInt8]([0, 0, 0, 2, 1, 65])), ("no kind", [0, 0, 0, 1, 9]),
        ("too long", [255, 255, 255, 255]),
        ("a frame beyond the memory", notice(position: 4_000, count: 2_000)),
        ("a frame far away", notice(position: .max, count: 1)),
        ("a frame of all bytes there are", notice(position: 0, count: .max)),
        ("a frame of another kind", notice(position: 0, count: 8, kind: 1)),
        ("a release of what was never written", [0, 0, 0, 9, 3, 0, 0, 0, 0, 0, 0, 0, 1]),
    ])
    func aHostileEndIsCutOffAndNothingElse(_ name: String, _ bytes: [UInt8]) async throws {
        let ends = Ends(bytes: 5_000)
        let (heard, heardIn) = AsyncStream.makeStream(of: Heard.self)
        let connection = try await EngineConnection.open(
            ends.ours, outgoing: try SharedMemory(descriptor: ends.memory, isWritten: true),
            incoming: try SharedMemory(descriptor: ends.memory, isWritten: false),
            on: MultiThreadedEventLoopGroup.singleton.next(), listener: Self.listener(heardIn))
        let hostile = FileHandle(fileDescriptor: ends.theirs, closeOnDealloc: true)
        try hostile.write(contentsOf: Data(bytes))
        let reason = try await first(of: heard) { one -> String? in
            if case .end(let reason) = one { reason ?? "" } else { nil }
        }
        #expect(!reason.isEmpty, "\(name)")
        #expect(!connection.isOpen || reason != "")
        martlet_engine_close(ends.memory)
    }

    private static func notice(position: UInt64, count: UInt32, kind: UInt8 = 2) -> [UInt8] {
        var buffer = ByteBuffer(integer: UInt32(38))
        buffer.writeMultipleIntegers(UInt8(2), UInt32(1), kind, UInt32(9), UInt32(9), UInt32(0))
        buffer.writeMultipleIntegers(Int64(0), position, count)
        return Array(buffer.readableBytesView)
    }
}
