// Which layers anybody wants, so that publishers need not encode the others.
// SPDX-License-Identifier: Apache-2.0
import BasicContainers
import Forwarding
import Negotiation
import Payloads
import RTP
import Wire

extension MediaWorker {
    /// How often it is looked whether a layer is not wanted any more.
    private static let demandInterval = MediaDuration.milliseconds(500)

    /// Lets it be looked at once whether more of a track is wanted now.
    mutating func noteDemand(ofTrack track: Int, at now: MediaInstant) {
        guard let peer = tracks[track]?.peer, tracks[track]?.kind == .video else { return }
        peers[peer]?.nextDemand = now
        schedule(peer, by: now)
    }

    /// Tells the control plane which layers of a publisher's tracks are wanted, where that has changed.
    mutating func reportDemand(of index: Int, at now: MediaInstant) {
        guard let due = peers[index]?.nextDemand, due <= now else { return }
        peers[index]?.nextDemand = now + Self.demandInterval
        let published = peers[index]?.tracks ?? []
        for position in published.indices {
            let track = published[position]
            guard tracks[track]?.kind == .video, tracks[track]?.hasStarted == true,
                tracks[track]?.isPaused == false
            else { continue }
            reportDemand(ofTrack: track, of: index, at: now)
        }
    }

    private mutating func reportDemand(ofTrack track: Int, of index: Int, at now: MediaInstant) {
        let streamCount = layerCount(ofTrack: track, of: index)
        let total = streamCount > 1 ? streamCount : spatialCount(ofTrack: track)
        // How many sizes one stream may have is known where its publisher is told.
        let isRelayed = peers[index]?.foreignLoop != nil
        let most = isRelayed && streamCount == 1 ? UInt8(LayerSizes.countMax) : total
        var wanted: UInt8 = 0
        let watchers = tracks[track]?.watchers ?? []
        for position in watchers.indices {
            guard let cap = slots[watchers[position].slot]?.cap else { continue }
            wanted = max(wanted, min(cap.spatial, most - 1) + 1)
        }
        let size = rateNeed(ofTrack: track, at: now)
        guard !isRelayed else {
            return relayDemand(wanted, size?.need, ofTrack: track, of: index)
        }
        wanted = max(wanted, min(tracks[track]?.relays.layersWanted ?? 0, total))
        var sent: UInt8 = 0
        let streams = tracks[track]?.producers ?? []
        for position in streams.indices {
            let stream = streams[position]
            guard producers[stream].cadence.isAlive(at: now) else { continue }
            let within = UInt8(clamping: max(producers[stream].layerSizes.count, 1))
            let highest = streamCount > 1 ? producers[stream].layer : within - 1
            sent = max(sent, min(highest, total - 1) + 1)
        }
        let told = tracks[track]?.demand.update(wanted: wanted, of: total, sent: sent, at: now)
        let isLimited = updateRate(ofTrack: track, of: index, size, at: now)
        guard isLimited || (told ?? nil) != nil, let peer = peers[index]?.id,
            let mid = tracks[track]?.mid, let count = tracks[track]?.demand.told(of: total)
        else { return }
        let names = layerNames(ofTrack: track, of: index)
        var limits: [String: Int] = [:]
        if let limit = tracks[track]?.rate.encodedLimit ?? nil, let name = names.first {
            limits[name] = Int(limit)
        }
        let isCut = streamCount == 1 && count > 0 && count < total
        emit(
            .layersWanted(
                peer, mid: mid, layers: Array(names.prefix(Int(count))), maxBitrates: limits,
                spatial: isCut ? SpatialDemand(wanted: count, total: total) : nil))
    }

    /// How many sizes a track's only stream has within it, 1 to 8: those that come, and while its publisher is told to
    /// leave some out also those.
    private mutating func spatialCount(ofTrack track: Int) -> UInt8 {
        var count: UInt8 = 1
        let streams = tracks[track]?.producers ?? []
        for position in streams.indices {
            count = max(count, UInt8(clamping: producers[streams[position]].allSizes.count))
        }
        let known = tracks[track]?.spatialCount ?? 1
        if let told = tracks[track]?.demand.told(of: known), told < known {
            count = max(count, known)
        }
        tracks[track]?.spatialCount = count
        return count
    }

    /// How many streams of different size a track may have, 1 to 8.
    private mutating func layerCount(ofTrack track: Int, of index: Int) -> UInt8 {
        let known = tracks[track]?.layerCount ?? 0
        if known > 0 { return known }
        let count = UInt8(min(layerNames(ofTrack: track, of: index).count, 8))
        tracks[track]?.layerCount = count
        return count
    }

    /// The RIDs of a track's layers from the smallest; one empty text without simulcast.
    private mutating func layerNames(ofTrack track: Int, of index: Int) -> [String] {
        let mid = tracks[track]?.mid
        let section = peers[index]?.media.sections.first { $0.mid == mid }
        guard let offered = section?.simulcastRIDs, !offered.isEmpty else { return [""] }
        var places = Array(offered.indices)
        for stream in tracks[track]?.producers ?? [] {
            guard let place = offered.firstIndex(of: producers[stream].rid) else { continue }
            places[place] = Int(producers[stream].layer)
        }
        return offered.indices.sorted { (places[$0], $0) < (places[$1], $1) }.map { offered[$0] }
    }
}
