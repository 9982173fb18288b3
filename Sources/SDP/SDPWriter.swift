// Writes a session description as text.
// SPDX-License-Identifier: Apache-2.0

extension SessionDescription {
    /// The description as text, lines ended by CR LF; O(bytes).
    package func serialized() -> String {
        var text = "v=0\r\no=- \(sessionID) \(version) IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n"
        text.reserveCapacity(256 &+ media.count &* 1024)
        for attribute in attributes { attribute.append(to: &text) }
        for section in media { section.append(to: &text) }
        return text
    }
}

extension MediaDescription {
    /// Appends the m-line and what belongs to it.
    func append(to text: inout String) {
        text += "m=\(media) \(port) \(transport)"
        for format in formats {
            text += " "
            text += format
        }
        text += "\r\n"
        if let connection { text += "c=\(connection)\r\n" }
        for attribute in attributes { attribute.append(to: &text) }
    }
}

extension SDPAttribute {
    /// Appends the line.
    func append(to text: inout String) {
        text += "a="
        text += name
        if let value {
            text += ":"
            text += value
        }
        text += "\r\n"
    }
}
