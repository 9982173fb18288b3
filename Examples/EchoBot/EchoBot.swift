// Says back what it hears and shows back what it sees: for trying out one's own microphone and camera.
// SPDX-License-Identifier: Apache-2.0
import ExampleSupport
import Martlet
import MediaCodecs

@main
struct EchoBot {
    static func main() async throws {
        let arguments = Arguments(usage: "")
        let room = Room()
        leaveOnSignals(room)
        try await room.join(arguments.join)

        // Two sources, which others see as the bot's microphone and camera. Whatever is written into them is sent.
        let sound = try AudioSource(bufferMilliseconds: 200)
        try await room.localParticipant.publish(sound, as: .microphone)
        let pictures = try VideoSource()
        try await room.localParticipant.publish(pictures, as: .camera)
        say("echoing in the room \(await room.name ?? "")")

        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await echoSound(of: room, into: sound) }
            group.addTask { try await echoPictures(of: room, into: pictures) }
            // Both end when the room is left, or the first of them fails.
            try await group.waitForAll()
        }
        say("left: \(room.connectionState)")
    }

    /// Everybody's sound is mixed already, and the bot's own is not in it: one bot in a room does not hear itself. (Two would
    /// hear each other.)
    static func echoSound(of room: Room, into source: AudioSource) async throws {
        for await piece in try await room.mixedAudio(format: source.format) {
            // Comes every 10 ms. If nothing can be sent just now, the echo rather misses a piece than comes later and later.
            _ = try source.tryWrite(piece)
        }
    }

    /// Pictures cannot be mixed: one camera is shown, and the next one when that is gone.
    static func echoPictures(of room: Room, into source: VideoSource) async throws {
        let turn = Turn()
        try await room.forEachRemoteTrack { track in
            guard track.source == .camera else { return }
            for await picture in try await room.video(of: track) {
                guard await turn.isTaken(by: track) else { continue }
                // Decoded here and encoded anew for those who watch, as large and as sharp as the network to them allows.
                _ = source.tryWrite(picture)
            }
            await turn.end(of: track)
        }
    }
}

/// Whose camera is shown.
actor Turn {
    private var shown: RemoteTrack?

    /// Whether it is a track's turn; whoever asks while it is nobody's gets it.
    func isTaken(by track: RemoteTrack) -> Bool {
        if shown == nil {
            shown = track
            say("showing \(track.participant)")
        }
        return shown?.id == track.id
    }

    /// A track has ended.
    func end(of track: RemoteTrack) {
        if shown?.id == track.id { shown = nil }
    }
}
