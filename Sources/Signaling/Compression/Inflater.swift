// Undoes the compression of a deflated offer, with a cap on what comes out.
// SPDX-License-Identifier: Apache-2.0

/// Why a deflated text was refused.
package enum InflateError: Error, Equatable, Sendable {
    /// The stream is not RFC 1951, or ends too early.
    case malformed
    /// More would come out than is taken.
    case tooLarge
}

/// A decoder of raw deflate streams (RFC 1951), for a few hundred kilobytes of SDP at most.
package struct Inflater {
    private static let lengthBase: [Int] = [
        3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115,
        131, 163, 195, 227, 258,
    ]
    private static let lengthExtraBits: [Int] = [
        0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0,
    ]
    private static let distanceBase: [Int] = [
        1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537,
        2049, 3073, 4097, 6145, 8193, 12289, 16385, 24577,
    ]
    private static let codeLengthOrder: [Int] = [
        16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15,
    ]

    private var input: BitReader
    private let bytesMax: Int
    /// What came out stands in its first `count` bytes; the rest is room for more.
    private var output: [UInt8]
    private var count = 0

    private init(_ input: [UInt8], bytesMax: Int) {
        self.input = BitReader(input)
        self.bytesMax = bytesMax
        // SDP becomes a tenth of itself or so.
        output = [UInt8](repeating: 0, count: max(0, min(bytesMax, 256 &+ input.count &* 10)))
    }

    /// Inflates a whole stream; bytes behind its last block are ignored.
    /// - Parameter bytesMax: The most bytes that may come out.
    package static func inflate(_ input: [UInt8], bytesMax: Int) throws(InflateError) -> [UInt8] {
        var inflater = Inflater(input, bytesMax: bytesMax)
        var isLast = false
        while !isLast {
            isLast = try inflater.input.bits(1) == 1
            switch try inflater.input.bits(2) {
            case 0: try inflater.copyStored()
            case 1:
                // RFC 1951 §3.2.6: the fixed codes.
                let lengths =
                    [UInt8](repeating: 8, count: 144) + [UInt8](repeating: 9, count: 112)
                    + [UInt8](repeating: 7, count: 24) + [UInt8](repeating: 8, count: 8)
                try inflater.expand(
                    literals: PrefixCode(lengths: lengths[...]),
                    distances: PrefixCode(lengths: [UInt8](repeating: 5, count: 30)[...]))
            case 2: try inflater.expandDynamic()
            default: throw .malformed
            }
        }
        inflater.output.removeLast(inflater.output.count &- inflater.count)
        return inflater.output
    }

    /// Sees to it that `more` bytes fit behind what came out.
    private mutating func makeRoom(_ more: Int) throws(InflateError) {
        guard more <= bytesMax &- count else { throw .tooLarge }
        guard output.count &- count < more else { return }
        let size = min(bytesMax, max(count &+ more, output.count &* 2))
        output.append(contentsOf: repeatElement(0, count: size &- output.count))
    }

    /// A block of bytes as they are (RFC 1951 §3.2.4).
    private mutating func copyStored() throws(InflateError) {
        input.skipToByte()
        let length = try input.bits(16)
        let check = try input.bits(16)
        guard length == ~check & 0xFFFF, input.bytesLeft >= length else { throw .malformed }
        try makeRoom(length)
        for _ in 0..<length {
            output[count] = UInt8(truncatingIfNeeded: try input.bits(8))
            count &+= 1
        }
    }

    /// A block that brings its own codes (RFC 1951 §3.2.7).
    private mutating func expandDynamic() throws(InflateError) {
        let literalCount = try input.bits(5) + 257
        let distanceCount = try input.bits(5) + 1
        let codeCount = try input.bits(4) + 4
        guard literalCount <= 286, distanceCount <= 30 else { throw .malformed }
        var codeLengths = [UInt8](repeating: 0, count: 19)
        for position in 0..<codeCount {
            codeLengths[Self.codeLengthOrder[position]] = UInt8(
                truncatingIfNeeded: try input.bits(3))
        }
        let codes = try PrefixCode(lengths: codeLengths[...])
        var lengths: [UInt8] = []
        lengths.reserveCapacity(literalCount + distanceCount + 138)
        while lengths.count < literalCount + distanceCount {
            let symbol = try codes.symbol(&input)
            switch symbol {
            case 0..<16: lengths.append(UInt8(truncatingIfNeeded: symbol))
            case 16:
                guard let last = lengths.last else { throw .malformed }
                lengths.append(contentsOf: repeatElement(last, count: 3 + (try input.bits(2))))
            case 17: lengths.append(contentsOf: repeatElement(0, count: 3 + (try input.bits(3))))
            default: lengths.append(contentsOf: repeatElement(0, count: 11 + (try input.bits(7))))
            }
        }
        guard lengths.count == literalCount + distanceCount, lengths[256] != 0 else {
            throw .malformed
        }
        try expand(
            literals: PrefixCode(lengths: lengths[..<literalCount]),
            distances: PrefixCode(lengths: lengths[literalCount...]))
    }

    /// The bytes and repetitions of a compressed block (RFC 1951 §3.2.3).
    private mutating func expand(
        literals: PrefixCode, distances: PrefixCode
    ) throws(InflateError) {
        while true {
            let symbol = try literals.symbol(&input)
            if symbol < 256 {
                try makeRoom(1)
                output[count] = UInt8(truncatingIfNeeded: symbol)
                count &+= 1
                continue
            }
            if symbol == 256 { return }
            let lengthIndex = symbol - 257
            guard lengthIndex < Self.lengthBase.count else { throw .malformed }
            let lengthExtra = try input.bits(Self.lengthExtraBits[lengthIndex])
            let length = Self.lengthBase[lengthIndex] + lengthExtra
            let distanceIndex = try distances.symbol(&input)
            guard distanceIndex < Self.distanceBase.count else { throw .malformed }
            let extraBits = max(0, distanceIndex / 2 - 1)
            let distance = Self.distanceBase[distanceIndex] + (try input.bits(extraBits))
            guard distance <= count else { throw .malformed }
            try makeRoom(length)
            repeatBytes(from: distance, length)
        }
    }

    /// Writes the bytes again that stand `distance` before the end, which may lie among those written here.
    private mutating func repeatBytes(from distance: Int, _ length: Int) {
        let (start, end) = (count, count &+ length)
        var bytes = output.mutableSpan
        for index in start..<end { bytes[index] = bytes[index &- distance] }
        count = end
    }
}
