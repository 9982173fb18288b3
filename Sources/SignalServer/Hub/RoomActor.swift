// One room in service: the room's decisions carried out on sockets and media loops.
// SPDX-License-Identifier: Apache-2.0
import MediaWorker
import NIOCore
import NIOWebSocket
import Negotiation
import Rooms
import Signaling
import Wire

/// Owns a `RoomCore`, gives it what happens, and does what it says.
actor RoomActor {
    /// A session of this room.
    private struct Member {
        /// Its WebSocket; `nil` for sessions over HTTP.
        var socket: SignalSocket?
        /// What its last offer meant.
        var media: PeerMedia
    }

    /// The most commands kept while the media loop's queue is full; beyond it the room is closed.
    static let backlogMax = 65_536

    nonisolated let name: RoomName
    /// The media loop all peers of this room live on.
    nonisolated let loop: Int
    private let plane: any MediaPlane
    private let sessions: SessionDirectory
    let clock: ServerClock
    var core: RoomCore
    private var members: [SessionKey: Member] = [:]
    private var backlog: [WorkerCommand] = []

    init(
        name: RoomName, loop: Int, configuration: RoomConfiguration, bans: BanList,
        plane: any MediaPlane, sessions: SessionDirectory, clock: ServerClock
    ) {
        self.name = name
        self.loop = loop
        self.plane = plane
        self.sessions = sessions
        self.clock = clock
        // Sessions end with their socket here, so no client must be told that it can resume.
        var configuration = configuration
        configuration.resumeTimeout = nil
        core = RoomCore(name: name, configuration: configuration, bans: bans, at: clock.now)
    }

    /// Lets time pass in the room until it has closed, or the task is cancelled.
    func run() async {
        while !Task.isCancelled {
            core.advance(to: clock.now)
            carryOut()
            flushBacklog()
            if core.isClosed, backlog.isEmpty { return }
            try? await Task.sleep(for: pause)
        }
    }

    private var pause: Duration {
        if !backlog.isEmpty { return .milliseconds(20) }
        guard let deadline = core.nextDeadline else { return .seconds(1) }
        let wait = Duration.nanoseconds((deadline - clock.now).nanoseconds)
        // A verb may bring the deadline forward while we sleep: never sleep long.
        return min(max(wait, .milliseconds(5)), .seconds(1))
    }

    // MARK: Sessions

    /// Lets a session in whose offer was answered.
    /// - Throws: What the room says, or `.serverOverloaded`; then nothing has changed.
    func enter(
        _ entry: RoomEntry, media: PeerMedia, socket: SignalSocket?, resource: HTTPResource?
    ) throws(SignalingError) {
        guard !core.isClosed else { throw SignalingError(.roomClosed) }
        guard backlog.isEmpty, plane.submit(.addPeer(entry.key.rawValue, media), to: loop) else {
            throw SignalingError(.serverOverloaded)
        }
        members[entry.key] = Member(socket: socket, media: media)
        sessions.insert(entry.key, room: self, resource: resource)
        do throws(SignalingError) {
            try core.join(entry, at: clock.now)
            if entry.kind == .ingest { try publishEverything(of: entry) }
        } catch {
            core.leave(entry.key, reason: .left, at: clock.now)
            carryOut()
            if members.removeValue(forKey: entry.key) != nil {
                submit(.removePeer(entry.key.rawValue))
                sessions.remove(entry.key)
            }
            throw error
        }
        carryOut()
    }

    /// A WHIP client says nothing of its sections: the first of a kind is microphone or camera, others have no name.
    private func publishEverything(of entry: RoomEntry) throws(SignalingError) {
        var hasKind: [TrackKind] = []
        for section in entry.sections where section.use == .publishing {
            let source: TrackSource
            if hasKind.contains(section.kind) {
                source = .custom
            } else {
                source = section.kind == .audio ? .microphone : .camera
                hasKind.append(section.kind)
            }
            guard entry.grants.publish.contains(source) else { continue }
            try core.publish(
                entry.key, PublishRequest(source: source, mid: section.mid), at: clock.now)
        }
        guard !hasKind.isEmpty else {
            throw SignalingError(.invalidOffer, detail: "The offer sends nothing.")
        }
    }

    /// Does what a client asks over its WebSocket.
    func handle(_ message: ClientMessage, from key: SessionKey) {
        core.handle(message, from: key, at: clock.now)
        carryOut()
    }

    /// A session's token was renewed.
    func renew(
        _ key: SessionKey, _ token: RenewedToken, requestID: RequestID
    ) throws(SignalingError) {
        try core.renew(key, token, requestID: requestID, at: clock.now)
        carryOut()
    }

    /// What the last offer of a session meant; `nil` if it is gone.
    func media(of key: SessionKey) -> PeerMedia? { members[key]?.media }

    /// A session offered anew and was answered.
    func update(
        _ key: SessionKey, to offer: AnsweredOffer, requestID: RequestID
    ) throws(SignalingError) {
        guard members[key] != nil else { throw SignalingError(.invalidState) }
        members[key]?.media = offer.media
        submit(.updatePeer(key.rawValue, offer.media))
        try core.updateSections(
            key, offer.roomSections, reply: (requestID, .plain(offer.answer)), at: clock.now)
        carryOut()
    }

    /// Lets a session go.
    func leave(_ key: SessionKey, reason: DisconnectReason) {
        core.leave(key, reason: reason, at: clock.now)
        carryOut()
    }

    /// Closes the room; everybody is told why.
    func close(reason: DisconnectReason) {
        core.close(reason: reason, at: clock.now)
        carryOut()
    }

    // MARK: What the media loop says

    func slotStarted(
        receiver: SessionKey, mid: String, source: SlotBinding, rtpTimestamp: UInt32
    ) {
        guard let mid = try? MediaSectionID(mid), let sourceMID = try? MediaSectionID(source.mid)
        else { return }
        core.slotStarted(
            receiver: receiver, mid: mid,
            source: Rooms.SlotSource(publisher: SessionKey(source.publisher), mid: sourceMID),
            rtpTimestamp: rtpTimestamp)
        carryOut()
    }

    func mediaConnected(_ key: SessionKey) {
        core.mediaConnected(key, at: clock.now)
        carryOut()
    }

    func mediaLost(_ key: SessionKey) {
        core.mediaLost(key, at: clock.now)
        carryOut()
    }

    func report(_ levels: [MeasuredLevel]) {
        core.report(levels)
        carryOut()
    }

    // MARK: Looking

    /// How many members and tracks there are.
    var counts: (members: Int, tracks: Int) { (core.memberCount, core.trackCount) }

    /// Whether somebody publishes: `participant`, or anybody.
    func hasPublisher(_ participant: ParticipantID?) -> Bool {
        core.visibleParticipants.contains {
            !$0.tracks.isEmpty && (participant == nil || $0.id == participant)
        }
    }

    /// The codecs that published sections would use, each once.
    func publishedCodecs(of participant: ParticipantID?) -> [NegotiatedCodec] {
        var codecs: [NegotiatedCodec] = []
        for info in core.visibleParticipants where participant == nil || info.id == participant {
            guard let key = core.session(of: info.id), let media = members[key]?.media else {
                continue
            }
            for section in media.sections where section.direction.isReceiving {
                guard let codec = section.codecs.first else { continue }
                if !codecs.contains(where: { $0.codec == codec.codec }) { codecs.append(codec) }
            }
        }
        return codecs
    }

    // MARK: Effects

    func carryOut() {
        while let effect = core.pollEffect() {
            switch effect {
            case .send(let key, let message):
                members[key]?.socket?.send(ByteBuffer(bytes: message.encoded()))
            case .broadcast(let keys, let message):
                let text = ByteBuffer(bytes: message.encoded())
                for key in keys { members[key]?.socket?.send(text) }
            case .bindSlot(let receiver, let mid, let source):
                submit(
                    .setSlot(
                        receiver: receiver.rawValue, mid: mid.text,
                        source: source.map {
                            SlotBinding(publisher: $0.publisher.rawValue, mid: $0.mid.text)
                        }))
            case .setPaused(let publisher, let mid, let isPaused):
                submit(.setPaused(publisher: publisher.rawValue, mid: mid.text, isPaused))
            case .requestKeyframe:
                // The media loop asks for one itself whenever a slot gets a source.
                break
            case .drop(let key, let reason):
                drop(key, reason: reason)
            case .roomClosed:
                break
            }
        }
    }

    private func drop(_ key: SessionKey, reason: DisconnectReason) {
        guard let member = members.removeValue(forKey: key) else { return }
        sessions.remove(key)
        submit(.removePeer(key.rawValue))
        member.socket?.close(
            reason == .serverShutdown ? .goingAway : .normalClosure, reason: reason.rawValue)
    }

    private func submit(_ command: WorkerCommand) {
        if backlog.isEmpty, plane.submit(command, to: loop) { return }
        backlog.append(command)
        // A loop this far behind serves nobody: let the room start anew.
        if backlog.count > Self.backlogMax, !core.isClosed { close(reason: .roomClosed) }
    }

    private func flushBacklog() {
        var sent = 0
        while sent < backlog.count, plane.submit(backlog[sent], to: loop) { sent += 1 }
        backlog.removeFirst(sent)
    }
}
