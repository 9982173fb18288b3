// Remembering when packets of one transport arrived, and making feedback of it.
// SPDX-License-Identifier: Apache-2.0

package import Wire

/// Collects the arrival times of one peer's packets by their transport-wide sequence numbers
/// (draft-holmer-rmcat-transport-wide-cc-extensions-01).
///
/// Its memory is one ring of 1,024 times, taken at the first packet: at feedback each 100 ms, enough for
/// 10,000 packets per second. A packet that comes after its feedback has left is reported by the next one
/// together with all that follow it; senders pass over what they know already.
package struct TransportFeedbackRecorder: ~Copyable, Sendable {
    /// How many sequence numbers, counted back from the newest, are remembered.
    package static let windowPackets = 1024
    /// The longest feedback packet made, in bytes.
    package static let feedbackBytesMax = 1000
    /// The least room `makeFeedback` needs: a head, chunks for a whole window, one delta and padding.
    package static let feedbackBytesMin = 324

    /// Arrival in units of 250 us modulo 2^32 (a wrap of the 24-bit reference time); 0: not arrived.
    private var arrivals: [UInt32] = []
    private var newest = ExtendedSequenceNumber(0)
    private var pendingStart = ExtendedSequenceNumber(0)
    private var feedbackCount: UInt8 = 0
    /// The number that would follow one far behind the window: two in a row mean that the sender restarted.
    private var restartCandidate: SequenceNumber?

    /// Makes an empty recorder; it takes no memory before the first packet.
    package init() {}

    /// Whether there is something that no feedback has told yet.
    package var hasPending: Bool { !arrivals.isEmpty && pendingStart <= newest }

    /// Notes that a packet arrived. O(gap to the newest number, at most the window).
    package mutating func record(sequence: SequenceNumber, at now: MediaInstant) {
        let tick = Self.tick(of: now)
        if arrivals.isEmpty {
            arrivals = [UInt32](repeating: 0, count: Self.windowPackets)
            restart(at: sequence, tick: tick)
            return
        }
        let number = newest.nearest(to: sequence)
        let window = UInt64(Self.windowPackets)
        if number > newest {
            advance(to: number)
        } else if newest.rawValue &- number.rawValue >= window {
            if restartCandidate == sequence {
                restart(at: sequence, tick: tick)
            } else {
                restartCandidate = SequenceNumber(sequence.rawValue &+ 1)
            }
            return
        }
        restartCandidate = nil
        let slot = Self.slot(of: number)
        // A duplicate keeps the time of the first.
        guard arrivals[slot] == 0 else { return }
        arrivals[slot] = tick
        if number < pendingStart { pendingStart = number }
    }

    /// Appends one feedback packet with what is not told yet; call until it gives false.
    ///
    /// A packet ends early where the time between two arrivals does not fit a delta (about 8 s), or where
    /// it would pass `feedbackBytesMax` or the room.
    /// - Returns: Whether a packet was written: false if nothing is left, or if there is less room than
    ///   `feedbackBytesMin`.
    package mutating func makeFeedback(
        into output: inout OutputSpan<UInt8>, senderSSRC: SSRC, mediaSSRC: SSRC
    ) -> Bool {
        let budget = Swift.min(Self.feedbackBytesMax, output.freeCapacity)
        guard hasPending, budget >= Self.feedbackBytesMin else { return false }
        var symbols = InlineArray<1024, UInt8>(repeating: TransportFeedbackChunk.missing)
        let base = pendingStart.rawValue
        var statusCount = 0
        var deltaBytes = 0
        var reference: UInt32 = 0
        var previous: UInt32 = 0
        let pending = Swift.min(newest.rawValue &- base &+ 1, UInt64(Self.windowPackets))
        for index in 0..<Int(pending) {
            let tick = arrivals[Self.slot(of: ExtendedSequenceNumber(base &+ UInt64(index)))]
            guard tick != 0 else { continue }
            if statusCount == 0 {
                reference = tick >> 8
                previous = reference << 8
            }
            guard let symbol = Self.symbol(from: previous, to: tick) else { break }
            let chunkBytes = 2 * ((index + 1 + 6) / 7)
            let needed = 20 + chunkBytes + deltaBytes + Int(symbol) + 3
            guard needed <= budget else { break }
            symbols[index] = symbol
            statusCount = index + 1
            deltaBytes += Int(symbol)
            previous = tick
        }
        guard statusCount > 0 else { return false }

        var chunkBytes = 0
        var position = 0
        while position < statusCount {
            position +=
                TransportFeedbackChunk.encode(symbols, from: position, to: statusCount).count
            chunkBytes += 2
        }
        let bodyCount = TransportFeedback.headCount + chunkBytes + deltaBytes
        let padding = (4 - bodyCount % 4) % 4
        guard
            RTCPWriter.head(
                RTCPType.transportFeedback, RTCPFeedbackFormat.transportWide, bodyCount + padding,
                hasPadding: padding > 0, &output)
        else { return false }
        output.append(uint32: senderSSRC.rawValue)
        output.append(uint32: mediaSSRC.rawValue)
        output.append(uint16: pendingStart.sequenceNumber.rawValue)
        output.append(uint16: UInt16(truncatingIfNeeded: statusCount))
        output.append(uint24: reference)
        output.append(feedbackCount)
        position = 0
        while position < statusCount {
            let chunk = TransportFeedbackChunk.encode(symbols, from: position, to: statusCount)
            output.append(uint16: chunk.word)
            position += chunk.count
        }
        previous = reference << 8
        for index in 0..<statusCount {
            let symbol = symbols[index]
            guard symbol != TransportFeedbackChunk.missing else { continue }
            let tick = arrivals[Self.slot(of: ExtendedSequenceNumber(base &+ UInt64(index)))]
            let delta = UInt16(truncatingIfNeeded: tick &- previous)
            if symbol == TransportFeedbackChunk.smallDelta {
                output.append(UInt8(truncatingIfNeeded: delta))
            } else {
                output.append(uint16: delta)
            }
            previous = tick
        }
        // Padding as libwebrtc writes it: zeros, the last byte counting them, the padding bit set.
        for left in stride(from: padding, to: 0, by: -1) {
            output.append(left == 1 ? UInt8(truncatingIfNeeded: padding) : 0)
        }
        feedbackCount &+= 1
        pendingStart = ExtendedSequenceNumber(base &+ UInt64(statusCount))
        return true
    }

    /// Begins anew at a number, with nothing else known.
    private mutating func restart(at sequence: SequenceNumber, tick: UInt32) {
        for index in arrivals.indices { arrivals[index] = 0 }
        // One wrap above zero, so that earlier numbers have room below.
        newest = ExtendedSequenceNumber(1 << 16 | UInt64(sequence.rawValue))
        pendingStart = newest
        restartCandidate = nil
        arrivals[Self.slot(of: newest)] = tick
    }

    /// Moves the window forward to a newer number and forgets what falls out.
    private mutating func advance(to number: ExtendedSequenceNumber) {
        let window = UInt64(Self.windowPackets)
        let steps = Swift.min(number.rawValue &- newest.rawValue, window)
        for step in 0..<Int(steps) {
            arrivals[Self.slot(of: ExtendedSequenceNumber(number.rawValue &- UInt64(step)))] = 0
        }
        newest = number
        let oldest = ExtendedSequenceNumber(number.rawValue &- (window - 1))
        if pendingStart < oldest { pendingStart = oldest }
    }

    private static func slot(of number: ExtendedSequenceNumber) -> Int {
        Int(number.rawValue & UInt64(windowPackets - 1))
    }

    private static func tick(of instant: MediaInstant) -> UInt32 {
        let tick = UInt32(
            truncatingIfNeeded: instant.nanoseconds / TransportFeedback.tickNanoseconds)
        // Zero means "not arrived"; a quarter of a millisecond once in 12 days is no loss.
        return tick == 0 ? 1 : tick
    }

    /// The status symbol for a delta; `nil` if it fits neither size.
    private static func symbol(from previous: UInt32, to tick: UInt32) -> UInt8? {
        let delta = Int32(bitPattern: tick &- previous)
        if (0...255).contains(delta) { return TransportFeedbackChunk.smallDelta }
        return Int16(exactly: delta) == nil ? nil : TransportFeedbackChunk.largeDelta
    }
}
