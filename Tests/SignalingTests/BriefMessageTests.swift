// That what is told by its bytes alone is what the whole decoder would read, and nothing else.
// SPDX-License-Identifier: Apache-2.0
import Signaling
import Testing

@Suite struct BriefMessageTests {
    private func brief(_ text: String) -> BriefMessage? { brief(Array(text.utf8)) }

    private func brief(_ bytes: [UInt8]) -> BriefMessage? { BriefMessage(bytes.span) }

    @Test func whatSDKsSendIsTold() {
        #expect(brief(#"{"type":"ping"}"#) == .ping)
        #expect(brief(#"{"type":"pong"}"#) == .pong(lastSequence: nil))
        #expect(brief(#"{"type":"pong","lastSequence":0}"#) == .pong(lastSequence: 0))
        #expect(brief(#"{"type":"pong","lastSequence":4096}"#) == .pong(lastSequence: 4096))
        for number: UInt64? in [nil, 0, 9, 10, 9_999_999_999_999_999] {
            let message = ClientMessage.pong(lastSequence: number)
            #expect(brief(message.encoded()) == .pong(lastSequence: number))
        }
        #expect(brief(ClientMessage.ping(nil).encoded()) == .ping)
    }

    @Test func otherWordsAreLeftToTheDecoder() {
        for text in [
            "", "{", "{}", "null", #"{"type":"ping","id":8}"#, #"{"id":8,"type":"ping"}"#,
            #" {"type":"ping"}"#, #"{"type":"ping"} "#, #"{"type": "ping"}"#,
            #"{"type":"ping","lastSequence":1}"#, #"{"lastSequence":1,"type":"ping"}"#,
            #"{"type":"pong","lastSequence":}"#, #"{"type":"pong","lastSequence":-1}"#,
            #"{"type":"pong","lastSequence":01}"#, #"{"type":"pong","lastSequence":00}"#,
            #"{"type":"pong","lastSequence":1.0}"#, #"{"type":"pong","lastSequence":1e3}"#,
            #"{"type":"pong","lastSequence":null}"#, #"{"type":"pong","lastSequence":"1"}"#,
            #"{"type":"pong","lastSequence":10000000000000000}"#,
            #"{"type":"pong","lastSequence":18446744073709551615}"#,
            #"{"type":"pong","lastSequence":1,"lastSequence":2}"#,
            #"{"type":"pong","lastSequence":1,"type":"leave"}"#,
            #"{"lastSequence":1,"type":"pong","type":"leave"}"#, #"{"type":"leave","id":1}"#,
        ] {
            #expect(brief(text) == nil, "\(text)")
        }
    }

    @Test func everyTruncationAndEveryChangedByteIsTheSameMessageOrNone() {
        for text in [
            #"{"type":"ping"}"#, #"{"type":"pong"}"#, #"{"type":"pong","lastSequence":1204}"#,
            #"{"lastSequence":1204,"type":"pong"}"#,
        ] {
            let bytes = Array(text.utf8)
            for count in 0..<bytes.count { #expect(brief(Array(bytes[..<count])) == nil) }
            for index in bytes.indices {
                for byte in UInt8.min...UInt8.max {
                    var changed = bytes
                    changed[index] = byte
                    guard let brief = brief(changed) else { continue }
                    #expect((try? ClientMessage.decode(changed)) == brief.message)
                }
            }
        }
    }
}
