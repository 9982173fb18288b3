// Every track of the others, each in a task of its own for as long as it is there.
// SPDX-License-Identifier: Apache-2.0
import ClientIO
import ClientSession
import Signaling

extension Room {
    /// Runs `body` once for each track of the others: for those that are there already, and for each that comes.
    ///
    /// Each runs in a task of its own, which is cancelled when its track is taken back, its participant goes or the room is
    /// left. The streams of ``audio(of:format:)`` and the like end with the task that reads them, so that a `body` need not look
    /// for the end of its track:
    ///
    /// ```swift
    /// try await room.forEachRemoteTrack { track in
    ///     guard track.isSound else { return }
    ///     for await piece in try await room.audio(of: track) { print(track.participant, piece.sampleCount) }
    /// }
    /// ```
    ///
    /// It returns when the room is left, whoever wanted that, and when all bodies have returned.
    /// - Parameter body: A track; an error that it throws cancels the others and is thrown again, but for `CancellationError`.
    /// - Throws: A ``MartletError`` 1005 outside a room; what `body` throws.
    public nonisolated func forEachRemoteTrack(
        _ body: @escaping @Sendable (RemoteTrack) async throws -> Void
    ) async throws {
        guard let (present, events) = try await tracksFromNow() else { return }
        // What happens in the room, and the end of it if a body fails.
        let (steps, stepsIn) = AsyncThrowingStream.makeStream(
            of: RoomEvent.self, bufferingPolicy: .bufferingNewest(RoomHub.eventsMax))
        try await withThrowingDiscardingTaskGroup { group in
            var running: [PresentTrack: Task<Void, any Error>] = [:]
            func begin(_ track: RemoteTrack) {
                let key = PresentTrack(participant: track.participant, id: track.id)
                guard running[key] == nil else { return }
                let task = Task { try await body(track) }
                running[key] = task
                group.addTask {
                    do {
                        try await withTaskCancellationHandler {
                            try await task.value
                        } onCancel: {
                            task.cancel()
                        }
                    } catch is CancellationError {
                    } catch {
                        stepsIn.finish(throwing: error)
                    }
                }
            }
            func end(_ isOver: (PresentTrack) -> Bool) {
                for key in running.keys.filter(isOver) {
                    running.removeValue(forKey: key)?.cancel()
                }
            }
            group.addTask {
                for await event in events { stepsIn.yield(event) }
                stepsIn.finish()
            }
            defer { group.cancelAll() }
            present.forEach(begin)
            for try await step in steps {
                switch step {
                case .participantJoined(let participant): participant.tracks.forEach(begin)
                case .trackPublished(let track): begin(track)
                case .trackUnpublished(let participant, let id):
                    end { $0 == PresentTrack(participant: participant, id: id) }
                case .participantLeft(let participant, _):
                    end { $0.participant == participant }
                case .connectionChanged(let change):
                    if case .disconnected = change.to { return }
                default: break
                }
            }
        }
    }

    /// The tracks there are now, and all that happens from now on, with nothing lost between them; `nil`: one is out already.
    private func tracksFromNow() async throws(MartletError) -> (
        [RemoteTrack], AsyncStream<RoomEvent>
    )? {
        guard let engine else { return try await linked().session.tracksAndEvents(hub) }
        guard await engine.name != nil else {
            throw MartletError(.invalidState, "Join a room first.")
        }
        // Another process tells one thing after the other: whoever is told twice, by an event and by the list, is begun once.
        let events = hub.events()
        if case .disconnected = connectionState { return nil }
        return (await engine.participants().flatMap(\.tracks), events)
    }
}

/// Which track a task is for.
private struct PresentTrack: Hashable {
    let participant: String
    let id: String
}

extension SessionDriver {
    /// On the event loop that events come on: none comes meanwhile.
    fileprivate func tracksAndEvents(_ hub: RoomHub) -> ([RemoteTrack], AsyncStream<RoomEvent>)? {
        guard phase != .disconnected else { return nil }
        let tracks = state.roster.participants.flatMap { participant in
            participant.tracks.map { RemoteTrack($0, of: participant.info.id) }
        }
        return (tracks, hub.events())
    }
}
