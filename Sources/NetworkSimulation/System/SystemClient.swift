// A whole client in virtual time: the session as the SDK has it, and real media under it.
// SPDX-License-Identifier: Apache-2.0
import ClientSession
import ClientTransport
import DTLS
import Negotiation
import NetworkImpairment
import PeerTransport
import RTP
import Signaling
import Wire

/// One participant: its session, its media link, and what its application has seen.
final class SystemClient {
    /// What it sends, by the sections of its offer.
    static let sources: [(source: TrackSource, mid: String)] = [
        (.microphone, "0"), (.camera, "1"),
    ]

    let index: Int
    let participant: ParticipantID
    var room: RoomName
    /// Where its datagrams come from.
    var address: NetworkAddress
    var session: ClientSession
    /// The media link; `nil` while there is none.
    private(set) var media: VirtualClient?
    /// The stream it speaks over.
    var stream: Int?
    var network = ImpairmentPlan()
    /// Until then its datagrams go nowhere, while its streams live.
    var mediaIsDarkUntil: MediaInstant?
    var links: (up: ImpairedLink, down: ImpairedLink)

    /// Whether its user wants to be in the room.
    var wantsToBeIn = false
    /// When its application joins again after an end that it did not want; `nil`: it does not.
    var rejoinsAt: MediaInstant?
    /// Everything reliable that arrived, by the session it arrived in.
    var arrived: [SessionID: [String]] = [:]
    /// When media of a source of somebody was last received, by its tag.
    var lastMedia: [UInt16: MediaInstant] = [:]
    /// Which tag came last in which slot, and when.
    var tagsInSlots: [(mid: String, tag: UInt16, at: MediaInstant)] = []
    var streamHandles: [DataStreamHandle] = []
    var nextPacket = 0

    private let server: NetworkAddress
    private var random: SeededRandom
    private var offer: ClientOffer?
    private var hasPublished = false
    private var hasToldFailure = false

    init(
        index: Int, room: RoomName, timing: SessionTiming, address: NetworkAddress,
        server: NetworkAddress, seed: UInt64
    ) throws(SignalingError) {
        self.index = index
        participant = try ParticipantID("c\(index)")
        self.room = room
        self.address = address
        self.server = server
        random = SeededRandom(seed: seed)
        links = (ImpairedLink(seed: random.next()), ImpairedLink(seed: random.next()))
        session = try ClientSession(
            timing: timing, jitterSeed: UInt32(truncatingIfNeeded: random.next()))
    }

    /// The number in the payloads of one of its sources.
    func tag(of source: TrackSource) -> UInt16 {
        UInt16(index) * 8 + (source == .microphone ? 1 : 2)
    }

    // MARK: The application

    func join(token: String, at now: MediaInstant) throws(SignalingError) {
        wantsToBeIn = true
        rejoinsAt = nil
        streamHandles = []
        try session.join(
            JoinRequest(room: room, token: token, offer: .plain("")), at: now)
        guard !hasPublished else { return }
        hasPublished = true
        for entry in Self.sources {
            try session.publish(entry.source, mid: MediaSectionID(entry.mid))
        }
    }

    func leave(at now: MediaInstant) {
        wantsToBeIn = false
        rejoinsAt = nil
        session.leave(at: now)
    }

    /// Silences a source, or lets it be heard again.
    func mute(_ source: TrackSource, _ isMuted: Bool) {
        guard let entry = Self.sources.first(where: { $0.source == source }),
            let mid = try? MediaSectionID(entry.mid)
        else { return }
        try? session.mute(mid: mid, isMuted)
    }

    /// Lets the sources run that are published and not muted.
    func runSources(at now: MediaInstant) {
        guard let media else { return }
        for entry in Self.sources {
            guard let source = media.sources.first(where: { $0.mid == entry.mid }) else { continue }
            let publication = session.publications.first { $0.source == entry.source }
            let runs = publication.map { $0.state == .published && !$0.isMuted } ?? false
            if runs && !source.isRunning { source.resume(at: now) }
            if !runs { source.isRunning = false }
            if entry.source.kind == .video {
                source.bound(bitrate: publication?.wanted?.maxBitrates[""])
            }
        }
    }

    // MARK: Media

    /// Makes the offer that the session asks for.
    func makeOffer(_ ticket: OfferTicket, at now: MediaInstant) {
        switch ticket.purpose {
        case .join:
            media = nil
            offer = ClientOffer(
                sending: [ClientStream(kind: .audio), ClientStream(kind: .video)],
                receivingPairs: 4, ice: .random(using: &random),
                fingerprint: VirtualIdentity.fingerprint(VirtualIdentity.client),
                codecs: [.opus, .vp8], using: &random)
        case .restart:
            if let media {
                media.offer.restartICE(with: .random(using: &random))
                offer = media.offer
            }
        case .slots(let demand):
            if let media {
                media.offer.addSlots(pairs: demand.video, audio: demand.audio)
                offer = media.offer
            }
        }
        guard let offer else { return }
        session.offered(.plain(offer.text), for: ticket, at: now)
    }

    /// Takes the answer to the last offer.
    func takeAnswer(_ ticket: OfferTicket, _ body: SDPBody, at now: MediaInstant) {
        guard let offer, case .plain(let text) = body else { return }
        if ticket.purpose == .join {
            let client = VirtualClient(
                id: UInt64(index), address: address, server: server, offer: offer,
                dtls: SystemIdentity.client, ntpAtZero: SystemClock.ntpAtZero,
                random: SeededRandom(seed: random.next()))
            media = client
            hasToldFailure = false
            do { try client.accept(answer: text, at: now) } catch {
                preconditionFailure("the server's answer does not fit: \(error)")
            }
            for entry in Self.sources {
                var settings: SourceSettings =
                    entry.source == .microphone
                    ? .audio(tag: tag(of: .microphone))
                    : .video(.vp8, tag: tag(of: .camera), packetsInFrame: 1)
                // Few packets, so that many systems can be run.
                settings.interval = .milliseconds(entry.source == .microphone ? 250 : 400)
                client.publish(mid: entry.mid, settings, at: now).isRunning = false
            }
        } else {
            do { try media?.accept(answer: text, at: now) } catch {
                preconditionFailure("the server's answer does not fit: \(error)")
            }
        }
    }

    func endMedia() {
        media = nil
        offer = nil
        lastMedia = [:]
    }

    /// A datagram of the server.
    func receive(_ bytes: [UInt8], at now: MediaInstant) {
        guard let media else { return }
        media.receive(bytes, at: now)
        for packet in media.received {
            guard let tag = packet.tag else { continue }
            lastMedia[tag.source] = now
            tagsInSlots.removeAll { $0.mid == packet.mid }
            tagsInSlots.append((packet.mid, tag.source, now))
        }
        media.received.removeAll(keepingCapacity: true)
        media.control.removeAll(keepingCapacity: true)
        if !watchFailure(at: now) { session.mediaHeard(at: now) }
    }

    func advance(to now: MediaInstant) {
        session.advance(to: now)
        media?.advance(to: now)
        watchFailure(at: now)
    }

    /// Tells the session once if its media link is beyond repair.
    @discardableResult
    private func watchFailure(at now: MediaInstant) -> Bool {
        guard let media else { return false }
        let hasFailed = media.events.contains {
            if case .failed = $0.event { true } else { false }
        }
        if hasFailed, !hasToldFailure {
            hasToldFailure = true
            session.mediaFailed(at: now)
        }
        return hasFailed
    }

    var nextDeadline: MediaInstant? {
        var next = session.nextDeadline
        for other in [media?.nextDeadline, rejoinsAt] {
            if let other { next = next.map { min($0, other) } ?? other }
        }
        return next
    }
}
