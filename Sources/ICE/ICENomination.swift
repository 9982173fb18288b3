// The rule by which a controlled agent follows nominations.
// SPDX-License-Identifier: Apache-2.0

import Wire

/// Which nominated path a controlled agent sends on.
enum ICENomination {
    /// Whether `candidate`, just nominated by the peer, replaces `selected` at `now`.
    ///
    /// A peer that checks a pair first and nominates it later (regular nomination, and browsers
    /// towards a lite agent) means it: its latest word wins. A peer that nominates everything it
    /// checks (aggressive nomination, RFC 5245 §8.1.1.2) means the pair of highest priority; among
    /// equals a path that appeared while the selected one went silent is the same peer behind a new
    /// address. And whoever nominates, a selected path that is silent gives way.
    static func replaces(
        _ candidate: borrowing ICEPath, selected: borrowing ICEPath, at now: MediaInstant
    ) -> Bool {
        if candidate.generation != selected.generation { return true }
        if candidate.wasCheckedPlainly { return true }
        let ours = candidate.priority(role: .controlled)
        let theirs = selected.priority(role: .controlled)
        if ours > theirs { return true }
        if ours == theirs, selected.lastReceived < candidate.appeared { return true }
        return now - selected.lastReceived >= ICETiming.selectedSilentAfter
    }
}
