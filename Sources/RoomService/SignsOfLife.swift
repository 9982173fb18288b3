// What clients said only to show that they are there, kept until their room looks.
// SPDX-License-Identifier: Apache-2.0
package import Signaling
package import Wire

/// The brief messages of a room's connections of which the room has not been told yet, one entry a connection.
///
/// A room that is told of them before anything else happens in it, time included, decides what it would have decided
/// had it been told of each at once.
package struct SignsOfLife: Sendable {
    /// What one connection brought.
    package struct Sign: Hashable, Sendable {
        /// Whose it is.
        package let link: SessionLink
        /// When the last of it came.
        package fileprivate(set) var heardAt: MediaInstant
        /// How far the client has received, if it said so.
        package fileprivate(set) var lastSequence: UInt64?
        /// How many pings have been answered.
        package fileprivate(set) var pings = 0
    }

    /// The most connections that have an entry: more than a server has connections.
    package static let countMax = 16_384

    private var signs: [Sign] = []
    /// Looked up, never iterated.
    private var places: [ConnectionID: Int] = [:]

    /// Nothing said.
    package init() {}

    /// Takes note of a message.
    /// - Returns: Whether that was done; if not, the room is to be told of it as of any other message.
    package mutating func note(
        _ message: BriefMessage, from link: SessionLink, at now: MediaInstant
    ) -> Bool {
        guard let place = places[link.connection] else {
            guard signs.count < Self.countMax else { return false }
            var sign = Sign(link: link, heardAt: now)
            sign.note(message)
            places[link.connection] = signs.count
            signs.append(sign)
            return true
        }
        // What goes back is refused, and by the room.
        if case .pong(let number?) = message, let last = signs[place].lastSequence, number < last {
            return false
        }
        signs[place].heardAt = max(signs[place].heardAt, now)
        signs[place].note(message)
        return true
    }

    /// What is noted, in the order in which the first of each came; nothing is noted afterwards.
    package mutating func take() -> [Sign] {
        guard !signs.isEmpty else { return [] }
        defer {
            signs = []
            places.removeAll(keepingCapacity: true)
        }
        return signs
    }
}

extension SignsOfLife.Sign {
    fileprivate mutating func note(_ message: BriefMessage) {
        switch message {
        case .ping: pings += 1
        case .pong(let number): lastSequence = number ?? lastSequence
        }
    }
}
