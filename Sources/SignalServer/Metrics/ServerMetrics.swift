// The counters of the HTTP and WebSocket face.
// SPDX-License-Identifier: Apache-2.0
import Synchronization

/// Counters that connections raise as things happen; the metrics page reads them together.
final class ServerMetrics: Sendable {
    /// What has been counted so far.
    struct Counts: Sendable {
        var webSocketsOpened: UInt64 = 0
        var webSocketsOpen = 0
        var slowReadersDropped: UInt64 = 0
        var idleConnectionsDropped: UInt64 = 0
        var linksLost: UInt64 = 0
        var qualityReportsDropped: UInt64 = 0
        var sessionsResumed: UInt64 = 0
        var messagesEncoded: UInt64 = 0
        var messagesReceived: UInt64 = 0
        /// HTTP answers by class of status: index 0 for 1xx to 4 for 5xx.
        var responses: [UInt64] = [0, 0, 0, 0, 0]
        /// Refusals sent to clients, by error code; sorted by code.
        var refusals: [(code: Int, count: UInt64)] = []
    }

    private let counts = Mutex(Counts())

    /// Changes the counters in one step.
    func update(_ change: (inout Counts) -> Void) { counts.withLock { change(&$0) } }

    /// Counts an HTTP answer.
    func countResponse(status: Int) {
        counts.withLock { counts in
            let index = status / 100 - 1
            if counts.responses.indices.contains(index) { counts.responses[index] += 1 }
        }
    }

    /// Counts a refusal; codes come from our own table, so their number is bounded.
    func countRefusal(code: Int) {
        counts.withLock { counts in
            if let index = counts.refusals.firstIndex(where: { $0.code >= code }) {
                if counts.refusals[index].code == code {
                    counts.refusals[index].count += 1
                } else {
                    counts.refusals.insert((code, 1), at: index)
                }
            } else {
                counts.refusals.append((code, 1))
            }
        }
    }

    /// The counters now.
    func snapshot() -> Counts { counts.withLock { $0 } }
}
