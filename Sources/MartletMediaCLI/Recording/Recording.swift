// One participant's pictures and sound into files, on one timeline.
// SPDX-License-Identifier: Apache-2.0
import Foundation
import Martlet
import MediaCodecs
import MediaFiles

/// Sound on its way into a file.
enum RecordedSound: Sendable {
    /// As it came.
    case packet(EncodedAudioFrame)
    /// To be encoded anew.
    case samples(AudioFrame)

    var timestampMicroseconds: Int64 {
        switch self {
        case .packet(let packet): packet.timestampMicroseconds
        case .samples(let piece): piece.timestampMicroseconds
        }
    }
}

/// Writes what comes of one participant. Files begin with the first keyframe, or with sound where no pictures are published;
/// times are those of capture, so that both are in step whatever the network does.
actor Recording {
    /// What sound is recorded from.
    static let soundFormat = SoundFormat(sampleRate: 48_000, channels: 2)
    /// Pictures that are published and do not come are waited for so long, in microseconds of sound.
    private static let patience: Int64 = 5_000_000

    private nonisolated let executor = ThreadExecutor(name: "recording")
    nonisolated var unownedExecutor: UnownedSerialExecutor {
        unsafe executor.asUnownedSerialExecutor()
    }

    let format: RecordFormat
    /// What the sound of a track by itself is written as.
    private let sound: TrackSoundFormat
    private let room: Room
    private let makePath: @Sendable (String) async -> String
    private var published: [RemoteTrack] = []
    private var file: RecordingFile?
    /// A file of its own for sound, where tracks are apart.
    private var soundFile: RecordingFile?
    private var lines: [String] = []
    /// Sound that came before the first picture.
    private var early: [RecordedSound] = []
    private var isOpening = false

    init(
        format: RecordFormat, sound: TrackSoundFormat, room: Room,
        makePath: @escaping @Sendable (String) async -> String
    ) {
        self.format = format
        self.sound = sound
        self.room = room
        self.makePath = makePath
    }

    deinit { executor.end() }

    /// Whether sound is written as it came: Opus.
    nonisolated var takesOpus: Bool {
        switch format {
        case .mkv: true
        case .mp4: false
        case .tracks: sound == .opus
        }
    }

    /// The tracks that belong to it.
    var tracks: [String] { published.map(\.id) }

    /// A track belongs to it.
    func begin(_ track: RemoteTrack) {
        published.removeAll { $0.id == track.id || $0.isSound == track.isSound }
        published.append(track)
        // A file of sound alone cannot take pictures: another begins with them.
        if !track.isSound, let file, file.codec == nil { endFile() }
    }

    // MARK: Pictures

    func take(_ frame: EncodedVideoFrame) async {
        if let file, file.codec != nil, file.source != frame.codec { endFile() }
        if file == nil {
            guard frame.isKeyframe, !isOpening else { return }
            await open(pictures: frame.codec)
        }
        writeEarly()
        file?.write(frame)
    }

    // MARK: Sound

    func take(_ piece: RecordedSound) async {
        if format == .tracks {
            if soundFile == nil { await openSound() }
            soundFile?.write(piece)
            return
        }
        if file == nil {
            early.append(piece)
            let waited = piece.timestampMicroseconds - (early.first?.timestampMicroseconds ?? 0)
            let expectsPictures = published.contains { !$0.isSound && !$0.isMuted }
            guard !expectsPictures || waited > Self.patience, !isOpening else { return }
            await open(pictures: nil)
            return writeEarly()
        }
        writeEarly()
        file?.write(piece)
    }

    private func writeEarly() {
        guard file != nil, !early.isEmpty else { return }
        for piece in early { file?.write(piece) }
        early = []
    }

    // MARK: Files

    private func open(pictures codec: VideoCodec?) async {
        isOpening = true
        defer { isOpening = false }
        let ending: String
        switch (format, codec) {
        case (.mkv, nil): ending = ".mka"
        case (.mkv, _): ending = ".mkv"
        case (.mp4, nil): ending = ".m4a"
        case (.mp4, _): ending = ".mp4"
        case (.tracks, .h264): ending = ".h264"
        case (.tracks, _): ending = ".mkv"
        }
        let path = await makePath(ending)
        do {
            file = try RecordingFile(
                path: path, pictures: codec, hasSound: format != .tracks)
        } catch {
            fail(path, error)
        }
    }

    private func openSound() async {
        guard !isOpening else { return }
        isOpening = true
        defer { isOpening = false }
        let path = await makePath(".\(sound.rawValue)")
        do {
            soundFile = try RecordingFile(path: path, pictures: nil, hasSound: true)
        } catch {
            fail(path, error)
        }
    }

    private func fail(_ path: String, _ error: any Error) {
        FileHandle.standardError.write(Data("\(path): \(error)\n".utf8))
    }

    private func endFile() {
        if let line = file?.finish() { lines.append(line) }
        file = nil
    }

    /// Ends the files.
    /// - Returns: A line for each.
    func finish() async -> [String] {
        if file == nil, !early.isEmpty, !isOpening { await open(pictures: nil) }
        writeEarly()
        endFile()
        if let line = soundFile?.finish() { lines.append(line) }
        soundFile = nil
        return lines
    }
}
