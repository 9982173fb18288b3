// What a load's client understands of what a server sends: the rest is let by without being decoded.
// SPDX-License-Identifier: Apache-2.0
import FoundationEssentials
package import Signaling

/// A message of the server, as far as it matters to a load.
package enum LoadMessage: Sendable {
    /// Something that asks for nothing: who came, who is loud.
    case ignored
    /// Asks for a `pong`.
    case ping
    /// Answers a `ping`.
    case pong
    /// The answer to `join`, with the text of the answer to the offer.
    case joined(answer: String)
    /// A request was done.
    case ok(Int64)
    /// A request was refused.
    case error(SignalingError)
    /// The session is over; the server's word for why.
    case disconnected(String)
    /// It is none.
    case unreadable

    /// From the end of a message that many bytes are looked at first: servers write keys in their order, so the
    /// type stands there.
    package static let tailCount = 64

    /// The word behind the last `"type":"` of a message's end; `nil` where it does not stand there whole.
    package static func type(inTail tail: [UInt8]) -> String? {
        var start = tail.count - typeKey.count
        while start >= 0 {
            let word = start + typeKey.count
            if tail[start..<word].elementsEqual(typeKey) {
                guard let end = tail[word...].firstIndex(of: UInt8(ascii: "\"")) else { return nil }
                return String(decoding: tail[word..<end], as: UTF8.self)
            }
            start -= 1
        }
        return nil
    }

    private static let typeKey = Array("\"type\":\"".utf8)

    /// Whether messages of a type ask for nothing. An unknown type is ignored, as clients have to.
    package static func isIgnored(_ type: String) -> Bool {
        switch type {
        case "ping", "pong", "joined", "ok", "error", "disconnected": false
        default: true
        }
    }

    /// Reads a message.
    package init(_ bytes: [UInt8]) {
        let tail = Self.type(inTail: Array(bytes.suffix(Self.tailCount)))
        if let tail, Self.isIgnored(tail) {
            self = .ignored
        } else if tail == "joined",
            let reply = try? JSONDecoder().decode(Joined.self, from: Data(bytes))
        {
            // A room's members may be thousands, and are nobody's business here.
            self = Self.joined(reply.answer)
        } else {
            self = Self.decoded(bytes)
        }
    }

    private struct Joined: Decodable {
        var answer: SDPBody
    }

    private static func decoded(_ bytes: [UInt8]) -> LoadMessage {
        do throws(SignalingError) {
            switch try ServerMessage.decode(bytes) {
            case .ping: return .ping
            case .pong: return .pong
            case .joined(_, let reply): return joined(reply.answer)
            case .ok(let id, _): return .ok(id.number)
            case .error(let error): return .error(error)
            case .disconnected(let reason, _, _): return .disconnected(reason.rawValue)
            default: return .ignored
            }
        } catch {
            return error.code == .unknownMessageType ? .ignored : .unreadable
        }
    }

    private static func joined(_ body: SDPBody) -> LoadMessage {
        switch body {
        case .plain(let text): return .joined(answer: text)
        case .deflated(let bytes):
            guard let text = try? Inflater.inflate(bytes, bytesMax: answerBytesMax) else {
                return .unreadable
            }
            return .joined(answer: String(decoding: text, as: UTF8.self))
        }
    }

    private static let answerBytesMax = 256 * 1_024
}
