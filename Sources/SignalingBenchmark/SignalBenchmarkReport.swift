// The figures of a run as a table.
// SPDX-License-Identifier: Apache-2.0

/// What was measured.
struct SignalBenchmarkReport {
    let options: SignalBenchmarkOptions
    var start: ServerState?
    var afterChurn: ServerState?
    var full: ServerState?
    var end: ServerState?
    var joinSeconds = 0.0
    /// From a join to each member's being told, in milliseconds.
    var tellings: [Double] = []
    /// From a join to the last member's being told.
    var lastTellings: [Double] = []

    init(options: SignalBenchmarkOptions) { self.options = options }

    /// The table that is printed.
    var table: String {
        var lines: [(String, String)] = [
            ("members of one room", "\(options.members)"),
            ("joins a second", text(Double(options.members) / max(joinSeconds, 0.001), 0)),
        ]
        if let before = afterChurn?.process, let after = full?.process {
            let members = Double(options.members)
            lines.append(
                (
                    "memory a member, KB",
                    text(Double(after.residentKilobytes - before.residentKilobytes) / members, 1)
                ))
            lines.append(
                (
                    "CPU of the server a join, ms",
                    text((after.cpuSeconds - before.cpuSeconds) * 1_000 / members, 2)
                ))
        }
        lines += [
            ("a join told to a member after, ms (p50)", text(percentile(tellings, 50), 1)),
            ("a join told to a member after, ms (p99)", text(percentile(tellings, 99), 1)),
            ("a join told to all after, ms (p50)", text(percentile(lastTellings, 50), 1)),
            ("a join told to all after, ms (p99)", text(percentile(lastTellings, 99), 1)),
        ]
        lines += rows("at the start", start)
        lines += rows("after \(options.churn) joins and leaves", afterChurn)
        lines += rows("with all members", full)
        lines += rows("after all have left", end)
        let width = (lines.map(\.0.count).max() ?? 0) + 2
        return lines.map { $0.0 + String(repeating: " ", count: width - $0.0.count) + $0.1 }
            .joined(separator: "\n")
    }

    private func rows(_ when: String, _ state: ServerState?) -> [(String, String)] {
        guard let state else { return [] }
        var words: [String] = []
        if let process = state.process {
            words.append("\(text(Double(process.residentKilobytes) / 1_024, 1)) MB")
            words.append("\(process.descriptors) descriptors")
        }
        words.append("\(state.rooms) rooms, \(state.participants) participants")
        words.append("\(state.webSockets) sockets, \(state.sessions) sessions")
        return [(when, words.joined(separator: ", "))]
    }

    private func percentile(_ values: [Double], _ percent: Int) -> Double {
        guard !values.isEmpty else { return 0 }
        let sorted = values.sorted()
        return sorted[min(sorted.count * percent / 100, sorted.count - 1)]
    }

    private func text(_ value: Double, _ digits: Int) -> String {
        var scale = 1.0
        for _ in 0..<digits { scale *= 10 }
        let scaled = (value * scale).rounded()
        guard digits > 0, scaled.magnitude < 1e15 else { return "\(Int64(value.rounded()))" }
        let whole = Int64(scaled)
        let fraction = String(whole.magnitude % UInt64(scale))
        let zeros = String(repeating: "0", count: digits - fraction.count)
        return "\(whole < 0 ? "-" : "")\(whole.magnitude / UInt64(scale)).\(zeros)\(fraction)"
    }
}
