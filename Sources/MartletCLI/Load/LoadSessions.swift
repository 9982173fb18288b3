// The sessions of a load at a server: made by WHIP and WHEP, and ended when the load is over.
// SPDX-License-Identifier: Apache-2.0
import LoadGenerator
import MediaIO
import NIOHTTP1
import SignalServer
import Signaling
import Wire

/// Where a load's clients join, and what they have to leave.
actor LoadSessions {
    private static let sdp = "application/sdp"

    private let server: ServerAddress
    private let keys: LoadKeys
    private let room: RoomName
    private var joined: [(path: String, client: ControlClient)] = []

    init(server: ServerAddress, keys: LoadKeys, room: RoomName) {
        self.server = server
        self.keys = keys
        self.room = room
    }

    /// The address of this machine from which the server is reached; shows that there is one.
    func localAddress() async throws -> NetworkAddress {
        let client = ControlClient(server: server, token: "", keyName: nil)
        let answer = try await client.ask(.GET, "/healthz", type: "*/*")
        guard let text = answer.localAddress, let address = NetworkAddress(host: text, port: 0)
        else { throw CommandFailure("the way to \(server.text) is not by IP") }
        return address
    }

    /// Lets the next client join.
    /// - Returns: How long it took until media could flow.
    func join(_ clients: LoadClients, publishes: Bool) async throws -> MediaDuration {
        let id = "load-\(joined.count + 1)"
        let client = ControlClient(
            server: server, token: keys.token(for: try ParticipantID(id), in: room),
            keyName: keys.keyName)
        let start = MonotonicClock.now()
        let path = "/\(publishes ? "whip" : "whep")/\(percentEncoded(room.text))"
        let offer = try await clients.offer(sends: publishes)
        let answer: ControlClient.Answer
        do {
            answer = try await client.ask(.POST, path, Array(offer.utf8), type: Self.sdp)
        } catch let failure as CommandFailure
            where failure.code == ErrorCode.tokenRequired.rawValue
        {
            throw CommandFailure(
                "\(server.text) lets nobody in without a token: give its key with --key NAME=SECRET or "
                    + KeyOptions.environmentName)
        }
        if let location = answer.headers.first(name: "Location"), location.hasPrefix("/") {
            joined.append((location, client))
        }
        do {
            try await clients.take(answer: String(decoding: answer.body, as: UTF8.self))
            try await clients.dial()
        } catch let failure as LoadFailure {
            throw failure
        } catch {
            throw CommandFailure("\(server.text) gives an answer that cannot be used: \(error)")
        }
        return MonotonicClock.now() - start
    }

    /// Ends all sessions; what cannot be ended any more ends by itself.
    func leave() async {
        for (path, client) in joined {
            _ = try? await client.ask(.DELETE, path, type: "*/*")
        }
        joined = []
    }
}
