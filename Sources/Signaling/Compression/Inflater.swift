// Undoes the compression of a deflated offer, with a cap on what comes out.
// SPDX-License-Identifier: Apache-2.0

/// Why a deflated text was refused.
package enum InflateError: Error, Equatable, Sendable {
    /// The stream is not RFC 1951, or ends too early.
    case malformed
    /// More would come out than is taken.
    case tooLarge
}

/// A decoder of raw deflate streams (RFC 1951).
///
/// Written for a few hundred kilobytes of SDP at most; it decodes bit by bit and allocates only its output.
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

    private let input: [UInt8]
    private let bytesMax: Int
    private var byteIndex = 0
    private var bitIndex = 0
    private var output: [UInt8] = []

    private init(_ input: [UInt8], bytesMax: Int) {
        self.input = input
        self.bytesMax = bytesMax
    }

    /// Inflates a whole stream; bytes behind its last block are ignored.
    /// - Parameter bytesMax: The most bytes that may come out.
    package static func inflate(_ input: [UInt8], bytesMax: Int) throws(InflateError) -> [UInt8] {
        var inflater = Inflater(input, bytesMax: bytesMax)
        var isLast = false
        while !isLast {
            isLast = try inflater.bits(1) == 1
            switch try inflater.bits(2) {
            case 0: try inflater.copyStored()
            case 1:
                // RFC 1951 §3.2.6: the fixed codes.
                let lengths =
                    [Int](repeating: 8, count: 144) + [Int](repeating: 9, count: 112)
                    + [Int](repeating: 7, count: 24) + [Int](repeating: 8, count: 8)
                try inflater.expand(
                    literals: HuffmanCode(lengths: lengths),
                    distances: HuffmanCode(lengths: [Int](repeating: 5, count: 30)))
            case 2: try inflater.expandDynamic()
            default: throw .malformed
            }
        }
        return inflater.output
    }

    private mutating func bit() throws(InflateError) -> Int {
        guard byteIndex < input.count else { throw .malformed }
        let value = Int(input[byteIndex] >> UInt8(bitIndex)) & 1
        bitIndex += 1
        if bitIndex == 8 {
            bitIndex = 0
            byteIndex += 1
        }
        return value
    }

    private mutating func bits(_ count: Int) throws(InflateError) -> Int {
        var value = 0
        for position in 0..<count { value |= try bit() << position }
        return value
    }

    private mutating func emit(_ byte: UInt8) throws(InflateError) {
        guard output.count < bytesMax else { throw .tooLarge }
        output.append(byte)
    }

    /// A block of bytes as they are (RFC 1951 §3.2.4).
    private mutating func copyStored() throws(InflateError) {
        if bitIndex != 0 {
            bitIndex = 0
            byteIndex += 1
        }
        guard input.count - byteIndex >= 4 else { throw .malformed }
        let count = Int(input[byteIndex]) | Int(input[byteIndex + 1]) << 8
        let check = Int(input[byteIndex + 2]) | Int(input[byteIndex + 3]) << 8
        guard count == ~check & 0xFFFF else { throw .malformed }
        byteIndex += 4
        guard input.count - byteIndex >= count else { throw .malformed }
        guard output.count + count <= bytesMax else { throw .tooLarge }
        output.append(contentsOf: input[byteIndex..<byteIndex + count])
        byteIndex += count
    }

    /// A block that brings its own codes (RFC 1951 §3.2.7).
    private mutating func expandDynamic() throws(InflateError) {
        let literalCount = try bits(5) + 257
        let distanceCount = try bits(5) + 1
        let codeCount = try bits(4) + 4
        guard literalCount <= 286, distanceCount <= 30 else { throw .malformed }
        var codeLengths = [Int](repeating: 0, count: 19)
        for position in 0..<codeCount { codeLengths[Self.codeLengthOrder[position]] = try bits(3) }
        let codes = try HuffmanCode(lengths: codeLengths)
        var lengths: [Int] = []
        while lengths.count < literalCount + distanceCount {
            let symbol = try self.symbol(codes)
            switch symbol {
            case 0..<16: lengths.append(symbol)
            case 16:
                guard let last = lengths.last else { throw .malformed }
                lengths.append(contentsOf: repeatElement(last, count: 3 + (try bits(2))))
            case 17: lengths.append(contentsOf: repeatElement(0, count: 3 + (try bits(3))))
            default: lengths.append(contentsOf: repeatElement(0, count: 11 + (try bits(7))))
            }
        }
        guard lengths.count == literalCount + distanceCount, lengths[256] != 0 else {
            throw .malformed
        }
        try expand(
            literals: HuffmanCode(lengths: Array(lengths[..<literalCount])),
            distances: HuffmanCode(lengths: Array(lengths[literalCount...])))
    }

    /// The bytes and repetitions of a compressed block (RFC 1951 §3.2.3).
    private mutating func expand(
        literals: HuffmanCode, distances: HuffmanCode
    ) throws(InflateError) {
        while true {
            let symbol = try symbol(literals)
            if symbol < 256 {
                try emit(UInt8(symbol))
                continue
            }
            if symbol == 256 { return }
            let lengthIndex = symbol - 257
            guard lengthIndex < Self.lengthBase.count else { throw .malformed }
            let lengthExtra = try bits(Self.lengthExtraBits[lengthIndex])
            let length = Self.lengthBase[lengthIndex] + lengthExtra
            let distanceIndex = try self.symbol(distances)
            guard distanceIndex < Self.distanceBase.count else { throw .malformed }
            let extraBits = max(0, distanceIndex / 2 - 1)
            let distance = Self.distanceBase[distanceIndex] + (try bits(extraBits))
            guard distance <= output.count else { throw .malformed }
            for _ in 0..<length { try emit(output[output.count - distance]) }
        }
    }

    private mutating func symbol(_ code: HuffmanCode) throws(InflateError) -> Int {
        var value = 0
        var first = 0
        var index = 0
        for length in 1...HuffmanCode.lengthMax {
            value |= try bit()
            let count = code.counts[length]
            if value - first < count { return code.symbols[index + value - first] }
            index += count
            first = (first + count) << 1
            value <<= 1
        }
        throw .malformed
    }
}

/// A canonical prefix code (RFC 1951 §3.2.2).
private struct HuffmanCode {
    /// The longest code, in bits.
    static let lengthMax = 15

    /// How many codes have each length.
    private(set) var counts = [Int](repeating: 0, count: lengthMax + 1)
    /// The symbols in the order of their codes.
    private(set) var symbols: [Int]

    /// - Parameter lengths: The length of each symbol's code, 0 to 15; 0 where it has none.
    /// - Throws: `.malformed` if there are more codes of a length than fit.
    init(lengths: [Int]) throws(InflateError) {
        for length in lengths { counts[length] += 1 }
        counts[0] = 0
        var left = 1
        for length in 1...Self.lengthMax {
            left = left << 1 - counts[length]
            guard left >= 0 else { throw .malformed }
        }
        var offsets = [Int](repeating: 0, count: Self.lengthMax + 2)
        for length in 1...Self.lengthMax { offsets[length + 1] = offsets[length] + counts[length] }
        symbols = [Int](repeating: 0, count: offsets[Self.lengthMax + 1])
        for (symbol, length) in lengths.enumerated() where length != 0 {
            symbols[offsets[length]] = symbol
            offsets[length] += 1
        }
    }
}
