// What is written reads back the same, and errors are no larger than the requests they answer.
// SPDX-License-Identifier: Apache-2.0

import Testing
import Wire

@testable import STUN

struct STUNWriterTests {
    let id = STUNTransactionID(high: 0x0102_0304_0506_0708, low: 0x090A_0B0C)
    let key = Array("a password of some length".utf8)

    func written(
        capacity: Int = 700, prefix: [UInt8] = [],
        _ write: (inout OutputSpan<UInt8>) -> Bool
    ) -> [UInt8]? {
        var isWritten = false
        let bytes = [UInt8](capacity: capacity) { output in
            for byte in prefix { output.append(byte) }
            isWritten = write(&output)
        }
        return isWritten ? Array(bytes.dropFirst(prefix.count)) : nil
    }

    @Test(arguments: 1...9, [true, false])
    func requestReadsBack(fragmentCount: Int, nominates: Bool) throws {
        let username = Array("\(String(repeating: "u", count: fragmentCount)):me".utf8)
        let role =
            nominates
            ? STUNBindingRequest.Role.controlling(tieBreaker: .max) : .controlled(tieBreaker: 5)
        let request = STUNBindingRequest(
            transactionID: id, priority: 77, role: role, useCandidate: nominates)
        let bytes = try #require(
            written(prefix: [1, 2, 3]) {
                STUNWriter.writeBindingRequest(
                    request, username: username.span, key: key.span, into: &$0)
            })
        let message = try bytes.parsed()
        #expect(message.isBindingRequest)
        #expect(message.transactionID == id)
        #expect(message.priority == 77)
        #expect(message.useCandidate == nominates)
        #expect(message.iceControlling == (nominates ? .max : nil))
        #expect(message.iceControlled == (nominates ? nil : 5))
        #expect(message.hasFingerprint)
        #expect(bytes.username(of: message) == username)
        #expect(bytes.isAuthentic(message, key: key))
    }

    @Test func theLongestRequestFits() throws {
        let username = [UInt8](repeating: 0x61, count: STUNWriter.usernameByteCountMax)
        let request = STUNBindingRequest(
            transactionID: id, priority: 1, role: .controlling(tieBreaker: 1), useCandidate: true)
        let bytes = try #require(
            written(capacity: STUNWriter.byteCountMax) {
                STUNWriter.writeBindingRequest(
                    request, username: username.span, key: key.span, into: &$0)
            })
        #expect(throws: Never.self) { try bytes.parsed() }
        #expect(
            written {
                STUNWriter.writeBindingRequest(
                    request, username: (username + [0]).span, key: key.span, into: &$0)
            } == nil)
    }

    @Test(arguments: [
        "192.0.2.1:1", "255.255.255.255:65535", "[2001:db8::1]:443", "[::]:0", "0.0.0.0:0",
    ])
    func mappedAddressReadsBack(text: String) throws {
        let address = try #require(NetworkAddress(text))
        let bytes = try #require(
            written {
                STUNWriter.writeBindingSuccess(
                    id, mappedAddress: address, key: key.span, into: &$0)
            })
        let message = try bytes.parsed()
        #expect(message.isBindingSuccess)
        #expect(message.xorMappedAddress == address)
        #expect(bytes.isAuthentic(message, key: key))
    }

    @Test func mappedIPv4InsideIPv6IsReadAsIPv4() throws {
        // ::ffff:127.0.0.1, XORed with cookie and ID (RFC 8489 §14.2).
        let mask = id.ipv6Mask
        var value: [UInt8] = [0, 2, 0x21, 0x12]
        for half in [mask.high, mask.low ^ 0xFFFF_7F00_0001] {
            for shift in stride(from: 56, through: 0, by: -8) {
                value.append(UInt8(truncatingIfNeeded: half >> UInt64(shift)))
            }
        }
        let bytes: [UInt8] =
            [1, 1, 0, 24, 0x21, 0x12, 0xA4, 0x42] + id.wireBytes + [0, 0x20, 0, 20]
            + value
        let message = try bytes.parsed()
        #expect(message.xorMappedAddress == NetworkAddress("127.0.0.1:0"))
    }

    @Test(arguments: [STUNErrorCode.badRequest, .unknownAttribute, .roleConflict], 0...8)
    func errorReadsBack(code: STUNErrorCode, unknownCount: Int) throws {
        var types = InlineArray<8, UInt16>(repeating: 0)
        for index in 0..<unknownCount { types[index] = UInt16(0x7F00 + index) }
        let unknown = STUNUnknownAttributes(types: types, count: unknownCount)
        let bytes = try #require(
            written {
                STUNWriter.writeBindingError(
                    id, code: code, unknownAttributes: unknown, key: key.span, into: &$0)
            })
        let message = try bytes.parsed()
        #expect(message.isBindingError)
        #expect(message.errorCode == Int(code.rawValue))
        #expect(bytes.isAuthentic(message, key: key))
        #expect(bytes.count <= 92)
    }

    @Test func indicationReadsBack() throws {
        let bytes = try #require(written { STUNWriter.writeBindingIndication(id, into: &$0) })
        #expect(try bytes.parsed().isBindingIndication)
    }

    @Test func nothingIsWrittenWithoutRoom() {
        #expect(
            written(capacity: STUNWriter.byteCountMax - 1) {
                STUNWriter.writeBindingIndication(id, into: &$0)
            } == nil)
    }
}
