// Writes a description that was read back as text.
// SPDX-License-Identifier: Apache-2.0

extension SessionDescription {
    /// The description as text, lines ended by CR LF; O(bytes). What was not kept of it is left out.
    package func serialized() -> String { String(decoding: serializedBytes(), as: UTF8.self) }

    /// As `serialized()`, in bytes.
    func serializedBytes() -> [UInt8] {
        let text = self.text
        var writer = SDPWriter(sessionID: sessionID, version: version, capacity: text.count)
        for attribute in attributes { writer.write(attribute, of: text) }
        for section in media {
            writer.write("m=")
            writer.write(section.media, of: text)
            writer.write(" ")
            writer.write(number: section.port)
            writer.write(" ")
            writer.write(section.transport, of: text)
            var formats = SDPFields(section.formats)
            while let format = formats.word(text) {
                writer.write(" ")
                writer.write(format, of: text)
            }
            writer.endLine()
            if let connection = section.connection {
                writer.write("c=")
                writer.write(connection, of: text)
                writer.endLine()
            }
            for attribute in attributes(of: section) { writer.write(attribute, of: text) }
        }
        return writer.bytes
    }
}

extension SDPWriter {
    /// Writes an attribute as it stands in another description.
    fileprivate mutating func write(_ attribute: SDPAttribute, of text: Span<UInt8>) {
        write("a=")
        write(attribute.nameRange, of: text)
        if let value = attribute.value {
            write(":")
            write(value, of: text)
        }
        endLine()
    }
}
