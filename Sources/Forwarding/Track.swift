// One thing a participant publishes: a section of its connection, the streams in it, and who watches.
// SPDX-License-Identifier: Apache-2.0
package import RTP
import Wire

/// What a payload type of a publisher's section means.
package struct PublishedFormat: Sendable, Equatable {
    /// The codec; for a retransmission the codec of what it repeats.
    package var codec: MediaCodec
    /// Whether packets of it are retransmissions (RFC 4588).
    package var isRetransmission: Bool
    /// Ticks a second of its timestamps.
    package var clockRate: UInt32

    /// Names a format.
    package init(codec: MediaCodec, isRetransmission: Bool, clockRate: UInt32) {
        self.codec = codec
        self.isRetransmission = isRetransmission
        self.clockRate = clockRate
    }
}

/// A slot that shows a track or waits for it, by its place in the worker.
package struct Watcher: Sendable, Equatable {
    /// The slot.
    package var slot: Int
    /// Whose slot it is.
    package var receiver: Int

    /// Names a slot.
    package init(slot: Int, receiver: Int) {
        self.slot = slot
        self.receiver = receiver
    }
}

/// A published track and its links: indices into the worker's arrays.
package struct Track: ~Copyable, Sendable {
    /// Which of the tracks that had this index; grows with every reuse.
    package var generation: UInt32
    /// The publisher's index.
    package let peer: Int
    /// The section's identifier.
    package let mid: String
    /// Sound or pictures.
    package let kind: MediaKind
    /// The streams (simulcast layers) seen so far.
    package var producers: [Int] = []
    /// The slots that show it or wait for it.
    package var watchers: [Watcher] = []
    /// How many layers it may have as the last offer says; 0: not counted yet.
    package var layerCount: UInt8 = 0
    /// How many sizes its only stream has within it, those included that its publisher was told to leave out.
    package var spatialCount: UInt8 = 1
    /// How many of its layers are wanted, and what its publisher was told.
    package var demand = LayerDemand()
    /// The most that is to be sent of its smallest size.
    package var rate = PublisherRate()
    /// Whether it is muted: nothing of it is forwarded.
    package var isPaused = false
    /// When its turn comes where a receiver's path does not carry all.
    package var rank = BandwidthRank.camera
    /// Whether a packet of it has been seen.
    package var hasStarted = false
    /// The loops it is relayed to; of one that is itself relayed none.
    package var relays = TrackRelays()
    /// Whether packets of it are taken from the loop of its publisher.
    package var acceptsRelay = false
    /// The header extension that carries the audio level; `nil`: none.
    package var audioLevelID: UInt8?
    /// The header extension that carries the orientation; `nil`: none.
    package var orientationID: UInt8?
    /// The header extension that carries the dependency descriptor; `nil`: none.
    package var dependencyID: UInt8?

    /// The meaning of each payload type, packed so that a lookup allocates and hashes nothing.
    private var formats = InlineArray<128, UInt16>(repeating: 0)

    /// One bit for each loop it is relayed to. Mutating, because it is asked for each packet.
    package var relayLoops: UInt64 {
        mutating get { relays.loops }
    }

    /// Makes a track without streams.
    package init(generation: UInt32, peer: Int, mid: String, kind: MediaKind) {
        self.generation = generation
        self.peer = peer
        self.mid = mid
        self.kind = kind
    }

    /// Says what a payload type means in this section.
    package mutating func setFormat(_ format: PublishedFormat, for payloadType: UInt8) {
        guard payloadType < 128 else { return }
        // 1 + codec in the low byte, the retransmission bit above, the clock rate in units of
        // 1,000.
        let rate = UInt16(truncatingIfNeeded: min(format.clockRate / 1_000, 127))
        formats[Int(payloadType)] =
            UInt16(format.codec.rawValue) + 1 | (format.isRetransmission ? 0x100 : 0) | rate << 9
    }

    /// What a payload type means; `nil` if it was not negotiated.
    package func format(for payloadType: UInt8) -> PublishedFormat? {
        guard payloadType < 128 else { return nil }
        let packed = formats[Int(payloadType)]
        guard packed != 0, let codec = MediaCodec(rawValue: UInt8(packed & 0xFF) - 1) else {
            return nil
        }
        return PublishedFormat(
            codec: codec, isRetransmission: packed & 0x100 != 0,
            clockRate: UInt32(packed >> 9) * 1_000)
    }

    /// Forgets all formats, before those of a later offer.
    package mutating func removeFormats() {
        formats = InlineArray(repeating: 0)
    }
}
