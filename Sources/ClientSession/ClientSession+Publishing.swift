// Publishing and subscribing: asked for at any time, kept across breaks, done again in a new session.
// SPDX-License-Identifier: Apache-2.0
package import Signaling
import Wire

extension ClientSession {
    // MARK: Publishing

    /// Publishes a source in a section of the offer: at once, or as soon as the room is joined.
    /// - Throws: `.sourceAlreadyPublished`, `.sectionInUse`, or `.tooManyRequests` while too many wait.
    package mutating func publish(
        _ source: TrackSource, mid: MediaSectionID, muted: Bool = false
    ) throws(SignalingError) {
        guard source == .custom || !publications.contains(where: { $0.source == source }) else {
            throw SignalingError(.sourceAlreadyPublished)
        }
        guard !publications.contains(where: { $0.mid == mid }) else {
            throw SignalingError(.sectionInUse)
        }
        try checkRoom()
        publications.append(Publication(source: source, mid: mid, isMuted: muted))
        if session != nil { sendPublish(publications.count - 1) }
    }

    /// Takes a source back.
    /// - Throws: `.trackNotFound` if nothing is published in that section.
    package mutating func unpublish(mid: MediaSectionID) throws(SignalingError) {
        guard let index = publications.firstIndex(where: { $0.mid == mid }) else {
            throw SignalingError(.trackNotFound)
        }
        try checkRoom()
        setState(.unpublished, ofPublicationAt: index)
        let publication = publications.remove(at: index)
        if let track = publication.track { enqueue { .unpublish($0, track) } }
    }

    /// Silences a source, or lets it be heard again.
    /// - Throws: `.trackNotFound` if nothing is published in that section.
    package mutating func mute(mid: MediaSectionID, _ isMuted: Bool) throws(SignalingError) {
        guard let index = publications.firstIndex(where: { $0.mid == mid }) else {
            throw SignalingError(.trackNotFound)
        }
        try checkRoom()
        publications[index].isMuted = isMuted
        if let track = publications[index].track { enqueue { .mute($0, track, isMuted) } }
    }

    private mutating func sendPublish(_ index: Int) {
        let publication = publications[index]
        setState(.publishing, ofPublicationAt: index)
        let id = enqueue {
            .publish(
                $0,
                PublishRequest(
                    source: publication.source, mid: publication.mid, muted: publication.isMuted))
        }
        publications[index].request = id
    }

    /// A session has begun: publishes what there is to publish.
    mutating func publishAgain() {
        for index in publications.indices {
            publications[index].track = nil
            publications[index].wanted = nil
            sendPublish(index)
        }
    }

    /// The server says what of a track anybody receives.
    mutating func noteWanted(_ track: TrackID, _ wanted: WantedLayers) {
        guard let index = publications.firstIndex(where: { $0.track == track }) else { return }
        publications[index].wanted = wanted
    }

    mutating func setState(_ state: PublishState, ofPublicationAt index: Int) {
        let before = publications[index].state
        guard before != state else { return }
        publications[index].state = state
        report(.publishing(publications[index].source, from: before, to: state))
    }

    /// Takes note of what became of a request of publishing.
    mutating func noteAnswer(to request: ClientMessage, _ id: RequestID, _ outcome: RequestOutcome)
    {
        switch (request, outcome) {
        case (.subscribe(_, let participant, let source), .done):
            noteChoice(participant, source, true)
        case (.unsubscribe(_, let participant, let source), .done):
            noteChoice(participant, source, false)
        default: break
        }
        guard case .publish(_, let publish) = request else { return }
        guard let index = publications.firstIndex(where: { $0.request == id }) else {
            // Taken back before it was answered: now it has an id to be taken back by.
            if case .done(.ok(_, let track?)) = outcome { enqueue { .unpublish($0, track) } }
            return
        }
        publications[index].request = nil
        guard case .done(.ok(_, let track?)) = outcome else {
            setState(.unpublished, ofPublicationAt: index)
            if case .refused(let error) = outcome, publications[index].wasPublished, isPublisher {
                withdraw(index, error)
            }
            return
        }
        publications[index].track = track
        publications[index].wasPublished = true
        setState(.published, ofPublicationAt: index)
        let isMuted = publications[index].isMuted
        if isMuted != publish.muted { enqueue { .mute($0, track, isMuted) } }
    }

    /// The server took a track back.
    mutating func withdrawn(_ track: TrackID) {
        guard let index = publications.firstIndex(where: { $0.track == track }) else { return }
        setState(.unpublished, ofPublicationAt: index)
        withdraw(index, SignalingError(.permissionDenied))
    }

    private mutating func withdraw(_ index: Int, _ error: SignalingError) {
        let publication = publications.remove(at: index)
        report(.withdrawn(publication.source, publication.mid, error))
    }

    /// Whether one may publish at all now: who may not sends nothing, and the server keeps its tracks until it may again.
    package var isPublisher: Bool { participant?.role != .audience && !grants.hidden }

    /// One may publish now, or may not.
    mutating func noteStanding() {
        for index in publications.indices {
            let publication = publications[index]
            if publication.track != nil {
                setState(isPublisher ? .published : .unpublished, ofPublicationAt: index)
            } else if isPublisher, publication.wasPublished, publication.request == nil {
                // Refused to a session that began while one might not.
                sendPublish(index)
            }
        }
    }

    // MARK: Subscribing

    /// Asks for somebody's tracks, of one source or of all, or wants them no longer.
    /// - Throws: `.invalidState` outside a room, `.participantNotFound`.
    package mutating func setSubscribed(
        _ isWanted: Bool, to participant: ParticipantID, source: TrackSource? = nil
    ) throws(SignalingError) {
        guard session != nil || phase == .reconnecting else { throw SignalingError(.invalidState) }
        guard roster.participant(participant) != nil else {
            throw SignalingError(.participantNotFound)
        }
        try checkRoom()
        choices.note(
            SubscriptionChoice(participant: participant, source: source, isWanted: isWanted))
        if session != nil { sendChoice(participant, source, isWanted) }
        updateSubscribeStates()
    }

    private mutating func sendChoice(
        _ participant: ParticipantID, _ source: TrackSource?, _ isWanted: Bool
    ) {
        enqueue { id in
            isWanted
                ? .subscribe(id, participant, source) : .unsubscribe(id, participant, source)
        }
    }

    /// A session has begun: says again what was chosen of those who are here.
    /// - Parameter participant: Of this one alone; `nil`: of all.
    mutating func chooseAgain(_ participant: ParticipantID? = nil) {
        for choice in choices.choices
        where (participant ?? choice.participant) == choice.participant
            && roster.participant(choice.participant) != nil
        {
            sendChoice(choice.participant, choice.source, choice.isWanted)
        }
        chooseQualityAgain(participant)
    }

    /// A choice holds from its answer on; whoever left meanwhile and came back was forgotten before it.
    private mutating func noteChoice(
        _ participant: ParticipantID, _ source: TrackSource?, _ isWanted: Bool
    ) {
        guard roster.participant(participant) != nil else { return }
        choices.note(
            SubscriptionChoice(participant: participant, source: source, isWanted: isWanted))
        updateSubscribeStates()
    }

    private func isWanted(_ track: TrackInfo, of participant: ParticipantID) -> Bool {
        choices.isWanted(track.source, of: participant) ?? isWantedAtFirst(track)
    }

    private func isWantedAtFirst(_ track: TrackInfo) -> Bool {
        (request?.options.autoSubscribe ?? .all).includes(track.kind)
    }

    /// Tells what became of receiving each track.
    /// - Parameter ids: Whose tracks it may have become of; `nil`: anybody's.
    mutating func updateSubscribeStates(of ids: [ParticipantID]? = nil) {
        if let ids, ids.isEmpty { return }
        let shown = roster.slots.filter { $0.rtpTimestamp != nil }.compactMap(\.source)
        let people = ids.map { $0.compactMap { roster.index(of: $0) } }
        for person in people ?? Array(roster.participants.indices) {
            let id = roster.participants[person].info.id
            for place in roster.participants[person].tracks.indices {
                let track = roster.participants[person].tracks[place]
                let state: SubscribeState
                if shown.contains(where: { $0.track == track.info.id && $0.participant == id }) {
                    state = .subscribed
                } else {
                    state = isWanted(track.info, of: id) ? .subscribing : .unsubscribed
                }
                guard state != track.state else { continue }
                roster.participants[person].tracks[place].state = state
                report(.subscribing(id, track.info, from: track.state, to: state))
            }
        }
    }

    // MARK: Bounds

    /// - Throws: `.tooManyRequests` if too many requests wait for their answers.
    func checkRoom() throws(SignalingError) {
        guard !pending.isFull else { throw SignalingError(.tooManyRequests) }
    }
}
