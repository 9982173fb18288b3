// What a worker keeps of one peer.
// SPDX-License-Identifier: Apache-2.0
import BasicContainers
import Forwarding
import Negotiation
import PeerTransport
import RTP
import Wire

/// Which stream of a peer an SSRC is.
struct StreamRoute {
    /// The SSRC on the wire.
    var ssrc: SSRC
    /// The media stream it carries or repeats.
    var producer: Int
    /// The track that stream belongs to.
    var track: Int
}

/// A media packet that is to leave to one receiver at the end of the turn.
struct OutgoingPacket {
    /// The stream whose history holds it.
    var producer: Int
    /// Which of the streams that had this index.
    var generation: UInt32
    /// The slot it leaves through.
    var slot: Int
    /// Its number in the history.
    var source: ExtendedSequenceNumber
    /// Its numbers towards the receiver.
    var numbers: OutgoingNumbers
    /// Its number in the retransmission stream; `nil`: it goes out for the first time.
    var retransmission: ExtendedSequenceNumber?
    /// Its payload's size in bytes.
    var payloadCount: Int
    /// Whether it is sound: it leaves before everything else.
    var isSound: Bool
    /// Whether it is repeated when it is lost: not the first of two that are the same.
    var isFollowed = true

    /// Bytes of the IPv4 and UDP headers before a datagram.
    static let datagramOverhead = 28
    /// Bytes of an RTP header with the usual extensions, of a tag, and of the headers before it.
    static let packetOverhead = 48 + datagramOverhead

    /// Its size on the wire, near enough for pacing.
    var wireBytes: Int { payloadCount + Self.packetOverhead }
    /// The transport-wide number it had when it went out before, if it is repeated just as it was.
    var sentBefore: UInt16?
}

/// One peer: its transport, and the indices of what it sends and receives.
struct Peer: ~Copyable {
    /// How many streams (SSRCs) one peer may send: three sections of three layers with
    /// retransmissions, and room.
    static let routesMax = 64
    /// How many media streams one track may have at a time: as many as simulcast layers are
    /// answered. Each keeps a history of half a megabyte.
    static let streamsPerTrackMax = 4
    /// How many media streams one peer may have at a time.
    static let streamsMax = 24
    /// How many media packets may leave to one receiver in one turn.
    static let outboxMax = 1_024
    /// How many packets may be repeated to one peer at once, and each second for long, over all its
    /// slots: some 20 Mbit/s.
    static let repetitions = (burst: 1_024, perSecond: 2_048)
    /// How many addresses of one peer are taken as its own: as many as its ICE agent keeps.
    static let pathsMax = 16
    /// How many of our user name fragments of one peer (after ICE restarts) are answered.
    static let usernamesMax = 4

    let id: PeerID
    let generation: UInt32
    var media: PeerMedia
    var transport: PeerTransport
    /// Our SSRC in feedback and receiver reports.
    let feedbackSSRC: SSRC
    let canonicalName: [UInt8]

    init(
        id: PeerID, generation: UInt32, media: PeerMedia, transport: consuming PeerTransport,
        feedbackSSRC: SSRC, canonicalName: [UInt8]
    ) {
        self.id = id
        self.generation = generation
        self.media = media
        self.transport = transport
        self.feedbackSSRC = feedbackSSRC
        self.canonicalName = canonicalName
    }

    /// The loop that it lives on, if this is but its stand-in; `nil`: this one.
    var foreignLoop: Int?
    var routes: [StreamRoute] = []
    var tracks: [Int] = []
    var slots: [Int] = []
    var outbox = UniqueArray<OutgoingPacket>()
    /// The bytes in the outbox.
    var outboxBytes = 0
    var isDirty = false
    var wantsPoll = false
    var isDeparting = false
    var paths: [TransportPath] = []
    var usernames: [UsernameKey] = []

    var midID: UInt8?
    var ridID: UInt8?
    var repairedRidID: UInt8?
    var transportSequenceID: UInt8?

    var clock = PublisherClock()
    var feedback = TransportFeedbackRecorder()
    var nextFeedback: MediaInstant?
    var nextReport: MediaInstant?
    /// Before this its time is not echoed again.
    var nextEcho = MediaInstant.zero
    /// When to look next which layers of its tracks are wanted.
    var nextDemand: MediaInstant?
    /// When to bound next what it sends in all (REMB); `nil`: it is not bounded.
    var nextBound: MediaInstant?
    /// How often it is still told that there is no bound any more.
    var releasesLeft = 0
    var transportSequence: UInt16 = 0
    /// What NACKs of all its slots together may still cost.
    var budget = RetransmissionBudget(
        burst: Self.repetitions.burst, perSecond: Self.repetitions.perSecond)
    /// The round trip to it: a guess until a report of its own tells.
    var roundTrip = MediaDuration.milliseconds(50)
    var hasRoundTrip = false
    /// The last two SSRCs that its RTCP came from: by these it is found when it has another address.
    var controlSSRCs: (last: SSRC?, before: SSRC?)

    /// What is known of its way to us, once it sends sound: one or none.
    var uplink = UniqueArray<Uplink>()

    /// Estimate, pacer and queue towards this peer: one if it negotiated transport-wide sequence
    /// numbers, else none. Elsewhere than in the peer, so that moving a peer stays cheap.
    var sendPath = UniqueArray<SendPath>()

    /// Whether media can be sent to it.
    ///
    /// Mutating, like all that is asked for each packet: a borrowed look through an optional copies
    /// the whole peer first (1,128 bytes), a mutating one goes to its place.
    var isReady: Bool {
        mutating get { transport.isReady }
    }

    /// What became of a packet put into the outbox.
    enum Posting {
        /// It is the first of this turn.
        case first
        /// Others wait before it.
        case further
        /// There was no room.
        case full
    }

    /// Lets a packet leave at the end of the turn.
    mutating func post(_ packet: OutgoingPacket) -> Posting {
        guard outbox.count < Self.outboxMax else { return .full }
        outbox.append(packet)
        outboxBytes += packet.wireBytes
        if isDirty { return .further }
        isDirty = true
        return .first
    }

    /// Begins to gather what leaves in the next turn.
    mutating func emptyOutbox() {
        outbox.removeAll(keepingCapacity: true)
        isDirty = false
    }

    /// Takes what is to leave through a slot out of the outbox.
    mutating func discardPackets(ofSlot slot: Int) {
        var kept = UniqueArray<OutgoingPacket>()
        for index in 0..<outbox.count where outbox[index].slot != slot {
            kept.append(outbox[index])
        }
        outbox = kept
        if !sendPath.isEmpty { sendPath[0].waiting.discard(slot: slot) }
    }

    /// Takes the oldest path out if there are too many, but never the one that is sent to, as ICE
    /// does.
    mutating func takeExcessPath() -> TransportPath? {
        guard paths.count > Self.pathsMax else { return nil }
        let forgotten = paths.firstIndex { !transport.isValidated($0) }
        let selected = transport.selectedPath
        guard let index = forgotten ?? paths.firstIndex(where: { $0 != selected }) else {
            return nil
        }
        return paths.remove(at: index)
    }

    /// The route of an SSRC; `nil` if it has not been seen. A handful of entries: a scan is
    /// cheapest.
    func route(of ssrc: SSRC) -> StreamRoute? {
        for index in routes.indices where routes[index].ssrc == ssrc { return routes[index] }
        return nil
    }
}
