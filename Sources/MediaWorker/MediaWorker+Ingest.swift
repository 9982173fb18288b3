// A published packet's way in: opened, understood, remembered, offered to everyone who watches.
// SPDX-License-Identifier: Apache-2.0
import BasicContainers
import Forwarding
import Payloads
import PeerTransport
import RTP
import SRTP
import Wire

extension MediaWorker {
    mutating func receiveRTP(
        _ datagram: inout MutableSpan<UInt8>, from index: Int, on path: TransportPath,
        at now: MediaInstant
    ) {
        let header: RTPHeader
        let count: Int
        let sequence: ExtendedSequenceNumber
        do throws(RTPError) {
            header = try RTPHeader.parse(datagram.span)
        } catch {
            return drops.count(.malformedRTP)
        }
        do throws(SRTPError) {
            let opened = try peers[index]?.transport.openRTP(
                &datagram, header: header, on: path, at: now)
            guard let opened else { return drops.count(.mediaBeforeDTLS) }
            count = opened.count
            sequence = opened.index
        } catch {
            return drops.count(error == .replayed ? .replayed : .authenticationFailed)
        }
        guard
            let arrival = understand(
                datagram.span.extracting(0..<count), header: header, sequence, from: index, at: now)
        else { return }
        if arrival.format.codec == .vp9 { tieToLayerBelow(arrival, in: &datagram) }
        take(arrival, in: datagram.span.extracting(0..<count), at: now)
    }

    /// What a packet that was opened is; `nil` (and counted) if it is of no use.
    private mutating func understand(
        _ packet: Span<UInt8>, header: RTPHeader, _ sequence: ExtendedSequenceNumber,
        from index: Int, at now: MediaInstant
    ) -> Arrival? {
        noteTransportSequence(of: header, in: packet, from: index, at: now)
        guard let route = route(of: header, in: packet, from: index, at: now) else { return nil }
        guard let format = tracks[route.track]?.format(for: header.payloadType) else {
            drops.count(.unknownPayloadType)
            return nil
        }
        guard let payload = try? header.payloadRange(in: packet) else {
            drops.count(.malformedRTP)
            return nil
        }
        if tracks[route.track]?.hasStarted == false { start(track: route.track, of: index) }
        var arrival = Arrival(
            header: header, format: format, sequence: sequence, payload: payload,
            track: route.track,
            producer: route.producer)
        if format.isRetransmission {
            guard unwrap(&arrival, in: packet) else { return nil }
        } else {
            producers[route.producer].reception.record(
                sequence, timestamp: header.timestamp, at: now)
        }
        return arrival
    }

    /// A media packet that has been opened and understood.
    struct Arrival {
        var header: RTPHeader
        var format: PublishedFormat
        var sequence: ExtendedSequenceNumber
        var payload: Range<Int>
        var track: Int
        var producer: Int
    }

    private mutating func noteTransportSequence(
        of header: RTPHeader, in packet: Span<UInt8>, from index: Int, at now: MediaInstant
    ) {
        guard let id = peers[index]?.transportSequenceID,
            let number = header.transportSequenceNumber(id: id, in: packet)
        else { return }
        peers[index]?.feedback.record(sequence: number, at: now)
        if let peer = peers[index]?.nextFeedback, peer > now { return }
        let due = now + FeedbackTiming.transportInterval
        if peers[index]?.nextFeedback == nil {
            peers[index]?.nextFeedback = due
            schedule(index, by: due)
        }
    }

    /// Turns a retransmission into the packet it repeats (RFC 4588 §4).
    private mutating func unwrap(_ arrival: inout Arrival, in packet: Span<UInt8>) -> Bool {
        let payload = packet.extracting(arrival.payload)
        guard let original = RTPRetransmission.originalSequenceNumber(in: payload) else {
            // Browsers probe the path with padding on the retransmission stream.
            drops.count(.paddingOnly)
            return false
        }
        let highest = producers[arrival.producer].highest
        guard highest.rawValue > 0 else {
            drops.count(.malformedRetransmission)
            return false
        }
        arrival.sequence = highest.nearest(to: original)
        // What was never sent cannot be sent again: such a number would only run ahead of the
        // stream's own.
        guard arrival.sequence < highest else {
            drops.count(arrival.sequence == highest ? .duplicate : .malformedRetransmission)
            return false
        }
        arrival.payload =
            (arrival.payload.lowerBound + RTPRetransmission.headCount)..<arrival.payload.upperBound
        return true
    }

    private mutating func take(_ arrival: Arrival, in packet: Span<UInt8>, at now: MediaInstant) {
        let index = arrival.producer
        let payload = packet.extracting(arrival.payload)
        let codec = arrival.format.codec
        var entry = HistoryEntry(
            sequence: arrival.sequence, timestamp: arrival.header.timestamp, codec: codec,
            marker: arrival.header.marker,
            startsKeyframe: codec.kind == .video
                && Keyframe.isKeyframeStart(codec: codec, payload: payload))
        entry.descriptor = DescriptorFields.find(codec: codec, payload: payload)
        let dependencies = readDependencies(of: &entry, arrival, in: packet)
        guard readRedundancy(of: &entry, payload: payload, track: arrival.track) else {
            return drops.count(.malformedRedundancy)
        }
        if entry.startsKeyframe || entry.descriptor.layers.hasStructure {
            noteSize(of: &entry, payload: payload, producer: index, track: arrival.track)
        }
        if let id = tracks[arrival.track]?.audioLevelID,
            let level = arrival.header.audioLevel(id: id, in: packet)
        {
            entry.audioLevel = level.byte
        }
        if let id = tracks[arrival.track]?.orientationID,
            let range = arrival.header.extensionRange(id: id, in: packet), !range.isEmpty
        {
            entry.orientation = packet.uint8(at: range.lowerBound)
        }
        let kind: RelayedPacketKind = arrival.format.isRetransmission ? .repeated : .fresh
        if !dependencies.isEmpty,
            let tied = tiedDependencies(of: entry, packet.extracting(dependencies), producer: index)
        {
            return take(
                entry, kind, payload: payload, dependencies: tied.span, producer: index,
                track: arrival.track, at: now)
        }
        take(
            entry, kind, payload: payload, dependencies: packet.extracting(dependencies),
            producer: index, track: arrival.track, at: now)
    }

    /// Remembers a packet that was understood, and offers it to everyone who watches: here, and through other loops.
    mutating func take(
        _ entry: HistoryEntry, _ kind: RelayedPacketKind, payload: Span<UInt8>,
        dependencies: Span<UInt8>, producer index: Int, track: Int, at now: MediaInstant
    ) {
        noteArrival(of: entry, isRepeated: kind == .repeated, at: now, producer: index)
        guard
            producers[index].history.insert(entry, payload: payload, dependencies: dependencies)
        else {
            return drops.count(.duplicate)
        }
        producers[index].rates.add(
            payloadCount: payload.count, spatial: entry.descriptor.layers.spatial,
            temporal: entry.descriptor.layers.temporal,
            repeatedCount: entry.redundancy?.primaryOffset ?? 0,
            isKeyframe: producers[index].keyframe?.timestamp == entry.timestamp, at: now)
        if !producers[index].isForeign {
            peers[producers[index].peer]?.noteArrival(
                bytes: payload.count + LayerRates.packetOverheadBytes, at: now)
        }
        guard tracks[track]?.isPaused == false else { return drops.count(.trackPaused) }
        // The history knows the payload's size and place; what was built here does not.
        guard kind != .past, let kept = producers[index].history.entry(entry.sequence) else {
            return
        }
        if let loops = tracks[track]?.relayLoops, loops != 0 {
            relay(kept, from: index, to: loops, as: kind)
        }
        fanOut(kept, from: index, track: track, at: now)
    }

    /// Reads the dependency descriptor of a packet of AV1.
    /// - Returns: Where it stands in the packet; empty if there is none to be passed on.
    private mutating func readDependencies(
        of entry: inout HistoryEntry, _ arrival: Arrival, in packet: Span<UInt8>
    ) -> Range<Int> {
        guard entry.codec == .av1, let id = tracks[arrival.track]?.dependencyID ?? nil,
            let range = arrival.header.extensionRange(id: id, in: packet),
            let fields = producers[arrival.producer].dependencies.read(
                packet.extracting(range), sequence: entry.sequence, timestamp: entry.timestamp)
        else { return 0..<0 }
        entry.descriptor = fields
        return range
    }

    private mutating func noteArrival(
        of entry: HistoryEntry, isRepeated: Bool, at now: MediaInstant, producer index: Int
    ) {
        let peer = producers[index].peer
        producers[index].lastArrival = now
        producers[index].cadence.note(timestamp: entry.timestamp, at: now)
        if entry.sequence > producers[index].highest {
            producers[index].highest = entry.sequence
            let arrival = NTPTime(now, clockZero: configuration.ntpAtZero).rawValue
            producers[index].clock.observePacket(timestamp: entry.timestamp, arrival: arrival)
            if entry.codec.isSound, !isRepeated, !producers[index].isForeign {
                noteUplink(entry.timestamp, ofProducer: index, at: now)
            }
            if let level = entry.audioLevel, !producers[index].isForeign {
                producers[index].levels.add(level)
                if nextLevels == nil { nextLevels = now + FeedbackTiming.levelInterval }
                if let voice = producers[index].onset.note(level, at: now) {
                    tellVoice(ofProducer: index, level: voice)
                }
            }
        }
        if producers[index].usesNACK {
            producers[index].loss.insert(entry.sequence, at: now, isRepeated: isRepeated)
            // H.264 may send its parameter sets in packets of their own right before: those are
            // still needed.
            if entry.startsKeyframe, entry.codec != .h264 {
                producers[index].loss.forget(before: entry.sequence)
            }
            if let due = producers[index].loss.nextDeadline { schedule(peer, by: due) }
        }
        if entry.startsKeyframe, entry.codec.kind == .video {
            producers[index].keyframes.keyframeArrived()
            producers[index].noteKeyframe(entry, at: now)
        }
    }

    /// Offers a packet to every slot that shows its track.
    private mutating func fanOut(
        _ entry: HistoryEntry, from producer: Int, track: Int, at now: MediaInstant
    ) {
        let generation = producers[producer].generation
        let layers = layers(ofTrack: track, at: now)
        // Held while it is gone through; nothing on the way adds or removes watchers.
        let watchers = tracks[track]?.watchers ?? []
        for position in watchers.indices {
            offer(
                entry, to: watchers[position], from: producer, generation: generation,
                among: layers, at: now)
        }
    }

    private mutating func offer(
        _ entry: HistoryEntry, to watcher: Watcher, from producer: Int, generation: UInt32,
        among layers: borrowing TrackLayers, at now: MediaInstant
    ) {
        guard peers[watcher.receiver]?.isReady == true else {
            return drops.count(.receiverNotReady)
        }
        let index = watcher.slot
        var alignment: RTPTimestamp?
        if entry.isLayerStart, let shown = slots[index]?.producer, shown != producer {
            alignment = timestampOfStream(shown, atPacket: entry, of: producer, at: now)
        }
        let numbers: OutgoingNumbers
        switch slots[index]?.admit(
            entry, from: producer, among: layers, alignedTo: alignment, at: now)
        {
        case .forward(let admitted)?:
            numbers = admitted
        case .start(let admitted)?:
            numbers = admitted
            noteStart(of: index, numbers: admitted, at: now)
        case .switchLayer(let admitted)?:
            numbers = admitted
            // The timestamps are another stream's now: lip sync needs its report.
            slots[index]?.nextReport = now
            schedule(watcher.receiver, by: now)
        case .drop(.awaitingKeyframe)?:
            // A keyframe asked for earlier may have come before this receiver could be reached.
            wantKeyframe(of: producer, at: now)
            return drops.count(.awaitingKeyframe)
        case .drop(.awaitingLayer)?:
            return wantKeyframe(of: producer, at: now)
        case .drop(.codecNotNegotiated)?:
            return drops.count(.codecNotNegotiated)
        case .drop(.notCurrent)?, .drop(.layerNotWanted)?, .drop(.paused)?, nil:
            return
        }
        enqueue(
            OutgoingPacket(
                producer: producer, generation: generation, slot: index, source: entry.sequence,
                numbers: numbers, retransmission: nil, payloadCount: entry.payloadCount,
                isSound: entry.codec.isSound),
            to: watcher.receiver)
        if entry.codec.isSound {
            doubleSound(before: numbers, through: index, to: watcher.receiver, at: now)
        }
    }

    /// Lets a packet leave at the end of the turn.
    mutating func enqueue(_ packet: OutgoingPacket, to receiver: Int) {
        switch peers[receiver]?.post(packet) {
        case .first?: dirtyPeers.append(receiver)
        case .further?: break
        case .full?, nil: drops.count(.outboxFull)
        }
    }
}
