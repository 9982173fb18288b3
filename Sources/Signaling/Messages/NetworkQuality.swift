// How good people's networks are, as their own clients judge them.
// SPDX-License-Identifier: Apache-2.0

/// A network's grade, from unknown to none at all.
package enum NetworkGrade: String, Codable, Hashable, Sendable, CaseIterable {
    case unknown, excellent, good, fair, poor, bad, down
}

/// The grades of both directions, seen from the client.
package struct NetworkQuality: Codable, Hashable, Sendable {
    /// What it sends.
    package var up: NetworkGrade
    /// What it receives.
    package var down: NetworkGrade

    /// Makes grades.
    package init(up: NetworkGrade, down: NetworkGrade) {
        self.up = up
        self.down = down
    }

    /// Nothing is known.
    package static let unknown = NetworkQuality(up: .unknown, down: .unknown)
    /// Nothing passes.
    package static let down = NetworkQuality(up: .down, down: .down)
}

/// The grades of somebody.
package struct ParticipantQuality: Hashable, Sendable {
    /// Who it is.
    package var participant: ParticipantID
    /// Its grades.
    package var quality: NetworkQuality

    /// Makes an entry.
    package init(participant: ParticipantID, quality: NetworkQuality) {
        self.participant = participant
        self.quality = quality
    }
}

extension ParticipantQuality: Codable {
    private enum Key: String, CodingKey { case participant, up, down }

    /// Reads an entry.
    package init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: Key.self)
        self.init(
            participant: try fields.decode(ParticipantID.self, forKey: .participant),
            quality: try NetworkQuality(from: decoder))
    }

    /// Writes an entry.
    package func encode(to encoder: any Encoder) throws {
        var fields = encoder.container(keyedBy: Key.self)
        try fields.encode(participant, forKey: .participant)
        try quality.encode(to: encoder)
    }
}
