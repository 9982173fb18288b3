// What a signalling server is told when it is made.
// SPDX-License-Identifier: Apache-2.0
package import Negotiation
package import Rooms
package import Signaling

/// What clients are told to do when the server stops.
package enum ShutdownNotice: String, Sendable, CaseIterable {
    /// To come back by themselves: another server, or this one again, will be there.
    case rejoin
    /// Nothing: that was all.
    case end
}

/// Everything a server needs beside its media plane.
package struct SignalServerConfiguration: Sendable {
    /// The address to listen on: a number or a name.
    package var host = "127.0.0.1"
    /// The TCP port; 0 lets the system choose.
    package var port = 7880
    /// The folder of the page and the browser SDK; `nil` serves neither.
    package var webRoot: String?
    /// Whether anybody may join without a token. For trying things out on one's own machine.
    package var isDevelopment = false
    /// The keys that tokens may be signed with.
    package var keys: TokenKeys
    /// How many rooms there may be and how each behaves.
    package var rooms = RoomDirectoryConfiguration()
    /// Whose pages may open the signalling WebSocket.
    package var allowedOrigins = AllowedOrigins.any
    /// What clients are told to do when the server stops.
    package var onShutdown = ShutdownNotice.rejoin
    /// The relays that clients are told of, if there are any.
    package var relays: RelayServers?
    /// The bounds of connections.
    package var limits = ServerLimits()
    /// How many peers of one room its own media loop takes, at least 1, before others get some.
    package var roomPeersPerLoop = 200
    /// Answers offers, one for each media loop: their candidates differ.
    package var negotiators: [Negotiator]

    /// Makes a configuration with the defaults.
    package init(keys: TokenKeys, negotiators: [Negotiator]) {
        self.keys = keys
        self.negotiators = negotiators
    }
}
