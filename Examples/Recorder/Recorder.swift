// Records a room into files, each track by itself and as it came.
// SPDX-License-Identifier: Apache-2.0
import ExampleSupport
import Foundation
import Martlet
import MediaCodecs

/// Writes `PARTICIPANT-SOURCE-ID.h264` (or `.ivf`) of pictures and `.aac` of sound. For recordings in MP4 and Matroska, with sound
/// and picture in one file, there is `martlet-media record`.
@main
struct Recorder {
    static func main() async throws {
        let arguments = Arguments(usage: "[--folder PATH]")
        let folder = URL(fileURLWithPath: arguments["folder"] ?? ".", isDirectory: true)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)

        let room = Room()
        leaveOnSignals(room)
        try await room.join(arguments.join)
        say("recording the room \(await room.name ?? "") into \(folder.path)")

        // One task for each track, which ends when the track does. An error, as of a disk that is full, ends the recording.
        try await room.forEachRemoteTrack { track in
            if track.isSound {
                try await record(sound: track, of: room, into: folder)
            } else {
                try await record(pictures: track, of: room, into: folder)
            }
        }
        await room.leave()
    }

    /// Sound comes as Opus, of which no file can be made without a container: the SDK makes AAC of it, with which players can do
    /// something as it is.
    static func record(sound track: RemoteTrack, of room: Room, into folder: URL) async throws {
        let file = try TrackFile(track, ending: "aac", in: folder)
        for await frame in try await room.aac(of: track, AACOptions(channels: 1)) {
            try file.write(frame.bytes)
        }
        file.close()
    }

    /// Pictures are written as they were sent, without decoding them. The first one is a keyframe, whenever one begins.
    static func record(pictures track: RemoteTrack, of room: Room, into folder: URL) async throws {
        var file: TrackFile?
        var first: Int64?
        for await frame in try await room.encodedVideo(of: track) {
            let open: TrackFile
            if let file {
                open = file
            } else {
                let isStream = frame.codec == .h264
                open = try TrackFile(track, ending: isStream ? "h264" : "ivf", in: folder)
                if !isStream { try open.write(IVF.fileHeader(frame.codec)) }
                file = open
            }
            if frame.codec != .h264 {
                let start = first ?? frame.timestampMicroseconds
                first = start
                try open.write(
                    IVF.frameHeader(frame.bytes.count, frame.timestampMicroseconds - start))
            }
            try open.write(frame.bytes)
        }
        file?.close()
    }
}

/// A file of one track.
final class TrackFile {
    private let url: URL
    private let handle: FileHandle
    private var byteCount = 0
    private var pieces = 0

    init(_ track: RemoteTrack, ending: String, in folder: URL) throws {
        // Whoever joins chooses their id: not all that it may have is good in a file's name.
        let participant = track.participant.filter { $0.isLetter || $0.isNumber || $0 == "-" }
        let name = "\(participant)-\(track.source.rawValue)-\(track.id).\(ending)"
        url = folder.appendingPathComponent(name)
        try Data().write(to: url)
        handle = try FileHandle(forWritingTo: url)
    }

    func write(_ bytes: [UInt8]) throws {
        try handle.write(contentsOf: Data(bytes))
        byteCount += bytes.count
        pieces += 1
    }

    func close() {
        try? handle.close()
        say("\(url.lastPathComponent): \(byteCount) bytes in \(pieces) pieces")
    }
}
