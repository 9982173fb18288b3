// A linear look at JSON before it is parsed: how deep is it nested?
// SPDX-License-Identifier: Apache-2.0

/// Measures nesting without recursion, so that no input can exhaust the stack of the parser behind.
package enum JSONScan {
    /// Whether objects and arrays nest no deeper than `limit`. O(n); brackets in strings do not
    /// count. Input that is no JSON gets some answer, and the parser's error afterwards.
    package static func nests(within limit: Int, _ bytes: Span<UInt8>) -> Bool {
        var depth = 0
        var inString = false
        var escaped = false
        for index in bytes.indices {
            let byte = bytes[index]
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
                if depth > limit { return false }
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                depth -= 1
                // Unbalanced closers must not buy depth: it is no JSON, and the parser says so.
                if depth < 0 { depth = 0 }
            default: break
            }
        }
        return true
    }
}
