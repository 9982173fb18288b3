// How a load goes on, a line each second.
// SPDX-License-Identifier: Apache-2.0
import Glibc
import LoadGenerator
import MediaIO
import Wire

/// Prints lines on standard error.
final class LoadProgress {
    private static let interval = MediaDuration.seconds(1)
    private let start = MonotonicClock.now()
    private var nextAt = MonotonicClock.now()
    private var last: (at: MediaInstant, report: LoadReport)?

    /// Whether it is time for a line.
    var isDue: Bool { MonotonicClock.now() >= nextAt }

    /// Prints how many have come and what they got since the last line.
    func print(_ word: String, started: Int, asked: Int, ended: Int, report: LoadReport) {
        let now = MonotonicClock.now()
        nextAt = max(nextAt + Self.interval, now)
        var since = MediaDuration.seconds(1)
        var received = report.received
        var bytes = report.receivedBytes
        // Counters begin anew where measuring begins.
        if let last, last.report.received <= received {
            since = now - last.at
            received -= last.report.received
            bytes -= min(bytes, last.report.receivedBytes)
        }
        last = (now, report)
        let seconds = max(Double(since.nanoseconds) / 1e9, 1e-3)
        let line =
            "\(fixed(Double((now - start).nanoseconds) / 1e9, digits: 0)) s  \(word)  "
            + "connected \(report.connected) of \(asked)  failed \(ended)  "
            + "in \(fixed(Double(received) / seconds, digits: 0))/s "
            + "\(fixed(Double(bytes) * 8 / seconds / 1e6, digits: 1)) Mbit/s  lost \(report.lost)  "
            + "p99 \(fixed(Double(report.latency.quantile(0.99).nanoseconds) / 1e6, digits: 1)) ms\n"
        let text = Array(line.utf8)
        _ = unsafe text.withUnsafeBytes { unsafe write(STDERR_FILENO, $0.baseAddress, $0.count) }
    }
}
