// One path of an agent (a candidate pair, seen from its transport addresses) and what is known of it.
// SPDX-License-Identifier: Apache-2.0

import STUN
import Wire

/// A check under way.
struct ICETransaction {
    let id: STUNTransactionID
    /// The role it claims.
    let role: ICERole
    /// Whether it carries USE-CANDIDATE to nominate its pair.
    let nominates: Bool
    /// How often it was sent.
    var sends: Int
    /// When it was last sent.
    var sent: MediaInstant
    /// When it is sent again or given up.
    var next: MediaInstant
}

/// What an agent does about a pair; a lite one leaves it `idle` unless it probes it.
enum ICECheck {
    /// Nothing is planned.
    case idle
    /// A new check is to start; a triggered one goes first (RFC 8445 §6.1.4.1).
    case scheduled(at: MediaInstant, isTriggered: Bool)
    /// A check was sent and has no response yet.
    case sent(ICETransaction)
}

/// A path and its state in the current generation of credentials.
struct ICEPath {
    let path: TransportPath
    /// Whether it is a TCP connection.
    let isStream: Bool
    /// The generation of credentials it was last checked under.
    var generation: UInt32
    /// The priority of the peer's candidate.
    var remotePriority: UInt32
    /// The priority of our candidate.
    var localPriority: UInt32
    /// Whether an authenticated message came on it, ever: DTLS and media are taken from it.
    var isValidated = false
    /// Whether media may go out on it: lite, a check came; full, a check of ours succeeded.
    var isUsable = false
    /// Whether a check without USE-CANDIDATE came on it: its peer nominates deliberately.
    var wasCheckedPlainly = false
    /// Whether the peer nominated it before a check of ours succeeded on it (we being controlled).
    var isNominationPending = false
    /// Whether its next check is to carry USE-CANDIDATE (we being controlling).
    var wantsNomination = false
    /// When it came into the table.
    var appeared: MediaInstant
    /// When something authenticated last came on it.
    var lastReceived: MediaInstant
    /// When one of our checks last succeeded on it.
    var lastResponse: MediaInstant?
    /// Where the peer saw that check come from.
    var mapped: NetworkAddress?
    var check = ICECheck.idle

    init(
        path: TransportPath, isStream: Bool, generation: UInt32, localPriority: UInt32,
        remotePriority: UInt32, now: MediaInstant
    ) {
        self.path = path
        self.isStream = isStream
        self.generation = generation
        self.localPriority = localPriority
        self.remotePriority = remotePriority
        appeared = now
        lastReceived = now
    }

    /// Forgets what held under older credentials.
    mutating func enter(generation: UInt32, at now: MediaInstant) {
        guard self.generation != generation else { return }
        self.generation = generation
        isUsable = false
        wasCheckedPlainly = false
        isNominationPending = false
        wantsNomination = false
        appeared = now
        check = .idle
    }

    /// The priority of the pair (RFC 8445 §6.1.2.3), for us in `role`.
    func priority(role: ICERole) -> UInt64 {
        let controlling = role == .controlling ? localPriority : remotePriority
        let controlled = role == .controlling ? remotePriority : localPriority
        return ICEPath.pairPriority(controlling: controlling, controlled: controlled)
    }

    /// `2^32 * min(G, D) + 2 * max(G, D) + (G > D ? 1 : 0)`; candidate priorities end at 2^31 - 1,
    /// so it fits.
    static func pairPriority(controlling: UInt32, controlled: UInt32) -> UInt64 {
        let left = min(controlling, 0x7FFF_FFFF)
        let right = min(controlled, 0x7FFF_FFFF)
        return UInt64(min(left, right)) << 32 | UInt64(max(left, right)) << 1
            | (left > right ? 1 : 0)
    }
}

/// A reply that waits for `pollTransmit`.
struct ICEReply {
    enum Content {
        case success
        case roleConflict
        case unknownAttributes(STUNUnknownAttributes)
    }

    let path: TransportPath
    let transactionID: STUNTransactionID
    /// The generation of credentials the request was verified with.
    let generation: UInt32
    let content: Content
}
