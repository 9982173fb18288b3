// The media loops of this process behind the one face that rooms know.
// SPDX-License-Identifier: Apache-2.0
import DTLS
import FoundationEssentials
import MediaCrypto
import MediaIO
import MediaWorker
import Negotiation
import RTP
import SignalServer
import Wire

/// Owns the loops; each has sockets of its own on every local address, all on one port.
final class MediaLoops: MediaPlane {
    private let loops: [MediaLoop<MediaWorker>]

    /// Opens the sockets and starts the loops.
    /// - Parameters:
    ///   - port: The UDP port of the first loop; the next has the next. 0: whatever is free.
    ///   - acceptsStreams: Whether TCP is taken on the same ports.
    init(
        count: Int, addresses: [NetworkAddress], port: UInt16, acceptsStreams: Bool,
        dtls: DTLSContext
    ) throws {
        let now = Date().timeIntervalSince1970
        let unixNanoseconds = Int64(now * 1e9) - MonotonicClock.now().nanoseconds
        var random = SecureRandom()
        var socketConfiguration = SocketConfiguration()
        socketConfiguration.acceptsStreams = acceptsStreams
        let mesh = count > 1 ? try Self.mesh(count: count) : nil
        loops = try (0..<count).map { index in
            let port = port == 0 ? 0 : port + UInt16(index)
            do {
                let sockets = try SocketSet(
                    addresses: addresses, port: port, configuration: socketConfiguration)
                let worker = MediaWorker(
                    configuration: WorkerConfiguration(
                        dtls: dtls, ntpAtZero: NTPTime(nanosecondsSince1970: unixNanoseconds),
                        seed: random.next()))
                var configuration = MediaLoopConfiguration()
                configuration.name = "media-\(index)"
                return try MediaLoop(
                    configuration: configuration, sockets: sockets, handler: worker,
                    mesh: mesh, index: index)
            } catch let error as SocketError {
                throw CommandFailure(Self.explain(error))
            }
        }
    }

    var loopCount: Int { loops.count }

    var events: [AsyncStream<WorkerEvent>] { loops.map(\.events) }

    func submit(_ command: WorkerCommand, to loop: Int) -> Bool { loops[loop].submit(command) }

    func hasSpace(in loop: Int) -> Bool { loops[loop].hasCommandSpace }

    /// Where a loop's sockets are bound.
    func addresses(of loop: Int) -> [NetworkAddress] { loops[loop].addresses }

    /// Ends the loops: what is queued is still done and sent.
    func stop() { for loop in loops { loop.stop() } }

    private static func mesh(count: Int) throws -> RelayMesh {
        do throws(SocketError) { return try RelayMesh(count: count) } catch {
            throw CommandFailure(explain(error))
        }
    }

    private static func explain(_ error: SocketError) -> String {
        switch error {
        case .addressInUse(let address):
            "\(address) is in use; is another server running? Choose with --udp-port, or leave TCP out with --no-tcp"
        case .addressNotAvailable(let address): "this machine does not have \(address.hostText)"
        case .permissionDenied(let address):
            "UDP port \(address.port) needs a privilege this process lacks; choose with --udp-port"
        case .addressCount(let count, let max):
            "\(count) local addresses; there must be 1 to \(max)"
        case .system(let call, let code): "the system refused \(call) (errno \(code))"
        }
    }
}
