// Listens to everybody in a room, each for themselves, and prints what was said.
// SPDX-License-Identifier: Apache-2.0
import ExampleSupport
import Martlet
import MediaCodecs

@main
struct TranscriberBot {
    static func main() async throws {
        let arguments = Arguments(usage: "")
        var options = arguments.join
        // Pictures are neither wanted nor sent; the server then sends none, either.
        options.autoSubscribe = .audioOnly
        // In large rooms the loudest alone are heard unless one says otherwise. Whoever is silent is sent no packets.
        options.audioRanking = false

        let room = Room()
        leaveOnSignals(room)
        try await room.join(options)
        say("listening in the room \(await room.name ?? "")")

        try await room.forEachRemoteTrack { track in
            guard track.source == .microphone else { return }
            let transcriber = makeTranscriber()
            // What speech engines take: 16 kHz, one channel, 10 ms at a time.
            let format = SoundFormat(sampleRate: 16_000, channels: 1)
            for await piece in try await room.audio(of: track, format: format) {
                if let text = await transcriber.hear(piece.samples) {
                    say("\(track.participant): \(text)")
                }
            }
            say("\(track.participant) is silent now")
        }
        say("left: \(room.connectionState)")
    }

    /// One for each speaker: put your engine here.
    static func makeTranscriber() -> any Transcriber { LoudnessMeter() }
}
