// What one client of a load needs to begin: what was negotiated, and what it is to do.
// SPDX-License-Identifier: Apache-2.0
package import DTLS
package import Negotiation
package import Wire

/// What a client needs to dial.
package struct LoadClientPlan: Sendable {
    /// What was negotiated, seen from the client; it publishes in its sending sections.
    package var media: PeerMedia
    /// The certificate of all clients.
    package var dtls: DTLSContext
    /// The address of its socket.
    package var address: NetworkAddress
    /// What is sent in each sending section, in their order; sections without a shape stay silent.
    package var shapes: [LoadShape?]
    /// Whether the server made the offer, and so decides on the path (RFC 8445 §6.1.1).
    package var isControlled: Bool
    /// A random number.
    package var tieBreaker: UInt64
    /// Of so many packets of each slot one is opened, at least 1.
    package var sampleInterval = 16
    /// Whether the server is told when packets arrived (transport-wide feedback), as browsers do.
    package var sendsFeedback = false

    /// Plans a client.
    package init(
        media: PeerMedia, dtls: DTLSContext, address: NetworkAddress, shapes: [LoadShape?] = [],
        isControlled: Bool = false, tieBreaker: UInt64
    ) {
        self.media = media
        self.dtls = dtls
        self.address = address
        self.shapes = shapes
        self.isControlled = isControlled
        self.tieBreaker = tieBreaker
    }
}
