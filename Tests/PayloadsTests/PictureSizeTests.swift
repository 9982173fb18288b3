// That keyframes say how large their pictures are.
// SPDX-License-Identifier: Apache-2.0
import RTP
import Testing
import Wire

@testable import Payloads

/// Writes the bits of a parameter set.
private struct BitWriter {
    private var bits: [UInt8] = []

    mutating func write(_ value: UInt32, count: Int) {
        for place in (0..<count).reversed() { bits.append(UInt8(value >> UInt32(place) & 1)) }
    }

    /// ue(v), ITU-T H.264 §9.1.
    mutating func exponential(_ value: UInt32) {
        let length = 32 - (value + 1).leadingZeroBitCount
        write(0, count: length - 1)
        write(value + 1, count: length)
    }

    /// The bytes with a stop bit and emulation prevention (§7.4.1).
    var bytes: [UInt8] {
        var all = bits + [1]
        while all.count % 8 != 0 { all.append(0) }
        var bytes: [UInt8] = []
        var zeros = 0
        for start in stride(from: 0, to: all.count, by: 8) {
            let byte = all[start..<(start + 8)].reduce(UInt8(0)) { $0 << 1 | $1 }
            if zeros >= 2, byte <= 3 {
                bytes.append(3)
                zeros = 0
            }
            zeros = byte == 0 ? zeros + 1 : 0
            bytes.append(byte)
        }
        return bytes
    }
}

@Suite struct PictureSizeTests {
    @Test func whatIsLeftOfSeveralSizesIsKnown() {
        func sizes(_ list: (UInt16, UInt16)...) -> LayerSizes {
            var sizes = LayerSizes()
            for (width, height) in list { sizes.append(PictureSize(width: width, height: height)) }
            return sizes
        }
        let all = sizes((160, 90), (320, 180), (640, 360))
        #expect(sizes((160, 90)).areSmallest(of: all))
        #expect(sizes((160, 90), (320, 180)).areSmallest(of: all))
        // Rounded, and turned.
        #expect(sizes((160, 92), (180, 320)).areSmallest(of: all))
        for other in [
            all, sizes(), sizes((320, 180)), sizes((160, 102)), sizes((160, 90), (640, 360)),
            sizes((160, 90), (320, 180), (640, 360), (1_280, 720)),
        ] {
            #expect(!other.areSmallest(of: all))
        }
    }

    private func parameterSet(
        profile: UInt8 = 66, width: Int, height: Int, pictureOrder: UInt32 = 2,
        isInterlaced: Bool = false, scaling: Bool = false
    ) -> [UInt8] {
        var writer = BitWriter()
        writer.exponential(0)
        if profile == 100 {
            for value: UInt32 in [1, 0, 0] { writer.exponential(value) }
            writer.write(0, count: 1)
            writer.write(scaling ? 1 : 0, count: 1)
            if scaling {
                writer.write(1, count: 1)
                // A list that ends at once: delta -8.
                writer.exponential(16)
                writer.write(0, count: 7)
            }
        }
        writer.exponential(0)
        writer.exponential(pictureOrder)
        if pictureOrder == 0 { writer.exponential(4) }
        if pictureOrder == 1 {
            writer.write(0, count: 1)
            for value: UInt32 in [0, 0, 1, 3] { writer.exponential(value) }
        }
        writer.exponential(1)
        writer.write(0, count: 1)
        let unitY = isInterlaced ? 32 : 16
        let columns = (width + 15) / 16
        let rows = (height + unitY - 1) / unitY
        writer.exponential(UInt32(columns - 1))
        writer.exponential(UInt32(rows - 1))
        writer.write(isInterlaced ? 0 : 1, count: 1)
        if isInterlaced { writer.write(0, count: 1) }
        writer.write(1, count: 1)
        writer.write(1, count: 1)
        writer.exponential(0)
        writer.exponential(UInt32(columns * 16 - width) / 2)
        writer.exponential(0)
        writer.exponential(UInt32(rows * unitY - height) / (isInterlaced ? 4 : 2))
        writer.write(0, count: 1)
        return [0x67, profile, 0xC0, 0x1F] + writer.bytes
    }

    private func size(_ codec: MediaCodec, _ payload: [UInt8]) -> PictureSize? {
        Keyframe.pictureSize(codec: codec, payload: payload.span)
    }

    @Test(arguments: [(320, 180), (640, 360), (1_280, 720), (1_920, 1_080), (180, 320), (16, 16)])
    func aParameterSetTellsTheSize(width: Int, height: Int) {
        let expected = PictureSize(width: UInt16(width), height: UInt16(height))
        for order in UInt32(0)...2 {
            let set = parameterSet(width: width, height: height, pictureOrder: order)
            #expect(size(.h264, set) == expected)
            // In an aggregate, as browsers send it.
            let packed = [0x78, 0, UInt8(set.count)] + set + [0, 4, 0x68, 0xCE, 0x3C, 0x80]
            #expect(size(.h264, packed) == expected)
        }
        for scaling in [false, true] {
            let high = parameterSet(profile: 100, width: width, height: height, scaling: scaling)
            #expect(size(.h264, high) == expected)
        }
        if height % 4 == 0 {
            #expect(
                size(.h264, parameterSet(width: width, height: height, isInterlaced: true))
                    == expected)
        }
    }

    @Test func aSetThatIsCutOffTellsNothing() {
        let set = parameterSet(profile: 100, width: 640, height: 360, scaling: true)
        for count in 0..<(set.count - 1) { #expect(size(.h264, Array(set[..<count])) == nil) }
        for value in UInt8.min...UInt8.max {
            // Whatever stands there, nothing is read beyond the end.
            _ = size(.h264, [0x67, 66, 0, 0] + [UInt8](repeating: value, count: 30))
        }
    }

    @Test func otherPicturesTellNoSize() {
        #expect(size(.h264, [0x65, 0x88, 0x84]) == nil)
        #expect(size(.av1, [0x18, 0x08]) == nil)
        #expect(size(.opus, [1, 2, 3]) == nil)
        #expect(size(.vp8, [0x10, 0x11, 0, 0]) == nil)
    }

    @Test func aVP8KeyframeTellsItsSize() {
        let payload: [UInt8] = [0x10, 0x10, 0, 0, 0x9D, 0x01, 0x2A, 0x80, 0x02, 0x68, 0x01, 0]
        #expect(size(.vp8, payload) == PictureSize(width: 640, height: 360))
    }
}
