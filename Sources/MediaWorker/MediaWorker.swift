// Many peers and all forwarding between them, behind one datagram door.
// SPDX-License-Identifier: Apache-2.0
import BasicContainers
package import DTLS
import Forwarding
import Negotiation
import PeerTransport
package import RTP
import STUN
package import Wire

/// What every peer of a worker shares.
package struct WorkerConfiguration: Sendable {
    /// The certificate and the SRTP profiles of this process.
    package var dtls: DTLSContext
    /// Our NTP time when the monotonic clock stood at zero.
    package var ntpAtZero: NTPTime
    /// What the worker's random numbers (SSRCs, first sequence numbers) come from.
    package var seed: UInt64
    /// Whether a receiver is sent only as much of the pictures as its path carries. Only tests of pacing and of
    /// estimates alone do without.
    package var dividesPaths = true

    /// Describes a worker.
    package init(dtls: DTLSContext, ntpAtZero: NTPTime, seed: UInt64) {
        self.dtls = dtls
        self.ntpAtZero = ntpAtZero
        self.seed = seed
    }
}

/// A whole media server without sockets: commands and datagrams in, events and datagrams out.
///
/// A turn is: any number of ``receive(_:on:at:)``, ``apply(_:at:)`` and ``advance(to:)``, then one
/// ``finishTurn(at:through:)``. What arrives in one turn leaves at its end, in runs per receiver.
package struct MediaWorker: ~Copyable {
    /// Events that wait to be taken at most; later ones are dropped. A loop takes them all after
    /// each turn.
    static let eventsMax = 65_536

    let configuration: WorkerConfiguration
    var random: SeededRandom
    var peers = UniqueArray<Peer?>()
    var tracks = UniqueArray<Track?>()
    var producers = UniqueArray<Producer>()
    var slots = UniqueArray<Slot?>()
    /// Places in the arrays above that hold nothing, to be used again.
    var freeTracks: [Int] = []
    var freeProducers: [Int] = []
    var freeSlots: [Int] = []
    var generation: UInt32 = 0

    var peerOfID: [PeerID: Int] = [:]
    var peerOfPath: [TransportPath: Int] = [:]
    var peerOfUsername: [UsernameKey: Int] = [:]

    var deadlines = DeadlineQueue()
    /// When peers are due for what may as well go out a little earlier.
    var reportDeadlines = DeadlineQueue()
    /// How many packets from unknown addresses are looked at.
    var strayBudget = RetransmissionBudget(
        burst: StrayLimits.burst, perSecond: StrayLimits.perSecond)
    var dirtyPeers: [Int] = []
    var pollPeers: [Int] = []
    var control = ControlQueue()
    var slab = SendSlab(capacity: 512 * 1_024)
    /// The payload of a packet of padding, which counts itself (RFC 3550 §5.1).
    let padding: [UInt8] =
        [UInt8](repeating: 0, count: Self.paddingCount - 1) + [UInt8(Self.paddingCount)]
    var departed: [Int] = []
    /// What other loops are to be told at the end of the turn.
    var relayOutbox = RelayOutbox()
    /// By loop, as far as any has relayed something: which of our streams stands for which of theirs.
    var relayTables = UniqueArray<RelayTable>()
    /// How many of the peers stand in for publishers of other loops.
    var standInCount = 0
    /// Used again for each division of a path.
    var wishes = UniqueArray<BandwidthWish>()
    var events: [WorkerEvent] = []
    var eventsTaken = 0
    var nextLevels: MediaInstant?

    var counters = WorkerStatistics()
    var drops = DropCounters()

    /// Makes a worker without peers.
    package init(configuration: WorkerConfiguration) {
        self.configuration = configuration
        random = SeededRandom(seed: configuration.seed)
    }

    /// Takes one datagram. It may be changed (it is decrypted in place) and is not needed after the
    /// call.
    package mutating func receive(
        _ datagram: inout MutableSpan<UInt8>, on path: TransportPath, at now: MediaInstant
    ) {
        counters.packetsReceived &+= 1
        counters.bytesReceived &+= UInt64(datagram.count)
        guard !datagram.isEmpty else { return drops.count(.unknownProtocol) }
        // RFC 7983 §7: the first byte tells the protocols apart.
        switch datagram[0] {
        case 0...3: receiveSTUN(datagram.span, on: path, at: now)
        case 20...63: receiveDTLS(datagram.span, on: path, at: now)
        case 128...191: receiveMedia(&datagram, on: path, at: now)
        default: drops.count(.unknownProtocol)
        }
    }

    private mutating func receiveMedia(
        _ datagram: inout MutableSpan<UInt8>, on path: TransportPath, at now: MediaInstant
    ) {
        guard let peer = peerOfPath[path] else {
            return receiveStray(&datagram, on: path, at: now)
        }
        if RTCPReader.isRTCP(datagram.span) {
            receiveRTCP(&datagram, from: peer, on: path, at: now)
        } else {
            receiveRTP(&datagram, from: peer, on: path, at: now)
        }
    }

    private mutating func receiveSTUN(
        _ datagram: Span<UInt8>, on path: TransportPath, at now: MediaInstant
    ) {
        // The user name comes first: a path that moved to another peer must not be taken for the
        // old one.
        var index = peerOfPath[path]
        if let range = STUNMessage.localUsernameFragment(in: datagram) {
            index = peerOfUsername[UsernameKey(datagram.extracting(range))]
        }
        guard let index else { return drops.count(.unknownUsername) }
        // Whoever forges a living peer's address could else take its packets away from it.
        if let owner = peerOfPath[path], owner != index,
            peers[owner]?.transport.isUsing(path, at: now) == true
        {
            return drops.count(.pathInUse)
        }
        let isAccepted = peers[index]?.transport.receiveSTUN(datagram, on: path, at: now) ?? false
        if isAccepted {
            // A path that served another peer meanwhile, or was forgotten, is this peer's again.
            if peerOfPath[path] != index, peers[index]?.transport.isValidated(path) == true {
                take(path: path, for: index)
            }
        } else {
            drops.count(.stunRefused)
        }
        wantPoll(index)
    }

    private mutating func receiveDTLS(
        _ datagram: Span<UInt8>, on path: TransportPath, at now: MediaInstant
    ) {
        // Only an address that passed an authenticated check is in the table (threats:
        // CVE-2023-51443).
        guard let index = peerOfPath[path] else { return drops.count(.dtlsBeforeICE) }
        switch peers[index]?.transport.receiveDTLS(datagram, on: path, at: now) {
        case .taken?: break
        case .refused?: drops.count(.dtlsRefused)
        case .unprovenPath?, nil: drops.count(.dtlsBeforeICE)
        }
        wantPoll(index)
    }

    /// Does what is due: retransmissions, reports, feedback, keyframe requests, time-outs.
    package mutating func advance(to now: MediaInstant) {
        while let index = deadlines.popDue(at: now) { service(index, at: now) }
        let soon = now + FeedbackTiming.earliness
        while let index = reportDeadlines.popDue(at: soon) { service(index, at: now) }
        if let due = nextLevels, due <= now { reportLevels(at: now) }
    }

    /// When ``advance(to:)`` has something to do; `nil`: nothing is pending.
    package var nextDeadline: MediaInstant? {
        earliest(earliest(deadlines.next, reportDeadlines.next), nextLevels)
    }

    /// Sends everything that this turn has produced.
    package mutating func finishTurn<Door: DatagramDoor & ~Copyable>(
        at now: MediaInstant, through door: inout Door
    ) {
        pollTransports(at: now, through: &door)
        sendControl(at: now, through: &door)
        sendMedia(at: now, through: &door)
        flush(through: &door)
    }

    mutating func flush<Door: DatagramDoor & ~Copyable>(through door: inout Door) {
        guard !slab.isEmpty else { return }
        counters.packetsSent &+= UInt64(slab.datagramCount)
        counters.bytesSent &+= UInt64(slab.used)
        slab.flush(through: &door)
    }

    /// The next thing the control plane should know; `nil`: nothing.
    package mutating func pollEvent() -> WorkerEvent? {
        guard eventsTaken < events.count else {
            if eventsTaken > 0 {
                events.removeAll(keepingCapacity: true)
                eventsTaken = 0
            }
            return nil
        }
        eventsTaken += 1
        return events[eventsTaken - 1]
    }

    mutating func emit(_ event: WorkerEvent) {
        if events.count - eventsTaken < Self.eventsMax { events.append(event) }
    }

    /// Asks for the transport of a peer to be polled at the end of the turn.
    mutating func wantPoll(_ index: Int) {
        if peers[index]?.wantsPoll == false {
            peers[index]?.wantsPoll = true
            pollPeers.append(index)
        }
    }

    /// Lets a peer be served at the latest at `deadline`.
    mutating func schedule(_ index: Int, by deadline: MediaInstant) {
        deadlines.bring(index, forwardTo: deadline)
    }
}
