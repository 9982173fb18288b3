// A source being read and, where it has to be, decoded, on a thread of its own.
// SPDX-License-Identifier: Apache-2.0
import Martlet
import MediaCodecs
import MediaFiles

/// What is published of a source, piece by piece.
enum PublishedPiece: Sendable {
    /// Pictures as they are.
    case encodedPicture(EncodedVideoFrame)
    /// A decoded picture.
    case picture(VideoFrame)
    /// Sound as it is.
    case encodedSound(EncodedAudioFrame)
    /// Decoded sound.
    case sound(AudioFrame)
}

/// Reads a file or an address.
actor FileReading {
    /// What is in it, and which way it goes.
    struct Contents: Sendable {
        var pictures: MediaFilePictures?
        var sound: MediaFileSound?
        var passesPictures: Bool
        var passesSound: Bool
        /// Whether it happens now, and comes at the pace it happens.
        var happensNow: Bool
        var durationSeconds: Double?
    }

    /// A read that takes so long has waited for the source: nothing is left of what came before.
    private static let waitMin = Duration.milliseconds(5)
    /// The most that is taken for past, in nanoseconds of the source: one that sends faster than it happens has no present.
    private static let pastMax: Int64 = 10_000_000_000

    private nonisolated let executor: ThreadExecutor
    nonisolated var unownedExecutor: UnownedSerialExecutor {
        unsafe executor.asUnownedSerialExecutor()
    }
    private nonisolated let stop: MediaFileStop
    private var reader: MediaFileReader?
    private var pictureDecoder: MediaFilePictureDecoder?
    private var soundDecoder: MediaFileSoundDecoder?
    private var contents: Contents?
    private var ready: [PublishedPiece] = []
    private var hasEnded = false

    init() throws {
        stop = try MediaFileStop()
        executor = ThreadExecutor(name: "media-reader")
    }

    deinit { executor.end() }

    /// Makes whatever waits return.
    nonisolated func end() { stop.stop() }

    /// Opens a source.
    /// - Parameter transcodes: Whether pictures are decoded even where they could be passed through.
    func open(_ source: String, transcodes: Bool) throws -> Contents {
        let made = try MediaFileReader(source, stop: stop)
        let passesPictures =
            !transcodes && made.pictures?.route == .passThrough
        let passesSound = made.sound?.route == .passThrough
        if let pictures = made.pictures, !passesPictures {
            pictureDecoder = try MediaFilePictureDecoder(pictures)
        }
        if let sound = made.sound, !passesSound { soundDecoder = try MediaFileSoundDecoder(sound) }
        let found = Contents(
            pictures: made.pictures, sound: made.sound, passesPictures: passesPictures,
            passesSound: passesSound, happensNow: made.isLive && made.source.isPushed,
            durationSeconds: made.durationNanoseconds.map { Double($0) / 1e9 })
        contents = found
        reader = consume made
        return found
    }

    /// The next piece; `nil` at the end.
    func next() throws -> PublishedPiece? {
        while ready.isEmpty {
            guard !hasEnded, let packet = try reader?.read() else {
                guard !hasEnded else { return nil }
                hasEnded = true
                try finishDecoders()
                continue
            }
            try take(packet)
        }
        return ready.removeFirst()
    }

    /// Reads from the start again; the timeline goes on.
    func seekToStart() throws {
        try reader?.seekToStart()
        pictureDecoder?.reset()
        soundDecoder?.reset()
        hasEnded = false
    }

    /// Goes on to the present of a source that happens now, and leaves out what is past: what FFmpeg took before it said what is
    /// in it, and what came since.
    func skipToPresent() throws {
        var first: Int64?
        while true {
            let asked = ContinuousClock.now
            guard let packet = try reader?.read() else { break }
            let hasWaited = ContinuousClock.now - asked >= Self.waitMin
            let time = packet.presentationNanoseconds
            let start = first ?? time
            first = start
            // Decoders are given all of it, and what they give is past as well.
            ready = []
            try take(packet)
            if hasWaited || time &- start > Self.pastMax { return }
        }
        hasEnded = true
    }

    private func take(_ packet: MediaFilePacket) throws {
        guard let contents else { return }
        let microseconds = packet.presentationNanoseconds / 1_000
        let bytes = packet.bytes
        switch packet.kind {
        case .picture where contents.passesPictures:
            guard let codec = contents.pictures?.codec else { return }
            ready.append(
                .encodedPicture(
                    EncodedVideoFrame(
                        codec: codec, bytes: bytes.indices.map { bytes[$0] },
                        isKeyframe: packet.isKeyframe, timestampMicroseconds: microseconds)))
        case .picture:
            // What is damaged is left out; the decoder goes on.
            for frame in (try? pictureDecoder?.decode(packet)) ?? [] {
                ready.append(.picture(frame))
            }
        case .sound where contents.passesSound:
            ready.append(
                .encodedSound(
                    EncodedAudioFrame(
                        bytes: bytes.indices.map { bytes[$0] },
                        timestampMicroseconds: microseconds)))
        case .sound: take((try? soundDecoder?.decode(packet)) ?? [])
        }
    }

    private func take(_ pieces: [DecodedSound]) {
        for piece in pieces {
            let format = SoundFormat(
                sampleRate: DecodedSound.sampleRate, channels: piece.channels)
            // Pieces of at most 20 ms, as a source's buffer likes them.
            let count = DecodedSound.sampleRate / 50 * piece.channels
            var start = 0
            while start < piece.samples.count {
                let end = min(start + count, piece.samples.count)
                let offset = Int64(start / piece.channels) * 1_000_000 / Int64(format.sampleRate)
                ready.append(
                    .sound(
                        AudioFrame(
                            samples: Array(piece.samples[start..<end]), format: format,
                            timestampMicroseconds: piece.presentationNanoseconds / 1_000 + offset)))
                start = end
            }
        }
    }

    private func finishDecoders() throws {
        for frame in (try? pictureDecoder?.decode(nil)) ?? [] { ready.append(.picture(frame)) }
        take((try? soundDecoder?.decode(nil)) ?? [])
    }
}
