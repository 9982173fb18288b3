// Simulcast layers: their order, who wants which, and when the publisher is asked for one.
// SPDX-License-Identifier: Apache-2.0
import BasicContainers
import Forwarding
import Negotiation
import Payloads
import RTP
import Wire

extension MediaWorker {
    /// The streams of a track by their size, and which of them live. O(streams of the track).
    mutating func layers(ofTrack track: Int, at now: MediaInstant) -> TrackLayers {
        var layers = TrackLayers()
        let streams = tracks[track]?.producers ?? []
        for position in streams.indices {
            let stream = streams[position]
            // One alone is shown as long as it is there, however seldom it sends.
            layers.add(
                stream, layer: producers[stream].layer,
                isAlive: streams.count == 1 || isAlive(stream, among: streams, at: now))
        }
        return layers
    }

    /// Whether a stream still comes. Beside another of the same layer it is given longer than beside other layers: a
    /// browser that begins anew is no haste.
    private mutating func isAlive(
        _ stream: Int, among streams: [Int], at now: MediaInstant
    ) -> Bool {
        for position in streams.indices where streams[position] != stream {
            if producers[streams[position]].layer == producers[stream].layer {
                return !producers[stream].isSilent(at: now)
            }
        }
        return producers[stream].cadence.isAlive(at: now)
    }

    /// Numbers the layers of a track from the smallest.
    ///
    /// The order in which an offer lists them says what the sender prefers (RFC 8853 §5.2), which pages write small
    /// to large; where the pictures of all have been measured, their sizes decide.
    mutating func orderLayers(ofTrack track: Int) {
        let mid = tracks[track]?.mid
        guard let peer = tracks[track]?.peer else { return }
        let names =
            peers[peer]?.media.sections.first { $0.mid == mid }?.simulcastRIDs ?? []
        var layers: [(name: String, position: Int, area: UInt32?)] = []
        for stream in tracks[track]?.producers ?? [] {
            let name = producers[stream].rid
            let area = producers[stream].pictureSize?.area
            if let known = layers.firstIndex(where: { $0.name == name }) {
                layers[known].area = area ?? layers[known].area
            } else {
                layers.append((name, names.firstIndex(of: name) ?? names.count, area))
            }
        }
        let isMeasured = layers.allSatisfy { $0.area != nil }
        layers.sort { one, other in
            if isMeasured, one.area != other.area { return one.area ?? 0 < other.area ?? 0 }
            return one.position < other.position
        }
        for stream in tracks[track]?.producers ?? [] {
            let name = producers[stream].rid
            let place = layers.firstIndex { $0.name == name } ?? 0
            producers[stream].layer = UInt8(clamping: place)
        }
        for watcher in tracks[track]?.watchers ?? [] { applyQuality(toSlot: watcher.slot) }
    }

    /// Notes what a keyframe, or a packet that names its stream's layers, says about sizes.
    mutating func noteSize(
        of entry: inout HistoryEntry, payload: Span<UInt8>, producer: Int, track: Int
    ) {
        guard entry.codec.kind == .video else { return }
        var size = Keyframe.pictureSize(codec: entry.codec, payload: payload)
        // Without its parameter sets a picture would be decoded by those of another layer.
        if entry.codec == .h264 { entry.isLayerStart = size != nil }
        var sizes = Keyframe.layerSizes(codec: entry.codec, payload: payload)
        if entry.codec == .av1 {
            sizes = producers[producer].dependencies.sizes
            size = sizes.largest
        }
        guard let size,
            producers[producer].pictureSize != size || producers[producer].layerSizes != sizes
        else { return }
        producers[producer].pictureSize = size
        producers[producer].noteLayerSizes(sizes)
        orderLayers(ofTrack: track)
    }

    /// The timestamp that stream `shown` has at the moment of a packet of another layer, by the reports of their
    /// publisher; `nil` before there are any.
    mutating func timestampOfStream(
        _ shown: Int, atPacket entry: HistoryEntry, of producer: Int, at now: MediaInstant
    ) -> RTPTimestamp? {
        guard producers[shown].clock.hasReport, producers[producer].clock.hasReport,
            producers[shown].peer == producers[producer].peer,
            let publisher = peers[producers[producer].peer]?.clock
        else { return nil }
        let time = NTPTime(now, clockZero: configuration.ntpAtZero).rawValue
        guard let there = producers[producer].clock.timestamp(at: time, publisher: publisher),
            let here = producers[shown].clock.timestamp(at: time, publisher: publisher)
        else { return nil }
        let behind = there.rawValue &- entry.timestamp.rawValue
        return RTPTimestamp(here.rawValue &- behind)
    }

    /// Says what a receiver's bandwidth allows in a slot, and asks for the keyframe it then waits for.
    mutating func setTarget(_ target: LayerTarget?, ofSlot slot: Int, at now: MediaInstant) {
        guard slots[slot] != nil, slots[slot]?.target != target else { return }
        slots[slot]?.setTarget(target)
        requestKeyframe(forSlot: slot, at: now)
    }

    /// Obeys a receiver's choice.
    mutating func setQuality(
        receiver: PeerID, mid: String, _ quality: SlotQuality, at now: MediaInstant
    ) {
        guard let peer = peerOfID[receiver], let slot = slot(mid: mid, of: peer) else { return }
        slots[slot]?.quality = quality.choice
        applyQuality(toSlot: slot)
        if let track = slots[slot]?.source?.track { noteDemand(ofTrack: track, at: now) }
        requestKeyframe(forSlot: slot, at: now)
    }

    /// Turns a receiver's choice into layers of what its slot shows now.
    private mutating func applyQuality(toSlot slot: Int) {
        guard let quality = slots[slot]?.quality else { return }
        var layers: [(layer: UInt8, size: PictureSize?)] = []
        if let track = slots[slot]?.source?.track {
            let streams = tracks[track]?.producers ?? []
            for stream in streams {
                layers.append((producers[stream].layer, producers[stream].pictureSize))
            }
            // Of one stream what counts are the sizes within it, also those that nobody wants at present.
            if streams.count == 1, producers[streams[0]].allSizes.count > 1 {
                let sizes = producers[streams[0]].allSizes
                layers = (0..<sizes.count).map { (UInt8($0), sizes[$0]) }
            }
        }
        let cap = quality.target(among: layers)
        if slots[slot]?.cap != cap { slots[slot]?.setCap(cap) }
    }

    /// Asks for a keyframe of the stream that a slot wants to show and does not show.
    mutating func requestKeyframe(forSlot slot: Int, at now: MediaInstant) {
        guard slots[slot]?.kind == .video, let track = slots[slot]?.source?.track,
            slots[slot]?.effectiveTarget != nil, tracks[track]?.isPaused == false
        else { return }
        let layers = layers(ofTrack: track, at: now)
        if let wanted = slots[slot]?.wantedProducer(among: layers) {
            if slots[slot]?.producer != wanted { requestKeyframe(ofProducer: wanted, at: now) }
            return
        }
        // Nothing of it comes: whoever wakes first shall begin with a keyframe.
        for stream in tracks[track]?.producers ?? [] {
            requestKeyframe(ofProducer: stream, at: now)
        }
    }

    /// Whether some slot shows a stream or wants to.
    mutating func isWatched(producer: Int, at now: MediaInstant) -> Bool {
        let track = producers[producer].track
        guard tracks[track]?.kind == .video else { return false }
        if producers[producer].layer < tracks[track]?.relays.layersWanted ?? 0 { return true }
        let layers = layers(ofTrack: track, at: now)
        for watcher in tracks[track]?.watchers ?? [] {
            if slots[watcher.slot]?.producer == producer
                || slots[watcher.slot]?.wantedProducer(among: layers) == producer
            {
                return true
            }
        }
        return false
    }
}

extension SlotQuality {
    /// The choice in the slot's own words.
    fileprivate var choice: LayerChoice {
        let level: LayerChoice.Level =
            switch self.level {
            case .low: .low
            case .medium: .medium
            case .high: .high
            }
        return LayerChoice(
            level: level, view: view.map { PictureSize(width: $0.width, height: $0.height) })
    }
}
