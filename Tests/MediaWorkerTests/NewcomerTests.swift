// That who joins late begins with what is at hand, and that this disturbs nobody.
// SPDX-License-Identifier: Apache-2.0
import Forwarding
import Negotiation
import NetworkImpairment
import NetworkSimulation
import RTP
import Testing
import Wire

@testable import MediaWorker

@Suite struct NewcomerTests {
    /// A publisher whose keyframe is `age` old when a second receiver joins.
    private func callWithKeyframe(
        _ codec: MediaCodec, age: MediaDuration, seed: UInt64 = 7
    ) throws -> (
        call: VirtualCall, alice: VirtualClient, carol: VirtualClient, source: VirtualSource
    ) {
        let (call, alice, others) = try VirtualCall.with(receivers: 2, seed: seed)
        let source = alice.publish(mid: "1", .video(codec, tag: 1), at: call.now)
        call.showPair(alice, to: others[0])
        call.run(for: age)
        source.settings.obeysKeyframeRequests = false
        return (call, alice, others[1], source)
    }

    @Test(arguments: [MediaCodec.vp8, .vp9, .h264, .av1])
    func aRecentKeyframeIsSentAtOnceWithoutAskingForOne(codec: MediaCodec) throws {
        let (call, alice, carol, source) = try callWithKeyframe(codec, age: .milliseconds(800))
        let asked = source.keyframeRequests.count
        let shown = call.now
        call.showPair(alice, to: carol)
        call.run(for: .milliseconds(11))
        let caughtUp = carol.packets(mid: "1")
        // One way through the network and no longer: the keyframe, and all that has come since.
        #expect(caughtUp.count >= 66)
        #expect(caughtUp.first?.tag == PayloadTag(source: 1, frame: 0, packet: 0))
        #expect(try #require(caughtUp.last).at - shown <= .milliseconds(11))
        // Pictures that come at once are not meant to be shown over most of a second.
        let span = try #require(caughtUp.last).timestamp.distance(from: caughtUp[0].timestamp)
        #expect(span > 0 && span < 90_000 / 20)
        let timestamps = caughtUp.map(\.timestamp.rawValue)
        #expect(Set(timestamps).count == Set(caughtUp.map { $0.tag?.frame }).count)
        call.run(for: .seconds(2))
        #expect(source.keyframeRequests.count == asked)
        #expect(StreamCheck.problems(of: carol.packets(mid: "1")) == [])
        #expect(carol.packets(mid: "1").count >= Int(source.packetCount) - 4)
        #expect(carol.failures.isEmpty)
    }

    @Test func whatWasCaughtUpOnIsRepeatedAsItWas() throws {
        let (call, alice, carol, _) = try callWithKeyframe(.vp8, age: .milliseconds(600))
        call.showPair(alice, to: carol)
        call.run(for: .milliseconds(200))
        let first = Array(carol.packets(mid: "1").prefix(60))
        carol.sendNACK(mid: "1", first.map(\.sequence.sequenceNumber))
        call.run(for: .milliseconds(100))
        let again = carol.packets(mid: "1").filter(\.isRetransmission)
        #expect(again.count == 60)
        for (one, other) in zip(again, first) {
            #expect(one.sequence == other.sequence && one.timestamp == other.timestamp)
            #expect(one.payload == other.payload && one.marker == other.marker)
        }
    }

    @Test func anOldKeyframeIsNotUsed() throws {
        let (call, alice, carol, source) = try callWithKeyframe(.vp8, age: .milliseconds(1_200))
        let asked = source.keyframeRequests.count
        call.showPair(alice, to: carol)
        call.run(for: .milliseconds(100))
        #expect(carol.packets(mid: "1").isEmpty)
        #expect(source.keyframeRequests.count == asked + 1)
    }

    @Test func aKeyframeWithAHoleBehindItIsNotUsed() throws {
        let (call, alice, others) = try VirtualCall.with(receivers: 2)
        let source = alice.publish(mid: "1", .video(.vp8, tag: 1), at: call.now)
        call.showPair(alice, to: others[0])
        call.run(for: .milliseconds(300))
        let start = source.packetCount
        call.network.up.loss = 1
        call.run(for: .milliseconds(50))
        call.network.up.loss = 0
        #expect(source.packetCount > start)
        // The frame behind the hole has come, what was asked for again not yet.
        call.run(for: .milliseconds(30))
        let asked = source.keyframeRequests.count
        call.showPair(alice, to: others[1])
        call.run(for: .milliseconds(60))
        #expect(source.keyframeRequests.count == asked + 1)
    }

    @Test func whoConnectsAfterItsSlotWasSetBeginsWithIt() throws {
        let call = VirtualCall(seed: 11)
        let alice = try call.joinPublisher()
        #expect(call.connect())
        let source = alice.publish(mid: "1", .video(.vp8, tag: 1), at: call.now)
        let bob = try call.join(receivingPairs: 1)
        call.showPair(alice, to: bob)
        source.settings.obeysKeyframeRequests = false
        #expect(call.connect())
        #expect(call.run(atMost: .milliseconds(60)) { !bob.packets(mid: "1").isEmpty })
        #expect(source.keyframes == [0])
    }

    @Test func aSlotThatTurnsToAnotherSourceGoesOnWithItsKeyframe() throws {
        let call = VirtualCall(seed: 5)
        let publishers = try [call.joinPublisher(), call.joinPublisher()]
        let bob = try call.join(receivingPairs: 1)
        #expect(call.connect())
        call.run(for: .milliseconds(100))
        var sources: [VirtualSource] = []
        for (number, publisher) in publishers.enumerated() {
            sources.append(
                publisher.publish(
                    mid: "1", .video(.vp8, tag: UInt16(number)), at: call.now))
            if number == 0 { call.showPair(publisher, to: bob) }
            call.run(for: .milliseconds(400))
        }
        sources[1].settings.obeysKeyframeRequests = false
        let turned = call.now
        call.showPair(publishers[1], to: bob)
        call.run(for: .milliseconds(15))
        let packets = bob.packets(mid: "1")
        let first = try #require(packets.first { $0.tag?.source == 1 })
        #expect(first.at - turned <= .milliseconds(11))
        call.run(for: .seconds(1))
        #expect(StreamCheck.problems(of: bob.packets(mid: "1")) == [])
    }
}
