// A session description as its lines: what stands above the m-lines, and the sections.
// SPDX-License-Identifier: Apache-2.0

/// One m-line with the lines that belong to it (RFC 8866 §5.14), by their places in the text of its description.
package struct MediaDescription: Sendable {
    /// `audio`, `video`, `application` or another word.
    package let media: Range<Int>
    /// The port; 0 means rejected, or bundled only where `a=bundle-only` stands (RFC 9143 §6).
    package let port: UInt16
    /// The transport, such as `UDP/TLS/RTP/SAVPF`.
    package let transport: Range<Int>
    /// The formats, at least one, with spaces between them: payload types for RTP.
    package let formats: Range<Int>
    /// What stands behind `c=`; `nil` without such a line.
    package internal(set) var connection: Range<Int>?
    /// Which of the description's attributes are the section's.
    var attributes: Range<Int>
}

/// A whole session description as it was read (RFC 8866), with the lines WebRTC gives a meaning.
///
/// It owns its text, and knows where in it things stand; strings are made of what is kept alone. Lines of other types
/// (`b=`, `i=`, `e=` ...) are checked for their form and not kept.
package struct SessionDescription: Sendable {
    /// The number of the session in the `o=` line.
    package let sessionID: UInt64
    /// The version in the `o=` line: grows with each description of the session.
    package let version: UInt64
    /// The sections, in order.
    package internal(set) var media: [MediaDescription] = []
    /// All attributes, in order: those above the first m-line, then those of each section.
    var lines: [SDPAttribute] = []
    private let bytes: [UInt8]

    /// Begins a description with the numbers of its `o=` line.
    init(_ bytes: [UInt8], sessionID: UInt64, version: UInt64) {
        self.bytes = bytes
        self.sessionID = sessionID
        self.version = version
    }

    /// The text that all places are in.
    package var text: Span<UInt8> {
        @_lifetime(borrow self)
        get { bytes.span }
    }

    /// The attributes above the first m-line, in order.
    package var attributes: ArraySlice<SDPAttribute> {
        lines[..<(media.first?.attributes.lowerBound ?? lines.count)]
    }

    /// The attributes of one of its sections, in order.
    package func attributes(of section: MediaDescription) -> ArraySlice<SDPAttribute> {
        lines[section.attributes]
    }
}

extension SessionDescription: Equatable {
    /// Whether both say the same, whatever else stood in their texts; O(bytes).
    package static func == (left: SessionDescription, right: SessionDescription) -> Bool {
        left.serializedBytes() == right.serializedBytes()
    }
}
