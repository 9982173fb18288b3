// What is read of stretches of text: fields, words and numbers, found by their bytes.
// SPDX-License-Identifier: Apache-2.0

/// Everything is looked for byte by byte: a combining character behind a separator must not hide it. Stretches are
/// ranges of places in the text, and belong to no other.
extension Span<UInt8> {
    /// The stretch as a string, made anew; what is not UTF-8 is replaced.
    package func string(_ range: Range<Int>) -> String {
        let part = extracting(range)
        // The bytes are used only inside the closure.
        return unsafe part.withUnsafeBufferPointer { unsafe String(decoding: $0, as: UTF8.self) }
    }

    /// The stretch as a string with A to Z in lower case, other characters as they are.
    package func string(lowercased range: Range<Int>) -> String {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(range.count)
        for index in range {
            let byte = self[index]
            bytes.append(byte >= 0x41 && byte <= 0x5A ? byte | 0x20 : byte)
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// What stands before and behind the first separator; `nil` behind if there is none.
    package func cut(
        _ range: Range<Int>, at separator: UInt8
    ) -> (before: Range<Int>, behind: Range<Int>?) {
        for index in range where self[index] == separator {
            return (range.lowerBound..<index, (index &+ 1)..<range.upperBound)
        }
        return (range, nil)
    }

    /// The stretch without spaces and tabs at its ends.
    package func trimmed(_ range: Range<Int>) -> Range<Int> {
        var (start, end) = (range.lowerBound, range.upperBound)
        while start < end, self[start] == 0x20 || self[start] == 0x09 { start &+= 1 }
        while start < end, self[end &- 1] == 0x20 || self[end &- 1] == 0x09 { end &-= 1 }
        return start..<end
    }

    /// Whether the stretch is this word.
    package func matches(_ range: Range<Int>, _ word: StaticString) -> Bool {
        matches(range, word, caseMask: 0)
    }

    /// Whether the stretch is this word, which has no letter but lower-case ones, A to Z being taken for a to z.
    package func matchesInAnyCase(_ range: Range<Int>, _ word: StaticString) -> Bool {
        matches(range, word, caseMask: 0x20)
    }

    private func matches(
        _ range: Range<Int>, _ word: StaticString, caseMask: UInt8
    ) -> Bool {
        guard range.count == word.utf8CodeUnitCount else { return false }
        // Words of the source that are longer than one character are behind a pointer and live forever; the index
        // stays below their count.
        let bytes = unsafe UnsafeBufferPointer(
            start: word.utf8Start, count: word.utf8CodeUnitCount)
        for index in bytes.indices {
            var byte = self[range.lowerBound &+ index]
            if byte >= 0x41, byte <= 0x5A { byte |= caseMask }
            if unsafe byte != bytes[index] { return false }
        }
        return true
    }

    /// The decimal number of the stretch, with a sign or without, as Swift's integers read it; `nil` for other text,
    /// and outside 0 to `most`.
    package func number(_ range: Range<Int>, most: UInt32 = .max) -> UInt32? {
        guard let first = range.first else { return nil }
        let isNegative = self[first] == UInt8(ascii: "-")
        let digits = isNegative || self[first] == UInt8(ascii: "+") ? range.dropFirst() : range
        guard let number = self.digits(digits), number <= (isNegative ? 0 : most) else {
            return nil
        }
        return number
    }

    /// The number that decimal digits and nothing else stand for; `nil` above 32 bits.
    package func digits(_ range: Range<Int>) -> UInt32? {
        guard !range.isEmpty else { return nil }
        var number: UInt64 = 0
        for index in range {
            let digit = self[index] &- UInt8(ascii: "0")
            guard digit <= 9 else { return nil }
            number = number &* 10 &+ UInt64(digit)
            guard number <= UInt64(UInt32.max) else { return nil }
        }
        return UInt32(truncatingIfNeeded: number)
    }

    /// The payload type of the stretch, 0 to 127; `nil` for other text.
    package func payloadType(_ range: Range<Int>) -> UInt8? {
        number(range, most: 127).map(UInt8.init(truncatingIfNeeded:))
    }

    /// Whether every byte is a letter, a digit or one of `extra`, and there is at least one.
    package func isAlphanumeric(_ range: Range<Int>, or extra: StaticString = "") -> Bool {
        let others = unsafe UnsafeBufferPointer(
            start: extra.utf8Start, count: extra.utf8CodeUnitCount)
        for index in range {
            let byte = self[index]
            guard
                (byte >= 0x30 && byte <= 0x39) || (byte >= 0x41 && byte <= 0x5A)
                    || (byte >= 0x61 && byte <= 0x7A)
            else {
                // As in `matches`.
                guard unsafe others.contains(byte) else { return false }
                continue
            }
        }
        return !range.isEmpty
    }

    /// Whether the stretch is a `token` (RFC 8866 §9), which mids are.
    package func isToken(_ range: Range<Int>) -> Bool {
        isAlphanumeric(range, or: "!#$%&'*+-.^_`{|}~")
    }
}

/// Hands out the fields of a stretch of text, one after the other. It holds places alone: every call is given the
/// text they are places of.
package struct SDPFields {
    /// What was not handed out yet; `nil` once all was.
    private var rest: Range<Int>?

    /// Begins with the first field of a stretch.
    package init(_ range: Range<Int>) { rest = range }

    /// The part before the next separator, or what is left where none follows; it may be empty. `nil` at the end.
    package mutating func part(_ text: Span<UInt8>, endedBy separator: UInt8) -> Range<Int>? {
        guard let range = rest else { return nil }
        let (part, behind) = text.cut(range, at: separator)
        rest = behind
        return part
    }

    /// The next word between spaces; `nil` at the end.
    package mutating func word(_ text: Span<UInt8>) -> Range<Int>? {
        while let part = part(text, endedBy: UInt8(ascii: " ")) {
            if !part.isEmpty { return part }
        }
        return nil
    }

    /// All that was not handed out yet, separators included.
    package mutating func remainder(_ text: Span<UInt8>) -> Range<Int>? {
        defer { rest = nil }
        return rest
    }
}
