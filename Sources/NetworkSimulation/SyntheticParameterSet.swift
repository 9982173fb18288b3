// An H.264 parameter set that says how large the pictures of a made-up stream are.
// SPDX-License-Identifier: Apache-2.0

/// Writes sequence parameter sets of the baseline profile (ITU-T H.264 §7.3.2.1.1).
enum SyntheticParameterSet {
    /// A set for pictures of this size; both even, up to 4,096.
    static func bytes(width: UInt16, height: UInt16) -> [UInt8] {
        var bits: [UInt8] = []
        func fixed(_ value: UInt32, count: Int) {
            for place in (0..<count).reversed() { bits.append(UInt8(value >> UInt32(place) & 1)) }
        }
        func exponential(_ value: UInt32) {
            let length = 32 - (value + 1).leadingZeroBitCount
            fixed(0, count: length - 1)
            fixed(value + 1, count: length)
        }
        let columns = (UInt32(width) + 15) / 16
        let rows = (UInt32(height) + 15) / 16
        for value: UInt32 in [0, 0, 2, 1] { exponential(value) }
        fixed(0, count: 1)
        exponential(columns - 1)
        exponential(rows - 1)
        // Whole frames, 8x8 inference, cropped.
        fixed(0b111, count: 3)
        exponential(0)
        exponential((columns * 16 - UInt32(width)) / 2)
        exponential(0)
        exponential((rows * 16 - UInt32(height)) / 2)
        // No more parameters, and the stop bit.
        fixed(0b01, count: 2)
        while bits.count % 8 != 0 { bits.append(0) }
        let payload = stride(from: 0, to: bits.count, by: 8).map { start in
            bits[start..<(start + 8)].reduce(UInt8(0)) { $0 << 1 | $1 }
        }
        return [0x67, 0x42, 0xE0, 0x1F] + payload
    }
}
