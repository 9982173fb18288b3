// Publishing, muting and subscribing.
// SPDX-License-Identifier: Apache-2.0
package import Signaling
package import Wire

extension RoomCore {
    /// Announces that a section of the last offer carries a track.
    /// - Throws: `.permissionDenied`, `.sectionNotFound`, `.sectionInUse`, `.sourceKindMismatch`,
    ///   `.sourceAlreadyPublished` (only `custom` may be published more than once),
    ///   `.tooManyTracks` or `.invalidState`; then nothing has changed.
    @discardableResult
    package mutating func publish(
        _ session: SessionKey, _ request: PublishRequest, at now: MediaInstant
    ) throws(SignalingError) -> TrackID {
        let id = try beginPublish(session, request)
        flush()
        return id
    }

    mutating func beginPublish(
        _ session: SessionKey, _ request: PublishRequest
    ) throws(SignalingError) -> TrackID {
        let index = try member(session)
        let publisher = participants[index]
        guard publisher.isPublisher, publisher.grants.publish.contains(request.source) else {
            throw SignalingError(.permissionDenied)
        }
        let section = publisher.sections.first { $0.mid == request.mid && $0.use == .publishing }
        guard let section else { throw SignalingError(.sectionNotFound) }
        guard request.source.kind == nil || request.source.kind == section.kind else {
            throw SignalingError(.sourceKindMismatch)
        }
        guard !publisher.tracks.contains(where: { $0.mid == request.mid }) else {
            throw SignalingError(.sectionInUse)
        }
        if request.source != .custom,
            publisher.tracks.contains(where: { $0.source == request.source })
        {
            throw SignalingError(.sourceAlreadyPublished)
        }
        guard publisher.tracks.count < configuration.tracksPerParticipantMax else {
            throw SignalingError(.tooManyTracks)
        }
        let track = PublishedTrack(
            number: nextTrackNumber, source: request.source, kind: section.kind,
            mid: request.mid, isMuted: request.muted)
        nextTrackNumber += 1
        participants[index].tracks.append(track)
        ranking.noteChange()
        // The section may have been left paused by the track before.
        emit(.setPaused(publisher: session, mid: track.mid, track.isMuted))
        emitRank(of: track, publisherAt: index)
        broadcast(.trackPublished(publisher.id, track.info), except: publisher.number)
        seat(track.aspect, ofPublisherAt: index)
        return track.id
    }

    /// Takes a track back: it leaves every slot.
    /// - Throws: `.trackNotFound` or `.invalidState`.
    package mutating func unpublish(
        _ session: SessionKey, _ track: TrackID, at now: MediaInstant
    ) throws(SignalingError) {
        try beginUnpublish(session, track)
        flush()
    }

    mutating func beginUnpublish(
        _ session: SessionKey, _ track: TrackID
    ) throws(SignalingError) {
        let index = try member(session)
        if let suspended = participants[index].suspendedTracks.firstIndex(where: { $0.id == track })
        {
            participants[index].suspendedTracks.remove(at: suspended)
            return
        }
        let known = participants[index].tracks.first { $0.id == track }
        guard let known else { throw SignalingError(.trackNotFound) }
        removeTrack(known.number, ofParticipantAt: index)
    }

    mutating func removeTrack(_ number: UInt64, ofParticipantAt index: Int) {
        ranking.noteChange()
        let position = participants[index].tracks.firstIndex { $0.number == number }
        guard let position else { return }
        let track = participants[index].tracks.remove(at: position)
        broadcast(
            .trackUnpublished(participants[index].id, track.id),
            except: participants[index].number)
        seat(track.aspect, ofPublisherAt: index)
    }

    /// Says whether a track is silent for now; it keeps its slots. Repeating it does nothing.
    /// - Throws: `.trackNotFound` or `.invalidState`.
    package mutating func mute(
        _ session: SessionKey, _ track: TrackID, _ muted: Bool, at now: MediaInstant
    ) throws(SignalingError) {
        let index = try member(session)
        if let suspended = participants[index].suspendedTracks.firstIndex(where: { $0.id == track })
        {
            participants[index].suspendedTracks[suspended].isMuted = muted
            return
        }
        let position = participants[index].tracks.firstIndex { $0.id == track }
        guard let position else { throw SignalingError(.trackNotFound) }
        guard participants[index].tracks[position].isMuted != muted else { return }
        participants[index].tracks[position].isMuted = muted
        let changed = participants[index].tracks[position]
        emit(.setPaused(publisher: session, mid: changed.mid, muted))
        if !muted && changed.kind == .video {
            emit(.requestKeyframe(publisher: session, mid: changed.mid))
        }
        broadcast(
            .trackMuted(participants[index].id, track, muted), except: participants[index].number)
    }

    /// Wants, or no longer wants, somebody's tracks: of one source, or of all (`nil`).
    ///
    /// It holds for tracks published later as well, until the participant leaves.
    /// - Throws: `.permissionDenied`, `.participantNotFound`, `.invalidArgument` for oneself, or
    ///   `.invalidState`.
    package mutating func setSubscribed(
        _ session: SessionKey, _ wanted: Bool, to participant: ParticipantID,
        source: TrackSource?, at now: MediaInstant
    ) throws(SignalingError) {
        try beginSubscribe(session, wanted, to: participant, source: source)
        flush()
    }

    mutating func beginSubscribe(
        _ session: SessionKey, _ wanted: Bool, to participant: ParticipantID,
        source: TrackSource?
    ) throws(SignalingError) {
        let receiver = try member(session)
        guard participants[receiver].grants.subscribe else {
            throw SignalingError(.permissionDenied)
        }
        guard participants[receiver].isPlayer || participants[receiver].id != participant else {
            throw SignalingError(.invalidArgument, detail: "Nobody subscribes to oneself.")
        }
        guard let publisher = index(of: participant), participants[publisher].isVisible else {
            throw SignalingError(.participantNotFound)
        }
        participants[receiver].subscriptions.set(
            wanted, source.map { TrackSourceSet($0) } ?? .all,
            of: participants[publisher].number)
        updateWishes(ofReceiverAt: receiver, forPublisherAt: publisher)
        settle(receiver)
    }

    func member(_ session: SessionKey) throws(SignalingError) -> Int {
        guard !isClosed, let index = index(of: session) else {
            throw SignalingError(.invalidState)
        }
        return index
    }
}
