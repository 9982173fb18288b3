// A measurement as a table, as JSON, and against its thresholds.
// SPDX-License-Identifier: Apache-2.0
import LoadGenerator
import MediaWorker
import Wire

/// What is printed.
struct BenchmarkReport {
    let options: BenchmarkOptions
    let result: BenchmarkResult

    private var rows: [(key: String, meaning: String, value: String)] { callRows + loopRows }

    /// What each of several loops did.
    private var loopRows: [(key: String, meaning: String, value: String)] {
        guard let oneLoop = result.oneLoop else { return [] }
        var rows: [(key: String, meaning: String, value: String)] = []
        for (index, cost) in result.costs.enumerated() {
            let packets = Double(max(1, cost.packetsSent))
            let perPacket = Double(cost.cpuTime.nanoseconds) / 1e3 / packets
            let share =
                Double(cost.cpuTime.nanoseconds) / Double(max(1, cost.wallTime.nanoseconds))
            rows += [
                ("loop_\(index)_packets", "loop \(index): datagrams sent", "\(cost.packetsSent)"),
                (
                    "loop_\(index)_us_per_packet", "loop \(index): CPU a datagram sent, us",
                    fixed(perPacket, digits: 2)
                ),
                (
                    "loop_\(index)_cpu_share", "loop \(index): share of one core",
                    fixed(share, digits: 3)
                ),
                (
                    "loop_\(index)_relayed", "loop \(index): messages relayed",
                    "\(cost.messagesRelayed)"
                ),
            ]
        }
        rows += [
            ("one_loop_us_per_packet", "one loop: CPU a packet, us", fixed(oneLoop, digits: 2)),
            (
                "ratio_to_one_loop", "CPU a packet against one loop",
                fixed(result.microsecondsPerPacket / max(oneLoop, 0.001), digits: 3)
            ),
        ]
        return rows
    }

    private var callRows: [(key: String, meaning: String, value: String)] {
        let cost = result.cost
        return [
            ("receivers", "receivers", "\(options.receivers)"),
            ("publishers", "publishers", "\(options.publishers)"),
            (
                "seconds_to_connect", "all connected after, s",
                fixed(result.secondsToConnect, digits: 2)
            ),
            (
                "packets_per_second", "forwarded packets a second",
                fixed(result.packetsPerSecond, digits: 0)
            ),
            (
                "us_per_packet", "CPU a forwarded packet, us",
                fixed(result.microsecondsPerPacket, digits: 2)
            ),
            ("cpu_share", "share of one core", fixed(result.cpuShare, digits: 3)),
            (
                "allocations_per_packet", "allocations a forwarded packet",
                fixed(result.allocationsPerPacket, digits: 5)
            ),
            ("allocations", "allocations in all", "\(cost.allocations)"),
            ("packets_received", "packets the receivers got", "\(result.load.received)"),
            ("packets_lost", "packets they missed", "\(result.load.lost)"),
            ("packets_unreadable", "packets that did not open", "\(result.load.failed)"),
            (
                "kernel_drops", "dropped by the kernel, both sides",
                "\(result.kernelDrops + result.load.kernelDrops)"
            ),
            ("latency_p50_us", "latency, median, us", "\(result.load.medianMicroseconds)"),
            ("latency_p99_us", "latency, 99 %, us", "\(result.load.p99Microseconds)"),
            (
                "load_cpu_share", "the load's share of another core",
                fixed(result.load.cpuShare, digits: 3)
            ),
            (
                "kilobytes_per_receiver", "resident memory a receiver, KB",
                fixed(Double(result.bytesPerReceiver) / 1_000, digits: 1)
            ),
            ("turns", "turns of the media loop", "\(cost.turns)"),
            ("send_calls", "sendmmsg calls", "\(result.sendCalls)"),
            ("segmented_runs", "segmented runs", "\(result.runs)"),
        ]
    }

    /// Aligned lines.
    var table: String {
        let width = rows.map(\.meaning.count).max() ?? 0
        var lines = rows.map { row in
            row.meaning + String(repeating: " ", count: width + 2 - row.meaning.count) + row.value
        }
        for drop in result.cost.drops { lines.append("dropped: \(drop.reason) \(drop.count)") }
        return lines.joined(separator: "\n")
    }

    /// One object on one line.
    var json: String {
        let fields = rows.map { "\"\($0.key)\": \($0.value)" }
        let drops = result.cost.drops.map { "\"\($0.reason)\": \($0.count)" }
        return "{" + fields.joined(separator: ", ") + ", \"drops\": {"
            + drops.joined(separator: ", ") + "}}"
    }

    /// The thresholds that were passed.
    var failures: [String] {
        var failures: [String] = []
        if let most = options.microsecondsMax, result.microsecondsPerPacket > most {
            failures.append(
                "\(fixed(result.microsecondsPerPacket, digits: 2)) us a packet, \(most) allowed")
        }
        if let most = options.kilobytesMax, Double(result.bytesPerReceiver) / 1_000 > most {
            failures.append("\(result.bytesPerReceiver / 1_000) KB a receiver, \(most) allowed")
        }
        if options.mustBeClean, result.load.lost + result.load.failed > 0 {
            failures.append("\(result.load.lost) packets lost, \(result.load.failed) unreadable")
        }
        // Audio levels told to the control plane and the checks of ICE may allocate, a few in a second
        // for each peer; packets may not.
        if options.mustBeClean, result.allocationsPerPacket > 0.01 {
            failures.append("\(result.allocationsPerPacket) allocations a packet")
        }
        return failures
    }
}
