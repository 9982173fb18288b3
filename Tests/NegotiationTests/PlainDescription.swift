// A description as strings, for tests that look at single lines.
// SPDX-License-Identifier: Apache-2.0
import SDP

/// What was read, copied out of its text.
struct PlainDescription {
    /// One attribute.
    struct Line: Equatable {
        let name: String
        let value: String?
    }

    /// One section.
    struct Section {
        let media: String
        let port: UInt16
        let formats: [String]
        let attributes: [Line]
    }

    let attributes: [Line]
    let media: [Section]

    init(_ text: String) throws {
        let read = try SessionDescription.parse(text)
        func line(_ attribute: SDPAttribute) -> Line {
            Line(
                name: read.text.string(attribute.nameRange),
                value: attribute.value.map { read.text.string($0) })
        }
        attributes = read.attributes.map(line)
        media = read.media.map { section in
            Section(
                media: read.text.string(section.media), port: section.port,
                formats: read.text.string(section.formats).split(separator: " ").map(String.init),
                attributes: read.attributes(of: section).map(line))
        }
    }
}

extension [PlainDescription.Line] {
    /// The value of the first attribute of this name.
    func value(of name: String) -> String? { first { $0.name == name }?.value }

    /// Whether an attribute of this name stands here.
    func contains(name: String) -> Bool { contains { $0.name == name } }
}
