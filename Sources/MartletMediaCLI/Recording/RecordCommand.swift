// A room into files.
// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Foundation
import Martlet

/// What a recording is written as.
enum RecordFormat: String, ExpressibleByArgument, CaseIterable, Sendable {
    /// One Matroska file of each participant: pictures and sound as they came.
    case mkv
    /// One MP4 file of each participant: H.264 (encoded, if it came as something else) and AAC.
    case mp4
    /// Each track by itself: pictures as they came (.h264 or .mkv), and sound as ``TrackSoundFormat`` says.
    case tracks
}

/// What the sound of a track by itself is written as.
enum TrackSoundFormat: String, ExpressibleByArgument, CaseIterable, Sendable {
    /// Opus as it came, in Ogg.
    case opus
    /// AAC in ADTS frames, encoded anew.
    case aac
    /// Samples of 16 bits, 48 kHz, stereo.
    case wav
}

struct RecordCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "record",
        abstract: "Records a room: a file of each participant, playable and in step.",
        discussion: """
            Files are named after the participant and the source. One goes on when the picture's size changes; a new one \
            begins when somebody leaves and comes back, begins to show pictures, or changes the codec. A recording that is \
            killed can be played up to its last moments.
            """)

    @OptionGroup var server: ServerOptions

    @Option(help: "The folder of the files; it is made if it is not there.")
    var folder = "."

    @Option(help: "mkv, mp4 or tracks.")
    var format = RecordFormat.mkv

    @Option(help: "With --format tracks, what sound is written as: opus (as it came), aac or wav.")
    var sound = TrackSoundFormat.opus

    @Flag(help: "Prints nothing but the files at the end.")
    var quiet = false

    func validate() throws {
        guard format == .tracks || sound == .opus else {
            throw ValidationError(
                "--sound is for --format tracks: \(format.rawValue) files hold "
                    + "\(format == .mp4 ? "AAC" : "Opus").")
        }
    }

    func run() async throws {
        do {
            try FileManager.default.createDirectory(
                atPath: folder, withIntermediateDirectories: true)
        } catch {
            throw ValidationError(
                "The folder \(folder) cannot be made: \(error.localizedDescription)")
        }
        let room = Room()
        let (events, ends) = (room.events, room.events)
        try await room.join(try server.join())
        let desk = RecordingDesk(
            room: room, folder: folder, format: format, sound: sound, isQuiet: quiet)
        if !quiet { say("recording the room \(server.room) into \(folder)") }
        let watching = Task { await desk.follow(events) }
        let over = await RoomOver.wait(seconds: server.seconds, ends)
        await room.leave()
        watching.cancel()
        for line in await desk.finish() { say(line) }
        if let over { throw over }
    }
}
