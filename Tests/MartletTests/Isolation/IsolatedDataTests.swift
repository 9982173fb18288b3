// That data streams go on in another engine, with what waits in them, and that what was under way is told to be lost.
// SPDX-License-Identifier: Apache-2.0
import CEngineProcess
import Foundation
import Synchronization
import Testing

@testable import Martlet

@Suite(.serialized, .timeLimit(.minutes(1))) struct IsolatedDataTests {
    /// The packets that came up to the one that is looked for.
    private static func packets(
        _ events: AsyncStream<RoomEvent>, to last: UInt8
    ) async throws -> [[UInt8]] {
        let found = Mutex<[[UInt8]]>([])
        return try await first(of: events) { event in
            guard case .dataReceived(from: "ada", _, let bytes, _) = event else { return nil }
            return found.withLock { found in
                found.append(bytes)
                return bytes == [last] ? found : nil
            }
        }
    }

    /// Lets a process get no turn any more.
    private static func stop(_ process: Int32) async throws {
        kill(process, SIGSTOP)
        for _ in 0..<500 {
            let status = try String(contentsOfFile: "/proc/\(process)/status", encoding: .utf8)
            if status.contains("State:\tT") { return }
            try await Task.sleep(for: .milliseconds(2))
        }
        throw TestFailure("the engine goes on")
    }

    @Test func D01_D12_G06_aDataStreamGoesOnInAnotherEngine() async throws {
        try await withServer { server in
            var options = EngineOptions()
            options.restarts = true
            let room = Room(isolation: .process(options))
            try await room.join(JoinOptions(server: server, room: "demo", participant: "ada"))
            let other = Room()
            try await other.join(JoinOptions(server: server, room: "demo", participant: "bob"))
            let (received, told) = (other.events, room.events)
            let gone = try await room.localParticipant.openDataStream()
            let stream = try await room.localParticipant.openDataStream()
            await gone.close()
            try await stream.send([1])
            #expect(try await Self.packets(received, to: 1) == [[1]])
            let later = other.events

            // The engine gets no turn: what it is given is under way, and what comes then waits.
            let engine = try #require(await room.engineProcess)
            // What was sent is done with.
            while await room.engine?.waitingPackets(in: stream.number) != 0 { await Task.yield() }
            try await Self.stop(engine)
            try await stream.send([2])
            try await stream.trySend([3])
            try await stream.send([4])
            martlet_engine_kill(engine)
            let lost = try await first(of: told) { event -> Int? in
                if case .dataLost(let stream) = event { stream } else { nil }
            }
            #expect(lost == stream.number)
            try await stream.send([5])
            // All the others arrive, each once and in order.
            let rest = try await Self.packets(later, to: 5)
            #expect(rest == [[3], [4], [5]])

            #expect(await errorCode { try await gone.send([1]) } == 7001)
            await room.leave()
            #expect(await errorCode { try await stream.send([1]) } == 7001)
            await other.leave()
        }
    }

    @Test func whoWaitsForRoomIsToldOfTheEnd() async throws {
        try await withServer { server in
            let room = Room(isolation: .process())
            try await room.join(JoinOptions(server: server, room: "demo", participant: "ada"))
            let other = Room()
            try await other.join(JoinOptions(server: server, room: "demo", participant: "bob"))
            let seen = other.events
            let stream = try await room.localParticipant.openDataStream()
            // What no room takes is refused at once, and nothing is queued.
            let large = [UInt8](repeating: 0, count: 32_769)
            #expect(await errorCode { try await stream.send(large) } == 7002)
            #expect(await errorCode { try await stream.trySend(large) } == 7002)
            let engine = try #require(await room.engineProcess)
            try await Self.stop(engine)
            for number in UInt8(0)..<64 { try await stream.trySend([number]) }
            #expect(await errorCode { try await stream.trySend([64]) } == 7003)
            let (given, waiting) = (
                Task { await errorCode { try await stream.send([64]) } },
                Task { await errorCode { try await stream.send([65]) } }
            )
            given.cancel()
            #expect(await given.value == 6004)
            martlet_engine_kill(engine)
            // Nothing takes its place.
            #expect(await waiting.value == 7001)
            try await first(of: seen) {
                if case .participantInterrupted("ada") = $0 { () } else { nil }
            }
            await other.leave()
        }
    }
}
