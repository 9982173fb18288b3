// The client's offer meets the server's answer.
// SPDX-License-Identifier: Apache-2.0
import RTP
import Testing
import Wire

@testable import Negotiation

private func offer(codecs: [MediaCodec] = [.opus, .vp8, .vp9, .h264, .av1]) -> ClientOffer {
    var random = SeededRandom(seed: 4)
    return ClientOffer(
        sending: [
            ClientStream(kind: .audio), ClientStream(kind: .video, rids: ["q", "h", "f"]),
            ClientStream(kind: .video),
        ], receivingPairs: 2, receivingAudio: 1, ice: RandomWords.ice(using: &random),
        fingerprint: Fingerprint(algorithm: "sha-256", bytes: Array(repeating: 7, count: 32)),
        codecs: codecs, using: &random)
}

@Test func clientAndServerSeeTheSameCallFromTheirSides() throws {
    let offer = offer()
    let (server, text) = try TestServer.answer(offer.text)
    let client = try offer.media(fromAnswer: text)
    #expect(client.localICE == server.remoteICE)
    #expect(client.remoteICE == server.localICE)
    #expect(client.remoteSetup == .passive)
    #expect(client.remoteFingerprints == [TestServer.configuration.fingerprint])
    #expect(
        client.remoteCandidates.map(\.address) == TestServer.configuration.candidates.map(\.address)
    )
    #expect(client.allowsMixedExtensions)
    for (mine, theirs) in zip(client.sections, server.sections) {
        #expect(mine.mid == theirs.mid)
        #expect(mine.codecs == theirs.codecs)
        #expect(Set(mine.extensions.map(\.id)) == Set(theirs.extensions.map(\.id)))
        switch theirs.direction {
        case .receives:
            #expect(mine.direction == .sends)
            #expect(mine.simulcastRIDs == theirs.simulcastRIDs)
            if mine.simulcastRIDs.isEmpty { #expect(theirs.declaredSSRCs == [mine.slot?.ssrc]) }
        case .sends:
            #expect(mine.direction == .receives)
            #expect(mine.declaredSSRCs == [theirs.slot?.ssrc])
            #expect(
                mine.declaredRTX.map(\.retransmission) == [theirs.slot?.rtxSSRC].compactMap(\.self))
        case .inactive, .receivesAndSends:
            Issue.record("unexpected direction")
        }
    }
    #expect(server.sections[1].simulcastRIDs == ["q", "h", "f"])
}

@Test func clientWithoutCommonVideoStillHasAudio() throws {
    var configuration = TestServer.configuration
    configuration.codecs = [.opus, .h264]
    let offer = offer(codecs: [.opus, .vp8])
    var random = SeededRandom(seed: 1)
    let (_, text) = try Negotiator(configuration: configuration)
        .answer(to: offer.text, previous: nil, profile: .sdk, using: &random)
    let client = try offer.media(fromAnswer: text)
    #expect(
        client.sections.map(\.direction) == [
            .sends, .inactive, .inactive, .receives, .inactive, .receives, .inactive, .receives,
        ])
}

@Test func candidatesStandInTheFirstSectionAlone() throws {
    var offer = offer()
    #expect(!offer.text.contains("candidate"))
    offer.candidates = HostCandidate.list(
        [NetworkAddress(ipv4: 0x7F00_0001, port: 4_000)], withTCP: false)
    let sections = offer.text.split(separator: "\r\nm=").dropFirst()
    #expect(sections.first?.contains("typ host\r\na=end-of-candidates") == true)
    #expect(sections.dropFirst().allSatisfy { !$0.contains("candidate") })
    let (media, _) = try TestServer.answer(offer.text)
    #expect(media.remoteCandidates.map(\.address) == offer.candidates.map(\.address))
}

@Test func answerThatDoesNotFitIsRefused() throws {
    let offer = offer()
    let (_, text) = try TestServer.answer(offer.text)
    #expect(throws: NegotiationError.answerMismatch) {
        try offer.media(fromAnswer: text.replacing("a=mid:1\r\n", with: "a=mid:x\r\n"))
    }
    #expect(throws: NegotiationError.answerMismatch) {
        try offer.media(fromAnswer: text.replacing("a=recvonly", with: "a=sendonly"))
    }
    #expect(throws: NegotiationError.badSetup) {
        try offer.media(fromAnswer: text.replacing("setup:passive", with: "setup:actpass"))
    }
    #expect(throws: NegotiationError.answerMismatch) {
        try offer.media(fromAnswer: OfferSample.chromiumPlayer)
    }
}

@Test func everyTruncationOfAnAnswerIsReadOrRefused() throws {
    let offer = offer()
    let bytes = Array(try TestServer.answer(offer.text).answer.utf8)
    for count in stride(from: 0, to: bytes.count, by: 13) {
        _ = try? offer.media(fromAnswer: String(decoding: bytes[..<count], as: UTF8.self))
        var changed = bytes
        changed[count] ^= 0x11
        _ = try? offer.media(fromAnswer: String(decoding: changed, as: UTF8.self))
    }
}
