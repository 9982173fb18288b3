// That receivers start at keyframes, and that publishers are asked for few of them, at once.
// SPDX-License-Identifier: Apache-2.0
import NetworkSimulation
import RTP
import Testing
import Wire

@testable import MediaWorker

@Suite struct KeyframeRequestTests {
    @Test(arguments: [MediaCodec.vp8, .vp9, .h264, .av1])
    func aNewReceiverGetsNothingUntilAKeyframe(codec: MediaCodec) throws {
        let (call, alice, others) = try VirtualCall.with(receivers: 2)
        let (bob, carol) = (others[0], others[1])
        let source = alice.publish(mid: "1", .video(codec, tag: 1), at: call.now)
        call.showPair(alice, to: bob)
        call.run(for: .milliseconds(1_500))
        // Bob came before the first packet; Carol comes in the middle.
        source.settings.obeysKeyframeRequests = false
        let asked = source.keyframeRequests.count
        let shown = call.now
        call.showPair(alice, to: carol)
        call.run(for: .milliseconds(250))
        #expect(carol.received.isEmpty)
        #expect(call.drops(.awaitingKeyframe) > 0)
        // The request left at once: it took the way to the publisher and no longer.
        #expect(source.keyframeRequests.count == asked + 1)
        #expect(try #require(source.keyframeRequests.last) - shown <= .milliseconds(11))
        source.settings.obeysKeyframeRequests = true
        call.run(for: .seconds(1))
        let first = try #require(carol.packets(mid: "1").first)
        #expect(first.tag?.packet == 0)
        #expect(source.keyframes.contains(Int(first.tag?.frame ?? 0)))
        #expect(StreamCheck.problems(of: carol.packets(mid: "1")) == [])
        #expect(StreamCheck.problems(of: bob.packets(mid: "1")) == [])
    }

    @Test func requestsOfManyAreJoinedAndThrottled() throws {
        let (call, alice, others) = try VirtualCall.with(receivers: 10)
        let source = alice.publish(mid: "1", .video(.vp8, tag: 1), at: call.now)
        for bob in others { call.showPair(alice, to: bob) }
        call.run(for: .seconds(3))
        source.settings.obeysKeyframeRequests = false
        let before = source.keyframeRequests.count
        let start = call.now
        // A storm: all of them, each 20 ms, for 2 seconds.
        while call.now - start < .seconds(2) {
            for bob in others { bob.sendPLI(mid: "1") }
            call.run(for: .milliseconds(20))
        }
        let requests = source.keyframeRequests.dropFirst(before)
        #expect((2...3).contains(requests.count))
        for (one, next) in zip(requests, requests.dropFirst()) {
            #expect(next - one >= .milliseconds(990))
        }
        #expect(call.worker.statistics.keyframeRequestsReceived > 900)
    }

    @Test func aLostRequestIsRepeatedUntilTheKeyframeComes() throws {
        let (call, alice, others) = try VirtualCall.with(receivers: 1)
        let source = alice.publish(mid: "1", .video(.vp8, tag: 1), at: call.now)
        call.run(for: .milliseconds(1_500))
        source.settings.obeysKeyframeRequests = false
        call.showPair(alice, to: others[0])
        call.run(for: .seconds(1))
        #expect(source.keyframeRequests.count >= 3)
        source.settings.obeysKeyframeRequests = true
        call.run(for: .seconds(1))
        #expect(others[0].packets(mid: "1").count > 50)
        let quiet = source.keyframeRequests.count
        call.run(for: .seconds(3))
        #expect(source.keyframeRequests.count == quiet)
    }

    @Test func aPublisherThatDoesNotAnswerIsAskedLessAndLess() throws {
        let (call, alice, others) = try VirtualCall.with(receivers: 1)
        let source = alice.publish(mid: "1", .video(.vp8, tag: 1), at: call.now)
        call.run(for: .milliseconds(1_500))
        source.settings.obeysKeyframeRequests = false
        call.showPair(alice, to: others[0])
        call.run(for: .seconds(60))
        #expect(source.keyframeRequests.count < 40)
        #expect(source.keyframeRequests.count > 15)
    }

    @Test func aReceiverThatConnectsAfterItsSlotWasSetStartsAtOnce() throws {
        let call = VirtualCall(seed: 11)
        let alice = try call.joinPublisher()
        call.connect()
        let source = alice.publish(mid: "1", .video(.vp8, tag: 1), at: call.now)
        call.run(for: .seconds(2))
        let bob = try call.join(receivingPairs: 1)
        call.showPair(alice, to: bob)
        #expect(call.connect())
        let connected = call.now
        #expect(call.run(atMost: .milliseconds(400)) { !bob.received.isEmpty })
        #expect(call.now - connected < .milliseconds(400))
        #expect(source.keyframes.count >= 2)
    }
}
