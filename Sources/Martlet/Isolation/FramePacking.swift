// Frames into shared memory, and out of it into frames of one's own; what comes out is checked, whoever wrote it.
// SPDX-License-Identifier: Apache-2.0
import MediaCodecs
import Wire

/// A frame that is to cross: what is told of it, and its bytes.
struct PackedFrame: Sendable {
    /// What is copied.
    enum Source: Sendable {
        case samples([Int16])
        case bytes([UInt8])
        case picture(VideoFrame)
    }

    let content: FrameNotice.Content
    let timestampMicroseconds: Int64
    /// When the application pushed it; zero for what it is given.
    var pushedAt = MediaInstant.zero
    let count: Int
    private let source: Source

    init(_ frame: AudioFrame, gain: Int = 100) {
        content = .samples(gain: UInt8(clamping: gain))
        timestampMicroseconds = frame.timestampMicroseconds
        count = frame.samples.count * 2
        source = .samples(frame.samples)
    }

    init(_ frame: EncodedAudioFrame) {
        content = .encodedSound(missingMicroseconds: frame.missingMicroseconds)
        timestampMicroseconds = frame.timestampMicroseconds
        count = frame.bytes.count
        source = .bytes(frame.bytes)
    }

    init(_ frame: VideoFrame, rotation: PictureRotation = .none) {
        content = .picture(
            width: UInt32(frame.width), height: UInt32(frame.height),
            rotation: UInt16(rotation.rawValue))
        timestampMicroseconds = frame.timestampMicroseconds
        count = frame.width * frame.height + 2 * frame.chromaWidth * frame.chromaHeight
        source = .picture(frame)
    }

    init(_ frame: EncodedVideoFrame) {
        content = .encodedPicture(
            codec: UInt8(VideoCodec.allCases.firstIndex(of: frame.codec) ?? 0),
            isKeyframe: frame.isKeyframe, rotation: UInt16(frame.rotation.rawValue))
        timestampMicroseconds = frame.timestampMicroseconds
        count = frame.bytes.count
        source = .bytes(frame.bytes)
    }

    /// What a source was given, with when that was.
    init(_ pushed: Pushed<AudioFrame>, gain: Int) {
        self.init(pushed.frame, gain: gain)
        pushedAt = pushed.at
    }

    init(_ pushed: Pushed<EncodedAudioFrame>) {
        self.init(pushed.frame)
        pushedAt = pushed.at
    }

    init(_ pushed: PushedPicture) {
        self.init(pushed.frame, rotation: pushed.rotation)
        pushedAt = pushed.pushedAt
    }

    init(_ pushed: Pushed<EncodedVideoFrame>) {
        self.init(pushed.frame)
        pushedAt = pushed.at
    }

    /// Copies it to its place, which is `count` bytes long.
    func copy(to target: UnsafeMutableRawBufferPointer) {
        switch source {
        case .samples(let samples): unsafe samples.withUnsafeBytes { unsafe Self.copy($0, target) }
        case .bytes(let bytes): unsafe bytes.withUnsafeBytes { unsafe Self.copy($0, target) }
        case .picture(let frame):
            var offset = 0
            unsafe Self.copy(frame.y, frame.yStride, frame.width, frame.height, target, &offset)
            let (stride, width, height) = (
                frame.chromaStride, frame.chromaWidth, frame.chromaHeight
            )
            unsafe Self.copy(frame.u, stride, width, height, target, &offset)
            unsafe Self.copy(frame.v, stride, width, height, target, &offset)
        }
    }

    private static func copy(
        _ bytes: UnsafeRawBufferPointer, _ target: UnsafeMutableRawBufferPointer
    ) {
        guard bytes.count <= target.count else { return }
        unsafe target.copyMemory(from: bytes)
    }

    private static func copy(
        _ plane: Span<UInt8>, _ stride: Int, _ width: Int, _ height: Int,
        _ target: UnsafeMutableRawBufferPointer, _ offset: inout Int
    ) {
        guard offset + width * height <= target.count, plane.count >= stride * (height - 1) + width
        else { return }
        unsafe plane.withUnsafeBytes { plane in
            // Both sides were checked above.
            if stride == width {
                unsafe UnsafeMutableRawBufferPointer(rebasing: target[offset...])
                    .copyMemory(from: UnsafeRawBufferPointer(rebasing: plane[..<(width * height)]))
            } else {
                for row in 0..<height {
                    unsafe UnsafeMutableRawBufferPointer(
                        rebasing: target[(offset + row * width)...]
                    )
                    .copyMemory(
                        from: UnsafeRawBufferPointer(
                            rebasing: plane[(row * stride)..<(row * stride + width)]))
                }
            }
        }
        offset += width * height
    }
}

extension FrameNotice {
    /// The samples of a piece of sound.
    func samples(_ bytes: LentBytes) -> [Int16] {
        unsafe [Int16](unsafeUninitializedCapacity: bytes.count / 2) { samples, count in
            count = bytes.count / 2
            // As many bytes as the array was just made for.
            unsafe UnsafeMutableRawBufferPointer(samples)
                .copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes.pointer[..<(count * 2)]))
        }
    }

    /// A picture; `nil`: the bytes are none of that size.
    func picture(_ bytes: LentBytes) -> (frame: VideoFrame, rotation: PictureRotation)? {
        guard case .picture(let width, let height, let rotation) = content,
            let rotation = PictureRotation(rawValue: Int(rotation)),
            1...UInt32(VideoFrame.sideMax) ~= width, 1...UInt32(VideoFrame.sideMax) ~= height
        else { return nil }
        // Sides of at most 2^14 cannot overflow.
        let (luma, chroma) = (
            Int(width) * Int(height), (Int(width) + 1) / 2 * ((Int(height) + 1) / 2)
        )
        guard bytes.count == luma + 2 * chroma else { return nil }
        // Copied by the picture at once; the spans do not leave this function.
        let plane = unsafe Span<UInt8>(_unsafeBytes: bytes.pointer)
        guard
            let frame = try? VideoFrame(
                width: Int(width), height: Int(height), y: plane.extracting(0..<luma),
                u: plane.extracting(luma..<(luma + chroma)),
                v: plane.extracting((luma + chroma)..<(luma + 2 * chroma)),
                timestampMicroseconds: timestampMicroseconds)
        else { return nil }
        return (frame, rotation)
    }

    /// A compressed picture; `nil`: it is none.
    func encodedPicture(_ bytes: LentBytes) -> EncodedVideoFrame? {
        guard case .encodedPicture(let codec, let isKeyframe, let rotation) = content,
            Int(codec) < VideoCodec.allCases.count,
            let rotation = PictureRotation(rawValue: Int(rotation))
        else { return nil }
        return EncodedVideoFrame(
            codec: VideoCodec.allCases[Int(codec)], bytes: bytes.array,
            isKeyframe: isKeyframe, rotation: rotation,
            timestampMicroseconds: timestampMicroseconds)
    }

    /// A frame of AAC or a packet of Opus; `nil`: it is none.
    func encodedSound(_ bytes: LentBytes) -> EncodedAudioFrame? {
        guard case .encodedSound(let missing) = content else { return nil }
        return EncodedAudioFrame(
            bytes: bytes.array, timestampMicroseconds: timestampMicroseconds,
            missingMicroseconds: missing)
    }
}
