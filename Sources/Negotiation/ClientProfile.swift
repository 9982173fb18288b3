// What a client of ours offers.
// SPDX-License-Identifier: Apache-2.0
import RTP

/// What a client of ours writes in every section: fixed numbers, and nothing it does not use.
enum ClientProfile {
    /// A section with all it offers.
    static func section(
        index: Int, kind: MediaKind, direction: SectionDirection, codecs: [MediaCodec],
        repairsAudio: Bool
    ) -> MediaSection {
        MediaSection(
            index: index, mid: "\(index)", kind: kind == .audio ? .audio : .video,
            direction: direction,
            codecs: codecs.compactMap { format($0, kind: kind, repairsAudio: repairsAudio) },
            extensions: extensions(kind: kind, direction: direction, codecs: codecs))
    }

    private static func format(
        _ codec: MediaCodec, kind: MediaKind, repairsAudio: Bool
    ) -> NegotiatedCodec? {
        guard codec.kind == kind else { return nil }
        func video(_ type: UInt8, _ rtx: UInt8, _ parameters: String) -> NegotiatedCodec {
            var format = NegotiatedCodec(
                codec: codec, payloadType: type, retransmissionPayloadType: rtx, clockRate: 90_000,
                parameters: parameters, hasNACK: true, hasPLI: true, hasFIR: true,
                hasTransportCC: true)
            format.hasREMB = true
            return format
        }
        switch codec {
        case .opus:
            return NegotiatedCodec(
                codec: .opus, payloadType: 111, clockRate: 48_000, channels: 2,
                parameters: "minptime=10;useinbandfec=1", hasNACK: repairsAudio,
                hasTransportCC: true)
        case .red:
            return NegotiatedCodec(
                codec: .red, payloadType: 63, clockRate: 48_000, channels: 2,
                parameters: "111/111")
        case .vp8: return video(96, 97, "")
        case .vp9: return video(98, 99, "profile-id=0")
        case .h264:
            return video(
                102, 103,
                "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f")
        case .av1: return video(45, 46, "level-idx=5;profile=0;tier=0")
        case .pcmu, .pcma, .telephoneEvent, .rtx: return nil
        }
    }

    private static func extensions(
        kind: MediaKind, direction: SectionDirection, codecs: [MediaCodec]
    ) -> [NegotiatedExtension] {
        var list = [
            NegotiatedExtension(kind: .transportSequenceNumber, id: 3),
            NegotiatedExtension(kind: .mid, id: 4),
        ]
        switch kind {
        case .audio:
            list.insert(NegotiatedExtension(kind: .audioLevel, id: 1), at: 0)
        case .video:
            list.append(NegotiatedExtension(kind: .videoOrientation, id: 13))
            let sends = codecs.first { $0.kind == .video }
            if direction == .sends ? sends == .av1 : codecs.contains(.av1) {
                list.append(NegotiatedExtension(kind: .dependencyDescriptor, id: 12))
            }
            if direction == .sends {
                list.append(NegotiatedExtension(kind: .rid, id: 10))
                list.append(NegotiatedExtension(kind: .repairedRid, id: 11))
            } else {
                list.append(NegotiatedExtension(kind: .playoutDelay, id: 5))
            }
        }
        return list
    }
}
