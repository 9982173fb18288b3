// Feeds bytes from anybody to the negotiation as a first offer, as a later one, and as an answer.
// SPDX-License-Identifier: Apache-2.0
import Negotiation
import RTP
import Wire

/// Answers the bytes in every profile; every answer must be one that a client can read.
@c public func LLVMFuzzerTestOneInput(_ data: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    // libFuzzer owns `data` for the length of this call.
    let bytes = unsafe Array(UnsafeBufferPointer(start: data, count: count))
    let text = String(decoding: bytes, as: UTF8.self)
    let fingerprint = Fingerprint(algorithm: "sha-256", bytes: Array(0..<32))
    let negotiator = Negotiator(
        configuration: ServerMediaConfiguration(
            fingerprint: fingerprint,
            candidates: [
                HostCandidate(address: NetworkAddress(ipv4: 0x7F00_0001, port: 7000), priority: 1)
            ]))
    var random = SeededRandom(seed: 1)
    for profile in [NegotiationProfile.sdk, .whip, .whep(publishedCodecs: [.h264])] {
        guard
            let first = try? negotiator.answer(
                to: text, previous: nil, profile: profile, using: &random)
        else { continue }
        let second = try? negotiator.answer(
            to: text, previous: first.media, profile: profile, using: &random)
        precondition(second?.media.sections == first.media.sections)
    }
    let ice = ICEParameters(
        usernameFragment: "abcd", password: String(repeating: "p", count: 24))
    let offer = ClientOffer(
        sending: [ClientStream(kind: .audio), ClientStream(kind: .video, rids: ["q", "f"])],
        receivingPairs: 1, ice: ice, fingerprint: fingerprint, using: &random)
    _ = try? offer.media(fromAnswer: text)
    return 0
}
