// The header extensions the server knows, by the URI that names them in an offer.
// SPDX-License-Identifier: Apache-2.0

/// A kind of element in the RTP header extension.
package enum HeaderExtensionKind: UInt8, Hashable, Sendable, CaseIterable {
    /// The section a packet belongs to (RFC 9143 §15).
    case mid
    /// The simulcast stream a packet belongs to (RFC 8852).
    case rid
    /// The simulcast stream a retransmission repairs (RFC 8852).
    case repairedRid
    /// The loudness of an audio packet (RFC 6464).
    case audioLevel
    /// The transport-wide sequence number (draft-holmer-rmcat-transport-wide-cc-extensions-01).
    case transportSequenceNumber
    /// When the packet left, 24 bits of 6.18 fixed-point seconds.
    case absoluteSendTime
    /// How the picture is to be turned (3GPP TS 26.114 §7.4.5).
    case videoOrientation
    /// Frames, layers and their dependencies (AOM: AV1 RTP, appendix A).
    case dependencyDescriptor
    /// The least and greatest delay a receiver should play with.
    case playoutDelay
    /// The capture time of the first sample or frame, in NTP time.
    case absoluteCaptureTime
    /// Whether the video is a camera's or a screen's.
    case videoContentType
    /// When the sender's pipeline touched the frame.
    case videoTiming
    /// The colour space of the frame.
    case colorSpace
    /// The sender's layers and their target rates.
    case videoLayersAllocation
    /// The offset between capture and transmission (RFC 5450).
    case transmissionOffset

    /// The URI of `a=extmap`.
    package var uri: String {
        switch self {
        case .mid: "urn:ietf:params:rtp-hdrext:sdes:mid"
        case .rid: "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id"
        case .repairedRid: "urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id"
        case .audioLevel: "urn:ietf:params:rtp-hdrext:ssrc-audio-level"
        case .transportSequenceNumber:
            "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01"
        case .absoluteSendTime: "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time"
        case .videoOrientation: "urn:3gpp:video-orientation"
        case .dependencyDescriptor:
            "https://aomediacodec.github.io/av1-rtp-spec/#dependency-descriptor-rtp-header-extension"
        case .playoutDelay: "http://www.webrtc.org/experiments/rtp-hdrext/playout-delay"
        case .absoluteCaptureTime:
            "http://www.webrtc.org/experiments/rtp-hdrext/abs-capture-time"
        case .videoContentType:
            "http://www.webrtc.org/experiments/rtp-hdrext/video-content-type"
        case .videoTiming: "http://www.webrtc.org/experiments/rtp-hdrext/video-timing"
        case .colorSpace: "http://www.webrtc.org/experiments/rtp-hdrext/color-space"
        case .videoLayersAllocation:
            "http://www.webrtc.org/experiments/rtp-hdrext/video-layers-allocation00"
        case .transmissionOffset: "urn:ietf:params:rtp-hdrext:toffset"
        }
    }

    /// The kind that the bytes of a URI name; `nil` if it is none we know.
    package init?(uri: Span<UInt8>) {
        for kind in Self.allCases where kind.isNamed(uri) {
            self = kind
            return
        }
        return nil
    }

    private func isNamed(_ text: Span<UInt8>) -> Bool {
        let name = uri.utf8
        guard name.count == text.count else { return false }
        let bytes = name.span
        for index in text.indices where text[index] != bytes[index] { return false }
        return true
    }
}
