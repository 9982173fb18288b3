// A linear look at JSON before it is parsed: is it UTF-8, and how deep is it nested?
// SPDX-License-Identifier: Apache-2.0

/// Measures nesting without recursion, so that no input can exhaust the stack of the parser behind.
package enum JSONScan {
    /// Checks that objects and arrays nest no deeper than `nestingMax`. O(n).
    ///
    /// Brackets in strings do not count. Other faults are left to the parser, except NUL bytes: JSON
    /// in UTF-16 or UTF-32 has them, the parser would take it, and this look would misread it.
    /// - Throws: `.nestingTooDeep`, or `.malformedMessage` for a NUL byte.
    package static func check(
        _ bytes: Span<UInt8>, nestingMax: Int
    ) throws(SignalingError) {
        var depth = 0
        var inString = false
        var escaped = false
        for index in bytes.indices {
            let byte = bytes[index]
            guard byte != 0 else { throw SignalingError(.malformedMessage) }
            if inString {
                if escaped {
                    escaped = false
                } else if byte == UInt8(ascii: "\\") {
                    escaped = true
                } else if byte == UInt8(ascii: "\"") {
                    inString = false
                }
                continue
            }
            switch byte {
            case UInt8(ascii: "\""): inString = true
            case UInt8(ascii: "{"), UInt8(ascii: "["):
                depth += 1
                if depth > nestingMax { throw SignalingError(.nestingTooDeep) }
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                // Unbalanced closers must not buy depth: it is no JSON, and the parser says so.
                depth = max(depth - 1, 0)
            default: break
            }
        }
    }
}
