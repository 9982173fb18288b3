// The child's side: the real signalling server over media loops that do nothing.
// SPDX-License-Identifier: Apache-2.0
import Glibc
import Logging
import MediaWorker
import NIOPosix
import Negotiation
import Rooms
import SignalServer
import Signaling
import Wire

/// Serves until standard input ends.
struct ServerSide {
    let memberCount: Int

    func run() async throws {
        let negotiator = Negotiator(
            configuration: ServerMediaConfiguration(
                fingerprint: Fingerprint(algorithm: "sha-256", bytes: Array(0..<32)),
                candidates: [
                    HostCandidate(
                        address: NetworkAddress(ipv4: 0x7F00_0001, port: 9), priority: 1)
                ]))
        var configuration = SignalServerConfiguration(keys: TokenKeys(), negotiators: [negotiator])
        configuration.port = 0
        configuration.isDevelopment = true
        configuration.rooms.room.participantsMax = memberCount + 1_000
        configuration.rooms.room.departureTimeout = .seconds(1)
        let service = SignalService(
            configuration: configuration, plane: IdlePlane(), logger: Logger(label: "benchmark"))
        try await service.run(
            onRunning: { port in
                print(port)
                fflush(nil)
            },
            until: {
                // A thread of its own waits for the end of the input.
                let pool = NIOThreadPool(numberOfThreads: 1)
                pool.start()
                try? await pool.runIfActive {
                    var byte: UInt8 = 0
                    while unsafe read(0, &byte, 1) > 0 {}
                }
                try? await pool.shutdownGracefully()
            })
    }
}

/// Media loops that obey everything and say nothing.
private final class IdlePlane: MediaPlane {
    let loopCount = 1
    let events: [AsyncStream<WorkerEvent>]
    private let eventsIn: AsyncStream<WorkerEvent>.Continuation

    init() {
        let (stream, continuation) = AsyncStream.makeStream(of: WorkerEvent.self)
        events = [stream]
        eventsIn = continuation
    }

    func submit(_ command: WorkerCommand, to loop: Int) -> Bool { true }

    func hasSpace(in loop: Int) -> Bool { true }
}
