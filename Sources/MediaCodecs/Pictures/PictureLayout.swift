// How the samples of a picture from elsewhere lie in memory.
// SPDX-License-Identifier: Apache-2.0
import CMediaCodecs

/// How samples of a picture are interleaved.
public enum PixelFormat: CaseIterable, Sendable {
    /// Three planes: y, u and v of half the width and height.
    case i420
    /// Two planes: y, and u and v by turns.
    case nv12
    /// Two planes: y, and v and u by turns.
    case nv21
    /// One plane of blue, green, red and a byte that is not looked at.
    case bgra
    /// One plane of red, green and blue.
    case rgb24
    /// One plane of blue, green and red.
    case bgr24

    /// The number by which the C side knows it.
    var number: Int32 {
        switch self {
        case .i420: Int32(MARTLET_PIXELS_I420)
        case .nv12: Int32(MARTLET_PIXELS_NV12)
        case .nv21: Int32(MARTLET_PIXELS_NV21)
        case .bgra: Int32(MARTLET_PIXELS_BGRA)
        case .rgb24: Int32(MARTLET_PIXELS_RGB24)
        case .bgr24: Int32(MARTLET_PIXELS_BGR24)
        }
    }

    var planeCount: Int {
        switch self {
        case .i420: 3
        case .nv12, .nv21: 2
        case .bgra, .rgb24, .bgr24: 1
        }
    }

    /// Bytes in a row of a plane.
    func rowByteCount(plane: Int, width: Int) -> Int {
        switch self {
        case .i420: plane == 0 ? width : (width + 1) / 2
        case .nv12, .nv21: plane == 0 ? width : (width + 1) / 2 * 2
        case .bgra: width * 4
        case .rgb24, .bgr24: width * 3
        }
    }
}

/// Where the planes of a picture stand in a buffer.
public struct PictureLayout: Equatable, Sendable {
    /// One plane.
    public struct Plane: Equatable, Sendable {
        /// The first byte's place in the buffer.
        public var offset: Int
        /// Bytes from a row to the next.
        public var stride: Int

        /// A plane; whether it lies in a buffer is looked at when there is one.
        public init(offset: Int, stride: Int) {
            self.offset = offset
            self.stride = stride
        }
    }

    /// How samples are interleaved.
    public let format: PixelFormat
    /// Samples in a row of the first plane.
    public let width: Int
    /// Rows of the first plane.
    public let height: Int
    /// As many as `format` has.
    public let planes: [Plane]
    /// The bytes a buffer has at least.
    public let byteCount: Int

    /// Planes one after the other with nothing between their rows.
    /// - Throws: `.refused` as for any picture (`VideoFrame.init`).
    public init(format: PixelFormat, width: Int, height: Int) throws(MediaCodecError) {
        try Self.check(width, height)
        var planes: [Plane] = []
        var offset = 0
        for plane in 0..<format.planeCount {
            let stride = format.rowByteCount(plane: plane, width: width)
            planes.append(Plane(offset: offset, stride: stride))
            offset += stride * (plane == 0 ? height : (height + 1) / 2)
        }
        try self.init(format: format, width: width, height: height, planes: planes)
    }

    /// Planes wherever a camera or a library has put them.
    /// - Throws: `.refused` if there are more or fewer than the format has, or rows overlap.
    public init(
        format: PixelFormat, width: Int, height: Int, planes: [Plane]
    ) throws(MediaCodecError) {
        try Self.check(width, height)
        guard planes.count == format.planeCount else {
            throw .refused("\(format) has \(format.planeCount) planes, not \(planes.count)")
        }
        var byteCount = 0
        for (index, plane) in planes.enumerated() {
            let row = format.rowByteCount(plane: index, width: width)
            let rows = index == 0 ? height : (height + 1) / 2
            // No product below can overflow: 2^31 bytes of 2^14 rows, and 2^40 bytes before them.
            guard row...Int(Int32.max) ~= plane.stride, 0...(1 << 40) ~= plane.offset else {
                throw .refused("a row has \(row) bytes, the stride says \(plane.stride)")
            }
            byteCount = max(byteCount, plane.offset + plane.stride * (rows - 1) + row)
        }
        self.format = format
        self.width = width
        self.height = height
        self.planes = planes
        self.byteCount = byteCount
    }

    private static func check(_ width: Int, _ height: Int) throws(MediaCodecError) {
        guard 1...VideoFrame.sideMax ~= width, 1...VideoFrame.sideMax ~= height,
            width * height <= VideoFrame.pixelsMax
        else { throw .refused("a picture has sides of 1 to 16,384, not \(width) x \(height)") }
    }
}
