// A media plane that only remembers what it was told.
// SPDX-License-Identifier: Apache-2.0
import MediaWorker
import Negotiation
import Synchronization

@testable import SignalServer

/// Takes commands, says what a test makes it say.
final class FakeMediaPlane: MediaPlane {
    let loopCount = 1
    let events: [AsyncStream<WorkerEvent>]
    private let eventsIn: AsyncStream<WorkerEvent>.Continuation
    private let state = Mutex<(commands: [WorkerCommand], isFull: Bool)>(([], false))

    init() {
        let (stream, continuation) = AsyncStream.makeStream(of: WorkerEvent.self)
        events = [stream]
        eventsIn = continuation
    }

    func submit(_ command: WorkerCommand, to loop: Int) -> Bool {
        if case .requestStatistics(let token) = command {
            var statistics = WorkerStatistics()
            statistics.packetsReceived = 1234
            statistics.drops = [DropCount(reason: "unknown_peer", count: 7)]
            eventsIn.yield(.statistics(token: token, statistics))
            return true
        }
        return state.withLock { state in
            if !state.isFull { state.commands.append(command) }
            return !state.isFull
        }
    }

    func hasSpace(in loop: Int) -> Bool { state.withLock { !$0.isFull } }

    /// Says something as a media loop would.
    func emit(_ event: WorkerEvent) { eventsIn.yield(event) }

    /// Makes every command bounce, or no longer.
    func setFull(_ isFull: Bool) { state.withLock { $0.isFull = isFull } }

    /// What it was told so far, one short line a command.
    var told: [String] {
        state.withLock { $0.commands }.map { command in
            switch command {
            case .addPeer(let peer, let media): "add \(peer) \(media.sections.count)"
            case .updatePeer(let peer, let media): "update \(peer) \(media.sections.count)"
            case .removePeer(let peer): "remove \(peer)"
            case .setSlot(let receiver, let mid, let source):
                "slot \(receiver)/\(mid) \(source.map { "\($0.publisher)/\($0.mid)" } ?? "-")"
            case .setPaused(let publisher, let mid, let isPaused):
                "\(isPaused ? "pause" : "resume") \(publisher)/\(mid)"
            case .addStandIn(let peer, _, let loop): "stand-in \(peer) of \(loop)"
            case .relayTrack(let publisher, let mid, let loop, let isRelayed):
                "\(isRelayed ? "relay" : "end") \(publisher)/\(mid) to \(loop)"
            case .acceptTrack(let publisher, let mid, let isAccepted):
                "\(isAccepted ? "accept" : "forget") \(publisher)/\(mid)"
            case .setRank(let publisher, let mid, let rank): "rank \(publisher)/\(mid) \(rank)"
            case .setQuality(let receiver, let mid, let quality):
                "quality \(receiver)/\(mid) \(quality.level)"
            case .requestStatistics: "statistics"
            }
        }
    }

    /// Waits until it was told `line`.
    func waitFor(_ line: String) async throws {
        for _ in 0..<400 {
            if told.contains(line) { return }
            try await Task.sleep(for: .milliseconds(5))
        }
        throw TestFailure("the media plane was never told \(line), only \(told)")
    }
}

/// A test that cannot go on.
struct TestFailure: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}
