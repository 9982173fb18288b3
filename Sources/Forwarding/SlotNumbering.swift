// How the numbers of a source become the numbers of a slot, continuous across every change of source.
// SPDX-License-Identifier: Apache-2.0
package import Payloads
package import Wire

/// The numbers one forwarded packet carries towards one receiver.
package struct OutgoingNumbers: Sendable, Equatable {
    /// The slot's own sequence number, unwrapped (its high bits are the SRTP rollover counter).
    package var sequence: ExtendedSequenceNumber
    /// The slot's own timestamp.
    package var timestamp: RTPTimestamp
    /// The counters to write into the payload descriptor.
    package var descriptor: DescriptorPatch
}

/// Keeps sequence numbers, timestamps and picture ids of a slot continuous while its sources come
/// and go.
///
/// Within one source the mapping is a constant shift, so that late and repeated packets find their
/// own places.
package struct SlotNumbering: Sendable {
    /// How far the numbers of a source may run ahead within a slot: as many packets as a history
    /// holds. A gap beyond it cannot be repaired; one of 2^15 that a receiver misses would spoil
    /// its count of rollovers, and with it the slot for every later source (RFC 3711 §3.3.1).
    package static let leapMax: UInt64 = 1_024

    private var hasSent = false
    private var highestSequence: UInt64
    /// The highest timestamp sent so far.
    package private(set) var highestTimestamp: RTPTimestamp
    private var lastSentAt = MediaInstant.zero
    private var lastDescriptor = DescriptorPatch(pictureID: 0, tl0PictureIndex: 0, keyIndex: 0)

    private var sequenceShift: UInt64 = 0
    private var timestampShift: UInt32 = 0
    private var descriptorShift = DescriptorPatch(pictureID: 0, tl0PictureIndex: 0, keyIndex: 0)
    private var firstOfSource = ExtendedSequenceNumber(.max)

    /// Starts at random numbers, as RFC 3550 §5.1 asks.
    package init(using random: inout some RandomNumberGenerator) {
        // Below 2^15, so that a receiver never sees a wrap in its first packets and guesses the ROC
        // right.
        highestSequence = UInt64(random.next() & 0x7FFF)
        highestTimestamp = RTPTimestamp(UInt32(truncatingIfNeeded: random.next()))
    }

    /// The highest sequence number sent so far.
    package var highest: ExtendedSequenceNumber { ExtendedSequenceNumber(highestSequence) }

    /// What is added to a timestamp of the present source.
    package var timestampOffset: UInt32 { timestampShift }

    /// Lets a source begin with this packet: it follows the last packet sent, by the time that has
    /// passed.
    ///
    /// - Parameter clockRate: Ticks a second of the timestamps, 8,000 to 96,000.
    package mutating func start(with entry: HistoryEntry, clockRate: UInt32, at now: MediaInstant) {
        sequenceShift = (highestSequence &+ 1) &- entry.sequence.rawValue
        let elapsed = max(0, (now - lastSentAt).nanoseconds)
        // A pause longer than an hour gains nothing from being exact, and could overflow.
        let capped = min(elapsed, 3_600_000_000_000)
        let ticks = hasSent ? max(1, capped / 1_000 * Int64(clockRate) / 1_000_000) : 0
        let next = highestTimestamp.rawValue &+ UInt32(truncatingIfNeeded: ticks)
        timestampShift = next &- entry.timestamp.rawValue
        let fields = entry.descriptor
        descriptorShift = DescriptorPatch(
            pictureID: hasSent ? lastDescriptor.pictureID &+ 1 &- fields.pictureID : 0,
            tl0PictureIndex: hasSent
                ? lastDescriptor.tl0PictureIndex &+ 1 &- fields.tl0PictureIndex : 0,
            keyIndex: hasSent ? lastDescriptor.keyIndex &+ 1 &- fields.keyIndex : 0)
        firstOfSource = entry.sequence
    }

    /// The numbers of a packet of the present source; `nil` if it is older than the source's first
    /// here.
    package func numbers(for entry: HistoryEntry) -> OutgoingNumbers? {
        guard entry.sequence >= firstOfSource else { return nil }
        // Too large a number is cut to the field's size where it is written.
        let fields = entry.descriptor
        let descriptor = DescriptorPatch(
            pictureID: fields.pictureID &+ descriptorShift.pictureID,
            tl0PictureIndex: fields.tl0PictureIndex &+ descriptorShift.tl0PictureIndex,
            keyIndex: fields.keyIndex &+ descriptorShift.keyIndex)
        return OutgoingNumbers(
            sequence: ExtendedSequenceNumber(entry.sequence.rawValue &+ sequenceShift),
            timestamp: RTPTimestamp(entry.timestamp.rawValue &+ timestampShift),
            descriptor: descriptor)
    }

    /// Whether a packet is so far ahead of the last one that the source must start anew.
    package func isLeap(_ numbers: OutgoingNumbers) -> Bool {
        numbers.sequence.rawValue > highestSequence &+ Self.leapMax
    }

    /// Notes that a packet left with these numbers.
    package mutating func noteSent(_ numbers: OutgoingNumbers, at now: MediaInstant) {
        if numbers.sequence.rawValue > highestSequence {
            highestSequence = numbers.sequence.rawValue
            lastSentAt = now
            lastDescriptor = numbers.descriptor
        }
        if !hasSent || numbers.timestamp.distance(from: highestTimestamp) > 0 {
            highestTimestamp = numbers.timestamp
        }
        hasSent = true
    }

    /// The source's number of a packet that went out as `number`; `nil` if it was not of the
    /// present source.
    package func sourceSequence(of number: SequenceNumber) -> ExtendedSequenceNumber? {
        guard hasSent else { return nil }
        let outgoing = ExtendedSequenceNumber(highestSequence).nearest(to: number)
        guard outgoing.rawValue <= highestSequence else { return nil }
        let source = ExtendedSequenceNumber(outgoing.rawValue &- sequenceShift)
        return source >= firstOfSource && source.rawValue < (1 << 62) ? source : nil
    }
}
