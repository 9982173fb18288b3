// Data streams of a client: packets keep their order, wait where the server says so, and are never lost silently.
// SPDX-License-Identifier: Apache-2.0
import Signaling
import Testing
import Wire

@testable import ClientSession

@Suite struct DataStreamTests {
    private func packets(_ client: SessionHarness) -> [String] {
        client.sent.compactMap {
            if case .sendData(_, let packet) = $0 {
                String(decoding: packet.bytes, as: UTF8.self)
            } else {
                nil
            }
        }
    }

    private func opened() throws -> (SessionHarness, DataStreamHandle) {
        var client = try SessionHarness()
        try client.join()
        let handle = try client.perform { try $0.openDataStream() }
        return (client, handle)
    }

    private func send(
        _ text: String, _ client: inout SessionHarness, _ handle: DataStreamHandle
    ) throws {
        let now = client.now
        try client.perform { try $0.send(Array(text.utf8), over: handle, at: now) }
    }

    @Test("D01 D10: a stream is opened in a room, before its packets go")
    func openFirst() throws {
        var outside = try SessionHarness()
        #expect(throws: SignalingError.self) {
            try outside.perform { _ = try $0.openDataStream() }
        }
        var (client, handle) = try opened()
        try send("early", &client, handle)
        #expect(packets(client).isEmpty)
        client.hear(.streamOpened(try client.lastID, try #require(DataStreamID(1))))
        #expect(packets(client) == ["early"])
    }

    @Test func packetsKeepTheirOrderAndWaitWhereTheServerSaysSo() throws {
        var (client, handle) = try opened()
        client.hear(.streamOpened(try client.lastID, try #require(DataStreamID(1))))
        for text in ["one", "two", "three"] { try send(text, &client, handle) }
        #expect(packets(client) == ["one"])
        var refusal = SignalingError(.dataRateExceeded, requestID: try client.lastID)
        refusal.retryAfter = .milliseconds(200)
        client.hear(.error(refusal))
        client.pass(.milliseconds(199))
        #expect(packets(client) == ["one"])
        client.pass(.milliseconds(1))
        #expect(packets(client) == ["one", "one"])
        client.hear(.ok(try client.lastID, nil))
        client.hear(.ok(try client.lastID, nil))
        #expect(packets(client) == ["one", "one", "two", "three"])
        client.hear(.ok(try client.lastID, nil))
        #expect(client.session.waitingPackets(in: handle) == 0)
    }

    @Test("a packet that is too large is refused at once, one that the server refuses is told of")
    func refusals() throws {
        var (client, handle) = try opened()
        client.hear(.streamOpened(try client.lastID, try #require(DataStreamID(1))))
        let large = String(repeating: "x", count: DataStreamHandle.packetBytesMax + 1)
        #expect(throws: SignalingError(.packetTooLarge)) { try send(large, &client, handle) }
        try send(String(large.dropLast()), &client, handle)
        try send("next", &client, handle)
        client.hear(.error(SignalingError(.permissionDenied, requestID: try client.lastID)))
        #expect(client.events.contains(.packetLost(handle)))
        #expect(packets(client).last == "next")
        client.hear(.ok(try client.lastID, nil))
        #expect(client.events.count { $0 == .packetLost(handle) } == 1)
    }

    @Test("3.1.13: a queue that is full says so, and what was queued stays")
    func fullQueue() throws {
        var (client, handle) = try opened()
        for number in 0..<DataQueues.packetsMax { try send("\(number)", &client, handle) }
        #expect(throws: SignalingError(.dataRateExceeded)) { try send("more", &client, handle) }
        #expect(client.session.waitingPackets(in: handle) == DataQueues.packetsMax)
    }

    @Test func afterAResumeThePacketUnderWayGoesAgainOnlyIfItWasNotDone() throws {
        var (client, handle) = try opened()
        client.hear(.streamOpened(try client.lastID, try #require(DataStreamID(1))))
        try send("one", &client, handle)
        let request = try client.lastID
        client.reconnect()
        client.hear(.resumed(try client.lastID, sequence: 2))
        client.hear(.ok(request, nil))
        #expect(packets(client) == ["one"])
        try send("two", &client, handle)
        client.reconnect()
        client.hear(.resumed(try client.lastID, sequence: 2))
        #expect(packets(client) == ["one", "two", "two"])
    }

    @Test func aNewSessionOpensTheStreamAnewAndSaysWhatItLost() throws {
        var (client, handle) = try opened()
        client.hear(.streamOpened(try client.lastID, try #require(DataStreamID(1))))
        for text in ["unknown", "next"] { try send(text, &client, handle) }
        client.reconnect()
        client.hear(.error(SignalingError(.sessionNotFound, requestID: try client.lastID)))
        #expect(client.events.contains(.packetLost(handle)))
        client.hear(try client.joined(to: client.lastID))
        guard case .openStream(let id, .reliableOrdered)? = client.sent.last else {
            Issue.record("the stream was not opened anew")
            return
        }
        client.hear(.streamOpened(id, try #require(DataStreamID(1))))
        #expect(packets(client) == ["unknown", "next"])
    }

    @Test func aStreamClosedBeforeItIsOpenIsClosedWhenItIs() throws {
        var (client, handle) = try opened()
        let id = try client.lastID
        client.perform { $0.close(handle) }
        client.hear(.streamOpened(id, try #require(DataStreamID(1))))
        guard case .closeStream? = client.sent.last else {
            Issue.record("the stream was not closed")
            return
        }
        #expect(throws: SignalingError(.streamNotFound)) { try send("late", &client, handle) }
    }
}
