// Later offers of one peer: what stays, what may not change, ICE restarts.
// SPDX-License-Identifier: Apache-2.0
import RTP
import Testing
import Wire

@testable import Negotiation

private func clientOffer(pairs: Int) -> ClientOffer {
    var random = SeededRandom(seed: 77)
    return ClientOffer(
        sending: [ClientStream(kind: .audio), ClientStream(kind: .video)], receivingPairs: pairs,
        receivingAudio: 1, ice: RandomWords.ice(using: &random),
        fingerprint: Fingerprint(algorithm: "sha-256", bytes: Array(repeating: 7, count: 32)),
        using: &random)
}

@Test func growingKeepsStreamsNamesAndICE() throws {
    var offer = clientOffer(pairs: 2)
    let first = try TestServer.answer(offer.text)
    offer.addSlots(pairs: 8)
    let second = try TestServer.answer(offer.text, previous: first.media, seed: 2)
    #expect(Array(second.media.sections.prefix(7)) == first.media.sections)
    #expect(second.media.localICE == first.media.localICE)
    #expect(second.media.cname == first.media.cname)
    #expect(second.media.sessionID == first.media.sessionID)
    #expect(second.media.version == first.media.version + 1)
    #expect(second.media.sections[7].slot?.streamID == second.media.sections[8].slot?.streamID)
    // The audio slot before the new pairs stays alone.
    #expect(second.media.sections[6].slot?.streamID == "pair-6")
    let numbers = second.media.sections.compactMap(\.slot?.ssrc)
    #expect(Set(numbers).count == numbers.count)
}

@Test func iceRestartMakesNewWordsAndKeepsTheRest() throws {
    var offer = clientOffer(pairs: 2)
    let first = try TestServer.answer(offer.text)
    var random = SeededRandom(seed: 5)
    offer.restartICE(with: RandomWords.ice(using: &random))
    let second = try TestServer.answer(offer.text, previous: first.media, seed: 2)
    #expect(second.media.localICE != first.media.localICE)
    #expect(second.media.remoteICE == offer.ice)
    #expect(second.media.sections == first.media.sections)
}

@Test func aSectionThatRestsKeepsItsStream() throws {
    let offer = clientOffer(pairs: 2)
    let first = try TestServer.answer(offer.text)
    // The last section, a lone audio slot, rests for two offers.
    let at = try #require(offer.text.ranges(of: "a=recvonly").last)
    let resting =
        String(offer.text[..<at.lowerBound]) + "a=inactive"
        + offer.text[at.upperBound...]
    let second = try TestServer.answer(resting, previous: first.media, seed: 2)
    #expect(second.media.sections.last?.direction == .inactive)
    #expect(!TestServer.lines(second.answer, section: 6).contains { $0.hasPrefix("a=ssrc") })
    let third = try TestServer.answer(resting, previous: second.media, seed: 3)
    let fourth = try TestServer.answer(offer.text, previous: third.media, seed: 4)
    #expect(fourth.media.sections.last?.direction == .sends)
    #expect(fourth.media.sections.last?.slot == first.media.sections.last?.slot)
}

@Test func recycledSectionGetsNewStreams() throws {
    let offer = clientOffer(pairs: 2)
    let first = try TestServer.answer(offer.text)
    let recycled = offer.text.replacing("a=mid:3\r\n", with: "a=mid:n\r\n")
        .replacing("BUNDLE 0 1 2 3 4", with: "BUNDLE 0 1 2 n 4")
    let second = try TestServer.answer(recycled, previous: first.media, seed: 2)
    #expect(second.media.sections[3].slot?.ssrc != first.media.sections[3].slot?.ssrc)
    #expect(second.media.sections[4].slot == first.media.sections[4].slot)
}

@Test func anotherCertificateOrFewerSectionsAreRefused() throws {
    let offer = clientOffer(pairs: 2)
    let first = try TestServer.answer(offer.text)
    #expect(throws: NegotiationError.fingerprintChanged) {
        try TestServer.answer(
            offer.text.replacing("sha-256 07:07", with: "sha-256 07:08"), previous: first.media)
    }
    #expect(throws: NegotiationError.sectionsRemoved) {
        try TestServer.answer(clientOffer(pairs: 1).text, previous: first.media)
    }
}
