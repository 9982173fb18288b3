// The child's side: the real signalling server over media loops that do nothing.
// SPDX-License-Identifier: Apache-2.0
import Glibc
import Logging
import NIOPosix
import Rooms
import SignalServer
import SignalServerTesting
import Wire

/// Serves until standard input ends.
struct ServerSide {
    let memberCount: Int

    func run() async throws {
        var configuration = SignalServerConfiguration.withoutMedia()
        configuration.rooms.room.participantsMax = memberCount + 1_000
        configuration.rooms.room.departureTimeout = .seconds(1)
        let service = SignalService(
            configuration: configuration, plane: QuietMediaPlane(),
            logger: Logger(label: "benchmark"))
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
