// A load by WHIP and WHEP: its clients join one after the other.
// SPDX-License-Identifier: Apache-2.0
import LoadGenerator
import Wire

/// From the first client's offer to the last one's leaving.
struct OfferedLoad {
    let sessions: LoadSessions
    let clients: LoadClients
    let publishers: Int
    let receivers: Int
    let seconds: Int
    let machine: LoadMachine
    let interruption: Interruption

    /// Joins, measures and leaves.
    /// - Throws: A `CommandFailure` if somebody does not come in or is lost.
    func run() async throws -> LoadSummary {
        let result: Result<LoadSummary, any Error>
        do {
            result = .success(try await measure())
        } catch {
            result = .failure(error)
        }
        await clients.stop()
        await sessions.leave()
        if case .failure(let failure as LoadFailure) = result {
            throw CommandFailure(failure.description)
        }
        return try result.get()
    }

    private func measure() async throws -> LoadSummary {
        let before = machine.look()
        var joins = LoadJoins()
        var joined = 0
        while joined < publishers + receivers, !interruption.isWished {
            let took = try await sessions.join(clients, publishes: joined < publishers)
            joins.whole.add(took)
            joins.span = joins.span + took
            joined += 1
            if joined == publishers { await clients.publish() }
        }
        await clients.resetCounters()
        let middle = machine.look()
        for _ in 0..<(10 * seconds) where !interruption.isWished {
            try await Task.sleep(for: .milliseconds(100))
        }
        var summary = LoadSummary(
            report: try await clients.report(), publishers: publishers, receivers: receivers,
            joined: joined, joins: joins, kernelDrops: await clients.kernelDrops)
        machine.note(before: before, joined: middle, end: machine.look(), in: &summary)
        return summary
    }
}
