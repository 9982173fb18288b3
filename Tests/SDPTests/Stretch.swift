// Reading values out of strings, and strings out of stretches of them.
// SPDX-License-Identifier: Apache-2.0
@testable import SDP

/// Reads a whole text as a value: `value("111 opus/48000/2", RTPMap.init)`.
func value<Value>(
    _ text: String, _ read: (Span<UInt8>, Range<Int>) -> Value?
) -> Value? {
    let bytes = Array(text.utf8)
    return read(bytes.span, 0..<bytes.count)
}

/// What stands at a place of a text.
func part(_ text: String, _ range: Range<Int>?) -> String? {
    let bytes = Array(text.utf8)
    return range.map { String(decoding: bytes[$0], as: UTF8.self) }
}

/// What stands at places of a text.
func parts(_ text: String, _ ranges: [Range<Int>]?) -> [String]? {
    ranges?.map { String(decoding: Array(text.utf8)[$0], as: UTF8.self) }
}

extension CandidateLine {
    /// Reads a whole text.
    init?(_ text: String) {
        guard let line = value(text, { CandidateLine($0, $1) }) else { return nil }
        self = line
    }
}

extension FingerprintLine {
    /// Reads a whole text.
    init?(_ text: String) {
        guard let line = value(text, { FingerprintLine($0, $1) }) else { return nil }
        self = line
    }
}
