// What a room's media does with sound: all that is listened to, 10 ms at a time, in the rhythm it is heard in.
// SPDX-License-Identifier: Apache-2.0
import ClientMedia
import NIOCore
import RTP
import Signaling
import Wire

/// A section whose sound is played.
struct HeardSection {
    let mid: String
    let key: TrackKey
    /// Sound before it is of whoever had the section before.
    let start: RTPTimestamp
    var player: SoundPlayer?
    /// The section's place in the connection; `nil`: not looked up yet.
    var place: Int?
}

extension MediaDriver {
    /// Begins the clock of sound; it goes until ``stopPlaying()``, whoever is there.
    func startPlaying() {
        watchQuality()
        isPlaying = true
        keepTime()
    }

    func stopPlaying() {
        isPlaying = false
        keepTime()
        qualityTimer?.cancel()
        qualityTimer = nil
    }

    /// Looks which sections are to be played: those that show a track that somebody listens to.
    func chooseHeard() {
        let isMixed = soundTaps.contains { $0.key == nil }
        let before = heard
        heard = []
        for slot in assignments where !soundTaps.isEmpty {
            guard let key = slot.key, let start = slot.rtpTimestamp,
                isMixed || soundTaps.contains(where: { $0.key == key })
            else { continue }
            let mid = slot.mid.text
            let player = before.first { $0.mid == mid && $0.key == key }?.player
            heard.append(
                HeardSection(mid: mid, key: key, start: RTPTimestamp(start), player: player))
        }
        keepTime()
    }

    /// Follows the loop's clock while there is somebody who listens.
    private func keepTime() {
        let isWanted = isPlaying && !soundTaps.isEmpty
        guard isWanted != isTicking else { return }
        isTicking = isWanted
        nextTick = SoundClock.next(after: Self.now)
        clock.assumeIsolated { clock in
            if isWanted { clock.add(self) } else { clock.remove(self) }
        }
    }

    /// Plays up to a moment.
    func tick(to now: MediaInstant) {
        // A machine that slept does not play what it missed.
        if now - nextTick > .seconds(1) { nextTick = now }
        while nextTick <= now {
            play(at: nextTick)
            nextTick = nextTick + SoundClock.interval
        }
    }

    /// Gives listeners what was played.
    func handOut() {
        for tap in soundTaps { tap.handOut() }
    }

    /// Plays 10 ms of all that is listened to.
    private func play(at now: MediaInstant) {
        let isMixed = soundTaps.contains { $0.key == nil }
        mix.begin()
        for index in heard.indices {
            guard let player = player(of: index, at: now), player.moveOn() else { continue }
            if isMixed { player.add(to: &mix) }
            let captured = noteHeard(index, player.presentTimestamp, at: now)
            guard soundTaps.count > 1 || !isMixed else { continue }
            let key = heard[index].key
            let piece = SoundPiece(
                samples: player.present, microseconds: captured ?? wallMicroseconds(at: now))
            for tap in soundTaps where tap.key == key { tap.take(piece) }
        }
        guard isMixed else { return }
        let piece = SoundPiece(samples: mix.samples, microseconds: wallMicroseconds(at: now))
        for tap in soundTaps where tap.key == nil { tap.take(piece) }
    }

    /// What plays a section, with 10 ms if there are any.
    private func player(of index: Int, at now: MediaInstant) -> SoundPlayer? {
        if heard[index].place == nil {
            heard[index].place = connection?.soundPlace(mid: heard[index].mid)
        }
        guard let place = heard[index].place else { return nil }
        if heard[index].player == nil {
            // What came while nobody listened is old.
            connection?.discardSound(at: place)
            heard[index].player = SoundPlayer(
                start: heard[index].start, at: now,
                track: SharedTrack.Key(room: settings.room, track: heard[index].key))
        }
        guard let player = heard[index].player else { return nil }
        // Without a report nobody knows when it was captured: it comes with the first packets.
        if now - player.madeAt < Self.reportWait, connection?.hasReport(at: place) != true {
            return nil
        }
        if player.presentTimestamp == nil { beginInStep(index, place, at: now) }
        while player.needsMore {
            guard let step = connection?.nextSound(at: place, now: now),
                player.take(step, at: now)
            else { break }
        }
        return player
    }

    /// Sound that nobody has heard yet begins late enough for the pictures beside it.
    private func beginInStep(_ index: Int, _ place: Int, at now: MediaInstant) {
        guard let ahead = connection?.soundAhead(at: place, now: now) else { return }
        let mid = heard[index].mid
        lipSyncs[mid, default: LipSync()].noteSoundAhead(
            captured: ahead.captured, at: now, surplus: ahead.surplus)
        connection?.setExtraSoundDelay(lipSyncs[mid]?.soundDelay ?? .zero, at: place)
    }

    /// Notes for the pictures beside it that sound is heard now.
    /// - Returns: When it was captured, in microseconds since 1970; `nil`: that is not known.
    private func noteHeard(
        _ index: Int, _ timestamp: RTPTimestamp?, at now: MediaInstant
    ) -> Int64? {
        guard let place = heard[index].place, let timestamp,
            let captured = connection?.captureTime(at: place, of: timestamp)
        else { return nil }
        if let surplus = connection?.soundSurplus(at: place, of: timestamp, now: now) {
            let mid = heard[index].mid
            lipSyncs[mid, default: LipSync()].noteSound(
                captured: captured, playedAt: now, surplus: surplus,
                heldFrom: connection?.soundHeldFrom(at: place))
            connection?.setExtraSoundDelay(lipSyncs[mid]?.soundDelay ?? .zero, at: place)
        }
        return captured.microsecondsSince1970
    }

    func wallMicroseconds(at now: MediaInstant) -> Int64 {
        connection?.wallTime(at: now).microsecondsSince1970 ?? now.nanoseconds / 1_000
    }
}
