// Reads the little of a trickled fragment that a lite server needs.
// SPDX-License-Identifier: Apache-2.0
import Signaling

/// The body of a WHIP `PATCH` (RFC 8840 §9): whose candidates it carries.
struct ICEFragment: Equatable {
    /// The longest fragment taken, in bytes.
    static let bytesMax = 16 * 1024

    /// The username fragment its candidates belong to; `nil` if it names none.
    let usernameFragment: String?

    /// Reads a fragment.
    /// - Throws: `.invalidArgument` for anything that is no list of `x=…` lines.
    init(_ text: String) throws(SignalingError) {
        guard text.utf8.count <= Self.bytesMax else { throw SignalingError(.messageTooLarge) }
        var found: String?
        for line in text.split(whereSeparator: \.isNewline) {
            let bytes = line.utf8
            guard bytes.count >= 2, bytes.dropFirst().first == UInt8(ascii: "="),
                bytes.first == UInt8(ascii: "a") || bytes.first == UInt8(ascii: "m")
            else {
                throw SignalingError(.invalidArgument, detail: "The fragment is malformed.")
            }
            let prefix = "a=ice-ufrag:"
            if line.hasPrefix(prefix), found == nil { found = String(line.dropFirst(prefix.count)) }
        }
        usernameFragment = found
    }
}
