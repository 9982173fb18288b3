// Payloads as a browser really sends them, and ways to damage them.
// SPDX-License-Identifier: Apache-2.0

import RTP
import Wire

@testable import Payloads

/// Bytes from hexadecimal digits; spaces are passed over.
func bytes(_ hexadecimal: String) -> [UInt8] {
    let digits = hexadecimal.compactMap { $0.hexDigitValue }
    return stride(from: 0, to: digits.count - 1, by: 2).map {
        UInt8(digits[$0] << 4 | digits[$0 + 1])
    }
}

/// Calls `body` with every truncation of a sample, and with every bit of it turned over.
func forEachDamage(of sample: [UInt8], _ body: ([UInt8]) -> Void) {
    for count in 0...sample.count { body(Array(sample.prefix(count))) }
    for index in sample.indices {
        for bit in 0..<8 {
            var damaged = sample
            damaged[index] ^= 1 << UInt8(bit)
            body(damaged)
        }
        var damaged = sample
        damaged[index] = 0
        body(damaged)
        damaged[index] = 0xFF
        body(damaged)
    }
}

/// Payloads of Chromium 156.0.8078.79 (Debian 12, headless, fake camera at 320x180), from its own plaintext
/// dump; all but the parameter sets are cut after 24 to 48 bytes.
enum Chromium156 {
    /// VP8, first packet of a keyframe, 15-bit picture id 0x0959.
    static let vp8Keyframe = bytes("908089599036009d012a4001b400393100111c2216162266")
    /// VP8, second packet of the same frame.
    static let vp8KeyframeRest = bytes("80808959d3913e1e3ecff77cf04721517c871b15a52c51df")
    /// VP8, first packet of a later frame.
    static let vp8Delta = bytes("9080895ab10f00e4c8dfcd0ae7a747a7d88517f219c03320")
    /// VP9 L1T1, flexible mode, first packet of a keyframe with a scalability structure.
    static let vp9Keyframe = bytes("9bfad610014000b4824983420013f00b340e38241c18a200")
    /// VP9, a middle packet of the same frame.
    static let vp9KeyframeRest = bytes("91fad62883bbae1b63db7e0f6bef3435defb9f8f9fa5c47f")
    /// VP9, the one packet of the next frame, with one reference.
    static let vp9Delta = bytes("ddfad70286004092b88058a37a7010160301c04f61f04fa2")
    /// VP9 L2T2_KEY held to one spatial layer: keyframe with layer indices.
    static let vp9LayeredKeyframe = bytes("bbbc3f1010014000b4834983420013f00b30a8e0907064c8")
    /// VP9 L2T2_KEY: a frame of temporal layer 1.
    static let vp9LayeredDelta = bytes("fdbc40300287000000027e0166b341c120e0cc600007807f")
    /// H.264: STAP-A with both parameter sets.
    static let h264ParameterSets = bytes(
        "78001367 42c0158c 8d40a0cb cf350606 06078442 35000004 68ce3c80")
    /// H.264: FU-A, first fragment of an IDR slice.
    static let h264IDRStart = bytes("7c85b80004000005388c500010458e000203f1c000407e4e")
    /// H.264: FU-A, last fragment of the IDR slice.
    static let h264IDREnd = bytes("7c455eb4e5ffff21fbc3cfbfff043800ef648c68cbabd01d")
    /// H.264: a slice of a later picture.
    static let h264Delta = bytes("61e0004000be40539f9b0e2238e6e6c3888e3951e1104433")
    /// AV1, first packet of a coded video sequence: sequence header and the start of a frame.
    static let av1Keyframe = bytes(
        """
        680b08000000043cfecc01a00830104a2014514505069900b5f45ecb7eb60ea529f329357ce89443297bf3d2c696d607
        """)
    /// AV1, the rest of that frame.
    static let av1KeyframeRest = bytes("901ac4b65406abf3430e6b22b546a4881fb99877d94ae7d2")
    /// AV1, a later frame.
    static let av1Delta = bytes("103030c040fdf8012a43403bb01d6000000000000269a698")

    /// All of them.
    static let all = [
        vp8Keyframe, vp8KeyframeRest, vp8Delta, vp9Keyframe, vp9KeyframeRest, vp9Delta,
        vp9LayeredKeyframe, vp9LayeredDelta, h264ParameterSets, h264IDRStart, h264IDREnd,
        h264Delta, av1Keyframe, av1KeyframeRest, av1Delta,
    ]
}

/// Payloads written by hand along their specifications, for what was not captured.
enum Handmade {
    /// VP8 with every field (RFC 7741 §4.2): 15-bit picture id 0x1234, TL0PICIDX 0x56, TID 2, Y, KEYIDX 17.
    static let vp8Full = bytes("90F0923456B1010203")
    /// VP8 with a 7-bit picture id 0x11 (RFC 7741 §4.6.3 has this form).
    static let vp8Short = bytes("90801101AA")
    /// VP9, non-flexible (RFC 9628 §4.2): 15-bit picture id 0x1234, TID 1, U, SID 2, D, TL0PICIDX 0x99.
    static let vp9NonFlexible = bytes("A8923435990102")
    /// VP9 with a scalability structure of three layers and a picture group of two.
    static let vp9Structure = bytes("0A 58 0140 00B4 0280 0168 0500 02D0 02 00 14 01 AA")
    /// VP9, flexible, three references.
    static let vp9References = bytes("D0 01 03 05 06 AA")
    /// AV1 with lengths before each of two elements: a temporal delimiter and a sequence header.
    static let av1Lengths = bytes("00 02 1200 03 0A0102")

    /// All of them.
    static let all = [
        vp8Full, vp8Short, vp9NonFlexible, vp9Structure, vp9References, av1Lengths,
    ]
}

// The readers over arrays: the macros of Testing cannot take calls apart that pass spans.

func vp8(_ payload: [UInt8]) -> VP8Descriptor? { VP8Descriptor.parse(payload.span) }

func vp9(_ payload: [UInt8]) -> VP9Descriptor? { VP9Descriptor.parse(payload.span) }

func av1(_ payload: [UInt8]) -> AV1AggregationHeader? { AV1AggregationHeader.parse(payload.span) }

func dependencies(_ data: [UInt8]) -> DependencyDescriptor? {
    DependencyDescriptor.parse(data.span)
}

func vp8Fields(_ payload: [UInt8]) -> DescriptorFields {
    DescriptorFields.find(codec: .vp8, payload: payload.span)
}

func isKeyframeStart(_ codec: MediaCodec, _ payload: [UInt8]) -> Bool {
    Keyframe.isKeyframeStart(codec: codec, payload: payload.span)
}

extension H264UnitCursor {
    mutating func next(_ payload: [UInt8]) -> H264Unit? { next(in: payload.span) }
}

extension AV1ElementCursor {
    mutating func next(_ payload: [UInt8]) -> AV1Element? { next(in: payload.span) }
}

func vp9Layers(_ payload: [UInt8]) -> FrameLayers {
    DescriptorFields.find(codec: .vp9, payload: payload.span).layers
}

func vp9Sizes(_ payload: [UInt8]) -> LayerSizes {
    Keyframe.layerSizes(codec: .vp9, payload: payload.span)
}
