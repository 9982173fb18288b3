// Pictures of cameras and screens into frames: layout, size and rotation, over libswscale.
// SPDX-License-Identifier: Apache-2.0
import CMediaCodecs

/// Makes frames of pictures in other layouts, sizes and orientations. What it works in is kept from one to the next.
@safe  // The handle is made in `init`, freed in `deinit`, and never leaves this type.
public struct PictureConverter: ~Copyable {
    private let handle: OpaquePointer

    /// - Throws: `.outOfMemory`.
    public init() throws(MediaCodecError) {
        guard let made = unsafe martlet_picture_converter_new() else { throw .outOfMemory }
        unsafe handle = made
    }

    deinit { unsafe martlet_picture_converter_free(handle) }

    /// Makes a frame of a picture in a buffer. RGB becomes BT.601.
    /// - Parameters:
    ///   - bytes: All planes, as `layout` says.
    ///   - size: That of the frame; that of the turned picture if nil.
    /// - Throws: `.refused` if `bytes` are too few or `size` is impossible; `.outOfMemory`.
    public mutating func convert(
        _ bytes: Span<UInt8>, layout: PictureLayout, rotation: PictureRotation = .none,
        size: (width: Int, height: Int)? = nil, fit: PictureFit = .contain,
        timestampMicroseconds: Int64
    ) throws(MediaCodecError) -> VideoFrame {
        guard bytes.count >= layout.byteCount else {
            throw .refused("the picture takes \(layout.byteCount) bytes, not \(bytes.count)")
        }
        let planes = layout.planes
        let (width, height) = (layout.width, layout.height)
        let (placement, empty) = try Self.prepare(
            source: (width, height), rotation: rotation, size: size, fit: fit,
            timestampMicroseconds: timestampMicroseconds)
        var frame = empty
        // The layout fits into the span, which lives as long as the call.
        let status = unsafe bytes.withUnsafeBufferPointer { bytes in
            func start(_ index: Int) -> UnsafePointer<UInt8>? {
                guard index < planes.count else { return nil }
                return unsafe bytes.baseAddress.map { unsafe $0 + planes[index].offset }
            }
            func stride(_ index: Int) -> Int32 {
                index < planes.count ? Int32(clamping: planes[index].stride) : 0
            }
            let image = unsafe martlet_image(
                format: layout.format.number, width: Int32(width), height: Int32(height),
                planes: (start(0), start(1), start(2)), strides: (stride(0), stride(1), stride(2)))
            return draw(image, placement, rotation, into: &frame)
        }
        try Self.check(status)
        return frame
    }

    /// Makes another frame of a frame.
    /// - Parameter size: That of the new frame; that of the turned one if nil.
    /// - Throws: `.refused` if `size` is impossible; `.outOfMemory`.
    public mutating func convert(
        _ source: VideoFrame, rotation: PictureRotation = .none,
        size: (width: Int, height: Int)? = nil, fit: PictureFit = .contain
    ) throws(MediaCodecError) -> VideoFrame {
        let (placement, empty) = try Self.prepare(
            source: (source.width, source.height), rotation: rotation, size: size, fit: fit,
            timestampMicroseconds: source.timestampMicroseconds)
        var frame = empty
        // The planes live as long as the call.
        let status = unsafe source.withPlanes { planes in
            let image = unsafe martlet_image(
                format: PixelFormat.i420.number, width: planes.width, height: planes.height,
                planes: (planes.y, planes.u, planes.v),
                strides: (planes.y_stride, planes.c_stride, planes.c_stride))
            return draw(image, placement, rotation, into: &frame)
        }
        try Self.check(status)
        return frame
    }

    /// Where what goes, and a black frame for it.
    private static func prepare(
        source: (width: Int, height: Int), rotation: PictureRotation,
        size: (width: Int, height: Int)?, fit: PictureFit, timestampMicroseconds: Int64
    ) throws(MediaCodecError) -> (PicturePlacement, VideoFrame) {
        let turned = rotation.isSideways ? (source.height, source.width) : source
        let target: (width: Int, height: Int) = size ?? turned
        let frame = try VideoFrame(
            width: target.width, height: target.height,
            timestampMicroseconds: timestampMicroseconds)
        let placement = PicturePlacement(
            source: source, target: target, rotation: rotation, fit: fit)
        return (placement, frame)
    }

    /// Draws; the placement lies in both pictures, and the image's pointers are good until this returns.
    private func draw(
        _ image: martlet_image, _ placement: PicturePlacement, _ rotation: PictureRotation,
        into frame: inout VideoFrame
    ) -> Int32 {
        unsafe frame.withMutablePlanes { planes in
            unsafe martlet_picture_converter_convert(
                handle, image, placement.crop.lent, Int32(rotation.rawValue / 90), planes,
                placement.place.lent)
        }
    }

    private static func check(_ status: Int32) throws(MediaCodecError) {
        guard status < 0 else { return }
        throw MediaCodecError(
            status: status, what: "the picture converter",
            settings: "libswscale cannot make this size of that one")
    }
}

extension PicturePlacement.Rectangle {
    /// As C takes it.
    fileprivate var lent: martlet_rectangle {
        martlet_rectangle(
            x: Int32(x), y: Int32(y), width: Int32(width), height: Int32(height))
    }
}

// The handle is owned by one value, and the library ties no converter to a thread.
extension PictureConverter: @unchecked Sendable {}
