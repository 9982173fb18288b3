// What real offers are answered with.
// SPDX-License-Identifier: Apache-2.0
import RTP
import SDP
import Testing
import Wire

@testable import Negotiation

/// A server for tests, and its way of answering.
enum TestServer {
    static let configuration = ServerMediaConfiguration(
        fingerprint: Fingerprint(algorithm: "sha-256", bytes: Array(0..<32)),
        candidates: [
            HostCandidate(
                address: NetworkAddress(ipv4: 0xC000_0201, port: 7000), priority: 2_130_706_431),
            HostCandidate(
                address: NetworkAddress(ipv6High: 0xFD00 << 48, low: 2, port: 7000),
                priority: 2_130_706_175),
        ])

    static func answer(
        _ offer: String, previous: PeerMedia? = nil, profile: NegotiationProfile = .sdk,
        seed: UInt64 = 1
    ) throws(NegotiationError) -> (media: PeerMedia, answer: String) {
        var random = SeededRandom(seed: seed)
        return try Negotiator(configuration: configuration)
            .answer(to: offer, previous: previous, profile: profile, using: &random)
    }

    /// The lines of one section of a description.
    static func lines(_ text: String, section index: Int) -> [String] {
        let parts = text.components(splitBy: "\r\nm=")
        guard index + 1 < parts.count else { return [] }
        return ("m=" + parts[index + 1]).components(splitBy: "\r\n")
    }
}

extension String {
    /// The parts between occurrences of a separator.
    func components(splitBy separator: String) -> [String] {
        self.split(separator: separator, omittingEmptySubsequences: true).map(String.init)
    }
}

@Test(arguments: OfferSample.all)
func answerHasTheOffersSectionsInOrderAndReadsBack(_ offer: String) throws {
    let offered = try PlainDescription(offer)
    let (media, text) = try TestServer.answer(offer)
    let answer = try PlainDescription(text)
    #expect(answer.media.map(\.media) == offered.media.map(\.media))
    #expect(
        answer.media.map { $0.attributes.value(of: "mid") }
            == offered.media.map { $0.attributes.value(of: "mid") })
    #expect(answer.attributes.contains(name: "ice-lite"))
    let living = media.sections.filter { !$0.isRejected }.map(\.mid)
    #expect(answer.attributes.value(of: "group") == "BUNDLE " + living.joined(separator: " "))
    for (section, described) in zip(media.sections, answer.media) {
        guard !section.isRejected else {
            #expect(described.port == 0)
            continue
        }
        #expect(described.port == 9)
        #expect(described.attributes.value(of: "setup") == "passive")
        #expect(described.attributes.contains(name: "rtcp-mux"))
        #expect(described.attributes.contains(name: "rtcp-rsize"))
        #expect(
            described.attributes.value(of: "ice-ufrag") == media.localICE.usernameFragment)
        // Every payload type and extension id of the answer stands in the offer.
        let theirs = offered.media[section.index]
        for format in described.formats { #expect(theirs.formats.contains(format)) }
        for line in described.attributes where line.name == "rtcp-fb" {
            // Senders may be bounded, receivers are not to bound us.
            if line.value?.contains("goog-remb") == true { #expect(section.direction.isReceiving) }
        }
    }
    let candidates = answer.media.map { $0.attributes.filter { $0.name == "candidate" }.count }
    let first = try #require(media.sections.first { !$0.isRejected })
    #expect(candidates[first.index] == 2)
    #expect(candidates.reduce(0, +) == 2)
    #expect(answer.media[first.index].attributes.contains(name: "end-of-candidates"))
}

@Test func sdkOfferBecomesProducersAndPairedSlots() throws {
    let (media, text) = try TestServer.answer(OfferSample.chromiumSDK)
    #expect(
        media.sections.map(\.direction) == [
            .receives, .receives, .receives, .receives, .sends, .sends, .sends, .sends, .sends,
        ])
    #expect(media.sections[1].simulcastRIDs == ["q", "h", "f"])
    #expect(media.sections[1].declaredSSRCs.isEmpty)
    #expect(media.sections[0].declaredSSRCs == [3_393_955_781])
    #expect(media.sections[2].declaredRTX.map(\.media) == media.sections[2].declaredSSRCs)
    #expect(TestServer.lines(text, section: 1).contains("a=simulcast:recv q;h;f"))
    #expect(TestServer.lines(text, section: 1).contains("a=rid:h recv"))
    #expect(media.remoteSetup == .actpass)
    #expect(media.remoteICE.usernameFragment == "3iWt")
    #expect(media.allowsMixedExtensions)

    let slots = media.sections[4...].compactMap(\.slot)
    #expect(slots.map(\.streamID) == ["pair-4", "pair-4", "pair-6", "pair-6", "pair-8"])
    #expect(slots.map { $0.rtxSSRC != nil } == [false, true, false, true, false])
    let numbers = slots.flatMap { [$0.ssrc] + ($0.rtxSSRC.map { [$0] } ?? []) }
    #expect(Set(numbers).count == 7 && !numbers.contains(0))
    let video = try #require(media.sections[5].slot)
    let rtx = try #require(video.rtxSSRC)
    let lines = TestServer.lines(text, section: 5)
    #expect(lines.contains("a=sendonly"))
    #expect(lines.contains("a=msid:pair-4 slot-5"))
    #expect(lines.contains("a=ssrc:\(video.ssrc) cname:\(media.cname)"))
    #expect(lines.contains("a=ssrc:\(rtx) cname:\(media.cname)"))
    #expect(lines.contains("a=ssrc-group:FID \(video.ssrc) \(rtx)"))
    #expect(media.sections[5].extensions.map(\.kind).contains(.playoutDelay))
    #expect(media.sections[1].extensions.map(\.kind).contains(.repairedRid))
    #expect(!media.sections[1].extensions.map(\.kind).contains(.playoutDelay))
}

@Test func theRightH264OfSevenIsTaken() throws {
    let (media, _) = try TestServer.answer(OfferSample.chromiumSimulcast)
    let codecs = media.sections[1].codecs
    #expect(codecs.map(\.codec) == [.vp8, .h264, .av1, .vp9])
    let h264 = try #require(codecs.first { $0.codec == .h264 })
    #expect(h264.payloadType == 108)
    #expect(h264.retransmissionPayloadType == 109)
    #expect(
        h264.parameters
            == "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f")
    #expect(codecs.allSatisfy { $0.hasNACK && $0.hasPLI && $0.hasFIR && $0.hasTransportCC })
    #expect(codecs.first { $0.codec == .vp9 }?.parameters == "profile-id=0")
    #expect(
        media.sections[0].codecs.map(\.parameters)
            == ["111/111", "minptime=10;useinbandfec=1"])
}

@Test func firefoxOfferWithPortZeroAndSessionFingerprintIsTaken() throws {
    for sample in [OfferSample.firefoxSDK, OfferSample.firefoxH264] {
        let (media, text) = try TestServer.answer(sample)
        #expect(media.remoteFingerprints.count == 1)
        #expect(media.sections[1].direction == .receives)
        #expect(!media.sections[1].isRejected)
        #expect(media.sections[1].simulcastRIDs == ["q", "h", "f"])
        #expect(
            TestServer.lines(text, section: 1).contains {
                $0.hasSuffix("/recvonly urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id")
            })
    }
    // A slot writes what Firefox only wants to receive, the other way round.
    let (media, text) = try TestServer.answer(OfferSample.firefoxH264)
    #expect(
        TestServer.lines(text, section: 3).contains(
            "a=extmap:6/sendonly http://www.webrtc.org/experiments/rtp-hdrext/playout-delay"))
    #expect(
        TestServer.lines(text, section: 1).contains { $0.contains("playout-delay") } == false)
    #expect(media.sections[1].codecs.first { $0.codec == .h264 }?.payloadType == 126)
    #expect(media.sections[3].slot?.streamID == "pair-2")
    #expect(media.sections[4].isRejected)
}

@Test func plainClientSendsAndReceivesInOneSectionAndGetsNoData() throws {
    let (media, text) = try TestServer.answer(OfferSample.chromiumPlain)
    #expect(media.sections[0].direction == .receivesAndSends)
    #expect(media.sections[1].direction == .receivesAndSends)
    #expect(media.sections[0].slot?.streamID == media.sections[1].slot?.streamID)
    #expect(media.sections[1].declaredSSRCs == [3_150_032_353])
    #expect(media.sections[1].declaredRTX.map(\.retransmission) == [2_106_244_858])
    #expect(media.remoteCandidates.count == 4)
    #expect(TestServer.lines(text, section: 1).contains("a=sendrecv"))
    #expect(
        TestServer.lines(text, section: 2).first
            == "m=application 0 UDP/DTLS/SCTP webrtc-datachannel")
}

@Test func receiversThatOfferTheirTimeMaySendIt() throws {
    let profile = NegotiationProfile.whep(publishedCodecs: [.vp8])
    let offer = OfferSample.chromiumPlayer
    let plain = try TestServer.answer(offer, profile: profile)
    #expect(!plain.answer.contains("rrtr"))
    let offered = offer.replacing(
        "a=rtcp-fb:96 nack pli", with: "a=rtcp-fb:96 nack pli\r\na=rtcp-fb:96 rrtr")
    let (media, text) = try TestServer.answer(offered, profile: profile)
    #expect(text.contains("a=rtcp-fb:96 rrtr\r\n"))
    let codecs = media.sections.flatMap(\.codecs)
    #expect(codecs.filter(\.hasReceiverTime).map(\.payloadType) == [96])
}

@Test func whipTakesOnlyWhatIsSent() throws {
    let (media, text) = try TestServer.answer(OfferSample.chromiumPlain, profile: .whip)
    #expect(media.sections.map(\.direction) == [.receives, .receives, .inactive])
    #expect(media.sections[0].slot == nil)
    #expect(TestServer.lines(text, section: 1).contains("a=recvonly"))
    #expect(TestServer.lines(text, section: 1).contains { $0.hasPrefix("a=fingerprint:") })
    // Nobody tells such a client otherwise what receivers can use.
    #expect(TestServer.lines(text, section: 1).contains("a=rtcp-fb:96 goog-remb"))
    #expect(media.sections[1].codecs.allSatisfy { $0.hasREMB })
    #expect(!TestServer.lines(text, section: 0).contains { $0.hasSuffix("goog-remb") })
    let player = try TestServer.answer(OfferSample.chromiumPlayer, profile: .whip)
    #expect(player.media.sections.map(\.direction) == [.inactive, .inactive])
}

@Test func whepPutsPublishedCodecsFirstAndKeepsTheOthers() throws {
    let (media, text) = try TestServer.answer(
        OfferSample.chromiumPlayer, profile: .whep(publishedCodecs: [.av1, .vp9, .opus]))
    #expect(media.sections.map(\.direction) == [.sends, .sends])
    #expect(media.sections[1].codecs.map(\.codec) == [.av1, .vp9, .vp8, .h264])
    #expect(
        TestServer.lines(text, section: 1).first?.hasPrefix(
            "m=video 9 UDP/TLS/RTP/SAVPF 45 46 98 99") == true)
    let empty = try TestServer.answer(
        OfferSample.chromiumPlayer, profile: .whep(publishedCodecs: []))
    #expect(empty.media.sections[1].codecs.count == 4)
    // Of a player nobody knows whether it bears padding; browsers with our SDK do.
    #expect(!media.bearsPadding)
    let browser = try TestServer.answer(OfferSample.chromiumPlayer)
    #expect(browser.media.bearsPadding)
}

@Test func whepPairsTheNthAudioWithTheNthVideo() throws {
    var random = SeededRandom(seed: 3)
    var sections = [SectionKind.audio, .audio, .video, .video].enumerated().map {
        MediaSection(index: $0.offset, mid: "\($0.offset)", kind: $0.element, direction: .sends)
    }
    let offer = try DescribedSession(OfferSample.chromiumPlayer)
    var slots = SlotAllocation(offer: offer, previous: nil)
    slots.allocate(in: &sections, pairing: .counted, using: &random)
    #expect(sections.compactMap(\.slot?.streamID) == ["pair-0", "pair-1", "pair-0", "pair-1"])
}

@Test func sectionWithoutCommonCodecIsInactiveAndTheRestGoesOn() throws {
    let offer = OfferSample.chromiumPlain
        .replacing("a=rtpmap:111 opus/48000/2", with: "a=rtpmap:111 speex/48000/2")
    let (media, text) = try TestServer.answer(offer)
    #expect(media.sections[0].direction == .inactive)
    #expect(!media.sections[0].isRejected)
    #expect(media.sections[0].codecs.isEmpty)
    #expect(media.sections[1].direction == .receivesAndSends)
    let lines = TestServer.lines(text, section: 0)
    #expect(lines.first == "m=audio 9 UDP/TLS/RTP/SAVPF 111")
    #expect(lines.contains("a=inactive"))
    #expect(lines.contains("a=rtpmap:111 speex/48000/2"))
}

@Test func rejectedSectionStaysRejected() throws {
    let offer = OfferSample.chromiumPlain
        .replacing("m=video 33242", with: "m=video 0").replacing("BUNDLE 0 1 2", with: "BUNDLE 0 2")
    let (media, text) = try TestServer.answer(offer)
    #expect(media.sections[1].isRejected)
    #expect(text.contains("a=group:BUNDLE 0\r\n"))
}

@Test func sameSeedGivesTheSameAnswer() throws {
    let first = try TestServer.answer(OfferSample.chromiumSDK, seed: 9)
    let second = try TestServer.answer(OfferSample.chromiumSDK, seed: 9)
    #expect(first.answer == second.answer)
    #expect(try TestServer.answer(OfferSample.chromiumSDK, seed: 10).answer != first.answer)
}

@Test func dependencyDescriptorsAreTakenOfSendersOfAV1AndGivenToReceivers() throws {
    // In the sample VP8 stands first, of which libwebrtc would leave the picture numbers out.
    let (media, text) = try TestServer.answer(OfferSample.chromiumSDK)
    #expect(media.sections[1].extensionID(.dependencyDescriptor) == nil)
    #expect(media.sections[5].extensionID(.dependencyDescriptor) == 12)
    let line = "a=extmap:12 \(HeaderExtensionKind.dependencyDescriptor.uri)"
    #expect(!TestServer.lines(text, section: 1).contains(line))
    #expect(TestServer.lines(text, section: 5).contains(line))
    // Without the long form of header extensions a keyframe's descriptor cannot be given.
    let short = OfferSample.chromiumSDK.components(splitBy: "a=extmap-allow-mixed\r\n").joined()
    #expect(
        try TestServer.answer(short).media.sections[5].extensionID(.dependencyDescriptor) == nil)
    // Where AV1 is what is sent they are taken.
    let first = try #require(
        OfferSample.chromiumSDK.components(splitBy: "\r\n").first { $0.hasPrefix("m=video") })
    let types = first.components(splitBy: " ")
    let av1 = try #require(media.sections[1].codecs.first { $0.codec == .av1 }).payloadType
    let others = types[3...].filter { $0 != "\(av1)" }
    let reordered = (types[..<3] + ["\(av1)"] + others).joined(separator: " ")
    let offer = OfferSample.chromiumSDK.components(splitBy: first).joined(separator: reordered)
    let taken = try TestServer.answer(offer).media
    #expect(taken.sections[1].codecs.first?.codec == .av1)
    #expect(taken.sections[1].extensionID(.dependencyDescriptor) == 12)
}
