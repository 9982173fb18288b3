// From bytes to messages, checked, and back.
// SPDX-License-Identifier: Apache-2.0
import FoundationEssentials
import Wire

extension ClientMessage {
    /// Reads a message from untrusted bytes: size, then nesting, then the fields.
    /// - Throws: The reason, with the request's id where it could be read.
    package static func decode(
        _ bytes: Span<UInt8>, limits: SignalingLimits = SignalingLimits()
    ) throws(SignalingError) -> ClientMessage {
        guard bytes.count <= limits.offerMessageBytesMax else {
            throw SignalingError(.messageTooLarge)
        }
        let message = try MessageCoding.decode(ClientMessage.self, from: bytes, limits: limits)
        switch message {
        case .join, .offer: break
        default:
            guard bytes.count <= limits.messageBytesMax else {
                throw SignalingError(.messageTooLarge, requestID: message.requestID)
            }
        }
        return message
    }

    /// Reads a message from an array of untrusted bytes; see `decode(_:limits:)`.
    package static func decode(
        _ bytes: [UInt8], limits: SignalingLimits = SignalingLimits()
    ) throws(SignalingError) -> ClientMessage {
        try decode(bytes.span, limits: limits)
    }

    /// The message as UTF-8 JSON with sorted keys.
    package func encoded() -> [UInt8] { MessageCoding.encode(self) }
}

extension ServerMessage {
    /// Reads a message of the server; `bytesMax` is the client's own bound.
    /// - Throws: The reason; `.unknownMessageType` is to be ignored by clients.
    package static func decode(
        _ bytes: [UInt8], bytesMax: Int = 4 * 1024 * 1024
    ) throws(SignalingError) -> ServerMessage {
        guard bytes.count <= bytesMax else { throw SignalingError(.messageTooLarge) }
        return try MessageCoding.decode(
            ServerMessage.self, from: bytes.span, limits: SignalingLimits())
    }

    /// The message as UTF-8 JSON with sorted keys.
    package func encoded() -> [UInt8] {
        switch self {
        case .joined(let id, var reply):
            // In a room of thousands this list is nearly all of the work of a join; in a small one the answer is.
            let participants = reply.participants
            reply.participants = []
            guard case .plain(let answer) = reply.answer else {
                let text = MessageCoding.encode(ServerMessage.joined(id, reply))
                return ParticipantListWriter.insert(participants, into: text)
            }
            reply.answer = .plain("")
            let text = JSONText.insert(
                answer, as: "sdp", into: MessageCoding.encode(ServerMessage.joined(id, reply)))
            return participants.isEmpty
                ? text : ParticipantListWriter.insert(participants, into: text)
        case .answer(let id, .plain(let answer)):
            return JSONText.insert(
                answer, as: "sdp",
                into: MessageCoding.encode(ServerMessage.answer(id, .plain(""))))
        default:
            return MessageCoding.encode(self)
        }
    }
}

extension ErrorBody {
    /// The body as UTF-8 JSON with sorted keys.
    package func encoded() -> [UInt8] { MessageCoding.encode(self) }
}

/// The one way between bytes and values.
enum MessageCoding {
    /// What is read of a message that could not be read, to answer it.
    private struct Envelope: Decodable {
        let id: RequestID?
    }

    /// Decodes JSON whose size has been checked.
    static func decode<Value: Decodable>(
        _ type: Value.Type, from bytes: Span<UInt8>, limits: SignalingLimits
    ) throws(SignalingError) -> Value {
        try JSONScan.check(bytes, nestingMax: limits.nestingMax)
        let data = Data(bytes.copied())
        do {
            return try JSONDecoder().decode(type, from: data)
        } catch {
            let id = (try? JSONDecoder().decode(Envelope.self, from: data))?.id
            throw explain(error).answering(id)
        }
    }

    /// Encodes a value of ours, which cannot fail.
    static func encode(_ value: some Encodable) -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        guard let data = try? encoder.encode(value) else {
            preconditionFailure("a signalling message has no JSON form")
        }
        return [UInt8](data)
    }

    /// Names the field at fault, never its content.
    private static func explain(_ error: any Error) -> SignalingError {
        if let error = error as? SignalingError { return error }
        guard let error = error as? DecodingError else { return SignalingError(.malformedMessage) }
        switch error {
        case .keyNotFound(let key, _):
            return SignalingError(
                .malformedMessage, detail: "The field `\(key.stringValue)` is missing.")
        case .typeMismatch(_, let context), .valueNotFound(_, let context):
            return SignalingError(.malformedMessage, detail: wrong(context, "type"))
        case .dataCorrupted(let context) where !context.codingPath.isEmpty:
            return SignalingError(.invalidArgument, detail: wrong(context, "value"))
        default:
            return SignalingError(.malformedMessage)
        }
    }

    private static func wrong(_ context: DecodingError.Context, _ what: String) -> String {
        guard let key = context.codingPath.last, key.intValue == nil else {
            return "The message is no JSON object of the documented form; correct it."
        }
        return "The field `\(key.stringValue)` has the wrong \(what)."
    }
}
