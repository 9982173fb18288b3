// A load over the server's own signalling: from the first client's connecting to the last one's leaving.
// SPDX-License-Identifier: Apache-2.0
import LoadGenerator
import MediaIO
import NIOCore
import NIOPosix
import Signaling
import Wire

/// Joins at a steady rate, measures, and leaves.
struct SignaledLoad {
    /// How long clients have for leaving.
    private static let leaveTimeout = MediaDuration.seconds(10)
    private static let step = Duration.milliseconds(20)

    let cast: LoadCast
    let fleet: LoadFleet
    let server: LoadServer
    let keys: LoadKeys
    let profile: RoomProfile
    let joinRate: Int
    let joinTimeout: MediaDuration
    let seconds: Int
    let hasVideo: Bool
    let hasAudio: Bool
    let machine: LoadMachine
    let interruption: Interruption
    let progress: LoadProgress?

    /// Runs the load on an event loop of its own.
    /// - Throws: A `CommandFailure` if nobody comes in.
    func run() async throws -> LoadSummary {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        var sources: [TrackSource] = []
        if hasAudio { sources.append(.microphone) }
        if hasVideo { sources.append(.camera) }
        let lane = SignalingLane(
            SignalingLaneSettings(
                server: server.address, profile: profile, keys: keys, joinTimeout: joinTimeout,
                sources: sources),
            fleet: fleet, on: group.next())
        let result: Result<LoadSummary, any Error>
        do {
            result = .success(try await measure(lane))
        } catch {
            result = .failure(error)
        }
        await leave(lane)
        await lane.stop()
        fleet.stop()
        try? await group.shutdownGracefully()
        if case .failure(let failure as LoadFailure) = result {
            throw CommandFailure(failure.description)
        }
        return try result.get()
    }

    private func measure(_ lane: SignalingLane) async throws -> LoadSummary {
        let before = machine.look()
        let start = MonotonicClock.now()
        try await join(0..<cast.publishers, lane)
        try await settle(lane)
        try await join(cast.publishers..<cast.count, lane)
        try await settle(lane)
        let (joined, joins, failures) = try await judge(lane, since: start)
        guard !joined.isEmpty || interruption.isWished else { throw nobody(failures) }

        _ = await lane.takeAnswers()
        fleet.resetCounters()
        let middle = machine.look()
        let end = MonotonicClock.now() + .seconds(Int64(seconds))
        while MonotonicClock.now() < end, !interruption.isWished {
            try await pause("measuring", lane)
        }
        var summary = LoadSummary(
            report: try await fleet.report(), publishers: cast.publishers,
            receivers: cast.receivers, joined: joined.count, joins: joins,
            kernelDrops: fleet.kernelDrops)
        summary.rooms = cast.rooms.count
        summary.failures = failures
        summary.losses = LoadTally.of(try await losses(lane, of: joined))
        summary.signaling = await lane.takeAnswers()
        machine.note(before: before, joined: middle, end: machine.look(), in: &summary)
        return summary
    }

    // MARK: Joining

    private func join(_ numbers: Range<Int>, _ lane: SignalingLane) async throws {
        let start = MonotonicClock.now()
        for number in numbers {
            let due =
                start
                + MediaDuration(
                    nanoseconds: Int64(number - numbers.lowerBound) * 1_000_000_000
                        / Int64(joinRate))
            while MonotonicClock.now() < due, !interruption.isWished {
                try await pause("joining", lane, until: due)
            }
            guard !interruption.isWished else { return }
            await lane.start(try cast.part(number))
        }
    }

    /// Waits until all who have begun to join are in, or out.
    private func settle(_ lane: SignalingLane) async throws {
        let end = MonotonicClock.now() + joinTimeout
        while MonotonicClock.now() < end, !interruption.isWished {
            let counts = await lane.counts()
            let report = try await fleet.report()
            if counts.live + counts.ended == counts.started,
                report.connected + report.broken >= counts.live
            {
                return
            }
            try await pause("joining", lane)
        }
    }

    /// Finds out who came in, ends those without media, and says why others did not come in.
    private func judge(
        _ lane: SignalingLane, since start: MediaInstant
    ) async throws -> (joined: Set<Int>, joins: LoadJoins, failures: [LoadTally]) {
        let times = try await fleet.times()
        var joined: Set<Int> = []
        var joins = LoadJoins()
        var last = start
        var ends: [(name: String, text: String)] = []
        var mute: [Int: (LoadEnd, String)] = [:]
        for (number, session) in await lane.sessions() {
            if session.isLive, let media = times[number], let ready = media.connectedAt {
                joined.insert(number)
                joins.add(session, media)
                last = max(last, ready)
                continue
            }
            let end = Self.end(of: session, times[number])
            ends.append((end.0.name, end.1))
            mute[number] = end
        }
        await lane.end(mute)
        joins.span = last - start
        return (joined, joins, LoadTally.of(ends))
    }

    private static func end(
        of session: LoadSession, _ media: LoadClientTimes?
    ) -> (LoadEnd, String) {
        if let end = session.end { return (end, session.endText) }
        guard session.isLive, let media else { return (.unanswered, "no answer in time") }
        if media.pathAt == nil { return (.ice, media.failure ?? "no path to the media port") }
        return (.dtls, media.failure ?? "the handshake did not end in time")
    }

    private func losses(
        _ lane: SignalingLane, of joined: Set<Int>
    ) async throws -> [(name: String, text: String)] {
        let times = try await fleet.times()
        return await lane.sessions().compactMap { number, session in
            guard joined.contains(number) else { return nil }
            if let end = session.end { return (end.name, session.endText) }
            return times[number]?.failure.map { ("media", $0) }
        }
    }

    /// Why a load of which nobody came in is none.
    private func nobody(_ failures: [LoadTally]) -> CommandFailure {
        guard let first = failures.first else { return CommandFailure("nobody came in") }
        if first.name == LoadEnd.refused(ErrorCode.tokenRequired.rawValue).name {
            return CommandFailure(
                "\(server.text) lets nobody in without a token: give its key with --key NAME=SECRET or "
                    + KeyOptions.environmentName)
        }
        return CommandFailure("nobody came in: \(printable(first.text)) (\(first.name))")
    }

    // MARK: Waiting and leaving

    private func leave(_ lane: SignalingLane) async {
        await lane.leave()
        let end = MonotonicClock.now() + Self.leaveTimeout
        while MonotonicClock.now() < end, await lane.counts().connected > 0 {
            try? await Task.sleep(for: Self.step)
        }
    }

    /// Waits shortly, and tells how it goes on when it is time for that.
    private func pause(
        _ word: String, _ lane: SignalingLane, until due: MediaInstant? = nil
    ) async throws {
        var time = Self.step
        if let due {
            time = min(
                time, .nanoseconds(max(0, (due - MonotonicClock.now()).nanoseconds)))
        }
        try await Task.sleep(for: time)
        guard let progress, progress.isDue else { return }
        let counts = await lane.counts()
        progress.print(
            word, started: counts.started, asked: cast.count, ended: counts.ended,
            report: try await fleet.report())
    }
}
