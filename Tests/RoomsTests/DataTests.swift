// Data streams and messages: what is taken arrives, what is too much is refused whole.
// SPDX-License-Identifier: Apache-2.0
import Signaling
import Testing
import Wire

@testable import Rooms

func request(_ number: Int64) -> RequestID { must(RequestID(number)) }

extension RoomHarness {
    /// Does what a client asks and tells its answer: the only message with that number.
    mutating func ask(_ number: UInt64, _ message: ClientMessage) -> ServerMessage? {
        drain()
        let before = effects.count
        room.handle(message, from: key(number), at: now)
        drain()
        return Array(effects[before...]).messages(to: number).first {
            $0.requestID == message.requestID
        }
    }

    mutating func openStream(_ number: UInt64) -> DataStreamID? {
        guard case .streamOpened(_, let id) = ask(number, .openStream(request(7), .reliableOrdered))
        else { return nil }
        return id
    }

    /// Sends a packet; the error it is answered with, or `nil`.
    mutating func send(
        _ number: UInt64, _ stream: DataStreamID, _ bytes: [UInt8]
    ) -> SignalingError? {
        let answer = ask(
            number, .sendData(request(8), OutgoingData(stream: stream, bytes: bytes)))
        switch answer {
        case .ok(request(8), nil): return nil
        case .error(let error): return error
        default: return SignalingError(.internalError)
        }
    }
}

extension ServerMessage {
    /// The request a message answers.
    var requestID: RequestID? {
        switch self {
        case .joined(let id, _), .resumed(let id, _), .answer(let id, _), .ok(let id, _),
            .streamOpened(let id, _), .sent(let id, _):
            return id
        case .error(let error): return error.requestID
        case .pong(let id): return id
        default: return nil
        }
    }
}

extension [RoomEffect] {
    /// The packets a session received, as "participant/stream:bytes".
    func data(to number: UInt64) -> [String] {
        messages(to: number).compactMap {
            guard case .dataReceived(let packet) = $0 else { return nil }
            return "\(packet.participant)/\(packet.stream.number):\(packet.bytes)"
        }
    }

    /// The texts a session received.
    func texts(to number: UInt64) -> [String] {
        messages(to: number).compactMap {
            guard case .messageReceived(let message) = $0 else { return nil }
            return message.content
        }
    }
}

@Suite struct DataStreamTests {
    /// A conversation of three with a stream of the first.
    private func harness(
        _ change: (inout RoomConfiguration) -> Void = { _ in }
    ) throws -> (RoomHarness, DataStreamID) {
        var harness = RoomHarness(change)
        for number in 1...3 as ClosedRange<UInt64> { try harness.join(number) }
        let stream = must(harness.openStream(1))
        _ = harness.take()
        return (harness, stream)
    }

    private func refusal(_ wait: MediaDuration) -> SignalingError {
        var error = SignalingError(.dataRateExceeded, requestID: request(8))
        error.retryAfter = wait
        return error
    }

    @Test func D01_openingGivesAnIDThatIsNeverUsedTwice() throws {
        var (harness, first) = try harness()
        let second = must(harness.openStream(1))
        #expect(first != second)
        #expect(harness.ask(1, .closeStream(request(3), second)) == .ok(request(3), nil))
        #expect(must(harness.openStream(1)) != second)
        #expect(
            harness.ask(1, .closeStream(request(3), second))
                == .error(SignalingError(.streamNotFound, requestID: request(3))))
    }

    @Test func D02_D09_atMostFiveStreamsPerUser() throws {
        var (harness, first) = try harness()
        for _ in 2...5 { #expect(harness.openStream(1) != nil) }
        #expect(
            harness.ask(1, .openStream(request(3), .reliableOrdered))
                == .error(SignalingError(.tooManyStreams, requestID: request(3))))
        // Others have their own five, and a closed one makes room.
        #expect(harness.openStream(2) != nil)
        _ = harness.ask(1, .closeStream(request(4), first))
        #expect(harness.openStream(1) != nil)
    }

    @Test func D02_theLimitIsConfiguration() throws {
        var (harness, _) = try harness { $0.data.streamsPerUser = 2 }
        #expect(harness.openStream(1) != nil)
        #expect(harness.openStream(1) == nil)
    }

    @Test func unreliableDeliveryIsRefusedHonestly() throws {
        var (harness, _) = try harness()
        for delivery in [DataDelivery.unreliableOrdered, .unreliableUnordered] {
            #expect(
                harness.ask(1, .openStream(request(3), delivery))
                    == .error(SignalingError(.deliveryUnsupported, requestID: request(3))))
        }
    }

    @Test func D05_aPacketGoesToEverybodyElse() throws {
        var (harness, stream) = try harness()
        try harness.room.join(RoomHarness.player(9), at: harness.now)
        #expect(harness.send(1, stream, [1, 2]) == nil)
        #expect(harness.send(1, stream, []) == nil)
        let effects = harness.take()
        #expect(effects.data(to: 1) == [])
        for number in [2, 3] as [UInt64] {
            #expect(effects.data(to: number) == ["p1/1:[1, 2]", "p1/1:[]"])
        }
        #expect(effects.data(to: 9) == [])
    }

    @Test func D12_D17_D18_E04_theReceiverIsToldWhoseStreamAndTheUsersTimestamp() throws {
        var (harness, stream) = try harness()
        let packet = OutgoingData(stream: stream, bytes: [9], userTimestamp: -5)
        _ = harness.ask(1, .sendData(request(2), packet))
        #expect(
            harness.take().messages(to: 3) == [
                .dataReceived(
                    IncomingData(
                        participant: who("p1"), stream: stream, bytes: [9], userTimestamp: -5))
            ])
    }

    @Test func D06_thirtyPacketsASecondToTheNanosecond() throws {
        var (harness, stream) = try harness()
        for _ in 0..<30 { #expect(harness.send(1, stream, [0]) == nil) }
        // A thirtieth of a second, rounded up to what the clock can tell.
        let wait = MediaDuration(nanoseconds: 33_333_334)
        #expect(harness.send(1, stream, [0]) == refusal(wait))
        harness.now = harness.now + wait - MediaDuration(nanoseconds: 1)
        #expect(harness.send(1, stream, [0]) == refusal(MediaDuration(nanoseconds: 1)))
        harness.now = harness.now + MediaDuration(nanoseconds: 1)
        #expect(harness.send(1, stream, [0]) == nil)
        #expect(harness.send(1, stream, [0])?.code == .dataRateExceeded)
        // Every sender has its own.
        let other = must(harness.openStream(2))
        #expect(harness.send(2, other, [0]) == nil)
        // All that was taken arrived, and nothing else.
        #expect(harness.take().data(to: 3).count == 32)
    }

    @Test func D06_thirtyASecondForAMinuteAreAllTaken() throws {
        var (harness, stream) = try harness()
        var taken = 0
        for step in 0..<1_800 {
            harness.now = .zero + MediaDuration(nanoseconds: Int64(step) * 1_000_000_000 / 30)
            if harness.send(1, stream, [0]) == nil { taken += 1 }
        }
        #expect(taken == 1_800)
        // Twice as fast for ten seconds: what flows in, and one bucket at most.
        taken = 0
        for step in 1...600 {
            harness.now = seconds(60) + MediaDuration(nanoseconds: Int64(step) * 1_000_000_000 / 60)
            if harness.send(1, stream, [0]) == nil { taken += 1 }
        }
        #expect(taken >= 300 && taken <= 330)
    }

    @Test func D07_aPacketHasAtMostOneKilobyte() throws {
        var (harness, stream) = try harness()
        #expect(harness.send(1, stream, Array(repeating: 1, count: 1024)) == nil)
        #expect(
            harness.send(1, stream, Array(repeating: 1, count: 1025))
                == SignalingError(.packetTooLarge, requestID: request(8)))
        #expect(harness.take().data(to: 2).count == 1)
    }

    @Test func D08_sixKilobytesASecondToTheByte() throws {
        var (harness, stream) = try harness()
        let kilobyte = Array(repeating: 7 as UInt8, count: 1024)
        for _ in 0..<6 { #expect(harness.send(1, stream, kilobyte) == nil) }
        // A refused packet costs nothing: the small one waits for its own byte only.
        #expect(
            harness.send(1, stream, kilobyte)?.retryAfter
                == MediaDuration(
                    nanoseconds: 166_666_667))
        #expect(harness.send(1, stream, [1])?.retryAfter == MediaDuration(nanoseconds: 162_761))
        harness.now = harness.now + MediaDuration(nanoseconds: 166_666_667)
        #expect(harness.send(1, stream, kilobyte) == nil)
        #expect(harness.send(1, stream, kilobyte) != nil)
        #expect(harness.take().data(to: 2).count == 7)
    }

    @Test func theRoomMayHaveALimitForAllTogether() throws {
        var (harness, first) = try harness {
            $0.data.roomPackets = RateLimit(burst: 2, perSecond: 1)
        }
        let second = must(harness.openStream(2))
        #expect(harness.send(1, first, [1]) == nil)
        #expect(harness.send(2, second, [2]) == nil)
        #expect(harness.send(1, first, [3]) == refusal(.seconds(1)))
        #expect(harness.send(2, second, [3]) == refusal(.seconds(1)))
        harness.now = harness.now + .seconds(1)
        #expect(harness.send(2, second, [3]) == nil)
        #expect(harness.send(1, first, [3]) == refusal(.seconds(1)))
    }

    @Test func theRefusalTellsWholeMillisecondsThatAreEnough() throws {
        var (harness, stream) = try harness()
        for _ in 0..<30 { _ = harness.send(1, stream, [0]) }
        let wait = must(harness.send(1, stream, [0])?.retryAfterMilliseconds)
        #expect(wait == 34)
        harness.now = harness.now + .milliseconds(wait)
        #expect(harness.send(1, stream, [0]) == nil)
    }

    @Test func D10_aStreamIsOpenedBeforeItSends() throws {
        var (harness, stream) = try harness()
        let other = must(DataStreamID(stream.number + 1))
        #expect(harness.send(1, other, [1])?.code == .streamNotFound)
        // A stream is its owner's alone.
        #expect(harness.send(2, stream, [1])?.code == .streamNotFound)
        #expect(harness.take().data(to: 3) == [])
    }

    @Test func D11_R08_inABroadcastOnlyHostsSendData() throws {
        var harness = RoomHarness { $0.profile = .broadcast }
        try harness.join(1, "ada", options: JoinOptions(role: .host))
        try harness.join(2, "bob")
        let stream = must(harness.openStream(1))
        #expect(
            harness.ask(2, .openStream(request(3), .reliableOrdered))
                == .error(SignalingError(.permissionDenied, requestID: request(3))))
        #expect(harness.send(1, stream, [1]) == nil)
        #expect(harness.take().data(to: 2) == ["ada/1:[1]"])
        // A host that becomes audience sends no more, and goes on as a host.
        _ = harness.ask(1, .setRole(request(4), .audience))
        #expect(harness.send(1, stream, [2])?.code == .permissionDenied)
        _ = harness.ask(1, .setRole(request(4), .host))
        #expect(harness.send(1, stream, [3]) == nil)
    }

    @Test func D16_sendingAndReceivingDataAreSwitchesOfTheirOwn() throws {
        var harness = RoomHarness()
        try harness.join(1, options: JoinOptions(publishesData: false))
        try harness.join(2, options: JoinOptions(receivesData: false))
        try harness.join(3)
        try harness.join(4, grants: TokenGrants(data: false))
        #expect(harness.openStream(1) == nil)
        #expect(harness.openStream(4) == nil)
        let stream = must(harness.openStream(2))
        #expect(harness.send(2, stream, [1]) == nil)
        let other = must(harness.openStream(3))
        #expect(harness.send(3, other, [2]) == nil)
        let effects = harness.take()
        #expect(effects.data(to: 1) == ["p2/1:[1]", "p3/1:[2]"])
        #expect(effects.data(to: 2) == [])
        #expect(effects.data(to: 4) == ["p2/1:[1]", "p3/1:[2]"])
    }

    @Test func streamsEndWithTheSession() throws {
        var (harness, stream) = try harness()
        harness.room.leave(key(1), reason: .left, at: harness.now)
        try harness.join(5, "p1")
        #expect(harness.send(5, stream, [1])?.code == .streamNotFound)
    }
}

@Suite struct MessagingTests {
    private func harness() throws -> RoomHarness {
        var harness = RoomHarness()
        try harness.join(1, "ada")
        try harness.join(2, "bob")
        try harness.join(3, "cy")
        _ = harness.take()
        return harness
    }

    @Test func D13_D14_E07_aMessageReachesThoseItNamesWithItsID() throws {
        var harness = try harness()
        let id = must(try MessageID("m-1"))
        let message = OutgoingMessage(message: id, to: [who("bob")], content: "hi")
        #expect(
            harness.ask(1, .sendMessage(request(3), message))
                == .sent(request(3), unreachable: []))
        let effects = harness.take()
        #expect(
            effects.messages(to: 2) == [
                .messageReceived(
                    IncomingMessage(
                        message: id, participant: who("ada"), toAll: false, content: "hi"))
            ])
        #expect(effects.texts(to: 3) == [])
        #expect(effects.texts(to: 1) == [])
    }

    @Test func withoutNamesAMessageIsForTheWholeRoom() throws {
        var harness = try harness()
        _ = harness.ask(1, .sendMessage(request(3), OutgoingMessage(content: "all")))
        let effects = harness.take()
        #expect(effects.texts(to: 1) == [])
        #expect(effects.texts(to: 2) == ["all"] && effects.texts(to: 3) == ["all"])
    }

    @Test func whoIsNotThereIsNamedAndNobodyAtAllIsARefusal() throws {
        var harness = try harness()
        try harness.join(4, "ghost", grants: TokenGrants(hidden: true))
        let some = OutgoingMessage(to: [who("dan"), who("cy"), who("ghost")], content: "x")
        #expect(
            harness.ask(1, .sendMessage(request(3), some))
                == .sent(request(3), unreachable: [who("dan"), who("ghost")]))
        #expect(harness.take().texts(to: 3) == ["x"])
        let none = OutgoingMessage(to: [who("dan"), who("ghost")], content: "x")
        #expect(
            harness.ask(1, .sendMessage(request(3), none))
                == .error(SignalingError(.participantNotFound, requestID: request(3))))
        #expect(harness.take().texts(to: 4) == [])
    }

    @Test func messagesAreBounded() throws {
        var harness = try harness()
        func code(_ message: OutgoingMessage) -> ErrorCode? {
            guard case .error(let error) = harness.ask(1, .sendMessage(request(3), message)) else {
                return nil
            }
            return error.code
        }
        let long = String(repeating: "é", count: 2048)
        #expect(code(OutgoingMessage(content: long)) == nil)
        #expect(code(OutgoingMessage(content: long + "x")) == .packetTooLarge)
        #expect(code(OutgoingMessage(to: [], content: "")) == .tooManyRecipients)
        #expect(
            code(OutgoingMessage(to: [who("bob"), who("bob")], content: "")) == .tooManyRecipients)
        let many = (0..<65).map { who("p\($0)") }
        #expect(code(OutgoingMessage(to: many, content: "")) == .tooManyRecipients)
        #expect(harness.take().texts(to: 2) == [long])
        for _ in 0..<19 { #expect(code(OutgoingMessage(content: "")) == nil) }
        #expect(code(OutgoingMessage(content: "")) == .dataRateExceeded)
        harness.now = harness.now + .milliseconds(100)
        #expect(code(OutgoingMessage(content: "")) == nil)
    }

    @Test func theAudienceMayWriteButNobodyWithoutTheGrant() throws {
        var harness = RoomHarness { $0.profile = .broadcast }
        try harness.join(1, "ada", options: JoinOptions(role: .host))
        try harness.join(2, "bob")
        try harness.join(3, "cy", grants: TokenGrants(data: false))
        _ = harness.ask(2, .sendMessage(request(3), OutgoingMessage(content: "question")))
        #expect(harness.take().texts(to: 1) == ["question"])
        // The host can answer though it does not see the audience.
        let answer = OutgoingMessage(to: [who("bob")], content: "answer")
        _ = harness.ask(1, .sendMessage(request(3), answer))
        #expect(harness.take().texts(to: 2) == ["answer"])
        #expect(
            harness.ask(3, .sendMessage(request(3), OutgoingMessage(content: "")))
                == .error(SignalingError(.permissionDenied, requestID: request(3))))
    }
}
