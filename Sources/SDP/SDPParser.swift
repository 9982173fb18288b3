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
        return try parse(Array(text.utf8))
    }

    /// Reads a description from bytes, which it keeps; what is not UTF-8 is refused as malformed.
    package static func parse(_ bytes: [UInt8]) throws(SDPError) -> SessionDescription {
        let text = bytes.span
        guard text.count <= SDPLimits.descriptionBytesMax else {
            throw .tooLarge(bytes: text.count, limit: SDPLimits.descriptionBytesMax)
        }
        var lines = SDPLines()
        guard let first = try lines.next(text) else { throw .missing(type: "v") }
        guard first.type == UInt8(ascii: "v"), text.matches(first.value, "0") else {
            throw .malformed(line: first.number)
        }
        guard let second = try lines.next(text) else { throw .missing(type: "o") }
        guard second.type == UInt8(ascii: "o"), let origin = origin(text, second.value) else {
            throw .malformed(line: second.number)
        }
        var description = SessionDescription(
            bytes, sessionID: origin.session, version: origin.version)
        try description.readLines(text, &lines)
        return description
    }

    /// Reads the lines behind the first two.
    private mutating func readLines(
        _ text: Span<UInt8>, _ source: inout SDPLines
    ) throws(SDPError) {
        var section: MediaDescription?
        while let line = try source.next(text) {
            switch line.type {
            case UInt8(ascii: "m"):
                close(&section)
                guard media.count < SDPLimits.sectionsMax else {
                    throw .tooManySections(limit: SDPLimits.sectionsMax)
                }
                section = MediaDescription(text, line.value, firstAttribute: lines.count)
                guard section != nil else { throw .malformed(line: line.number) }
            case UInt8(ascii: "a"):
                guard let attribute = SDPAttribute(text, line.value) else {
                    throw .malformed(line: line.number)
                }
                lines.append(attribute)
            case UInt8(ascii: "c"):
                section?.connection = line.value
            case UInt8(ascii: "v"), UInt8(ascii: "o"):
                throw .malformed(line: line.number)
            default:
                continue
            }
        }
        close(&section)
    }

    /// Ends the section that was read, with the attributes up to here.
    private mutating func close(_ section: inout MediaDescription?) {
        guard var ended = section else { return }
        ended.attributes = ended.attributes.lowerBound..<lines.count
        media.append(ended)
        section = nil
    }

    /// Reads `username session-id version IN IP4 address` (RFC 8866 §5.2).
    private static func origin(
        _ text: Span<UInt8>, _ line: Range<Int>
    ) -> (session: UInt64, version: UInt64)? {
        var fields = SDPFields(line)
        // Session ids of 64 bits with the sign bit set are written by some clients as negative
        // numbers.
        guard fields.part(text, endedBy: UInt8(ascii: " ")) != nil,
            let session = fields.part(text, endedBy: UInt8(ascii: " ")),
            let version = fields.part(text, endedBy: UInt8(ascii: " ")),
            let sessionID = UInt64(sdpNumber: text.string(session)),
            let versionID = UInt64(sdpNumber: text.string(version))
        else { return nil }
        return (sessionID, versionID)
    }
}

extension MediaDescription {
    /// Reads `media port[/count] transport format ...` (RFC 8866 §5.14).
    fileprivate init?(_ text: Span<UInt8>, _ line: Range<Int>, firstAttribute: Int) {
        let space = UInt8(ascii: " ")
        var fields = SDPFields(line)
        guard let media = fields.part(text, endedBy: space), !media.isEmpty,
            let ports = fields.part(text, endedBy: space),
            let transport = fields.part(text, endedBy: space), !transport.isEmpty,
            let port = text.number(text.cut(ports, at: UInt8(ascii: "/")).before, most: 65_535),
            let formats = fields.remainder(text)
        else { return nil }
        // A trailing blank is no format, and a line without one could not be written again.
        var words = SDPFields(formats)
        guard words.word(text) != nil else { return nil }
        self.init(
            media: media, port: UInt16(truncatingIfNeeded: port), transport: transport,
            formats: formats, connection: nil, attributes: firstAttribute..<firstAttribute)
    }
}

extension UInt64 {
    /// Reads a decimal number; one above 64 bits, or negative, is folded into them, since only
    /// change matters.
    fileprivate init?(sdpNumber text: String) {
        if let number = UInt64(text) {
            self = number
        } else if let number = Int64(text) {
            self = UInt64(bitPattern: number)
        } else {
            // RFC 8866 sets no bound. Keep the last digits.
            guard !text.isEmpty, text.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }) else {
                return nil
            }
            self = text.utf8.reduce(0) { $0 &* 10 &+ UInt64($1 &- 0x30) }
        }
    }
}
