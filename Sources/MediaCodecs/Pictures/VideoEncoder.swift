// What every encoder of pictures does, so that others can be plugged in.
// SPDX-License-Identifier: Apache-2.0

/// A compressed picture.
public struct EncodedPicture: Equatable, Sendable {
    /// What a decoder takes: an access unit in Annex B with 3 or 4 bytes of start code (H.264), or a frame (VP8, VP9).
    public var bytes: [UInt8]
    /// Whether a decoder can begin here. H.264 then has its parameter sets in `bytes`.
    public var isKeyframe: Bool
    /// Samples in a row.
    public var width: Int
    /// Rows.
    public var height: Int
    /// That of the frame it was made from.
    public var timestampMicroseconds: Int64

    /// A compressed picture, for encoders of one's own.
    public init(
        bytes: [UInt8], isKeyframe: Bool, width: Int, height: Int, timestampMicroseconds: Int64
    ) {
        self.bytes = bytes
        self.isKeyframe = isKeyframe
        self.width = width
        self.height = height
        self.timestampMicroseconds = timestampMicroseconds
    }
}

/// An encoder for calls: without delay, without keyframes that nobody asked for, and with a rate that follows the network.
///
/// Conform to it to send with hardware or another library. It is used by one thread at a time.
public protocol VideoEncoder: ~Copyable {
    /// What it encodes.
    var codec: VideoCodec { get }

    /// Says what may be spent, from the next picture on, without a keyframe.
    /// - Parameters:
    ///   - bitsPerSecond: The average over about a second.
    ///   - frameRate: How many pictures a second will be given.
    mutating func setRate(bitsPerSecond: Int, frameRate: Int) throws(MediaCodecError)

    /// Encodes a picture; each may have another size, and a new size begins with a keyframe.
    /// - Returns: nil if the picture was left out to hold the rate. A wanted keyframe then
    ///   comes with the next one.
    mutating func encode(
        _ frame: VideoFrame, isKeyframeWanted: Bool
    ) throws(MediaCodecError) -> EncodedPicture?
}
