// What media loops hand each other, and the door it leaves through.
// SPDX-License-Identifier: Apache-2.0
package import Forwarding
package import Wire

/// One thing that a worker tells another of the same process. Plain bits, to be copied into shared memory.
package enum RelayMessage: Sendable {
    /// A packet of a stream, opened and understood; its payload travels beside it, and before this the dependency
    /// descriptor if it has one (``HistoryEntry/relayedParts(in:)``).
    case packet(RelayedStream, HistoryEntry, RelayedPacketKind)
    /// All past packets of a stream have been handed over: receivers may begin with them.
    case caughtUp(RelayedStream)
    /// A sender report of the publisher on a stream, and how its clock differs from ours.
    case report(RelayedStream, StreamReport, PublisherClock)
    /// Somebody needs a keyframe of a stream, to begin with (`toStart`) or because of losses.
    case keyframeWanted(RelayedStream, toStart: Bool)
    /// How many layers from the smallest are wanted of what `publisher` sends in a section, and what can be borne of
    /// the smallest (`nil`: nobody is held to it).
    case layersWanted(publisher: UInt64, section: UInt16, count: UInt8, RateNeed?)
    /// What the smallest size of a section took before its publisher was held to less, in bits/s; 0: it is not.
    case unlimitedRate(publisher: UInt64, section: UInt16, bitsPerSecond: Int64)
}

/// How a relayed packet came to the loop of its publisher.
package enum RelayedPacketKind: UInt8, Sendable {
    /// Sent for the first time.
    case fresh
    /// Sent again because it was lost.
    case repeated
    /// Before the stream was relayed: it is kept to begin with, and not forwarded by itself.
    case past
}

/// The time and timestamp of a sender report (RFC 3550 §6.4.1).
package struct StreamReport: Sendable, Equatable {
    /// The publisher's NTP time, 32.32 bits.
    package var ntp: UInt64
    /// The stream's timestamp at that time.
    package var timestamp: RTPTimestamp

    /// Holds what a report says.
    package init(ntp: UInt64, timestamp: RTPTimestamp) {
        self.ntp = ntp
        self.timestamp = timestamp
    }
}

/// Where what a worker tells other workers goes: the rings of a process, or the other worker of a test.
package protocol RelayDoor: ~Copyable {
    /// Hands a message over; the payload is copied, and empty for all but packets.
    /// - Parameter loop: Which loop it is for, 0 to 63.
    /// - Returns: `false` if there is no room for it. Packets leave some room for the other messages.
    mutating func relay(_ message: RelayMessage, payload: Span<UInt8>, to loop: Int) -> Bool
}
