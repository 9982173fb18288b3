// One negotiated section: its direction, codecs, extensions and streams.
// SPDX-License-Identifier: Apache-2.0
package import RTP

/// What a section carries.
package enum SectionKind: String, Sendable {
    /// Sound.
    case audio
    /// Pictures.
    case video
    /// Data channels, or another kind that is always rejected.
    case application

    /// The kind of media; `nil` for data.
    package var mediaKind: MediaKind? {
        switch self {
        case .audio: .audio
        case .video: .video
        case .application: nil
        }
    }
}

/// Where media flows, seen from the side that holds the section.
package enum SectionDirection: Sendable {
    /// The other side sends, this side receives: on the server a producer.
    case receives
    /// This side sends: on the server a slot.
    case sends
    /// Both: a producer and a slot in one section, as plain WebRTC clients offer (`sendrecv`).
    case receivesAndSends
    /// Nothing flows.
    case inactive

    /// Whether the other side may send.
    package var isReceiving: Bool { self == .receives || self == .receivesAndSends }
    /// Whether this side may send.
    package var isSending: Bool { self == .sends || self == .receivesAndSends }
}

/// A codec both sides agreed on.
package struct NegotiatedCodec: Sendable, Equatable {
    /// What it is.
    package var codec: MediaCodec
    /// The number in RTP headers, as the offer has it; 0 to 127.
    package var payloadType: UInt8
    /// The number of its retransmissions (RFC 4588); `nil` if there are none.
    package var retransmissionPayloadType: UInt8?
    /// Units of RTP timestamps per second.
    package var clockRate: UInt32
    /// 2 for Opus, 1 elsewhere.
    package var channels: Int
    /// The fmtp parameters as answered; empty for none.
    package var parameters: String
    /// Whether lost packets are asked for again.
    package var hasNACK: Bool
    /// Whether keyframes are asked for by PLI.
    package var hasPLI: Bool
    /// Whether keyframes are asked for by FIR (RFC 5104).
    package var hasFIR: Bool
    /// Whether transport-wide feedback is sent.
    package var hasTransportCC: Bool
    /// Whether the sender obeys a bound of all it sends (REMB, draft-alvestrand-rmcat-remb-03 §2.3).
    package var hasREMB = false
    /// Whether receivers send their time, to be echoed (RFC 3611 §4.4; `rrtr` is libwebrtc's word for it).
    package var hasReceiverTime = false

    /// Holds an agreed codec.
    package init(
        codec: MediaCodec, payloadType: UInt8, retransmissionPayloadType: UInt8? = nil,
        clockRate: UInt32, channels: Int = 1, parameters: String = "", hasNACK: Bool = false,
        hasPLI: Bool = false, hasFIR: Bool = false, hasTransportCC: Bool = false
    ) {
        self.codec = codec
        self.payloadType = payloadType
        self.retransmissionPayloadType = retransmissionPayloadType
        self.clockRate = clockRate
        self.channels = channels
        self.parameters = parameters
        self.hasNACK = hasNACK
        self.hasPLI = hasPLI
        self.hasFIR = hasFIR
        self.hasTransportCC = hasTransportCC
    }
}

/// A header extension both sides agreed on.
package struct NegotiatedExtension: Sendable, Equatable {
    /// What it means.
    package var kind: HeaderExtensionKind
    /// Its id in packets of this section: 1 to 14, or 16 to 255 where mixed extensions are allowed.
    package var id: UInt8

    /// Holds an agreed extension.
    package init(kind: HeaderExtensionKind, id: UInt8) {
        self.kind = kind
        self.id = id
    }
}

/// A media stream and the one that repeats it.
package struct DeclaredRetransmission: Sendable, Equatable {
    /// The media stream.
    package var media: UInt32
    /// Its retransmissions.
    package var retransmission: UInt32

    /// Holds a pair of streams.
    package init(media: UInt32, retransmission: UInt32) {
        self.media = media
        self.retransmission = retransmission
    }
}

/// What a sending section sends: streams and names that stay for the life of the session.
package struct SlotSource: Sendable, Equatable {
    /// The media stream; never 0, unique in the peer.
    package var ssrc: UInt32
    /// Its retransmissions; `nil` where no codec of the section has them.
    package var rtxSSRC: UInt32?
    /// The stream in `a=msid`, shared by the audio and the video of one pair.
    package var streamID: String
    /// The track in `a=msid`.
    package var trackID: String

    /// Holds a slot's streams and names.
    package init(ssrc: UInt32, rtxSSRC: UInt32?, streamID: String, trackID: String) {
        self.ssrc = ssrc
        self.rtxSSRC = rtxSSRC
        self.streamID = streamID
        self.trackID = trackID
    }
}

/// One negotiated section of an offer.
package struct MediaSection: Sendable, Equatable {
    /// Its place among the m-lines, from 0.
    package var index: Int
    /// Its name in the MID extension; 1 to 16 bytes.
    package var mid: String
    /// What it carries.
    package var kind: SectionKind
    /// Where media flows, seen from this side.
    package var direction: SectionDirection
    /// Whether it was answered with port 0; then it is inactive and has no codec.
    package var isRejected: Bool
    /// The codecs, most wished first, each payload type once.
    package var codecs: [NegotiatedCodec]
    /// The header extensions, ordered as offered.
    package var extensions: [NegotiatedExtension]
    /// The layers the other side sends, as it ordered them; empty without simulcast.
    package var simulcastRIDs: [String]
    /// The media streams the other side declared, retransmissions left out; empty with simulcast in
    /// browsers.
    package var declaredSSRCs: [UInt32]
    /// Which declared stream repeats which.
    package var declaredRTX: [DeclaredRetransmission]
    /// What this side sends; set exactly where `direction.isSending`.
    package var slot: SlotSource?

    /// Holds one section.
    package init(
        index: Int, mid: String, kind: SectionKind, direction: SectionDirection,
        isRejected: Bool = false, codecs: [NegotiatedCodec] = [],
        extensions: [NegotiatedExtension] = [], simulcastRIDs: [String] = [],
        declaredSSRCs: [UInt32] = [], declaredRTX: [DeclaredRetransmission] = [],
        slot: SlotSource? = nil
    ) {
        self.index = index
        self.mid = mid
        self.kind = kind
        self.direction = direction
        self.isRejected = isRejected
        self.codecs = codecs
        self.extensions = extensions
        self.simulcastRIDs = simulcastRIDs
        self.declaredSSRCs = declaredSSRCs
        self.declaredRTX = declaredRTX
        self.slot = slot
    }

    /// The id of an extension; `nil` if it was not agreed on.
    package func extensionID(_ kind: HeaderExtensionKind) -> UInt8? {
        extensions.first { $0.kind == kind }?.id
    }

    /// The agreed codec of a payload type, its own or its retransmissions'; O(codecs).
    package func codec(payloadType: UInt8) -> NegotiatedCodec? {
        codecs.first {
            $0.payloadType == payloadType || $0.retransmissionPayloadType == payloadType
        }
    }
}
