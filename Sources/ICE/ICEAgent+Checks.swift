// The checks that a full agent sends: pairs, transactions and their responses.
// SPDX-License-Identifier: Apache-2.0

import MediaCrypto
import STUN
import Wire

/// A candidate of our own and the socket that it sends from.
struct ICELocalCandidate {
    let candidate: ICECandidate
    let socket: UInt16

    /// Whether both are the same address of the host, on whichever ports.
    func isSameHost(as other: ICECandidate) -> Bool {
        candidate.kind == .host && other.kind == .host && candidate.transport == other.transport
            && candidate.address.with(port: 0) == other.address.with(port: 0)
    }
}

extension ICEAgent {
    /// Adds a candidate of ours and pairs it with the peer's. For a full agent; a lite one needs
    /// none.
    /// - Parameter socket: The socket its datagrams leave by, as in `TransportPath`. What belongs to
    ///   TCP has a number that no UDP socket has: each of its paths is a connection.
    /// - Returns: `false` if it is of no use: known, too many, neither UDP nor active TCP, not
    ///   component 1, or no address of a host.
    @discardableResult
    package mutating func addLocalCandidate(_ candidate: ICECandidate, socket: UInt16) -> Bool {
        guard !isLite, candidate.canCheck else { return false }
        let local = ICELocalCandidate(candidate: candidate, socket: socket)
        let known = localCandidates.firstIndex {
            $0.socket == socket
                && ($0.candidate.address == candidate.address || $0.isSameHost(as: candidate))
        }
        if let known {
            // What the peer saw first and we learn otherwise now, or the new port of a socket opened again.
            guard
                localCandidates[known].candidate.kind == .peerReflexive
                    || localCandidates[known].candidate.address != candidate.address
            else { return false }
            localCandidates[known] = local
            return true
        }
        guard localCandidates.count < ICELimits.localCandidates else { return false }
        localCandidates.append(local)
        for remote in remoteCandidates { pair(local, with: remote) }
        return true
    }

    /// Adds a candidate of the peer and pairs it with ours. For a full agent; a lite one learns the
    /// peer from its checks.
    /// - Returns: `false` if it is of no use: too many, neither UDP nor passive TCP, not component 1,
    ///   no address of a host, or of another session.
    @discardableResult
    package mutating func addRemoteCandidate(_ candidate: ICECandidate) -> Bool {
        guard !isLite, candidate.canBeChecked, remoteCandidates.count < ICELimits.remoteCandidates
        else { return false }
        if let fragment = candidate.usernameFragment, let remote,
            Array(fragment.utf8) != remote.usernameFragment
        {
            return false
        }
        remoteCandidates.append(candidate)
        for local in localCandidates { pair(local, with: candidate) }
        return true
    }

    /// Forgets a socket that was closed, with all its paths.
    package mutating func removeLocalCandidates(ofSocket socket: UInt16) {
        localCandidates.removeAll { $0.socket == socket }
        if let selectedIndex, paths[selectedIndex].path.socket == socket {
            self.selectedIndex = nil
        }
        for index in paths.indices.reversed() where paths[index].path.socket == socket {
            forget(index)
        }
        wakeOthers()
    }

    /// The priority of the candidate behind a socket.
    func localPriority(ofSocket socket: UInt16) -> UInt32 {
        for local in localCandidates where local.socket == socket {
            return local.candidate.priority
        }
        return ICEAgent.assumedLocalPriority
    }

    /// Plans a check of a path after the peer checked it (RFC 8445 §7.3.1.4).
    mutating func trigger(_ index: Int) {
        guard paths[index].generation == generation, !paths[index].isUsable else { return }
        switch paths[index].check {
        case .idle, .scheduled:
            paths[index].check = .scheduled(at: now, isTriggered: true)
        case .sent(var transaction):
            guard !paths[index].isStream else { return }
            // What we sent before may have met a closed NAT; it is open now.
            guard transaction.sends < ICETiming.sendsPerCheck,
                now - transaction.sent >= ICETiming.triggeredRepeatAfter
            else { return }
            transaction.next = now
            paths[index].check = .sent(transaction)
        }
    }

    /// Takes another role; what was to be nominated is not any more.
    mutating func change(role newRole: ICERole) {
        role = newRole
        for index in paths.indices { paths[index].wantsNomination = false }
    }

    /// Takes a response to one of our checks (RFC 8445 §7.2.5).
    mutating func receiveResponse(
        _ message: STUNMessage, _ datagram: Span<UInt8>, on path: TransportPath
    ) throws(ICEDropReason) {
        guard let (index, transaction) = transaction(message.transactionID), let remote else {
            throw .unknownTransaction
        }
        guard message.hasIntegrity else { throw .unauthenticated }
        guard message.verifyIntegrity(in: datagram, key: remote.password.span) else {
            throw .wrongIntegrity
        }
        guard paths[index].path == path else { throw .asymmetricResponse }
        guard message.unknownAttributeCount == 0 else { throw .malformed }
        noteAlive(at: index)
        if isLite { return try receiveProbeResponse(message, at: index) }
        if message.isBindingError {
            // The claimed role lost (RFC 8445 §7.2.5.1); anything else fails the pair.
            if message.errorCode == Int(STUNErrorCode.roleConflict.rawValue) {
                if transaction.role == role {
                    change(role: role == .controlling ? .controlled : .controlling)
                }
                paths[index].check = .scheduled(at: now, isTriggered: true)
            } else {
                failCheck(index)
            }
            return
        }
        guard let mapped = message.xorMappedAddress else { throw .malformed }
        paths[index].mapped = mapped
        succeed(index, transaction, mapped: mapped)
    }

    /// Draws the conclusions of a check that succeeded (RFC 8445 §7.2.5.3).
    private mutating func succeed(
        _ index: Int, _ transaction: ICETransaction, mapped: NetworkAddress
    ) {
        if !paths[index].isStream {
            learnPeerReflexive(mapped, socket: paths[index].path.socket)
        }
        paths[index].isUsable = true
        paths[index].lastResponse = now
        if firstUsable == nil { firstUsable = now }
        if !paths[index].isStream, !hasSelected || index == selectedIndex {
            restStreams(behind: index)
        }
        validate(index)
        if transaction.nominates, role == .controlling, paths[index].wantsNomination {
            paths[index].wantsNomination = false
            select(index)
        } else if role == .controlled, paths[index].isNominationPending {
            paths[index].isNominationPending = false
            follow(nominationOf: index)
        }
        if index == selectedIndex { hasWokenOthers = false }
        let interval =
            index == selectedIndex ? ICETiming.consentInterval : ICETiming.backupInterval
        paths[index].check = .scheduled(at: now + jittered(interval), isTriggered: false)
        considerNomination()
    }

    /// Remembers an address of ours that only the peer can see (RFC 8445 §7.2.5.3.1). It pairs no
    /// further.
    private mutating func learnPeerReflexive(_ mapped: NetworkAddress, socket: UInt16) {
        for local in localCandidates where local.candidate.address == mapped { return }
        // A NAT that forgets gives another one each time: of a socket the last is kept.
        localCandidates.removeAll {
            $0.socket == socket && $0.candidate.kind == .peerReflexive
        }
        guard localCandidates.count < ICELimits.localCandidates else { return }
        let candidate = ICECandidate(
            foundation: "prflx", priority: checkPriority(ofSocket: socket), address: mapped,
            kind: .peerReflexive)
        localCandidates.append(ICELocalCandidate(candidate: candidate, socket: socket))
    }

    /// Gives up a check. Its pair is tried again while there is no better one.
    mutating func failCheck(_ index: Int) {
        paths[index].isUsable = false
        paths[index].wantsNomination = false
        if index == selectedIndex {
            paths[index].check = .scheduled(at: now, isTriggered: false)
        } else if isSelectedSuspect {
            paths[index].check = .scheduled(at: now + ICETiming.retryAfter, isTriggered: false)
            wakeStreams()
        } else if isFallbackSelected, isBetter(index) {
            let again = now + jittered(ICETiming.betterRetriedAfter)
            paths[index].check = .scheduled(at: again, isTriggered: false)
        } else {
            paths[index].check = .idle
        }
    }

    /// The path whose check has this ID.
    private func transaction(_ id: STUNTransactionID) -> (Int, ICETransaction)? {
        for index in paths.indices {
            if case .sent(let transaction) = paths[index].check, transaction.id == id {
                return (index, transaction)
            }
        }
        return nil
    }

    /// Makes the paths of all candidates. O(local * remote * paths), for rare occasions.
    mutating func pairAll() {
        for local in localCandidates {
            for remote in remoteCandidates { pair(local, with: remote) }
        }
    }

    /// Makes a path of two candidates that can reach each other (RFC 8445 §6.1.2.2).
    private mutating func pair(_ local: ICELocalCandidate, with remote: ICECandidate) {
        // What others see of a socket leaves by it: its pairs are the same (RFC 8445 §6.1.2.4).
        guard local.candidate.kind == .host || local.candidate.kind == .relay,
            local.candidate.address.isIPv6 == remote.address.isIPv6,
            local.candidate.transport == remote.transport
        else { return }
        let path = TransportPath(socket: local.socket, remote: remote.address)
        if index(of: path) == nil, paths.count >= ICELimits.fullPaths { return }
        let index = learn(
            path, localPriority: local.candidate.priority, remotePriority: remote.priority,
            generation: generation)
        paths[index].enter(generation: generation, at: now)
        paths[index].remotePriority = remote.priority
        if case .idle = paths[index].check, !isResting(index) {
            paths[index].check = .scheduled(at: now, isTriggered: false)
        }
    }

    /// Writes the most urgent check that is due: a repetition, a triggered check, then by priority
    /// (RFC 8445 §6.1.4.2).
    mutating func pollCheck(into output: inout OutputSpan<UInt8>) -> TransportPath? {
        guard connection != .failed, let remote else { return nil }
        for index in paths.indices {
            guard case .sent(var transaction) = paths[index].check, transaction.next <= now,
                transaction.sends < sendsPerCheck
            else { continue }
            transaction.sends += 1
            transaction.sent = now
            transaction.next = now + wait(afterSends: transaction.sends)
            if paths[index].isStream {
                // TCP repeats by itself (RFC 8489 §6.2.2); what is counted here is the wait.
                paths[index].check = .sent(transaction)
                continue
            }
            return send(transaction, on: index, to: remote, into: &output)
        }
        guard now >= pacedUntil, let index = nextScheduled else { return nil }
        pacedUntil = now + ICETiming.pacing
        let nominates =
            role == .controlling && (paths[index].wantsNomination || isConsentCheck(index))
        let transaction = ICETransaction(
            id: newTransactionID(), role: role, nominates: nominates, sends: 1, sent: now,
            next: now + wait(afterSends: 1))
        return send(transaction, on: index, to: remote, into: &output)
    }

    private mutating func send(
        _ transaction: ICETransaction, on index: Int, to remote: ICEKeys,
        into output: inout OutputSpan<UInt8>
    ) -> TransportPath? {
        let path = paths[index].path
        paths[index].check = .sent(transaction)
        let request = STUNBindingRequest(
            transactionID: transaction.id, priority: checkPriority(ofSocket: path.socket),
            role: transaction.role == .controlling
                ? .controlling(tieBreaker: tieBreaker) : .controlled(tieBreaker: tieBreaker),
            useCandidate: transaction.nominates)
        let isWritten = STUNWriter.writeBindingRequest(
            request, username: checkUsername.span, key: remote.password.span, into: &output)
        return isWritten ? path : nil
    }

    /// The scheduled path to check next; `nil` if none is due.
    private var nextScheduled: Int? {
        var best: (index: Int, isTriggered: Bool, priority: UInt64)?
        for index in paths.indices {
            guard case .scheduled(let due, let isTriggered) = paths[index].check, due <= now else {
                continue
            }
            let priority = paths[index].priority(role: role)
            if let known = best {
                guard isTriggered != known.isTriggered ? isTriggered : priority > known.priority
                else { continue }
            }
            best = (index, isTriggered, priority)
        }
        return best?.index
    }

    /// When checks are to be sent, repeated or given up next.
    var nextSendingDeadline: MediaInstant? {
        guard remote != nil else { return nil }
        var earliest: MediaInstant?
        for index in paths.indices {
            let due: MediaInstant
            switch paths[index].check {
            case .idle: continue
            case .scheduled(let at, _): due = max(at, pacedUntil)
            case .sent(let transaction): due = transaction.next
            }
            if due < earliest ?? due + .seconds(1) { earliest = due }
        }
        return earliest
    }

    /// When checks need time next: a repetition, a new check or the end of a wait.
    var nextCheckDeadline: MediaInstant? {
        var earliest = nextSendingDeadline
        for due in [nominationDeadline, consentDeadline] {
            if let due, due < earliest ?? due + .seconds(1) { earliest = due }
        }
        return earliest
    }

    /// The wait after the given sending: doubled each time, capped.
    private func wait(afterSends sends: Int) -> MediaDuration {
        let first = isLite ? ICETiming.probeRepeatMin : ICETiming.repeatMin
        return min(first * (1 << Int64(min(sends - 1, 10))), ICETiming.repeatMax)
    }

    /// How often a check is sent before it is given up.
    var sendsPerCheck: Int { isLite ? ICETiming.sendsPerProbe : ICETiming.sendsPerCheck }

    /// The priority that a candidate learned from our check would have (RFC 8445 §7.1.1).
    private func checkPriority(ofSocket socket: UInt16) -> UInt32 {
        let preference =
            isStream(socket)
            ? ICECandidate.learnedStreamPreference
            : ICECandidate.Kind.peerReflexive.typePreference
        return preference << 24 | localPriority(ofSocket: socket) & 0xFF_FFFF
    }

    /// A transaction ID that nobody can foresee who does not know our password: a code over a
    /// counter.
    private mutating func newTransactionID() -> STUNTransactionID {
        transactionCount &+= 1
        var message = InlineArray<16, UInt8>(repeating: 0)
        for index in 0..<8 {
            let shift = UInt64(56 - 8 * index)
            message[index] = UInt8(truncatingIfNeeded: tieBreaker >> shift)
            message[index + 8] = UInt8(truncatingIfNeeded: transactionCount >> shift)
        }
        let code = MessageAuthentication.hmacSHA1(
            key: local.password.span, message: message.span)
        let span = code.span
        return STUNTransactionID(high: span.uint64(at: 0) ?? 0, low: span.uint32(at: 8) ?? 0)
    }

    /// 0.8 to 1.2 times `interval` (RFC 7675 §5.1), spread by the number of the transaction.
    func jittered(_ interval: MediaDuration) -> MediaDuration {
        let mixed = (tieBreaker ^ transactionCount &* 0x9E37_79B9_7F4A_7C15) >> 40 & 0xFF
        let tenths = interval.nanoseconds / 10
        return MediaDuration(nanoseconds: tenths * 8 + tenths * 4 * Int64(mixed) / 255)
    }
}

extension ICECandidate {
    /// Whether a full agent can check from it: component 1, UDP with a port or active TCP, of one host.
    var canCheck: Bool {
        guard component == 1 else { return false }
        switch transport {
        case .udp: return address.port != 0 && isOfOneHost
        case .tcp: return tcpType == .active && isOfOneHost
        }
    }

    /// Whether a full agent can check it: component 1, UDP or passive TCP, a port, of one host.
    var canBeChecked: Bool {
        component == 1 && address.port != 0 && (transport == .udp || tcpType == .passive)
            && isOfOneHost
    }

    private var isOfOneHost: Bool {
        if let ipv4 = address.ipv4 {
            // This network, multicast, reserved and broadcast are no hosts.
            return ipv4 >> 24 != 0 && ipv4 >> 28 < 14
        }
        return address.high >> 56 != 0xFF && (address.high != 0 || address.low != 0)
    }
}
