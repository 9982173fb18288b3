// An uncompressed picture.
// SPDX-License-Identifier: Apache-2.0
import CMediaCodecs

/// A picture in I420: a plane of brightness (16 to 235) and two of colour (16 to 240, 128 is grey) with half its width and
/// height, rounded up; BT.601. A value: copies share the samples until one is changed.
public struct VideoFrame: Sendable {
    /// The longest side, in samples.
    public static let sideMax = 16_384
    /// The most pixels.
    public static let pixelsMax = 1 << 26

    /// Samples in a row of the y plane.
    public let width: Int
    /// Rows of the y plane.
    public let height: Int
    /// Bytes from a row of the y plane to the next; the bytes behind `width` mean nothing.
    public let yStride: Int
    /// Bytes from a row of the u and v planes to the next; the bytes behind `chromaWidth` mean nothing.
    public let chromaStride: Int
    /// When the picture was taken, in microseconds of a clock that runs evenly.
    public var timestampMicroseconds: Int64

    /// The three planes one after the other, and `padding` bytes: libraries write whole vectors.
    private var bytes: [UInt8]
    private static let padding = 64

    /// Samples in a row of the u and v planes.
    public var chromaWidth: Int { (width + 1) / 2 }
    /// Rows of the u and v planes.
    public var chromaHeight: Int { (height + 1) / 2 }

    /// A black picture.
    /// - Parameters: Sides of 1 to `sideMax`, together at most `pixelsMax` pixels.
    /// - Throws: `.refused` for others.
    public init(width: Int, height: Int, timestampMicroseconds: Int64 = 0) throws(MediaCodecError) {
        try self.init(
            shadeless: width, height: height, timestampMicroseconds: timestampMicroseconds)
        let count = uOffset
        // The range ends where the u plane begins.
        unsafe bytes.withUnsafeMutableBufferPointer { unsafe $0[..<count].update(repeating: 16) }
    }

    /// A picture of three planes, which are copied.
    /// - Parameters:
    ///   - yStride: Bytes from a row of `y` to the next, at least `width`; nil for exactly that.
    ///   - chromaStride: The same for `u` and `v`, at least half of `width`, rounded up.
    /// - Throws: `.refused` if a plane does not hold its rows, or as for black pictures.
    public init(
        width: Int, height: Int, y: Span<UInt8>, u: Span<UInt8>, v: Span<UInt8>,
        yStride: Int? = nil, chromaStride: Int? = nil, timestampMicroseconds: Int64 = 0
    ) throws(MediaCodecError) {
        try self.init(
            shadeless: width, height: height, timestampMicroseconds: timestampMicroseconds)
        let (luma, chroma) = (uOffset, vOffset)
        try copy(y, yStride ?? width, width, height, to: 0, self.yStride)
        try copy(
            u, chromaStride ?? chromaWidth, chromaWidth, chromaHeight, to: luma, self.chromaStride)
        try copy(
            v, chromaStride ?? chromaWidth, chromaWidth, chromaHeight, to: chroma, self.chromaStride
        )
    }

    /// Copies a plane row by row.
    private mutating func copy(
        _ plane: Span<UInt8>, _ stride: Int, _ width: Int, _ height: Int, to offset: Int,
        _ ownStride: Int
    ) throws(MediaCodecError) {
        guard width...(1 << 31) ~= stride, plane.count >= stride * (height - 1) + width else {
            throw .refused("a plane of \(width) x \(height) does not lie in \(plane.count) bytes")
        }
        // All rows lie in the plane, as just checked, and in `bytes`, whose count is made from the same numbers.
        unsafe bytes.withUnsafeMutableBufferPointer { bytes in
            unsafe plane.withUnsafeBufferPointer { plane in
                for row in 0..<height {
                    let (from, to) = (row * stride, offset + row * ownStride)
                    _ = unsafe bytes[to..<to + width].update(
                        fromContentsOf: plane[from..<from + width])
                }
            }
        }
    }

    /// A picture that somebody writes at once; all its samples are 128.
    init(
        shadeless width: Int, height: Int, timestampMicroseconds: Int64
    ) throws(MediaCodecError) {
        guard 1...Self.sideMax ~= width, 1...Self.sideMax ~= height,
            width * height <= Self.pixelsMax
        else { throw .refused("a picture has sides of 1 to 16,384, not \(width) x \(height)") }
        self.width = width
        self.height = height
        self.timestampMicroseconds = timestampMicroseconds
        yStride = Self.aligned(width)
        chromaStride = Self.aligned((width + 1) / 2)
        bytes = [UInt8](
            repeating: 128,
            count: yStride * height + 2 * chromaStride * ((height + 1) / 2) + Self.padding)
    }

    private static func aligned(_ count: Int) -> Int { (count + 63) / 64 * 64 }
    private var uOffset: Int { yStride * height }
    private var vOffset: Int { uOffset + chromaStride * chromaHeight }
    private var end: Int { vOffset + chromaStride * chromaHeight }

    /// Brightness, `yStride` bytes a row.
    public var y: Span<UInt8> {
        @_lifetime(borrow self)
        get { bytes.span.extracting(0..<uOffset) }
    }
    /// The difference of blue, `chromaStride` bytes a row.
    public var u: Span<UInt8> {
        @_lifetime(borrow self)
        get { bytes.span.extracting(uOffset..<vOffset) }
    }
    /// The difference of red, `chromaStride` bytes a row.
    public var v: Span<UInt8> {
        @_lifetime(borrow self)
        get { bytes.span.extracting(vOffset..<end) }
    }

    /// Lends the planes to C, which must not keep them.
    func withPlanes<Result>(_ body: (martlet_const_planes) -> Result) -> Result {
        // Offsets lie in `bytes`, whose count is made from the same numbers.
        unsafe bytes.withUnsafeBufferPointer { bytes in
            let start = bytes.baseAddress
            return unsafe body(
                martlet_const_planes(
                    y: start, u: start.map { unsafe $0 + uOffset },
                    v: start.map { unsafe $0 + vOffset }, y_stride: Int32(yStride),
                    c_stride: Int32(chromaStride), width: Int32(width), height: Int32(height)))
        }
    }

    /// Lends the planes to C for writing, which must not keep them.
    mutating func withMutablePlanes<Result>(_ body: (martlet_planes) -> Result) -> Result {
        let (u, v, yStride, chromaStride) = (uOffset, vOffset, yStride, chromaStride)
        let (width, height) = (width, height)
        // Offsets lie in `bytes`, whose count is made from the same numbers.
        return unsafe bytes.withUnsafeMutableBufferPointer { bytes in
            let start = bytes.baseAddress
            return unsafe body(
                martlet_planes(
                    y: start, u: start.map { unsafe $0 + u }, v: start.map { unsafe $0 + v },
                    y_stride: Int32(yStride), c_stride: Int32(chromaStride), width: Int32(width),
                    height: Int32(height)))
        }
    }
}
