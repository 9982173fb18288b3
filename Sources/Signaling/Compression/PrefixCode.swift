// The prefix codes of deflate, and the bits that are read by them.
// SPDX-License-Identifier: Apache-2.0

/// Hands out the bits of a deflate stream, those of least weight first (RFC 1951 §3.1.1).
struct BitReader {
    private let input: [UInt8]
    private var position = 0
    /// The bits at hand, the next one lowest, with zeros above them.
    private(set) var held: UInt64 = 0
    /// How many bits are at hand: below 57 at the end of the input alone, right after `refill`.
    private(set) var heldCount = 0

    init(_ input: [UInt8]) { self.input = input }

    /// How many whole bytes were not handed out.
    var bytesLeft: Int { input.count &- position &+ heldCount / 8 }

    /// Takes as many bytes from the input as fit.
    mutating func refill() {
        while heldCount <= 56, position < input.count {
            held |= UInt64(input[position]) &<< UInt64(heldCount)
            position &+= 1
            heldCount &+= 8
        }
    }

    /// Passes over bits that are at hand, 63 at most.
    mutating func skip(_ count: Int) {
        held &>>= UInt64(count)
        heldCount &-= count
    }

    /// The number of the next bits, 0 to 16 of them.
    mutating func bits(_ count: Int) throws(InflateError) -> Int {
        if heldCount < count { refill() }
        guard count <= heldCount else { throw .malformed }
        let value = Int(truncatingIfNeeded: held & (1 &<< UInt64(count) &- 1))
        skip(count)
        return value
    }

    /// Goes on to where a byte begins.
    mutating func skipToByte() { skip(heldCount & 7) }
}

/// A canonical prefix code (RFC 1951 §3.2.2).
struct PrefixCode {
    /// The longest code, in bits.
    private static let lengthMax = 15
    /// Codes of so many bits are found at once.
    private static let quickBits = 9

    /// What the next bits begin with: symbol and length of its code, or 0 for a longer code, or none.
    private var quick = [UInt16](repeating: 0, count: 1 << quickBits)
    /// How many codes have each length.
    private var counts = [Int](repeating: 0, count: lengthMax + 1)
    /// The symbols in the order of their codes.
    private var symbols: [UInt16]

    /// - Parameter lengths: The length of each symbol's code, 0 to 15; 0 where it has none.
    /// - Throws: `.malformed` if there are more codes of a length than fit.
    init(lengths: ArraySlice<UInt8>) throws(InflateError) {
        for length in lengths { counts[Int(length)] += 1 }
        counts[0] = 0
        var left = 1
        for length in 1...Self.lengthMax {
            left = left << 1 - counts[length]
            guard left >= 0 else { throw .malformed }
        }
        var offsets = [Int](repeating: 0, count: Self.lengthMax + 2)
        var codes = [Int](repeating: 0, count: Self.lengthMax + 2)
        for length in 1...Self.lengthMax {
            offsets[length + 1] = offsets[length] + counts[length]
            codes[length + 1] = (codes[length] + counts[length]) << 1
        }
        symbols = [UInt16](repeating: 0, count: offsets[Self.lengthMax + 1])
        for (symbol, short) in lengths.enumerated() where short != 0 {
            let length = Int(short)
            symbols[offsets[length]] = UInt16(symbol)
            offsets[length] += 1
            addQuick(symbol, code: codes[length], length: length)
            codes[length] += 1
        }
    }

    /// Notes a short code under all that may stand behind it.
    private mutating func addQuick(_ symbol: Int, code: Int, length: Int) {
        guard length <= Self.quickBits else { return }
        // The first bit of a code is that of most weight, and the first bit read that of least.
        var place = 0
        for bit in 0..<length { place |= (code >> bit & 1) << (length - 1 - bit) }
        while place < quick.count {
            quick[place] = UInt16(symbol << 4 | length)
            place += 1 << length
        }
    }

    /// Reads the next symbol.
    func symbol(_ input: inout BitReader) throws(InflateError) -> Int {
        if input.heldCount < Self.lengthMax { input.refill() }
        let found = Int(quick[Int(truncatingIfNeeded: input.held) & (1 << Self.quickBits - 1)])
        if found != 0 {
            guard found & 15 <= input.heldCount else { throw .malformed }
            input.skip(found & 15)
            return found >> 4
        }
        return try longSymbol(&input)
    }

    private func longSymbol(_ input: inout BitReader) throws(InflateError) -> Int {
        var value = 0
        var first = 0
        var index = 0
        for length in 1...Self.lengthMax {
            value |= try input.bits(1)
            let count = counts[length]
            if value - first < count { return Int(symbols[index + value - first]) }
            index += count
            first = (first + count) << 1
            value <<= 1
        }
        throw .malformed
    }
}
