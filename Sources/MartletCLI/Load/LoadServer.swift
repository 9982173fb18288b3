// The server of a load over WebSockets: where it is, and from which address of this machine it is reached.
// SPDX-License-Identifier: Apache-2.0
import ClientIO
import MediaIO
import NIOCore
import NIOPosix
import Wire

/// A server as a load's clients reach it.
struct LoadServer: Sendable {
    private static let connectTimeout = TimeAmount.seconds(5)

    /// Where the WebSockets are opened.
    let address: WebSocketAddress
    /// As it was typed.
    let text: String

    /// Takes `--server`, else the environment, else a server on this machine.
    init(_ typed: String?) throws {
        if let typed, ["https://", "wss://", "ws://"].contains(where: typed.lowercased().hasPrefix)
        {
            text = typed
            do {
                address = try WebSocketAddress(typed)
            } catch {
                throw CommandFailure("--server: \(error.description)")
            }
            return
        }
        let server = try ServerAddress.chosen(typed)
        text = server.text
        do {
            address = try WebSocketAddress(server.text + WebSocketAddress.defaultPath)
        } catch {
            throw CommandFailure("--server: \(error.description)")
        }
    }

    /// The address of this machine from which the server is reached; shows that there is one.
    func localAddress() async throws -> NetworkAddress {
        let channel: any Channel
        do {
            channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .connectTimeout(Self.connectTimeout)
                .connect(host: address.host, port: address.port).get()
        } catch {
            throw CommandFailure(
                "no server answers at \(text): start one with `martlet serve`, "
                    + "or name another with --server or \(ServerAddress.environmentName)")
        }
        let found = channel.localAddress?.ipAddress.flatMap { NetworkAddress(host: $0, port: 0) }
        try? await channel.close()
        guard let found else { throw CommandFailure("the way to \(text) is not by IP") }
        return found
    }

    /// This process, and the server's where it is one of this machine.
    var machine: LoadMachine { LoadMachine(serverPort: isLocal ? address.port : nil) }

    /// Whether its name is one of this machine.
    private var isLocal: Bool {
        guard let named = NetworkAddress(host: address.host, port: 0) else {
            return address.host.lowercased() == "localhost"
        }
        return LocalAddresses.all().contains(named)
    }
}
