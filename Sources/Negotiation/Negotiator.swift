// Answers offers: what a peer sends and takes, and the text that says so.
// SPDX-License-Identifier: Apache-2.0
package import RTP

/// Who offers, and so what may be in the offer.
package enum NegotiationProfile: Sendable, Equatable {
    /// Our own SDKs: sections of every direction; a slot's audio stands right before its video.
    case sdk
    /// A WHIP client (RFC 9725): only what it sends is taken.
    case whip
    /// A WHEP client: only what it receives is taken; the codecs being published come first.
    case whep(publishedCodecs: [MediaCodec])
}

/// Answers offers with one server's configuration.
package struct Negotiator: Sendable {
    /// What the server says of itself.
    package let configuration: ServerMediaConfiguration

    /// Makes a negotiator.
    package init(configuration: ServerMediaConfiguration) {
        self.configuration = configuration
    }

    /// Answers an offer; O(bytes of the offer).
    /// - Parameter previous: What the peer's last accepted offer meant; `nil` for its first. Keeps the streams and
    ///   names of slots, and the ICE words unless the client changed its own (an ICE restart).
    /// - Returns: What the media worker needs, and the text of the answer.
    package func answer(
        to offer: String, previous: PeerMedia?, profile: NegotiationProfile,
        using random: inout some RandomNumberGenerator
    ) throws(NegotiationError) -> (media: PeerMedia, answer: String) {
        throw .incomplete
    }
}
