// The latest counters of every media loop.
// SPDX-License-Identifier: Apache-2.0
import MediaWorker
import Synchronization

/// Keeps what each loop last said of itself.
final class StatisticsBoard: Sendable {
    private let values: Mutex<[WorkerStatistics]>

    init(loopCount: Int) {
        values = Mutex([WorkerStatistics](repeating: WorkerStatistics(), count: loopCount))
    }

    /// Replaces the figures of one loop.
    func put(_ statistics: WorkerStatistics, loop: Int) {
        values.withLock { values in
            if values.indices.contains(loop) { values[loop] = statistics }
        }
    }

    /// The sum over all loops; drops by reason, in the order in which reasons were first seen.
    func total() -> WorkerStatistics {
        values.withLock { values in
            var total = WorkerStatistics()
            for value in values {
                total.packetsReceived += value.packetsReceived
                total.bytesReceived += value.bytesReceived
                total.packetsSent += value.packetsSent
                total.bytesSent += value.bytesSent
                total.nacksReceived += value.nacksReceived
                total.nacksSent += value.nacksSent
                total.retransmissionsSent += value.retransmissionsSent
                total.timesEchoed += value.timesEchoed
                total.keyframeRequestsReceived += value.keyframeRequestsReceived
                total.keyframeRequestsSent += value.keyframeRequestsSent
                total.probesSent += value.probesSent
                total.messagesRelayed += value.messagesRelayed
                total.paddingSent += value.paddingSent
                total.estimatedBitsPerSecond += value.estimatedBitsPerSecond
                total.peers += value.peers
                for drop in value.drops {
                    if let index = total.drops.firstIndex(where: { $0.reason == drop.reason }) {
                        total.drops[index].count += drop.count
                    } else {
                        total.drops.append(drop)
                    }
                }
            }
            return total
        }
    }
}
