// A server that helps a client find a way to the media, as the client is told of it.
// SPDX-License-Identifier: Apache-2.0

/// A relay with what opens it: the members of `RTCIceServer` (W3C WebRTC §4.2.3), by the same names.
package struct ICEServer: Codable, Hashable, Sendable {
    /// Where it is: one or more TURN URIs (RFC 7065).
    package var urls: [String]
    /// The name to give there; `nil`: none is asked for.
    package var username: String?
    /// The password to give there; `nil`: none is asked for.
    package var credential: String?

    /// Makes a server.
    package init(urls: [String], username: String? = nil, credential: String? = nil) {
        self.urls = urls
        self.username = username
        self.credential = credential
    }

    /// The values of `Link` headers that tell it to WHIP and WHEP clients, one for each URL (RFC 9725 §4.6).
    package var links: [String] {
        urls.map { url in
            var link = "<\(url)>; rel=\"ice-server\""
            if let username { link += "; username=\(Self.quoted(username))" }
            if let credential {
                link += "; credential=\(Self.quoted(credential)); credential-type=\"password\""
            }
            return link
        }
    }

    /// A quoted string (RFC 9110 §5.6.4).
    private static func quoted(_ text: String) -> String {
        var quoted = "\""
        for character in text.unicodeScalars {
            if character == "\"" || character == "\\" { quoted += "\\" }
            quoted.unicodeScalars.append(character)
        }
        return quoted + "\""
    }
}
