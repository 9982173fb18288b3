// The payload formats the server knows by name.
// SPDX-License-Identifier: Apache-2.0

/// Audio or video.
package enum MediaKind: UInt8, Hashable, Sendable {
    /// Sound.
    case audio
    /// Pictures.
    case video

    /// Like that of ``MediaCodec``, for the same reason.
    @inlinable
    package static func == (left: MediaKind, right: MediaKind) -> Bool {
        left.rawValue == right.rawValue
    }
}

/// A payload format as it is named in an offer.
package enum MediaCodec: UInt8, Hashable, Sendable, CaseIterable {
    /// Opus (RFC 7587).
    case opus
    /// Redundant audio (RFC 2198).
    case red
    /// G.711 mu-law (RFC 3551 §4.5.14).
    case pcmu
    /// G.711 A-law (RFC 3551 §4.5.14).
    case pcma
    /// Telephone events (RFC 4733).
    case telephoneEvent
    /// VP8 (RFC 7741).
    case vp8
    /// VP9 (RFC 9628).
    case vp9
    /// H.264 (RFC 6184).
    case h264
    /// AV1 (AOM: RTP Payload Format For AV1).
    case av1
    /// Retransmission of another format (RFC 4588), of audio or video.
    case rtx

    /// Said here because the operator that enumerations with raw values get else is generic, and called as such: a
    /// tenth of what forwarding a packet costs.
    @inlinable
    package static func == (left: MediaCodec, right: MediaCodec) -> Bool {
        left.rawValue == right.rawValue
    }

    /// The name in `a=rtpmap`, as browsers spell it; compare without regard to case.
    package var encodingName: String {
        switch self {
        case .opus: "opus"
        case .red: "red"
        case .pcmu: "PCMU"
        case .pcma: "PCMA"
        case .telephoneEvent: "telephone-event"
        case .vp8: "VP8"
        case .vp9: "VP9"
        case .h264: "H264"
        case .av1: "AV1"
        case .rtx: "rtx"
        }
    }

    /// The codec of an encoding name, in any case; `nil` if it is none we know.
    package init?(encodingName: some StringProtocol) {
        let name = encodingName.lowercased()
        for codec in Self.allCases where codec.encodingName.lowercased() == name {
            self = codec
            return
        }
        return nil
    }

    /// Whether it carries sound; asked for each packet.
    package var isSound: Bool {
        switch self {
        case .opus, .red, .pcmu, .pcma, .telephoneEvent: true
        case .vp8, .vp9, .h264, .av1, .rtx: false
        }
    }

    /// What it carries; `nil` for RTX, which carries either.
    package var kind: MediaKind? {
        switch self {
        case .opus, .red, .pcmu, .pcma, .telephoneEvent: .audio
        case .vp8, .vp9, .h264, .av1: .video
        case .rtx: nil
        }
    }

    /// The usual clock rate of its RTP timestamps, in hertz; an offer may name another (RTX has that of
    /// what it repeats, telephone events that of the audio beside them).
    package var clockRate: UInt32 {
        switch self {
        case .opus, .red, .telephoneEvent: 48_000
        case .pcmu, .pcma: 8_000
        case .vp8, .vp9, .h264, .av1, .rtx: 90_000
        }
    }
}
