// Reads the lines of a session description, in one pass and within caps.
// SPDX-License-Identifier: Apache-2.0

extension SessionDescription {
    /// Reads a description; O(bytes). Lines may end in CR LF or LF alone.
    /// - Throws: `SDPError` for the first thing that is wrong, before anything above a cap is read.
    package static func parse(_ text: String) throws(SDPError) -> SessionDescription {
        let count = text.utf8.count
        guard count <= SDPLimits.descriptionBytesMax else {
            throw .tooLarge(bytes: count, limit: SDPLimits.descriptionBytesMax)
        }
        return try parse(bytes: Array(text.utf8))
    }

    /// Reads a description from bytes; what is not UTF-8 is refused as malformed.
    package static func parse(_ text: Span<UInt8>) throws(SDPError) -> SessionDescription {
        guard text.count <= SDPLimits.descriptionBytesMax else {
            throw .tooLarge(bytes: text.count, limit: SDPLimits.descriptionBytesMax)
        }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.count)
        for index in text.indices { bytes.append(text[index]) }
        return try parse(bytes: bytes)
    }

    private static func parse(bytes: [UInt8]) throws(SDPError) -> SessionDescription {
        var lines = SDPLines(bytes)
        guard let first = try lines.next() else { throw .missing(type: "v") }
        guard first.type == UInt8(ascii: "v"), first.value == "0" else {
            throw .malformed(line: first.number)
        }
        guard let origin = try lines.next() else { throw .missing(type: "o") }
        guard origin.type == UInt8(ascii: "o"),
            var description = SessionDescription(origin: origin.value)
        else { throw .malformed(line: origin.number) }

        var section: MediaDescription?
        while let line = try lines.next() {
            switch line.type {
            case UInt8(ascii: "m"):
                if let section { description.media.append(section) }
                guard description.media.count < SDPLimits.sectionsMax else {
                    throw .tooManySections(limit: SDPLimits.sectionsMax)
                }
                guard let next = MediaDescription(line: line.value) else {
                    throw .malformed(line: line.number)
                }
                section = next
            case UInt8(ascii: "a"):
                guard let attribute = SDPAttribute(line: line.value) else {
                    throw .malformed(line: line.number)
                }
                if section == nil {
                    description.attributes.append(attribute)
                } else {
                    section?.attributes.append(attribute)
                }
            case UInt8(ascii: "c"):
                section?.connection = line.value
            case UInt8(ascii: "v"), UInt8(ascii: "o"):
                throw .malformed(line: line.number)
            default:
                continue
            }
        }
        if let section { description.media.append(section) }
        return description
    }

    /// Reads `username session-id version IN IP4 address` (RFC 8866 §5.2).
    private init?(origin: String) {
        let fields = SDPFields.split(origin, at: UInt8(ascii: " "))
        // Session ids of 64 bits with the sign bit set are written by some clients as negative
        // numbers.
        guard fields.count >= 3, let session = UInt64(sdpNumber: fields[1]),
            let version = UInt64(sdpNumber: fields[2])
        else { return nil }
        self.init(sessionID: session, version: version)
    }
}

extension MediaDescription {
    /// Reads `media port[/count] transport format ...` (RFC 8866 §5.14).
    fileprivate init?(line: String) {
        let fields = SDPFields.split(line, at: UInt8(ascii: " "))
        guard fields.count >= 4, !fields[0].isEmpty, !fields[2].isEmpty else { return nil }
        let portText = SDPFields.split(fields[1], at: UInt8(ascii: "/"))
        guard let first = portText.first, let port = UInt16(first) else { return nil }
        // A trailing blank is no format, and a line without one could not be written again.
        let formats = fields[3...].filter { !$0.isEmpty }
        guard !formats.isEmpty else { return nil }
        self.init(
            media: fields[0], port: port, transport: fields[2], formats: formats, connection: nil)
    }
}

extension SDPAttribute {
    /// Reads `name` or `name:value`.
    fileprivate init?(line: String) {
        let (name, value) = SDPFields.cut(line, at: UInt8(ascii: ":"))
        guard !name.isEmpty else { return nil }
        self.init(name, value)
    }
}

/// Cuts bytes into lines `x=...`, checking each as it comes.
struct SDPLines {
    /// One line.
    struct Line {
        /// Its number, from 1.
        let number: Int
        /// The letter before `=`.
        let type: UInt8
        /// What stands behind `=`.
        let value: String
    }

    private let bytes: [UInt8]
    private var position = 0
    private var number = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    /// The next line; `nil` at the end. Empty lines are passed over (some clients write one at the
    /// end).
    mutating func next() throws(SDPError) -> Line? {
        while position < bytes.count {
            let start = position
            number &+= 1
            while position < bytes.count, bytes[position] != UInt8(ascii: "\n") {
                guard bytes[position] != 0 else { throw .malformed(line: number) }
                position &+= 1
                if position &- start > SDPLimits.lineBytesMax { throw .lineTooLong(line: number) }
            }
            var end = position
            position &+= 1
            if end > start, bytes[end &- 1] == UInt8(ascii: "\r") { end &-= 1 }
            if end == start { continue }
            // A bare CR inside a line could become a line of its own in what we write back.
            guard end &- start >= 2, bytes[start &+ 1] == UInt8(ascii: "="),
                isLetter(bytes[start]), !bytes[start..<end].contains(UInt8(ascii: "\r")),
                let value = String(validating: bytes[(start &+ 2)..<end], as: UTF8.self)
            else { throw .malformed(line: number) }
            return Line(number: number, type: bytes[start], value: value)
        }
        return nil
    }

    private func isLetter(_ byte: UInt8) -> Bool {
        byte >= UInt8(ascii: "a") && byte <= UInt8(ascii: "z")
    }
}
