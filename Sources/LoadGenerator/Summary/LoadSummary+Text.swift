// A load's figures as a table for people and as JSON for scripts: the same ones.
// SPDX-License-Identifier: Apache-2.0
import Wire

/// One line of figures.
private enum Row {
    /// A single figure, and its key in JSON.
    case figure(String, String, String)
    /// Four quantiles, in milliseconds, and what their keys begin with.
    case times(String, String, [MediaDuration])
    /// Counts by reason, and their key in JSON.
    case tallies(String, String, [LoadTally])
}

/// The quantiles that are told of times.
private let quantiles: [(name: String, share: Double)] = [
    ("p50", 0.5), ("p95", 0.95), ("p99", 0.99), ("max", 1),
]

extension LoadSummary {
    /// Titles and figures, quantiles in columns.
    package var table: String {
        let rows = rows
        let width = rows.map { $0.meaning.count }.max() ?? 0
        var lines: [String] = []
        var hasHead = false
        for row in rows {
            let title = row.meaning + String(repeating: " ", count: width - row.meaning.count)
            switch row {
            case .figure(_, _, let value):
                lines.append("\(title)  \(value)")
                hasHead = false
            case .times(_, _, let times):
                if !hasHead {
                    let names = quantiles.map { padded($0.name) }.joined()
                    lines.append(String(repeating: " ", count: width) + names)
                }
                hasHead = true
                lines.append(title + times.map { padded(milliseconds($0)) }.joined())
            case .tallies(_, _, let tallies):
                hasHead = false
                for tally in tallies {
                    lines.append("\(title)  \(tally.count) (\(tally.name): \(tally.text))")
                }
            }
        }
        return lines.joined(separator: "\n")
    }

    /// One object on one line.
    package var json: String {
        var fields: [String] = []
        for row in rows {
            switch row {
            case .figure(let key, _, let value): fields.append("\"\(key)\": \(value)")
            case .times(let key, _, let times):
                for (quantile, time) in zip(quantiles, times) {
                    fields.append("\"\(key)_\(quantile.name)_ms\": \(milliseconds(time))")
                }
            case .tallies(let key, _, let tallies):
                let counts = tallies.map { "\(quoted($0.name)): \($0.count)" }
                fields.append("\"\(key)\": {\(counts.joined(separator: ", "))}")
            }
        }
        let words = problems.map(quoted).joined(separator: ", ")
        fields.append("\"valid\": \(problems.isEmpty)")
        fields.append("\"problems\": [\(words)]")
        return "{" + fields.joined(separator: ", ") + "}"
    }

    private var rows: [Row] { people + joining + traffic + machine }

    private var people: [Row] {
        [
            .figure("publishers", "publishers", "\(publishers)"),
            .figure("receivers", "receivers", "\(receivers)"),
            .figure("rooms", "rooms", "\(rooms)"),
            .figure("joined", "joined", "\(joined)"),
            .figure("failed", "failed to join", "\(failures.reduce(0) { $0 + $1.count })"),
            .tallies("failures", "  of them", failures),
            .figure("gone", "gone before the end", "\(losses.reduce(0) { $0 + $1.count })"),
            .tallies("losses", "  of them", losses),
        ]
    }

    private var joining: [Row] {
        let span = Double(joins.span.nanoseconds) / 1e9
        var rows: [Row] = [
            .figure(
                "joins_per_second", "joins a second",
                fixed(span > 0 ? Double(joined) / span : 0, digits: 1))
        ]
        func add(_ key: String, _ meaning: String, _ times: LoadTimes) {
            var times = times
            guard times.count > 0 else { return }
            rows.append(.times(key, meaning, quantiles.map { times.quantile($0.share) }))
        }
        add("join", "joining, ms", joins.whole)
        add("join_websocket", "  until the WebSocket is open", joins.webSocket)
        add("join_admission", "  until the server has let in", joins.admission)
        add("join_ice", "  until ICE has a path", joins.ice)
        add("join_dtls", "  until DTLS is done", joins.dtls)
        add("join_first_media", "then to the first media", joins.firstMedia)
        return rows
    }

    private var traffic: [Row] {
        let seconds = max(Double(report.wallTime.nanoseconds) / 1e9, 1e-9)
        func rate(_ count: UInt64) -> String { fixed(Double(count) / seconds, digits: 0) }
        func megabits(_ bytes: UInt64) -> String {
            fixed(Double(bytes) * 8 / seconds / 1e6, digits: 1)
        }
        func add(_ key: String, _ meaning: String, _ times: LatencyHistogram) -> Row {
            .times(key, meaning, quantiles.map { times.quantile($0.share) })
        }
        return [
            .figure("seconds", "measured for, s", fixed(seconds, digits: 1)),
            .figure("sent_per_second", "packets sent a second", rate(report.sent)),
            .figure("sent_megabits", "sent, Mbit/s", megabits(report.sentBytes)),
            .figure("received_per_second", "packets received a second", rate(report.received)),
            .figure("received_megabits", "received, Mbit/s", megabits(report.receivedBytes)),
            .figure("lost", "packets lost", "\(report.lost)"),
            .figure("lost_percent", "of all, %", fixed(lostShare * 100, digits: 3)),
            .figure("repeated", "repetitions and padding", "\(report.repeated)"),
            .figure("unreadable", "packets that did not open", "\(report.failed)"),
            add("latency", "latency of media, ms", report.latency),
            add("signaling", "answer to a ping, ms", signaling),
            add("late", "packets sent late, ms", report.lateness),
        ]
    }

    private var machine: [Row] {
        let clients = max(1, joined)
        func megabytes(_ bytes: Int) -> String { fixed(Double(bytes) / 1e6, digits: 1) }
        func each(_ bytes: Int) -> String {
            fixed(Double(max(0, bytes)) / 1_000 / Double(clients), digits: 1)
        }
        func perJoin(_ seconds: Double) -> String {
            fixed(seconds * 1_000 / Double(clients), digits: 2)
        }
        var rows: [Row] = []
        if let (id, process) = server {
            rows += [
                .figure("server_pid", "the server's process", "\(id)"),
                .figure(
                    "server_cpu_percent", "  CPU, % of a core",
                    fixed(process.cores * 100, digits: 1)),
                .figure(
                    "server_cpu_join_ms", "  CPU of a join, ms", perJoin(process.joiningSeconds)),
                .figure("server_rss_mb", "  resident memory, MB", megabytes(process.residentBytes)),
                .figure("server_client_kb", "  of it a client, KB", each(process.grownBytes)),
            ]
        }
        rows += [
            .figure(
                "load_cpu_percent", "the load's CPU, % of a core", fixed(own.cores * 100, digits: 1)
            ),
            .figure(
                "load_thread_percent", "  its busiest media thread, %",
                fixed(report.busiestShare * 100, digits: 1)),
            .figure("load_cpu_join_ms", "  CPU of a join, ms", perJoin(own.joiningSeconds)),
            .figure("load_rss_mb", "  resident memory, MB", megabytes(own.residentBytes)),
            .figure("load_client_kb", "  of it a client, KB", each(own.grownBytes)),
            .figure("load_drops", "  dropped at its sockets", "\(kernelDrops)"),
        ]
        if let otherCores {
            rows.append(
                .figure(
                    "others_cpu_percent", "others here, % of a core",
                    fixed(otherCores * 100, digits: 1)))
        }
        return rows
    }
}

extension Row {
    fileprivate var meaning: String {
        switch self {
        case .figure(_, let meaning, _), .times(_, let meaning, _), .tallies(_, let meaning, _):
            meaning
        }
    }
}

private func milliseconds(_ duration: MediaDuration) -> String {
    fixed(Double(duration.nanoseconds) / 1e6, digits: 2)
}

private func padded(_ text: String) -> String {
    String(repeating: " ", count: max(1, 12 - text.count)) + text
}

/// Text as a string of JSON: what would need an escape is left out, as it may come from a server.
private func quoted(_ text: String) -> String {
    let plain = text.unicodeScalars.filter {
        $0.value >= 0x20 && $0.value < 0x7F && $0 != "\"" && $0 != "\\"
    }
    return "\"" + String(String.UnicodeScalarView(plain)) + "\""
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
