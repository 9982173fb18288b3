// What the RTP header reader takes, refuses and finds.
// SPDX-License-Identifier: Apache-2.0

import Testing
import Wire

@testable import RTP

@Test func headerOfARealOpusPacketIsRead() throws {
    let packet = Chromium156.opus
    let header = try RTPHeader.parse(packet.span)
    #expect(header.marker)
    #expect(header.payloadType == 111)
    #expect(header.sequenceNumber == SequenceNumber(0x391B))
    #expect(header.timestamp == RTPTimestamp(0x815B_5762))
    #expect(header.ssrc == SSRC(0x86D4_70A5))
    #expect(header.csrcCount == 0)
    #expect(header.extensionProfile == RTPHeader.oneByteProfile)
    #expect(header.extensionRange == 16..<28)
    #expect(header.headerCount == 28)
    #expect(!header.hasPadding)
    #expect(try held(header.payloadRange(in: packet.span)) == 28..<60)
    #expect(!held(header.isPaddingOnly(in: packet.span)))
}

@Test func extensionsOfARealOpusPacketAreFound() throws {
    let packet = Chromium156.opus
    let header = try RTPHeader.parse(packet.span)
    #expect(held(header.extensionRange(id: 2, in: packet.span)) == 17..<20)
    #expect(
        held(header.transportSequenceNumber(id: 4, in: packet.span)) == SequenceNumber(1))
    let mid = try #require(held(header.extensionRange(id: 9, in: packet.span)))
    #expect(Array(packet[mid]) == Array("1".utf8))
    let level = try #require(held(header.audioLevel(id: 14, in: packet.span)))
    #expect(level == AudioLevel(hasVoiceActivity: true, attenuation: 127))
    #expect(level.byte == 0xFF)
    #expect(held(header.extensionRange(id: 5, in: packet.span)) == nil)
    #expect(held(header.audioLevel(id: 5, in: packet.span)) == nil)
}

@Test func paddingOnlyRetransmissionIsSeen() throws {
    let packet = Chromium156.paddingOnlyRetransmission
    let header = try RTPHeader.parse(packet.span)
    #expect(try held(header.paddingCount(in: packet.span)) == 255)
    #expect(try held(header.payloadRange(in: packet.span).isEmpty))
    #expect(held(header.isPaddingOnly(in: packet.span)))
}

@Test func paddingThatCannotBeIsRefused() throws {
    var packet = bytes("a0600001 00000002 00000003 AABB00")
    let header = try RTPHeader.parse(packet.span)
    #expect(throws: RTPError.invalidPadding(count: 0, payloadCount: 3)) {
        try header.paddingCount(in: packet.span)
    }
    packet[14] = 4
    #expect(throws: RTPError.invalidPadding(count: 4, payloadCount: 3)) {
        try header.paddingCount(in: packet.span)
    }
    packet[14] = 3
    #expect(try held(header.paddingCount(in: packet.span)) == 3)
    #expect(throws: RTPError.invalidPadding(count: 0, payloadCount: 0)) {
        try header.paddingCount(in: packet.span.extracting(..<12))
    }
    #expect(throws: RTPError.truncated(needed: 12, have: 5)) {
        try header.payloadRange(in: packet.span.extracting(..<5))
    }
}

@Test func twoByteExtensionsAreFound() throws {
    let packet = Handmade.twoByteExtensions
    let header = try RTPHeader.parse(packet.span)
    #expect(header.extensionProfile == 0x1000)
    #expect(held(header.extensionRange(id: 1, in: packet.span)?.isEmpty) == true)
    let second = try #require(held(header.extensionRange(id: 2, in: packet.span)))
    #expect(Array(packet[second]) == [0xAA])
    let third = try #require(held(header.extensionRange(id: 3, in: packet.span)))
    #expect(Array(packet[third]) == [0xBB, 0xCC, 0xDD, 0xEE])
    // An empty element is no level and no number.
    #expect(held(header.audioLevel(id: 1, in: packet.span)) == nil)
    #expect(held(header.transportSequenceNumber(id: 2, in: packet.span)) == nil)
}

@Test func identifierFifteenAndZeroWithALengthEndTheOneByteForm() throws {
    for stop: UInt8 in [0xF0, 0x03] {
        var packet = bytes("90600001 00000002 00000003 BEDE0002 10AA00") + [stop]
        packet += bytes("20BB0000")
        let header = try RTPHeader.parse(packet.span)
        #expect(held(header.extensionRange(id: 1, in: packet.span)) == 17..<18)
        #expect(held(header.extensionRange(id: 2, in: packet.span)) == nil)
        #expect(held(header.extensionRange(id: 15, in: packet.span)) == nil)
        #expect(held(header.extensionRange(id: 0, in: packet.span)) == nil)
    }
}

@Test func anElementPastTheExtensionsEndIsNotFound() throws {
    let packet = bytes("90600001 00000002 00000003 BEDE0001 12AABBCC 1F000000")
    var header = try RTPHeader.parse(packet.span)
    #expect(held(header.extensionRange(id: 1, in: packet.span)) == 17..<20)
    let cut = bytes("90600001 00000002 00000003 BEDE0001 13AABBCC 1F000000")
    header = try RTPHeader.parse(cut.span)
    #expect(held(header.extensionRange(id: 1, in: cut.span)) == nil)
}

@Test func unknownExtensionProfilesHoldNoElements() throws {
    let packet = bytes("90600001 00000002 00000003 ABAC0001 10AA0000")
    let header = try RTPHeader.parse(packet.span)
    #expect(header.extensionProfile == 0xABAC)
    #expect(header.headerCount == 20)
    #expect(held(header.extensionRange(id: 1, in: packet.span)) == nil)
}

@Test func contributingSourcesAreCountedAndRead() throws {
    let packet = bytes("82600001 00000002 00000003 AAAAAAAA BBBBBBBB 01")
    let header = try RTPHeader.parse(packet.span)
    #expect(header.headerCount == 20)
    #expect(held(header.csrc(at: 0, in: packet.span)) == SSRC(0xAAAA_AAAA))
    #expect(held(header.csrc(at: 1, in: packet.span)) == SSRC(0xBBBB_BBBB))
    #expect(held(header.csrc(at: 2, in: packet.span)) == nil)
    #expect(held(header.csrc(at: -1, in: packet.span)) == nil)
}

@Test func headersThatEndOutsideAreRefused() {
    #expect(throws: RTPError.truncated(needed: 12, have: 0)) {
        try RTPHeader.parse([UInt8]().span)
    }
    #expect(throws: RTPError.unsupportedVersion(1)) {
        try RTPHeader.parse(bytes("40600001 00000002 00000003").span)
    }
    #expect(throws: RTPError.truncated(needed: 16, have: 12)) {
        try RTPHeader.parse(bytes("81600001 00000002 00000003").span)
    }
    #expect(throws: RTPError.truncated(needed: 16, have: 12)) {
        try RTPHeader.parse(bytes("90600001 00000002 00000003").span)
    }
    #expect(throws: RTPError.truncated(needed: 16 + 4 * 65_535, have: 16)) {
        try RTPHeader.parse(bytes("90600001 00000002 00000003 BEDEFFFF").span)
    }
}

@Test func damagedPacketsNeverTrapTheHeaderReader() {
    for sample in Chromium156.rtp + [Handmade.twoByteExtensions] {
        forEachDamage(of: sample) { packet in
            guard let header = try? RTPHeader.parse(packet.span) else { return }
            #expect(header.headerCount <= packet.count)
            if let payload = try? header.payloadRange(in: packet.span) {
                #expect(payload.upperBound <= packet.count)
            }
            var cursor = HeaderExtensionCursor(header)
            while let element = cursor.next(in: packet.span) {
                #expect(element.range.upperBound <= header.headerCount)
                #expect(element.id != 0)
            }
            _ = header.audioLevel(id: 14, in: packet.span)
            _ = header.transportSequenceNumber(id: 4, in: packet.span)
            _ = header.isPaddingOnly(in: packet.span)
            // A header read from another, shorter packet finds nothing instead of trapping.
            _ = header.extensionRange(id: 4, in: packet.span.extracting(..<12))
            var copy = packet
            var span = copy.mutableSpan
            _ = RTPRetransmission.unwrap(&span, header: header, ssrc: SSRC(1), payloadType: 1)
        }
    }
}

@Test func headerWriterGivesBackARealPacketsHeader() throws {
    let packet = Chromium156.opus
    let header = try RTPHeader.parse(packet.span)
    var copy = [UInt8](repeating: 0xEE, count: 64)
    var span = copy.mutableSpan
    var writer = RTPHeaderWriter(form: .oneByte)
    writer.begin(
        marker: header.marker, payloadType: header.payloadType,
        sequenceNumber: header.sequenceNumber, timestamp: header.timestamp, ssrc: header.ssrc,
        in: &span)
    writer.append(id: 2, uint24: 0x7C_86D6, in: &span)
    writer.append(id: 4, uint16: 1, in: &span)
    writer.append(id: 9, data: Array("1".utf8).span, in: &span)
    writer.append(id: 14, uint8: 0xFF, in: &span)
    let count = writer.finish(in: &span)
    #expect(Array(copy[..<count]) == Array(packet[..<28]))
}

@Test func headerWriterWithoutExtensionsWritesTwelveBytes() throws {
    var packet = [UInt8](repeating: 0xEE, count: 12)
    var span = packet.mutableSpan
    let count = RTPHeaderWriter.write(
        marker: false, payloadType: 0xFF, sequenceNumber: SequenceNumber(65_535),
        timestamp: RTPTimestamp(.max), ssrc: SSRC(7), into: &span)
    #expect(count == 12)
    #expect(packet == bytes("807FFFFF FFFFFFFF 00000007"))
}

@Test func headerWriterInTwoBytesRoundTrips() throws {
    let long = [UInt8](repeating: 0x5A, count: 255)
    var packet = [UInt8](repeating: 0xEE, count: 400)
    var span = packet.mutableSpan
    var writer = RTPHeaderWriter(form: .twoByte)
    writer.begin(
        marker: true, payloadType: 96, sequenceNumber: SequenceNumber(1),
        timestamp: RTPTimestamp(2), ssrc: SSRC(3), in: &span)
    #expect(held(writer.append(id: 200, data: long.span, in: &span)))
    #expect(held(writer.append(id: 1, data: [UInt8]().span, in: &span)))
    #expect(!held(writer.append(id: 0, uint8: 1, in: &span)))
    #expect(!held(writer.append(id: 2, data: (long + [1]).span, in: &span)))
    let count = writer.finish(in: &span)
    #expect(count % 4 == 0)
    let header = try RTPHeader.parse(packet.span)
    #expect(header.headerCount == count)
    let found = try #require(held(header.extensionRange(id: 200, in: packet.span)))
    #expect(Array(packet[found]) == long)
    #expect(held(header.extensionRange(id: 1, in: packet.span)?.isEmpty) == true)
}

@Test func elementsThatDoNotFitFormOrRoomAreLeftOut() throws {
    var packet = [UInt8](repeating: 0, count: 24)
    var span = packet.mutableSpan
    var writer = RTPHeaderWriter(form: .oneByte)
    writer.begin(
        marker: true, payloadType: 96, sequenceNumber: SequenceNumber(1),
        timestamp: RTPTimestamp(2), ssrc: SSRC(3), in: &span)
    #expect(!held(writer.append(id: 15, uint8: 1, in: &span)))
    #expect(!held(writer.append(id: 1, data: [UInt8]().span, in: &span)))
    #expect(!held(writer.append(id: 1, data: [UInt8](repeating: 1, count: 17).span, in: &span)))
    #expect(!held(writer.append(id: 1, data: [UInt8](repeating: 1, count: 16).span, in: &span)))
    #expect(held(writer.append(id: 1, uint8: 9, in: &span)))
    let count = writer.finish(in: &span)
    #expect(count == 20)
    #expect(
        try held(RTPHeader.parse(packet.span).extensionRange(id: 1, in: packet.span)) == 17..<18)
}

@Test func retransmissionGivesTheOriginalPacket() throws {
    var packet = Chromium156.retransmission
    let header = try RTPHeader.parse(packet.span)
    let payload = try header.payloadRange(in: packet.span)
    #expect(
        held(RTPRetransmission.originalSequenceNumber(in: packet.span.extracting(payload)))
            == SequenceNumber(0x18EF))
    var span = packet.mutableSpan
    let range = try #require(
        held(
            RTPRetransmission.unwrap(
                &span, header: header, ssrc: SSRC(0xA0C3_4CA5), payloadType: 102)))
    #expect(range == 2..<packet.count)
    let original = Array(packet[range])
    let unwrapped = try RTPHeader.parse(original.span)
    #expect(unwrapped.sequenceNumber == SequenceNumber(0x18EF))
    #expect(unwrapped.ssrc == SSRC(0xA0C3_4CA5))
    #expect(unwrapped.payloadType == 102)
    #expect(unwrapped.marker == header.marker)
    #expect(unwrapped.timestamp == header.timestamp)
    #expect(unwrapped.headerCount == header.headerCount)
    #expect(original[unwrapped.headerCount] == 0x7C)
    #expect(original.count == Chromium156.retransmission.count - 2)
}

@Test func retransmissionWithoutAnOriginalIsRefusedUnchanged() throws {
    for text in ["80600001 00000002 00000003", "80600001 00000002 00000003 01"] {
        var packet = bytes(text)
        let before = packet
        let header = try RTPHeader.parse(packet.span)
        var span = packet.mutableSpan
        #expect(
            held(RTPRetransmission.unwrap(&span, header: header, ssrc: SSRC(9), payloadType: 1))
                == nil)
        #expect(packet == before)
    }
    var packet = Chromium156.paddingOnlyRetransmission
    let header = try RTPHeader.parse(packet.span)
    var span = packet.mutableSpan
    #expect(
        held(RTPRetransmission.unwrap(&span, header: header, ssrc: SSRC(9), payloadType: 1)) == nil)
    #expect(packet == Chromium156.paddingOnlyRetransmission)
}

@Test func paddingBehindARetransmissionIsNotTakenForItsNumber() throws {
    // One byte of payload and two of padding: no room for the original number.
    var packet = bytes("a0600001 00000002 00000003 AA0002")
    let header = try RTPHeader.parse(packet.span)
    var span = packet.mutableSpan
    #expect(
        held(RTPRetransmission.unwrap(&span, header: header, ssrc: SSRC(9), payloadType: 1)) == nil)
}

@Test func wrappingWritesTheOriginalNumberInFront() {
    var payload = bytes("0000 AABB")
    var span = payload.mutableSpan
    #expect(held(RTPRetransmission.wrap(SequenceNumber(0xFFFE), in: &span)))
    #expect(payload == bytes("FFFE AABB"))
    var short: [UInt8] = [1]
    var shortSpan = short.mutableSpan
    #expect(!held(RTPRetransmission.wrap(SequenceNumber(1), in: &shortSpan)))
}

@Test func codecsAreFoundByNameInAnyCase() {
    #expect(MediaCodec(encodingName: "vp8") == .vp8)
    #expect(MediaCodec(encodingName: "OPUS") == .opus)
    #expect(MediaCodec(encodingName: "H264") == .h264)
    #expect(MediaCodec(encodingName: "H265") == nil)
    for codec in MediaCodec.allCases {
        #expect(MediaCodec(encodingName: codec.encodingName) == codec)
        #expect(codec.clockRate > 0)
    }
}

@Test func extensionKindsAreFoundByTheirURI() {
    func kind(_ uri: String) -> HeaderExtensionKind? {
        let bytes = Array(uri.utf8)
        return HeaderExtensionKind(uri: bytes.span)
    }
    for known in HeaderExtensionKind.allCases { #expect(kind(known.uri) == known) }
    #expect(
        Set(HeaderExtensionKind.allCases.map(\.uri)).count == HeaderExtensionKind.allCases.count)
    #expect(kind("urn:none") == nil)
}
