// How tracks of this worker's publishers reach the other loops of the process.
// SPDX-License-Identifier: Apache-2.0
import BasicContainers
import Forwarding
import Negotiation
import RTP
package import Wire

extension MediaWorker {
    /// Hands what the turn has gathered to other loops; before ``finishTurn(at:through:)``, so that they need not wait
    /// until everything is sealed here. What finds no room is dropped and counted, and a keyframe asked for.
    package mutating func sendRelayed<Door: RelayDoor & ~Copyable>(
        at now: MediaInstant, through door: inout Door
    ) {
        for index in 0..<relayOutbox.count {
            let item = relayOutbox[index]
            var loops = item.loops
            while loops != 0 {
                let loop = loops.trailingZeroBitCount
                loops &= loops - 1
                switch Self.hand(item, to: loop, producers, through: &door) {
                case nil: counters.messagesRelayed &+= 1
                case .relayFull?: noteRelayFull(of: item, at: now)
                case let reason?: drops.count(reason)
                }
            }
        }
        relayOutbox.removeAll()
    }

    /// - Returns: Why the message could not be handed over; `nil` if it was.
    private static func hand<Door: RelayDoor & ~Copyable>(
        _ item: RelayOutbox.Item, to loop: Int, _ producers: borrowing UniqueArray<Producer>,
        through door: inout Door
    ) -> DropReason? {
        guard case .packet(let stream, let entry, _) = item.message else {
            return door.relay(item.message, payload: Span(), to: loop) ? nil : .relayFull
        }
        guard producers[item.producer].generation == stream.generation,
            let kept = producers[item.producer].history.entry(entry.sequence)
        else { return .historyOverwritten }
        let range = producers[item.producer].history.relayedRange(of: kept)
        let payload = producers[item.producer].history.payloadBytes.extracting(range)
        return door.relay(item.message, payload: payload, to: loop) ? nil : .relayFull
    }

    /// Counts a message that found no room. What a decoder misses over there is not repeated but begun anew.
    private mutating func noteRelayFull(of item: RelayOutbox.Item, at now: MediaInstant) {
        drops.count(.relayFull)
        guard case .packet(let stream, let entry, _) = item.message, entry.codec.kind == .video,
            producers[item.producer].generation == stream.generation
        else { return }
        wantKeyframe(of: item.producer, at: now)
    }

    /// Lets a packet leave to the loops that receive its track.
    mutating func relay(
        _ entry: HistoryEntry, from producer: Int, to loops: UInt64, as kind: RelayedPacketKind
    ) {
        guard let stream = relayedName(of: producer) else { return }
        tell(.packet(stream, entry, kind), about: producer, to: loops, isPacket: true)
    }

    /// Lets a message leave at the end of the turn.
    mutating func tell(
        _ message: RelayMessage, about producer: Int = 0, to loops: UInt64, isPacket: Bool = false
    ) {
        let item = RelayOutbox.Item(message: message, producer: producer, loops: loops)
        if !relayOutbox.append(item, isPacket: isPacket) {
            drops.count(.relayFull, times: UInt64(loops.nonzeroBitCount))
        }
    }

    /// What loops call a stream of a publisher of this loop; `nil` if its section is gone.
    mutating func relayedName(of producer: Int) -> RelayedStream? {
        if let known = producers[producer].relayed { return known }
        let peer = producers[producer].peer
        guard let publisher = peers[peer]?.id,
            let position = section(ofTrack: producers[producer].track, of: peer)
        else { return nil }
        let names = peers[peer]?.media.sections[position].simulcastRIDs ?? []
        let layer = names.firstIndex(of: producers[producer].rid)
        let name = RelayedStream(
            publisher: publisher, section: UInt16(clamping: position),
            layer: layer.map { UInt8(clamping: $0) } ?? RelayedStream.noLayer,
            place: UInt32(clamping: producer), generation: producers[producer].generation,
            ssrc: producers[producer].ssrc, clockRate: producers[producer].clock.clockRate)
        producers[producer].relayed = name
        return name
    }

    /// Begins or ends to hand a track of this loop's to another.
    mutating func setRelayed(
        publisher: PeerID, mid: String, to loop: Int, _ isRelayed: Bool, at now: MediaInstant
    ) {
        guard let peer = peerOfID[publisher], peers[peer]?.foreignLoop == nil,
            let track = track(mid: mid, of: peer),
            tracks[track]?.relays.set(loop, isRelayed: isRelayed) == true
        else { return }
        noteDemand(ofTrack: track, at: now)
        guard isRelayed else { return }
        relayUnlimitedRate(ofTrack: track, of: peer, to: 1 << UInt64(loop))
        let streams = tracks[track]?.producers ?? []
        for stream in streams {
            relayReport(on: stream, to: 1 << UInt64(loop))
            relayPast(of: stream, track: track, to: 1 << UInt64(loop), at: now)
        }
    }

    /// Hands over what receivers can begin with, or asks for a keyframe.
    private mutating func relayPast(
        of producer: Int, track: Int, to loops: UInt64, at now: MediaInstant
    ) {
        guard tracks[track]?.kind == .video, tracks[track]?.isPaused == false else { return }
        guard let first = producers[producer].startForNewcomer(at: now),
            let stream = relayedName(of: producer)
        else { return requestKeyframe(ofProducer: producer, at: now) }
        for number in first.rawValue...producers[producer].highest.rawValue {
            let entry = producers[producer].history.entry(ExtendedSequenceNumber(number))
            guard let entry else { continue }
            relay(entry, from: producer, to: loops, as: .past)
        }
        tell(.caughtUp(stream), to: loops)
    }

    /// Tells other loops what the publisher last reported on a stream, if it has.
    mutating func relayReport(on producer: Int, to loops: UInt64) {
        guard loops != 0, let report = producers[producer].clock.lastReport,
            let clock = peers[producers[producer].peer]?.clock,
            let stream = relayedName(of: producer)
        else { return }
        let told = StreamReport(ntp: report.ntp, timestamp: report.timestamp)
        tell(.report(stream, told, clock), to: loops)
    }

    /// Takes what another loop has handed over. The payload is not needed after the call.
    package mutating func receiveRelayed(
        _ message: RelayMessage, payload: Span<UInt8>, from loop: Int, at now: MediaInstant
    ) {
        guard (0..<TrackRelays.loopsMax).contains(loop) else { return }
        switch message {
        case .packet(let stream, let entry, let kind):
            takeRelayed(entry, kind, payload: payload, of: stream, from: loop, at: now)
        case .caughtUp(let stream): beginSlots(withRelayed: stream, from: loop, at: now)
        case .report(let stream, let report, let clock):
            takeRelayed(report, clock, of: stream, from: loop, at: now)
        case .keyframeWanted(let stream, let isStart):
            takeKeyframeWish(for: stream, from: loop, toStart: isStart, at: now)
        case .layersWanted(let publisher, let section, let count, let need):
            guard let peer = peerOfID[publisher],
                let track = track(ofSection: section, of: peer),
                tracks[track]?.relays.note(wanted: count, need: need, by: loop) == true
            else { return }
            noteDemand(ofTrack: track, at: now)
        case .unlimitedRate(let publisher, let section, let bitsPerSecond):
            guard let peer = peerOfID[publisher], peers[peer]?.foreignLoop == loop,
                let track = track(ofSection: section, of: peer)
            else { return }
            tracks[track]?.rate.unlimited = bitsPerSecond
        }
    }

    private mutating func takeKeyframeWish(
        for stream: RelayedStream, from loop: Int, toStart isStart: Bool, at now: MediaInstant
    ) {
        let producer = Int(stream.place)
        guard producer < producers.count, stream.generation != 0,
            producers[producer].generation == stream.generation,
            tracks[producers[producer].track]?.relays.contains(loop) == true,
            tracks[producers[producer].track]?.isPaused == false
        else { return }
        requestKeyframe(ofProducer: producer, toStart: isStart, at: now)
    }

    /// The position of a track's section in the publisher's offer. By position throughout: iterators and closures
    /// allocate in builds that do not specialise them.
    mutating func section(ofTrack track: Int, of peer: Int) -> Int? {
        guard let mid = tracks[track]?.mid else { return nil }
        let sections = peers[peer]?.media.sections ?? []
        for position in sections.indices where sections[position].mid == mid { return position }
        return nil
    }

    /// The track of a publisher's section, by the section's position.
    mutating func track(ofSection position: UInt16, of peer: Int) -> Int? {
        let sections = peers[peer]?.media.sections ?? []
        guard Int(position) < sections.count else { return nil }
        let published = peers[peer]?.tracks ?? []
        for place in published.indices
        where tracks[published[place]]?.mid == sections[Int(position)].mid {
            return published[place]
        }
        return nil
    }
}
