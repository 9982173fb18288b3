// How a connection sends: frames wait in three queues, and leave at the pace the path bears.
// SPDX-License-Identifier: Apache-2.0
import Congestion
import Negotiation
import PeerTransport
import RTP
import SRTP
package import Wire

extension ClientConnection {
    /// Sends a frame in a section.
    /// - Parameter rid: The layer, where the section has several.
    package mutating func send(
        _ frame: OutgoingFrame, mid: String, rid: String? = nil, at now: MediaInstant
    ) throws(SendError) {
        guard isReady else { throw .notConnected }
        guard let index = senders.firstIndex(where: { $0.mid == mid && $0.rid == rid }) else {
            throw .noSection
        }
        let isSound = senders[index].kind == .audio
        if !isSound,
            !budget.take(bytes: frame.bytes.count, estimate: estimator.target, at: now)
        {
            senders[index].refuse()
            throw .congested
        }
        if isSound {
            senders[index].chooseRedundancy(
                estimate: estimator.target,
                isBesidePictures: senders.contains { $0.kind == .video && $0.hasBegun })
        }
        let isFirst = !senders[index].hasBegun
        let numbers = try senders[index].append(frame)
        for number in numbers {
            let number = ExtendedSequenceNumber(number)
            let bytes = senders[index].packets.packet(number)?.payload.count ?? 0
            let queued = QueuedPacket(
                stream: index, number: number, isRepetition: false,
                bytes: bytes + SendingStream.headersMax)
            if isSound { sound.append(queued) } else { pictures.append(queued) }
        }
        nextRelease = now
        if isFirst { reportsSoon = Self.earlyReports }
        let due = isFirst ? now : now + Self.reportInterval
        nextReport = nextReport.map { min($0, due) } ?? due
        if nextEstimate == nil { nextEstimate = now + Self.estimateInterval }
    }

    /// What could be used of the path if it were there, in bits a second; `nil`: nothing is probed for.
    package mutating func setWantedBitrate(_ wanted: Double?) { estimator.wanted = wanted }

    /// How much waits for the path, in bytes.
    package var waitingBytes: Int { pictures.bytes + repetitions.bytes + sound.bytes }

    /// What a stream has sent; `nil`: there is none.
    package func sendingStatistics(mid: String, rid: String? = nil) -> SendingStatistics? {
        senders.first { $0.mid == mid && $0.rid == rid }?.statistics
    }

    // MARK: Inside

    /// Sets the pace by the estimate, and begins probes that are due.
    mutating func lookAfterEstimate(at now: MediaInstant) {
        nextEstimate = now + Self.estimateInterval
        estimator.advance(to: now)
        let target = estimator.target
        pacer.setEstimate(target, isAfterSilence: estimator.isAfterSilence(at: now))
        if probe?.isDone(at: now) == true { probe = nil }
        if probe == nil, let plan = estimator.takeProbe(at: now) {
            probe = ProbeSender(plan, at: now)
            nextRelease = now
        }
        if budget.isFull, budget.empty(estimate: target, at: now) {
            for sender in senders where sender.awaitsKeyframe {
                report(.keyframeRequested(mid: sender.mid, rid: sender.rid))
            }
        }
        guard let target else { return }
        let bounded = min(target, serverBound ?? .infinity)
        guard abs(bounded - reportedEstimate) > reportedEstimate * 0.05 else { return }
        reportedEstimate = bounded
        report(.bandwidth(bounded))
    }

    /// Writes what is to leave next and may.
    mutating func writeMedia(
        into target: inout MutableSpan<UInt8>, at now: MediaInstant
    ) -> (count: Int, path: TransportPath)? {
        guard isReady, let path = transport.selectedPath else { return nil }
        if !control.isEmpty {
            let bytes = control.removeFirst()
            guard target.copy(bytes.span, to: 0) else { return nil }
            return (bytes.count, path)
        }
        while let packet = nextPacket(at: now) {
            if let count = write(packet, into: &target, at: now) { return (count, path) }
        }
        if let count = writePadding(into: &target, at: now) { return (count, path) }
        planRelease(at: now)
        return nil
    }

    private mutating func nextPacket(at now: MediaInstant) -> QueuedPacket? {
        if let packet = sound.popFirst() { return packet }
        guard pacer.room(at: now) > 0 else { return nil }
        return repetitions.popFirst() ?? pictures.popFirst()
    }

    private mutating func planRelease(at now: MediaInstant) {
        nextRelease = nil
        if !repetitions.isEmpty || !pictures.isEmpty { nextRelease = pacer.nextRelease }
        if let probe, !probe.isDone(at: now) {
            nextRelease = nextRelease.map { min($0, probe.nextDue) } ?? probe.nextDue
        }
        nextRelease = nextRelease.map { max($0, now + .milliseconds(1)) }
    }

    private mutating func write(
        _ queued: QueuedPacket, into target: inout MutableSpan<UInt8>, at now: MediaInstant
    ) -> Int? {
        let index = queued.stream
        guard index < senders.count, let packet = senders[index].packets.packet(queued.number)
        else { return nil }
        let type = queued.isRepetition ? senders[index].repetitionType(of: packet.payloadType) : nil
        var payload = packet.payload
        var number = packet.number
        var ssrc = senders[index].ssrc
        if type != nil, let rtx = senders[index].rtxSSRC {
            number = senders[index].takeRepetitionNumber()
            ssrc = rtx
            let original = packet.number.sequenceNumber.rawValue
            payload = [UInt8(original >> 8), UInt8(truncatingIfNeeded: original)] + payload
        }
        let count = seal(
            payload.span, of: index, number: number, ssrc: ssrc,
            payloadType: type ?? packet.payloadType, timestamp: packet.timestamp,
            marker: packet.marker, value: packet.value, isRepaired: type != nil, into: &target,
            at: now)
        guard let count else { return nil }
        senders[index].noteSent(packet, isRepetition: queued.isRepetition, at: now)
        return count
    }

    /// Padding of a probe, in a stream of repetitions, as browsers send it.
    private mutating func writePadding(
        into target: inout MutableSpan<UInt8>, at now: MediaInstant
    ) -> Int? {
        guard let probe, probe.nextDue <= now, !probe.isDone(at: now) else { return nil }
        guard
            let index = senders.firstIndex(where: {
                $0.hasBegun && $0.rtxSSRC != nil && $0.kind == .video
            }), let ssrc = senders[index].rtxSSRC,
            let type = senders[index].codecs.compactMap(\.retransmissionPayloadType).first
        else {
            self.probe = nil
            return nil
        }
        let padding = paddingBytes()
        let number = senders[index].takeRepetitionNumber()
        return seal(
            padding.span, of: index, number: number, ssrc: ssrc, payloadType: type,
            timestamp: senders[index].timestamp(at: now), marker: false, value: nil,
            isRepaired: true, isPadding: true, into: &target, at: now)
    }

    private mutating func seal(
        _ payload: Span<UInt8>, of index: Int, number: ExtendedSequenceNumber, ssrc: SSRC,
        payloadType: UInt8, timestamp: RTPTimestamp, marker: Bool, value: UInt8?,
        isRepaired: Bool, isPadding: Bool = false, into target: inout MutableSpan<UInt8>,
        at now: MediaInstant
    ) -> Int? {
        let section = media.section(mid: senders[index].mid)
        var writer = RTPHeaderWriter()
        writer.begin(
            marker: marker, payloadType: payloadType, sequenceNumber: number.sequenceNumber,
            timestamp: timestamp, ssrc: ssrc, in: &target)
        if let id = section?.extensionID(.mid) {
            writer.append(id: id, data: Array(senders[index].mid.utf8).span, in: &target)
        }
        if let rid = senders[index].rid,
            let id = section?.extensionID(isRepaired ? .repairedRid : .rid)
        {
            writer.append(id: id, data: Array(rid.utf8).span, in: &target)
        }
        let sequence = section?.extensionID(.transportSequenceNumber).map { id in
            writer.append(id: id, uint16: transportSequence, in: &target)
        }
        if let value,
            let id = section?.extensionID(
                senders[index].kind == .audio ? .audioLevel : .videoOrientation)
        {
            writer.append(id: id, uint8: value, in: &target)
        }
        let headerCount = writer.finish(in: &target)
        if isPadding { target[0] |= 0x20 }
        guard
            let count =
                (try? transport.sealRTP(
                    &target, headerCount: headerCount, payload: payload, ssrc: ssrc,
                    index: number)) ?? nil
        else { return nil }
        if sequence == true { noteSent(count, isPadding: isPadding, at: now) }
        if isRepaired || senders[index].kind == .audio { budget.add(bytes: count) }
        return count
    }

    private mutating func noteSent(_ bytes: Int, isPadding: Bool, at now: MediaInstant) {
        let bytes = bytes + Self.datagramOverhead
        let number = isPadding ? probe?.plan.number : probe?.numberForMedia
        estimator.noteSent(
            sequence: transportSequence, bytes: bytes, probe: number ?? 0, at: now)
        transportSequence &+= 1
        pacer.noteSent(bytes: bytes, at: now)
        probe?.noteSent(bytes: bytes, isPadding: isPadding)
    }
}
