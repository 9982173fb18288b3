// Grades a network path by its loss, round trip and jitter, as the browser SDK does (web/src/networkGrade.ts).
// SPDX-License-Identifier: Apache-2.0
import Signaling

/// What is known of one direction; `nil` where nothing was measured.
struct PathFigures {
    /// The share of packets that did not arrive, 0 to 1.
    var loss: Double?
    var roundTripMilliseconds: Double?
    var jitterMilliseconds: Double?

    /// Up to which figures a grade holds; what is beyond the last is bad. Where conversation begins to suffer (ITU-T G.114:
    /// 150 ms one way) is the end of `fair`, and so is the loss that repairs of sound still hide.
    static let limits:
        [(grade: Signaling.NetworkGrade, loss: Double, roundTrip: Double, jitter: Double)] = [
            (.excellent, 0.01, 100, 20), (.good, 0.03, 200, 40), (.fair, 0.08, 300, 80),
            (.poor, 0.2, 600, 160),
        ]

    /// The grade of the worst figure; `unknown` where there is none, and never `down`.
    var grade: Signaling.NetworkGrade {
        guard loss != nil || roundTripMilliseconds != nil || jitterMilliseconds != nil else {
            return .unknown
        }
        let found = Self.limits.first { limit in
            (loss ?? 0) <= limit.loss && (roundTripMilliseconds ?? 0) <= limit.roundTrip
                && (jitterMilliseconds ?? 0) <= limit.jitter
        }
        return found?.grade ?? .bad
    }
}

/// Measures one's own network, and says when its grades change.
struct PathWatch {
    private var lost: Int64 = 0
    private var packets: UInt64 = 0
    private var told: NetworkQuality?

    /// Takes what was counted so far.
    /// - Parameters:
    ///   - lossUp: The share lost on the way to the server; `nil`: nothing is sent.
    ///   - lost: Packets lost on the way from it, in all.
    ///   - packets: Packets received from it, in all.
    /// - Returns: The grades, if they are others than before.
    mutating func measure(
        lossUp: Double?, lost: Int64, packets: UInt64, roundTripMilliseconds: Double?,
        jitterMilliseconds: Double?
    ) -> NetworkQuality? {
        let came = Double(packets &- self.packets)
        let missed = Double(max(0, lost &- self.lost))
        let isReceiving = packets > self.packets
        (self.lost, self.packets) = (lost, packets)
        let up = PathFigures(loss: lossUp, roundTripMilliseconds: roundTripMilliseconds)
        let down = PathFigures(
            loss: isReceiving ? missed / (came + missed) : nil,
            roundTripMilliseconds: roundTripMilliseconds,
            jitterMilliseconds: isReceiving ? jitterMilliseconds : nil)
        let quality = NetworkQuality(up: up.grade, down: down.grade)
        guard quality != told else { return nil }
        told = quality
        return quality
    }

    /// The server does not know what it was told: a new session.
    mutating func forget() { told = nil }
}
