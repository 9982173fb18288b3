// A real server in this process: signalling, rooms and a media loop on free ports of loopback.
// SPDX-License-Identifier: Apache-2.0
import DTLS
import Foundation
import ImpairmentProxy
import MediaCrypto
import MediaIO
import MediaWorker
import Negotiation
import NetworkImpairment
import RTP
import SignalServer
import SignalServerTesting
import Signaling
import Synchronization
import Wire

@testable import Martlet

/// One media loop behind the face that rooms know.
private final class SingleLoop: MediaPlane {
    let loop: MediaLoop<MediaWorker>
    let loopCount = 1

    init(dtls: DTLSContext, at address: NetworkAddress) throws {
        let sockets = try SocketSet(addresses: [address], port: 0)
        let wall = Int64(Date().timeIntervalSince1970 * 1e9) - MonotonicClock.now().nanoseconds
        loop = try MediaLoop(
            sockets: sockets,
            handler: MediaWorker(
                configuration: WorkerConfiguration(
                    dtls: dtls, ntpAtZero: NTPTime(nanosecondsSince1970: wall),
                    seed: .random(in: 0 ... .max))))
    }

    var events: [AsyncStream<WorkerEvent>] { [loop.events] }
    func submit(_ command: WorkerCommand, to loop: Int) -> Bool { self.loop.submit(command) }
    func hasSpace(in loop: Int) -> Bool { self.loop.hasCommandSpace }
}

/// A test that cannot go on.
struct TestFailure: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

/// Runs a server for as long as `body` runs; then it dies without a word.
/// - Parameters:
///   - port: Where it listens; 0: anywhere.
///   - mediaAddress: Where its media goes.
///   - network: What everybody's media passes on its way; `nil`: nothing bad happens to it.
///   - configure: What is not as usual: everybody may come in without a token.
///   - body: Is given the server's address.
func withServer<Value: Sendable>(
    port: Int = 0, mediaAddress: NetworkAddress = NetworkAddress(ipv4: 0x7F00_0001, port: 0),
    network: ImpairmentPlan? = nil,
    configure: (inout SignalServerConfiguration) throws -> Void = { _ in },
    _ body: @escaping @Sendable (String) async throws -> Value
) async throws -> Value {
    let identity = try CertificateIdentity.generateP256(commonName: "server")
    let plane = try SingleLoop(
        dtls: try DTLSContext(identity: identity, srtpProfiles: [7, 8, 1]), at: mediaAddress)
    let relay = try network.map { try impairedRelay(before: plane.loop.addresses[0], $0) }
    defer { relay?.stop() }
    let digest = Digest.sha256(identity.certificateDER.span)
    let negotiator = Negotiator(
        configuration: ServerMediaConfiguration(
            fingerprint: Fingerprint(
                algorithm: "sha-256", bytes: digest.indices.map { digest[$0] }),
            candidates: (relay?.addresses.prefix(1) ?? plane.loop.addresses[...]).map {
                HostCandidate(address: $0, priority: 2_130_706_431)
            }))
    var configuration = SignalServerConfiguration(keys: TokenKeys(), negotiators: [negotiator])
    configuration.port = port
    configuration.isDevelopment = true
    try configure(&configuration)
    defer { plane.loop.stop() }
    return try await withSignalServer(configuration, plane: plane) { port, _ in
        try await body("ws://127.0.0.1:\(port)")
    }
}

/// A relay that is to be told of in the server's place; its first address faces the clients, of whom there are up to 32.
private func impairedRelay(
    before server: NetworkAddress, _ plan: ImpairmentPlan
) throws -> MediaLoop<ImpairedRelay> {
    let anywhere = [NetworkAddress](repeating: NetworkAddress(ipv4: 0, port: 0), count: 32)
    let sockets = try SocketSet(
        bindings: [NetworkAddress(ipv4: 0x7F00_0001, port: 0)] + anywhere)
    return try MediaLoop(
        sockets: sockets,
        handler: ImpairedRelay(
            server: server, socketCount: anywhere.count + 1, plan: plan, seed: 1,
            now: MonotonicClock.now()))
}

/// The first of what comes that is looked for, within some seconds.
func first<Element: Sendable, Found: Sendable>(
    of stream: AsyncStream<Element>, within seconds: Int = 10,
    _ look: @escaping @Sendable (Element) -> Found?
) async throws -> Found {
    try await withThrowingTaskGroup(of: Found?.self) { group in
        group.addTask {
            for await element in stream {
                if let found = look(element) { return found }
            }
            return nil
        }
        group.addTask {
            try await Task.sleep(for: .seconds(seconds))
            throw TestFailure("it did not come within \(seconds) s")
        }
        defer { group.cancelAll() }
        guard let found = try await group.next() ?? nil else {
            throw TestFailure("the stream ended before")
        }
        return found
    }
}

/// The moves of a connection up to the one for a reason.
func moves(
    _ events: AsyncStream<RoomEvent>, to reason: Martlet.ChangeReason
) async throws -> [Martlet.ConnectionChange] {
    let moves = Mutex<[Martlet.ConnectionChange]>([])
    return try await first(of: events) { event in
        guard case .connectionChanged(let change) = event else { return nil }
        return moves.withLock { moves in
            moves.append(change)
            return change.reason == reason ? moves : nil
        }
    }
}

/// Whether rooms are carried out in processes of their own.
let isIsolated = ProcessInfo.processInfo.environment["MARTLET_ISOLATED"] == "1"

/// A participant; with `MARTLET_ISOLATED=1` carried out in a process of its own, of which the same is expected.
func anyRoom() -> Room {
    Room(isolation: isIsolated ? .process() : .inProcess)
}
