// Plays a film into a room: H.264 as it is, and AAC, in step.
// SPDX-License-Identifier: Apache-2.0
import ExampleSupport
import Foundation
import Martlet
import MediaCodecs

/// Takes a raw `.h264` and a raw `.aac`, or one of them. FFmpeg makes them of any film; WebRTC knows no B frames, and who joins
/// late begins at the next keyframe:
///
///     ffmpeg -i film.mp4 -c:v libx264 -profile:v baseline -g 50 -r 25 film.h264 -c:a aac film.aac
///
/// `martlet-media publish` takes films as they are.
@main
struct FileBroadcaster {
    static func main() async throws {
        let arguments = Arguments(usage: "[--fps 25] [--rounds 1] FILM.h264 FILM.aac")
        let film = arguments.files.first { $0.hasSuffix(".h264") }
        let music = arguments.files.first { $0.hasSuffix(".aac") }
        let fps = Int64(arguments["fps"] ?? "25") ?? 0
        let rounds = Int(arguments["rounds"] ?? "1") ?? 0
        guard film != nil || music != nil, 1...60 ~= fps, 1...1_000 ~= rounds else {
            Arguments.fail("Name a .h264 file, a .aac file or both; 1 to 60 pictures a second.")
        }
        let pictures = try film.map { H264File(try Self.bytes(of: $0)).pictures } ?? []
        let sounds = try music.map { AACFile(try Self.bytes(of: $0)).frames } ?? []

        var options = arguments.join
        // Nothing is received. What is sent is put in time by its timestamps: both tracks are on one timeline, which begins with
        // the first piece that is written.
        options.autoSubscribe = .none
        options.receivedPairs = 0
        options.publishPacing = .byTimestamp
        let room = Room()
        leaveOnSignals(room)
        try await room.join(options)
        say("playing \(pictures.count) pictures and \(sounds.count) pieces of sound")

        try await withThrowingTaskGroup(of: Void.self) { group in
            if !pictures.isEmpty {
                let source = try EncodedVideoSource(codec: .h264)
                let publication = try await room.publish(source, as: .camera)
                group.addTask {
                    // Waits while the buffer is full: this loop runs as fast as the film.
                    for number in 0..<pictures.count * rounds {
                        let picture = pictures[number % pictures.count]
                        try await source.write(
                            EncodedVideoFrame(
                                codec: .h264, bytes: picture.bytes, isKeyframe: picture.isKeyframe,
                                timestampMicroseconds: Int64(number) * 1_000_000 / fps))
                    }
                    source.close()
                    // Closed is not sent yet.
                    await publication.finish()
                    say("the pictures are over")
                }
            }
            if !sounds.isEmpty {
                let source = try EncodedAudioSource(codec: .aac)
                let publication = try await room.publish(source, as: .microphone, .music)
                group.addTask {
                    var microseconds: Int64 = 0
                    for number in 0..<sounds.count * rounds {
                        let sound = sounds[number % sounds.count]
                        try await source.write(
                            EncodedAudioFrame(
                                bytes: sound.bytes, timestampMicroseconds: microseconds))
                        microseconds += sound.microseconds
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

    private static func bytes(of path: String) throws -> [UInt8] {
        [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
    }
}
