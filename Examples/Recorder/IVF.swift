// The simplest container of VP8, VP9 and AV1: a header, and one before each frame.
// SPDX-License-Identifier: Apache-2.0
import MediaCodecs

/// Headers of an IVF file; all numbers are little-endian.
enum IVF {
    /// `"DKIF" | version 16 | header size 16 | codec 32 | width 16 | height 16 | rate 32 | scale 32 | frames 32 | 0 32`. Decoders
    /// find the size in the frames; the number of frames is not known yet, and times are milliseconds.
    static func fileHeader(_ codec: VideoCodec) -> [UInt8] {
        let name =
            switch codec {
            case .vp8: "VP80"
            case .vp9: "VP90"
            case .av1: "AV01"
            case .h264: "H264"
            }
        return Array("DKIF".utf8) + little(0, 2) + little(32, 2) + Array(name.utf8)
            + little(0, 2) + little(0, 2) + little(1_000, 4) + little(1, 4) + little(0, 4)
            + little(0, 4)
    }

    /// `size 32 | time 64`
    static func frameHeader(_ byteCount: Int, _ microseconds: Int64) -> [UInt8] {
        little(UInt64(byteCount), 4) + little(UInt64(max(0, microseconds) / 1_000), 8)
    }

    private static func little(_ value: UInt64, _ count: Int) -> [UInt8] {
        (0..<count).map { UInt8(truncatingIfNeeded: value >> (8 * UInt64($0))) }
    }
}
