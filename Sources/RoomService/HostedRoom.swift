// One room in service: its decisions, and what they mean for sockets and media loops; still without either.
// SPDX-License-Identifier: Apache-2.0
import Forwarding
package import MediaWorker
package import Negotiation
package import Rooms
package import Signaling
package import Wire

/// A `RoomCore` with what each member's media needs and which connection it is spoken to over.
///
/// Call a verb, then drain `pollOutput` until `nil`; call `advance(to:)` at `nextDeadline`. Negotiating is the
/// caller's affair, since it takes milliseconds: verbs are given its outcome.
package struct HostedRoom: Sendable {
    /// A session of this room.
    private struct Member: Sendable {
        /// What it is spoken to over; `nil` while there is none, and for sessions over HTTP.
        var connection: ConnectionID?
        /// What its last offer meant; `nil` while it has none, and the media loop does not know it.
        var media: PeerMedia?
    }

    /// What is decided; change it with `decide`.
    package private(set) var core: RoomCore
    /// Looked up, never iterated.
    private var members: [SessionKey: Member] = [:]
    /// Who lives on which media loop, and what the loops hand each other.
    private var plan = RelayPlan()
    private var outputs: [RoomOutput] = []
    private var outputsTaken = 0

    /// Opens a room, which closes again if nobody enters within `emptyTimeout`.
    package init(
        name: RoomName, id: RoomID? = nil, configuration: RoomConfiguration,
        bans: BanList = BanList(), at now: MediaInstant
    ) {
        core = RoomCore(name: name, id: id, configuration: configuration, bans: bans, at: now)
    }

    // MARK: Driving

    /// The next thing to do; `nil`: nothing more for now.
    package mutating func pollOutput() -> RoomOutput? {
        guard outputsTaken < outputs.count else {
            outputs.removeAll(keepingCapacity: outputs.count < 256)
            outputsTaken = 0
            return nil
        }
        defer { outputsTaken += 1 }
        return outputs[outputsTaken]
    }

    /// When `advance(to:)` has something to do at the latest; `nil`: never.
    package var nextDeadline: MediaInstant? { core.nextDeadline }

    /// Lets time pass in the room.
    package mutating func advance(to now: MediaInstant) {
        core.advance(to: now)
        collect()
    }

    // MARK: Sessions

    /// Lets a session in whose offer was answered.
    /// - Parameters:
    ///   - media: What its offer meant; `nil` for who only signals.
    ///   - connection: What it is spoken to over; `nil` for sessions over HTTP.
    ///   - loop: The media loop that its answer named, for as long as it stays.
    /// - Throws: What `RoomCore.join` throws; then nothing has changed. For a WHIP client that sends nothing or
    ///   too much `.invalidOffer` or `.tooManyTracks`; it has then come and gone.
    package mutating func enter(
        _ entry: RoomEntry, media: PeerMedia?, connection: ConnectionID?, loop: Int = 0,
        at now: MediaInstant
    ) throws(SignalingError) {
        guard !core.isClosed else { throw SignalingError(.roomClosed) }
        if entry.kind == .ingest, !entry.sections.contains(where: { $0.use == .publishing }) {
            throw SignalingError(.invalidOffer, detail: "The offer sends nothing.")
        }
        try core.join(entry, at: now)
        members[entry.key] = Member(connection: connection, media: media)
        plan.add(entry.key.rawValue, on: loop)
        // Before what the room says of the newcomer's slots.
        if let media { tell(plan.negotiated(entry.key.rawValue, media)) }
        defer { collect() }
        guard entry.kind == .ingest else { return }
        do throws(SignalingError) {
            try publishEverything(of: entry, at: now)
        } catch {
            core.leave(entry.key, reason: .left, at: now)
            throw error
        }
    }

    /// A WHIP client says nothing of its sections: the first of a kind is microphone or camera, others have no name.
    private mutating func publishEverything(
        of entry: RoomEntry, at now: MediaInstant
    ) throws(SignalingError) {
        var named: [TrackKind] = []
        for section in entry.sections where section.use == .publishing {
            let source: TrackSource
            if named.contains(section.kind) {
                source = .custom
            } else {
                source = section.kind == .audio ? .microphone : .camera
                named.append(section.kind)
            }
            guard entry.grants.publish.contains(source) else { continue }
            try core.publish(entry.key, PublishRequest(source: source, mid: section.mid), at: now)
        }
    }

    /// Goes on with a session over another connection; see `RoomCore.resume`.
    ///
    /// Everything polled from now on goes there. What the former connection still brings is ignored.
    /// - Throws: What `RoomCore.resume` throws; then nothing has changed.
    package mutating func resume(
        _ link: SessionLink, lastSequence: UInt64, requestID: RequestID, at now: MediaInstant
    ) throws(SignalingError) {
        try core.resume(
            link.session, lastSequence: lastSequence, requestID: requestID, at: now)
        if let former = members[link.session]?.connection { outputs.append(.replaced(former)) }
        members[link.session]?.connection = link.connection
        collect()
    }

    /// Does what a client asks over its connection.
    package mutating func handle(
        _ message: ClientMessage, from link: SessionLink, at now: MediaInstant
    ) {
        guard isCurrent(link) else { return }
        core.handle(message, from: link.session, at: now)
        collect()
    }

    /// Takes note of what a connection brought before this; call it with all there is before any other verb.
    package mutating func hear(_ sign: SignsOfLife.Sign) {
        guard isCurrent(sign.link) else { return }
        core.handle(
            .pong(lastSequence: sign.lastSequence), from: sign.link.session, at: sign.heardAt)
        core.count(answeredRequests: sign.pings, of: sign.link.session, at: sign.heardAt)
        collect()
    }

    /// Answers what was refused before it came to the room, so that the answer takes its number.
    package mutating func refuse(
        _ error: SignalingError, to link: SessionLink, at now: MediaInstant
    ) {
        guard isCurrent(link) else { return }
        core.heard(from: link.session, at: now)
        core.refuse(link.session, error)
        collect()
    }

    /// A session's token was renewed.
    /// - Throws: What `RoomCore.renew` throws; then nothing has changed.
    package mutating func renew(
        _ token: RenewedToken, of link: SessionLink, requestID: RequestID, at now: MediaInstant
    ) throws(SignalingError) {
        guard isCurrent(link) else { throw SignalingError(.invalidState, requestID: requestID) }
        try core.renew(link.session, token, requestID: requestID, at: now)
        collect()
    }

    /// Tells a client of relays with other credentials, unless it has gone on over another connection.
    package mutating func tellRelays(_ servers: [ICEServer], to link: SessionLink) {
        guard isCurrent(link) else { return }
        core.tellRelays(servers, to: link.session)
        collect()
    }

    /// What the last offer of a session meant; `nil` if it is gone, or only signals.
    package func media(of session: SessionKey) -> PeerMedia? { members[session]?.media }

    /// The media loop of a session; `nil` if it is gone.
    package func loop(of session: SessionKey) -> Int? { plan.loop(of: session.rawValue) }

    /// A session offered anew and was answered.
    /// - Throws: `.invalidState` if it is gone, or has gone on over another connection meanwhile: its client
    ///   will offer again.
    package mutating func update(
        _ link: SessionLink, to offer: AnsweredOffer, requestID: RequestID, at now: MediaInstant
    ) throws(SignalingError) {
        guard isCurrent(link), !core.isClosed else {
            throw SignalingError(.invalidState, requestID: requestID)
        }
        if let media = offer.media {
            members[link.session]?.media = media
            tell(plan.negotiated(link.session.rawValue, media))
        }
        defer { collect() }
        core.heard(from: link.session, at: now)
        try core.updateSections(
            link.session, offer.roomSections, reply: (requestID, .plain(offer.answer)), at: now)
    }

    /// A session's connection is gone: a break if the session can be resumed, else the session is over.
    /// - Parameter closedByClient: Whether the client ended it in good order.
    package mutating func connectionLost(
        _ link: SessionLink, closedByClient: Bool, at now: MediaInstant
    ) {
        guard isCurrent(link) else { return }
        members[link.session]?.connection = nil
        if closedByClient, !core.isResumable(link.session) {
            core.leave(link.session, reason: .left, at: now)
        } else {
            core.connectionLost(link.session, at: now)
        }
        collect()
    }

    /// Lets a session go; nothing happens if it is not here.
    package mutating func leave(
        _ session: SessionKey, reason: DisconnectReason, at now: MediaInstant
    ) {
        core.leave(session, reason: reason, at: now)
        collect()
    }

    /// Closes the room; everybody is told why.
    /// - Parameter rejoin: Whether clients are to come back by themselves.
    package mutating func close(
        reason: DisconnectReason, rejoin: Bool = false, at now: MediaInstant
    ) {
        core.close(reason: reason, rejoin: rejoin, at: now)
        collect()
    }

    /// Calls verbs of the room's decisions, for instance those of the server's backend.
    package mutating func decide<Result>(
        _ body: (inout RoomCore) throws(SignalingError) -> Result
    ) throws(SignalingError) -> Result {
        defer { collect() }
        return try body(&core)
    }

    /// How many reports of quality were dropped since this was last asked, for the statistics.
    package mutating func takeDroppedQualityReports() -> UInt64 {
        core.takeDroppedQualityReports()
    }

    /// Whether a connection is the one its session is spoken to over.
    private func isCurrent(_ link: SessionLink) -> Bool {
        members[link.session]?.connection == link.connection
    }

    // MARK: What the media loop says

    /// Takes note of what the media loop noticed; events of sessions that are not here are ignored.
    package mutating func handle(_ event: WorkerEvent, at now: MediaInstant) {
        switch event {
        case .slotStarted(let receiver, let mid, let source, let rtpTimestamp):
            guard let mid = try? MediaSectionID(mid),
                let sourceMID = try? MediaSectionID(source.mid)
            else { return }
            core.slotStarted(
                receiver: SessionKey(receiver), mid: mid,
                source: SlotSource(publisher: SessionKey(source.publisher), mid: sourceMID),
                rtpTimestamp: rtpTimestamp)
        case .slotQuality(let receiver, let mid, let source, let quality):
            guard let mid = try? MediaSectionID(mid),
                let sourceMID = try? MediaSectionID(source.mid)
            else { return }
            let told: TrackQuality =
                switch quality {
                case .full: .full
                case .reduced: .reduced
                case .paused: .paused
                }
            core.slotQuality(
                receiver: SessionKey(receiver), mid: mid,
                source: SlotSource(publisher: SessionKey(source.publisher), mid: sourceMID),
                told)
        case .peerConnected(let peer), .peerMediaResumed(let peer), .mediaStarted(let peer, _):
            core.mediaConnected(SessionKey(peer), at: now)
        case .layersWanted(let peer, let mid, let layers, let maxBitrates, let spatial):
            guard let mid = try? MediaSectionID(mid) else { return }
            core.layersWanted(
                SessionKey(peer), mid: mid, layers: layers, maxBitrates: maxBitrates,
                spatial: spatial.map {
                    SpatialLayersWanted(wanted: Int($0.wanted), of: Int($0.total))
                })
        case .peerMediaLost(let peer):
            core.mediaLost(SessionKey(peer), at: now)
        case .peerFailed(let peer, _):
            core.leave(SessionKey(peer), reason: .networkLost, at: now)
        case .peerTimedOut(let peer):
            core.leave(SessionKey(peer), reason: .timeout, at: now)
        case .audioLevels(let reports):
            core.report(
                reports.compactMap { report in
                    guard let mid = try? MediaSectionID(report.mid) else { return nil }
                    return MeasuredLevel(
                        publisher: SessionKey(report.publisher), mid: mid, level: report.level)
                })
        case .voiceStarted(let report):
            guard let mid = try? MediaSectionID(report.mid) else { return }
            core.voiceStarted(
                MeasuredLevel(
                    publisher: SessionKey(report.publisher), mid: mid, level: report.level),
                at: now)
        case .bandwidth, .statistics: break
        }
        collect()
    }

    // MARK: Effects

    private mutating func tell(_ commands: [LoopCommand]) {
        for command in commands { outputs.append(.command(command)) }
    }

    /// Turns what the room decided into outputs, behind those there are.
    private mutating func collect() {
        while let effect = core.pollEffect() {
            switch effect {
            case .send(let key, let message): outputs.append(.send(key, message))
            case .broadcast(let keys, let message): outputs.append(.broadcast(keys, message))
            case .bindSlot(let receiver, let mid, let source):
                let source = source.map {
                    SlotBinding(publisher: $0.publisher.rawValue, mid: $0.mid.text)
                }
                tell(plan.bind(receiver.rawValue, mid: mid.text, to: source))
            case .setQuality(let receiver, let mid, let choice):
                let command = WorkerCommand.setQuality(
                    receiver: receiver.rawValue, mid: mid.text, SlotQuality(choice))
                guard let loop = loop(of: receiver) else { continue }
                tell([LoopCommand(command, to: loop)])
            case .setPaused(let publisher, let mid, let isPaused):
                tell(plan.setPaused(publisher.rawValue, mid: mid.text, isPaused))
            case .setRank(let publisher, let mid, let source, let priority):
                let rank: BandwidthRank =
                    priority == .high ? .favoured : source == .screen ? .screen : .camera
                tell(plan.setRank(publisher.rawValue, mid: mid.text, rank))
            case .requestKeyframe:
                // The media loop asks for one itself whenever a slot gets a source.
                break
            case .drop(let key, let reason):
                guard members.removeValue(forKey: key) != nil else { continue }
                tell(plan.remove(key.rawValue))
                outputs.append(.dropped(key, reason))
            case .roomClosed: outputs.append(.closed)
            }
        }
    }
}

extension HostedRoom {
    /// Whether somebody publishes: `participant`, or anybody.
    package func hasPublisher(_ participant: ParticipantID?) -> Bool {
        core.visibleParticipants.contains {
            !$0.tracks.isEmpty && (participant == nil || $0.id == participant)
        }
    }

    /// The codecs that published sections would use, each once.
    package func publishedCodecs(of participant: ParticipantID?) -> [NegotiatedCodec] {
        var codecs: [NegotiatedCodec] = []
        for info in core.visibleParticipants where participant == nil || info.id == participant {
            guard let key = core.session(of: info.id), let media = media(of: key) else { continue }
            for section in media.sections where section.direction.isReceiving {
                guard let codec = section.codecs.first else { continue }
                if !codecs.contains(where: { $0.codec == codec.codec }) { codecs.append(codec) }
            }
        }
        return codecs
    }
}

extension SlotQuality {
    /// A member's choice in the media worker's words.
    init(_ choice: VideoChoice) {
        let level: Level =
            switch choice.quality {
            case .low: .low
            case .medium: .medium
            case .high: .high
            }
        self.init(
            level: level, view: choice.view.map { View(width: $0.width, height: $0.height) })
    }
}
