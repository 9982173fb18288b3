// Reading transport-wide feedback: which packets arrived, and when.
// SPDX-License-Identifier: Apache-2.0

package import Wire

/// One transport-wide feedback packet (draft-holmer-rmcat-transport-wide-cc-extensions-01 §3.1).
///
/// ```
/// |      base sequence number     |      packet status count      |
/// |                 reference time                | fb pkt. count |
/// |          packet chunk         |         packet chunk  ...     |
/// |         recv delta ...        |           zero padding        |
/// ```
package struct TransportFeedback: Sendable {
    /// The unit of receive deltas, in nanoseconds (250 us).
    package static let tickNanoseconds: Int64 = 250_000
    /// Receive-delta units in one unit of the reference time (64 ms).
    package static let ticksPerReference: Int64 = 256
    /// Body bytes before the chunks.
    static let headCount = 16

    /// Who reports, and a media source of the transport reported on.
    package let sources: FeedbackSources
    /// The transport-wide sequence number of the first status.
    package let baseSequenceNumber: SequenceNumber
    /// How many packets are spoken of, 1 to 65,535.
    package let statusCount: Int
    /// The time the deltas count from, in 64 ms of the reporter's clock; 24 bits with sign, wraps.
    package let referenceTime: Int32
    /// A number that grows by one with each feedback packet, modulo 256.
    package let feedbackCount: UInt8

    fileprivate let chunks: Range<Int>
    fileprivate let deltas: Range<Int>

    /// Reads a feedback packet and checks that chunks and deltas hold what its head says.
    ///
    /// O(chunks).
    /// - Throws: `.unexpectedKind`, `.truncated`, or `.inconsistent` for no statuses at all or the reserved
    ///   status symbol.
    package init(_ packet: RTCPPacketView, in bytes: Span<UInt8>) throws(RTCPError) {
        try packet.require(.transportFeedback, count: Self.headCount, in: bytes)
        sources = try FeedbackSources(packet, in: bytes)
        let counts = try packet.bodyUInt32(at: 8, in: bytes)
        let times = try packet.bodyUInt32(at: 12, in: bytes)
        baseSequenceNumber = SequenceNumber(UInt16(truncatingIfNeeded: counts >> 16))
        statusCount = Int(counts & 0xFFFF)
        referenceTime = Int32(bitPattern: times) >> 8
        feedbackCount = UInt8(truncatingIfNeeded: times)
        guard statusCount > 0 else { throw .inconsistent }

        let start = packet.bodyRange.lowerBound + Self.headCount
        let end = packet.bodyRange.upperBound
        var offset = start
        var statusesLeft = statusCount
        var deltaBytes = 0
        while statusesLeft > 0 {
            guard offset + 2 <= end, let word = bytes.uint16(at: offset) else {
                throw .truncated(needed: offset + 2 - start, have: end - start)
            }
            offset += 2
            let chunk = TransportFeedbackChunk(word, statusesMax: statusesLeft)
            guard let bytes = chunk.deltaBytes else { throw .inconsistent }
            deltaBytes += bytes
            statusesLeft -= chunk.count
        }
        guard offset + deltaBytes <= end else {
            throw .truncated(needed: offset + deltaBytes - start, have: end - start)
        }
        chunks = start..<offset
        deltas = offset..<(offset + deltaBytes)
    }
}

/// What feedback says about one packet.
package struct TransportFeedbackStatus: Equatable, Sendable {
    /// The transport-wide sequence number.
    package var sequenceNumber: SequenceNumber
    /// When the packet arrived, since the zero of the reporter's clock in the rhythm of its reference time
    /// (which wraps every 12 days); `nil` if it has not arrived.
    package var arrival: MediaDuration?
}

/// Walks the statuses of one feedback packet without allocation.
package struct TransportFeedbackCursor: Sendable {
    private var chunkOffset: Int
    private let chunkEnd: Int
    private var deltaOffset: Int
    private var statusesLeft: Int
    private var sequence: UInt16
    private var ticks: Int64
    private var chunk = TransportFeedbackChunk(0, statusesMax: 0)
    private var chunkPosition = 0

    /// Starts before the first status.
    package init(_ feedback: TransportFeedback) {
        chunkOffset = feedback.chunks.lowerBound
        chunkEnd = feedback.chunks.upperBound
        deltaOffset = feedback.deltas.lowerBound
        statusesLeft = feedback.statusCount
        sequence = feedback.baseSequenceNumber.rawValue
        ticks = Int64(feedback.referenceTime) * TransportFeedback.ticksPerReference
    }

    /// The next status; `nil` after the last.
    ///
    /// A packet of few bytes can speak of 65,535 missing packets; ``nextReceived(in:)`` passes over them.
    package mutating func next(in bytes: Span<UInt8>) -> TransportFeedbackStatus? {
        guard loadChunk(in: bytes) else { return nil }
        let symbol = chunk.symbol(at: chunkPosition)
        chunkPosition += 1
        statusesLeft -= 1
        let number = SequenceNumber(sequence)
        sequence &+= 1
        var status = TransportFeedbackStatus(sequenceNumber: number, arrival: nil)
        switch symbol {
        case TransportFeedbackChunk.smallDelta:
            guard let delta = bytes.uint8(at: deltaOffset) else { return nil }
            deltaOffset += 1
            ticks &+= Int64(delta)
        case TransportFeedbackChunk.largeDelta:
            guard let delta = bytes.uint16(at: deltaOffset) else { return nil }
            deltaOffset += 2
            ticks &+= Int64(Int16(bitPattern: delta))
        default:
            return status
        }
        status.arrival = MediaDuration(nanoseconds: ticks &* TransportFeedback.tickNanoseconds)
        return status
    }

    /// The next status of a packet that arrived; `nil` after the last. O(bytes of the packet) in all.
    package mutating func nextReceived(in bytes: Span<UInt8>) -> TransportFeedbackStatus? {
        while loadChunk(in: bytes) {
            if chunk.isRunOfMissing {
                let skipped = chunk.count - chunkPosition
                chunkPosition = chunk.count
                statusesLeft -= skipped
                sequence &+= UInt16(truncatingIfNeeded: skipped)
                continue
            }
            guard let status = next(in: bytes) else { return nil }
            if status.arrival != nil { return status }
        }
        return nil
    }

    /// Makes sure that the chunk at hand has a status left.
    private mutating func loadChunk(in bytes: Span<UInt8>) -> Bool {
        guard statusesLeft > 0 else { return false }
        // A run may be of no packets at all: then the next chunk is looked at.
        while chunkPosition >= chunk.count {
            guard chunkOffset < chunkEnd, let word = bytes.uint16(at: chunkOffset) else {
                statusesLeft = 0
                return false
            }
            chunkOffset += 2
            chunk = TransportFeedbackChunk(word, statusesMax: statusesLeft)
            chunkPosition = 0
        }
        return true
    }
}

/// One 16-bit chunk of statuses (draft-holmer-rmcat-transport-wide-cc-extensions-01 §3.1.2 to §3.1.4).
///
/// ```
/// |0| S |       Run Length        |   |1|0|   14 symbols of 1 bit     |   |1|1|    7 symbols of 2 bits    |
/// ```
struct TransportFeedbackChunk: Equatable, Sendable {
    static let missing: UInt8 = 0
    static let smallDelta: UInt8 = 1
    static let largeDelta: UInt8 = 2
    static let runLengthMax = 0x1FFF
    static let oneBitSymbols = 14
    static let twoBitSymbols = 7

    private let word: UInt16
    /// How many statuses it holds that count.
    let count: Int

    /// Reads a chunk of which at most `statusesMax` statuses count.
    init(_ word: UInt16, statusesMax: Int) {
        self.word = word
        let held: Int
        switch word >> 14 {
        case 2: held = Self.oneBitSymbols
        case 3: held = Self.twoBitSymbols
        default: held = Int(word & 0x1FFF)
        }
        count = Swift.min(held, statusesMax)
    }

    /// Whether it is a run of packets that have not arrived.
    var isRunOfMissing: Bool { word >> 13 == 0 }

    /// The symbol of the status at `index`, which is below `count`.
    func symbol(at index: Int) -> UInt8 {
        switch word >> 14 {
        case 2: UInt8(truncatingIfNeeded: word >> UInt16(truncatingIfNeeded: 13 - index) & 1)
        case 3: UInt8(truncatingIfNeeded: word >> UInt16(truncatingIfNeeded: 12 - 2 * index) & 3)
        default: UInt8(truncatingIfNeeded: word >> 13 & 3)
        }
    }

    /// Bytes its deltas take; `nil` if a status is of the reserved kind.
    var deltaBytes: Int? {
        if word >> 15 == 0 {
            let symbol = symbol(at: 0)
            return symbol > Self.largeDelta ? nil : count * Int(symbol)
        }
        var bytes = 0
        for index in 0..<count {
            let symbol = symbol(at: index)
            guard symbol <= Self.largeDelta else { return nil }
            bytes += Int(symbol)
        }
        return bytes
    }

    /// The chunk to write for the statuses from `start`, and how many of them it takes.
    ///
    /// It takes at least 7, or all that are left: so n statuses never need more than ceil(n / 7) chunks.
    static func encode(
        _ symbols: borrowing InlineArray<1024, UInt8>, from start: Int, to end: Int
    ) -> (word: UInt16, count: Int) {
        let left = end - start
        let symbol = symbols[start]
        var run = 1
        while run < Swift.min(left, runLengthMax), symbols[start + run] == symbol { run += 1 }
        if run == left || run >= oneBitSymbols { return runLength(symbol, run) }
        let oneBit = Swift.min(left, oneBitSymbols)
        var word: UInt16 = 0x8000
        var fitsOneBit = true
        for index in 0..<oneBit {
            let symbol = symbols[start + index]
            if symbol == largeDelta {
                fitsOneBit = false
                break
            }
            word |= UInt16(symbol) << UInt16(13 - index)
        }
        if fitsOneBit { return (word, oneBit) }
        if run >= twoBitSymbols { return runLength(symbol, run) }
        let twoBit = Swift.min(left, twoBitSymbols)
        word = 0xC000
        for index in 0..<twoBit {
            word |= UInt16(symbols[start + index]) << UInt16(12 - 2 * index)
        }
        return (word, twoBit)
    }

    private static func runLength(_ symbol: UInt8, _ count: Int) -> (word: UInt16, count: Int) {
        (UInt16(symbol) << 13 | UInt16(truncatingIfNeeded: count), count)
    }
}
