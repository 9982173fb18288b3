// One client of a load: it dials with real ICE and DTLS, then publishes or receives.
// SPDX-License-Identifier: Apache-2.0
import ClientTransport
package import DTLS
import ICE
package import Negotiation
import PeerTransport
import RTP
import SRTP
package import Wire

/// A slot a client watches.
private struct WatchedSlot {
    var ssrc: SSRC
    var highest: ExtendedSequenceNumber?
    var lowest: UInt64 = 0
    var received: UInt64 = 0

    /// How many numbers were skipped.
    var lost: UInt64 {
        guard let highest else { return 0 }
        let expected = highest.rawValue - lowest + 1
        return expected > received ? expected - received : 0
    }
}

/// What a client needs to dial.
package struct LoadClientPlan: Sendable {
    /// What was negotiated, seen from the client; it publishes in its sending sections.
    package var media: PeerMedia
    /// The certificate of all clients.
    package var dtls: DTLSContext
    /// The address of its socket.
    package var address: NetworkAddress
    /// What is sent in each sending section, in their order; sections without a shape stay silent.
    package var shapes: [LoadShape?]
    /// Whether the server made the offer, and so decides on the path (RFC 8445 §6.1.1).
    package var isControlled: Bool
    /// A random number.
    package var tieBreaker: UInt64

    /// Plans a client.
    package init(
        media: PeerMedia, dtls: DTLSContext, address: NetworkAddress, shapes: [LoadShape?] = [],
        isControlled: Bool = false, tieBreaker: UInt64
    ) {
        self.media = media
        self.dtls = dtls
        self.address = address
        self.shapes = shapes
        self.isControlled = isControlled
        self.tieBreaker = tieBreaker
    }
}

/// A client made for load: it keeps nothing of what it receives but counters, and opens only a
/// sample.
final class LoadClient {
    /// Of so many media packets one is opened.
    static let sampleInterval: UInt64 = 16
    static let datagramMax = 2_048

    private let media: PeerMedia
    private let shapes: [LoadShape?]
    private var transport: PeerTransport
    private var streams: [LoadStream] = []
    private var slots: [WatchedSlot] = []
    private var transportSequence: UInt16 = 0
    private var failure: String?
    private var counts = LoadReport()

    /// Makes a client that dials at once, from the socket with this number.
    init(
        _ plan: LoadClientPlan, socket: UInt8, at now: MediaInstant
    ) throws(ClientTransportError) {
        media = plan.media
        shapes = plan.shapes
        // Each client dials from a socket of its own, under that socket's number in the swarm's
        // list.
        transport = try PeerTransport.client(
            media: media, dtls: plan.dtls, addresses: [plan.address], firstSocket: socket,
            role: plan.isControlled ? .controlled : .controlling, tieBreaker: plan.tieBreaker,
            at: now)
        for section in media.sections where section.direction == .receives {
            for ssrc in section.declaredSSRCs { slots.append(WatchedSlot(ssrc: SSRC(ssrc))) }
        }
    }

    /// Whether media can flow.
    var isReady: Bool { transport.isReady }

    /// Why it is over, in words; `nil`: it is not.
    var failureReason: String? { failure }

    /// The counters so far.
    var report: LoadReport {
        var report = counts
        report.connected = isReady ? 1 : 0
        for slot in slots {
            report.received += slot.received
            report.lost += slot.lost
        }
        for stream in streams { report.sent += stream.packetsSent }
        return report
    }

    /// Starts all counters anew.
    func resetCounters() {
        counts = LoadReport()
        for index in streams.indices { streams[index].resetCounter() }
        for index in slots.indices { slots[index] = WatchedSlot(ssrc: slots[index].ssrc) }
    }

    /// Begins to publish.
    func publish(at now: MediaInstant) {
        var left = shapes[...]
        for section in media.sections where section.direction == .sends {
            guard let next = left.popFirst() else { return }
            guard let shape = next else { continue }
            let stream = LoadStream(
                section: section, shape: shape,
                firstSequence: UInt16(truncatingIfNeeded: section.index),
                at: now)
            if let stream { streams.append(stream) }
        }
    }

    /// When ``advance(to:)`` or ``write(into:at:)`` has something to do.
    var nextDeadline: MediaInstant? {
        var deadline = transport.nextDeadline
        guard isReady else { return deadline }
        for index in streams.indices {
            let next = streams[index].nextPacketAt
            deadline = deadline.map { min($0, next) } ?? next
        }
        return deadline
    }

    /// Lets time pass.
    func advance(to now: MediaInstant) {
        transport.advance(to: now)
        drainEvents()
    }

    /// Writes the next datagram into `target`, which has room for ``datagramMax`` bytes.
    /// - Returns: Its size and way; `nil` if there is nothing to send now.
    func write(
        into target: inout MutableSpan<UInt8>, at now: MediaInstant
    ) -> (count: Int, path: TransportPath)? {
        if isReady, let path = transport.selectedPath {
            for index in streams.indices where streams[index].nextPacketAt <= now {
                let count = streams[index].write(
                    into: &target, through: &transport, transportSequence: &transportSequence,
                    at: now)
                if let count { return (count, path) }
            }
        }
        var sent: TransportPath?
        var count = 0
        unsafe target.withUnsafeMutableBufferPointer { buffer in
            // The output covers the caller's memory and does not leave this closure.
            var output = unsafe OutputSpan(buffer: buffer, initializedCount: 0)
            sent = transport.pollTransmit(into: &output)
            count = unsafe output.finalize(for: buffer)
        }
        return sent.map { (count, $0) }
    }

    /// Takes a datagram of the server.
    func receive(
        _ datagram: inout MutableSpan<UInt8>, on path: TransportPath, at now: MediaInstant
    ) {
        guard !datagram.isEmpty else { return }
        switch datagram[0] {
        case 0...3:
            _ = transport.receiveSTUN(datagram.span, on: path, at: now)
            drainEvents()
        case 20...63:
            _ = transport.receiveDTLS(datagram.span, on: path, at: now)
            drainEvents()
        case 128...191:
            if RTCPReader.isRTCP(datagram.span) {
                receiveRTCP(&datagram, on: path, at: now)
            } else {
                receiveRTP(&datagram, on: path, at: now)
            }
        default: counts.failed += 1
        }
    }

    private func receiveRTP(
        _ datagram: inout MutableSpan<UInt8>, on path: TransportPath, at now: MediaInstant
    ) {
        guard let header = try? RTPHeader.parse(datagram.span),
            let index = slots.firstIndex(where: { $0.ssrc == header.ssrc })
        else {
            counts.failed += 1
            return
        }
        note(header.sequenceNumber, in: index)
        counts.receivedBytes += UInt64(datagram.count)
        guard slots[index].received % Self.sampleInterval == 1 else { return }
        guard let opened = try? transport.openRTP(&datagram, header: header, on: path, at: now)
        else {
            counts.failed += 1
            return
        }
        counts.opened += 1
        let plain = datagram.span.extracting(0..<opened.count)
        // Padding may stand behind the payload.
        guard let payload = try? header.payloadRange(in: plain) else {
            counts.failed += 1
            return
        }
        if let stamp = plain.uint64(at: payload.upperBound - LoadStream.stampCount) {
            let sent = MediaInstant(nanoseconds: Int64(bitPattern: stamp))
            counts.latency.add(now - sent)
        }
    }

    private func note(_ number: SequenceNumber, in index: Int) {
        slots[index].received += 1
        guard let highest = slots[index].highest else {
            // One wrap above zero, so that an earlier number has room below.
            slots[index].lowest = 1 << 16 | UInt64(number.rawValue)
            slots[index].highest = ExtendedSequenceNumber(slots[index].lowest)
            return
        }
        let extended = highest.nearest(to: number)
        slots[index].highest = max(highest, extended)
        slots[index].lowest = min(slots[index].lowest, extended.rawValue)
    }

    private func receiveRTCP(
        _ datagram: inout MutableSpan<UInt8>, on path: TransportPath, at now: MediaInstant
    ) {
        // Only a publisher has to listen: for keyframe requests.
        guard !streams.isEmpty else { return }
        guard let count = try? transport.openRTCP(&datagram, on: path, at: now) else {
            counts.failed += 1
            return
        }
        let bytes = datagram.span.extracting(0..<count)
        var reader = RTCPReader()
        while let packet = try? reader.next(in: bytes) {
            guard packet.kind == .pictureLossIndication,
                let sources = try? FeedbackSources(packet, in: bytes)
            else { continue }
            for index in streams.indices where streams[index].ssrc == sources.media {
                streams[index].requestKeyframe()
            }
        }
    }

    private func drainEvents() {
        while let event = transport.pollEvent() {
            if case .failed(let reason) = event { failure = reason }
        }
    }
}
