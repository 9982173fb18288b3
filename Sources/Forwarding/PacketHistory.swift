// The last packets of one published stream, in plaintext, shared by all who receive it.
// SPDX-License-Identifier: Apache-2.0
import BasicContainers
package import Payloads
package import RTP
package import Wire

/// What is kept of one RTP packet beside its payload.
package struct HistoryEntry: Sendable {
    /// The publisher's sequence number, unwrapped.
    package var sequence: ExtendedSequenceNumber
    /// The publisher's timestamp.
    package var timestamp: RTPTimestamp
    /// The codec that the publisher's payload type stands for.
    package var codec: MediaCodec
    /// The marker bit.
    package var marker: Bool
    /// Whether a decoder can start at this packet.
    package var startsKeyframe: Bool
    /// Whether a decoder that has decoded another layer can go over to this one here: a keyframe with all it needs.
    package var isLayerStart: Bool
    /// The audio level byte of RFC 6464 (voice bit and level); `nil` if the packet carried none.
    package var audioLevel: UInt8?
    /// The video orientation byte (3GPP TS 26.114 §7.4.5); `nil` if the packet carried none.
    package var orientation: UInt8?
    /// Where a VP8 or VP9 payload descriptor counts its pictures, and with which numbers.
    package var descriptor: DescriptorFields
    /// How the payload repeats older audio; `nil` if it does not.
    package var redundancy: RedundantAudio?
    /// The size of the dependency descriptor kept with the payload, in bytes; 0: none.
    package private(set) var dependencyCount: UInt8 = 0
    /// The payload's size in bytes.
    package private(set) var payloadCount: Int
    /// Where the payload stands, counted in bytes ever written.
    fileprivate var position: UInt64

    /// Describes a packet that is not in a history yet.
    package init(
        sequence: ExtendedSequenceNumber, timestamp: RTPTimestamp, codec: MediaCodec,
        marker: Bool, startsKeyframe: Bool, audioLevel: UInt8? = nil, orientation: UInt8? = nil,
        descriptor: DescriptorFields = DescriptorFields()
    ) {
        self.sequence = sequence
        self.timestamp = timestamp
        self.codec = codec
        self.marker = marker
        self.startsKeyframe = startsKeyframe
        isLayerStart = startsKeyframe
        self.audioLevel = audioLevel
        self.orientation = orientation
        self.descriptor = descriptor
        payloadCount = 0
        position = 0
    }

    /// The bytes of the payload that are new: all of it, or the primary of redundant audio.
    package var newCount: Int { payloadCount - (redundancy?.primaryOffset ?? 0) }

    /// Where the parts of a relayed packet stand among its bytes, as ``PacketHistory/relayedRange(of:)`` gives them.
    /// - Parameter count: How many bytes there are.
    /// - Returns: `nil` if these are too few.
    package func relayedParts(in count: Int) -> (dependencies: Range<Int>, payload: Range<Int>)? {
        let size = Int(dependencyCount)
        let start = size == 0 ? 0 : size + PacketHistory.spareCount
        return start <= count ? (0..<size, start..<count) : nil
    }

    fileprivate func placed(
        at position: UInt64, count: Int, dependencyCount: Int
    ) -> HistoryEntry {
        var entry = self
        entry.position = position
        entry.payloadCount = count
        entry.dependencyCount = UInt8(truncatingIfNeeded: dependencyCount)
        return entry
    }

    /// The bytes kept before the payload: spare ones, and a descriptor with spare ones of its own.
    fileprivate var leadCount: Int {
        PacketHistory.leadCount(dependencyCount: Int(dependencyCount))
    }
}

/// A ring of the last packets of one stream: forwarding and retransmission both read from here, so
/// that a payload is copied once however many receive it.
///
/// Two spare bytes stand before every payload, room for the original sequence number of a
/// retransmission (RFC 4588 §4), so that this needs no copy either. A dependency descriptor stands before these, with
/// two more before it. Nothing is allocated after `init`.
package struct PacketHistory: ~Copyable {
    /// The bytes kept free before each payload.
    package static let spareCount = 2

    /// The largest payload of the frame that came last, by its timestamp.
    private var frame = (timestamp: RTPTimestamp(0), payloadCount: 0)

    private var entries: UniqueArray<HistoryEntry>
    private var bytes: UniqueArray<UInt8>
    private var written: UInt64 = 0
    private let mask: UInt64

    /// Makes an empty history.
    /// - Parameters:
    ///   - packetCapacity: How many packets it remembers at most; rounded up to a power of two, 2
    ///     to 65,536.
    ///   - byteCapacity: How many payload bytes it remembers at most, at least 4,096.
    package init(packetCapacity: Int, byteCapacity: Int) {
        var capacity = 2
        while capacity < packetCapacity, capacity < 65_536 { capacity *= 2 }
        mask = UInt64(capacity - 1)
        let none = HistoryEntry(
            sequence: ExtendedSequenceNumber(.max), timestamp: RTPTimestamp(0), codec: .opus,
            marker: false, startsKeyframe: false)
        entries = UniqueArray(repeating: none, count: capacity)
        bytes = UniqueArray(repeating: 0, count: max(byteCapacity, 4_096))
    }

    fileprivate static func leadCount(dependencyCount: Int) -> Int {
        dependencyCount == 0 ? spareCount : dependencyCount + 2 * spareCount
    }

    /// Remembers a packet, forgetting the oldest as needed.
    ///
    /// - Returns: `false` if the payload is larger than the whole history, or the packet is already
    ///   here.
    package mutating func insert(_ entry: HistoryEntry, payload: Span<UInt8>) -> Bool {
        insert(entry, payload: payload, dependencies: payload.extracting(0..<0))
    }

    /// Remembers a packet with its dependency descriptor, of at most 255 bytes; empty: without. See
    /// ``insert(_:payload:)``.
    package mutating func insert(
        _ entry: HistoryEntry, payload: Span<UInt8>, dependencies: Span<UInt8>
    ) -> Bool {
        let kept = dependencies.count <= 255 ? dependencies.count : 0
        let lead = Self.leadCount(dependencyCount: kept)
        let needed = payload.count + lead
        guard needed <= bytes.count else { return false }
        let slot = Int(entry.sequence.rawValue & mask)
        // An older packet must not push out a newer one that stands in its place.
        let present = entries[slot].sequence.rawValue
        if present != .max, present >= entry.sequence.rawValue { return false }
        let capacity = UInt64(bytes.count)
        let room = capacity - written % capacity
        if room < UInt64(needed) { written += room }
        let start = Int(written % capacity)
        var target = bytes.mutableSpan
        guard target.copy(payload, to: start + lead) else { return false }
        if kept > 0, !target.copy(dependencies, to: start + Self.spareCount) { return false }
        entries[slot] = entry.placed(
            at: written + UInt64(lead), count: payload.count, dependencyCount: kept)
        written += UInt64(needed)
        let isSameFrame = entry.timestamp == frame.timestamp
        frame = (entry.timestamp, max(payload.count, isSameFrame ? frame.payloadCount : 0))
        return true
    }

    /// The packet with this sequence number, if it is still whole.
    package func entry(_ sequence: ExtendedSequenceNumber) -> HistoryEntry? {
        let place = Int(sequence.rawValue & mask)
        guard entries[place].sequence.rawValue == sequence.rawValue, sequence.rawValue != .max,
            written - (entries[place].position - UInt64(entries[place].leadCount))
                <= UInt64(bytes.count)
        else { return nil }
        return entries[place]
    }

    /// Where the payload of an entry just looked up stands in ``payloadBytes``; its spare bytes
    /// stand before it.
    package func payloadRange(of entry: HistoryEntry) -> Range<Int> {
        let start = Int(entry.position % UInt64(bytes.count))
        return start..<min(start + entry.payloadCount, bytes.count)
    }

    /// Where the dependency descriptor of an entry just looked up stands in ``payloadBytes``; empty without one.
    package func dependencyRange(of entry: HistoryEntry) -> Range<Int> {
        let count = Int(entry.dependencyCount)
        guard count > 0 else { return 0..<0 }
        let start = Int(entry.position % UInt64(bytes.count)) - Self.spareCount - count
        return start >= 0 ? start..<(start + count) : 0..<0
    }

    /// What another loop needs of an entry just looked up, in one piece: the dependency descriptor with the spare bytes
    /// behind it if there is one, and the payload. See ``HistoryEntry/relayedParts(in:)``.
    package func relayedRange(of entry: HistoryEntry) -> Range<Int> {
        let (dependencies, payload) = (dependencyRange(of: entry), payloadRange(of: entry))
        return dependencies.isEmpty ? payload : dependencies.lowerBound..<payload.upperBound
    }

    /// Writes padding (RFC 3550 §5.1) behind the payload of an entry of the latest frame, if that makes it as long
    /// as the frame's longest: encoders' frames are split about equally, and what is equal leaves in one send.
    ///
    /// The padding stands in the spare bytes of the packet behind, which hold nothing between two calls.
    /// - Parameter range: Where the payload stands, or its end.
    /// - Returns: The range with its padding; `nil` if the entry needs none, or more than ``spareCount``.
    package mutating func pad(_ entry: HistoryEntry, at range: Range<Int>) -> Range<Int>? {
        let padding = frame.payloadCount - entry.payloadCount
        guard entry.timestamp == frame.timestamp, padding > 0, padding <= Self.spareCount,
            range.upperBound + padding <= bytes.count
        else { return nil }
        var span = bytes.mutableSpan
        for index in range.upperBound..<(range.upperBound + padding - 1) { span[index] = 0 }
        span[range.upperBound + padding - 1] = UInt8(truncatingIfNeeded: padding)
        return range.lowerBound..<(range.upperBound + padding)
    }

    /// All payload bytes, for reading at the range of an entry.
    package var payloadBytes: Span<UInt8> {
        @_lifetime(borrow self)
        get { bytes.span }
    }

    /// All payload bytes, for patching a descriptor for one receiver and putting it back.
    package var mutablePayloadBytes: MutableSpan<UInt8> {
        @_lifetime(&self)
        mutating get { bytes.mutableSpan }
    }
}
