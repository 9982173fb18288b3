// One section towards one receiver: what it shows now, and under which numbers that leaves.
// SPDX-License-Identifier: Apache-2.0
package import RTP
package import Wire

/// A format a receiver accepts in a slot.
package struct SlotFormat: Sendable, Equatable {
    /// What is sent.
    package var codec: MediaCodec
    /// The receiver's payload type for it, 0 to 127.
    package var payloadType: UInt8
    /// The receiver's payload type for its retransmission; `nil`: lost packets of it are not
    /// repeated.
    package var retransmissionPayloadType: UInt8?
    /// Ticks a second of its timestamps.
    package var clockRate: UInt32

    /// Names a format.
    package init(
        codec: MediaCodec, payloadType: UInt8, retransmissionPayloadType: UInt8?, clockRate: UInt32
    ) {
        self.codec = codec
        self.payloadType = payloadType
        self.retransmissionPayloadType = retransmissionPayloadType
        self.clockRate = clockRate
    }
}

/// What the answer promised about a slot.
package struct SlotConfiguration: Sendable, Equatable {
    /// The section's identifier, at most 16 bytes are sent (RFC 9143 §15).
    package var mid: String
    /// Sound or pictures.
    package var kind: MediaKind
    /// The source of its media packets.
    package var ssrc: SSRC
    /// The source of its retransmissions; `nil`: none.
    package var retransmissionSSRC: SSRC?
    /// The formats the receiver accepts.
    package var formats: [SlotFormat]
    /// The identifiers of header extensions, by kind.
    package var extensionIDs: [HeaderExtensionKind: UInt8]
    /// Whether the receiver is known to bear padding in media packets.
    package var bearsPadding = false

    /// Describes a slot.
    package init(
        mid: String, kind: MediaKind, ssrc: SSRC, retransmissionSSRC: SSRC?,
        formats: [SlotFormat], extensionIDs: [HeaderExtensionKind: UInt8]
    ) {
        self.mid = mid
        self.kind = kind
        self.ssrc = ssrc
        self.retransmissionSSRC = retransmissionSSRC
        self.formats = formats
        self.extensionIDs = extensionIDs
    }
}

/// Which published track a slot shows.
package struct TrackReference: Sendable, Equatable {
    /// The track's index in the worker.
    package var track: Int
    /// Which of the tracks that had this index.
    package var generation: UInt32

    /// Names a track.
    package init(track: Int, generation: UInt32) {
        self.track = track
        self.generation = generation
    }
}

/// A slot of one receiver: a section of its connection that shows one source after another.
package struct Slot: ~Copyable, Sendable {
    /// What a slot does at the moment.
    package enum State: Sendable, Equatable {
        /// It shows nothing.
        case empty
        /// It will show the source from the first packet a decoder can start at.
        case waiting(TrackReference)
        /// It shows the source, from this producer (one simulcast layer of it).
        case flowing(TrackReference, producer: Int)
    }

    /// What became of a packet offered to a slot.
    package enum Admission: Sendable, Equatable {
        /// It leaves under these numbers.
        case forward(OutgoingNumbers)
        /// It leaves under these numbers, and is the first of its source.
        case start(OutgoingNumbers)
        /// It does not leave.
        case drop(Drop)
    }

    /// Why a packet does not leave through a slot.
    package enum Drop: Sendable, Equatable {
        /// The slot waits for a keyframe.
        case awaitingKeyframe
        /// The receiver did not accept this codec here.
        case codecNotNegotiated
        /// The packet is older than the first of its source here, or of a layer not chosen.
        case notCurrent
    }

    /// The receiver's index in the worker.
    package let receiver: Int
    /// The section's identifier.
    package let mid: String
    /// Sound or pictures.
    package let kind: MediaKind
    /// The source of its media packets.
    package let ssrc: SSRC
    /// The source of its retransmissions.
    package private(set) var retransmissionSSRC: SSRC?
    /// What it does at the moment.
    package private(set) var state = State.empty
    /// How its packets are numbered.
    package private(set) var numbering: SlotNumbering
    /// Media packets sent, for sender reports.
    package private(set) var packetCount: UInt32 = 0
    /// Payload bytes sent, for sender reports.
    package private(set) var octetCount: UInt32 = 0
    /// When the next sender report is due; `nil` while nothing flows.
    package var nextReport: MediaInstant?
    /// How many reports of the present source have left.
    package var reportsOfSource = 0
    /// What NACKs may still cost.
    package var budget = RetransmissionBudget()

    /// Whether packets may be padded to the size of their frame's longest.
    package private(set) var bearsPadding: Bool
    private var formats: [SlotFormat]
    private var header: SlotHeader
    private var retransmissionSequence: UInt64

    /// Makes an empty slot.
    package init(
        receiver: Int, configuration: SlotConfiguration,
        using random: inout some RandomNumberGenerator
    ) {
        self.receiver = receiver
        mid = configuration.mid
        kind = configuration.kind
        ssrc = configuration.ssrc
        retransmissionSSRC = configuration.retransmissionSSRC
        formats = configuration.formats
        bearsPadding = configuration.bearsPadding && configuration.kind == .video
        header = SlotHeader(configuration: configuration)
        numbering = SlotNumbering(using: &random)
        retransmissionSequence = UInt64(random.next() & 0x7FFF)
    }

    /// Takes new formats and extension identifiers after a later offer.
    package mutating func update(_ configuration: SlotConfiguration) {
        formats = configuration.formats
        bearsPadding = configuration.bearsPadding && configuration.kind == .video
        header = SlotHeader(configuration: configuration)
        // A stream that is there stays: its numbers go on.
        if retransmissionSSRC == nil { retransmissionSSRC = configuration.retransmissionSSRC }
    }

    /// What the slot is to show or shows; `nil` if it is empty.
    package var source: TrackReference? {
        switch state {
        case .empty: nil
        case .waiting(let source), .flowing(let source, _): source
        }
    }

    /// Turns to another source, or to none. The old one stops at once; the new one starts where it
    /// can.
    package mutating func show(_ source: TrackReference?) {
        state = source.map { .waiting($0) } ?? .empty
        reportsOfSource = 0
        if source == nil { nextReport = nil }
    }

    /// Waits for a new start of the same source: after a pause, or when its layer went away.
    package mutating func restart() {
        if let source { state = .waiting(source) }
    }

    /// Waits for a new start of the same source if it shows that producer.
    package mutating func restart(ifShowing producer: Int) {
        if case .flowing(_, producer) = state { restart() }
    }

    /// The producer that is shown; `nil` while none is.
    package var producer: Int? {
        if case .flowing(_, let producer) = state { producer } else { nil }
    }

    /// Falls silent until a later offer brings formats again; what it shows, and its numbers, stay.
    package mutating func rest() {
        formats = []
        restart()
    }

    /// Whether a keyframe would let this slot go on.
    package var awaitsKeyframe: Bool {
        if case .waiting = state { return kind == .video }
        return false
    }

    /// The receiver's format for a codec; `nil` if it accepted none. A handful of formats: a scan
    /// is cheapest.
    package func format(for codec: MediaCodec) -> SlotFormat? {
        for index in formats.indices where formats[index].codec == codec { return formats[index] }
        return nil
    }

    /// Decides whether a packet of `producer` leaves through this slot, and under which numbers.
    package mutating func admit(
        _ entry: HistoryEntry, from producer: Int, at now: MediaInstant
    ) -> Admission {
        guard let format = format(for: entry.codec) else { return .drop(.codecNotNegotiated) }
        switch state {
        case .empty:
            return .drop(.notCurrent)
        case .waiting(let source):
            guard kind == .audio || entry.startsKeyframe else { return .drop(.awaitingKeyframe) }
            state = .flowing(source, producer: producer)
            numbering.start(with: entry, clockRate: format.clockRate, at: now)
            guard let numbers = numbering.numbers(for: entry) else { return .drop(.notCurrent) }
            note(numbers, entry, at: now)
            return .start(numbers)
        case .flowing(let source, let current):
            guard current == producer, let numbers = numbering.numbers(for: entry) else {
                return .drop(.notCurrent)
            }
            guard !numbering.isLeap(numbers) else {
                state = .waiting(source)
                return admit(entry, from: producer, at: now)
            }
            note(numbers, entry, at: now)
            return .forward(numbers)
        }
    }

    private mutating func note(
        _ numbers: OutgoingNumbers, _ entry: HistoryEntry, at now: MediaInstant
    ) {
        numbering.noteSent(numbers, at: now)
        packetCount &+= 1
        octetCount &+= UInt32(truncatingIfNeeded: entry.payloadCount)
    }

    /// The next sequence number of the retransmission stream.
    package mutating func nextRetransmissionSequence() -> ExtendedSequenceNumber {
        retransmissionSequence &+= 1
        return ExtendedSequenceNumber(retransmissionSequence)
    }

    /// Writes the header of a packet of this slot at the start of `packet`.
    ///
    /// - Parameters:
    ///   - transportSequence: The receiver's next transport-wide sequence number.
    /// - Returns: The header's size, or `nil` if there is no format for the packet any more.
    package mutating func writeHeader(
        for entry: HistoryEntry, numbers: OutgoingNumbers,
        retransmission: ExtendedSequenceNumber?, transportSequence: UInt16,
        into packet: inout MutableSpan<UInt8>
    ) -> Int? {
        guard let format = format(for: entry.codec) else { return nil }
        if let retransmission {
            guard let payloadType = format.retransmissionPayloadType, let retransmissionSSRC
            else { return nil }
            return header.write(
                for: entry, payloadType: payloadType, sequence: retransmission.sequenceNumber,
                timestamp: numbers.timestamp, ssrc: retransmissionSSRC,
                transportSequence: transportSequence, into: &packet)
        }
        return header.write(
            for: entry, payloadType: format.payloadType,
            sequence: numbers.sequence.sequenceNumber, timestamp: numbers.timestamp, ssrc: ssrc,
            transportSequence: transportSequence, into: &packet)
    }

    /// Whether headers of this slot carry a transport-wide sequence number.
    package var usesTransportSequence: Bool { header.transportSequenceID != nil }
}
