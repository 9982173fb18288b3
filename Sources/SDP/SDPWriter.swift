// Writes a session description, line by line, into one buffer.
// SPDX-License-Identifier: Apache-2.0

/// The text of a description as it grows. Lines end in CR LF; nothing that is written may hold a line end of its own.
package struct SDPWriter {
    /// What was written.
    package private(set) var bytes: [UInt8] = []

    /// Begins with nothing, as fragments do.
    package init() {}

    /// Begins a description with the lines that every one has (RFC 8866 §5).
    /// - Parameter capacity: How many bytes it will have, as far as that is known.
    package init(sessionID: UInt64, version: UInt64, capacity: Int = 1_024) {
        bytes.reserveCapacity(capacity)
        write("v=0\r\no=- ")
        write(number: sessionID)
        write(" ")
        write(number: version)
        write(" IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n")
    }

    /// What was written, as text.
    package var text: String { String(decoding: bytes, as: UTF8.self) }

    /// Writes a part of a line.
    package mutating func write(_ text: String) { bytes.append(contentsOf: text.utf8) }

    /// Writes a part of a line that stands in another text.
    package mutating func write(_ range: Range<Int>, of text: Span<UInt8>) {
        for index in range { bytes.append(text[index]) }
    }

    /// Writes a part of a line that stands in another text, with A to Z in lower case.
    package mutating func write(lowercased range: Range<Int>, of text: Span<UInt8>) {
        for index in range {
            let byte = text[index]
            bytes.append(byte >= 0x41 && byte <= 0x5A ? byte | 0x20 : byte)
        }
    }

    /// Writes a number in decimal.
    package mutating func write(number: some FixedWidthInteger & UnsignedInteger) {
        write(decimal: UInt64(truncatingIfNeeded: number))
    }

    private mutating func write(decimal number: UInt64) {
        let start = bytes.count
        var rest = number
        repeat {
            bytes.append(UInt8(ascii: "0") &+ UInt8(truncatingIfNeeded: rest % 10))
            rest /= 10
        } while rest != 0
        var (low, high) = (start, bytes.count &- 1)
        while low < high {
            bytes.swapAt(low, high)
            low &+= 1
            high &-= 1
        }
    }

    /// Ends a line.
    package mutating func endLine() {
        bytes.append(UInt8(ascii: "\r"))
        bytes.append(UInt8(ascii: "\n"))
    }

    /// Begins the line of an attribute.
    private mutating func open(_ name: String) {
        bytes.append(UInt8(ascii: "a"))
        bytes.append(UInt8(ascii: "="))
        write(name)
    }

    /// Begins the line of an attribute that has a value; the value and the line's end are to follow.
    package mutating func begin(_ name: String) {
        open(name)
        bytes.append(UInt8(ascii: ":"))
    }

    /// Writes an attribute with its value.
    package mutating func attribute(_ name: String, _ value: String) {
        begin(name)
        write(value)
        endLine()
    }

    /// Writes an attribute without a value.
    package mutating func flag(_ name: String) {
        open(name)
        endLine()
    }
}
