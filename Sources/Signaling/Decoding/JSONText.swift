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
        // What needs no escape is copied in one piece.
        var copied = 0
        for index in bytes.indices {
            let byte = bytes[index]
            guard byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") else {
                continue
            }
            text.append(contentsOf: bytes[copied..<index])
            copied = index + 1
            writeEscape(of: byte, to: &text)
        }
        text.append(contentsOf: bytes[copied...])
        text.append(UInt8(ascii: "\""))
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
