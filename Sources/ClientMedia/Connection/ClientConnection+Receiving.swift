// What a connection does with media that comes.
// SPDX-License-Identifier: Apache-2.0
import PeerTransport
package import RTP
import SRTP
package import Wire

extension ClientConnection {
    mutating func receiveMedia(
        _ datagram: inout MutableSpan<UInt8>, on path: TransportPath, at now: MediaInstant
    ) {
        guard let header = try? RTPHeader.parse(datagram.span),
            let index = receiver(of: header.ssrc),
            let opened = (try? transport.openRTP(&datagram, header: header, on: path, at: now))
                ?? nil
        else { return refuse() }
        let packet = datagram.span.extracting(0..<opened.count)
        guard let range = try? header.payloadRange(in: packet) else { return refuse() }
        if let id = receivers[index].transportSequenceID,
            let number = header.transportSequenceNumber(id: id, in: packet)
        {
            arrivals.record(sequence: number, at: now)
            if nextFeedback == nil { nextFeedback = now + Self.feedbackInterval }
        }
        if let id = receivers[index].orientationID,
            let place = header.extensionRange(id: id, in: packet),
            let value = packet.uint8(at: place.lowerBound)
        {
            receivers[index].note(orientation: value)
        }
        if let id = receivers[index].levelID, let level = header.audioLevel(id: id, in: packet) {
            receivers[index].note(level: level)
        }
        guard
            receivers[index].take(
                header, opened.index, payload: packet.extracting(range), at: now)
        else { return refuse() }
        if nextReport == nil { nextReport = now + Self.firstReport }
        drainFrames(of: index, at: now)
    }

    /// The place of the stream of an SSRC, of media or of repetitions. Streams are looked at where they are: each copy would count
    /// up a dozen references.
    private func receiver(of ssrc: SSRC) -> Int? {
        let receivers = receivers.span
        for index in receivers.indices
        where receivers[index].ssrc == ssrc || receivers[index].rtxSSRC == ssrc {
            return index
        }
        return nil
    }

    mutating func drainFrames(of index: Int, at now: MediaInstant) {
        while var frame = receivers[index].nextFrame(at: now) {
            frame.orientation = receivers[index].orientation
            frame.capturedAt = receivers[index].captureTime(of: frame.timestamp)
            report(.frame(mid: receivers[index].mid, frame))
        }
        while let packet = receivers[index].nextPacket(at: now) {
            report(.sound(mid: receivers[index].mid, packet))
        }
    }

    // MARK: For the driver

    /// So long sound that has not begun waits for the first report on the pictures beside it.
    private static let reportPatience = MediaDuration.milliseconds(400)
    /// Where the next picture is late by more, none is expected.
    private static let pictureAbsence = MediaDuration.milliseconds(500)

    /// The place of a section that hears, by which it is asked for its sound as long as the connection lasts; `nil`: there is no
    /// such section.
    package func soundPlace(mid: String) -> Int? {
        receivers.firstIndex { $0.mid == mid && $0.kind == .audio }
    }

    /// What is to be heard next in a section; call it in the rhythm of what it gives. `.silence` for sections that hear
    /// nothing.
    package mutating func nextSound(mid: String, at now: MediaInstant) -> SoundBuffer.Step {
        soundPlace(mid: mid).map { nextSound(at: $0, now: now) } ?? .silence
    }

    /// The same by the section's place.
    package mutating func nextSound(at place: Int, now: MediaInstant) -> SoundBuffer.Step {
        guard receivers.indices ~= place else { return .silence }
        let patience = receivers[place].sound.isBeginning(at: now) ? patience(at: place) : .zero
        return receivers[place].nextSound(at: now, patience: patience)
    }

    /// How long the sound that is next in the section at a place waits for the picture that was captured with it; zero: that is there,
    /// or none is to be expected. The section of a participant's pictures comes right behind that of its sound (docs/protocol.md).
    private mutating func patience(at place: Int) -> MediaDuration {
        guard receivers.indices ~= place + 1, receivers[place + 1].kind == .video,
            receivers[place + 1].hasBegun, let next = receivers[place].sound.nextTimestamp,
            let captured = receivers[place].captureTime(of: next)
        else { return .zero }
        guard receivers[place + 1].clock != nil else { return Self.reportPatience }
        guard let picture = receivers[place + 1].pictureAhead() else { return .zero }
        let late = captured - picture.captured
        // What is so long past was the last of its kind.
        return LipSync.tolerance...Self.pictureAbsence ~= late ? picture.patience : .zero
    }

    /// The sender's wall clock when something was captured; `nil` before its first report.
    package mutating func captureTime(mid: String, of timestamp: RTPTimestamp) -> NTPTime? {
        guard let place = receivers.firstIndex(where: { $0.mid == mid }) else { return nil }
        return captureTime(at: place, of: timestamp)
    }

    /// The same by the section's place.
    package mutating func captureTime(at place: Int, of timestamp: RTPTimestamp) -> NTPTime? {
        receivers.indices ~= place ? receivers[place].captureTime(of: timestamp) : nil
    }

    /// Whether the sender of the section at a place has reported its clock.
    package mutating func hasReport(at place: Int) -> Bool {
        receivers.indices ~= place && receivers[place].clock != nil
    }

    /// How loud the last packet of a section was; `nil`: nothing came, or it does not say.
    package func level(mid: String) -> AudioLevel? {
        receivers.firstIndex { $0.mid == mid }.flatMap { receivers[$0].level }
    }

    /// How long sound of a section is held at present; `nil`: there is no such section.
    package func soundDelay(mid: String) -> MediaDuration? {
        receivers.first { $0.mid == mid && $0.kind == .audio }?.sound.target
    }

    /// How much later than the network asks for what has this timestamp is played, if that is now, in the section at a
    /// place; `nil`: nothing came.
    package func soundSurplus(
        at place: Int, of timestamp: RTPTimestamp, now: MediaInstant
    ) -> MediaDuration? {
        receivers.indices ~= place
            ? receivers[place].sound.surplus(of: timestamp, at: now) : nil
    }

    /// Where sound of the section at a place is held, so that it is later from there on: when that was captured; `nil`: it is not.
    package mutating func soundHeldFrom(at place: Int) -> NTPTime? {
        guard receivers.indices ~= place, receivers[place].sound.isHeld,
            let next = receivers[place].sound.nextTimestamp
        else { return nil }
        return receivers[place].captureTime(of: next)
    }

    /// What is heard next or first in the section at a place: when it was captured, and how much later than the network asks for it
    /// would be played if that were now. `nil`: nothing is there, or its sender has not reported its clock.
    package mutating func soundAhead(
        at place: Int, now: MediaInstant
    ) -> (captured: NTPTime, surplus: MediaDuration)? {
        guard receivers.indices ~= place, let next = receivers[place].sound.nextTimestamp,
            let captured = receivers[place].captureTime(of: next),
            let surplus = receivers[place].sound.surplus(of: next, at: now)
        else { return nil }
        return (captured, surplus)
    }

    /// How long sound is held at least and at most, in all sections.
    package mutating func setSoundDelays(_ delays: ClosedRange<MediaDuration>) {
        soundDelays = delays
        for index in receivers.indices { receivers[index].setSoundDelays(delays) }
    }

    /// Sound of the section at a place is held so much longer than the network asks for.
    package mutating func setExtraSoundDelay(_ delay: MediaDuration, at place: Int) {
        if receivers.indices ~= place { receivers[place].setExtraDelay(delay) }
    }

    /// Whether sound is handed out as it came too, packet by packet (`ConnectionEvent.sound`).
    package mutating func setHandsOutPackets(_ handsOut: Bool) {
        handsOutPackets = handsOut
        for index in receivers.indices { receivers[index].setHandsOutPackets(handsOut) }
    }

    /// Lets go of the sound that waits in the section at a place: nobody listened to it.
    package mutating func discardSound(at place: Int) {
        if receivers.indices ~= place { receivers[place].discardSound() }
    }

    /// The wall clock at a moment.
    package mutating func wallTime(at instant: MediaInstant) -> NTPTime {
        NTPTime(instant, clockZero: clockZero)
    }

    /// A section shows another source from now on.
    package mutating func restart(mid: String) {
        for index in receivers.indices where receivers[index].mid == mid {
            receivers[index].restart()
        }
    }

    /// Asks for a keyframe of a section until one comes; meanwhile its frames are handed out as before.
    package mutating func wantKeyframe(mid: String, at now: MediaInstant) {
        for index in receivers.indices where receivers[index].mid == mid {
            receivers[index].wantKeyframe()
        }
        if isReady { requestKeyframes(at: now) }
    }

    /// What a section that receives has counted; `nil`: there is no such section.
    package func receivingStatistics(mid: String) -> ReceivingStatistics? {
        receivers.first { $0.mid == mid }?.figures
    }
}
