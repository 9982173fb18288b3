// How long joining took, step by step, and who did not come in.
// SPDX-License-Identifier: Apache-2.0
package import Wire

/// Times of many clients, of which quantiles are asked for.
package struct LoadTimes: Sendable {
    private var values: [MediaDuration] = []
    private var isSorted = true

    /// No times yet.
    package init() {}

    /// Times in any order.
    package init(_ values: [MediaDuration]) {
        self.values = values.sorted()
    }

    /// Adds one.
    package mutating func add(_ time: MediaDuration) {
        values.append(time)
        isSorted = false
    }

    /// How many there are.
    package var count: Int { values.count }

    /// The time that `share` (0 to 1) of them did not exceed; zero if there are none.
    package mutating func quantile(_ share: Double) -> MediaDuration {
        if !isSorted {
            values.sort()
            isSorted = true
        }
        guard let last = values.indices.last else { return .zero }
        return values[min(last, Int(Double(last) * within(share)))]
    }
}

/// The times of joining: the whole, and each step from the end of the one before.
package struct LoadJoins: Sendable {
    /// From the beginning of connecting until media could flow.
    package var whole = LoadTimes()
    /// Until the WebSocket was open.
    package var webSocket = LoadTimes()
    /// From there until the server had let the client in.
    package var admission = LoadTimes()
    /// From the answer to a path that ICE had chosen.
    package var ice = LoadTimes()
    /// From there to the end of the DTLS handshake.
    package var dtls = LoadTimes()
    /// From there to a receiver's first packet of media.
    package var firstMedia = LoadTimes()
    /// From the first client's beginning to the last one's readiness.
    package var span = MediaDuration.zero

    /// Nobody has joined yet.
    package init() {}

    /// Adds a client that came in.
    /// - Parameters:
    ///   - session: Its signalling.
    ///   - media: How far its media came.
    package mutating func add(_ session: LoadSession, _ media: LoadClientTimes) {
        guard let ready = media.connectedAt else { return }
        whole.add(ready - session.startedAt)
        if let opened = session.openedAt {
            webSocket.add(opened - session.startedAt)
            if let joined = session.joinedAt { admission.add(joined - opened) }
        }
        if let path = media.pathAt {
            ice.add(path - media.dialledAt)
            dtls.add(ready - path)
        }
        if let first = media.firstMediaAt { firstMedia.add(first - ready) }
    }
}

/// Those who are not, or no longer, there for one reason.
package struct LoadTally: Sendable, Equatable {
    /// The reason as scripts know it: an error's number, or a word.
    package var name: String
    /// How many.
    package var count: Int
    /// What it means, in the words of the first of them.
    package var text: String

    /// Counts ends by their reasons, the most frequent first.
    package static func of(_ ends: [(name: String, text: String)]) -> [LoadTally] {
        var tallies: [LoadTally] = []
        for end in ends {
            if let known = tallies.firstIndex(where: { $0.name == end.name }) {
                tallies[known].count += 1
            } else {
                tallies.append(LoadTally(name: end.name, count: 1, text: end.text))
            }
        }
        return tallies.sorted { ($1.count, $0.name) < ($0.count, $1.name) }
    }
}
