// How the numbers of a source become the numbers of a slot, continuous across every change of source.
// SPDX-License-Identifier: Apache-2.0
package import Payloads
import RTP
package import Wire

/// The numbers one forwarded packet carries towards one receiver.
package struct OutgoingNumbers: Sendable, Equatable {
    /// The slot's own sequence number, unwrapped (its high bits are the SRTP rollover counter).
    package var sequence: ExtendedSequenceNumber
    /// The slot's own timestamp.
    package var timestamp: RTPTimestamp
    /// The counters to write into the payload descriptor.
    package var descriptor: DescriptorPatch
    /// The marker bit: of video the last packet of a picture, as far as the picture is forwarded.
    package var marker = false
    /// How far back audio repeated in the packet may reach, in ticks, to be of the present source.
    package var reach: UInt32 = .max
}

/// Keeps sequence numbers, timestamps and picture ids of a slot continuous while its sources come
/// and go, and while layers of a source are left out.
///
/// Between two packets that are left out the mapping is a constant shift, so that late and repeated packets find
/// their own places.
package struct SlotNumbering: Sendable {
    /// How far the numbers of a source may run ahead within a slot: as many packets as a history
    /// holds. A gap beyond it cannot be repaired; one of 2^15 that a receiver misses would spoil
    /// its count of rollovers, and with it the slot for every later source (RFC 3711 §3.3.1).
    package static let leapMax: UInt64 = 1_024
    /// How many runs of forwarded packets are remembered: at 15 dropped frames a second those of four seconds.
    static let runsMax = 64

    /// Packets of a source that follow each other without one left out, and how they are numbered.
    private struct Run: Sendable {
        /// The first packet, as the source numbers it.
        var first: UInt64
        /// The last; meaningless while the run is the present one and open.
        var last: UInt64
        var sequenceShift: UInt64
        var pictureShift: UInt16
    }

    private var hasSent = false
    private var highestSequence: UInt64
    /// The highest timestamp sent so far.
    package private(set) var highestTimestamp: RTPTimestamp
    private var lastSentAt = MediaInstant.zero
    private var lastDescriptor = DescriptorPatch(pictureID: 0, tl0PictureIndex: 0, keyIndex: 0)

    /// Whether the present source numbers frames as AV1 does, beside its pictures.
    private var numbersFrames = false
    /// The last frame number of the last source that did.
    private var lastFrame: UInt16 = 0

    private var timestampShift: UInt32 = 0
    /// Where the present source began, and by how much its first frame has to run ahead of its true time.
    private var slew = (start: RTPTimestamp(0), excess: 0)
    private var tl0Shift: UInt8 = 0
    private var keyShift: UInt8 = 0
    private var firstOfSource = ExtendedSequenceNumber(.max)
    private var firstTimestamp = RTPTimestamp(0)
    /// What was sent in one go to catch up with a source that has run before.
    private var catchUp: CatchUp?

    /// A recent keyframe and what came after it, sent all at once to a receiver that begins.
    package struct CatchUp: Sendable, Equatable {
        /// So much closer together stand the timestamps of what is caught up on: a receiver must not
        /// take pictures that come at once for pictures to be shown one after the other.
        static let hurry = 32

        /// The newest packet of the source.
        package var last: ExtendedSequenceNumber
        /// Its timestamp.
        package var timestamp: RTPTimestamp

        /// Ends at a packet.
        package init(last: ExtendedSequenceNumber, timestamp: RTPTimestamp) {
            self.last = last
            self.timestamp = timestamp
        }
    }
    /// The number behind the highest that has been seen of the source, forwarded or not.
    private var nextOfSource: UInt64 = 0
    private var run = Run(first: 0, last: 0, sequenceShift: 0, pictureShift: 0)
    private var isRunOpen = true
    /// How many pictures were left out since the run ended.
    private var skippedPictures: UInt16 = 0
    private var gap = LayerGap()
    /// Former runs, the oldest overwritten first; empty for a slot that never left anything out.
    private var formerRuns: [Run] = []
    private var formerCount = 0

    /// Of how many ticks a source that has to run ahead of its true time at first gives back one.
    private static let slewRatio = 8

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
    /// - Parameters:
    ///   - clockRate: Ticks a second of the timestamps, 8,000 to 96,000.
    ///   - catchUp: What else of the source goes out now; `nil`: it begins with the present.
    ///   - alignment: The timestamp that the former source would give this packet's moment; `nil` if it is not
    ///     known. It is not believed where it contradicts the time that has passed by over a second.
    package mutating func start(
        with entry: HistoryEntry, clockRate: UInt32, catchingUp catchUp: CatchUp? = nil,
        at now: MediaInstant, alignedTo alignment: RTPTimestamp? = nil
    ) {
        self.catchUp = catchUp
        let elapsed = max(0, (now - lastSentAt).nanoseconds)
        // A pause longer than an hour gains nothing from being exact, and could overflow.
        let capped = min(elapsed, 3_600_000_000_000)
        let ticks = hasSent ? max(1, capped / 1_000 * Int64(clockRate) / 1_000_000) : 0
        var next = highestTimestamp.rawValue &+ UInt32(truncatingIfNeeded: ticks)
        slew = (entry.timestamp, 0)
        if hasSent, let alignment {
            let aligned = RTPTimestamp(alignment.rawValue &+ timestampShift)
            if abs(aligned.distance(from: RTPTimestamp(next))) <= Int(clockRate) {
                next = aligned.rawValue
                // A receiver must never see time run backwards.
                slew.excess = max(0, 1 - aligned.distance(from: highestTimestamp))
            }
        }
        timestampShift = next &- timestamp(of: entry).rawValue
        let fields = entry.descriptor
        // A decoder of AV1 counts frames in 16 bits and takes none that is older than its last keyframe: whatever was
        // shown in between, they go on where they were.
        if numbersFrames { lastFrame = lastDescriptor.pictureID }
        numbersFrames = entry.codec == .av1
        let lastPicture = numbersFrames ? lastFrame : lastDescriptor.pictureID
        run = Run(
            first: entry.sequence.rawValue, last: entry.sequence.rawValue,
            sequenceShift: (highestSequence &+ 1) &- entry.sequence.rawValue,
            pictureShift: hasSent ? lastPicture &+ 1 &- fields.pictureID : 0)
        tl0Shift = hasSent ? lastDescriptor.tl0PictureIndex &+ 1 &- fields.tl0PictureIndex : 0
        keyShift = hasSent ? lastDescriptor.keyIndex &+ 1 &- fields.keyIndex : 0
        isRunOpen = true
        skippedPictures = 0
        formerCount = 0
        firstOfSource = entry.sequence
        firstTimestamp = entry.timestamp
        nextOfSource = entry.sequence.rawValue
    }

    /// The numbers of a packet of the present source; `nil` if it is older than the source's first
    /// here, or was left out, or is so old that nobody remembers.
    ///
    /// Mutating as ``isLeap(_:)`` is: else all of this would be copied first.
    package mutating func numbers(for entry: HistoryEntry) -> OutgoingNumbers? {
        let source = entry.sequence.rawValue
        guard source >= firstOfSource.rawValue else { return nil }
        var place = run
        if source >= run.first {
            guard isRunOpen || source <= run.last else { return nil }
        } else {
            guard let former = formerRun(where: { $0.first <= source }), source <= former.last
            else { return nil }
            place = former
        }
        // Too large a number is cut to the field's size where it is written.
        let fields = entry.descriptor
        return OutgoingNumbers(
            sequence: ExtendedSequenceNumber(source &+ place.sequenceShift),
            timestamp: outgoing(timestamp(of: entry)),
            descriptor: DescriptorPatch(
                pictureID: fields.pictureID &+ place.pictureShift,
                tl0PictureIndex: fields.tl0PictureIndex &+ tl0Shift,
                keyIndex: fields.keyIndex &+ keyShift),
            marker: entry.marker, reach: reach(of: entry))
    }

    /// The source's timestamp of a packet, moved towards the present if it was caught up on.
    private mutating func timestamp(of entry: HistoryEntry) -> RTPTimestamp {
        guard let catchUp, entry.sequence <= catchUp.last else { return entry.timestamp }
        let age = max(0, catchUp.timestamp.distance(from: entry.timestamp))
        return RTPTimestamp(
            catchUp.timestamp.rawValue &- UInt32(truncatingIfNeeded: age / CatchUp.hurry))
    }

    /// The ticks from the source's first packet here to this one; all there are once no redundancy
    /// can reach back so far.
    private mutating func reach(of entry: HistoryEntry) -> UInt32 {
        guard entry.sequence.rawValue &- firstOfSource.rawValue <= Self.leapMax else { return .max }
        return UInt32(max(0, Int(entry.timestamp.distance(from: firstTimestamp))))
    }

    /// The slot's timestamp for one of the present source. A source that is behind what has been shown already gives
    /// back bit by bit what it had to run ahead, so that a change to and fro adds up to nothing.
    private mutating func outgoing(_ timestamp: RTPTimestamp) -> RTPTimestamp {
        var shifted = timestamp.rawValue &+ timestampShift
        if slew.excess > 0 {
            let passed = timestamp.distance(from: slew.start)
            let rest = slew.excess - passed / Self.slewRatio
            if passed >= 0, rest > 0 { shifted &+= UInt32(truncatingIfNeeded: rest) }
        }
        return RTPTimestamp(shifted)
    }

    /// Takes a packet of the present source in the order of arrival and gives its numbers; `nil` for one that is
    /// left out.
    ///
    /// - Parameter verdict: Whether it is to be forwarded, and what of its picture. A packet that is not leaves no
    ///   hole in the numbers of those behind it, unless they have been sent already.
    mutating func place(_ entry: HistoryEntry, _ verdict: LayerVerdict) -> OutgoingNumbers? {
        let isKept = verdict.isKept
        let source = entry.sequence.rawValue
        guard source >= firstOfSource.rawValue, source >= nextOfSource else {
            return isKept ? numbers(for: entry) : nil
        }
        if !isRunOpen || !isKept {
            bridge(to: entry, verdict)
        }
        nextOfSource = source &+ 1
        gap.note(entry, verdict)
        return isKept ? numbers(for: entry) : nil
    }

    /// Ends or begins runs where something is left out.
    private mutating func bridge(to entry: HistoryEntry, _ verdict: LayerVerdict) {
        let isKept = verdict.isKept
        let source = entry.sequence.rawValue
        let isFirst = source == firstOfSource.rawValue
        let reserves =
            source > nextOfSource
            && gap.mayHoldKept(before: entry, verdict)
        // RFC 9628: VP9 names its references by distances of picture numbers, which must not change.
        let pictures =
            entry.codec == .vp8 && !isFirst ? gap.pictures(to: entry) ?? 0 : 0
        let between = reserves || source == nextOfSource ? 0 : max(pictures, 1) - 1
        if reserves, !isRunOpen { open(at: nextOfSource) }
        if isKept {
            skippedPictures &+= between
            if !isRunOpen { open(at: source) }
        } else {
            if isRunOpen { close(before: reserves ? source : nextOfSource) }
            skippedPictures &+= between &+ (pictures > 0 ? 1 : 0)
        }
    }

    private mutating func close(before source: UInt64) {
        run.last = source &- 1
        isRunOpen = false
    }

    private mutating func open(at source: UInt64) {
        if formerRuns.isEmpty { formerRuns.reserveCapacity(Self.runsMax) }
        if formerRuns.count <= formerCount % Self.runsMax {
            formerRuns.append(run)
        } else {
            formerRuns[formerCount % Self.runsMax] = run
        }
        formerCount += 1
        let skipped = source &- run.last &- 1
        run = Run(
            first: source, last: source, sequenceShift: run.sequenceShift &- skipped,
            pictureShift: run.pictureShift &- skippedPictures)
        skippedPictures = 0
        isRunOpen = true
    }

    /// The newest of the former runs that fits. O(runs back to it).
    private func formerRun(where fits: (Run) -> Bool) -> Run? {
        var number = formerCount
        while number > max(0, formerCount - Self.runsMax) {
            number -= 1
            let former = formerRuns[number % Self.runsMax]
            if fits(former) { return former }
        }
        return nil
    }

    /// Whether a packet is so far ahead of the last one that the source must start anew.
    package mutating func isLeap(_ numbers: OutgoingNumbers) -> Bool {
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
    /// present source, or so long ago that nobody remembers.
    package func sourceSequence(of number: SequenceNumber) -> ExtendedSequenceNumber? {
        guard hasSent else { return nil }
        let outgoing = ExtendedSequenceNumber(highestSequence).nearest(to: number).rawValue
        guard outgoing <= highestSequence else { return nil }
        var place = run
        if Int64(bitPattern: outgoing &- (run.first &+ run.sequenceShift)) < 0 {
            guard
                let former = formerRun(where: {
                    Int64(bitPattern: outgoing &- ($0.first &+ $0.sequenceShift)) >= 0
                })
            else { return nil }
            place = former
        }
        let source = ExtendedSequenceNumber(outgoing &- place.sequenceShift)
        return source >= firstOfSource && source.rawValue < (1 << 62) ? source : nil
    }
}
