// That redundant audio is answered before the Opus that it repeats, and nothing else is.
// SPDX-License-Identifier: Apache-2.0
import RTP
import Testing
import Wire

@testable import Negotiation

@Suite struct RedundantAudioTests {
    @Test func redundantAudioStandsBeforeOpusBothWays() throws {
        let (media, text) = try TestServer.answer(OfferSample.chromiumSDK)
        for index in [0, 4, 6, 8] {
            #expect(media.sections[index].codecs.map(\.codec) == [.red, .opus])
            let lines = TestServer.lines(text, section: index)
            #expect(lines.first == "m=audio 9 UDP/TLS/RTP/SAVPF 63 111")
            #expect(lines.contains("a=rtpmap:63 red/48000/2"))
            #expect(lines.contains("a=fmtp:63 111/111"))
            #expect(!lines.contains { $0.hasPrefix("a=rtcp-fb:63") })
        }
        let red = try #require(media.sections[0].codecs.first)
        #expect(red.payloadType == 63 && red.clockRate == 48_000 && red.channels == 2)
    }

    @Test func aClientWithoutItGetsNone() throws {
        let (media, text) = try TestServer.answer(OfferSample.firefoxSDK)
        #expect(media.sections[0].codecs.map(\.codec) == [.opus])
        #expect(!text.contains("red/48000"))
        let cut = OfferSample.chromiumSDK.replacing("a=fmtp:63 111/111", with: "a=fmtp:63 0/0")
        let other = try TestServer.answer(cut).media
        #expect(other.sections[0].codecs.map(\.codec) == [.opus])
    }

    @Test(arguments: [
        "111", "", "111/110", "111/", "/", "111/111/x", "300/300", "111 111", "-1/-1",
    ])
    func redundancyOfSomethingElseIsNotTaken(parameters: String) throws {
        let offer = OfferSample.chromiumSDK
            .replacing("a=fmtp:63 111/111", with: "a=fmtp:63 \(parameters)")
        #expect(try TestServer.answer(offer).media.sections[0].codecs.map(\.codec) == [.opus])
    }

    @Test func anotherNumberAndMoreLevelsAreTaken() throws {
        let offer = OfferSample.chromiumSDK
            .replacing("a=fmtp:63 111/111", with: "a=fmtp:63 111/111/111")
        let (media, text) = try TestServer.answer(offer)
        #expect(media.sections[0].codecs.first?.parameters == "111/111")
        #expect(text.contains("a=fmtp:63 111/111\r\n"))
    }

    @Test func aServerThatHasItNotConfiguredAnswersWithout() throws {
        var configuration = TestServer.configuration
        configuration.codecs = [.opus, .vp8]
        var random = SeededRandom(seed: 1)
        let (media, _) = try Negotiator(configuration: configuration).answer(
            to: OfferSample.chromiumSDK, previous: nil, profile: .sdk, using: &random)
        #expect(media.sections[0].codecs.map(\.codec) == [.opus])
    }

    @Test func ourOwnClientsCanOfferIt() throws {
        var random = SeededRandom(seed: 3)
        let offer = ClientOffer(
            sending: [ClientStream(kind: .audio)], receivingPairs: 1,
            ice: RandomWords.ice(using: &random),
            fingerprint: Fingerprint(algorithm: "sha-256", bytes: Array(0..<32)),
            codecs: [.red, .opus, .vp8], using: &random)
        let (media, answer) = try TestServer.answer(offer.text)
        #expect(media.sections[0].codecs.map(\.codec) == [.red, .opus])
        let read = try offer.media(fromAnswer: answer)
        #expect(read.sections[0].codecs.map(\.codec) == [.red, .opus])
        #expect(read.sections[1].codecs.map(\.codec) == [.red, .opus])
    }

    @Test func soundIsRepairedWhereThatIsOffered() throws {
        let plain = try TestServer.answer(OfferSample.chromiumSDK)
        #expect(plain.media.sections[0].codecs.allSatisfy { !$0.hasNACK })
        #expect(!TestServer.lines(plain.answer, section: 0).contains("a=rtcp-fb:111 nack"))
        // As our browser SDK writes it.
        let offer = OfferSample.chromiumSDK.replacing(
            "a=rtpmap:111 opus/48000/2", with: "a=rtpmap:111 opus/48000/2\r\na=rtcp-fb:111 nack")
        let (media, text) = try TestServer.answer(offer)
        for index in [0, 4, 6, 8] {
            #expect(media.sections[index].codecs.map(\.hasNACK) == [false, true])
            #expect(TestServer.lines(text, section: index).contains("a=rtcp-fb:111 nack"))
            #expect(!text.contains("a=rtcp-fb:111 nack pli"))
        }
    }
}
