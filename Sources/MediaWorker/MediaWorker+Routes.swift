// Which section and layer a stream of a publisher belongs to, learned from its first packets.
// SPDX-License-Identifier: Apache-2.0
import BasicContainers
import Forwarding
import Negotiation
import PeerTransport
import RTP
import Wire

extension MediaWorker {
    /// The route of a packet's stream, learned now if it is new; `nil` (and counted) if it belongs
    /// nowhere.
    mutating func route(
        of header: RTPHeader, in packet: Span<UInt8>, from index: Int, at now: MediaInstant
    ) -> StreamRoute? {
        if let known = peers[index]?.route(of: header.ssrc) ?? nil { return known }
        return learnRoute(of: header, in: packet, from: index, at: now)
    }

    private mutating func learnRoute(
        of header: RTPHeader, in packet: Span<UInt8>, from index: Int, at now: MediaInstant
    ) -> StreamRoute? {
        guard let count = peers[index]?.routes.count, count < Peer.routesMax else {
            drops.count(.tooManyStreams)
            return nil
        }
        guard let track = track(of: header, in: packet, from: index) else {
            drops.count(.unknownStream)
            return nil
        }
        guard let format = tracks[track]?.format(for: header.payloadType) else {
            drops.count(.unknownPayloadType)
            return nil
        }
        let producer: Int
        if format.isRetransmission {
            guard let base = repeatedProducer(of: header, in: packet, track: track, from: index)
            else {
                drops.count(.unknownStream)
                return nil
            }
            producer = base
        } else {
            guard makeRoom(inTrack: track, of: index, at: now) else {
                drops.count(.tooManyStreams)
                return nil
            }
            let rid = text(of: peers[index]?.ridID ?? nil, header: header, in: packet) ?? ""
            producer = addProducer(
                track: track, peer: index, ssrc: header.ssrc, rid: rid, format: format)
            noteDemand(ofTrack: track, at: now)
        }
        let route = StreamRoute(ssrc: header.ssrc, producer: producer, track: track)
        peers[index]?.routes.append(route)
        return route
    }

    /// Finds the section: by MID, by what the offer declared, or because only one knows the payload
    /// type (RFC 9143 §9.2).
    private mutating func track(of header: RTPHeader, in packet: Span<UInt8>, from index: Int)
        -> Int?
    {
        let candidates = peers[index]?.tracks ?? []
        if let mid = text(of: peers[index]?.midID ?? nil, header: header, in: packet) {
            return candidates.first { tracks[$0]?.mid == mid }
        }
        let ssrc = header.ssrc.rawValue
        for section in peers[index]?.media.sections ?? [] {
            let isDeclared =
                section.declaredSSRCs.contains(ssrc)
                || section.declaredRTX.contains { $0.retransmission == ssrc }
            if isDeclared { return candidates.first { tracks[$0]?.mid == section.mid } }
        }
        let knowing = candidates.filter { tracks[$0]?.format(for: header.payloadType) != nil }
        return knowing.count == 1 ? knowing.first : nil
    }

    /// The stream that a retransmission stream repeats.
    private mutating func repeatedProducer(
        of header: RTPHeader, in packet: Span<UInt8>, track: Int, from index: Int
    ) -> Int? {
        let producers = tracks[track]?.producers ?? []
        let repaired = text(of: peers[index]?.repairedRidID ?? nil, header: header, in: packet)
        if let repaired {
            for producer in producers where self.producers[producer].rid == repaired {
                return producer
            }
            return nil
        }
        let mid = tracks[track]?.mid
        let section = peers[index]?.media.sections.first { $0.mid == mid }
        let pair = section?.declaredRTX.first { $0.retransmission == header.ssrc.rawValue }
        if let pair {
            for producer in producers where self.producers[producer].ssrc.rawValue == pair.media {
                return producer
            }
            return nil
        }
        return producers.count == 1 ? producers.first : nil
    }

    private func text(of id: UInt8?, header: RTPHeader, in packet: Span<UInt8>) -> String? {
        guard let id, let range = header.extensionRange(id: id, in: packet) else { return nil }
        return String(decoding: packet.extracting(range).copied(), as: UTF8.self)
    }

    mutating func addProducer(
        track: Int, peer: Int, ssrc: SSRC, rid: String, format: PublishedFormat
    ) -> Int {
        generation &+= 1
        let mid = tracks[track]?.mid
        let section = peers[peer]?.media.sections.first { $0.mid == mid }
        // Redundant audio is asked for again where the Opus in it is.
        let codec = section?.codecs.first {
            $0.codec == (format.codec == .red ? .opus : format.codec)
        }
        let producer = Producer(
            generation: generation, track: track, peer: peer, ssrc: ssrc, rid: rid,
            kind: tracks[track]?.kind ?? .audio, clockRate: format.clockRate,
            usesNACK: codec?.hasNACK ?? false)
        let index: Int
        if let free = freeProducers.popLast() {
            index = free
            producers[free] = consume producer
        } else {
            index = producers.count
            producers.append(consume producer)
        }
        tracks[track]?.producers.append(index)
        orderLayers(ofTrack: track)
        if tracks[track]?.kind == .video,
            tracks[track]?.watchers.isEmpty == false || tracks[track]?.relayLoops != 0
        {
            producers[index].keyframes.request()
        }
        return index
    }

    /// Makes room for one more stream of a track: where there are as many as may be, the one silent
    /// for longest gives way (a browser that begins anew chooses another SSRC).
    /// - Returns: `false` if all of them are alive.
    mutating func makeRoom(inTrack track: Int, of peer: Int, at now: MediaInstant) -> Bool {
        var oldest: Int?
        var count = 0
        for track in peers[peer]?.tracks ?? [] { count += tracks[track]?.producers.count ?? 0 }
        let streams = tracks[track]?.producers ?? []
        guard streams.count >= Peer.streamsPerTrackMax || count >= Peer.streamsMax else {
            return true
        }
        for stream in streams {
            if let known = oldest, producers[known].lastArrival <= producers[stream].lastArrival {
                continue
            }
            oldest = stream
        }
        guard let oldest, producers[oldest].isSilent(at: now) else { return false }
        tracks[track]?.producers.removeAll { $0 == oldest }
        peers[peer]?.routes.removeAll { $0.producer == oldest }
        for watcher in tracks[track]?.watchers ?? [] {
            slots[watcher.slot]?.restart(ifShowing: oldest)
        }
        free(producer: oldest)
        return true
    }

    /// Notes the first packet of a track.
    mutating func start(track: Int, of index: Int) {
        tracks[track]?.hasStarted = true
        guard let id = peers[index]?.id, let mid = tracks[track]?.mid else { return }
        emit(.mediaStarted(id, mid: mid))
    }
}
