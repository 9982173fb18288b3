// The media link of a session, as its driver sees it.
// SPDX-License-Identifier: Apache-2.0
package import ClientSession
package import Signaling

/// Makes offers, takes answers, and is thrown away.
///
/// One call at a time, in the order in which the session asks. A call whose outcome is moot is cancelled. What happens
/// to the media is told to the driver with `mediaHeard()` and `mediaFailed()`.
package protocol MediaLink: Sendable {
    /// Makes the offer for a ticket; called once per ticket. For `.join` of a link made anew.
    func makeOffer(for purpose: OfferPurpose) async throws -> SDPBody
    /// Takes the answer to the offer of that purpose.
    func takeAnswer(_ body: SDPBody, for purpose: OfferPurpose) async throws
    /// Goes on with relays that have other credentials, without a gap: those known before end soon.
    func useRelays(_ servers: [ICEServer]) async
    /// Throws the link away.
    func end() async
}

/// The link of who only signals: it offers no media (docs/protocol.md). For a session whose timing has
/// `watchesMedia` off.
package struct NoMedia: MediaLink {
    /// Makes it.
    package init() {}

    /// An offer of nothing.
    package func makeOffer(for purpose: OfferPurpose) async throws -> SDPBody {
        .plain("v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n")
    }

    /// Takes any answer.
    package func takeAnswer(_ body: SDPBody, for purpose: OfferPurpose) async throws {}

    /// Does nothing.
    package func end() async {}
}

extension MediaLink {
    /// A link without relays.
    package func useRelays(_ servers: [ICEServer]) async {}
}
