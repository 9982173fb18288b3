// From an offer as it came in to its answer and to what a room needs to know of it; touches no shared state.
// SPDX-License-Identifier: Apache-2.0
package import Negotiation
package import Rooms
import SDP
package import Signaling

/// An offer that was answered.
package struct AnsweredOffer: Sendable {
    /// What the media worker needs; `nil`: nothing, the offer has no section and its client only signals.
    package var media: PeerMedia?
    /// The answer, as the client is told it.
    package var answer: String

    /// An offer that somebody else answered.
    package init(media: PeerMedia?, answer: String) {
        self.media = media
        self.answer = answer
    }

    /// Answers an offer; milliseconds for a large one.
    /// - Parameters:
    ///   - previous: What the session's last offer meant; `nil` for its first.
    ///   - random: A secure generator outside tests.
    /// - Throws: The code that explains why it cannot be answered.
    package init(
        _ offer: SDPBody, previous: PeerMedia?, profile: NegotiationProfile,
        negotiator: Negotiator, using random: inout some RandomNumberGenerator
    ) throws(SignalingError) {
        let offer = try offer.bytes()
        if profile == .sdk, previous == nil, let answer = Self.answerWithoutMedia(to: offer) {
            media = nil
            self.answer = answer
            return
        }
        do {
            (media, answer) = try negotiator.answer(
                to: offer, previous: previous, profile: profile, using: &random)
        } catch {
            throw SignalingError(error.code, detail: error.explanation)
        }
    }

    /// The answer to an offer without any section, which has no transport to be agreed on; `nil` if it has some.
    private static func answerWithoutMedia(to offer: [UInt8]) -> String? {
        // Larger ones have sections, or are refused by who answers those.
        guard offer.count <= 1_024, let described = try? SessionDescription.parse(offer),
            described.media.isEmpty
        else { return nil }
        return SDPWriter(sessionID: 1, version: 1).text
    }

    /// The sections as rooms see them; data and rejected sections are none of theirs.
    package var roomSections: [RoomSection] {
        (media?.sections ?? []).compactMap { section in
            guard let mid = try? MediaSectionID(section.mid) else { return nil }
            let kind: TrackKind
            switch section.kind {
            case .audio: kind = .audio
            case .video: kind = .video
            case .application: return nil
            }
            let use: RoomSection.Use
            if section.direction.isReceiving {
                use = .publishing
            } else if section.direction.isSending {
                use = .slot
            } else {
                use = .inactive
            }
            return RoomSection(mid: mid, kind: kind, use: use)
        }
    }
}

extension NegotiationError {
    /// The code of the shared table that tells it.
    fileprivate var code: ErrorCode {
        switch self {
        case .tooLarge, .tooManySections, .tooManyStreams: .offerTooLarge
        default: .invalidOffer
        }
    }
}

extension SDPBody {
    /// The bytes of the text, inflated if need be; nothing larger than a description may be comes out.
    func bytes() throws(SignalingError) -> [UInt8] {
        switch self {
        case .plain(let text): return Array(text.utf8)
        case .deflated(let bytes):
            let inflated: [UInt8]
            do {
                inflated = try Inflater.inflate(bytes, bytesMax: SDPLimits.descriptionBytesMax)
            } catch {
                switch error {
                case .tooLarge: throw SignalingError(.offerTooLarge)
                case .malformed:
                    throw SignalingError(.invalidOffer, detail: "The offer does not inflate.")
                }
            }
            guard (try? UTF8Span(validating: inflated.span)) != nil else {
                throw SignalingError(.invalidOffer, detail: "The offer is no UTF-8.")
            }
            return inflated
        }
    }
}
