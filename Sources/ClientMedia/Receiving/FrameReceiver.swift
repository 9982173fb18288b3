// Packets of pictures in any order, made into whole frames in order.
// SPDX-License-Identifier: Apache-2.0
import Payloads
package import RTP
package import Wire

/// A whole frame as it was encoded.
package struct EncodedFrame: Sendable, Equatable {
    /// What it is encoded as.
    package var codec: MediaCodec
    /// Its bytes, as ``FrameAssembler`` says for each codec.
    package var bytes: [UInt8]
    /// When it was captured, on the sender's clock of 90 kHz.
    package var timestamp: RTPTimestamp
    /// Whether decoding can begin with it.
    package var isKeyframe: Bool
    /// When it was whole.
    package var completeAt: MediaInstant
    /// How it is to be turned (3GPP TS 26.114 §7.4.5); 0: not at all.
    package var orientation: UInt8 = 0
    /// The sender's wall clock when it was captured; `nil` before its first report.
    package var capturedAt: NTPTime?

    /// Describes a frame.
    package init(
        codec: MediaCodec, bytes: [UInt8], timestamp: RTPTimestamp, isKeyframe: Bool,
        completeAt: MediaInstant
    ) {
        self.codec = codec
        self.bytes = bytes
        self.timestamp = timestamp
        self.isKeyframe = isKeyframe
        self.completeAt = completeAt
    }
}

/// Puts the packets of one received stream of pictures in order and hands out whole frames.
///
/// The first is a keyframe. Where packets are missing it waits for them, as long as they are of use; then it goes on with
/// the next keyframe, and says that one is needed while there is none. Its memory is bounded: ``packetsMax`` packets.
package struct FrameReceiver: Sendable {
    /// How many packets are held at most; what is further ahead makes it start over.
    package static let packetsMax = 2_048
    /// How long a missing packet is waited for once later ones are there.
    package static let patience = MediaDuration.milliseconds(500)
    /// The same where a whole keyframe follows.
    package static let patienceBeforeKeyframe = MediaDuration.milliseconds(50)

    private struct Packet: Sendable {
        var number: UInt64
        var timestamp: RTPTimestamp
        var isLast: Bool
        var codec: MediaCodec
        var startsKeyframe: Bool
        var bringsParameters: Bool
        var payload: [UInt8]
    }

    /// Empty before the first packet: most sections of a connection never get one.
    private var ring: [Packet?] = []
    /// The number that the next frame begins with; `nil`: a keyframe is waited for.
    private var next: UInt64?
    /// Packets below this are of no use any more.
    private var floor: UInt64 = 0
    private var newest: UInt64?
    /// Since when a packet has been missing while later ones are there.
    private var blockedSince: MediaInstant?
    private var assembler: FrameAssembler?
    private var assembledCodec: MediaCodec?

    /// Whether a frame that was handed out brought what the codec's pictures need. Until one has, a keyframe of H.264 without
    /// parameter sets is one whose first packet was lost.
    private var hasParameters = false
    /// What is said of the frame that is not whole yet.
    private var rhythm = FrameRhythm()

    /// Whether nothing can be shown without another keyframe.
    package private(set) var needsKeyframe = false
    /// When ``nextFrame(at:)`` may have something that it has not now; `nil`: with the next packet only.
    package private(set) var nextDeadline: MediaInstant?
    /// Packets that came too late or twice.
    package private(set) var latePackets: UInt64 = 0
    /// How often frames were left out for packets that never came.
    package private(set) var interruptions: UInt64 = 0

    /// Waits for a keyframe.
    package init() {}

    /// The number of the packet that the next frame begins with; `nil`: a keyframe is waited for.
    package var nextNumber: ExtendedSequenceNumber? { next.map { ExtendedSequenceNumber($0) } }

    /// Takes a packet.
    /// - Parameters:
    ///   - number: Its number in the stream, unwrapped; of what came by retransmission the original one.
    ///   - marker: Whether the frame ends with it.
    ///   - payload: Without padding; empty packets only fill their place.
    package mutating func insert(
        _ number: ExtendedSequenceNumber, timestamp: RTPTimestamp, marker: Bool,
        codec: MediaCodec, payload: Span<UInt8>
    ) {
        let number = number.rawValue
        guard number >= max(floor, next ?? 0) else {
            latePackets &+= 1
            return
        }
        if let start = next, number - start >= UInt64(Self.packetsMax) { startOver(from: number) }
        if ring.isEmpty { ring = Array(repeating: nil, count: Self.packetsMax) }
        let place = Int(number % UInt64(Self.packetsMax))
        if let held = ring[place] {
            guard held.number < number else {
                latePackets &+= 1
                return
            }
        }
        let startsKeyframe = Keyframe.isKeyframeStart(codec: codec, payload: payload)
        ring[place] = Packet(
            number: number, timestamp: timestamp, isLast: marker, codec: codec,
            startsKeyframe: startsKeyframe,
            bringsParameters: startsKeyframe
                && Keyframe.bringsParameters(codec: codec, payload: payload),
            payload: payload.copied())
        newest = max(newest ?? 0, number)
    }

    /// The next frame, if it is whole; call it after each packet and at ``nextDeadline`` until it has none.
    package mutating func nextFrame(at now: MediaInstant) -> EncodedFrame? {
        nextDeadline = nil
        guard let newest else { return nil }
        while true {
            guard let start = next ?? firstKeyframe(from: floor, to: newest) else {
                needsKeyframe = true
                return nil
            }
            next = start
            switch run(from: start, to: newest) {
            case .empty(let count):
                // Nothing but packets without content.
                next = start + count
                if start + count > newest { return nil }
            case .whole(let last):
                blockedSince = nil
                let frame = assemble(start...last, at: now)
                if let frame { rhythm.add(frame.timestamp) }
                discard(start...last)
                next = last + 1
                guard let frame else {
                    skip(to: last + 1)
                    continue
                }
                needsKeyframe = false
                return frame
            case .unfinished:
                blockedSince = nil
                return nil
            case .missing(let hole):
                let since = blockedSince ?? now
                blockedSince = since
                let keyframe = firstKeyframe(from: hole + 1, to: newest)
                let isReady = keyframe.map { isWhole(from: $0, to: newest) } ?? false
                let due = since + (isReady ? Self.patienceBeforeKeyframe : Self.patience)
                guard now >= due else {
                    nextDeadline = due
                    return nil
                }
                skip(to: hole + 1)
            }
        }
    }

    /// The next frame, which is not whole yet: its timestamp, or what that will be if frames go on as before, and how long it is
    /// worth waiting for.
    package var ahead: (timestamp: RTPTimestamp, patience: MediaDuration)? {
        let begun = next.flatMap { packet($0) }?.timestamp
        return rhythm.ahead(begun: begun, isMissing: blockedSince != nil)
    }

    /// Another source is shown from now on.
    package mutating func restart() {
        rhythm = FrameRhythm()
        hasParameters = false
    }

    private enum Run {
        /// So many packets without content.
        case empty(UInt64)
        /// A frame that ends with this number.
        case whole(UInt64)
        /// All that came is there, and the frame goes on.
        case unfinished
        /// This number is missing.
        case missing(UInt64)
    }

    /// What stands from a number on.
    private func run(from start: UInt64, to newest: UInt64) -> Run {
        var timestamp: RTPTimestamp?
        var number = start
        while number <= newest {
            guard let packet = packet(number) else { return .missing(number) }
            if let timestamp, packet.timestamp != timestamp { return .whole(number - 1) }
            if packet.payload.isEmpty, timestamp == nil { return .empty(number + 1 - start) }
            timestamp = packet.timestamp
            if packet.isLast { return .whole(number) }
            number += 1
        }
        return .unfinished
    }

    private func isWhole(from start: UInt64, to newest: UInt64) -> Bool {
        if case .whole = run(from: start, to: newest) { return true }
        return false
    }

    private func packet(_ number: UInt64) -> Packet? {
        guard !ring.isEmpty, let packet = ring[Int(number % UInt64(Self.packetsMax))],
            packet.number == number
        else { return nil }
        return packet
    }

    /// The first packet a decoder can begin at. O(numbers, at most ``packetsMax``).
    private func firstKeyframe(from start: UInt64, to newest: UInt64) -> UInt64? {
        let most = UInt64(Self.packetsMax)
        var number = newest >= most ? max(start, newest - most + 1) : start
        while number <= newest {
            if let packet = packet(number), packet.startsKeyframe,
                hasParameters || packet.bringsParameters
            {
                return number
            }
            number += 1
        }
        return nil
    }

    private mutating func assemble(
        _ numbers: ClosedRange<UInt64>, at now: MediaInstant
    ) -> EncodedFrame? {
        guard let first = packet(numbers.lowerBound) else { return nil }
        if assembledCodec != first.codec {
            assembler = try? FrameAssembler(codec: first.codec)
            assembledCodec = first.codec
            hasParameters = false
        }
        assembler?.removeAll()
        do throws(FrameAssemblyError) {
            for number in numbers {
                guard let packet = packet(number), packet.codec == first.codec else { return nil }
                if !packet.payload.isEmpty { try assembler?.append(packet.payload.span) }
            }
            guard let bytes = try assembler?.finished() else { return nil }
            if first.bringsParameters { hasParameters = true }
            return EncodedFrame(
                codec: first.codec, bytes: bytes, timestamp: first.timestamp,
                isKeyframe: first.startsKeyframe, completeAt: now)
        } catch {
            return nil
        }
    }

    private mutating func discard(_ numbers: ClosedRange<UInt64>) {
        guard !ring.isEmpty else { return }
        for number in numbers { ring[Int(number % UInt64(Self.packetsMax))] = nil }
    }

    /// Leaves out what stands before a number, and goes on with the first keyframe from there on.
    private mutating func skip(to number: UInt64) {
        interruptions &+= 1
        blockedSince = nil
        floor = number
        next = nil
    }

    private mutating func startOver(from number: UInt64) {
        ring = Array(repeating: nil, count: Self.packetsMax)
        newest = nil
        skip(to: number)
    }
}
