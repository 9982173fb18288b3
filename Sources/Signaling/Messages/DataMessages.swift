// What applications send one another through a room: packets of data streams, and messages.
// SPDX-License-Identifier: Apache-2.0
import FoundationEssentials

/// A data stream of one session: 1, 2, 3 and so on in the order of opening, never used twice.
package struct DataStreamID: Hashable, Comparable, Sendable {
    /// The number.
    package let number: UInt32

    /// Checks a number; `nil` for 0.
    package init?(_ number: UInt32) {
        guard number > 0 else { return nil }
        self.number = number
    }

    /// Orders by number.
    package static func < (left: DataStreamID, right: DataStreamID) -> Bool {
        left.number < right.number
    }
}

extension DataStreamID: Codable {
    /// Reads and checks a number.
    package init(from decoder: any Decoder) throws {
        let number = try decoder.singleValueContainer().decode(UInt32.self)
        guard let id = DataStreamID(number) else {
            throw SignalingError(.invalidArgument, detail: "`stream` must be at least 1.")
        }
        self = id
    }

    /// Writes the number.
    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(number)
    }
}

/// How packets of a stream arrive. What is reliable without being ordered does not exist.
package enum DataDelivery: String, Codable, Hashable, Sendable, CaseIterable {
    /// Each packet once, in the order of sending.
    case reliableOrdered
    /// Perhaps not each, but in the order of sending.
    case unreliableOrdered
    /// Perhaps not each, in any order.
    case unreliableUnordered
}

/// A packet to everybody in the room.
package struct OutgoingData: Hashable, Sendable {
    /// The stream, opened before.
    package var stream: DataStreamID
    /// The packet; base64 in JSON.
    package var bytes: [UInt8]
    /// Any number of the application; it goes with the packet and changes nothing.
    package var userTimestamp: Int64?

    /// Makes a packet.
    package init(stream: DataStreamID, bytes: [UInt8], userTimestamp: Int64? = nil) {
        self.stream = stream
        self.bytes = bytes
        self.userTimestamp = userTimestamp
    }
}

/// A packet that somebody sent.
package struct IncomingData: Hashable, Sendable {
    /// Who sent it.
    package var participant: ParticipantID
    /// Which of its streams.
    package var stream: DataStreamID
    /// The packet; base64 in JSON.
    package var bytes: [UInt8]
    /// What the sender's application put there.
    package var userTimestamp: Int64?

    /// Makes a packet.
    package init(
        participant: ParticipantID, stream: DataStreamID, bytes: [UInt8],
        userTimestamp: Int64? = nil
    ) {
        self.participant = participant
        self.stream = stream
        self.bytes = bytes
        self.userTimestamp = userTimestamp
    }
}

/// A message's own id, chosen by its sender: 1 to 64 bytes of `NameCharacters`.
package struct MessageID: Hashable, Sendable {
    /// The longest id, in bytes.
    package static let bytesMax = 64

    /// The id.
    package let text: String

    /// Checks an id.
    /// - Throws: `.invalidArgument` if it is empty, too long or has a foreign character.
    package init(_ text: String) throws(SignalingError) {
        guard NameCharacters.accepts(text, maxBytes: Self.bytesMax) else {
            throw SignalingError(.invalidArgument, detail: "`message` is no message id.")
        }
        self.text = text
    }
}

extension MessageID: Codable {
    /// Reads and checks an id.
    package init(from decoder: any Decoder) throws {
        try self.init(decoder.singleValueContainer().decode(String.self))
    }

    /// Writes the id as a string.
    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(text)
    }
}

/// A message to some, or to the whole room.
package struct OutgoingMessage: Codable, Hashable, Sendable {
    /// Its id, if its sender gives it one.
    package var message: MessageID?
    /// To whom; `nil`: to everybody else in the room.
    package var to: [ParticipantID]?
    /// The text.
    package var content: String

    /// Makes a message.
    package init(message: MessageID? = nil, to: [ParticipantID]? = nil, content: String) {
        self.message = message
        self.to = to
        self.content = content
    }
}

/// A message that somebody, or the server, sent.
package struct IncomingMessage: Codable, Hashable, Sendable {
    /// Its id, if its sender gave it one.
    package var message: MessageID?
    /// Who sent it; `nil`: the server.
    package var participant: ParticipantID?
    /// Whether it went to the whole room.
    package var toAll: Bool
    /// The text.
    package var content: String

    /// Makes a message.
    package init(
        message: MessageID? = nil, participant: ParticipantID?, toAll: Bool, content: String
    ) {
        self.message = message
        self.participant = participant
        self.toAll = toAll
        self.content = content
    }
}

/// Bytes as JSON carries them: base64 (RFC 4648 §4).
private struct Base64Bytes: Codable {
    var bytes: [UInt8]

    init(bytes: [UInt8]) { self.bytes = bytes }

    init(from decoder: any Decoder) throws {
        let text = try decoder.singleValueContainer().decode(String.self)
        guard let data = Data(base64Encoded: text) else {
            throw SignalingError(.invalidArgument, detail: "`data` is no base64.")
        }
        bytes = [UInt8](data)
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(Data(bytes).base64EncodedString())
    }
}

extension OutgoingData: Codable {
    private enum Key: String, CodingKey { case stream, data, userTimestamp }

    /// Reads a packet; `userTimestamp` may be absent.
    package init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: Key.self)
        self.init(
            stream: try fields.decode(DataStreamID.self, forKey: .stream),
            bytes: try fields.decode(Base64Bytes.self, forKey: .data).bytes,
            userTimestamp: try fields.decodeIfPresent(Int64.self, forKey: .userTimestamp))
    }

    /// Writes a packet.
    package func encode(to encoder: any Encoder) throws {
        var fields = encoder.container(keyedBy: Key.self)
        try fields.encode(stream, forKey: .stream)
        try fields.encode(Base64Bytes(bytes: bytes), forKey: .data)
        try fields.encodeIfPresent(userTimestamp, forKey: .userTimestamp)
    }
}

extension IncomingData: Codable {
    private enum Key: String, CodingKey { case participant, stream, data, userTimestamp }

    /// Reads a packet; `userTimestamp` may be absent.
    package init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: Key.self)
        self.init(
            participant: try fields.decode(ParticipantID.self, forKey: .participant),
            stream: try fields.decode(DataStreamID.self, forKey: .stream),
            bytes: try fields.decode(Base64Bytes.self, forKey: .data).bytes,
            userTimestamp: try fields.decodeIfPresent(Int64.self, forKey: .userTimestamp))
    }

    /// Writes a packet.
    package func encode(to encoder: any Encoder) throws {
        var fields = encoder.container(keyedBy: Key.self)
        try fields.encode(participant, forKey: .participant)
        try fields.encode(stream, forKey: .stream)
        try fields.encode(Base64Bytes(bytes: bytes), forKey: .data)
        try fields.encodeIfPresent(userTimestamp, forKey: .userTimestamp)
    }
}
