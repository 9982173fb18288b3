// STUN and TURN servers that an application knows itself.
// SPDX-License-Identifier: Apache-2.0
import Signaling

/// A STUN or TURN server with what opens it, as browsers name one (`RTCIceServer`).
public struct ICEServer: Sendable, Equatable, Codable {
    /// Where it is: `stun:stun.example.com`, `turns:turn.example.com:443?transport=tcp`. STUN over TLS is passed over.
    public var urls: [String]
    /// The name to give to a TURN server, at most 256 bytes.
    public var username: String?
    /// The password to give to a TURN server, at most 256 bytes.
    public var credential: String?

    /// Describes a server.
    public init(urls: [String], username: String? = nil, credential: String? = nil) {
        self.urls = urls
        self.username = username
        self.credential = credential
    }

    /// As signalling names it.
    var signaled: Signaling.ICEServer {
        Signaling.ICEServer(urls: urls, username: username, credential: credential)
    }
}
