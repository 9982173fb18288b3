// Why a session description was refused.
// SPDX-License-Identifier: Apache-2.0

/// Why a session description or a trickle fragment was refused. Line numbers start at 1.
package enum SDPError: Error, Equatable, Sendable {
    /// The text has `bytes` bytes; at most `limit` are read.
    case tooLarge(bytes: Int, limit: Int)
    /// The line has more bytes than `SDPLimits.lineBytesMax`.
    case lineTooLong(line: Int)
    /// There are more m-lines than `limit`.
    case tooManySections(limit: Int)
    /// The line does not have the form its type demands.
    case malformed(line: Int)
    /// The text ends before the line of this type, without which it means nothing.
    case missing(type: String)
}

/// What is read at most: descriptions come from anybody.
package enum SDPLimits {
    /// The longest description, in bytes: an offer of our own with 32 pairs of slots and every
    /// browser's codecs reaches 206 kB.
    package static let descriptionBytesMax = 256 * 1024
    /// The longest line, in bytes without its end: an identity assertion or a sprop line can be
    /// long.
    package static let lineBytesMax = 16 * 1024
    /// The most m-lines: 32 pairs of slots and what a client sends make 69.
    package static let sectionsMax = 160
    /// The longest trickle fragment, in bytes.
    package static let fragmentBytesMax = 16 * 1024
}
