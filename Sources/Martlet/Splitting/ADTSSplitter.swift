// AAC in ADTS frames out of a byte stream.
// SPDX-License-Identifier: Apache-2.0
import MediaCodecs

/// Cuts a stream of AAC with ADTS headers (ISO/IEC 13818-7 §6.2) into frames for an ``EncodedAudioSource``, timed by what they sound.
///
/// Behind bytes that are no frame, one is believed where another follows it, or the end. At most a frame (8,191 bytes) is held
/// beside what was appended and not taken yet.
public struct ADTSSplitter: ByteStreamSplitter {
    /// Samples of each channel in a block of a frame.
    private static let blockSamples: Int64 = 1_024

    /// Bytes that belong to no frame.
    public private(set) var skippedBytes: UInt64 = 0
    private var bytes: [UInt8] = []
    /// Where in ``bytes`` what was not looked at begins.
    private var start = 0
    private var isFinished = false
    /// Whether a frame ended right here.
    private var isAligned = true
    private var samples: Int64 = 0
    private var rate = 0
    /// The timestamp at which the present rate began.
    private var microseconds: Int64

    /// Waits for a first frame.
    /// - Parameter startMicroseconds: The timestamp of the first frame; the others follow it.
    public init(startMicroseconds: Int64 = 0) { microseconds = startMicroseconds }

    /// Takes the next bytes of the stream.
    public mutating func append(_ bytes: [UInt8]) {
        self.bytes.removeFirst(start)
        start = 0
        self.bytes += bytes
    }

    /// No bytes follow.
    public mutating func finish() { isFinished = true }

    /// The next frame; `nil`: more bytes are needed, or there is none any more.
    public mutating func next() -> EncodedAudioFrame? {
        while start < bytes.count {
            switch look() {
            case .needsMore: return nil
            case .nothing(let count): skip(count)
            case .frame(let header): return take(header)
            }
        }
        return nil
    }

    private enum Found {
        case needsMore
        /// So many bytes belong to no frame.
        case nothing(Int)
        case frame(ADTSHeader)
    }

    /// Looks at what comes next.
    private func look() -> Found {
        let rest = bytes.span.extracting(droppingFirst: start)
        guard rest.count >= ADTSHeader.headByteCount else {
            return isFinished ? .nothing(rest.count) : .needsMore
        }
        guard let header = ADTSHeader(head: rest) else { return .nothing(1) }
        let count = header.frameByteCount
        guard count <= rest.count else { return isFinished ? .nothing(1) : .needsMore }
        if isAligned { return .frame(header) }
        // By chance two bytes look like a header often.
        guard count + 2 <= rest.count else { return isFinished ? .frame(header) : .needsMore }
        let isFollowed = rest[count] == rest[0] && (rest[count + 1] ^ rest[1]) & 0xF6 == 0
        return isFollowed ? .frame(header) : .nothing(1)
    }

    private mutating func skip(_ count: Int) {
        start += count
        skippedBytes &+= UInt64(count)
        isAligned = false
    }

    private mutating func take(_ header: ADTSHeader) -> EncodedAudioFrame {
        if rate != header.sampleRate {
            microseconds = timestamp
            (rate, samples) = (header.sampleRate, 0)
        }
        let frame = EncodedAudioFrame(
            bytes: Array(bytes[start..<(start + header.frameByteCount)]),
            timestampMicroseconds: timestamp)
        samples &+= Self.blockSamples * Int64(header.blockCount)
        start += header.frameByteCount
        isAligned = true
        return frame
    }

    private var timestamp: Int64 {
        guard rate > 0 else { return microseconds }
        let (seconds, left) = samples.quotientAndRemainder(dividingBy: Int64(rate))
        return microseconds &+ seconds &* 1_000_000 &+ left * 1_000_000 / Int64(rate)
    }
}
