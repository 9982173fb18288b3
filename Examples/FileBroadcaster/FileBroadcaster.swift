// Plays a film into a room: H.264 as it is, and AAC or WAV, in step.
// SPDX-License-Identifier: Apache-2.0
import ExampleSupport
import Foundation
import Martlet
import MediaCodecs

/// Takes a raw `.h264`, and a raw `.aac` or a `.wav`, or one of them. FFmpeg makes them of any film; WebRTC knows no B frames, and who
/// joins late begins at the next keyframe:
///
///     ffmpeg -i film.mp4 -c:v libx264 -profile:v baseline -g 50 -r 25 film.h264 -c:a aac film.aac
///
/// `martlet-media publish` takes films as they are.
@main
struct FileBroadcaster {
    static func main() async throws {
        let arguments = Arguments(usage: "[--fps 25] [--rounds 1] FILM.h264 FILM.aac|FILM.wav")
        let film = arguments.files.first { $0.hasSuffix(".h264") }
        let music = arguments.files.first { $0.hasSuffix(".aac") || $0.hasSuffix(".wav") }
        let fps = Double(arguments["fps"] ?? "25") ?? 0
        let rounds = Int(arguments["rounds"] ?? "1") ?? 0
        guard film != nil || music != nil, 1...60 ~= fps, 1...1_000 ~= rounds else {
            Arguments.fail(
                "Name a .h264 file, a .aac or .wav file, or both; 1 to 60 pictures a second.")
        }
        // Each splitter cuts a byte stream into what can be pushed, with its times.
        var pictures = AnnexBSplitter(framesPerSecond: fps)
        let shown = pictures.frames(of: try Self.bytes(of: film))
        let samples = music?.hasSuffix(".wav") == true ? try WAVFile(Self.bytes(of: music)) : nil
        var sounds = ADTSSplitter()
        let heard = samples == nil ? sounds.frames(of: try Self.bytes(of: music)) : []

        var options = arguments.join
        // Nothing is received. What is sent is put in time by its timestamps: both tracks are on one timeline, which begins with
        // the first piece that is written.
        options.autoSubscribe = .none
        options.receivedPairs = 0
        options.publishPacing = .byTimestamp
        let room = Room()
        leaveOnSignals(room)
        try await room.join(options)
        let pieces = samples.map { "\($0.duration) of samples" } ?? "\(heard.count) pieces of sound"
        say("playing \(shown.count) pictures and \(pieces)")

        try await withThrowingTaskGroup(of: Void.self) { group in
            if !shown.isEmpty {
                let source = try EncodedVideoSource(codec: .h264)
                let publication = try await room.localParticipant.publish(source, as: .camera)
                group.addTask {
                    // Waits while the buffer is full: this loop runs as fast as the film.
                    for number in 0..<shown.count * rounds {
                        var picture = shown[number % shown.count]
                        picture.timestampMicroseconds = Int64(Double(number) * 1_000_000 / fps)
                        try await source.write(picture)
                    }
                    source.close()
                    // Closed is not sent yet.
                    await publication.finish()
                    say("the pictures are over")
                }
            }
            if let samples {
                let source = try AudioSource(format: samples.format)
                let publication = try await room.localParticipant.publish(
                    source, as: .microphone, .music)
                group.addTask {
                    try await play(samples, rounds: rounds, into: source)
                    source.close()
                    await publication.finish()
                    say("the sound is over")
                }
            } else if let last = heard.last, let first = heard.first {
                // Whatever a frame sounds, the last one sounds as long as the first.
                let second = heard.count > 1 ? heard[1] : last
                let length =
                    last.timestampMicroseconds + second.timestampMicroseconds
                    - first.timestampMicroseconds
                let source = try EncodedAudioSource(codec: .aac)
                let publication = try await room.localParticipant.publish(
                    source, as: .microphone, .music)
                group.addTask {
                    for number in 0..<heard.count * rounds {
                        var sound = heard[number % heard.count]
                        sound.timestampMicroseconds += Int64(number / heard.count) * length
                        try await source.write(sound)
                    }
                    source.close()
                    await publication.finish()
                    say("the sound is over")
                }
            }
            try await group.waitForAll()
        }
        await room.leave()
    }

    /// Pushes 20 ms at a time, each round behind the one before.
    private static func play(_ file: WAVFile, rounds: Int, into source: AudioSource) async throws {
        let rate = file.format.sampleRate
        for round in 0..<rounds {
            for start in stride(from: 0, to: file.sampleCount, by: rate / 50) {
                var piece = file.piece(from: start, count: rate / 50)
                piece.timestampMicroseconds +=
                    Int64(round) * Int64(file.sampleCount) * 1_000_000 / Int64(rate)
                try await source.write(piece)
            }
        }
    }

    private static func bytes(of path: String?) throws -> [UInt8] {
        guard let path else { return [] }
        return [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
    }
}
