// The ICE agent of one session: told of datagrams and time, asked for datagrams and events.
// SPDX-License-Identifier: Apache-2.0

import STUN
package import Wire

/// One side of an ICE session with a single component (RTCP multiplexed, everything bundled), lite
/// or full (RFC 8445).
///
/// Drive it as every protocol object here: one input, then `pollTransmit` and `pollEvent` until
/// `nil`, then sleep until `nextDeadline`. It deviates from RFC 8445 where browsers do: a later
/// nomination moves the selected path without a restart, and pairs are never frozen (there is one
/// component of one stream).
package struct ICEAgent: ~Copyable {
    /// Where the session stands.
    enum Connection {
        case connecting, connected, disconnected, failed
    }

    /// Lite or full, as it was made.
    package let mode: ICEMode
    let tieBreaker: UInt64
    /// The role at present; a conflict may have changed it (RFC 8445 §7.3.1.1).
    package internal(set) var role: ICERole

    var connection = Connection.connecting
    /// Counts restarts; paths and replies remember under which credentials they stand.
    var generation: UInt32 = 0
    var local: ICEKeys
    /// The credentials before a restart, good until the first check with the new ones.
    var previousLocal: ICEKeys?
    var remote: ICEKeys?
    /// `remoteFragment:localFragment`, for our checks.
    var checkUsername: [UInt8] = []

    var paths: [ICEPath] = []
    var selectedIndex: Int?
    /// The generation in which the selected path was chosen.
    var selectedGeneration: UInt32 = 0
    var memory = ICERequestMemory()
    var replies: [ICEReply] = []
    var events: [ICEEvent] = []

    /// The latest time this agent was told.
    var now: MediaInstant
    /// When the current generation began to connect.
    var attemptStarted: MediaInstant
    /// When anything authenticated last came, STUN or media; at first when the agent was made.
    package internal(set) var lastReceived: MediaInstant
    /// When silence is judged next; may be earlier than needed, so that traffic need not move it.
    var livenessDeadline: MediaInstant?

    // Only a full agent uses what follows, but for the pacing and the count.
    var localCandidates: [ICELocalCandidate] = []
    var remoteCandidates: [ICECandidate] = []
    var transactionCount: UInt64 = 0
    var pacedUntil: MediaInstant
    /// When the first pair of this generation became usable.
    var firstUsable: MediaInstant?
    /// Whether the other pairs were woken since the selected one fell silent.
    var hasWokenOthers = false

    /// Makes an agent.
    /// - Parameters:
    ///   - local: Our credentials, as our description names them.
    ///   - remote: The peer's; a full agent checks only once it has them, a lite agent does not
    ///     need them.
    ///   - tieBreaker: A random number that settles a role conflict; different for every agent.
    package init(
        mode: ICEMode, local: ICECredentials, remote: ICECredentials?, tieBreaker: UInt64,
        now: MediaInstant
    ) {
        self.mode = mode
        self.tieBreaker = tieBreaker
        if case .full(let first) = mode { role = first } else { role = .controlled }
        self.local = ICEKeys(local)
        self.now = now
        attemptStarted = now
        lastReceived = now
        pacedUntil = now
        livenessDeadline = now + ICETiming.failedAfter
        if let remote { setRemote(remote) }
    }

    /// Whether this agent only answers.
    var isLite: Bool { mode == .lite }

    /// The path to send on; `nil` until one was nominated.
    package var selectedPath: TransportPath? { selectedIndex.map { paths[$0].path } }

    /// Whether a path was selected under the present credentials.
    package var hasPath: Bool { selectedIndex != nil && selectedGeneration == generation }

    /// Whether an authenticated check came from `path` (or a check of ours succeeded on it): only
    /// then may DTLS be taken from it. O(paths).
    package func isValidated(_ path: TransportPath) -> Bool {
        guard let index = index(of: path) else { return false }
        return paths[index].isValidated
    }

    /// Whether something authenticated came on `path` less than `ICETiming.disconnectedAfter` ago.
    /// O(paths).
    package func isHeard(on path: TransportPath, at now: MediaInstant) -> Bool {
        guard let index = index(of: path), paths[index].isValidated else { return false }
        return now - paths[index].lastReceived < ICETiming.disconnectedAfter
    }

    /// Takes the peer's credentials when they become known.
    package mutating func setRemote(_ credentials: ICECredentials) {
        if remote == nil { attemptStarted = now }
        let keys = ICEKeys(credentials)
        remote = keys
        checkUsername = keys.usernameFragment + [UInt8(ascii: ":")] + local.usernameFragment
    }

    /// Begins an ICE restart (RFC 8445 §9): from now on the new credentials hold, and the old ones
    /// until the first check with the new. The selected path stays in use until a path is nominated
    /// anew. A full agent forgets its remote candidates.
    package mutating func restart(
        local newLocal: ICECredentials, remote newRemote: ICECredentials?, at now: MediaInstant
    ) {
        self.now = max(self.now, now)
        generation &+= 1
        previousLocal = local
        local = ICEKeys(newLocal)
        remote = nil
        checkUsername = []
        attemptStarted = self.now
        firstUsable = nil
        remoteCandidates = []
        // What others saw of us may be something else now.
        localCandidates.removeAll {
            $0.candidate.kind == .peerReflexive || $0.candidate.kind == .serverReflexive
        }
        replies.removeAll(keepingCapacity: true)
        for index in paths.indices { paths[index].check = .idle }
        if connection == .failed {
            connection = .connecting
            lastReceived = self.now
        }
        livenessDeadline = lastReceived + ICETiming.disconnectedAfter
        if let newRemote { setRemote(newRemote) }
    }

    /// Takes one datagram that looks like STUN.
    /// - Throws: Why it was dropped. Nothing is ever answered to a message that is not
    ///   authenticated.
    package mutating func receive(
        _ datagram: Span<UInt8>, on path: TransportPath, at now: MediaInstant
    ) throws(ICEDropReason) {
        self.now = max(self.now, now)
        guard connection != .failed else { throw .failed }
        let message: STUNMessage
        do { message = try STUNMessage.parse(datagram) } catch { throw .malformed }
        if message.isBindingRequest {
            try receiveRequest(message, datagram, on: path)
        } else if message.isBindingSuccess || message.isBindingError {
            try receiveResponse(message, datagram, on: path)
        } else if !message.isBindingIndication {
            throw .unsupported
        }
    }

    /// Tells that authenticated media came on a path; keeps the session from counting as lost. A
    /// lite agent checks a path it does not know before it moves there (see `probe`).
    /// Cheap for the selected path.
    package mutating func noteTraffic(on path: TransportPath, at now: MediaInstant) {
        let known: Int
        if let selectedIndex, paths[selectedIndex].path == path {
            known = selectedIndex
        } else if let index = index(of: path), paths[index].isValidated {
            known = index
        } else {
            probe(path, at: now)
            return
        }
        self.now = max(self.now, now)
        noteAlive(at: known)
    }

    /// Tells the time: repeats checks, gives up on silence.
    package mutating func advance(to now: MediaInstant) {
        self.now = max(self.now, now)
        guard connection != .failed else { return }
        if isLite { advanceProbes() } else { advanceChecks() }
        if connection != .failed, let livenessDeadline, livenessDeadline <= self.now {
            judgeSilence()
        }
    }

    /// Writes the next datagram to send behind what `output` holds.
    /// - Parameter output: Needs `STUNWriter.byteCountMax` free bytes, else nothing is written.
    /// - Returns: The path to send it on; `nil` if there is nothing to send now.
    package mutating func pollTransmit(into output: inout OutputSpan<UInt8>) -> TransportPath? {
        guard output.freeCapacity >= STUNWriter.byteCountMax else { return nil }
        while !replies.isEmpty {
            let reply = replies.removeFirst()
            if write(reply, into: &output) { return reply.path }
        }
        return pollCheck(into: &output)
    }

    /// The next event; `nil` if there is none.
    package mutating func pollEvent() -> ICEEvent? {
        events.isEmpty ? nil : events.removeFirst()
    }

    /// When `advance` is to be called next; `nil` if nothing is pending.
    package var nextDeadline: MediaInstant? {
        guard connection != .failed else { return nil }
        var deadline = livenessDeadline
        let check = isLite ? nextSendingDeadline : nextCheckDeadline
        if let check, check < deadline ?? check + .seconds(1) { deadline = check }
        return deadline
    }
}
