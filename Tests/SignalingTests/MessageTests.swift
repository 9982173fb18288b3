// Messages: round trips, bounds and hostile bytes.
// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import Signaling

@Suite struct MessageTests {
    private func decode(_ text: String) throws(SignalingError) -> ClientMessage {
        try ClientMessage.decode(Array(text.utf8))
    }

    private func refusal(_ text: String) -> SignalingError? {
        do throws(SignalingError) {
            _ = try decode(text)
            return nil
        } catch {
            return error
        }
    }

    @Test func everyMessageSurvivesARoundTrip() throws {
        for message in Samples.client {
            #expect(try ClientMessage.decode(message.encoded()) == message)
        }
        for message in Samples.server {
            #expect(try ServerMessage.decode(message.encoded()) == message)
        }
    }

    @Test func keysAreSortedAndSlashesPlain() {
        let text = String(decoding: Samples.client[4].encoded(), as: UTF8.self)
        #expect(text == #"{"id":4,"mid":"audio/1","source":"custom","type":"publish"}"#)
        let empty = ServerMessage.slots([SlotAssignment(mid: Samples.mid(), source: nil)])
        #expect(
            String(decoding: empty.encoded(), as: UTF8.self)
                == #"{"assignments":[{"mid":"1","participant":null,"track":null}],"type":"slots"}"#)
    }

    @Test func unknownFieldsAreIgnored() throws {
        let message = try decode(
            #"{"type":"leave","id":3,"later":{"deep":[1,{"x":null}]},"room":5}"#)
        #expect(message == .leave(Samples.id(3)))
    }

    @Test func unknownTypesAreRefusedWithTheRequestsID() {
        #expect(
            refusal(#"{"type":"dance","id":12}"#)
                == SignalingError(.unknownMessageType, requestID: Samples.id(12)))
        #expect(refusal(#"{"type":"dance"}"#) == SignalingError(.unknownMessageType))
        #expect(refusal(#"{"type":"dance","id":-1}"#) == SignalingError(.unknownMessageType))
    }

    @Test func missingAndWrongFieldsAreNamedButNeverQuoted() {
        let missing = refusal(#"{"type":"publish","id":2,"source":"camera"}"#)
        #expect(missing?.code == .malformedMessage)
        #expect(missing?.requestID == Samples.id(2))
        #expect(missing?.message == "The field `mid` is missing.")
        let wrong = refusal(#"{"type":"mute","id":2,"track":"TR_1","muted":"secret"}"#)
        #expect(wrong?.message == "The field `muted` has the wrong type.")
        let source = refusal(#"{"type":"publish","id":2,"source":"secret","mid":"0"}"#)
        #expect(source?.code == .invalidArgument)
        #expect(source?.message == "The field `source` has the wrong value.")
    }

    @Test func everyRequestNeedsAnIDWithinRange() {
        for id in ["0", "-1", "9007199254740992", "1.5", "1e300", "\"1\"", "null", "true", "[]"] {
            #expect(refusal(#"{"type":"leave","id":\#(id)}"#) != nil, "\(id)")
        }
        #expect(refusal(#"{"type":"leave"}"#)?.code == .malformedMessage)
        #expect(refusal(#"{"type":"leave","id":9007199254740991}"#) == nil)
    }

    @Test func whatIsNoObjectIsRefused() {
        for text in [
            "", " ", "null", "7", "\"join\"", "[]", "[{}]", "{", "{}", "{\"type\":5}", "nul",
            "{\"type\":\"ping\"}x", "{'type':'ping'}",
        ] {
            #expect(refusal(text)?.code == .malformedMessage, "\(text)")
        }
        #expect(throws: SignalingError.self) {
            try ClientMessage.decode([0x7B, 0x22, 0xFF, 0xFE, 0x22, 0x3A, 0x31, 0x7D])
        }
    }

    @Test func anOfferHasExactlyOneForm() {
        let join = #"{"type":"join","id":1,"room":"r","offer":"#
        for offer in ["{}", #"{"sdp":"a","deflated":"KwMA"}"#, #"{"deflated":"***"}"#] {
            #expect(refusal(join + offer + "}")?.code == .invalidOffer, "\(offer)")
        }
        #expect(refusal(join + #"{"sdp":"a"}}"#) == nil)
    }

    // MARK: Bounds

    @Test func jsonOfDepth100000IsRefusedBeforeItIsParsed() {
        for (opener, closer) in [("[", "]"), (#"{"a":"#, "}")] {
            // The larger limit leaves the matter to the nesting alone.
            var limits = SignalingLimits()
            limits.offerMessageBytesMax = 1 << 20
            let deep =
                #"{"type":"ping","x":"# + String(repeating: opener, count: 100_000) + "1"
                + String(repeating: closer, count: 100_000) + "}"
            #expect(throws: SignalingError(.nestingTooDeep)) {
                try ClientMessage.decode(Array(deep.utf8), limits: limits)
            }
        }
        #expect(refusal(String(repeating: "[", count: 100_000))?.code == .nestingTooDeep)
    }

    @Test func thirtyTwoLevelsPassAndOneMoreDoesNot() {
        func text(_ levels: Int) -> String {
            let inner = levels - 1
            return #"{"type":"pong","x":"# + String(repeating: "[", count: inner)
                + String(repeating: "]", count: inner) + "}"
        }
        #expect(refusal(text(32)) == nil)
        #expect(refusal(text(33))?.code == .nestingTooDeep)
    }

    @Test func bracketsInStringsAreNoNesting() {
        let brackets = String(repeating: "[{", count: 100)
        #expect(refusal(#"{"type":"pong","x":"\"\#(brackets)\\"}"#) == nil)
    }

    @Test func otherEncodingsCannotHideNesting() {
        // In UTF-16 the sign U+2200 has a byte that looks like a quotation mark.
        let text = #"["∀","# + String(repeating: "[", count: 400)
        var bytes: [UInt8] = []
        for unit in text.utf16 {
            bytes.append(UInt8(unit & 0xFF))
            bytes.append(UInt8(unit >> 8))
        }
        #expect(throws: SignalingError.self) { try ClientMessage.decode(bytes) }
        #expect(throws: SignalingError(.malformedMessage)) {
            try ClientMessage.decode(Array("{\"type\":\"pong\"}\0".utf8))
        }
    }

    @Test("Signalling size: only messages with an offer may be large")
    func onlyMessagesWithAnOfferMayBeLarge() {
        let filler = String(repeating: "x", count: 70_000)
        #expect(
            refusal(#"{"type":"leave","id":4,"x":"\#(filler)"}"#)
                == SignalingError(.messageTooLarge, requestID: Samples.id(4)))
        #expect(refusal(#"{"type":"offer","id":4,"offer":{"sdp":"\#(filler)"}}"#) == nil)
        let huge = String(repeating: "x", count: 520 * 1024)
        #expect(
            refusal(#"{"type":"offer","id":4,"offer":{"sdp":"\#(huge)"}}"#)?.code
                == .messageTooLarge)
    }

    @Test func everyTruncationIsRefusedAndEveryFlipSurvived() {
        for bytes in Samples.client.map({ $0.encoded() }) {
            for count in 0..<bytes.count {
                #expect(throws: SignalingError.self) {
                    try ClientMessage.decode(Array(bytes[..<count]))
                }
            }
            for index in bytes.indices {
                for bit in 0..<8 {
                    var flipped = bytes
                    flipped[index] ^= 1 << UInt8(bit)
                    if let message = try? ClientMessage.decode(flipped) {
                        #expect((try? ClientMessage.decode(message.encoded())) == message)
                    }
                }
            }
        }
        for bytes in Samples.server.map({ $0.encoded() }) {
            for count in 0..<bytes.count {
                #expect(throws: SignalingError.self) {
                    try ServerMessage.decode(Array(bytes[..<count]))
                }
            }
            for index in bytes.indices {
                var flipped = bytes
                flipped[index] ^= 0x55
                _ = try? ServerMessage.decode(flipped)
            }
        }
    }
}

@Suite struct NameTests {
    private func isRoomName(_ text: String) -> Bool { (try? RoomName(text)) != nil }
    private func isParticipantID(_ text: String) -> Bool { (try? ParticipantID(text)) != nil }

    @Test func C05_roomNamesHave1To64BytesOf89Characters() {
        let allowed = (0...255).filter { NameCharacters.contains(UInt8($0)) }
        #expect(allowed.count == 89)
        #expect(isRoomName("a"))
        #expect(isRoomName(String(repeating: "z", count: 64)))
        #expect(isRoomName("Az 09!#$%&()+-:;<=.>?@[]^_{}|~,"))
        #expect(!isRoomName(""))
        #expect(!isRoomName(String(repeating: "z", count: 65)))
        for text in ["a/b", "a\\b", "\"", "'", "`", "a*b", "ä", "日", "a\n", "a\0", "\u{7F}"] {
            #expect(!isRoomName(text), "\(text)")
        }
    }

    @Test func C06_participantIDsHaveTheSameBoundsAndMayBeAssigned() {
        #expect(isParticipantID("user 7"))
        #expect(!isParticipantID(""))
        #expect(!isParticipantID(String(repeating: "z", count: 65)))
        #expect(!isParticipantID("a/b"))
        var generator = SystemRandomNumberGenerator()
        let first = ParticipantID.random(using: &generator)
        #expect(first != ParticipantID.random(using: &generator))
        #expect(isParticipantID(first.text))
    }

    @Test func C18_displayNamesAndMetadataAreBounded() {
        #expect((try? DisplayName(String(repeating: "é", count: 128))) != nil)
        #expect((try? DisplayName(String(repeating: "é", count: 129))) == nil)
        #expect((try? DisplayName("")) == nil)
        #expect((try? DisplayName("a\u{1B}[31m")) == nil)
        #expect((try? Metadata(String(repeating: "m", count: 4096))) != nil)
        #expect((try? Metadata(String(repeating: "m", count: 4097))) == nil)
    }

    @Test func badNamesInMessagesHaveTheirOwnCodes() {
        let cases: [(String, ErrorCode)] = [
            (#""room":"a/b""#, .invalidRoomName),
            (#""room":"r","participant":"""#, .invalidParticipantID),
            (#""room":"r","name":"""#, .invalidDisplayName),
            (#""room":"r","metadata":"\#(String(repeating: "m", count: 5000))""#, .invalidMetadata),
        ]
        for (fields, code) in cases {
            let text = #"{"type":"join","id":1,"offer":{"sdp":"v=0"},\#(fields)}"#
            #expect(throws: SignalingError(code, requestID: RequestID(1))) {
                try ClientMessage.decode(Array(text.utf8))
            }
        }
    }
}

@Suite struct ParticipantListTests {
    /// The message as an encoder alone writes it.
    private func encodedAtOnce(_ message: ServerMessage) -> [UInt8] {
        MessageCoding.encode(message)
    }

    private func joined(
        _ participants: [ParticipantInfo], name: DisplayName? = nil, answer: String = "v=0\r\n"
    ) -> ServerMessage {
        .joined(
            Samples.id(),
            JoinedReply(
                session: Samples.sessionID, room: RoomInfo(name: Samples.room),
                participant: ParticipantInfo(
                    id: Samples.who(), name: name),
                grants: TokenGrants(), answer: .plain(answer), participants: participants,
                slots: [Samples.assignment]))
    }

    @Test func theListIsWrittenAsAnEncoderWritesIt() throws {
        let texts = [
            "", "plain", "\"\\/\u{8}\t\n\u{c}\r\u{1}\u{1f}\u{7f}", "ü 🐦 \u{2028}",
            "\"participants\":[]", "{\"participants\":[{\"id\":\"x\"}]}",
        ]
        var participants = [Samples.info, ParticipantInfo(id: Samples.who("cy"))]
        for (index, text) in texts.enumerated() {
            participants.append(
                ParticipantInfo(
                    id: Samples.who("p\(index)"), metadata: must(try Metadata(text)),
                    attributes: must(try ParticipantAttributes(["a": text, "b\"": text])),
                    role: index % 2 == 0 ? .host : .audience, interrupted: index % 3 == 0,
                    priority: index % 2 == 0 ? .high : .normal,
                    tracks: [
                        Samples.trackInfo,
                        TrackInfo(
                            id: TrackID(number: 1), source: .microphone, kind: .audio, muted: false),
                    ]))
        }
        let message = joined(
            participants, name: must(try DisplayName("\"participants\":[")))
        #expect(message.encoded() == encodedAtOnce(message))
        #expect(try ServerMessage.decode(message.encoded()) == message)
        let empty = joined([])
        #expect(empty.encoded() == encodedAtOnce(empty))
    }

    @Test(
        arguments: [
            "", "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\n", "\"", "\\", "a\u{0}b\u{1f}\u{7f}/",
            "ü 🐦 \u{2028}", "\",\"participants\":[", "{\"sdp\":\"\"}",
            String((0...0x17F).compactMap { Unicode.Scalar($0).map(Character.init) }),
            (0...17).map { String(repeating: "x", count: $0) + "\\é!#[]\"\u{1f} \n" }.joined(),
        ])
    func anAnswerIsWrittenAsAnEncoderWritesIt(answer: String) throws {
        let replies = [
            joined([], answer: answer), joined([Samples.info], answer: answer),
            ServerMessage.answer(Samples.id(), .plain(answer)),
            ServerMessage.answer(Samples.id(), .deflated(Array(answer.utf8))),
        ]
        for reply in replies {
            #expect(reply.encoded() == encodedAtOnce(reply))
            #expect(try ServerMessage.decode(reply.encoded()) == reply)
        }
    }

    @Test func aRoomOfThousandsIsToldInAFewMilliseconds() {
        let participants = (0..<2_000).map {
            ParticipantInfo(id: Samples.who("participant-\($0)"), name: Samples.info.name)
        }
        let message = joined(participants)
        let began = ContinuousClock.now
        let count = message.encoded().count
        // 100 times what it takes: an encoder takes far more in a debug build.
        #expect(ContinuousClock.now - began < .seconds(1))
        #expect(count > 2_000 * 40)
    }
}
