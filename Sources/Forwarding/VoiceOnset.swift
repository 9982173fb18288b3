// Notices at once that somebody begins to speak.
// SPDX-License-Identifier: Apache-2.0
import RTP
package import Wire

/// Tells from the levels of a stream's packets (RFC 6464) when a voice begins, so that nobody has to wait for the
/// next report on loudness to be heard.
package struct VoiceOnset: Sendable {
    /// Levels up to this are a voice (-dBov).
    package static let voice: UInt8 = 50
    /// So many packets of it in a row are no knock on the table: 60 ms of the usual 20 ms.
    package static let packetsNeeded = 3
    /// A voice that pauses for less has not ended.
    package static let pause = MediaDuration.milliseconds(500)

    private var loudPackets = 0
    private var lastVoice: MediaInstant?

    /// Nothing heard yet.
    package init() {}

    /// Takes note of a packet, in the order of sending.
    /// - Parameter byte: The level as its header carries it.
    /// - Returns: How loud it is, 0 to 127 -dBov, if with it a voice begins: at most once in ``pause``.
    package mutating func note(_ byte: UInt8, at now: MediaInstant) -> UInt8? {
        let level = AudioLevel(byte: byte).attenuation
        guard level <= Self.voice else {
            loudPackets = 0
            return nil
        }
        if let lastVoice, now - lastVoice < Self.pause {
            self.lastVoice = now
            return nil
        }
        loudPackets += 1
        guard loudPackets >= Self.packetsNeeded else { return nil }
        loudPackets = 0
        lastVoice = now
        return level
    }
}
