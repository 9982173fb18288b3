// What an ICE agent is configured with, reports and refuses, and its limits and times.
// SPDX-License-Identifier: Apache-2.0

package import Wire

/// Which side chooses the pair (RFC 8445 §6.1.1).
package enum ICERole: Sendable, Equatable {
    /// Nominates.
    case controlling
    /// Follows the nomination.
    case controlled
}

/// How much of ICE an agent does (RFC 8445 §2.5).
package enum ICEMode: Sendable, Equatable {
    /// Answers checks on an address the peer can reach, and is always controlled.
    case lite
    /// Checks as well; starts in this role.
    case full(ICERole)
}

/// What an agent reports.
package enum ICEEvent: Sendable, Equatable {
    /// A path had its first authenticated check: DTLS may be accepted from it.
    case validated(TransportPath)
    /// The path to send on from now on; again after a nomination of another path, and after a
    /// restart.
    case selected(TransportPath)
    /// Nothing authenticated came for `ICETiming.disconnectedAfter`.
    case disconnected
    /// Something authenticated came again after `.disconnected`.
    case resumed
    /// Nothing came for `ICETiming.failedAfter`: only a restart can help.
    case failed
}

/// Why a datagram was dropped; each is to be counted.
package enum ICEDropReason: Int, Error, Equatable, Sendable, CaseIterable {
    /// Not a STUN message, or one with a wrong length, attribute or fingerprint.
    case malformed
    /// A method or class that ICE does not have.
    case unsupported
    /// A request or response without USERNAME or MESSAGE-INTEGRITY. Nothing is answered.
    case unauthenticated
    /// A request for a username fragment that is not ours.
    case unknownUsername
    /// MESSAGE-INTEGRITY does not match. Nothing is answered.
    case wrongIntegrity
    /// A response to nothing we asked.
    case unknownTransaction
    /// A response from another path than its request went to (RFC 8445 §7.2.5.2.1).
    case asymmetricResponse
    /// A request whose transaction came on another path before: a replay.
    case replayed
    /// More requests wait for their replies than `ICELimits.replies`.
    case tooManyReplies
    /// The session has failed.
    case failed
}

/// The bounds of an agent's memory.
package enum ICELimits {
    /// Paths kept by a lite agent; the one silent for longest gives way, never the selected one.
    package static let litePaths = 16
    /// Paths (pairs) kept by a full agent.
    package static let fullPaths = 48
    /// Local candidates of a full agent.
    package static let localCandidates = 16
    /// Remote candidates of a full agent.
    package static let remoteCandidates = 32
    /// Replies waiting to be polled.
    package static let replies = 16
    /// Events waiting to be polled; the oldest gives way.
    package static let events = 64
    /// Paths that a lite agent checks at a time.
    package static let probes = 2
    /// Requests remembered to recognise a repeated or replayed transaction.
    package static let rememberedRequests = 64
}

/// The times an agent keeps.
package enum ICETiming {
    /// Silence until `.disconnected`. Firefox checks every 6 s only.
    package static let disconnectedAfter = MediaDuration.seconds(7)
    /// Silence until `.failed`; also how long consent lasts (RFC 7675 §5.1).
    package static let failedAfter = MediaDuration.seconds(30)
    /// Silence after which an unselected path is forgotten.
    package static let pathForgottenAfter = MediaDuration.seconds(30)
    /// Silence of the selected path after which any other nominated path replaces it.
    package static let selectedSilentAfter = MediaDuration.seconds(2)
    /// The least time between two new checks (RFC 8445 §14.2 leaves it from 5 ms up).
    package static let pacing = MediaDuration.milliseconds(20)
    /// The wait before a check is first repeated; doubles up to `repeatMax`. RFC 8445 §14.3 starts
    /// at 500 ms; browsers at 250 ms, which halves the price of a lost check.
    package static let repeatMin = MediaDuration.milliseconds(250)
    /// The longest wait between two sendings of one check.
    package static let repeatMax = MediaDuration.seconds(1)
    /// How often one check is sent.
    package static let sendsPerCheck = 7
    /// The wait before a lite agent repeats a check of its own, doubled up to `repeatMax`: media
    /// waits for the answer.
    package static let probeRepeatMin = MediaDuration.milliseconds(100)
    /// How often a lite agent sends one check.
    package static let sendsPerProbe = 4
    /// How long a lite agent leaves a path alone that did not answer.
    package static let probeRest = MediaDuration.seconds(2)
    /// How long after its last sending a check is repeated at once because the peer was heard on
    /// its path.
    package static let triggeredRepeatAfter = MediaDuration.milliseconds(100)
    /// After how many sendings without a response the selected pair may be dead.
    package static let sendsUntilSuspect = 3
    /// The wait before a pair that failed is tried again while there is no better one.
    package static let retryAfter = MediaDuration.seconds(1)
    /// The mean time between consent checks; each is 0.8 to 1.2 times that (RFC 7675 §5.1).
    package static let consentInterval = MediaDuration.seconds(5)
    /// The time between checks that keep an unselected pair usable.
    package static let backupInterval = MediaDuration.seconds(10)
    /// How long a first valid pair waits for a better one before it is nominated.
    package static let nominationPatience = MediaDuration.milliseconds(150)
    /// How long TCP that works waits for UDP before it is nominated: a lost check of UDP is repeated
    /// within. A pair of UDP that answers later is nominated in its place.
    package static let streamPatience = MediaDuration.milliseconds(500)
    /// The mean time until pairs that gave no answer are tried again while TCP or a relay is in use.
    package static let betterRetriedAfter = MediaDuration.seconds(15)
}
