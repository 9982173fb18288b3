// Small named texts of the application that go with a participant.
// SPDX-License-Identifier: Apache-2.0

/// Texts by name, which change one by one: at most 64 names of 1 to 64 bytes without control
/// characters, and 4096 bytes of names and values together.
package struct ParticipantAttributes: Hashable, Sendable {
    /// One text and its name.
    package struct Entry: Hashable, Sendable {
        /// The name.
        package var name: String
        /// The text.
        package var value: String
    }

    /// The most names.
    package static let countMax = 64
    /// The longest name, in bytes.
    package static let nameBytesMax = 64
    /// The most bytes of all names and values together.
    package static let bytesMax = 4096

    /// The texts, sorted by name.
    package let entries: [Entry]

    /// No texts.
    package init() { entries = [] }

    /// Checks texts.
    /// - Throws: `.invalidMetadata` if a bound is passed.
    package init(_ texts: [String: String]) throws(SignalingError) {
        // Sorted at once, so that nothing depends on the dictionary's order.
        try self.init(
            sorted: texts.sorted { $0.key < $1.key }.map { Entry(name: $0.key, value: $0.value) })
    }

    private init(sorted entries: [Entry]) throws(SignalingError) {
        guard entries.count <= Self.countMax else { throw Self.tooLarge }
        var bytes = 0
        for entry in entries {
            let count = entry.name.utf8.count
            guard count >= 1, count <= Self.nameBytesMax,
                entry.name.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F })
            else { throw Self.tooLarge }
            bytes += count + entry.value.utf8.count
        }
        guard bytes <= Self.bytesMax else { throw Self.tooLarge }
        self.entries = entries
    }

    private static var tooLarge: SignalingError {
        SignalingError(
            .invalidMetadata,
            detail: "Attributes have at most 64 names of 64 bytes, and 4096 bytes in all.")
    }

    /// The text of a name.
    package subscript(name: String) -> String? { entries.first { $0.name == name }?.value }

    /// These texts with those of `patch` set or, where it says so, taken away.
    /// - Throws: `.invalidMetadata` if a bound is passed.
    package func applying(_ patch: AttributePatch) throws(SignalingError) -> ParticipantAttributes {
        var texts: [String: String] = [:]
        for entry in entries { texts[entry.name] = entry.value }
        for change in patch.changes { texts[change.name] = change.value }
        return try ParticipantAttributes(texts)
    }
}

extension ParticipantAttributes: Codable {
    /// Reads and checks an object of strings.
    package init(from decoder: any Decoder) throws {
        try self.init(decoder.singleValueContainer().decode([String: String].self))
    }

    /// Writes an object of strings.
    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        var texts: [String: String] = [:]
        for entry in entries { texts[entry.name] = entry.value }
        try container.encode(texts)
    }
}

/// Which texts to set and which to take away; what is not named stays.
package struct AttributePatch: Hashable, Sendable {
    /// One name and its new text; `nil` takes it away.
    package struct Change: Hashable, Sendable {
        /// The name.
        package var name: String
        /// The new text.
        package var value: String?
    }

    /// The changes, sorted by name, each name once.
    package let changes: [Change]

    /// Makes a patch.
    package init(_ texts: [String: String?]) {
        changes = texts.sorted { $0.key < $1.key }.map { Change(name: $0.key, value: $0.value) }
    }
}

extension AttributePatch: Codable {
    /// Reads an object of strings and nulls.
    package init(from decoder: any Decoder) throws {
        self.init(try decoder.singleValueContainer().decode([String: String?].self))
    }

    /// Writes an object of strings and nulls.
    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        var texts: [String: String?] = [:]
        for change in changes { texts.updateValue(change.value, forKey: change.name) }
        try container.encode(texts)
    }
}

/// A change of what the others see of a participant; what is `nil` stays as it is.
package struct ParticipantUpdate: Codable, Hashable, Sendable {
    /// The new name.
    package var name: DisplayName?
    /// The new text of the application.
    package var metadata: Metadata?
    /// Changes of attributes.
    package var attributes: AttributePatch?

    /// Makes a change.
    package init(
        name: DisplayName? = nil, metadata: Metadata? = nil, attributes: AttributePatch? = nil
    ) {
        self.name = name
        self.metadata = metadata
        self.attributes = attributes
    }
}
