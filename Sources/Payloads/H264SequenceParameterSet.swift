// The picture size that an H.264 sequence parameter set describes.
// SPDX-License-Identifier: Apache-2.0

import Wire

/// Reads just enough of a sequence parameter set (ITU-T H.264 §7.3.2.1.1) to know the size of its pictures.
enum H264SequenceParameterSet {
    /// The profiles whose sets say how colour is sampled.
    private static func describesColour(_ profile: UInt8) -> Bool {
        switch profile {
        case 100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135: true
        default: false
        }
    }

    /// The size after cropping; `nil` if the set is cut off or its numbers make no sense.
    /// - Parameter unit: The whole unit with its header byte. O(bytes of the set).
    static func pictureSize(in unit: Span<UInt8>) -> PictureSize? {
        guard let profile = unit.uint8(at: 1) else { return nil }
        var bits = H264BitCursor(offset: 4)
        guard bits.exponential(in: unit) != nil else { return nil }
        var chromaFormat: UInt32 = 1
        var isPlanar = false
        if describesColour(profile) {
            guard let format = bits.exponential(in: unit), format <= 3 else { return nil }
            chromaFormat = format
            if format == 3 { isPlanar = bits.bits(1, in: unit) == 1 }
            guard bits.exponential(in: unit) != nil, bits.exponential(in: unit) != nil,
                bits.bits(1, in: unit) != nil, let hasMatrix = bits.bits(1, in: unit)
            else { return nil }
            if hasMatrix == 1 {
                for list in 0..<(format == 3 ? 12 : 8) where bits.bits(1, in: unit) == 1 {
                    guard skipScalingList(count: list < 6 ? 16 : 64, &bits, in: unit) else {
                        return nil
                    }
                }
            }
        }
        guard bits.exponential(in: unit) != nil, skipPictureOrder(&bits, in: unit),
            bits.exponential(in: unit) != nil, bits.bits(1, in: unit) != nil,
            let widthMinus1 = bits.exponential(in: unit), widthMinus1 < 1_024,
            let heightMinus1 = bits.exponential(in: unit), heightMinus1 < 1_024,
            let framesOnly = bits.bits(1, in: unit)
        else { return nil }
        if framesOnly == 0 { guard bits.bits(1, in: unit) != nil else { return nil } }
        guard bits.bits(1, in: unit) != nil, let isCropped = bits.bits(1, in: unit) else {
            return nil
        }
        var width = Int(widthMinus1 + 1) * 16
        var height = Int(heightMinus1 + 1) * 16 * Int(2 - framesOnly)
        if isCropped == 1 {
            guard let left = bits.exponential(in: unit), let right = bits.exponential(in: unit),
                let top = bits.exponential(in: unit), let bottom = bits.exponential(in: unit)
            else { return nil }
            let isSubsampled = !isPlanar && chromaFormat != 0
            let unitX = isSubsampled && chromaFormat < 3 ? 2 : 1
            let unitY = (isSubsampled && chromaFormat == 1 ? 2 : 1) * Int(2 - framesOnly)
            width -= unitX * (Int(left) + Int(right))
            height -= unitY * (Int(top) + Int(bottom))
        }
        guard width > 0, height > 0, let wide = UInt16(exactly: width),
            let high = UInt16(exactly: height)
        else { return nil }
        return PictureSize(width: wide, height: high)
    }

    private static func skipPictureOrder(
        _ bits: inout H264BitCursor, in unit: Span<UInt8>
    ) -> Bool {
        switch bits.exponential(in: unit) {
        case 0: return bits.exponential(in: unit) != nil
        case 1:
            guard bits.bits(1, in: unit) != nil, bits.exponential(in: unit) != nil,
                bits.exponential(in: unit) != nil, let count = bits.exponential(in: unit),
                count <= 255
            else { return false }
            for _ in 0..<count where bits.exponential(in: unit) == nil { return false }
            return true
        case 2: return true
        default: return false
        }
    }

    private static func skipScalingList(
        count: Int, _ bits: inout H264BitCursor, in unit: Span<UInt8>
    ) -> Bool {
        var last = 8
        var next = 8
        for _ in 0..<count {
            if next != 0 {
                guard let code = bits.exponential(in: unit) else { return false }
                // se(v), §9.1.1: 0, 1, -1, 2, -2 …
                let delta = code & 1 == 1 ? Int(code / 2) + 1 : -Int(code / 2)
                next = (last + delta) & 0xFF
            }
            if next != 0 { last = next }
        }
        return true
    }
}

/// Reads bits of a unit, leaving out emulation prevention bytes (§7.4.1).
struct H264BitCursor {
    private var offset: Int
    private var bit = 0
    private var zeros = 0

    /// Starts at a whole byte behind which nothing was left out.
    init(offset: Int) { self.offset = offset }

    /// The next `count` bits, 0 to 32; `nil` at the end.
    mutating func bits(_ count: Int, in unit: Span<UInt8>) -> UInt32? {
        var value: UInt32 = 0
        for _ in 0..<count {
            guard let byte = unit.uint8(at: offset) else { return nil }
            value = value << 1 | UInt32(byte >> UInt8(7 - bit) & 1)
            bit += 1
            if bit == 8 { advance(past: byte, in: unit) }
        }
        return value
    }

    private mutating func advance(past byte: UInt8, in unit: Span<UInt8>) {
        bit = 0
        offset += 1
        zeros = byte == 0 ? zeros + 1 : 0
        if zeros >= 2, unit.uint8(at: offset) == 3 {
            offset += 1
            zeros = 0
        }
    }

    /// The next number in exponential Golomb code, ue(v) (§9.1); `nil` at the end or beyond 32 bits.
    mutating func exponential(in unit: Span<UInt8>) -> UInt32? {
        var length = 0
        while true {
            guard let next = bits(1, in: unit) else { return nil }
            if next == 1 { break }
            length += 1
            guard length < 32 else { return nil }
        }
        guard let rest = bits(length, in: unit) else { return nil }
        return (1 << UInt32(length)) - 1 + rest
    }
}
