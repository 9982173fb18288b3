// Raw files cut into pieces that can be pushed: H.264 into pictures, AAC into frames.
// SPDX-License-Identifier: Apache-2.0

/// The pictures of an H.264 byte stream (ITU-T H.264 Annex B): units behind start codes `00 00 01`, several to a picture.
struct H264File {
    /// One picture with all that belongs to it.
    struct Picture: Sendable {
        var bytes: [UInt8]
        var isKeyframe: Bool
    }

    private(set) var pictures: [Picture] = []

    init(_ bytes: [UInt8]) {
        var current = Picture(bytes: [], isKeyframe: false)
        var hasSlice = false
        for unit in Self.units(bytes) {
            guard let type = unit.first.map({ $0 & 31 }) else { continue }
            let isSlice = type == 1 || type == 5
            // The first slice of a picture begins with macroblock 0, which is a single 1 bit (§7.4.3); parameter sets (7, 8),
            // messages (6) and delimiters (9) stand before it.
            let isFirstSlice = isSlice && unit.dropFirst().first.map { $0 & 0x80 != 0 } ?? false
            if hasSlice, isFirstSlice || 6...9 ~= type {
                pictures.append(current)
                current = Picture(bytes: [], isKeyframe: false)
                hasSlice = false
            }
            current.bytes += [0, 0, 0, 1]
            current.bytes += unit
            if isSlice { hasSlice = true }
            if type == 5 { current.isKeyframe = true }
        }
        if hasSlice { pictures.append(current) }
    }

    /// What stands between start codes.
    private static func units(_ bytes: [UInt8]) -> [ArraySlice<UInt8>] {
        var units: [ArraySlice<UInt8>] = []
        var start: Int?
        var index = 0
        while index + 3 <= bytes.count {
            guard bytes[index] == 0, bytes[index + 1] == 0, bytes[index + 2] == 1 else {
                index += 1
                continue
            }
            if let start { units.append(bytes[start..<index]) }
            start = index + 3
            index += 3
        }
        if let start { units.append(bytes[start...]) }
        // A start code of four bytes has its first one behind the unit before.
        return units.map { $0.last == 0 ? $0.dropLast() : $0 }
    }
}

/// The frames of AAC with ADTS headers (ISO/IEC 13818-7 §6.2).
struct AACFile {
    /// One frame, its header included, and how long it sounds.
    struct Frame: Sendable {
        var bytes: [UInt8]
        var microseconds: Int64
    }

    private static let rates: [Int64] = [
        96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025,
        8_000, 7_350,
    ]

    private(set) var frames: [Frame] = []

    /// Reads up to the end, or to what is no header.
    init(_ bytes: [UInt8]) {
        var index = 0
        while index + 7 <= bytes.count, bytes[index] == 0xFF, bytes[index + 1] & 0xF6 == 0xF0 {
            let rate = Int(bytes[index + 2] >> 2 & 15)
            let length =
                Int(bytes[index + 3] & 3) << 11 | Int(bytes[index + 4]) << 3
                | Int(bytes[index + 5] >> 5)
            guard rate < Self.rates.count, length >= 7, index + length <= bytes.count else {
                return
            }
            frames.append(
                Frame(
                    bytes: Array(bytes[index..<index + length]),
                    microseconds: 1_024 * 1_000_000 / Self.rates[rate]))
            index += length
        }
    }
}
