// A participant that only watches and listens, and says what it got.
// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Foundation
import Martlet
import MediaCodecs

struct PlayCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "play",
        abstract: "Joins a room, receives everybody, and prints figures of what came.",
        discussion: """
            Each second a line says what came of whom. At the end a line of JSON sums up: pictures decoded, their sizes, the \
            numbers of `beep`'s pictures, how loud and how high the sound was, and how far beep and flash were apart.
            """)

    @OptionGroup var server: ServerOptions

    @OptionGroup var isolation: IsolationOptions

    @Flag(help: "Prints nothing but the JSON line at the end.")
    var json = false

    @Option(
        help: "Writes decoded pictures into this folder as PGM files, one a second of each track.")
    var dump: String?

    func run() async throws {
        let room = isolation.room()
        let telling = isolation.telling(of: room)
        defer { telling.cancel() }
        let (events, ends) = (room.events, room.events)
        let options = try server.join()
        try await room.join(options)
        let figures = PlayFigures(dumpFolder: dump)
        let mixed = try await room.mixedAudio(format: SoundFormat(sampleRate: 48_000, channels: 1))
        let end = server.seconds
        let isQuiet = json
        let over = await withTaskGroup(of: Void.self) { group in
            group.addTask { await figures.hearMixed(mixed) }
            group.addTask { await Self.follow(room, events, figures) }
            group.addTask {
                while !Task.isCancelled {
                    try? await Task.sleep(for: .seconds(1))
                    if !isQuiet, !Task.isCancelled { say(await figures.line) }
                }
            }
            let over = await RoomOver.wait(seconds: end, ends)
            group.cancelAll()
            return over
        }
        await figures.note(await room.transportStatistics)
        for participant in await room.remoteParticipants {
            for track in participant.tracks {
                if let found = await room.statistics(of: track) {
                    await figures.note(found, of: track)
                }
            }
        }
        await room.leave()
        say(try await figures.summary())
        if let over { throw over }
    }

    /// Watches each track from the moment it can be had.
    private static func follow(
        _ room: Room, _ events: AsyncStream<RoomEvent>, _ figures: PlayFigures
    ) async {
        await withTaskGroup(of: Void.self) { group in
            var watched: Set<String> = []
            func watch(_ track: RemoteTrack) {
                // Those who were there at the beginning are told of as well.
                guard watched.insert(track.id).inserted else { return }
                group.addTask {
                    if track.isSound {
                        guard let pieces = try? await room.audio(of: track) else { return }
                        await figures.hear(pieces, track)
                    } else {
                        guard let frames = try? await room.video(of: track) else { return }
                        await figures.see(frames, track)
                    }
                }
            }
            for participant in await room.remoteParticipants {
                for track in participant.tracks { watch(track) }
            }
            for await event in events {
                switch event {
                case .trackPublished(let track): watch(track)
                case .participantJoined(let participant): participant.tracks.forEach(watch)
                case .metadataReceived(let participant, _, let bytes):
                    await figures.note(metadata: bytes, of: participant)
                default: break
                }
            }
        }
    }
}
