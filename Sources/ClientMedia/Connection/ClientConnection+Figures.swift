// What a connection knows of its path, both ways.
// SPDX-License-Identifier: Apache-2.0
import RTP
import Wire

/// Loss, delay and jitter of a path, summed over the streams.
package struct PathTotals: Sendable, Equatable {
    /// The share lost on the way to the server as it last reported, 0 to 1; `nil`: nothing is sent.
    package var lossUp: Double?
    /// Packets that never came, in all.
    package var lost: Int64 = 0
    /// Packets that came, in all.
    package var packets: UInt64 = 0
    /// The round trip in nanoseconds; `nil`: not known.
    package var roundTripNanoseconds: Int64?
    /// The largest jitter of a stream in nanoseconds; `nil`: nothing was received.
    package var jitterNanoseconds: Int64?
}

extension ClientConnection {
    /// The path as of now.
    package var pathFigures: PathTotals {
        var totals = PathTotals()
        for sender in senders where sender.hasBegun {
            totals.lossUp = max(totals.lossUp ?? 0, sender.statistics.lossShare)
        }
        for receiver in receivers where receiver.hasBegun {
            let figures = receiver.figures
            totals.lost += figures.packetsLost
            totals.packets += figures.packets
            totals.jitterNanoseconds = max(
                totals.jitterNanoseconds ?? 0, figures.jitterNanoseconds)
        }
        totals.roundTripNanoseconds = roundTrip?.nanoseconds
        return totals
    }
}
