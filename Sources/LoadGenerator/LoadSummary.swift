// What a load has shown, as a table and as JSON, and whether it can be trusted.
// SPDX-License-Identifier: Apache-2.0
package import Wire

/// A load's figures as they are printed.
package struct LoadSummary: Sendable {
    /// Of its one core the generator may use so much before its own slowness is what it measures.
    package static let cpuShareMax = 0.9

    /// What the clients counted.
    package var report: LoadReport
    /// How many published.
    package var publishers: Int
    /// How many received.
    package var receivers: Int
    /// How long each client took to join, in any order.
    package var joins: [MediaDuration]
    /// Datagrams that the kernel dropped at the clients' own sockets.
    package var kernelDrops: UInt64

    /// Holds the figures.
    package init(
        report: LoadReport, publishers: Int, receivers: Int, joins: [MediaDuration],
        kernelDrops: UInt64
    ) {
        self.report = report
        self.publishers = publishers
        self.receivers = receivers
        self.joins = joins
        self.kernelDrops = kernelDrops
    }

    /// The share of a core that the generator used.
    package var cpuShare: Double { report.cpuTime.seconds / max(report.wallTime.seconds, 1e-9) }

    /// Of what the receivers should have had, the share that they missed.
    package var lostShare: Double {
        Double(report.lost) / Double(max(1, report.received + report.lost))
    }

    /// Why the figures say nothing about the server; empty: they do.
    package var problems: [String] {
        var problems: [String] = []
        if cpuShare > Self.cpuShareMax {
            problems.append(
                "the load itself is the bottleneck: it used \(fixed(cpuShare * 100, digits: 0)) % of a core"
            )
        }
        if kernelDrops > 0 {
            problems.append(
                "the load itself was too slow: its sockets dropped \(kernelDrops) datagrams")
        }
        if report.received == 0, receivers > 0 { problems.append("nothing was received") }
        return problems
    }

    private var rows: [(key: String, meaning: String, value: String)] {
        let seconds = max(report.wallTime.seconds, 1e-9)
        let sorted = joins.sorted()
        func join(_ share: Double) -> String {
            guard !sorted.isEmpty else { return "0" }
            return Self.milliseconds(sorted[Int(Double(sorted.count - 1) * share)])
        }
        func latency(_ share: Double) -> String {
            Self.milliseconds(report.latency.count == 0 ? .zero : report.latency.quantile(share))
        }
        return [
            ("publishers", "publishers", "\(publishers)"),
            ("receivers", "receivers", "\(receivers)"),
            ("seconds", "measured for, s", fixed(seconds, digits: 1)),
            ("join_p50_ms", "joining, median, ms", join(0.5)),
            ("join_max_ms", "joining, slowest, ms", join(1)),
            (
                "sent_per_second", "packets sent a second",
                fixed(Double(report.sent) / seconds, digits: 0)
            ),
            (
                "received_per_second", "packets received a second",
                fixed(Double(report.received) / seconds, digits: 0)
            ),
            (
                "received_megabits", "received, Mbit/s",
                fixed(Double(report.receivedBytes) * 8 / seconds / 1e6, digits: 1)
            ),
            ("lost", "packets lost", "\(report.lost)"),
            ("lost_percent", "of all, %", fixed(lostShare * 100, digits: 3)),
            ("unreadable", "packets that did not open", "\(report.failed)"),
            ("latency_p50_ms", "latency, median, ms", latency(0.5)),
            ("latency_p95_ms", "latency, 95 %, ms", latency(0.95)),
            ("latency_p99_ms", "latency, 99 %, ms", latency(0.99)),
            (
                "load_cpu_percent", "the load's own CPU, % of a core",
                fixed(cpuShare * 100, digits: 1)
            ),
            ("load_drops", "dropped at the load's own sockets", "\(kernelDrops)"),
        ]
    }

    /// A line for each figure.
    package var table: String {
        let width = rows.map(\.meaning.count).max() ?? 0
        return rows.map { row in
            row.meaning + String(repeating: " ", count: width + 2 - row.meaning.count) + row.value
        }.joined(separator: "\n")
    }

    /// One object on one line.
    package var json: String {
        let fields = rows.map { "\"\($0.key)\": \($0.value)" }
        return "{" + fields.joined(separator: ", ") + ", \"valid\": \(problems.isEmpty)}"
    }

    private static func milliseconds(_ duration: MediaDuration) -> String {
        fixed(Double(duration.nanoseconds) / 1e6, digits: 2)
    }
}

extension MediaDuration {
    /// In seconds.
    fileprivate var seconds: Double { Double(nanoseconds) / 1e9 }
}

/// A number with so many digits behind the point, as JSON and people read it.
package func fixed(_ value: Double, digits: Int) -> String {
    var scale = 1.0
    for _ in 0..<digits { scale *= 10 }
    let scaled = (value * scale).rounded()
    guard scaled.magnitude < 1e15 else { return "0" }
    guard digits > 0 else { return "\(Int64(scaled))" }
    let whole = Int64(scaled)
    let fraction = String(whole.magnitude % UInt64(scale))
    let zeros = String(repeating: "0", count: digits - fraction.count)
    return "\(whole < 0 ? "-" : "")\(whole.magnitude / UInt64(scale)).\(zeros)\(fraction)"
}
