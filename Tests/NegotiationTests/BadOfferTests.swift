// Offers that are refused, each with its own reason, and the caps.
// SPDX-License-Identifier: Apache-2.0
import Testing
import Wire

@testable import Negotiation

private func error(_ offer: String) -> NegotiationError? {
    do {
        _ = try TestServer.answer(offer)
        return nil
    } catch {
        return error
    }
}

/// The Chromium offer without the lines that begin like this.
private func without(_ prefix: String) -> String {
    OfferSample.chromiumPlain.components(splitBy: "\r\n").filter { !$0.hasPrefix(prefix) }
        .map { $0 + "\r\n" }.joined()
}

@Test func whatIsMissingIsNamed() {
    #expect(error("") == .incomplete)
    #expect(error("v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\n") == .noSections)
    #expect(error(without("a=fingerprint")) == .noFingerprint)
    #expect(error(without("a=ice-ufrag")) == .noICE)
    #expect(error(without("a=ice-pwd")) == .noICE)
    #expect(error(without("a=group")) == .noBundle)
    #expect(error(without("a=rtcp-mux")) == .noRTCPMux(section: 0))
    #expect(error(without("a=mid")) == .badMID(section: 0))
    #expect(error(without("a=extmap")) == nil)
    #expect(error(without("a=rtpmap")) == nil)
    #expect(error(without("a=setup")) == nil)
    #expect(error(without("c=")) == nil)
}

@Test func whatIsWrongIsNamed() {
    let offer = OfferSample.chromiumPlain
    #expect(error(offer.replacing("setup:actpass", with: "setup:passive")) == .badSetup)
    #expect(error(offer.replacing("setup:actpass", with: "setup:holdconn")) == .badSetup)
    #expect(
        error(offer.replacing("fingerprint:sha-256", with: "fingerprint:md5")) == .noFingerprint)
    #expect(error(offer.replacing("ufrag:oF/g", with: "ufrag:oF/")) == .noICE)
    #expect(error(offer.replacing("a=mid:1", with: "a=mid:0")) == .badMID(section: 1))
    #expect(error(offer.replacing("a=mid:1", with: "a=mid:<script>")) == .badMID(section: 1))
    #expect(
        error(offer.replacing("a=mid:1", with: "a=mid:01234567890123456")) == .badMID(section: 1))
    #expect(
        error(offer.replacing("a=extmap:13 ", with: "a=extmap:1 "))
            == .conflictingExtension(id: 1))
    #expect(error(offer + "nonsense\r\n")?.name == "malformed")
    #expect(error(offer.replacing("a=group:BUNDLE 0 1 2", with: "a=group:BUNDLE x")) == .noSections)
}

@Test func capsHoldAndAreQuick() {
    let start = ContinuousClock.now
    #expect(error(String(repeating: "v=0\r\n", count: 1 << 18)) == .tooLarge)
    let head = "v=0\no=- 1 1 IN IP4 0.0.0.0\n"
    #expect(error(head + String(repeating: "m=audio 9 X 0\n", count: 10_000)) == .tooManySections)
    #expect(error(head + "a=" + String(repeating: "x", count: 20_000)) == .tooLarge)
    let streams = (1...20_000).map { "a=ssrc:\($0)\n" }.joined()
    #expect(
        error(OfferSample.chromiumPlain + "m=video 9 X 0\na=mid:9\n" + streams)
            == .tooManyStreams(section: 3))
    for line in [
        "a=rid:a send\n", "a=extmap:1 x\n", "a=candidate:1 1 udp 1 1.1.1.1 1 typ host\n",
        "a=fingerprint:sha-256 00\n", "a=rtcp-fb:* nack\n", "a=x\n", "a=simulcast:send a\n",
    ] {
        _ = error(
            OfferSample.chromiumPlain + String(repeating: line, count: 200_000 / line.utf8.count))
    }
    _ = error(
        OfferSample.chromiumPlain.replacing(
            "BUNDLE 0 1 2", with: "BUNDLE" + String(repeating: " 0", count: 8_000)))
    #expect(ContinuousClock.now - start < .seconds(20))
}

@Test func everySampleCutOrChangedIsAnsweredOrRefused() {
    for (number, sample) in OfferSample.all.enumerated() {
        let bytes = Array(sample.utf8)
        // A stride keeps debug builds quick; the fuzz target tries the rest.
        for index in stride(from: number % 7, to: bytes.count, by: 199) {
            _ = error(String(decoding: bytes[..<index], as: UTF8.self))
            for change: UInt8 in [0x01, 0x10, 0x80] {
                var changed = bytes
                changed[index] ^= change
                _ = error(String(decoding: changed, as: UTF8.self))
            }
        }
    }
}

@Test func everyErrorHasAnExplanation() {
    let all: [NegotiationError] = [
        .tooLarge, .malformed(line: 3), .incomplete, .tooManySections, .tooManyStreams(section: 1),
        .noSections, .noFingerprint, .noICE, .noBundle, .noRTCPMux(section: 0), .badMID(section: 0),
        .badSetup, .conflictingExtension(id: 3), .sectionsRemoved, .fingerprintChanged,
        .answerMismatch,
    ]
    #expect(Set(all.map(\.name)).count == all.count)
    for error in all { #expect(error.explanation.hasSuffix(".")) }
}
