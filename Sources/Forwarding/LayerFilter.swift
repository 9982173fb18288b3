// Which frames of a stream with temporal and spatial layers leave through a slot.
// SPDX-License-Identifier: Apache-2.0
import Payloads
import RTP
import Wire

/// What becomes of a packet by its layer.
struct LayerVerdict: Sendable, Equatable {
    /// Whether it is forwarded.
    var isKept = true
    /// Whether packets of its picture that are forwarded may stand before it.
    var mayFollowKept = true
    /// Whether packets of its picture that are forwarded may stand behind it.
    var mayPrecedeKept = true
    /// Whether it is the last forwarded packet of its picture: the marker bit.
    var endsPicture = false
    /// Whether it is of a spatial layer that is wanted, but cannot be decoded yet.
    var isAwaited = false
    /// Whether temporal layers above the base are left out.
    var isBaseOnly = false
}

/// Follows wished layers: down at the next picture, up only where a decoder can follow.
///
/// What was decided for a picture holds for all its packets, so that no receiver waits for the rest of one. Spatial
/// layers are those within one stream (RFC 9628 §3): a picture is then made of a frame of each, from the smallest, all
/// with one timestamp.
struct LayerFilter: Sendable {
    /// The highest temporal layer that is forwarded now.
    private(set) var temporal: UInt8 = 7
    private var spatial = SpatialLimits()
    private var timestamp = RTPTimestamp(0)
    private var highest = ExtendedSequenceNumber(0)

    /// Begins anew at a keyframe, from which every layer can be decoded.
    mutating func start(with entry: HistoryEntry, upTo wish: LayerTarget) {
        temporal = wish.temporal
        spatial.start(at: entry, limit: wish.spatial)
        timestamp = entry.timestamp
        highest = entry.sequence
    }

    /// What becomes of a packet where the layers up to `wish` are to be forwarded.
    mutating func judge(_ entry: HistoryEntry, upTo wish: LayerTarget) -> LayerVerdict {
        if entry.sequence.rawValue > highest.rawValue {
            if entry.timestamp.rawValue != timestamp.rawValue {
                timestamp = entry.timestamp
                moveTemporal(at: entry, upTo: wish.temporal)
                moveSpatial(at: entry, upTo: wish.spatial)
            } else if spatial.current < wish.spatial {
                climbWithinPicture(at: entry, upTo: wish.spatial)
            }
            highest = entry.sequence
        }
        let layers = entry.descriptor.layers
        let limit = spatial.limit(at: entry.sequence, entry.timestamp)
        let isInTime = layers.temporal <= temporal
        let isKept = isInTime && layers.spatial <= limit
        let endsPicture = Self.endsPicture(entry, limit: limit)
        return LayerVerdict(
            isKept: isKept,
            mayFollowKept: isKept ? !layers.isFrameStart || layers.spatial > 0 : isInTime,
            mayPrecedeKept: isKept && !endsPicture, endsPicture: endsPicture,
            isAwaited: !isKept && isInTime && layers.spatial <= wish.spatial,
            isBaseOnly: temporal == 0)
    }

    /// Whether packets of this one's layer were forwarded where it stands.
    mutating func forwards(_ entry: HistoryEntry) -> Bool {
        let layers = entry.descriptor.layers
        return layers.temporal <= temporal
            && layers.spatial <= spatial.limit(at: entry.sequence, entry.timestamp)
    }

    /// Whether a packet that was forwarded was the last of its picture.
    mutating func endsPicture(_ entry: HistoryEntry) -> Bool {
        Self.endsPicture(entry, limit: spatial.limit(at: entry.sequence, entry.timestamp))
    }

    private static func endsPicture(_ entry: HistoryEntry, limit: UInt8) -> Bool {
        let layers = entry.descriptor.layers
        return entry.marker || (layers.isFrameEnd && layers.spatial == limit)
    }

    private mutating func moveTemporal(at entry: HistoryEntry, upTo wish: UInt8) {
        if temporal > wish { temporal = wish }
        guard temporal < wish else { return }
        let layers = entry.descriptor.layers
        if entry.startsKeyframe {
            temporal = wish
        } else if layers.isSwitchPoint, layers.isFrameStart {
            if entry.codec == .vp8 {
                // This frame needs the base alone, but later ones of its layer may need all below it.
                if layers.temporal == temporal + 1 { temporal += 1 }
            } else if layers.temporal <= temporal {
                temporal = wish
            }
        }
    }

    /// At the first packet seen of a picture. A picture whose smallest layer needs none before it is a keyframe in all
    /// its layers.
    private mutating func moveSpatial(at entry: HistoryEntry, upTo wish: UInt8) {
        guard spatial.current != wish else { return }
        let layers = entry.descriptor.layers
        let isKeyPicture =
            entry.startsKeyframe || (layers.isIndependent && layers.spatial == 0)
        guard spatial.current > wish || isKeyPicture else {
            return climbWithinPicture(at: entry, upTo: wish)
        }
        // What is missing before it, and may come late, is judged as its picture is: the end of the last one is needed.
        spatial.move(to: wish, at: entry, from: highest.rawValue &+ 1)
    }

    /// RFC 9628 §4.2: where a frame does without earlier pictures one may climb to its spatial layer from the one
    /// directly below. That one has had its marker bit then; the picture ends a second time.
    private mutating func climbWithinPicture(at entry: HistoryEntry, upTo wish: UInt8) {
        let layers = entry.descriptor.layers
        guard layers.isIndependent, layers.isFrameStart, layers.temporal == 0,
            layers.spatial == spatial.current + 1, layers.spatial <= wish
        else { return }
        spatial.move(to: layers.spatial, at: entry, from: entry.sequence.rawValue)
    }
}
