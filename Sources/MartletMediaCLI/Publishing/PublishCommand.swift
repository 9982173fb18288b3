// A file, a camera or a stream into a room.
// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Martlet
import MediaCodecs
import MediaFiles

struct PublishCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "publish",
        abstract:
            "Publishes a file or an address into a room: MP4, MKV, WAV, RTSP, RTMP, HLS and all else FFmpeg reads.",
        discussion: """
            H.264 without B frames, VP8, VP9, AV1 and Opus are passed through as they are, everything else is decoded and encoded \
            anew. What is passed through has keyframes only where the source has them: who joins sees a picture with the \
            next one; --transcode makes them when somebody asks. Files play in real time. What happens now (RTSP, RTMP) is \
            shown as it happens: FFmpeg looks at a source for a second or more before it says what is in it, and what came \
            meanwhile is left out; with --realtime it is played, and everything after it so much later.
            """)

    @Argument(help: "A path, or an address of rtsp, rtmp, http or https.")
    var source: String

    @OptionGroup var server: ServerOptions

    @Flag(help: "Begins anew at the end of a file, on and on.")
    var loop = false

    @Flag(
        inversion: .prefixedNo,
        help: "Plays from the first frame on, at the pace of its timestamps; always so of files.")
    var realtime: Bool?

    @Flag(help: "Encodes pictures anew even if they could be passed through.")
    var transcode = false

    @Option(help: "What pictures are encoded as, if they are: VP8, VP9 or H264.")
    var codec = "VP8"

    @Option(help: "The most bits a second for pictures that are encoded.")
    var bitrate = 2_000_000

    @Option(help: "How much work is done for sound that is encoded, 0 to 10; less costs quality.")
    var complexity = AudioPublishOptions().complexity

    @Flag(help: "Publishes as a screen and its sound, in place of camera and microphone.")
    var screen = false

    @Flag(help: "Prints no progress.")
    var quiet = false

    func run() async throws {
        let reading = try FileReading()
        let contents: FileReading.Contents
        do { contents = try await reading.open(source, transcodes: transcode) } catch {
            throw ValidationError("\(error)")
        }
        let beginsNow = contents.happensNow && realtime != true
        guard realtime != false || beginsNow else {
            throw ValidationError(
                "--no-realtime is for what happens now (RTSP, RTMP): nobody can watch a file faster than it plays."
            )
        }
        var options = try server.join()
        options.receivedPairs = 0
        options.autoSubscribe = .none
        options.publishPacing = .byTimestamp
        let room = Room()
        let ends = room.events
        try await room.join(options)
        let outlet = try await PublishOutlet(
            room: room, contents: contents, isScreen: screen,
            codec: encodedCodec(codec), bitrate: bitrate, complexity: complexity)
        say(Self.description(contents, source: source, room: server.room))
        let (isLooped, isQuiet, seconds) = (loop, quiet, server.seconds)
        let outcome = await withTaskGroup(of: (any Error)?.self) { group in
            group.addTask {
                do {
                    if beginsNow { try await reading.skipToPresent() }
                    try await Self.play(reading, into: outlet, isLooped: isLooped)
                    return nil
                } catch { return error }
            }
            group.addTask { await RoomOver.wait(seconds: seconds, ends) }
            let progress = Task {
                while !isQuiet, !Task.isCancelled {
                    try? await Task.sleep(for: .seconds(1))
                    if !Task.isCancelled { say(await outlet.progress) }
                }
            }
            let first = await group.next() ?? nil
            progress.cancel()
            reading.end()
            group.cancelAll()
            return first
        }
        say(await outlet.progress)
        await room.leave()
        if let over = outcome as? RoomOver { throw over }
        if let outcome, !(outcome is CancellationError) { throw ValidationError("\(outcome)") }
    }

    private static func play(
        _ reading: FileReading, into outlet: PublishOutlet, isLooped: Bool
    ) async throws {
        repeat {
            while let piece = try await reading.next() { try await outlet.take(piece) }
            if isLooped { try await reading.seekToStart() }
        } while isLooped
        await outlet.finish()
    }

    private static func description(
        _ contents: FileReading.Contents, source: String, room: String
    ) -> String {
        var parts: [String] = []
        if let pictures = contents.pictures {
            parts.append(
                "\(pictures.codecName) \(pictures.width)x\(pictures.height) "
                    + (contents.passesPictures ? "passed through" : "encoded anew"))
        }
        if let sound = contents.sound {
            parts.append(
                "\(sound.codecName) \(sound.format.sampleRate) Hz "
                    + (contents.passesSound ? "passed through" : "encoded anew"))
        }
        return "\(source) into the room \(room): \(parts.joined(separator: ", "))"
    }
}
