// A client's media connection: one transport, the streams it sends and receives, and all feedback on them.
// SPDX-License-Identifier: Apache-2.0
package import ClientTransport
import Congestion
package import DTLS
import ICE
package import Negotiation
import PeerTransport
package import RTP
package import Wire

/// One participant's end of a call without socket, clock or codec: encoded frames in, encoded frames out.
///
/// Its driver hands in datagrams, calls ``advance(to:)`` at ``nextDeadline``, and after either drains
/// ``write(into:at:)`` and ``pollEvent()``. Sound that came is asked for with ``nextSound(mid:at:)`` in the rhythm it is
/// heard in. What is sent is paced at the path's estimate; sound goes first.
package struct ClientConnection: ~Copyable {
    /// The largest datagram it sends.
    package static let datagramMax = 1_500
    /// Between two reports (RFC 3550 §6.2 asks for 5 s at least of large groups; here are two).
    static let reportInterval = MediaDuration.seconds(1)
    /// After the first packet of a stream, so that lip sync is there at once.
    static let firstReport = MediaDuration.milliseconds(100)
    /// What is sent is reported on at once, and so many times more in the rhythm of the first: one that is lost leaves others a second
    /// in which they do not know when sound and pictures were captured.
    static let earlyReports = 2
    /// Transport-wide feedback goes out so often.
    static let feedbackInterval = MediaDuration.milliseconds(50)
    /// The estimator is looked after so often.
    static let estimateInterval = MediaDuration.milliseconds(100)
    /// What the headers of IP and UDP have, in bytes.
    static let datagramOverhead = 28

    var transport: PeerTransport
    /// The search for where sockets are seen from, while it goes on.
    var gathering: ReflexiveGathering?
    var relays: ConnectionRelays
    /// What was negotiated, seen from the client.
    package internal(set) var media: PeerMedia
    var receivers: [ReceivingStream] = []
    var senders: [SendingStream] = []
    var sound = PacketQueue()
    var repetitions = PacketQueue()
    var pictures = PacketQueue()
    var estimator: BandwidthEstimator
    var pacer = Pacer()
    var budget = FrameBudget()
    var probe: ProbeSender?
    var transportSequence: UInt16 = 0
    var arrivals = TransportFeedbackRecorder()
    var control: [[UInt8]] = []
    var random: SeededRandom
    /// The wall clock at `MediaInstant.zero`.
    let clockZero: NTPTime
    var nextReport: MediaInstant?
    /// How many reports more follow each other soon.
    var reportsSoon = 0
    var nextFeedback: MediaInstant?
    var nextEstimate: MediaInstant?
    /// When something that waits may leave.
    var nextRelease: MediaInstant?
    var reportedEstimate = 0.0
    var roundTrip: MediaDuration?
    /// The most that the server allows all streams together (REMB), in bits a second.
    var serverBound: Double?
    var counters = ConnectionStatistics()
    /// Whether packets of sound are handed out as they came.
    var handsOutPackets = false
    /// How long sound is held at least and at most.
    var soundDelays = SoundBuffer.usualDelays
    private var events: [ConnectionEvent] = []
    private var eventsTaken = 0
    private let padding = [UInt8](repeating: 0, count: 223) + [224]

    /// Dials.
    /// - Parameters:
    ///   - media: What was negotiated, seen from the client.
    ///   - addresses: The client's own addresses; their sockets are numbered from 0 on.
    ///   - streamSocket: The number that stands for TCP connections; `nil`: there are none.
    ///   - relaysAlone: Whether nothing is sent but through relays, so that nobody but these learns where the client is.
    ///   - clockZero: The wall clock at `MediaInstant.zero`.
    ///   - seed: A random number, for all that has to be random.
    ///   - startBitrate: What the path to the server is believed to carry before anything is known, in bits a second; `nil`: the usual.
    package init(
        media: PeerMedia, dtls: DTLSContext, addresses: [NetworkAddress],
        streamSocket: UInt16? = nil, relaysAlone: Bool = false, clockZero: NTPTime, seed: UInt64,
        startBitrate: Double? = nil,
        at now: MediaInstant
    ) throws(ClientTransportError) {
        var limits = EstimateLimits()
        if let startBitrate { limits.start = startBitrate }
        estimator = BandwidthEstimator(limits: limits)
        var random = SeededRandom(seed: seed)
        transport = try PeerTransport.client(
            media: media, dtls: dtls, addresses: relaysAlone ? [] : addresses,
            streamSocket: relaysAlone ? nil : streamSocket, tieBreaker: random.next(), at: now)
        relays = ConnectionRelays(areAlone: relaysAlone)
        self.media = media
        self.clockZero = clockZero
        self.random = random
        addStreams(of: media)
    }

    /// Whether media can flow.
    package var isReady: Bool { mutating get { transport.isReady } }

    /// What was counted, as of now.
    package var statistics: ConnectionStatistics {
        var statistics = counters
        statistics.estimate = estimator.target ?? 0
        statistics.roundTripNanoseconds = roundTrip?.nanoseconds ?? 0
        return statistics
    }

    /// Takes the answer to a later offer: an ICE restart, more sections, or both.
    package mutating func update(
        _ media: PeerMedia, at now: MediaInstant
    ) throws(ClientTransportError) {
        let isRestart = media.localICE != self.media.localICE
        if isRestart { try transport.restart(with: media, at: now) }
        self.media = media
        if isRestart { lookForRelays(at: now) }
        addStreams(of: media)
    }

    private mutating func addStreams(of media: PeerMedia) {
        for section in media.sections {
            if let index = receivers.firstIndex(where: { $0.mid == section.mid }) {
                receivers[index].update(section)
            } else if var receiver = ReceivingStream(section: section) {
                receiver.setHandsOutPackets(handsOutPackets)
                receiver.setSoundDelays(soundDelays)
                receivers.append(receiver)
            }
            guard section.direction == .sends, let slot = section.slot,
                !senders.contains(where: { $0.mid == section.mid })
            else { continue }
            let rids: [String?] = section.simulcastRIDs.isEmpty ? [nil] : section.simulcastRIDs
            for (layer, rid) in rids.enumerated() {
                // The first layer has the declared streams; the others are told apart by their RID (RFC 8853 §6).
                let ssrc = layer == 0 ? slot.ssrc : freshSSRC()
                let repeats = section.codecs.contains { $0.retransmissionPayloadType != nil }
                let rtx = repeats ? (layer == 0 ? slot.rtxSSRC : freshSSRC()) : nil
                senders.append(
                    SendingStream(
                        section: section, ssrc: SSRC(ssrc), rtxSSRC: rtx.map { SSRC($0) },
                        rid: rid, using: &random))
            }
        }
    }

    private mutating func freshSSRC() -> UInt32 {
        while true {
            let ssrc = UInt32(truncatingIfNeeded: random.next())
            let isTaken =
                ssrc == 0
                || senders.contains { $0.ssrc.rawValue == ssrc || $0.rtxSSRC?.rawValue == ssrc }
                || media.sections.contains {
                    $0.slot?.ssrc == ssrc || $0.slot?.rtxSSRC == ssrc
                        || $0.declaredSSRCs.contains(ssrc)
                }
            if !isTaken { return ssrc }
        }
    }

    // MARK: Driving

    /// Takes a datagram, which is changed in place.
    package mutating func receive(
        _ datagram: inout MutableSpan<UInt8>, on path: TransportPath, at now: MediaInstant
    ) {
        counters.datagramsReceived &+= 1
        counters.bytesReceived &+= UInt64(datagram.count)
        if !takeFromRelay(&datagram, on: path, at: now) { take(&datagram, on: path, at: now) }
        drainTransport(at: now)
    }

    mutating func take(
        _ datagram: inout MutableSpan<UInt8>, on path: TransportPath, at now: MediaInstant
    ) {
        // RFC 7983 §7.
        switch datagram.span.uint8(at: 0) ?? 255 {
        case 0...3 where takeGathered(datagram.span, on: path): break
        case 0...3:
            if !transport.receiveSTUN(datagram.span, on: path, at: now) { refuse() }
        case 20...63:
            if transport.receiveDTLS(datagram.span, on: path, at: now) != .taken { refuse() }
        case 128...191:
            if RTCPReader.isRTCP(datagram.span) {
                receiveControl(&datagram, on: path, at: now)
            } else {
                receiveMedia(&datagram, on: path, at: now)
            }
        default: refuse()
        }
    }

    /// Lets time pass.
    package mutating func advance(to now: MediaInstant) {
        transport.advance(to: now)
        gathering?.advance(to: now)
        advanceRelays(to: now)
        drainTransport(at: now)
        guard isReady else { return }
        for index in receivers.indices { drainFrames(of: index, at: now) }
        requestLost(at: now)
        requestKeyframes(at: now)
        if let due = nextFeedback, due <= now {
            nextFeedback = nil
            sendTransportFeedback()
        }
        if let due = nextReport, due <= now { sendReports(at: now) }
        if let due = nextEstimate, due <= now { lookAfterEstimate(at: now) }
    }

    /// When ``advance(to:)`` or ``write(into:at:)`` has something to do; `nil`: nothing is waited for. What is asked as often as
    /// this is mutating: a getter that only reads would be given a copy of the connection's thousands of bytes.
    package var nextDeadline: MediaInstant? {
        mutating get {
            var deadline = transport.nextDeadline
            func consider(_ other: MediaInstant?) {
                if let other { deadline = deadline.map { min($0, other) } ?? other }
            }
            consider(gathering?.nextDeadline)
            consider(relays.nextDeadline)
            guard isReady else { return deadline }
            consider(nextReport)
            consider(nextFeedback)
            consider(nextEstimate)
            consider(nextRelease)
            for index in receivers.indices { consider(receivers[index].nextDeadline) }
            return deadline
        }
    }

    /// Writes the next datagram into `target`, which has room for ``datagramMax`` bytes.
    /// - Returns: Its size and way; `nil`: there is nothing to send now.
    package mutating func write(
        into target: inout MutableSpan<UInt8>, at now: MediaInstant
    ) -> (count: Int, path: TransportPath)? {
        while let written = writeMedia(into: &target, at: now) ?? writeOther(into: &target, at: now)
        {
            if let sent = relayed(written, in: &target) { return counted(sent) }
        }
        return nil
    }

    private mutating func writeOther(
        into target: inout MutableSpan<UInt8>, at now: MediaInstant
    ) -> (count: Int, path: TransportPath)? {
        var path: TransportPath?
        var count = 0
        unsafe target.withUnsafeMutableBufferPointer { buffer in
            // The output covers the caller's memory and does not leave this closure.
            var output = unsafe OutputSpan(buffer: buffer, initializedCount: 0)
            path =
                transport.pollTransmit(into: &output)
                ?? gathering?.pollTransmit(into: &output, at: now)
                ?? writeRelayRequest(into: &output, at: now)
            count = unsafe output.finalize(for: buffer)
        }
        return path.map { (count, $0) }
    }

    private mutating func counted(
        _ written: (count: Int, path: TransportPath)
    ) -> (count: Int, path: TransportPath) {
        counters.datagramsSent &+= 1
        counters.bytesSent &+= UInt64(written.count)
        return written
    }

    /// The next event; `nil`: nothing more for now.
    package mutating func pollEvent() -> ConnectionEvent? {
        guard eventsTaken < events.count else {
            events.removeAll(keepingCapacity: true)
            eventsTaken = 0
            return nil
        }
        defer { eventsTaken += 1 }
        return events[eventsTaken]
    }

    /// Says goodbye (DTLS `close_notify`); what follows is of no use but to send that.
    package mutating func close() {
        transport.close()
        relays.isClosing = true
    }

    func paddingBytes() -> [UInt8] { padding }

    mutating func refuse() { counters.datagramsRefused &+= 1 }

    mutating func report(_ event: ConnectionEvent) { events.append(event) }

    private mutating func drainTransport(at now: MediaInstant) {
        while let event = transport.pollEvent() {
            if case .pathSelected(let path) = event { noteSelected(path, at: now) }
            report(.transport(event))
        }
    }
}
