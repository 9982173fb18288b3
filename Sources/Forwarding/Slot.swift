// One section towards one receiver: what it shows now, and under which numbers that leaves.
// SPDX-License-Identifier: Apache-2.0
import Payloads
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
    /// Whether lost packets of formats without retransmissions are sent again just as they were.
    package var repeatsAsSent: Bool
    /// Whether the receiver is known to bear padding in media packets.
    package var bearsPadding = false

    /// Describes a slot.
    package init(
        mid: String, kind: MediaKind, ssrc: SSRC, retransmissionSSRC: SSRC?,
        formats: [SlotFormat], extensionIDs: [HeaderExtensionKind: UInt8],
        repeatsAsSent: Bool = false
    ) {
        self.repeatsAsSent = repeatsAsSent
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
        /// It leaves under these numbers, and is the first from another layer of the same source.
        case switchLayer(OutgoingNumbers)
        /// It does not leave.
        case drop(Drop)
    }

    /// Why a packet does not leave through a slot.
    package enum Drop: Sendable, Equatable {
        /// The slot waits for a keyframe.
        case awaitingKeyframe
        /// The packet is of the layer that the slot wants to turn to, at a keyframe of it.
        case awaitingLayer
        /// The packet is of a layer that is not to be forwarded.
        case layerNotWanted
        /// Nothing is to be forwarded at present.
        case paused
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
    /// Which packets were repeated lately.
    package var repetitions = RepetitionMemory()
    /// With which transport-wide numbers its last packets left.
    private var sent: SentNumbers
    /// When the present source began here; meaningless before the first.
    package private(set) var startedAt = MediaInstant.zero

    /// What was given and taken for the receiver's bandwidth.
    package var bandwidth = BandwidthMemory()
    /// What the receiver can bear of the smallest size of what is shown; `nil`: it is shown more, or that is not known.
    package var need: RateNeed?
    /// The highest layers that the receiver's bandwidth allows; `nil`: none, nothing is forwarded.
    package private(set) var target: LayerTarget? = .all
    /// Whether nothing is forwarded until what waits on the receiver's path has gone.
    package private(set) var isHeldBack = false
    /// The highest layers that the receiver wants to see; `nil`: none at present.
    package private(set) var cap: LayerTarget? = .all
    /// What the receiver chose, from which ``cap`` follows.
    package var quality = LayerChoice()
    private var filter = LayerFilter()
    /// Whether redundant audio leaves without its repetitions.
    package internal(set) var sparesRedundancy = false

    /// Whether packets may be padded to the size of their frame's longest.
    package private(set) var bearsPadding: Bool
    private(set) var formats: [SlotFormat] { didSet { lastFormat = nil } }
    /// The format that was looked for last.
    private var lastFormat: SlotFormat?
    var header: SlotHeader
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
        sent = SentNumbers(isUsed: configuration.repeatsAsSent)
        numbering = SlotNumbering(using: &random)
        retransmissionSequence = UInt64(random.next() & 0x7FFF)
    }

    /// Takes new formats and extension identifiers after a later offer.
    package mutating func update(_ configuration: SlotConfiguration) {
        formats = configuration.formats
        bearsPadding = configuration.bearsPadding && configuration.kind == .video
        header = SlotHeader(configuration: configuration)
        // What left before would not be written in the same way again.
        sent = SentNumbers(isUsed: configuration.repeatsAsSent)
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
        quality = LayerChoice()
        cap = .all
        target = .all
        bandwidth = BandwidthMemory()
        need = nil
        isHeldBack = false
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
        sent.removeAll()
        restart()
    }

    /// Forgets how packets have left: none of them is sent again as it was.
    package mutating func forgetSent() { sent.removeAll() }

    /// Notes that a packet has left for the first time, so that it can be sent again as it was.
    package mutating func noteSent(
        _ number: ExtendedSequenceNumber, transportSequence: UInt16
    ) {
        sent.insert(number, transportSequence: transportSequence)
    }

    /// The transport-wide number with which a packet left; `nil` if that is forgotten, or it would not
    /// be written in the same way again.
    package mutating func transportSequence(of number: ExtendedSequenceNumber) -> UInt16? {
        sent.transportSequence(of: number)
    }

    /// Whether a keyframe would let this slot go on.
    package var awaitsKeyframe: Bool {
        if case .waiting = state { return kind == .video && effectiveTarget != nil }
        return false
    }

    /// Lets nothing of the source leave until ``release()``, and then from a keyframe on.
    package mutating func holdBack() {
        isHeldBack = true
        restart()
    }

    /// Ends ``holdBack()``.
    package mutating func release() { isHeldBack = false }

    /// The highest layers that may be forwarded: what both ``target`` and ``cap`` allow; `nil`: none.
    package var effectiveTarget: LayerTarget? {
        guard let target, let cap, !isHeldBack else { return nil }
        return target.lowered(to: cap)
    }

    /// Says what the receiver's bandwidth allows. `nil` pauses: nothing of the source leaves until a target is set
    /// again, and then from a keyframe on.
    package mutating func setTarget(_ target: LayerTarget?) {
        self.target = target
        if target == nil { restart() }
    }

    /// Says what the receiver wants to see; it holds whatever the slot shows. `nil` pauses like
    /// ``setTarget(_:)``.
    package mutating func setCap(_ cap: LayerTarget?) {
        self.cap = cap
        if cap == nil { restart() }
    }

    /// The stream that the slot should show: what the target allows of those that live; `nil`: none.
    package func wantedProducer(among layers: borrowing TrackLayers) -> Int? {
        guard let spatial = effectiveTarget?.spatial else { return nil }
        return layers.wanted(upTo: spatial)
    }

    /// The receiver's format for a codec; `nil` if it accepted none. A handful of formats: a scan
    /// is cheapest.
    @inline(__always)
    package func format(for codec: MediaCodec) -> SlotFormat? {
        for index in formats.indices where formats[index].codec == codec { return formats[index] }
        return nil
    }

    /// The same for each packet: mostly that of the last one.
    @inline(__always)
    private mutating func knownFormat(for codec: MediaCodec) -> SlotFormat? {
        if let lastFormat, lastFormat.codec == codec { return lastFormat }
        return freshFormat(for: codec)
    }

    private mutating func freshFormat(for codec: MediaCodec) -> SlotFormat? {
        guard let format = format(for: codec) else { return nil }
        lastFormat = format
        return format
    }

    /// The receiver's format for what a publisher sends as `codec`: of redundant audio its own, or
    /// else that of the primary. Mutating, as all that is asked for each packet: else all of the slot would be copied first.
    package mutating func outgoingFormat(for codec: MediaCodec) -> SlotFormat? {
        guard codec == .red, let audio = format(for: .opus) else { return format(for: codec) }
        return format(for: .red) ?? audio
    }

    /// Decides whether a packet of `producer` leaves through this slot, and under which numbers.
    ///
    /// - Parameters:
    ///   - layers: The streams of the track as they are now.
    ///   - alignment: For a keyframe of another layer than the one shown: the timestamp that the shown one gives
    ///     its moment; `nil` if it is not known.
    ///   - catchUp: What else of the source's past goes out now, if the packet is its first.
    package mutating func admit(
        _ entry: HistoryEntry, from producer: Int, among layers: borrowing TrackLayers,
        alignedTo alignment: RTPTimestamp? = nil,
        catchingUp catchUp: SlotNumbering.CatchUp? = nil, at now: MediaInstant
    ) -> Admission {
        var outgoing: SlotFormat?
        if case .red = entry.codec {
            outgoing = outgoingFormat(for: .red)
        } else {
            outgoing = knownFormat(for: entry.codec)
        }
        guard let format = outgoing else {
            return .drop(.codecNotNegotiated)
        }
        guard let wish = effectiveTarget else {
            return .drop(state == .empty ? .notCurrent : .paused)
        }
        switch state {
        case .empty:
            return .drop(.notCurrent)
        case .waiting(let source):
            let wanted = layers.wanted(upTo: wish.spatial)
            // The first picture is that of any layer allowed: a better one may follow.
            guard let layer = layers.layer(of: producer),
                wanted == producer || layer <= wish.spatial
            else { return .drop(.layerNotWanted) }
            guard kind == .audio || entry.startsKeyframe else {
                return .drop(wanted == producer ? .awaitingKeyframe : .layerNotWanted)
            }
            state = .flowing(source, producer: producer)
            startedAt = now
            return begin(
                entry, format, upTo: layers.withinStream(wish), alignedTo: nil,
                catchingUp: catchUp, at: now
            )
            .map { .start($0) } ?? .drop(.notCurrent)
        case .flowing(let source, producer: producer):
            let verdict = filter.judge(entry, upTo: layers.withinStream(wish))
            guard var numbers = numbering.place(entry, verdict) else {
                if verdict.isAwaited { return .drop(.awaitingLayer) }
                return .drop(verdict.isKept ? .notCurrent : .layerNotWanted)
            }
            numbers.marker = verdict.endsPicture
            guard !numbering.isLeap(numbers) else {
                state = .waiting(source)
                return admit(entry, from: producer, among: layers, at: now)
            }
            note(numbers, entry, at: now)
            return .forward(numbers)
        case .flowing(let source, _):
            guard layers.wanted(upTo: wish.spatial) == producer else { return .drop(.notCurrent) }
            guard kind == .audio || entry.isLayerStart else { return .drop(.awaitingLayer) }
            state = .flowing(source, producer: producer)
            return begin(
                entry, format, upTo: layers.withinStream(wish), alignedTo: alignment,
                catchingUp: nil, at: now
            )
            .map { .switchLayer($0) } ?? .drop(.notCurrent)
        }
    }

    /// Lets a stream begin in this slot with a packet, at a keyframe in video.
    private mutating func begin(
        _ entry: HistoryEntry, _ format: SlotFormat, upTo wish: LayerTarget,
        alignedTo alignment: RTPTimestamp?, catchingUp catchUp: SlotNumbering.CatchUp?,
        at now: MediaInstant
    ) -> OutgoingNumbers? {
        numbering.start(
            with: entry, clockRate: format.clockRate, catchingUp: catchUp, at: now,
            alignedTo: alignment)
        filter.start(with: entry, upTo: wish)
        var verdict = filter.judge(entry, upTo: wish)
        verdict.isKept = true
        guard var numbers = numbering.place(entry, verdict) else { return nil }
        numbers.marker = verdict.endsPicture
        note(numbers, entry, at: now)
        return numbers
    }

    /// The numbers of a packet that is asked for again; `nil` if it does not go out through this slot any more, or
    /// never did because of its layer.
    package mutating func numbersAgain(for entry: HistoryEntry) -> OutgoingNumbers? {
        guard filter.forwards(entry), var numbers = numbering.numbers(for: entry) else {
            return nil
        }
        numbers.marker = filter.endsPicture(entry)
        return numbers
    }

    private mutating func note(
        _ numbers: OutgoingNumbers, _ entry: HistoryEntry, at now: MediaInstant
    ) {
        numbering.noteSent(numbers, at: now)
        packetCount &+= 1
        let isWhole =
            entry.redundancy == nil || (!sparesRedundancy && format(for: .red) != nil)
        octetCount &+= UInt32(truncatingIfNeeded: isWhole ? entry.payloadCount : entry.newCount)
    }

    /// The next sequence number of the retransmission stream.
    package mutating func nextRetransmissionSequence() -> ExtendedSequenceNumber {
        retransmissionSequence &+= 1
        return ExtendedSequenceNumber(retransmissionSequence)
    }

    /// Writes the header of a packet of this slot at the start of `packet`.
    ///
    /// - Parameters:
    ///   - codec: What the packet goes out as: the codec of its entry, or Opus for the primary of
    ///     redundant audio.
    ///   - dependencies: The packet's dependency descriptor as the publisher sent it; empty without one.
    ///   - transportSequence: The receiver's next transport-wide sequence number.
    /// - Returns: The header's size, or `nil` if there is no format for the packet any more.
    package mutating func writeHeader(
        for entry: HistoryEntry, as codec: MediaCodec, numbers: OutgoingNumbers,
        retransmission: ExtendedSequenceNumber?, dependencies: Span<UInt8>,
        transportSequence: UInt16, into packet: inout MutableSpan<UInt8>
    ) -> Int? {
        if !dependencies.isEmpty, header.carriesDependencies {
            guard let format = knownFormat(for: codec) else { return nil }
            return writeHeader(
                for: entry, format, numbers: numbers, retransmission: retransmission,
                dependencies: dependencies, transportSequence: transportSequence, into: &packet)
        }
        return writeHeader(
            for: entry, as: codec, numbers: numbers, retransmission: retransmission,
            transportSequence: transportSequence, into: &packet)
    }

    /// The same for a packet without a dependency descriptor.
    package mutating func writeHeader(
        for entry: HistoryEntry, as codec: MediaCodec, numbers: OutgoingNumbers,
        retransmission: ExtendedSequenceNumber?, transportSequence: UInt16,
        into packet: inout MutableSpan<UInt8>
    ) -> Int? {
        guard let format = knownFormat(for: codec) else { return nil }
        if let retransmission {
            guard let payloadType = format.retransmissionPayloadType, let retransmissionSSRC
            else { return nil }
            return header.write(
                for: entry, marker: numbers.marker, payloadType: payloadType,
                sequence: retransmission.sequenceNumber, timestamp: numbers.timestamp,
                ssrc: retransmissionSSRC,
                transportSequence: transportSequence, into: &packet)
        }
        return header.write(
            for: entry, marker: numbers.marker, payloadType: format.payloadType,
            sequence: numbers.sequence.sequenceNumber, timestamp: numbers.timestamp, ssrc: ssrc,
            transportSequence: transportSequence, into: &packet)
    }

    /// The same with a dependency descriptor, in which the frame's number is the slot's own.
    private mutating func writeHeader(
        for entry: HistoryEntry, _ format: SlotFormat, numbers: OutgoingNumbers,
        retransmission: ExtendedSequenceNumber?, dependencies: Span<UInt8>,
        transportSequence: UInt16, into packet: inout MutableSpan<UInt8>
    ) -> Int? {
        let isRepeated = retransmission != nil
        guard let source = isRepeated ? retransmissionSSRC : ssrc,
            let payloadType = isRepeated ? format.retransmissionPayloadType : format.payloadType
        else { return nil }
        return header.write(
            dependencies, frameNumber: numbers.descriptor.pictureID, orientation: entry.orientation,
            marker: numbers.marker, payloadType: payloadType,
            sequence: (retransmission ?? numbers.sequence).sequenceNumber,
            timestamp: numbers.timestamp, ssrc: source, transportSequence: transportSequence,
            into: &packet)
    }

    /// Whether headers of this slot carry a transport-wide sequence number.
    package var usesTransportSequence: Bool { header.transportSequenceID != nil }
}
