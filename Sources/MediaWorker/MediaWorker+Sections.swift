// What an offer of a peer changes: its tracks, its slots, and the identifiers of header extensions.
// SPDX-License-Identifier: Apache-2.0
import BasicContainers
import Forwarding
import Negotiation
import RTP
import Wire

extension MediaWorker {
    /// Lets go of tracks and slots that a later offer does not have any more: their section carries
    /// another name, kind or stream. A section that only rests keeps its place and what
    /// it shows; see `rest`.
    mutating func removeSections(missingIn media: PeerMedia, of index: Int) {
        var tracksLeft: [Int] = []
        for track in peers[index]?.tracks ?? [] {
            if isTrack(track, in: media) {
                tracksLeft.append(track)
            } else {
                darken(track: track)
                peers[index]?.routes.removeAll { $0.track == track }
                free(track: track)
            }
        }
        peers[index]?.tracks = tracksLeft
        var slotsLeft: [Int] = []
        for slot in peers[index]?.slots ?? [] {
            if isSlot(slot, in: media) {
                slotsLeft.append(slot)
            } else {
                detach(slot: slot)
                peers[index]?.discardPackets(ofSlot: slot)
                free(slot: slot)
            }
        }
        peers[index]?.slots = slotsLeft
    }

    private mutating func isTrack(_ track: Int, in media: PeerMedia) -> Bool {
        guard let mid = tracks[track]?.mid, let kind = tracks[track]?.kind else { return false }
        return media.sections.contains { $0.mid == mid && $0.kind.mediaKind == kind }
    }

    private mutating func isSlot(_ slot: Int, in media: PeerMedia) -> Bool {
        guard let mid = slots[slot]?.mid, let kind = slots[slot]?.kind,
            let ssrc = slots[slot]?.ssrc.rawValue
        else { return false }
        return media.sections.contains {
            $0.mid == mid && $0.kind.mediaKind == kind && ($0.slot == nil || $0.slot?.ssrc == ssrc)
        }
    }

    /// Empties every slot that shows a track.
    mutating func darken(track: Int) {
        for watcher in tracks[track]?.watchers ?? [] { slots[watcher.slot]?.show(nil) }
        tracks[track]?.watchers.removeAll()
    }

    /// Gives back the places of a track that nobody watches, and of its streams.
    mutating func free(track: Int) {
        for producer in tracks[track]?.producers ?? [] { free(producer: producer) }
        tracks[track] = nil
        freeTracks.append(track)
    }

    /// Gives back the place of a stream; what waits in outboxes finds another generation there.
    mutating func free(producer: Int) {
        producers[producer] = .vacant()
        freeProducers.append(producer)
    }

    /// Gives back the place of an empty slot.
    mutating func free(slot: Int) {
        slots[slot] = nil
        freeSlots.append(slot)
    }

    /// Brings tracks, slots and extension identifiers of a peer in line with its sections.
    mutating func takeSections(of media: PeerMedia, for index: Int) {
        for section in media.sections {
            rest(section, of: index)
            guard let kind = section.kind.mediaKind, section.direction != .inactive else {
                continue
            }
            // RFC 9143 §7.1.3: within a bundle an identifier means the same everywhere.
            if let id = section.extensionID(.mid) { peers[index]?.midID = id }
            if section.direction.isReceiving {
                if let id = section.extensionID(.rid) { peers[index]?.ridID = id }
                if let id = section.extensionID(.repairedRid) { peers[index]?.repairedRidID = id }
                if let id = section.extensionID(.transportSequenceNumber) {
                    peers[index]?.transportSequenceID = id
                }
                takeTrack(section, kind: kind, for: index)
            }
            if section.direction.isSending, let slot = section.slot,
                peers[index]?.foreignLoop == nil
            {
                takeSlot(section, slot, kind: kind, for: index)
            }
        }
    }

    /// Silences what a section does not send or receive at present.
    private mutating func rest(_ section: MediaSection, of index: Int) {
        if !section.direction.isReceiving, let track = track(mid: section.mid, of: index) {
            // Without formats every packet of it is one of an unknown payload type.
            tracks[track]?.removeFormats()
        }
        if !section.direction.isSending, let slot = slot(mid: section.mid, of: index) {
            slots[slot]?.rest()
        }
    }

    private mutating func takeTrack(_ section: MediaSection, kind: MediaKind, for index: Int) {
        let position: Int
        if let known = track(mid: section.mid, of: index) {
            position = known
        } else {
            generation &+= 1
            let track = Track(generation: generation, peer: index, mid: section.mid, kind: kind)
            if let free = freeTracks.popLast() {
                position = free
                tracks[free] = consume track
            } else {
                position = tracks.count
                tracks.append(consume track)
            }
            peers[index]?.tracks.append(position)
        }
        tracks[position]?.removeFormats()
        tracks[position]?.layerCount = 0
        tracks[position]?.audioLevelID = section.extensionID(.audioLevel)
        tracks[position]?.orientationID = section.extensionID(.videoOrientation)
        tracks[position]?.dependencyID = section.extensionID(.dependencyDescriptor)
        for codec in section.codecs {
            tracks[position]?.setFormat(
                PublishedFormat(
                    codec: codec.codec, isRetransmission: false, clockRate: codec.clockRate),
                for: codec.payloadType)
            if let repeated = codec.retransmissionPayloadType {
                tracks[position]?.setFormat(
                    PublishedFormat(
                        codec: codec.codec, isRetransmission: true, clockRate: codec.clockRate),
                    for: repeated)
            }
        }
    }

    private mutating func takeSlot(
        _ section: MediaSection, _ source: Negotiation.SlotSource, kind: MediaKind, for index: Int
    ) {
        var ids: [HeaderExtensionKind: UInt8] = [:]
        for element in section.extensions { ids[element.kind] = element.id }
        if ids[.transportSequenceNumber] != nil { peers[index]?.takeSendPath() }
        var configuration = SlotConfiguration(
            mid: section.mid, kind: kind, ssrc: SSRC(source.ssrc),
            retransmissionSSRC: source.rtxSSRC.map { SSRC($0) },
            formats: section.codecs.map {
                SlotFormat(
                    codec: $0.codec, payloadType: $0.payloadType,
                    retransmissionPayloadType: $0.retransmissionPayloadType,
                    clockRate: $0.clockRate)
            },
            extensionIDs: ids,
            repeatsAsSent: kind == .audio && section.codecs.contains { $0.hasNACK })
        configuration.bearsPadding = peers[index]?.media.bearsPadding ?? false
        // A slot lives as long as its stream: numbering that anew under the same key would repeat
        // indices.
        if let known = slot(mid: section.mid, of: index) {
            slots[known]?.update(configuration)
            return
        }
        let slot = Slot(receiver: index, configuration: configuration, using: &random)
        if let free = freeSlots.popLast() {
            slots[free] = consume slot
            peers[index]?.slots.append(free)
        } else {
            slots.append(consume slot)
            peers[index]?.slots.append(slots.count - 1)
        }
    }

    mutating func track(mid: String, of index: Int) -> Int? {
        for track in peers[index]?.tracks ?? [] where tracks[track]?.mid == mid { return track }
        return nil
    }

    mutating func slot(mid: String, of index: Int) -> Int? {
        for slot in peers[index]?.slots ?? [] where slots[slot]?.mid == mid { return slot }
        return nil
    }
}
