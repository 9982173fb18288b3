// TCP connections among a full agent's paths: rested while UDP works, and told of when they close (RFC 6544).
// SPDX-License-Identifier: Apache-2.0

package import Wire

extension ICEAgent {
    /// Whether a socket's number stands for TCP connections. O(local candidates).
    func isStream(_ socket: UInt16) -> Bool {
        for local in localCandidates where local.socket == socket {
            return local.candidate.transport == .tcp
        }
        return false
    }

    /// Whether media goes over TCP.
    var isStreamSelected: Bool {
        guard hasSelected, let selectedIndex else { return false }
        return paths[selectedIndex].isStream
    }

    /// Whether a connection is not wanted: media goes over UDP that is better, and answers.
    func isResting(_ index: Int) -> Bool {
        guard paths[index].isStream, hasSelected, !isStreamSelected, !isSelectedSuspect,
            let selectedIndex
        else { return false }
        return paths[selectedIndex].priority(role: role) > paths[index].priority(role: role)
    }

    /// Leaves connections alone as long as better UDP works (through a relay is no better); what is idle for a while, its
    /// driver closes.
    mutating func restStreams(behind better: Int) {
        let priority = paths[better].priority(role: role)
        for index in paths.indices
        where paths[index].isStream && index != selectedIndex
            && paths[index].priority(role: role) < priority
        {
            paths[index].isUsable = false
            paths[index].wantsNomination = false
            paths[index].check = .idle
        }
    }

    /// Tries connections again that were left alone.
    mutating func wakeStreams() {
        for index in paths.indices
        where paths[index].isStream && paths[index].generation == generation {
            if case .idle = paths[index].check {
                paths[index].check = .scheduled(at: now, isTriggered: false)
            }
        }
    }

    /// Tells that the connection behind a path was closed, or could not be opened. It is tried again: at once if it had
    /// worked, else after `ICETiming.retryAfter`, as long as it is wanted.
    package mutating func closed(_ path: TransportPath, at now: MediaInstant) {
        self.now = max(self.now, now)
        guard !isLite, connection != .failed, let index = index(of: path), paths[index].isStream
        else { return }
        let hasWorked = paths[index].isUsable
        paths[index].isUsable = false
        paths[index].wantsNomination = false
        switch paths[index].check {
        case .idle: return
        // Its time is set.
        case .scheduled where !hasWorked: return
        case .scheduled, .sent: break
        }
        let again = hasWorked ? self.now : self.now + ICETiming.retryAfter
        paths[index].check = .scheduled(at: again, isTriggered: false)
    }

    /// Whether media takes a way that is left when a better one answers: TCP, or through a relay.
    var isFallbackSelected: Bool {
        guard hasSelected, let selectedIndex else { return false }
        return isStreamSelected || isRelay(paths[selectedIndex].path.socket)
    }

    private func isRelay(_ socket: UInt16) -> Bool {
        for local in localCandidates where local.socket == socket {
            return local.candidate.kind == .relay
        }
        return false
    }

    /// Whether a pair is better than the selected one.
    func isBetter(_ index: Int) -> Bool {
        guard let selectedIndex else { return true }
        return paths[index].priority(role: role) > paths[selectedIndex].priority(role: role)
    }

    /// The best pair that works and is better than the selected one.
    var bestBetter: Int? {
        var best: Int?
        for index in paths.indices
        where paths[index].generation == generation && paths[index].isUsable && isBetter(index) {
            if let known = best,
                paths[known].priority(role: role) >= paths[index].priority(role: role)
            {
                continue
            }
            best = index
        }
        return best
    }
}

/// The pair that media takes (RFC 8445 §7.2.5.3.2), for statistics.
package struct ICESelectedPair: Sendable, Equatable {
    /// What carries it.
    package let transport: ICECandidate.Transport
    /// How our own address of it was found: what the peer saw is compared with what we know of ourselves.
    package let localKind: ICECandidate.Kind
    /// Our address as the peer saw it; `nil` before a check of ours was answered.
    package let local: NetworkAddress?
    /// The peer's address.
    package let remote: NetworkAddress
}

extension ICEAgent {
    /// What is selected at present; `nil`: nothing yet. For a full agent. O(local candidates).
    package var selectedPair: ICESelectedPair? {
        guard let selectedIndex else { return nil }
        let path = paths[selectedIndex]
        return ICESelectedPair(
            transport: path.isStream ? .tcp : .udp, localKind: localKind(of: path),
            local: path.mapped, remote: path.path.remote)
    }

    private func localKind(of path: ICEPath) -> ICECandidate.Kind {
        guard let mapped = path.mapped else { return .host }
        for local in localCandidates {
            let known = local.candidate.address
            // The port of a connection is its own; the address is the host's or not.
            let isSame =
                path.isStream ? known.with(port: 0) == mapped.with(port: 0) : known == mapped
            if isSame, !path.isStream || local.candidate.kind == .host {
                return local.candidate.kind
            }
        }
        return .peerReflexive
    }
}
