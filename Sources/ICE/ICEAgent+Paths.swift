// The path table of an agent: learning, choosing and forgetting paths, and judging silence.
// SPDX-License-Identifier: Apache-2.0

import Wire

extension ICEAgent {
    /// Where a path stands in the table. O(paths).
    func index(of path: TransportPath) -> Int? {
        paths.firstIndex { $0.path == path }
    }

    /// Finds a path or makes room for it: the unselected one silent for longest gives way.
    /// - Returns: Its index.
    mutating func learn(
        _ path: TransportPath, localPriority: UInt32, remotePriority: UInt32, generation: UInt32
    ) -> Int {
        if let index = index(of: path) { return index }
        if paths.count >= (isLite ? ICELimits.litePaths : ICELimits.fullPaths) {
            var oldest: Int?
            for index in paths.indices where index != selectedIndex {
                if let known = oldest, paths[known].lastReceived <= paths[index].lastReceived {
                    continue
                }
                oldest = index
            }
            if let oldest { forget(oldest) }
        }
        paths.append(
            ICEPath(
                path: path, isStream: isStream(path.socket), generation: generation,
                localPriority: localPriority, remotePriority: remotePriority, now: now))
        return paths.count - 1
    }

    /// Removes an unselected path.
    mutating func forget(_ index: Int) {
        paths.remove(at: index)
        if let selected = selectedIndex, selected > index { selectedIndex = selected - 1 }
    }

    /// Notes that something authenticated came on a path.
    mutating func noteAlive(at index: Int) {
        paths[index].lastReceived = max(paths[index].lastReceived, now)
        lastReceived = max(lastReceived, now)
        if connection == .disconnected {
            connection = .connected
            livenessDeadline = lastReceived + ICETiming.disconnectedAfter
            emit(.resumed)
        }
    }

    /// Reports the first authenticated message on a path.
    mutating func validate(_ index: Int) {
        guard !paths[index].isValidated else { return }
        paths[index].isValidated = true
        emit(.validated(paths[index].path))
    }

    /// Sends on this path from now on.
    mutating func select(_ index: Int) {
        let isSame = selectedIndex == index && selectedGeneration == paths[index].generation
        selectedIndex = index
        selectedGeneration = paths[index].generation
        hasWokenOthers = false
        if connection == .connecting {
            connection = .connected
            livenessDeadline = lastReceived + ICETiming.disconnectedAfter
        }
        if !isSame {
            if !isLite { hastenConsent(index) }
            if !paths[index].isStream { restStreams(behind: index) }
            emit(.selected(paths[index].path))
        }
    }

    /// Follows a nomination by the peer, if `ICENomination` lets it replace the selected path.
    mutating func follow(nominationOf index: Int) {
        guard let selectedIndex, selectedIndex != index else {
            select(index)
            return
        }
        if ICENomination.replaces(paths[index], selected: paths[selectedIndex], at: now) {
            select(index)
        }
    }

    /// Adds an event; of too many the oldest gives way.
    mutating func emit(_ event: ICEEvent) {
        if events.count >= ICELimits.events { events.removeFirst() }
        events.append(event)
    }

    /// Reports loss and failure, and forgets paths that fell silent.
    mutating func judgeSilence() {
        // From the end, and not by `reversed()`, whose iterator allocates where it is not specialised.
        var index = paths.count
        while index > 0 {
            index -= 1
            guard index != selectedIndex, case .idle = paths[index].check,
                now - paths[index].lastReceived >= ICETiming.pathForgottenAfter
            else { continue }
            forget(index)
        }
        let since = connection == .connecting ? max(lastReceived, attemptStarted) : lastReceived
        let silence = now - since
        if silence >= ICETiming.failedAfter {
            fail()
        } else if connection == .connected, silence >= ICETiming.disconnectedAfter {
            connection = .disconnected
            emit(.disconnected)
            livenessDeadline = since + ICETiming.failedAfter
        } else if connection == .connected {
            livenessDeadline = since + ICETiming.disconnectedAfter
        } else {
            livenessDeadline = since + ICETiming.failedAfter
        }
    }

    /// Ends the session until a restart.
    mutating func fail() {
        connection = .failed
        livenessDeadline = nil
        replies.removeAll(keepingCapacity: true)
        for index in paths.indices { paths[index].check = .idle }
        emit(.failed)
    }
}
