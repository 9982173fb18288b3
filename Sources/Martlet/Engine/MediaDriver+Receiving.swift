// What a room's media does with what it receives: whose is what, and frames to their tracks.
// SPDX-License-Identifier: Apache-2.0
import ClientMedia
import MediaCodecs
import Negotiation
import Payloads
import RTP
import Signaling
import Wire

/// A track of somebody else.
struct TrackKey: Hashable, Sendable {
    let participant: ParticipantID
    let track: TrackID
}

extension MediaDriver {
    /// The most frames of a section that wait for word of whose they are.
    private static let undeliveredMax = 64

    // MARK: Whose is what

    /// Takes what sections show from now on.
    func assign(_ slots: [SlotAssignment]) {
        for slot in slots {
            let mid = slot.mid.text
            let before = assignment(mid)
            assignments.removeAll { $0.mid == slot.mid }
            assignments.append(slot)
            if before?.source != slot.source {
                connection?.restart(mid: mid)
                heard.removeAll { $0.mid == mid }
                lipSyncs[pair(of: mid)]?.restart()
                for tap in pictureTaps where tap.key == before?.key { tap.interrupt() }
                for tap in packetTaps where tap.key == before?.key { tap.interrupt() }
            }
            deliverHeld(mid: mid)
        }
        chooseHeard()
    }

    func assignment(_ mid: String) -> SlotAssignment? {
        assignments.first { $0.mid.text == mid }
    }

    /// A pair of sections has one participant's sound and picture: the section of sound comes right before (docs/protocol.md).
    private func pair(of mid: String) -> String {
        guard let sections = connection?.media.sections,
            let index = sections.firstIndex(where: { $0.mid == mid }),
            sections[index].kind == .video, index > 0, sections[index - 1].kind == .audio
        else { return mid }
        return sections[index - 1].mid
    }

    /// The track that a section shows at a timestamp; `nil`: not known yet, or nobody's.
    func track(
        _ mid: String, at timestamp: RTPTimestamp
    ) -> (key: TrackKey?, isKnown: Bool) {
        guard let slot = assignment(mid) else { return (nil, false) }
        guard let key = slot.key else { return (nil, true) }
        guard let start = slot.rtpTimestamp else { return (nil, false) }
        return timestamp.distance(from: RTPTimestamp(start)) >= 0 ? (key, true) : (nil, true)
    }

    // MARK: Pictures

    func take(_ frame: EncodedFrame, mid: String, at now: MediaInstant) {
        var frame = frame
        let owner = track(mid, at: frame.timestamp)
        if frame.capturedAt == nil {
            frame.capturedAt = connection?.captureTime(mid: mid, of: frame.timestamp)
        }
        // The word of whose it is comes another way, and may be slower; when it was captured the first report says, which comes
        // right behind it.
        let isTimed = frame.capturedAt != nil || now - frame.completeAt > Self.reportWait
        guard undelivered[mid] == nil, owner.isKnown, isTimed || owner.key == nil else {
            undelivered[mid, default: []].append(frame)
            if undelivered[mid]?.count ?? 0 > Self.undeliveredMax {
                undelivered[mid]?.removeFirst()
            }
            return
        }
        guard let key = owner.key else { return }
        deliver(frame, key, mid: mid, at: now)
    }

    /// How long a sender's first report is waited for.
    static let reportWait = MediaDuration.milliseconds(400)

    /// Looks whether frames that wait can be handed out by now.
    func deliverHeld() {
        guard !undelivered.isEmpty || !undeliveredSound.isEmpty else { return }
        for slot in assignments { deliverHeld(mid: slot.mid.text) }
    }

    private func deliverHeld(mid: String) {
        deliverHeldSound(mid: mid)
        guard let frames = undelivered.removeValue(forKey: mid) else { return }
        for frame in frames { take(frame, mid: mid, at: Self.now) }
    }

    private func deliver(_ frame: EncodedFrame, _ key: TrackKey, mid: String, at now: MediaInstant)
    {
        if frame.codec == .h264 {
            for message in metadataReceivers[key, default: MetadataReceiver()].receive(
                frame.bytes.span)
            {
                onMetadata?(key, message.bytes)
            }
        }
        let pair = pair(of: mid)
        lipSyncs[pair, default: LipSync()].notePicture(
            frame.timestamp, captured: frame.capturedAt, completeAt: frame.completeAt)
        for tap in pictureTaps where tap.key == key {
            if tap.take(frame, pair: pair, at: now) {
                connection?.wantKeyframe(mid: mid, at: now)
            }
        }
    }

    /// When a picture that was decoded is to be shown.
    func due(_ picture: ReceivedPicture, at now: MediaInstant) -> MediaInstant {
        lipSyncs[picture.pair]?.showing(captured: picture.frame.capturedAt, at: now) ?? now
    }

    /// Asks for a keyframe of a track, where it is received; whoever watches it goes on meanwhile.
    func wantKeyframe(_ key: TrackKey) {
        for slot in assignments where slot.key == key {
            connection?.wantKeyframe(mid: slot.mid.text, at: Self.now)
        }
        finishTurn()
    }

    // MARK: Taps

    /// Hands a track's frames to a viewer, from a keyframe on.
    /// - Returns: The number to take the viewer away by.
    func watch(_ key: TrackKey, _ sink: PictureTap.Sink) -> UInt64 {
        lastTap += 1
        pictureTaps.append(PictureTap(number: lastTap, key: key, sink))
        // What comes now cannot be decoded without what came before.
        wantKeyframe(key)
        return lastTap
    }

    /// Hands sound to a listener, of one track or of all together.
    /// - Returns: The number to take the listener away by.
    func listen(
        _ key: TrackKey?, _ make: () throws(MediaCodecError) -> SoundTap.Sink
    ) throws(MediaCodecError) -> UInt64 {
        lastTap += 1
        soundTaps.append(SoundTap(number: lastTap, key: key, sink: try make()))
        chooseHeard()
        return lastTap
    }

    func removeTap(_ number: UInt64) {
        pictureTaps.removeAll { $0.number == number }
        soundTaps.removeAll { $0.number == number }
        chooseHeard()
        removePacketTap(number)
    }

    /// Ends what is listened to: the room is left.
    func endTaps() {
        for tap in pictureTaps { tap.finish() }
        for tap in soundTaps { tap.finish() }
        for tap in packetTaps { tap.finish() }
        pictureTaps = []
        soundTaps = []
        packetTaps = []
        chooseHeard()
        undeliveredSound = [:]
        connection?.setHandsOutPackets(false)
    }
}

extension SlotAssignment {
    /// Whose track it is.
    var key: TrackKey? { source.map { TrackKey(participant: $0.participant, track: $0.track) } }
}

extension NTPTime {
    /// Microseconds since 1 January 1970.
    var microsecondsSince1970: Int64 {
        // Seconds below those of 1970 are of the era that begins in 2036 (RFC 5905 §6).
        var seconds = Int64(rawValue >> 32) - 2_208_988_800
        if seconds < 0 { seconds += 1 << 32 }
        return seconds * 1_000_000 + Int64(((rawValue & 0xFFFF_FFFF) * 1_000_000) >> 32)
    }
}
