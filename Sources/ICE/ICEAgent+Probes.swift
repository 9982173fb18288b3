// A lite agent's own checks: of a path on which its peer was heard before any check of the peer came.
// SPDX-License-Identifier: Apache-2.0

import STUN
package import Wire

extension ICEAgent {
    /// Whether the agent asks this path for an answer of its own accord. O(paths).
    package func isProbing(_ path: TransportPath) -> Bool {
        guard isLite, let index = index(of: path) else { return false }
        if case .idle = paths[index].check { return false }
        return true
    }

    /// Checks a path that authenticated media came on and no check yet: the peer has another
    /// address, and its own next check may be seconds away.
    ///
    /// RFC 8445 §2.5 has a lite agent send no checks; this one does, because media alone proves
    /// nothing about an address: whoever sees packets can send copies of them from anywhere. An
    /// answer to an unforeseeable question, signed with the peer's password, on the path it was
    /// asked on, is as good as a check of the peer. Then media moves (§7.3.1.4 with the
    /// nomination that the peer gave its former path). Costs at most `ICETiming.sendsPerProbe`
    /// messages a path, to `ICELimits.probes` paths at a time.
    mutating func probe(_ path: TransportPath, at now: MediaInstant) {
        guard isLite, connection != .failed, remote != nil, let selectedIndex,
            selectedGeneration == generation
        else { return }
        self.now = max(self.now, now)
        if let known = index(of: path) {
            guard case .idle = paths[known].check,
                self.now - paths[known].appeared >= ICETiming.probeRest
            else { return }
        }
        guard probeCount < ICELimits.probes else { return }
        let selected = paths[selectedIndex]
        let index = learn(
            path, localPriority: selected.localPriority, remotePriority: selected.remotePriority,
            generation: generation)
        paths[index].enter(generation: generation, at: self.now)
        paths[index].appeared = self.now
        paths[index].check = .scheduled(at: self.now, isTriggered: true)
    }

    private var probeCount: Int {
        paths.reduce(0) { count, path in
            if case .idle = path.check { count } else { count + 1 }
        }
    }

    /// Gives up checks without an answer.
    mutating func advanceProbes() {
        for index in paths.indices {
            if case .sent(let transaction) = paths[index].check, transaction.next <= now,
                transaction.sends >= sendsPerCheck
            {
                paths[index].check = .idle
            }
        }
    }

    /// Moves to a path that answered; the response is authentic and came on it.
    mutating func receiveProbeResponse(
        _ message: STUNMessage, at index: Int
    ) throws(ICEDropReason) {
        paths[index].check = .idle
        guard message.isBindingSuccess else { return }
        guard message.xorMappedAddress != nil else { throw .malformed }
        paths[index].isUsable = true
        paths[index].lastResponse = now
        validate(index)
        select(index)
    }
}
