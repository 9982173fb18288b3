// Who is shown to whom: wishes into boards, changes of boards into effects.
// SPDX-License-Identifier: Apache-2.0
package import Signaling
package import Wire

extension RoomCore {
    /// The session offered anew and was answered: more slots, other sections.
    ///
    /// Tracks of sections that no longer send are unpublished.
    /// - Parameter reply: The number of the `offer` and its answer; `nil` where HTTP answered it.
    /// - Throws: `.invalidState` if the session is not in the room.
    package mutating func updateSections(
        _ session: SessionKey, _ sections: [RoomSection],
        reply: (id: RequestID, answer: SDPBody)?, at now: MediaInstant
    ) throws(SignalingError) {
        guard !isClosed, let index = index(of: session) else {
            throw SignalingError(.invalidState, requestID: reply?.id)
        }
        participants[index].sections = sections
        if let reply { tell(session, .answer(reply.id, reply.answer)) }
        for track in participants[index].tracks where !canSend(track, in: sections) {
            removeTrack(track.number, ofParticipantAt: index)
        }
        let suspended = participants[index].suspendedTracks
        participants[index].suspendedTracks = suspended.filter { canSend($0, in: sections) }
        participants[index].wasAskedForSlots = false
        participants[index].board.layOut(sections, pairing: participants[index].pairing)
        settle(index)
        markUntold(index)
        flush()
    }

    private func canSend(_ track: PublishedTrack, in sections: [RoomSection]) -> Bool {
        sections.contains {
            $0.mid == track.mid && $0.kind == track.kind && $0.use == .publishing
        }
    }

    /// Media of the source now flows in the slot, from `rtpTimestamp` on. Ignored if the slot has
    /// been given to another source since.
    package mutating func slotStarted(
        receiver: SessionKey, mid: MediaSectionID, source: SlotSource, rtpTimestamp: UInt32
    ) {
        guard let index = index(of: receiver), participants[index].hearsMessages,
            let section = participants[index].board.section(named: mid),
            let shown = participants[index].board.sections[section].source,
            slotSource(shown) == source
        else { return }
        var told = assignment(section, of: index)
        told.rtpTimestamp = rtpTimestamp
        tell(receiver, .slots([told]))
    }

    /// A receiver's path carries more or less of what a slot shows. Ignored if the slot has been given to another
    /// source since.
    package mutating func slotQuality(
        receiver: SessionKey, mid: MediaSectionID, source: SlotSource, _ quality: TrackQuality
    ) {
        guard let index = index(of: receiver), participants[index].hearsMessages,
            let section = participants[index].board.section(named: mid),
            let shown = participants[index].board.sections[section].source,
            slotSource(shown) == source
        else { return }
        let assignment = assignment(section, of: index)
        guard let told = assignment.source else { return }
        tell(receiver, .trackQuality(told.participant, told.track, quality))
    }

    // MARK: Wishes

    /// Fills the board of a newcomer.
    mutating func seatEverybody(forReceiverAt receiver: Int) {
        for publisher in participants.indices where publisher != receiver {
            updateWishes(ofReceiverAt: receiver, forPublisherAt: publisher)
        }
        settle(receiver)
    }

    /// Brings everybody's wishes for one publisher's presentation up to date.
    mutating func seat(_ aspect: Presentation.Aspect, ofPublisherAt publisher: Int) {
        for receiver in participants.indices where receiver != publisher {
            let seen: Presentation.Aspect = participants[receiver].isPlayer ? .whole : aspect
            updateWish(ofReceiverAt: receiver, for: seen, ofPublisherAt: publisher)
            settle(receiver)
        }
    }

    /// Takes a leaver's tracks out of every slot and lets the next ones in.
    mutating func clearSeats(ofPublisher number: UInt64) {
        for receiver in participants.indices {
            participants[receiver].subscriptions.forget(number)
            participants[receiver].videoChoices.forget(number)
            participants[receiver].board.forget(publisher: number)
            settle(receiver)
        }
    }

    /// Brings one receiver's wishes for everything of one publisher up to date; `settle` after.
    mutating func updateWishes(ofReceiverAt receiver: Int, forPublisherAt publisher: Int) {
        if participants[receiver].isPlayer {
            updateWish(ofReceiverAt: receiver, for: .whole, ofPublisherAt: publisher)
            return
        }
        var seen: [Presentation.Aspect] = []
        for track in participants[publisher].tracks where !seen.contains(track.aspect) {
            seen.append(track.aspect)
            updateWish(ofReceiverAt: receiver, for: track.aspect, ofPublisherAt: publisher)
        }
    }

    private mutating func updateWish(
        ofReceiverAt receiver: Int, for aspect: Presentation.Aspect, ofPublisherAt publisher: Int
    ) {
        let wanted = wantedTracks(
            of: participants[publisher], aspect, by: participants[receiver])
        participants[receiver].board.want(
            Presentation(publisher: participants[publisher].number, aspect: aspect),
            video: wanted.video?.number, audio: wanted.audio?.number,
            isUrgent: aspect == .whole && wanted.video?.source == .screen)
    }

    private func wantedTracks(
        of publisher: Participant, _ aspect: Presentation.Aspect, by receiver: Participant
    ) -> (video: PublishedTrack?, audio: PublishedTrack?) {
        guard receiver.grants.subscribe else { return (nil, nil) }
        if case .playback(of: let only?) = receiver.entry.kind, only != publisher.id {
            return (nil, nil)
        }
        func wants(_ source: TrackSource, _ kind: TrackKind) -> Bool {
            receiver.subscriptions.wants(source, kind, of: publisher.number)
        }
        func first(_ source: TrackSource, _ kind: TrackKind) -> PublishedTrack? {
            guard wants(source, kind) else { return nil }
            return publisher.tracks.first { $0.source == source && $0.kind == kind }
        }
        switch aspect {
        case .person:
            let voice = hears(publisher, by: receiver) ? first(.microphone, .audio) : nil
            return (first(.camera, .video), voice)
        case .screen: return (first(.screen, .video), first(.screenAudio, .audio))
        case .custom(let number):
            guard let track = publisher.tracks.first(where: { $0.number == number }),
                wants(.custom, track.kind)
            else { return (nil, nil) }
            return track.kind == .video ? (track, nil) : (nil, track)
        case .whole:
            return (
                first(.screen, .video) ?? first(.camera, .video) ?? first(.custom, .video),
                first(.microphone, .audio) ?? first(.screenAudio, .audio)
                    ?? first(.custom, .audio)
            )
        }
    }

    // MARK: Effects of a board

    /// Seats who can be seated and turns what changed into effects.
    mutating func settle(_ receiver: Int) {
        participants[receiver].board.settle()
        let changes = participants[receiver].board.takeChanges()
        let key = participants[receiver].key
        for change in changes {
            let source = change.source.flatMap { slotSource($0) }
            let mid = participants[receiver].board.sections[change.section].mid
            emit(.bindSlot(receiver: key, mid: mid, source: source))
            if let shown = change.source, let source, let track = track(shown),
                track.kind == .video
            {
                if let choice = participants[receiver].videoChoices.choice(
                    track.source, of: shown.publisher)
                {
                    emit(.setQuality(receiver: key, mid: mid, choice))
                }
                emit(.requestKeyframe(publisher: source.publisher, mid: source.mid))
            }
            if participants[receiver].hearsMessages,
                !participants[receiver].untoldSections.contains(change.section)
            {
                participants[receiver].untoldSections.append(change.section)
            }
        }
        let shortage = participants[receiver].board.shortage
        if !changes.isEmpty || shortage.pairs > 0 || shortage.audio > 0 { markUntold(receiver) }
    }

    /// Tells one member of its changed slots and, once per offer, that it should offer more.
    mutating func tellSlots(_ index: Int) {
        guard participants[index].hearsMessages else { return }
        let key = participants[index].key
        let sections = participants[index].untoldSections
        if !sections.isEmpty {
            participants[index].untoldSections = []
            tell(key, .slots(sections.map { assignment($0, of: index) }))
        }
        guard !participants[index].wasAskedForSlots else { return }
        let shortage = participants[index].board.shortage
        let capacity = participants[index].board.capacity
        let demand = SlotDemand(
            video: growth(shortage.pairs, from: capacity.pairs, to: configuration.pairSlotsMax),
            audio: growth(shortage.audio, from: capacity.audio, to: configuration.audioSlotsMax))
        guard demand.video > 0 || demand.audio > 0 else { return }
        participants[index].wasAskedForSlots = true
        tell(key, .needSlots(demand))
    }

    /// How many more slots to ask for: whole steps, as far as the bound allows.
    private func growth(_ missing: Int, from count: Int, to bound: Int) -> Int {
        guard missing > 0, count < bound else { return 0 }
        let step = max(configuration.slotGrowthStep, 1)
        return min((missing + step - 1) / step * step, bound - count)
    }

    /// What a slot shows, as the client is told.
    func assignment(_ section: Int, of receiver: Int) -> SlotAssignment {
        let shown = participants[receiver].board.sections[section]
        var source: SlotAssignment.Source?
        if let tracks = shown.source, let publisher = index(of: tracks.publisher) {
            source = SlotAssignment.Source(
                participant: participants[publisher].id, track: TrackID(number: tracks.track))
        }
        return SlotAssignment(mid: shown.mid, source: source)
    }

    private func track(_ source: SlotChange.Source) -> PublishedTrack? {
        guard let publisher = index(of: source.publisher) else { return nil }
        return participants[publisher].tracks.first { $0.number == source.track }
    }

    private func slotSource(_ source: SlotChange.Source) -> SlotSource? {
        guard let publisher = index(of: source.publisher), let track = track(source) else {
            return nil
        }
        return SlotSource(publisher: participants[publisher].key, mid: track.mid)
    }
}
