// Messages without what they may lack, and without what they must have.
// SPDX-License-Identifier: Apache-2.0
import FoundationEssentials
import Testing

@testable import Signaling

@Suite struct AbsentFieldTests {
    /// A JSON value, to take fields out of.
    private indirect enum Value: Codable {
        case object([String: Value])
        case array([Value])
        case text(String)
        case number(Double)
        case truth(Bool)
        case null

        init(from decoder: any Decoder) throws {
            let value = try decoder.singleValueContainer()
            if value.decodeNil() {
                self = .null
            } else if let truth = try? value.decode(Bool.self) {
                self = .truth(truth)
            } else if let number = try? value.decode(Double.self) {
                self = .number(number)
            } else if let text = try? value.decode(String.self) {
                self = .text(text)
            } else if let array = try? value.decode([Value].self) {
                self = .array(array)
            } else {
                self = .object(try value.decode([String: Value].self))
            }
        }

        func encode(to encoder: any Encoder) throws {
            var value = encoder.singleValueContainer()
            switch self {
            case .object(let fields): try value.encode(fields)
            case .array(let values): try value.encode(values)
            case .text(let text): try value.encode(text)
            case .number(let number): try value.encode(number)
            case .truth(let truth): try value.encode(truth)
            case .null: try value.encodeNil()
            }
        }

        /// This value without one field of one of its objects, and with that field null, for each field.
        var lacking: [Value] {
            switch self {
            case .object(let fields):
                var variants: [Value] = []
                for name in fields.keys.sorted() {
                    var without = fields
                    without[name] = nil
                    variants.append(.object(without))
                    without[name] = .null
                    variants.append(.object(without))
                    for inner in fields[name]?.lacking ?? [] {
                        without[name] = inner
                        variants.append(.object(without))
                    }
                }
                return variants
            case .array(let values):
                return values.indices.flatMap { index in
                    values[index].lacking.map { inner in
                        var changed = values
                        changed[index] = inner
                        return .array(changed)
                    }
                }
            default: return []
            }
        }
    }

    private func variants(of text: [UInt8]) throws -> [[UInt8]] {
        let value = try JSONDecoder().decode(Value.self, from: Data(text))
        return try value.lacking.map { [UInt8](try JSONEncoder().encode($0)) }
    }

    @Test("Every optional field absent: whatever a message lacks, it is read or refused by a code")
    func whateverAMessageLacksItIsReadOrRefused() throws {
        var count = 0
        for message in Samples.client {
            for text in try variants(of: message.encoded()) {
                count += 1
                do throws(SignalingError) {
                    let read = try ClientMessage.decode(text)
                    #expect(try ClientMessage.decode(read.encoded()) == read)
                } catch {
                    #expect(
                        [
                            .malformedMessage, .invalidArgument, .unknownMessageType,
                            .invalidOffer,
                        ].contains(error.code))
                }
            }
        }
        for message in Samples.server {
            for text in try variants(of: message.encoded()) {
                count += 1
                _ = try? ServerMessage.decode(text)
            }
        }
        #expect(count > 500)
    }

    @Test("Every optional field absent: the least of each message is enough")
    func theLeastOfEachMessageIsEnough() throws {
        let join = JoinRequest(room: Samples.room, offer: .plain(""))
        let least: [(String, ClientMessage)] = [
            (
                #"{"type":"join","id":7,"room":"daily stand-up","offer":{"sdp":""}}"#,
                .join(Samples.id(), join)
            ),
            (
                #"{"type":"join","id":7,"room":"daily stand-up","offer":{"sdp":""},"options":{}}"#,
                .join(Samples.id(), join)
            ),
            (
                #"{"type":"publish","id":7,"source":"camera","mid":"1"}"#,
                .publish(Samples.id(), PublishRequest(source: .camera, mid: Samples.mid()))
            ),
            (
                #"{"type":"subscribe","id":7,"participant":"bob"}"#,
                .subscribe(Samples.id(), Samples.who(), nil)
            ),
            (
                #"{"type":"unsubscribe","id":7,"participant":"bob"}"#,
                .unsubscribe(Samples.id(), Samples.who(), nil)
            ),
            (
                #"{"type":"sendData","id":7,"stream":3,"data":""}"#,
                .sendData(Samples.id(), OutgoingData(stream: Samples.stream, bytes: []))
            ),
            (
                #"{"type":"sendMessage","id":7,"content":""}"#,
                .sendMessage(Samples.id(), OutgoingMessage(content: ""))
            ),
            (#"{"type":"updateSelf","id":7}"#, .updateSelf(Samples.id(), ParticipantUpdate())),
            (
                #"{"type":"removeParticipant","id":7,"participant":"bob"}"#,
                .removeParticipant(Samples.id(), Samples.who(), banSeconds: nil)
            ),
            (
                #"{"type":"changeParticipant","id":7,"participant":"bob"}"#,
                .changeParticipant(Samples.id(), Samples.who(), ParticipantChange())
            ),
            (
                #"{"type":"changeParticipant","id":7,"participant":"bob","grants":{}}"#,
                .changeParticipant(
                    Samples.id(), Samples.who(), ParticipantChange(grants: GrantsChange()))
            ),
            (#"{"type":"ping"}"#, .ping(nil)), (#"{"type":"pong"}"#, .pong(lastSequence: nil)),
        ]
        for (text, message) in least {
            #expect(try ClientMessage.decode(Array(text.utf8)) == message, "\(text)")
        }
    }
}
