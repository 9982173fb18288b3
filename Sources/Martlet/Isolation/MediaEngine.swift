// What a process is that carries a room for another.
// SPDX-License-Identifier: Apache-2.0
import CEngineProcess

/// The engine of an isolated room (row G01).
public enum MediaEngine {
    /// How long an engine may take to leave its room once the application is gone.
    private static let leavingMilliseconds: Int32 = 1_500

    /// Carries a room until the application that started this process is gone, or has let go of it.
    ///
    /// `martlet-media engine` does nothing else. A program of one's own that is named as ``EngineOptions/executable`` calls it where
    /// its first argument is `engine`.
    /// - Throws: A ``MartletError`` 6011 in a process that no room has started.
    public static func run() async throws(MartletError) {
        try PlatformRequirement.checked.get()
        let descriptors = (
            socket: Int32(MARTLET_ENGINE_SOCKET), reads: Int32(MARTLET_ENGINE_READS),
            writes: Int32(MARTLET_ENGINE_WRITES)
        )
        let incoming: SharedMemory
        let outgoing: SharedMemory
        do throws(MartletError) {
            incoming = try SharedMemory(descriptor: descriptors.reads, isWritten: false)
            outgoing = try SharedMemory(descriptor: descriptors.writes, isWritten: true)
        } catch {
            throw MartletError(
                .engineFailed, "An engine is started by a room with an isolation of its own.")
        }
        martlet_engine_close(descriptors.reads)
        martlet_engine_close(descriptors.writes)
        guard martlet_engine_watch(descriptors.socket, leavingMilliseconds) == 0 else {
            throw MartletError(.engineFailed, "There is no thread to watch the application from.")
        }
        say("engine \(martlet_engine_own_id()) begins")
        let (stream, continuation) = AsyncStream.makeStream(of: Void.self)
        let server = EngineServer(ended: continuation)
        let events = server.room.events
        let logging = Task {
            for await event in events {
                guard case .connectionChanged(let change) = event else { continue }
                say(text(change))
                server.tell(text(change))
            }
        }
        try await server.serve(descriptors.socket, outgoing: outgoing, incoming: incoming)
        for await _ in stream {}
        // The others need not wait for a timeout to learn that nobody is here any more.
        await server.room.leave()
        logging.cancel()
        say("engine \(martlet_engine_own_id()) ends: the application is gone or has let go of it")
    }

    private static func say(_ text: String) { unsafe martlet_engine_say(text) }

    /// What a log says of a move: names of states and reasons, and nothing of who is where.
    private static func text(_ change: ConnectionChange) -> String {
        "\(name(change.from)) -> \(name(change.to)): \(change.reason.rawValue)"
            + (change.error.map { " (\($0.code))" } ?? "")
    }

    private static func name(_ state: ConnectionState) -> String {
        switch state {
        case .disconnected: "disconnected"
        case .connecting: "connecting"
        case .connected: "connected"
        case .reconnecting(let lost, let attempt): "reconnecting \(lost.rawValue) \(attempt)"
        case .leaving: "leaving"
        }
    }
}
