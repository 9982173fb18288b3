// Publishers of other loops: who stands in for them here, and what is made of their packets.
// SPDX-License-Identifier: Apache-2.0
import BasicContainers
import Forwarding
import Negotiation
import Payloads
import RTP
import Wire

extension MediaWorker {
    /// How often packets that another loop has not handed over are looked after. They are not asked for: what the
    /// publisher's leg lost is repaired over there.
    private static let lossInterval = MediaDuration.milliseconds(200)

    /// Opens or closes a track of a stand-in; a closed one keeps nothing.
    mutating func setAccepted(publisher: PeerID, mid: String, _ isAccepted: Bool) {
        guard let peer = peerOfID[publisher], peers[peer]?.foreignLoop != nil,
            let track = track(mid: mid, of: peer), tracks[track]?.acceptsRelay != isAccepted
        else { return }
        tracks[track]?.acceptsRelay = isAccepted
        guard !isAccepted else { return }
        for stream in tracks[track]?.producers ?? [] { drop(relayed: stream) }
        tracks[track]?.hasStarted = false
    }

    /// Takes a relayed stream out of its track; slots that show it wait.
    private mutating func drop(relayed stream: Int) {
        let track = producers[stream].track
        tracks[track]?.producers.removeAll { $0 == stream }
        for watcher in tracks[track]?.watchers ?? [] {
            slots[watcher.slot]?.restart(ifShowing: stream)
        }
        free(producer: stream)
    }

    // MARK: What the publisher's loop says

    mutating func takeRelayed(
        _ entry: HistoryEntry, _ kind: RelayedPacketKind, payload bytes: Span<UInt8>,
        of stream: RelayedStream, from loop: Int, at now: MediaInstant
    ) {
        guard let producer = producer(for: stream, codec: entry.codec, from: loop, at: now) else {
            return drops.count(.relayUnknown)
        }
        guard let parts = entry.relayedParts(in: bytes.count) else {
            return drops.count(.relayUnknown)
        }
        let dependencies = bytes.extracting(parts.dependencies)
        let payload = bytes.extracting(parts.payload)
        let track = producers[producer].track
        var entry = entry
        if !dependencies.isEmpty {
            // The layers are known from over there; the sizes are not, and come with the structure.
            _ = producers[producer].dependencies.read(
                dependencies, sequence: entry.sequence, timestamp: entry.timestamp)
        }
        if entry.startsKeyframe || entry.descriptor.layers.hasStructure {
            noteSize(of: &entry, payload: payload, producer: producer, track: track)
        }
        take(
            entry, kind, payload: payload, dependencies: dependencies, producer: producer,
            track: track, at: now)
    }

    mutating func takeRelayed(
        _ report: StreamReport, _ clock: PublisherClock, of stream: RelayedStream, from loop: Int,
        at now: MediaInstant
    ) {
        guard let producer = knownProducer(for: stream, from: loop) else { return }
        peers[producers[producer].peer]?.clock = clock
        take(report, on: producer, at: now)
    }

    /// Lets slots begin with what was handed over of a stream's past.
    mutating func beginSlots(
        withRelayed stream: RelayedStream, from loop: Int, at now: MediaInstant
    ) {
        guard let producer = knownProducer(for: stream, from: loop) else { return }
        for watcher in tracks[producers[producer].track]?.watchers ?? [] {
            begin(slot: watcher.slot, at: now)
        }
    }

    private mutating func knownProducer(for stream: RelayedStream, from loop: Int) -> Int? {
        guard loop < relayTables.count,
            let known = relayTables[loop].producer(for: stream),
            producers[known.index].generation == known.generation
        else { return nil }
        return known.index
    }

    /// Our stream for one of another loop, made now if it is new; `nil` if nobody here wants it.
    private mutating func producer(
        for stream: RelayedStream, codec: MediaCodec, from loop: Int, at now: MediaInstant
    ) -> Int? {
        if let known = knownProducer(for: stream, from: loop) { return known }
        guard stream.generation != 0, Int(stream.place) < RelayTable.placesMax,
            let peer = peerOfID[stream.publisher], peers[peer]?.foreignLoop == loop,
            let track = track(ofSection: stream.section, of: peer),
            tracks[track]?.acceptsRelay == true
        else { return nil }
        while relayTables.count <= loop { relayTables.append(RelayTable()) }
        if let former = relayTables[loop].predecessor(of: stream),
            producers[former.index].generation == former.generation
        {
            drop(relayed: former.index)
        }
        guard makeRoom(inTrack: track, of: peer, at: now) else { return nil }
        let producer = addProducer(
            track: track, peer: peer, ssrc: stream.ssrc,
            rid: rid(of: stream, peer: peer),
            format: PublishedFormat(
                codec: codec, isRetransmission: false, clockRate: stream.clockRate))
        producers[producer].relayed = stream
        producers[producer].isForeign = true
        tracks[track]?.hasStarted = true
        noteDemand(ofTrack: track, at: now)
        _ = relayTables[loop].set(
            stream, producer: producer, generation: producers[producer].generation)
        return producer
    }

    private mutating func rid(of stream: RelayedStream, peer: Int) -> String {
        let sections = peers[peer]?.media.sections ?? []
        guard Int(stream.section) < sections.count else { return "" }
        let names = sections[Int(stream.section)].simulcastRIDs
        return Int(stream.layer) < names.count ? names[Int(stream.layer)] : ""
    }

    // MARK: What the publisher's loop is told

    /// Does everything that is due for a stand-in and sets its next deadline.
    mutating func serviceStandIn(_ index: Int, of loop: Int, at now: MediaInstant) {
        var next = now + FeedbackTiming.idleInterval
        let published = peers[index]?.tracks ?? []
        for position in published.indices {
            let streams = tracks[published[position]]?.producers ?? []
            for place in streams.indices {
                requestRelayed(of: streams[place], from: loop, at: now)
                Self.bring(&next, forwardTo: producers[streams[place]].loss.nextDeadline)
                Self.bring(&next, forwardTo: producers[streams[place]].keyframes.deadline)
            }
        }
        reportDemand(of: index, at: now)
        Self.bring(&next, forwardTo: peers[index]?.nextDemand)
        deadlines.set(max(next, now + .milliseconds(1)), for: index)
    }

    /// Gives up what has not come for too long, and asks the publisher's loop for a keyframe if one is wanted.
    private mutating func requestRelayed(of producer: Int, from loop: Int, at now: MediaInstant) {
        if let due = producers[producer].loss.nextDeadline, due <= now {
            var lost = InlineArray<128, SequenceNumber>(repeating: SequenceNumber(0))
            var span = lost.mutableSpan
            _ = Self.nextLost(
                &producers[producer], into: &span, roundTrip: Self.lossInterval, at: now)
        }
        if producers[producer].loss.takeKeyframeNeed(), isWatched(producer: producer, at: now) {
            producers[producer].keyframes.request(toStart: false)
        }
        let isStart = producers[producer].keyframes.isForStart
        guard let stream = producers[producer].relayed,
            producers[producer].keyframes.takeDue(at: now)
        else { return }
        tell(.keyframeWanted(stream, toStart: isStart), to: 1 << UInt64(loop))
    }

    /// Tells the publisher's loop how many layers of a track are wanted here, and what can be borne of the smallest.
    mutating func relayDemand(
        _ wanted: UInt8, _ need: RateNeed?, ofTrack track: Int, of index: Int
    ) {
        guard let loop = peers[index]?.foreignLoop, let id = peers[index]?.id,
            let position = section(ofTrack: track, of: index)
        else { return }
        tell(
            .layersWanted(publisher: id, section: UInt16(clamping: position), count: wanted, need),
            to: 1 << UInt64(loop))
    }
}
