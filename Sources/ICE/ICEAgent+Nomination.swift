// How a full agent chooses a pair, keeps consent for it, and leaves it when it falls silent.
// SPDX-License-Identifier: Apache-2.0

import Wire

extension ICEAgent {
    /// Gives up checks without a response, ends a session without consent, and nominates.
    mutating func advanceChecks() {
        if let consentDeadline, consentDeadline <= now {
            fail()
            return
        }
        for index in paths.indices {
            if case .sent(let transaction) = paths[index].check, transaction.next <= now,
                transaction.sends >= ICETiming.sendsPerCheck
            {
                failCheck(index)
            }
        }
        if hasSelected, isSelectedSuspect, !hasWokenOthers { wakeOthers() }
        considerNomination()
    }

    /// Whether a pair was selected under the present credentials.
    var hasSelected: Bool { hasPath }

    /// Whether a check of this path is about consent to keep sending on it (RFC 7675); ours then
    /// repeat the nomination, as browsers' do.
    func isConsentCheck(_ index: Int) -> Bool { hasSelected && index == selectedIndex }

    /// Plans the next check of a pair that was just selected for consent, not as a backup.
    mutating func hastenConsent(_ index: Int) {
        if case .scheduled(let due, _) = paths[index].check {
            let consent = now + jittered(ICETiming.consentInterval)
            paths[index].check = .scheduled(at: min(due, consent), isTriggered: false)
        }
    }

    /// Whether the selected pair may be dead: none, its checks failed, or one waits long and
    /// nothing else comes either.
    var isSelectedSuspect: Bool {
        guard hasSelected, let selectedIndex else { return true }
        let path = paths[selectedIndex]
        if case .sent(let transaction) = path.check,
            transaction.sends >= ICETiming.sendsUntilSuspect
        {
            return now - path.lastReceived >= ICETiming.selectedSilentAfter
        }
        // A controlled agent may be told to use a pair before its own check succeeds.
        return role == .controlling && !path.isUsable
    }

    /// When consent to send ends, or the first attempt does (RFC 7675 §5.1): `failedAfter` without
    /// a response of the selected pair.
    var consentDeadline: MediaInstant? {
        var since = attemptStarted
        if hasSelected, let selectedIndex, let response = paths[selectedIndex].lastResponse {
            since = max(since, response)
        }
        return since + ICETiming.failedAfter
    }

    /// Checks every other pair anew, since the selected one may be dead; pairs forgotten in their
    /// silence come back.
    mutating func wakeOthers() {
        hasWokenOthers = true
        pairAll()
        for index in paths.indices
        where index != selectedIndex && paths[index].generation == generation {
            if case .sent = paths[index].check { continue }
            paths[index].check = .scheduled(at: now, isTriggered: false)
        }
    }

    /// Nominates the best pair if we are to choose and none is selected, the selected one may be
    /// dead (RFC 8445 §8.1.1), or it is a fallback and a better pair has answered meanwhile.
    mutating func considerNomination() {
        guard role == .controlling, remote != nil else { return }
        let isSuspect = isSelectedSuspect
        guard isSuspect || isFallbackSelected else { return }
        for path in paths where path.wantsNomination && path.generation == generation { return }
        guard let best = isSuspect ? bestUsable : bestBetter else { return }
        if let nominationDeadline, nominationDeadline > now { return }
        paths[best].wantsNomination = true
        paths[best].check = .scheduled(at: now, isTriggered: true)
    }

    /// When the wait for a better pair ends; `nil` if there is nothing to wait for.
    var nominationDeadline: MediaInstant? {
        guard role == .controlling, !hasSelected, let firstUsable, let best = bestUsable else {
            return nil
        }
        let patience =
            paths[best].isStream ? ICETiming.streamPatience : ICETiming.nominationPatience
        let deadline = firstUsable + patience
        guard deadline > now else { return nil }
        let priority = paths[best].priority(role: role)
        for path in paths where path.generation == generation && !path.isUsable {
            if case .idle = path.check { continue }
            if path.priority(role: role) > priority { return deadline }
        }
        return nil
    }

    /// The usable pair of highest priority that has answered since the selected one fell silent.
    private var bestUsable: Int? {
        let silentSince = hasSelected ? selectedIndex.map { paths[$0].lastReceived } : nil
        var best: Int?
        for index in paths.indices {
            let path = paths[index]
            guard path.generation == generation, path.isUsable, let response = path.lastResponse
            else { continue }
            if let silentSince, response <= silentSince, index != selectedIndex { continue }
            if hasSelected, index == selectedIndex { continue }
            if let known = best,
                paths[known].priority(role: role) >= path.priority(role: role)
            {
                continue
            }
            best = index
        }
        return best
    }
}
