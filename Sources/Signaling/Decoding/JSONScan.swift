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
        var index = 0
        while index < bytes.count {
            let byte = bytes[index]
            index &+= 1
            switch byte {
            case 0: throw SignalingError(.malformedMessage)
            case UInt8(ascii: "\""): index = try endOfString(bytes, from: index)
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

    /// The place behind the quote that ends a string, or the end of the bytes.
    private static func endOfString(
        _ bytes: Span<UInt8>, from start: Int
    ) throws(SignalingError) -> Int {
        var index = start
        while index < bytes.count {
            let byte = bytes[index]
            index &+= 1
            if byte > UInt8(ascii: "\\") { continue }
            switch byte {
            case 0: throw SignalingError(.malformedMessage)
            case UInt8(ascii: "\""): return index
            case UInt8(ascii: "\\"):
                // What is escaped ends nothing.
                if index < bytes.count, bytes[index] == 0 {
                    throw SignalingError(.malformedMessage)
                }
                index &+= 1
            default: continue
            }
        }
        return index
    }
}
