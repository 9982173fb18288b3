// A frame of a publication that has come from the application into the engine.
// SPDX-License-Identifier: Apache-2.0
import MediaCodecs
import Wire

/// It keeps when the application pushed it.
enum CrossedFrame: Sendable {
    case sound(Pushed<AudioFrame>, gain: Int)
    case picture(PushedPicture)
    case encodedSound(Pushed<EncodedAudioFrame>)
    case encodedPicture(Pushed<EncodedVideoFrame>)

    /// Copies a frame out of memory.
    /// - Returns: The frame; `nil`: it is none that the source takes.
    init?(_ notice: FrameNotice, _ bytes: LentBytes, for source: EngineFeed.Source) {
        switch source {
        case .sound(let sound):
            guard case .samples(let gain) = notice.content else { return nil }
            let frame = AudioFrame(
                samples: notice.samples(bytes), format: sound.format,
                timestampMicroseconds: notice.timestampMicroseconds)
            self = .sound(Pushed(frame: frame, at: notice.pushedAt), gain: Int(gain))
        case .pictures:
            guard let (frame, rotation) = notice.picture(bytes) else { return nil }
            self = .picture(
                PushedPicture(frame: frame, rotation: rotation, pushedAt: notice.pushedAt))
        case .encodedSound:
            guard let frame = notice.encodedSound(bytes) else { return nil }
            self = .encodedSound(Pushed(frame: frame, at: notice.pushedAt))
        case .encodedPictures:
            guard let frame = notice.encodedPicture(bytes) else { return nil }
            self = .encodedPicture(Pushed(frame: frame, at: notice.pushedAt))
        }
    }

    /// Pushes it as the application did, and waits for room first.
    func write(into source: EngineFeed.Source) async throws {
        switch (source, self) {
        case (.sound(let sound), .sound(let pushed, let gain)):
            sound.gain = gain
            try await sound.write(pushed)
        case (.pictures(let pictures), .picture(let pushed)): try await pictures.write(pushed)
        case (.encodedSound(let sound), .encodedSound(let pushed)): try await sound.write(pushed)
        case (.encodedPictures(let pictures), .encodedPicture(let pushed)):
            try await pictures.write(pushed)
        default: break
        }
    }
}
