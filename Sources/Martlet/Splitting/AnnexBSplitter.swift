// Pictures of H.264 out of a byte stream.
// SPDX-License-Identifier: Apache-2.0
import MediaCodecs

/// Cuts a byte stream of H.264 (ITU-T H.264 Annex B) into pictures for an ``EncodedVideoSource``: access units with all that belongs to
/// them, behind start codes of four bytes. A picture comes out with the start of the next one.
///
/// The stream says nothing of times: pictures have those of a rate, in the order they come, which is right without B frames. Slices
/// in any other order than that of the picture (ASO) are not understood. A picture of more than ``pictureBytesMax`` bytes is left
/// out with all that follows it, up to the next keyframe.
public struct AnnexBSplitter: ByteStreamSplitter {
    /// The largest picture, in bytes.
    public static let pictureBytesMax = 8 << 20

    /// Bytes before the first start code, and of pictures that are too large.
    public private(set) var skippedBytes: UInt64 = 0
    private let framesPerSecond: Double
    private let startMicroseconds: Int64
    private var number: Int64 = 0
    private var bytes: [UInt8] = []
    /// Where in ``bytes`` the unit that is being read begins, or what came before the first start code.
    private var start = 0
    /// Where the search for the next start code goes on.
    private var cursor = 0
    /// Whether there was a start code.
    private var isInUnit = false
    private var isFinished = false
    private var picture = Picture()
    /// A picture was left out.
    private var awaitsKeyframe = false

    private struct Picture {
        var bytes: [UInt8] = []
        var hasSlice = false
        var isKeyframe = false
        var isTooLarge = false
    }

    /// Waits for a first start code.
    /// - Parameters:
    ///   - framesPerSecond: 1 to 240; values beyond are cut.
    ///   - startMicroseconds: The timestamp of the first picture.
    public init(framesPerSecond: Double, startMicroseconds: Int64 = 0) {
        self.framesPerSecond = framesPerSecond >= 1 ? min(framesPerSecond, 240) : 1
        self.startMicroseconds = startMicroseconds
    }

    /// Takes the next bytes of the stream.
    public mutating func append(_ bytes: [UInt8]) {
        self.bytes.removeFirst(start)
        cursor -= start
        start = 0
        self.bytes += bytes
    }

    /// No bytes follow.
    public mutating func finish() { isFinished = true }

    /// The next picture; `nil`: more bytes are needed, or there is none any more.
    public mutating func next() -> EncodedVideoFrame? {
        while true {
            guard let code = startCode() else {
                guard isFinished else {
                    boundUnit()
                    return nil
                }
                endUnit(at: bytes.count)
                (start, cursor) = (bytes.count, bytes.count)
                isInUnit = false
                return takePicture()
            }
            // What the next unit is says whether the picture ends here.
            guard code + 4 < bytes.count || isFinished else {
                cursor = code
                return nil
            }
            endUnit(at: code)
            let isEnd =
                picture.hasSlice
                && Self.beginsPicture(bytes.span.extracting(droppingFirst: code + 3))
            (start, cursor) = (code + 3, code + 3)
            isInUnit = true
            if isEnd, let frame = takePicture() { return frame }
        }
    }

    /// Where the next `00 00 01` is; `nil`: not yet.
    private mutating func startCode() -> Int? {
        let (code, end) = Self.startCode(in: bytes.span, from: cursor)
        if code == nil { cursor = end }
        return code
    }

    /// Where `00 00 01` is from an offset on, and where to look on if it is not there.
    private static func startCode(
        in span: Span<UInt8>, from start: Int
    ) -> (code: Int?, end: Int) {
        var index = start
        while index + 2 < span.count {
            if span[index + 2] > 1 {
                index += 3
            } else if span[index] == 0, span[index + 1] == 0, span[index + 2] == 1 {
                return (index, index)
            } else {
                index += 1
            }
        }
        return (nil, index)
    }

    /// Whether a unit is the first of a picture, where the one before it has slices (§7.4.1.2.3): parameter sets, messages and
    /// delimiters stand before a picture, and its first slice begins with macroblock 0, which is a single 1 bit (§7.3.3).
    private static func beginsPicture(_ unit: Span<UInt8>) -> Bool {
        guard unit.count > 0 else { return false }
        switch unit[0] & 31 {
        case 1, 2, 5: return unit.count > 1 && unit[1] & 0x80 != 0
        case 6...9, 14...18: return true
        default: return false
        }
    }

    /// The unit ends before `end`, and belongs to the picture.
    private mutating func endUnit(at end: Int) {
        guard isInUnit else {
            skippedBytes &+= UInt64(end - start)
            return
        }
        // A start code of four bytes has its first one behind the unit before, and so have fillers.
        var end = end
        while end > start, bytes[end - 1] == 0 { end -= 1 }
        guard end > start else { return }
        let count = end - start
        guard !picture.isTooLarge, picture.bytes.count + count + 4 <= Self.pictureBytesMax else {
            return leaveOut(count)
        }
        let type = bytes[start] & 31
        picture.bytes += [0, 0, 0, 1]
        picture.bytes += bytes[start..<end]
        if type == 1 || type == 2 || type == 5 { picture.hasSlice = true }
        if type == 5 { picture.isKeyframe = true }
    }

    /// Holds no more than a picture, whatever comes without a start code.
    private mutating func boundUnit() {
        let spare = isInUnit ? Self.pictureBytesMax : 0
        let count = min(cursor, bytes.count) - start
        guard count > spare else { return }
        if isInUnit { leaveOut(count) } else { skippedBytes &+= UInt64(count) }
        // What is left may begin a start code; it belongs to a unit that is left out.
        start += count
    }

    private mutating func leaveOut(_ count: Int) {
        skippedBytes &+= UInt64(picture.bytes.count + count)
        picture.bytes = []
        picture.isTooLarge = true
        picture.hasSlice = true
    }

    private mutating func takePicture() -> EncodedVideoFrame? {
        let taken = picture
        picture = Picture()
        guard taken.hasSlice else { return nil }
        defer { number &+= 1 }
        if taken.isTooLarge { awaitsKeyframe = true }
        if awaitsKeyframe, !taken.isKeyframe || taken.isTooLarge {
            skippedBytes &+= UInt64(taken.bytes.count)
            return nil
        }
        awaitsKeyframe = false
        return EncodedVideoFrame(
            codec: .h264, bytes: taken.bytes, isKeyframe: taken.isKeyframe,
            timestampMicroseconds: startMicroseconds
                &+ Int64(Double(number) * 1_000_000 / framesPerSecond))
    }
}
