// A client without sockets: it offers, dials, publishes made-up media and keeps what it receives.
// SPDX-License-Identifier: Apache-2.0
package import ClientMedia
import ClientTransport
package import DTLS
package import Negotiation
package import PeerTransport
package import RTP
import SRTP
package import Wire

/// One participant's end of a call, in virtual time.
package final class VirtualClient {
    /// The largest datagram it sends.
    static let datagramMax = 1_500

    /// Its handle on the server.
    package let id: PeerID
    /// Where its datagrams come from at present (in front of any NAT).
    package var address: NetworkAddress
    /// Whose offers the server takes its offers for.
    package var profile = NegotiationProfile.sdk
    /// What it offers.
    package var offer: ClientOffer
    /// What was negotiated, seen from the client.
    package private(set) var media: PeerMedia?
    /// What was negotiated, seen from the server.
    package var serverMedia: PeerMedia?
    /// What its transport reported, with the time.
    package private(set) var events: [(at: MediaInstant, event: PeerTransportEvent)] = []
    /// What it publishes.
    package private(set) var sources: [VirtualSource] = []
    /// The media it has received.
    package var received: [ReceivedPacket] = []
    /// The RTCP it has received.
    package var control: [ReceivedControl] = []
    /// Packets that could not be opened or understood.
    package internal(set) var failures: [String] = []
    /// How far its wall clock is ahead of the server's.
    package var wallClockLead = MediaDuration.zero
    /// When its first sender reports leave after the first packet; later ones come each second.
    package var firstReportAfter: MediaDuration? = .milliseconds(500)
    /// Whether it asks again for what it misses.
    package var repairsLosses = false
    /// Whether it gives transport-wide feedback each 50 ms on what it receives.
    package var givesTransportFeedback = false
    /// When packets of padding came, and how many bytes each had.
    package internal(set) var padding: [(at: MediaInstant, bytes: Int)] = []

    let server: NetworkAddress
    let ntpAtZero: NTPTime
    var random: SeededRandom
    let dtls: DTLSContext
    var transport: PeerTransport?
    /// The media of the native SDK in place of the client's own, made-up media; see ``usesConnection``.
    package var connection: ClientConnection?
    /// Whether that connection goes through relays and no other way; set it before the first answer.
    package var usesRelaysAlone = false
    /// What that connection believes its path to carry at first, in bits a second; `nil`: the usual. Set it before the first answer.
    package var startBitrate: Double?
    /// Takes what that connection sends, instead of the network; `false`: it does not.
    package var detour: ((TransportPath, [UInt8]) -> Bool)?
    /// Whether the native SDK's connection is to dial; set it before the first answer.
    package var usesConnection = false
    /// What that connection told, with the time.
    package private(set) var connectionEvents: [(at: MediaInstant, event: ConnectionEvent)] = []
    var outbox: [[UInt8]] = []
    private var nextReport: MediaInstant?
    /// When it was told the time last.
    private var time = MediaInstant.zero
    /// The last reference time received, to be echoed (RFC 3611 §4.5).
    var referenceTime: (from: SSRC, time: NTPTime, at: MediaInstant)?
    var transportSequence: UInt16 = 0
    var arrivals = TransportFeedbackRecorder()
    private var nextFeedback: MediaInstant?
    var highest: [SSRC: ExtendedSequenceNumber] = [:]
    var detectors: [(ssrc: SSRC, loss: LossDetector)] = []

    /// A client at an address, before it has an answer to its offer.
    /// - Parameters:
    ///   - server: Where the media worker is.
    ///   - ntpAtZero: The wall clock at `MediaInstant.zero`.
    package init(
        id: PeerID, address: NetworkAddress, server: NetworkAddress, offer: ClientOffer,
        dtls: DTLSContext, ntpAtZero: NTPTime, random: SeededRandom
    ) {
        self.id = id
        self.address = address
        self.server = server
        self.offer = offer
        self.dtls = dtls
        self.ntpAtZero = ntpAtZero
        self.random = random
    }

    /// Whether media can flow.
    package var isConnected: Bool { connection?.isReady ?? transport?.isReady ?? false }

    /// Takes the answer to its offer: the first begins to dial, a later one restarts ICE or brings
    /// new sections.
    package func accept(answer: String, at now: MediaInstant) throws {
        let before = media
        let media = try offer.media(fromAnswer: answer)
        self.media = media
        guard !usesConnection else { return try updateConnection(media, at: now) }
        if before == nil {
            transport = try PeerTransport.client(
                media: media, dtls: dtls, addresses: [address], tieBreaker: random.next(), at: now)
        } else if before?.localICE != media.localICE {
            try transport?.restart(with: media, at: now)
        }
    }

    /// Begins to publish in a section, from this moment on.
    @discardableResult
    package func publish(
        mid: String, _ settings: SourceSettings, at now: MediaInstant
    ) -> VirtualSource {
        guard let section = media?.section(mid: mid) else {
            preconditionFailure("there is no such section")
        }
        let source = VirtualSource(section: section, settings: settings, at: now, using: &random)
        sources.append(source)
        return source
    }

    /// The packets of one slot, in the order they came.
    package func packets(mid: String) -> [ReceivedPacket] { received.filter { $0.mid == mid } }

    /// The stream that the server sends in a slot.
    package func slotSSRC(mid: String) -> SSRC? {
        media?.section(mid: mid)?.declaredSSRCs.first.map { SSRC($0) }
    }

    private func updateConnection(_ media: PeerMedia, at now: MediaInstant) throws {
        if connection == nil {
            connection = try ClientConnection(
                media: media, dtls: dtls, addresses: [address], relaysAlone: usesRelaysAlone,
                clockZero: ntpAtZero, seed: random.next(), startBitrate: startBitrate, at: now)
        } else {
            try connection?.update(media, at: now)
        }
    }

    /// When it has something to do of its own accord.
    package var nextDeadline: MediaInstant? {
        if connection != nil { return connection?.nextDeadline }
        var deadline = transport?.nextDeadline
        func consider(_ other: MediaInstant?) {
            if let other { deadline = deadline.map { min($0, other) } ?? other }
        }
        if isConnected {
            for source in sources where source.isRunning { consider(source.nextFrame) }
            consider(nextReport)
            consider(nextFeedback)
            for entry in detectors { consider(entry.loss.nextDeadline) }
        }
        return deadline
    }

    /// Lets time pass.
    package func advance(to now: MediaInstant) {
        time = now
        guard connection == nil else {
            connection?.advance(to: now)
            return drainEvents(at: now)
        }
        transport?.advance(to: now)
        drainEvents(at: now)
        guard isConnected else { return }
        for source in sources { sendFrame(of: source, at: now) }
        if nextReport == nil, let firstReportAfter, sources.contains(where: { $0.lastFrame >= 0 }) {
            nextReport = now + firstReportAfter
        }
        if let due = nextReport, due <= now {
            nextReport = now + .seconds(1)
            for source in sources where source.lastFrame >= 0 { sendReport(of: source, at: now) }
        }
        requestLost(at: now)
        if let due = nextFeedback, due <= now {
            nextFeedback = nil
            sendTransportFeedback()
        }
    }

    /// Notes a packet for the next feedback.
    func noteArrival(_ sequence: SequenceNumber, at now: MediaInstant) {
        guard givesTransportFeedback else { return }
        arrivals.record(sequence: sequence, at: now + wallClockLead)
        if nextFeedback == nil { nextFeedback = now + .milliseconds(50) }
    }

    /// A datagram of the server arrives.
    /// - Parameter path: The way it came; `nil`: that of all others.
    package func receive(_ bytes: [UInt8], on path: TransportPath? = nil, at now: MediaInstant) {
        var bytes = bytes
        let path = path ?? TransportPath(socket: 0, remote: server)
        time = now
        guard connection == nil else {
            var span = bytes.mutableSpan
            connection?.receive(&span, on: path, at: now)
            return drainEvents(at: now)
        }
        switch bytes.first ?? 255 {
        case 0...3: _ = transport?.receiveSTUN(bytes.span, on: path, at: now)
        case 20...63: _ = transport?.receiveDTLS(bytes.span, on: path, at: now)
        case 128...191:
            if RTCPReader.isRTCP(bytes.span) {
                receiveControl(&bytes, on: path, at: now)
            } else {
                receiveMedia(&bytes, on: path, at: now)
            }
        default: failures.append("unknown first byte")
        }
        drainEvents(at: now)
    }

    /// The next datagram for the server.
    package func takeDatagram() -> [UInt8]? {
        if !outbox.isEmpty { return outbox.removeFirst() }
        guard connection == nil else {
            while true {
                var bytes = [UInt8](repeating: 0, count: ClientConnection.datagramMax)
                var span = bytes.mutableSpan
                guard let written = connection?.write(into: &span, at: time) else { return nil }
                bytes.removeLast(bytes.count - written.count)
                if detour?(written.path, bytes) != true { return bytes }
            }
        }
        var isSent = false
        let bytes = [UInt8](capacity: 2_048) { output in
            isSent = transport?.pollTransmit(into: &output) != nil
        }
        return isSent ? bytes : nil
    }

    /// Says goodbye (DTLS `close_notify`).
    package func close() {
        transport?.close()
        connection?.close()
    }

    private func drainEvents(at now: MediaInstant) {
        while let event = connection?.pollEvent() {
            if case .transport(let event) = event { events.append((now, event)) }
            connectionEvents.append((now, event))
        }
        while let event = transport?.pollEvent() { events.append((now, event)) }
    }
}
