// What a room's media does with sound for those who take it as it came.
// SPDX-License-Identifier: Apache-2.0
import ClientMedia
import Wire

/// A packet of sound on its way to those who take it as it came.
struct ReceivedSound: Sendable {
    let packet: SoundPacket
    let cameAt: MediaInstant
}

extension MediaDriver {
    /// The most packets of a section that wait for word of whose they are: more than a second of them.
    private static let undeliveredSoundMax = 64

    /// Hands a track's packets to a listener.
    /// - Returns: The number to take the listener away by.
    func takePackets(
        of key: TrackKey, _ continuation: AsyncStream<EncodedAudioFrame>.Continuation
    ) -> UInt64 {
        lastTap += 1
        packetTaps.append(PacketTap(number: lastTap, key: key, continuation))
        connection?.setHandsOutPackets(true)
        return lastTap
    }

    func removePacketTap(_ number: UInt64) {
        guard packetTaps.contains(where: { $0.number == number }) else { return }
        packetTaps.removeAll { $0.number == number }
        guard packetTaps.isEmpty else { return }
        connection?.setHandsOutPackets(false)
        undeliveredSound = [:]
    }

    /// Takes a packet that is next in its section. As for pictures, the word of whose it is and when it was said comes another way.
    func take(_ sound: ReceivedSound, mid: String, at now: MediaInstant) {
        let owner = track(mid, at: sound.packet.timestamp)
        let captured = connection?.captureTime(mid: mid, of: sound.packet.timestamp)
        let isTimed = captured != nil || now - sound.cameAt > Self.reportWait
        guard undeliveredSound[mid] == nil, owner.isKnown, isTimed || owner.key == nil else {
            undeliveredSound[mid, default: []].append(sound)
            if undeliveredSound[mid]?.count ?? 0 > Self.undeliveredSoundMax {
                undeliveredSound[mid]?.removeFirst()
            }
            return
        }
        guard let key = owner.key else { return }
        let microseconds =
            captured.map(\.microsecondsSince1970) ?? wallMicroseconds(at: sound.cameAt)
        for tap in packetTaps where tap.key == key {
            tap.take(sound.packet, mid: mid, microseconds: microseconds)
        }
    }

    func deliverHeldSound(mid: String) {
        guard let sounds = undeliveredSound.removeValue(forKey: mid) else { return }
        for sound in sounds { take(sound, mid: mid, at: Self.now) }
    }
}
