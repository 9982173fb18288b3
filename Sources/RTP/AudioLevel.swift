// The loudness a sender writes on each audio packet.
// SPDX-License-Identifier: Apache-2.0

/// The level of the audio in one packet (RFC 6464 §3): `|V|    level    |`.
package struct AudioLevel: Hashable, Sendable {
    /// Whether the sender believes that somebody speaks; false also where it does not judge.
    package var hasVoiceActivity: Bool
    /// How far below the loudest possible, in -dBov: 0 is loudest, 127 is silence.
    package var attenuation: UInt8

    /// Makes a level from its parts; `attenuation` above 127 is taken as 127.
    package init(hasVoiceActivity: Bool, attenuation: UInt8) {
        self.hasVoiceActivity = hasVoiceActivity
        self.attenuation = Swift.min(attenuation, 127)
    }

    /// Reads the byte of the wire.
    package init(byte: UInt8) {
        hasVoiceActivity = byte & 0x80 != 0
        attenuation = byte & 0x7F
    }

    /// The byte of the wire.
    package var byte: UInt8 { (hasVoiceActivity ? 0x80 : 0) | attenuation }
}
