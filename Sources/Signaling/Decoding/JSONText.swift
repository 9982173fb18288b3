// Writes long texts into JSON, many times faster than an encoder.
// SPDX-License-Identifier: Apache-2.0

/// Parts of JSON, written exactly as `JSONEncoder` writes them (tests compare them).
enum JSONText {
    /// Puts a text into an encoded message in which the string of this key is empty, as the first of its name.
    static func insert(_ value: String, as key: String, into message: [UInt8]) -> [UInt8] {
        let end = Self.end(of: "\"\(key)\":", in: message)
        var text: [UInt8] = []
        text.reserveCapacity(message.count + value.utf8.count + value.utf8.count / 8)
        text.append(contentsOf: message[..<end])
        write(value, to: &text)
        // Behind the empty string.
        text.append(contentsOf: message[(end + 2)...])
        return text
    }

    /// Where the first `mark`, which begins with a quote, ends in a message that has one. Within a string the quote
    /// would be escaped, so it is found nowhere else.
    static func end(of mark: String, in message: [UInt8]) -> Int {
        let mark = Array(mark.utf8)
        var start = 0
        while start + mark.count <= message.count {
            if message[start] == mark[0],
                message[start..<start + mark.count].elementsEqual(mark)
            {
                return start + mark.count
            }
            start += 1
        }
        preconditionFailure("an encoded message has no such field")
    }

    /// Writes a JSON string (RFC 8259 §7): quotes, backslashes and control characters are escaped.
    static func write(_ value: String, to text: inout [UInt8]) {
        text.append(UInt8(ascii: "\""))
        let bytes = Array(value.utf8)
        let count = bytes.count
        var index = 0
        while true {
            // What needs no escape is copied in one piece.
            let plain = index
            index = nextEscape(in: bytes.span, from: plain)
            text.append(contentsOf: bytes[plain..<index])
            if index == count { break }
            writeEscape(of: bytes[index], to: &text)
            index += 1
        }
        text.append(UInt8(ascii: "\""))
    }

    /// The place of the first byte that is to be escaped, or the end.
    private static func nextEscape(in text: Span<UInt8>, from start: Int) -> Int {
        // The bytes are looked at as numbers, within their bounds.
        let raw = unsafe text.bytes
        var index = start
        while index &+ 8 <= text.count {
            // Eight bytes from here lie inside, as was just seen.
            let word = unsafe raw.unsafeLoadUnaligned(fromByteOffset: index, as: UInt64.self)
            let found = escapes(in: UInt64(littleEndian: word))
            if found != 0 { return index &+ found.trailingZeroBitCount / 8 }
            index &+= 8
        }
        while index < text.count {
            let byte = text[index]
            if byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") { break }
            index &+= 1
        }
        return index
    }

    /// Of eight bytes, the high bit of each that is below 0x20, a quote or a backslash: right up to the lowest, and
    /// with no bit where there is none (borrows go upwards alone).
    private static func escapes(in word: UInt64) -> UInt64 {
        let ones: UInt64 = 0x0101_0101_0101_0101
        let quotes = word ^ ones &* UInt64(UInt8(ascii: "\""))
        let backslashes = word ^ ones &* UInt64(UInt8(ascii: "\\"))
        let control = (word &- ones &* 0x20) & ~word
        let quote = (quotes &- ones) & ~quotes
        let backslash = (backslashes &- ones) & ~backslashes
        return (control | quote | backslash) & (ones &* 0x80)
    }

    private static func writeEscape(of byte: UInt8, to text: inout [UInt8]) {
        text.append(UInt8(ascii: "\\"))
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"): text.append(byte)
        case 0x08: text.append(UInt8(ascii: "b"))
        case 0x09: text.append(UInt8(ascii: "t"))
        case 0x0A: text.append(UInt8(ascii: "n"))
        case 0x0C: text.append(UInt8(ascii: "f"))
        case 0x0D: text.append(UInt8(ascii: "r"))
        default:
            let digits = Array("0123456789abcdef".utf8)
            text.append(contentsOf: "u00".utf8)
            text.append(digits[Int(byte >> 4)])
            text.append(digits[Int(byte & 15)])
        }
    }
}
