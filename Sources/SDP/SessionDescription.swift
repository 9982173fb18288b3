// A session description as its lines: what stands above the m-lines, and the sections.
// SPDX-License-Identifier: Apache-2.0

/// One `a=` line: `a=name` or `a=name:value` (RFC 8866 §5.13).
package struct SDPAttribute: Equatable, Sendable {
    /// What stands before the colon.
    package var name: String
    /// What stands behind the colon; `nil` for a flag such as `a=ice-lite`.
    package var value: String?

    /// Makes an attribute; neither part may hold a line end.
    package init(_ name: String, _ value: String? = nil) {
        self.name = name
        self.value = value
    }
}

/// One m-line with the lines that belong to it (RFC 8866 §5.14).
package struct MediaDescription: Equatable, Sendable {
    /// `audio`, `video`, `application` or another word.
    package var media: String
    /// The port; 0 means rejected, or bundled only where `a=bundle-only` stands (RFC 9143 §6).
    package var port: UInt16
    /// The transport, such as `UDP/TLS/RTP/SAVPF`.
    package var transport: String
    /// The formats: payload types for RTP.
    package var formats: [String]
    /// What stands behind `c=`; `nil` without such a line.
    package var connection: String?
    /// The section's attributes in their order.
    package var attributes: [SDPAttribute]

    /// Makes a section.
    package init(
        media: String, port: UInt16, transport: String, formats: [String],
        connection: String? = "IN IP4 0.0.0.0", attributes: [SDPAttribute] = []
    ) {
        self.media = media
        self.port = port
        self.transport = transport
        self.formats = formats
        self.connection = connection
        self.attributes = attributes
    }
}

/// A whole session description (RFC 8866), with the lines WebRTC gives a meaning.
///
/// Lines of other types (`b=`, `i=`, `e=` ...) are checked for their form and not kept.
package struct SessionDescription: Equatable, Sendable {
    /// The number of the session in the `o=` line.
    package var sessionID: UInt64
    /// The version in the `o=` line: grows with each description of the session.
    package var version: UInt64
    /// The attributes above the first m-line.
    package var attributes: [SDPAttribute]
    /// The sections, in order.
    package var media: [MediaDescription]

    /// Makes a description.
    package init(
        sessionID: UInt64, version: UInt64, attributes: [SDPAttribute] = [],
        media: [MediaDescription] = []
    ) {
        self.sessionID = sessionID
        self.version = version
        self.attributes = attributes
        self.media = media
    }
}

extension [SDPAttribute] {
    /// The value of the first attribute of this name; O(n). A flag has no value.
    package func value(of name: String) -> String? {
        first { $0.name == name }?.value
    }

    /// Whether an attribute of this name stands here; O(n).
    package func contains(name: String) -> Bool {
        contains { $0.name == name }
    }
}
