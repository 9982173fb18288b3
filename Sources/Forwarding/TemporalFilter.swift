// Which frames of a stream with temporal layers leave through a slot.
// SPDX-License-Identifier: Apache-2.0
import Payloads
import RTP
import Wire

/// Follows a wished temporal layer: down at the next frame, up only where a decoder can follow.
///
/// What was decided for a frame holds for all its packets, so that no receiver waits for the rest of one.
struct TemporalFilter: Sendable {
    /// The highest temporal layer that is forwarded now.
    private(set) var limit: UInt8 = 7
    private var timestamp = RTPTimestamp(0)
    private var highest = ExtendedSequenceNumber(0)

    /// Begins anew at a keyframe, from which every layer can be decoded.
    mutating func start(with entry: HistoryEntry, upTo wish: UInt8) {
        limit = wish
        timestamp = entry.timestamp
        highest = entry.sequence
    }

    /// Whether a packet is to be forwarded where the layers up to `wish` are.
    mutating func admits(_ entry: HistoryEntry, upTo wish: UInt8) -> Bool {
        if entry.sequence > highest {
            highest = entry.sequence
            if entry.timestamp != timestamp {
                timestamp = entry.timestamp
                move(at: entry, upTo: wish)
            }
        }
        return forwards(entry)
    }

    /// Whether packets of this one's layer are forwarded now.
    func forwards(_ entry: HistoryEntry) -> Bool {
        entry.descriptor.layers.temporal <= limit
    }

    private mutating func move(at entry: HistoryEntry, upTo wish: UInt8) {
        if limit > wish { limit = wish }
        guard limit < wish else { return }
        let layers = entry.descriptor.layers
        if entry.startsKeyframe {
            limit = wish
        } else if layers.isSwitchPoint, layers.isFrameStart {
            if entry.codec == .vp8 {
                // This frame needs the base alone, but later ones of its layer may need all below it.
                if layers.temporal == limit + 1 { limit += 1 }
            } else if layers.temporal <= limit {
                limit = wish
            }
        }
    }
}
