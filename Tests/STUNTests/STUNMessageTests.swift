// STUN messages are read as RFC 8489 says, and nothing that is wrong is taken.
// SPDX-License-Identifier: Apache-2.0

import Testing
import Wire

@testable import STUN

struct STUNMessageTests {
    static let samples = [
        RFC5769.request, RFC5769.responseIPv4, RFC5769.responseIPv6, RFC5769.longTermRequest,
    ]

    @Test func sampleRequestIsRead() throws {
        let bytes = RFC5769.request
        let message = try bytes.parsed()
        #expect(message.isBindingRequest)
        #expect(message.transactionID.wireBytes == Array(bytes[8..<20]))
        #expect(message.priority == 0x6E00_01FF)
        #expect(message.iceControlled == 0x932F_F9B1_5126_3B36)
        #expect(message.iceControlling == nil)
        #expect(!message.useCandidate)
        #expect(message.hasFingerprint)
        #expect(message.unknownAttributeCount == 0)
        #expect(bytes.username(of: message) == Array("evtj:h6vY".utf8))
        #expect(bytes.peekedFragment == Array("evtj".utf8))
        #expect(bytes.isAuthentic(message, key: RFC5769.password))
        #expect(!bytes.isAuthentic(message, key: Array("wrong".utf8)))
    }

    @Test func sampleResponsesAreRead() throws {
        let ipv4 = try RFC5769.responseIPv4.parsed()
        #expect(ipv4.isBindingSuccess)
        #expect(ipv4.xorMappedAddress == NetworkAddress("192.0.2.1:32853"))
        #expect(
            RFC5769.responseIPv4.isAuthentic(ipv4, key: RFC5769.password))
        let ipv6 = try RFC5769.responseIPv6.parsed()
        #expect(
            ipv6.xorMappedAddress
                == NetworkAddress("[2001:db8:1234:5678:11:2233:4455:6677]:32853"))
        #expect(
            RFC5769.responseIPv6.isAuthentic(ipv6, key: RFC5769.password))
    }

    @Test func sampleLongTermRequestIsRead() throws {
        let bytes = RFC5769.longTermRequest
        let message = try bytes.parsed()
        #expect(!message.hasFingerprint)
        #expect(bytes.isAuthentic(message, key: RFC5769.longTermKey))
    }

    @Test(arguments: samples)
    func everyTruncationIsRefused(sample: [UInt8]) {
        for count in 0..<sample.count {
            let part = Array(sample[..<count])
            #expect(throws: STUNError.self) { try part.parsed() }
            _ = part.isSTUN
            _ = part.peekedFragment
        }
        #expect(throws: STUNError.self) { try (sample + [0]).parsed() }
    }

    @Test(arguments: samples)
    func everyFlippedBitIsFound(sample: [UInt8]) throws {
        let whole = try sample.parsed()
        let key = sample == RFC5769.longTermRequest ? RFC5769.longTermKey : RFC5769.password
        let integrityEnd = try #require(whole.integrityOffset) + 24
        for index in sample.indices {
            for bit in 0..<8 {
                var changed = sample
                changed[index] ^= 1 << UInt8(bit)
                _ = changed.peekedFragment
                guard let message = try? changed.parsed() else { continue }
                // The type of FINGERPRINT, behind the integrity, may turn into another that is ignored.
                #expect(
                    index >= integrityEnd
                        || !changed.isAuthentic(message, key: key))
            }
        }
    }

    @Test(arguments: samples)
    func everyByteValueIsReadOrRefused(sample: [UInt8]) {
        for index in sample.indices {
            for value in UInt8.min...UInt8.max {
                var changed = sample
                changed[index] = value
                _ = try? changed.parsed()
                _ = changed.peekedFragment
            }
        }
    }

    @Test func otherProtocolsAreNotSTUN() {
        // DTLS, RTP, and a first byte of STUN without the cookie (RFC 7983 §7).
        for first: UInt8 in [20, 63, 128, 191] {
            #expect(!([first] + [UInt8](repeating: 0, count: 30)).isSTUN)
        }
        #expect(![UInt8](repeating: 0, count: 30).isSTUN)
        #expect(RFC5769.request.isSTUN)
        #expect(!Array(RFC5769.request[..<19]).isSTUN)
    }

    @Test func lengthsThatLieAreRefused() {
        for length: UInt16 in [0, 1, 4, 0x57, 0x5C, 0x1000, 0xFFFC, 0xFFFF] {
            var bytes = RFC5769.request
            bytes[2] = UInt8(length >> 8)
            bytes[3] = UInt8(length & 0xFF)
            #expect(throws: STUNError.self) { try bytes.parsed() }
        }
        #expect(throws: STUNError.attributeOverrun(type: 0x0006)) {
            try message([0x00, 0x06, 0xFF, 0xFF]).parsed()
        }
        #expect(throws: STUNError.tooLong(1_284)) {
            try message([UInt8](repeating: 0, count: 1_264)).parsed()
        }
    }

    @Test(
        arguments: [
            [0x00, 0x24, 0x00, 0x03, 1, 2, 3, 0], [0x00, 0x25, 0x00, 0x01, 1, 0, 0, 0],
            [0x80, 0x2A, 0x00, 0x04, 1, 2, 3, 4], [0x80, 0x29, 0x00, 0x00],
            [0x00, 0x20, 0x00, 0x04, 0, 1, 2, 3], [0x00, 0x20, 0x00, 0x08, 0, 3, 2, 3, 4, 5, 6, 7],
            [0x00, 0x20, 0x00, 0x08, 0, 2, 2, 3, 4, 5, 6, 7], [0x00, 0x09, 0x00, 0x00],
            [0x00, 0x09, 0x00, 0x04, 0, 0, 2, 99], [0x00, 0x09, 0x00, 0x04, 0, 0, 4, 100],
            [0x00, 0x08, 0x00, 0x04, 1, 2, 3, 4], [0x80, 0x28, 0x00, 0x00],
        ] as [[UInt8]])
    func attributesOfWrongShapeAreRefused(attribute: [UInt8]) {
        #expect(throws: STUNError.self) { try message(attribute).parsed() }
    }

    @Test func unknownAttributesAreCountedAndTheFirstEightKept() throws {
        var attributes: [UInt8] = [0xC0, 0x57, 0, 0]
        for type in 0..<300 as Range<Int> {
            attributes += [0x7F, UInt8(type & 0xFF), 0, 0]
        }
        let parsed = try message(attributes).parsed()
        #expect(parsed.unknownAttributeCount == 300)
        #expect(parsed.unknownAttributes.count == STUNMessage.unknownAttributeLimit)
        #expect(parsed.unknownAttributes.types[7] == 0x7F07)
    }

    @Test func theFirstOfRepeatedAttributesCounts() throws {
        let parsed = try message([0, 0x24, 0, 4, 0, 0, 0, 1, 0, 0x24, 0, 4, 0, 0, 0, 2]).parsed()
        #expect(parsed.priority == 1)
    }

    @Test func whatFollowsTheIntegrityIsIgnored() throws {
        var bytes = Array(RFC5769.request.dropLast(8)) + [0x00, 0x25, 0, 0]
        bytes[3] = UInt8(bytes.count - 20)
        let parsed = try bytes.parsed()
        #expect(!parsed.useCandidate)
        #expect(bytes.isAuthentic(parsed, key: RFC5769.password))
    }

    @Test func nothingMayFollowTheFingerprint() {
        var bytes = RFC5769.request + [0x80, 0x22, 0, 0]
        bytes[3] = UInt8(bytes.count - 20)
        #expect(throws: STUNError.self) { try bytes.parsed() }
    }

    @Test func usernameWithoutColonNamesNobody() {
        let bytes = message([0, 6, 0, 4, 0x61, 0x62, 0x63, 0x64])
        #expect(bytes.peekedFragment == nil)
    }

    private func message(_ attributes: [UInt8]) -> [UInt8] {
        let count = attributes.count
        return [0, 1, UInt8(count >> 8), UInt8(count & 0xFF), 0x21, 0x12, 0xA4, 0x42]
            + [UInt8](repeating: 7, count: 12) + attributes
    }
}
