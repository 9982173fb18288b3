// Who of a load is in which room: publishers first, then receivers, each kind spread over the rooms in turns.
// SPDX-License-Identifier: Apache-2.0
package import Signaling

/// What one client of a load is.
package struct LoadPart: Sendable, Equatable {
    /// Its number, from 0.
    package var number: Int
    /// Whether it publishes; otherwise it receives.
    package var publishes: Bool
    /// Where it joins.
    package var room: RoomName
    /// As whom.
    package var participant: ParticipantID
    /// How many of its room publish, of whom it is shown so many at once at most.
    package var pairs: Int
}

/// All clients of a load.
package struct LoadCast: Sendable {
    /// What stands for the room's number in a pattern.
    package static let placeholder = "{}"
    /// A server's slots of sound and picture for one receiver.
    package static let pairsMax = 32

    /// How many publish.
    package let publishers: Int
    /// How many receive.
    package let receivers: Int
    /// The rooms, in order.
    package let rooms: [RoomName]
    private let prefix: String

    /// Spreads clients over rooms.
    /// - Parameters:
    ///   - pattern: The room's name; with several rooms `{}` stands for their numbers, which without it are appended.
    ///   - roomCount: How many rooms, at least 1.
    ///   - prefix: What participants' ids begin with, so that several loads can be in one room.
    /// - Throws: A `SignalingError` if a name is none.
    package init(
        publishers: Int, receivers: Int, pattern: String, roomCount: Int, prefix: String
    ) throws(SignalingError) {
        self.publishers = max(0, publishers)
        self.receivers = max(0, receivers)
        self.prefix = prefix
        var rooms: [RoomName] = []
        for number in 1...max(1, roomCount) {
            rooms.append(try RoomName(Self.name(pattern, number: number, of: roomCount)))
        }
        self.rooms = rooms
        _ = try ParticipantID("\(prefix)-\(publishers + receivers)")
    }

    /// How many clients there are.
    package var count: Int { publishers + receivers }

    /// What the client of a number is, 0 to `count` - 1.
    /// - Throws: A `SignalingError` if its id would be none, which `init` rules out.
    package func part(_ number: Int) throws(SignalingError) -> LoadPart {
        let publishes = number < publishers
        let place = (publishes ? number : number - publishers) % rooms.count
        let ofRoom = publishers / rooms.count + (place < publishers % rooms.count ? 1 : 0)
        return LoadPart(
            number: number, publishes: publishes, room: rooms[place],
            participant: try ParticipantID("\(prefix)-\(number + 1)"),
            pairs: min(ofRoom, Self.pairsMax))
    }

    private static func name(_ pattern: String, number: Int, of count: Int) -> String {
        guard let place = pattern.firstRange(of: placeholder) else {
            return count > 1 ? "\(pattern)-\(number)" : pattern
        }
        return pattern.replacingCharacters(in: place, with: String(number))
    }
}

extension String {
    fileprivate func replacingCharacters(in range: Range<Index>, with text: String) -> String {
        String(self[..<range.lowerBound]) + text + String(self[range.upperBound...])
    }
}
