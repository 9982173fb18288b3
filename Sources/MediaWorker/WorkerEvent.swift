// What a media loop tells the control plane.
// SPDX-License-Identifier: Apache-2.0
package import Negotiation

/// One thing a media worker noticed.
package enum WorkerEvent: Sendable {
    /// The peer's DTLS handshake is done and its media may flow.
    case peerConnected(PeerID)
    /// Neither STUN nor SRTP came from the peer for a while; it may come back.
    case peerMediaLost(PeerID)
    /// The peer is heard again after `peerMediaLost`.
    case peerMediaResumed(PeerID)
    /// Nothing came from the peer for so long that it is given up.
    case peerTimedOut(PeerID)
    /// The peer's transport is beyond repair; the reason is for people.
    case peerFailed(PeerID, reason: String)
    /// The first packet of a section that the peer sends.
    case mediaStarted(PeerID, mid: String)
    /// From this RTP timestamp of the slot on, the slot shows `source`.
    case slotStarted(receiver: PeerID, mid: String, source: SlotBinding, rtpTimestamp: UInt32)
    /// The slot shows more or less of `source` from now on, as far as the receiver's path carries. Until the first
    /// such event it shows all that was asked for.
    case slotQuality(receiver: PeerID, mid: String, source: SlotBinding, ReceivedQuality)
    /// The layers of a section that anybody wants now, by RID (`""` without simulcast), and the most bits a second that
    /// somebody could use of some of them, as encoders count; until this is said, all, and without bound. `spatial`: of
    /// the sizes within a section's only stream not all are wanted.
    case layersWanted(
        PeerID, mid: String, layers: [String], maxBitrates: [String: Int], spatial: SpatialDemand?)
    /// How loud the speaking peers are; only those that changed.
    case audioLevels([AudioLevelReport])
    /// Somebody begins to speak, and so loud; the next `audioLevels` may be half a second away.
    case voiceStarted(AudioLevelReport)
    /// What the path to a receiver carries, in bits a second, IP and UDP headers counted: at once when
    /// it has changed by a tenth, else once a second while it changes.
    case bandwidth(PeerID, bitsPerSecond: Int)
    /// The answer to `WorkerCommand.requestStatistics`.
    case statistics(token: UInt64, WorkerStatistics)
}

/// How much of its source a slot shows.
package enum ReceivedQuality: UInt8, Sendable {
    /// All that was asked for.
    case full
    /// Less than that.
    case reduced
    /// Nothing.
    case paused
}

/// The loudness of one audio section, over the last interval or of its newest packet (RFC 6464).
package struct AudioLevelReport: Sendable, Equatable {
    /// The peer that sends the audio.
    package var publisher: PeerID
    /// The section of the publisher's offer that carries it.
    package var mid: String
    /// The level in -dBov: 0 is the loudest, 127 silence.
    package var level: UInt8

    /// Reports one section.
    package init(publisher: PeerID, mid: String, level: UInt8) {
        self.publisher = publisher
        self.mid = mid
        self.level = level
    }
}

/// How many of the sizes within one stream (spatial layers) anybody wants, counted from the smallest.
package struct SpatialDemand: Sendable, Equatable {
    /// How many are wanted, 1 to 7.
    package var wanted: UInt8
    /// How many there are where all are sent: more than are wanted, up to 8.
    package var total: UInt8

    /// Says how many of how many are wanted.
    package init(wanted: UInt8, total: UInt8) {
        self.wanted = wanted
        self.total = total
    }
}

/// The counters of one media worker since it was made.
package struct WorkerStatistics: Sendable, Equatable {
    /// Datagrams that came in, whatever they held.
    package var packetsReceived: UInt64 = 0
    /// Their bytes.
    package var bytesReceived: UInt64 = 0
    /// Datagrams that were handed to a socket.
    package var packetsSent: UInt64 = 0
    /// Their bytes.
    package var bytesSent: UInt64 = 0
    /// Sequence numbers that receivers asked for again.
    package var nacksReceived: UInt64 = 0
    /// Sequence numbers asked of publishers again.
    package var nacksSent: UInt64 = 0
    /// Packets repeated to receivers.
    package var retransmissionsSent: UInt64 = 0
    /// Times of receivers that were echoed, so that they learn their round trip.
    package var timesEchoed: UInt64 = 0
    /// Keyframe requests of receivers, PLI and FIR.
    package var keyframeRequestsReceived: UInt64 = 0
    /// Keyframe requests passed on to publishers.
    package var keyframeRequestsSent: UInt64 = 0
    /// Packets and requests handed to other loops, once for each.
    package var messagesRelayed: UInt64 = 0
    /// Probes of paths that were begun.
    package var probesSent: UInt64 = 0
    /// Packets of padding sent for them.
    package var paddingSent: UInt64 = 0
    /// The sum of the estimates of all receivers whose paths are known, in bits a second.
    package var estimatedBitsPerSecond: Int = 0
    /// Peers the worker holds now.
    package var peers: Int = 0
    /// Publishers of other loops who have a stand-in here now.
    package var standIns: Int = 0
    /// Dropped packets by reason, in a fixed order of reasons.
    package var drops: [DropCount] = []

    /// All counters at zero.
    package init() {}
}

/// How many packets were dropped for one reason.
package struct DropCount: Sendable, Equatable {
    /// A stable name fit for a metric's label: lower case and underscores.
    package var reason: String
    /// How many so far.
    package var count: UInt64

    /// Counts one reason.
    package init(reason: String, count: UInt64) {
        self.reason = reason
        self.count = count
    }
}
