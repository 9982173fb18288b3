// The two messages that every client sends each second, told apart by their bytes alone.
// SPDX-License-Identifier: Apache-2.0

/// A `ping` without an id, or a `pong`: what most of what a server hears is, while little happens.
package enum BriefMessage: Hashable, Sendable {
    /// Asks for a `pong`.
    case ping
    /// Answers a `ping`, and may say how far the client has received.
    case pong(lastSequence: UInt64?)

    /// The longest text that is looked at, in bytes.
    package static let bytesMax = 56
    /// The most digits a number may have; no number of so many is too large.
    private static let digitsMax = 16

    /// Reads one of the exact texts that SDKs send, without a blank and with the fields in either order; `nil` for
    /// whatever else there is, be it the same message in other words: `ClientMessage.decode` reads those.
    package init?(_ text: Span<UInt8>) {
        guard text.count <= Self.bytesMax else { return nil }
        if Self.end(of: #"{"type":"ping"}"#, in: text, from: 0) == text.count {
            self = .ping
        } else if let end = Self.end(of: #"{"type":"pong""#, in: text, from: 0) {
            if Self.end(of: "}", in: text, from: end) == text.count {
                self = .pong(lastSequence: nil)
                return
            }
            guard let start = Self.end(of: #","lastSequence":"#, in: text, from: end),
                let (number, end) = Self.number(in: text, from: start),
                Self.end(of: "}", in: text, from: end) == text.count
            else { return nil }
            self = .pong(lastSequence: number)
        } else if let start = Self.end(of: #"{"lastSequence":"#, in: text, from: 0),
            let (number, end) = Self.number(in: text, from: start),
            Self.end(of: #","type":"pong"}"#, in: text, from: end) == text.count
        {
            self = .pong(lastSequence: number)
        } else {
            return nil
        }
    }

    /// The same as any message.
    package var message: ClientMessage {
        switch self {
        case .ping: .ping(nil)
        case .pong(let lastSequence): .pong(lastSequence: lastSequence)
        }
    }

    /// The place behind `part` if it stands at `start`.
    private static func end(
        of part: String, in text: Span<UInt8>, from start: Int
    ) -> Int? {
        var index = start
        for byte in part.utf8 {
            guard index < text.count, text[index] == byte else { return nil }
            index &+= 1
        }
        return index
    }

    /// A whole number as JSON has it (RFC 8259 §6: no zeros in front), and the place behind it.
    private static func number(in text: Span<UInt8>, from start: Int) -> (UInt64, Int)? {
        var number: UInt64 = 0
        var index = start
        while index < text.count, index &- start < digitsMax {
            let digit = text[index] &- UInt8(ascii: "0")
            guard digit <= 9 else { break }
            number = number &* 10 &+ UInt64(digit)
            index &+= 1
        }
        guard index > start, index == start &+ 1 || text[start] != UInt8(ascii: "0") else {
            return nil
        }
        return (number, index)
    }
}
