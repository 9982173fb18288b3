// One run: warm up, join and leave, fill a room, tell it of one more, empty it.
// SPDX-License-Identifier: Apache-2.0
import Glibc

/// What the server holds at one moment.
struct ServerState {
    var process: ProcessFigures?
    var rooms: Int
    var participants: Int
    var webSockets: Int
    var sessions: Int

    /// Whether nobody is there any more.
    var isEmpty: Bool { rooms == 0 && participants == 0 && webSockets == 0 && sessions == 0 }
}

/// Drives the clients.
struct SignalBenchmarkRun {
    /// How many joins are under way at once.
    private static let windowMax = 64

    let options: SignalBenchmarkOptions

    func run() async throws -> SignalBenchmarkReport {
        let deadline = ContinuousClock.now + .seconds(options.seconds)
        if let address = options.address {
            return try await run(address, options.processID, deadline)
        }
        let server = try ServerProcess(memberCount: options.members)
        defer { server.stop() }
        return try await run(("127.0.0.1", server.port), server.processID, deadline)
    }

    private func run(
        _ address: (host: String, port: Int), _ processID: pid_t?,
        _ deadline: ContinuousClock.Instant
    ) async throws -> SignalBenchmarkReport {
        let swarm = Swarm(host: address.host, port: address.port, deadline: deadline)
        do {
            let report = try await measure(swarm, processID)
            await swarm.stop()
            return report
        } catch {
            let figures = (try? await swarm.metrics()) ?? [:]
            await swarm.stop()
            let slow = figures["martlet_slow_readers_total"] ?? 0
            throw BenchmarkFailure("\(error); \(slow) slow readers were cut off")
        }
    }

    private func measure(
        _ swarm: Swarm, _ processID: pid_t?
    ) async throws -> SignalBenchmarkReport {
        var report = SignalBenchmarkReport(options: options)
        // What is made once, by the first to come, is no growth.
        try await comeAndGo(swarm, room: "warm", count: 200)
        report.start = try await emptied(swarm, processID)
        try await comeAndGo(swarm, room: "churn", count: options.churn)
        report.afterChurn = try await emptied(swarm, processID)

        swarm.board.update { $0.joined = 0 }
        let began = SwarmBoard.now()
        var members: [Swarm.Member] = []
        for index in 0..<options.members {
            members.append(try await swarm.connect(room: "hall", name: "member-\(index)"))
            try await swarm.wait(for: "joins") {
                index + 1 - $0.joined < Self.windowMax
            }
        }
        try await swarm.wait(for: "the last joins") { $0.joined == options.members }
        report.joinSeconds = Double(swarm.board.snapshot.joinedAt - began) / 1e9
        report.full = try await state(swarm, processID)

        try await tell(swarm, &report)

        swarm.board.update { $0.left = 0 }
        for member in members { swarm.leave(member) }
        try await swarm.wait(for: "leaves") { $0.left == options.members }
        _ = try await emptied(swarm, processID)
        // The server looks every 10 s whether it has memory to give back.
        try await Task.sleep(for: .seconds(11))
        report.end = try await emptied(swarm, processID)
        return report
    }

    /// Lets many join and leave at once.
    private func comeAndGo(_ swarm: Swarm, room: String, count: Int) async throws {
        swarm.board.update { $0.left = 0 }
        for index in 0..<count {
            _ = try await swarm.connect(room: room, name: "guest-\(index)", leavesAtOnce: true)
            try await swarm.wait(for: "guests") { index + 1 - $0.left < Self.windowMax }
        }
        try await swarm.wait(for: "the last guests") { $0.left == count }
    }

    /// Lets one more join several times and measures when each member is told of it.
    private func tell(_ swarm: Swarm, _ report: inout SignalBenchmarkReport) async throws {
        for index in 0..<options.tellings {
            swarm.board.update { counts in
                counts.told = []
                counts.isWatching = true
                counts.left = 0
            }
            let began = SwarmBoard.now()
            let guest = try await swarm.connect(room: "hall", name: "guest-\(index)")
            try await swarm.wait(for: "everybody to be told") { $0.told.count == options.members }
            let told = swarm.board.snapshot.told
            swarm.board.update { $0.isWatching = false }
            report.tellings += told.map { Double($0 - began) / 1e6 }
            report.lastTellings.append(Double((told.max() ?? began) - began) / 1e6)
            swarm.leave(guest)
            try await swarm.wait(for: "the guest to leave") { $0.left == 1 }
        }
    }

    private func state(_ swarm: Swarm, _ processID: pid_t?) async throws -> ServerState {
        let figures = try await swarm.metrics()
        func figure(_ name: String) -> Int { figures["martlet_\(name)"] ?? -1 }
        return ServerState(
            process: processID.flatMap { ProcessFigures(of: $0) }, rooms: figure("rooms"),
            participants: figure("participants"), webSockets: figure("websockets"),
            sessions: figure("sessions"))
    }

    /// The state once the rooms have closed, which takes their time.
    private func emptied(_ swarm: Swarm, _ processID: pid_t?) async throws -> ServerState {
        try await swarm.wait(for: "the rooms to close") { _ in
            try await Task.sleep(for: .milliseconds(100))
            return try await state(swarm, processID).isEmpty
        }
        // The connection that asked is closed a moment later.
        try await Task.sleep(for: .seconds(1))
        return try await state(swarm, processID)
    }
}
