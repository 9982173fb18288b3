// Where what was read goes: the sources that a file needs.
// SPDX-License-Identifier: Apache-2.0
import Martlet
import MediaCodecs
import MediaFiles

/// Publishes what a file has, and takes its pieces.
actor PublishOutlet {
    /// How much of each stream waits: files have some seconds of one before those of the other.
    private static let bufferedFrames = 100
    private static let bufferedMilliseconds = 3_000
    private static let bufferedPackets = 300

    private let encodedPictures: EncodedVideoSource?
    private let pictures: VideoSource?
    private let encodedSound: EncodedAudioSource?
    private let sound: AudioSource?
    private var publications: [LocalTrackPublication] = []
    private let durationSeconds: Double?
    private var position = 0.0
    /// What was read first, and when: from then on it plays in real time, with some seconds waiting behind.
    private var start: (seconds: Double, at: ContinuousClock.Instant)?
    private var bytesBefore: UInt64 = 0
    private var toldAt = ContinuousClock.now

    init(
        room: Room, contents: FileReading.Contents, isScreen: Bool, codec: VideoCodec, bitrate: Int,
        complexity: Int
    ) async throws {
        durationSeconds = contents.durationSeconds
        encodedPictures =
            contents.passesPictures
            ? try contents.pictures?.codec.map {
                try EncodedVideoSource(codec: $0, bufferedFrames: Self.bufferedFrames)
            } ?? nil : nil
        pictures =
            contents.pictures != nil && !contents.passesPictures
            ? try VideoSource(bufferedFrames: 8) : nil
        encodedSound =
            contents.passesSound
            ? try EncodedAudioSource(codec: .opus, bufferedFrames: Self.bufferedPackets) : nil
        sound =
            contents.passesSound
            ? nil
            : try contents.sound.map {
                try AudioSource(
                    format: SoundFormat(
                        sampleRate: DecodedSound.sampleRate,
                        channels: $0.format.channels == 1 ? 1 : 2),
                    bufferMilliseconds: Self.bufferedMilliseconds)
            }
        let participant = room.localParticipant
        var made: [LocalTrackPublication] = []
        let (seen, heard): (TrackSource, TrackSource) =
            isScreen ? (.screen, .screenAudio) : (.camera, .microphone)
        if let encodedPictures {
            made.append(
                try await participant.publish(
                    encodedPictures, as: seen, maxBitsPerSecond: 8_000_000))
        }
        if let pictures {
            var options = VideoPublishOptions()
            options.codec = codec
            options.maxBitsPerSecond = bitrate
            options.frameRate = min(max(Int((contents.pictures?.frameRate ?? 30).rounded()), 1), 60)
            made.append(try await participant.publish(pictures, as: seen, options))
        }
        var music = AudioPublishOptions.music
        music.complexity = complexity
        if let encodedSound {
            made.append(try await participant.publish(encodedSound, as: heard, music))
        }
        if let sound { made.append(try await participant.publish(sound, as: heard, music)) }
        publications = made
    }

    /// Takes a piece; waits while its buffer is full.
    nonisolated func take(_ piece: PublishedPiece) async throws {
        switch piece {
        case .encodedPicture(let frame):
            try await encodedPictures?.write(frame)
            await note(frame.timestampMicroseconds)
        case .picture(let frame):
            try await pictures?.write(frame)
            await note(frame.timestampMicroseconds)
        case .encodedSound(let frame):
            try await encodedSound?.write(frame)
            await note(frame.timestampMicroseconds)
        case .sound(let frame):
            try await sound?.write(frame)
            await note(frame.timestampMicroseconds)
        }
    }

    private func note(_ microseconds: Int64) {
        position = max(position, Double(microseconds) / 1e6)
        if start == nil { start = (position, .now) }
    }

    /// Waits until everything has left.
    func finish() async {
        encodedPictures?.close()
        pictures?.close()
        encodedSound?.close()
        sound?.close()
        for publication in publications { await publication.finish() }
    }

    /// A line for people: where we are, how fast, and what is lost.
    var progress: String {
        get async {
            var bytes: UInt64 = 0
            var loss = 0.0
            var dropped: UInt64 = 0
            for publication in publications {
                for one in await publication.statistics {
                    bytes += one.bytes
                    loss = max(loss, one.lossShare)
                    dropped += one.droppedFrames
                }
            }
            let now = ContinuousClock.now
            let elapsed = (now - toldAt) / .seconds(1)
            let rate = elapsed > 0 ? Double(bytes &- bytesBefore) * 8 / elapsed / 1_000 : 0
            bytesBefore = bytes
            toldAt = now
            let whole = durationSeconds.map { " of \(Self.time($0))" } ?? ""
            return
                "\(Self.time(played(at: now)))\(whole)  \(Int(rate)) kbit/s  loss \(Int((loss * 100).rounded())) %"
                + (dropped > 0 ? "  \(dropped) pictures left out" : "")
        }
    }

    private func played(at now: ContinuousClock.Instant) -> Double {
        guard let start else { return 0 }
        return min(position, start.seconds + (now - start.at) / .seconds(1))
    }

    private static func time(_ seconds: Double) -> String {
        let whole = Int(max(0, seconds))
        func two(_ value: Int) -> String { value < 10 ? "0\(value)" : "\(value)" }
        return "\(two(whole / 3_600)):\(two(whole / 60 % 60)):\(two(whole % 60))"
    }
}
