// One client of a load: it dials with real ICE and DTLS, then publishes or receives.
// SPDX-License-Identifier: Apache-2.0
import ClientTransport
import ICE
import Negotiation
import PeerTransport
import RTP
import SRTP
import Wire

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

/// What a client counts of all its slots together.
private struct LoadCounts {
    var receivedBytes: UInt64 = 0
    var repeated: UInt64 = 0
    var opened: UInt64 = 0
    var failed: UInt64 = 0
}

/// A client made for load: it keeps nothing of what it receives but counters, and opens only a
/// sample.
final class LoadClient {
    static let datagramMax = 2_048

    private let sendingSections: [MediaSection]
    private let shapes: [LoadShape?]
    private let sampleInterval: UInt64
    private var transport: PeerTransport
    private var streams: [LoadStream] = []
    private var slots: [WatchedSlot] = []
    /// Streams that repeat those of the slots.
    private var repairs: [SSRC] = []
    private var feedback: LoadFeedback?
    private var transportSequence: UInt16 = 0
    private var counts = LoadCounts()
    /// How far it came, and when.
    private(set) var times: LoadClientTimes

    /// Makes a client that dials at once, from the socket with this number, which is its place.
    init(
        _ plan: LoadClientPlan, socket: UInt16, at now: MediaInstant
    ) throws(ClientTransportError) {
        sendingSections = plan.media.sections.filter { $0.direction == .sends }
        shapes = plan.shapes
        sampleInterval = UInt64(max(1, plan.sampleInterval))
        times = LoadClientTimes(place: Int(socket), dialledAt: now)
        // Each client dials from a socket of its own, under that socket's number in the swarm's
        // list.
        transport = try PeerTransport.client(
            media: plan.media, dtls: plan.dtls, addresses: [plan.address], firstSocket: socket,
            role: plan.isControlled ? .controlled : .controlling, tieBreaker: plan.tieBreaker,
            at: now)
        for section in plan.media.sections where section.direction == .receives {
            for ssrc in section.declaredSSRCs { slots.append(WatchedSlot(ssrc: SSRC(ssrc))) }
            for pair in section.declaredRTX { repairs.append(SSRC(pair.retransmission)) }
        }
        if plan.sendsFeedback { feedback = LoadFeedback(plan.media) }
    }

    /// Whether media can flow.
    var isReady: Bool { transport.isReady }

    /// Why it is over, in words; `nil`: it is not.
    var failureReason: String? { times.failure }

    /// Adds the counters so far.
    func add(to report: inout LoadReport) {
        report.connected += isReady ? 1 : 0
        report.broken += failureReason == nil ? 0 : 1
        report.receivedBytes &+= counts.receivedBytes
        report.repeated &+= counts.repeated
        report.opened &+= counts.opened
        report.failed &+= counts.failed
        for slot in slots {
            report.received &+= slot.received
            report.lost &+= slot.lost
        }
        for stream in streams {
            report.sent &+= stream.packetsSent
            report.sentBytes &+= stream.bytesSent
        }
    }

    /// Starts all counters anew.
    func resetCounters() {
        counts = LoadCounts()
        for index in streams.indices { streams[index].resetCounter() }
        for index in slots.indices { slots[index] = WatchedSlot(ssrc: slots[index].ssrc) }
    }

    /// Begins to publish; once.
    func publish(at now: MediaInstant) {
        guard streams.isEmpty else { return }
        var left = shapes[...]
        for section in sendingSections {
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
        func bring(_ next: MediaInstant) { deadline = deadline.map { min($0, next) } ?? next }
        for index in streams.indices { bring(streams[index].nextPacketAt) }
        if let due = feedback?.dueAt { bring(due) }
        return deadline
    }

    /// Lets time pass.
    func advance(to now: MediaInstant) {
        transport.advance(to: now)
        drainEvents(at: now)
    }

    /// Writes the next datagram into `target`, which has room for ``datagramMax`` bytes.
    /// - Parameter lateness: Is told how late media is.
    /// - Returns: Its size and way; `nil` if there is nothing to send now.
    func write(
        into target: inout MutableSpan<UInt8>, lateness: inout LatencyHistogram,
        at now: MediaInstant
    ) -> (count: Int, path: TransportPath)? {
        if isReady, let path = transport.selectedPath {
            for index in streams.indices where streams[index].nextPacketAt <= now {
                lateness.add(now - streams[index].nextPacketAt)
                let count = streams[index].write(
                    into: &target, through: &transport, transportSequence: &transportSequence,
                    at: now)
                if let count { return (count, path) }
            }
            if let count = feedback?.write(into: &target, through: &transport, at: now) {
                return (count, path)
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
    /// - Parameter latency: Is told how long sampled packets were under way.
    /// - Returns: Whether ``nextDeadline`` may have come nearer, or something is to be sent.
    func receive(
        _ datagram: inout MutableSpan<UInt8>, on path: TransportPath,
        latency: inout LatencyHistogram, at now: MediaInstant
    ) -> Bool {
        guard !datagram.isEmpty else { return false }
        switch datagram[0] {
        case 0...3:
            _ = transport.receiveSTUN(datagram.span, on: path, at: now)
            drainEvents(at: now)
            return true
        case 20...63:
            _ = transport.receiveDTLS(datagram.span, on: path, at: now)
            drainEvents(at: now)
            return true
        case 128...191:
            if RTCPReader.isRTCP(datagram.span) {
                receiveRTCP(&datagram, on: path, at: now)
                return false
            }
            return receiveRTP(&datagram, on: path, latency: &latency, at: now)
        default:
            counts.failed &+= 1
            return false
        }
    }

    private func receiveRTP(
        _ datagram: inout MutableSpan<UInt8>, on path: TransportPath,
        latency: inout LatencyHistogram, at now: MediaInstant
    ) -> Bool {
        guard let header = try? RTPHeader.parse(datagram.span) else {
            counts.failed &+= 1
            return false
        }
        let begins = feedback?.note(header, in: datagram.span, at: now) ?? false
        guard let index = slots.firstIndex(where: { $0.ssrc == header.ssrc }) else {
            if repairs.contains(header.ssrc) {
                counts.repeated &+= 1
            } else {
                counts.failed &+= 1
            }
            return begins
        }
        note(header.sequenceNumber, in: index)
        counts.receivedBytes &+= UInt64(datagram.count)
        if times.firstMediaAt == nil { times.firstMediaAt = now }
        guard (slots[index].received - 1) % sampleInterval == 0 else { return begins }
        guard let opened = try? transport.openRTP(&datagram, header: header, on: path, at: now)
        else {
            counts.failed &+= 1
            return begins
        }
        counts.opened &+= 1
        let plain = datagram.span.extracting(0..<opened.count)
        // Padding may stand behind the payload.
        guard let payload = try? header.payloadRange(in: plain) else {
            counts.failed &+= 1
            return begins
        }
        if let stamp = plain.uint64(at: payload.upperBound - LoadStream.stampCount) {
            latency.add(now - MediaInstant(nanoseconds: Int64(bitPattern: stamp)))
        }
        return begins
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
            counts.failed &+= 1
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

    private func drainEvents(at now: MediaInstant) {
        while let event = transport.pollEvent() {
            switch event {
            case .pathSelected where times.pathAt == nil: times.pathAt = now
            case .failed(let reason): times.failure = reason
            default: break
            }
        }
        if times.connectedAt == nil, transport.isReady { times.connectedAt = now }
    }
}
