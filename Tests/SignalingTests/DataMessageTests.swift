// Packets and messages as they stand in JSON.
// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import Signaling

@Suite struct DataMessageTests {
    private func code(_ text: String) -> ErrorCode? {
        do throws(SignalingError) {
            _ = try ClientMessage.decode(Array(text.utf8))
            return nil
        } catch {
            return error.code
        }
    }

    @Test func D03_whatIsReliableWithoutOrderCannotBeSaid() {
        #expect(DataDelivery.allCases.count == 3)
        let open = #"{"type":"openStream","id":1,"delivery":"#
        #expect(code(open + #""reliableOrdered"}"#) == nil)
        #expect(code(open + #""reliableUnordered"}"#) == .invalidArgument)
        #expect(code(#"{"type":"openStream","id":1}"#) == .malformedMessage)
    }

    @Test func packetsAreBase64() {
        let send = #"{"type":"sendData","id":1,"stream":1,"data":"#
        #expect(code(send + #""AAE="}"#) == nil)
        for data in [#""AAE""#, #""*""#] { #expect(code(send + data + "}") == .invalidArgument) }
        for data in ["7", "null", "[1]"] { #expect(code(send + data + "}") == .malformedMessage) }
        for stream in ["0", "-1", "4294967296", "1.5", "\"1\""] {
            #expect(code(#"{"type":"sendData","id":1,"stream":\#(stream),"data":""}"#) != nil)
        }
    }

    @Test func numbersOfMessagesAreChecked() {
        for number in ["-1", "1e300", "1.5", "\"1\"", "18446744073709551616"] {
            #expect(code(#"{"type":"pong","lastSequence":\#(number)}"#) != nil, "\(number)")
            #expect(
                code(#"{"type":"resume","id":1,"session":"SE_a","lastSequence":\#(number)}"#)
                    != nil)
        }
        #expect(code(#"{"type":"pong","lastSequence":18446744073709551615}"#) == nil)
        #expect(code(#"{"type":"resume","id":1,"session":"a/b","lastSequence":0}"#) != nil)
    }

    @Test func D16_theSwitchesOfDataAreAListOfUses() throws {
        for (list, publishes, receives) in [
            (#"["publish"]"#, true, false), (#"["subscribe"]"#, false, true), ("[]", false, false),
            (#"["publish","subscribe","more"]"#, true, true),
        ] {
            let text =
                #"{"type":"join","id":1,"room":"r","offer":{"sdp":""},"options":{"data":\#(list)}}"#
            guard case .join(_, let join) = try ClientMessage.decode(Array(text.utf8)) else {
                return
            }
            #expect(join.options.publishesData == publishes)
            #expect(join.options.receivesData == receives)
        }
        #expect(JoinOptions().publishesData && JoinOptions().receivesData)
    }

    @Test func attributesAreBoundedAndSorted() throws {
        let many = Dictionary(uniqueKeysWithValues: (0..<65).map { ("k\($0)", "") })
        #expect(throws: SignalingError.self) { try ParticipantAttributes(many) }
        let attributes = try ParticipantAttributes(["b": "2", "a": "1"])
        #expect(attributes.entries.map(\.name) == ["a", "b"])
        #expect(attributes["b"] == "2" && attributes["c"] == nil)
    }
}
