// Cuts a text into lines of the form `x=...`.
// SPDX-License-Identifier: Apache-2.0

/// One line.
struct SDPLine {
    /// Its number, from 1.
    let number: Int
    /// The letter before `=`.
    let type: UInt8
    /// What stands behind `=`: where in the text.
    let value: Range<Int>
}

/// Cuts a text into lines, checking each as it comes. It holds places alone: every call is given the same text.
struct SDPLines {
    private var position = 0
    private var number = 0

    /// The next line; `nil` at the end. Empty lines are passed over (some clients write one at the
    /// end).
    mutating func next(_ text: Span<UInt8>) throws(SDPError) -> SDPLine? {
        while position < text.count {
            let start = position
            number &+= 1
            let seen = try endOfLine(text)
            var end = position
            position &+= 1
            var returns = seen.returns
            if end > start, text[end &- 1] == UInt8(ascii: "\r") {
                end &-= 1
                returns &-= 1
            }
            if end == start { continue }
            // A bare CR inside a line could become a line of its own in what we write back.
            guard end &- start >= 2, text[start &+ 1] == UInt8(ascii: "="),
                text[start] >= UInt8(ascii: "a"), text[start] <= UInt8(ascii: "z"), returns == 0,
                seen.isASCII || isUTF8(text.extracting(start..<end))
            else { throw .malformed(line: number) }
            return SDPLine(number: number, type: text[start], value: (start &+ 2)..<end)
        }
        return nil
    }

    /// Goes to the end of the line that begins here.
    private mutating func endOfLine(
        _ text: Span<UInt8>
    ) throws(SDPError) -> (returns: Int, isASCII: Bool) {
        var returns = 0
        var isASCII = true
        var index = position
        let most = min(text.count, position &+ SDPLimits.lineBytesMax &+ 1)
        while index < most {
            let byte = text[index]
            if byte &- 0x20 >= 0x60 {
                if byte == UInt8(ascii: "\n") {
                    position = index
                    return (returns, isASCII)
                }
                if byte == 0 { throw .malformed(line: number) }
                if byte == UInt8(ascii: "\r") { returns &+= 1 }
                if byte >= 0x80 { isASCII = false }
            }
            index &+= 1
        }
        guard index &- position <= SDPLimits.lineBytesMax else { throw .lineTooLong(line: number) }
        position = index
        return (returns, isASCII)
    }

    private func isUTF8(_ text: Span<UInt8>) -> Bool {
        (try? UTF8Span(validating: text)) != nil
    }
}
