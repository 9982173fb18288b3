// How pictures are published.
// SPDX-License-Identifier: Apache-2.0
public import MediaCodecs

/// Makes an encoder of pictures, in hardware or of another library: one for each size, with what may be spent at first, in bits
/// a second, and how many pictures a second are pushed, about.
public typealias VideoEncoderMaker =
    @Sendable (
        _ codec: VideoCodec, _ bitsPerSecond: Int, _ frameRate: Int
    ) throws(MediaCodecError) -> any VideoEncoder & ~Copyable

/// How pushed pictures are encoded.
public struct VideoPublishOptions: Sendable, Equatable, Codable {
    /// What they are encoded as: VP8 or H.264, or VP9 where they have one size.
    public var codec = VideoCodec.vp8
    /// The most that is spent, in bits a second; the network may allow less. 50,000 to 20,000,000.
    public var maxBitsPerSecond = 1_500_000
    /// How many pictures a second are pushed, about: 1 to 60.
    public var frameRate = 30
    /// The size they are scaled to; `nil`: that of the first picture. Sides are even, up to 1920 x 1080 (camera) or 3840 x 2160.
    public var width: Int?
    /// See ``width``.
    public var height: Int?
    /// How a picture of another shape is fitted in.
    public var fit = PictureFit.contain
    /// Whether it begins muted.
    public var isMuted = false

    /// VP8 of the size that is pushed.
    public init() {}

    func check() throws(MartletError) {
        guard codec != .av1 else {
            throw MartletError(
                .invalidArgument, "Pictures are encoded as VP8, VP9 or H.264, not AV1.")
        }
        guard 50_000...20_000_000 ~= maxBitsPerSecond, 1...60 ~= frameRate else {
            throw MartletError(
                .invalidArgument,
                "Pictures take 50,000 to 20,000,000 bits in 1 to 60 pictures a second.")
        }
        guard (width == nil) == (height == nil) else {
            throw MartletError(.invalidArgument, "Give both width and height, or neither.")
        }
        if let width, let height {
            guard 16...3_840 ~= width, 16...2_160 ~= height, width % 2 == 0, height % 2 == 0
            else {
                throw MartletError(
                    .invalidArgument,
                    "A picture has even sides of 16 to 3840 x 2160, not \(width) x \(height).")
            }
        }
    }
}
