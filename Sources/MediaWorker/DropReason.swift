// Why packets are dropped, and how many of each.
// SPDX-License-Identifier: Apache-2.0

/// Why a packet went no further. The raw values are places in ``DropCounters``.
package enum DropReason: UInt8, CaseIterable, Sendable {
    /// The first byte is of no protocol we speak (RFC 7983).
    case unknownProtocol
    /// A STUN message that names no peer of ours.
    case unknownUsername
    /// A STUN message that its ICE agent refused.
    case stunRefused
    /// A STUN message of one peer from an address that another is using.
    case pathInUse
    /// A packet from an address that has not proved itself by a connectivity check.
    case unknownAddress
    /// DTLS from a path without an authenticated check.
    case dtlsBeforeICE
    /// DTLS of which some was broken, out of place, or beyond a limit.
    case dtlsRefused
    /// Media before the handshake gave keys.
    case mediaBeforeDTLS
    /// An RTP packet that could not be read.
    case malformedRTP
    /// An RTCP packet that could not be read.
    case malformedRTCP
    /// A packet whose authentication failed.
    case authenticationFailed
    /// A packet seen before, or too old to tell.
    case replayed
    /// A stream that belongs to no negotiated section.
    case unknownStream
    /// More streams than one peer may send.
    case tooManyStreams
    /// A payload type that was not negotiated.
    case unknownPayloadType
    /// A packet of padding alone.
    case paddingOnly
    /// A retransmission that could not be unwrapped.
    case malformedRetransmission
    /// Redundant audio that could not be read, or that repeats another codec than Opus.
    case malformedRedundancy
    /// A packet of the history that came again.
    case duplicate
    /// A muted track's packet.
    case trackPaused
    /// A receiver has no codec for the packet.
    case codecNotNegotiated
    /// A receiver waits for a keyframe.
    case awaitingKeyframe
    /// The receiver cannot be reached yet, or no more.
    case receiverNotReady
    /// The receiver's queue of one turn was full.
    case outboxFull
    /// A packet was overwritten in the history before it was sent.
    case historyOverwritten
    /// A NACK for a packet that is gone.
    case retransmissionTooOld
    /// A NACK for a packet that was repeated less than a round trip ago.
    case repeatedLately
    /// A NACK beyond the receiver's budget.
    case retransmissionBudget
    /// More waited for the receiver's pacer than a quarter of a second carries.
    case pacerFull
    /// A packet that could not be encrypted or was larger than a datagram may be.
    case sealFailed
    /// A packet or message to another loop for which there was no room.
    case relayFull
    /// A packet of another loop for a track that nobody here shows.
    case relayUnknown

    /// The name as a metric's label.
    package var label: String {
        var label = ""
        var isAfterLowercase = false
        for character in String(describing: self) {
            if character.isUppercase, isAfterLowercase { label += "_" }
            isAfterLowercase = character.isLowercase
            label += character.lowercased()
        }
        return label
    }
}

/// One counter for each reason.
package struct DropCounters: Sendable {
    private var counts = InlineArray<64, UInt64>(repeating: 0)

    /// All at zero.
    package init() {}

    /// Counts one drop, or several of a kind.
    package mutating func count(_ reason: DropReason, times: UInt64 = 1) {
        counts[Int(reason.rawValue)] &+= times
    }

    /// How many were dropped for a reason.
    package subscript(_ reason: DropReason) -> UInt64 { counts[Int(reason.rawValue)] }

    /// All reasons that have occurred, in their order.
    package var nonZero: [DropCount] {
        DropReason.allCases.compactMap { reason in
            self[reason] == 0 ? nil : DropCount(reason: reason.label, count: self[reason])
        }
    }
}
