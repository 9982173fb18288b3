// TLS towards a TURN server, for whoever has a connection to one.
// SPDX-License-Identifier: Apache-2.0
package import NIOCore

extension TLSContext {
    /// Puts TLS into a channel that is connected to a relay, before all its handlers. To be called on its event loop; what is
    /// written from then on waits for the handshake.
    /// - Parameter host: A name or an address: the relay's certificate must be for it.
    /// - Throws: `.tlsUnusable`, or what the channel says.
    package func secureRelay(_ channel: any Channel, host: String) throws {
        let isIPAddress = (try? SocketAddress(ipAddress: host, port: 0)) != nil
        let session = try TLSSession(context: self, host: host, isIPAddress: isIPAddress)
        guard session.offerRelaying() else {
            throw WebSocketError.tlsUnusable("there is no memory")
        }
        try channel.pipeline.syncOperations.addHandler(
            TLSClientHandler(session: session), position: .first)
    }
}
