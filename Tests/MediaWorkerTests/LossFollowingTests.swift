// That what feedback reports as lost is repeated unasked, that sound goes out twice on lossy paths, and that times are
// echoed.
// SPDX-License-Identifier: Apache-2.0
import Negotiation
import NetworkImpairment
import NetworkSimulation
import RTP
import Testing
import Wire

@testable import MediaWorker

@Suite struct LossFollowingTests {
    /// A call in which the receiver gives feedback and has asked for one packet, which it had: its losses are followed
    /// from then on.
    private func followed(
        codecs: [MediaCodec] = [.opus, .vp8], sounds: SourceSettings? = nil
    ) throws -> (call: VirtualCall, source: VirtualSource, bob: VirtualClient) {
        let call = VirtualCall(seed: 33)
        let alice = try call.join(
            sending: [ClientStream(kind: .audio), ClientStream(kind: .video)], codecs: codecs,
            repairsAudio: true)
        let bob = try call.join(receivingPairs: 1, codecs: codecs, repairsAudio: true)
        bob.givesTransportFeedback = true
        try #require(call.connect())
        call.showPair(alice, to: bob)
        if let sounds { alice.publish(mid: "0", sounds, at: call.now) }
        let source = alice.publish(mid: "1", .video(.vp8, tag: 1), at: call.now)
        call.run(for: .seconds(1))
        let last = try #require(bob.packets(mid: "1").last).sequence.sequenceNumber
        bob.sendNACK(mid: "1", [last])
        call.run(for: .milliseconds(300))
        return (call, source, bob)
    }

    private func repeated(_ bob: VirtualClient) -> [ReceivedPacket] {
        bob.packets(mid: "1").filter(\.isRetransmission)
    }

    @Test func aRepetitionThatIsLostIsSentOnceMoreUnasked() throws {
        let (call, _, bob) = try followed()
        let before = repeated(bob).count
        let wanted = try #require(bob.packets(mid: "1").last).sequence.sequenceNumber
        bob.sendNACK(mid: "1", [wanted])
        // The answer is sealed and lost.
        call.network.down.loss = 1
        let sent = call.worker.statistics.retransmissionsSent
        while call.worker.statistics.retransmissionsSent == sent { call.run(for: .milliseconds(1)) }
        call.network.down.loss = 0
        #expect(repeated(bob).count == before)
        let lostAt = call.now
        call.run(for: .milliseconds(200))
        let again = try #require(repeated(bob).dropFirst(before).first)
        #expect(again.sequence.sequenceNumber == wanted)
        #expect(again.at - lostAt < .milliseconds(130))
        #expect(call.worker.statistics.nacksReceived == 2)
        #expect(bob.failures.isEmpty)
    }

    @Test func whatNobodyAsksForIsRepeatedAsWell() throws {
        let (call, source, bob) = try followed()
        let before = repeated(bob).count
        call.network.down.loss = 1
        call.run(for: .milliseconds(70))
        call.network.down.loss = 0
        call.run(for: .milliseconds(400))
        #expect(repeated(bob).count > before + 3)
        let numbers = Set(bob.packets(mid: "1").map(\.sequence.rawValue))
        let highest = try #require(numbers.max())
        // All that was sent has come, but for what is under way.
        #expect(numbers.count >= Int(source.packetCount) - 6)
        let lowest = try #require(numbers.min())
        #expect(numbers.count == Int(highest - lowest) + 1)
        #expect(call.worker.statistics.nacksReceived == 1)
    }

    @Test func whatIsOnlyOvertakenIsNotRepeated() throws {
        let (call, source, bob) = try followed()
        call.network.down.jitter = .milliseconds(30)
        call.network.down.reorder = 0.2
        // How late packets come has to be seen once.
        call.run(for: .seconds(2))
        let (before, sent) = (repeated(bob).count, source.packetCount)
        call.run(for: .seconds(10))
        #expect(source.packetCount - sent > 800)
        #expect(Double(repeated(bob).count - before) < 0.01 * Double(source.packetCount - sent))
    }

    @Test func aPathThatLosesGetsWhatIsRepeatedTwice() throws {
        let (call, _, bob) = try followed()
        call.network.down.loss = 0.15
        call.run(for: .seconds(5))
        call.network.down.loss = 0
        call.run(for: .milliseconds(200))
        let before = repeated(bob).count
        let wanted = try #require(bob.packets(mid: "1").last).sequence.sequenceNumber
        bob.sendNACK(mid: "1", [wanted])
        call.run(for: .milliseconds(100))
        #expect(repeated(bob).dropFirst(before).map(\.sequence.sequenceNumber) == [wanted, wanted])
    }

    @Test func aClearPathGetsItOnce() throws {
        let (call, _, bob) = try followed()
        let before = repeated(bob).count
        let wanted = try #require(bob.packets(mid: "1").last).sequence.sequenceNumber
        bob.sendNACK(mid: "1", [wanted])
        call.run(for: .milliseconds(100))
        #expect(repeated(bob).count == before + 1)
    }

    /// Without redundant audio every lost packet would be missing.
    @Test func soundGoesOutTwiceWhereMuchIsLost() throws {
        let (call, _, bob) = try followed(sounds: .audio(tag: 2))
        call.network.down.loss = 0.15
        call.run(for: .seconds(5))
        let (before, start) = (bob.packets(mid: "0").count, call.now)
        call.run(for: .seconds(10))
        let sounds = bob.packets(mid: "0").dropFirst(before)
        let numbers = Set(sounds.map(\.sequence.rawValue))
        let expected = Double((call.now - start).nanoseconds) / 20e6
        // 15 % of 15 % are left; without a second copy 85 % would come.
        #expect(Double(numbers.count) > 0.95 * expected)
        #expect(numbers.count == sounds.count)
        #expect(call.worker.statistics.nacksReceived == 1)
        // The same bits come twice, and are known the second time.
        #expect(bob.failures.allSatisfy { $0 == "RTP that does not open" })
        #expect(Double(bob.failures.count) > 0.5 * expected)
    }

    @Test func aReceiversTimeIsEchoedAtOnceButNotWithoutBound() throws {
        let (call, _, others) = try VirtualCall.with(receivers: 1)
        let bob = others[0]
        call.run(for: .seconds(1))
        let before = bob.control.count
        let time = NTPTime(rawValue: 0x1234_5678_9ABC_DEF0)
        for _ in 0..<10 {
            bob.sendControl { RTCPWriter.referenceTime(from: SSRC(77), ntp: time, into: &$0) }
        }
        call.run(for: .milliseconds(90))
        let echoes = bob.control.dropFirst(before).compactMap { entry in
            if case .echoedTime(let to, let last, let delay) = entry.content {
                return (to, last, delay)
            }
            return nil
        }
        #expect(echoes.count == 1)
        let echo = try #require(echoes.first)
        #expect(echo == (SSRC(77), 0x5678_9ABC, 0))
        #expect(call.worker.statistics.timesEchoed == 1)
    }
}
