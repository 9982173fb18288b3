// That lost packets are repeated to receivers and asked of publishers.
// SPDX-License-Identifier: Apache-2.0
import Negotiation
import NetworkImpairment
import NetworkSimulation
import RTP
import Testing
import Wire

@testable import MediaWorker

@Suite struct RepairTests {
    @Test(arguments: [MediaCodec.vp8, .h264])
    func aNACKIsAnsweredFromTheSharedHistory(codec: MediaCodec) throws {
        let (call, alice, others) = try VirtualCall.with(receivers: 2)
        let (bob, carol) = (others[0], others[1])
        for other in others { call.showPair(alice, to: other) }
        alice.publish(mid: "1", .video(codec, tag: 1), at: call.now)
        call.run(for: .seconds(1))
        let wanted = bob.packets(mid: "1").suffix(30).prefix(4)
        bob.sendNACK(mid: "1", wanted.map(\.sequence.sequenceNumber))
        call.run(for: .milliseconds(100))
        let repeated = bob.packets(mid: "1").filter(\.isRetransmission)
        #expect(repeated.map(\.sequence) == wanted.map(\.sequence))
        for (again, first) in zip(repeated, wanted) {
            #expect(again.payload == first.payload)
            #expect(again.timestamp == first.timestamp)
            #expect(again.marker == first.marker)
            #expect(again.midExtension == "1")
            #expect(again.ssrc != first.ssrc)
        }
        let section = try #require(bob.media?.section(mid: "1"))
        let format = try #require(section.codecs.first { $0.codec == codec })
        #expect(repeated.allSatisfy { $0.payloadType == format.retransmissionPayloadType })
        #expect(
            repeated.map(\.ssrc.rawValue)
                == wanted.map { _ in section.declaredRTX[0].retransmission })
        // The retransmission stream has numbers of its own, without gaps.
        let numbers = repeated.map(\.wireSequence)
        for (one, next) in zip(numbers, numbers.dropFirst()) {
            #expect(next.distance(from: one) == 1)
        }
        #expect(carol.packets(mid: "1").allSatisfy { !$0.isRetransmission })
        #expect(call.worker.statistics.retransmissionsSent == 4)
        #expect(bob.failures.isEmpty)
    }

    @Test func aRequestForWhatNeverWasIsDropped() throws {
        let (call, alice, others) = try VirtualCall.with(receivers: 1)
        let bob = others[0]
        call.showPair(alice, to: bob)
        alice.publish(mid: "1", .video(.vp8, tag: 1), at: call.now)
        call.run(for: .seconds(1))
        let last = try #require(bob.packets(mid: "1").last).sequence.sequenceNumber.rawValue
        bob.sendNACK(mid: "1", [SequenceNumber(last &+ 50), SequenceNumber(last &+ 30_000)])
        call.run(for: .milliseconds(100))
        #expect(bob.packets(mid: "1").allSatisfy { !$0.isRetransmission })
        #expect(call.drops(.retransmissionTooOld) == 2)
    }

    @Test func aReceiverThatAsksWithoutEndIsHeldToItsBudget() throws {
        let (call, alice, others) = try VirtualCall.with(receivers: 2)
        let bob = others[0]
        for other in others { call.showPair(alice, to: other) }
        alice.publish(mid: "1", .video(.vp8, tag: 1), at: call.now)
        call.run(for: .seconds(2))
        let wanted = bob.packets(mid: "1").suffix(100).map(\.sequence.sequenceNumber)
        let start = call.now
        for _ in 0..<50 {
            bob.sendNACK(mid: "1", wanted)
            call.run(for: .milliseconds(20))
        }
        let seconds = Double((call.now - start).nanoseconds) / 1e9
        let repeated = bob.packets(mid: "1").count { $0.isRetransmission }
        #expect(repeated <= 256 + Int(1_024 * seconds) + 1)
        #expect(call.drops(.retransmissionBudget) > 1_000)
        #expect(call.drops(.retransmissionBudget) + call.drops(.repeatedLately) > 3_000)
        #expect(StreamCheck.problems(of: others[1].packets(mid: "1")) == [])
    }

    @Test func aPublishersLossIsAskedForAndForwardedInPlace() throws {
        let (call, alice, others) = try VirtualCall.with(receivers: 2)
        for bob in others { call.showPair(alice, to: bob) }
        let source = alice.publish(mid: "1", .video(.vp8, tag: 1), at: call.now)
        call.run(for: .seconds(1))
        source.loses = { $0.rawValue.isMultiple(of: 7) }
        call.run(for: .seconds(3))
        source.loses = { _ in false }
        call.run(for: .milliseconds(300))
        #expect(source.repeatRequests.count >= 30)
        #expect(call.worker.statistics.nacksSent >= 30)
        for bob in others {
            let packets = bob.packets(mid: "1")
            // Late, but each in its own place and with the publisher's own bytes.
            #expect(StreamCheck.problems(of: packets).filter { !$0.contains("s in") } == [])
            #expect(packets.allSatisfy { !$0.isRetransmission && $0.tag != nil })
            #expect(packets.count >= Int(source.packetCount) - 6)
        }
    }

    @Test func aPacketThatComesTwiceIsForwardedOnce() throws {
        let (call, alice, others) = try VirtualCall.with(receivers: 1)
        call.showPair(alice, to: others[0])
        let source = alice.publish(mid: "1", .video(.vp8, tag: 1), at: call.now)
        call.network.up.duplicate = 0.5
        call.network.up.reorder = 0.1
        call.run(for: .seconds(3))
        call.network.up = LinkSettings()
        call.run(for: .milliseconds(100))
        let numbers = others[0].packets(mid: "1").map(\.sequence)
        #expect(Set(numbers).count == numbers.count)
        #expect(numbers.count >= Int(source.packetCount) - 3)
        #expect(call.drops(.replayed) > 50)
    }

    @Test(arguments: [1, 2, 3])
    func tenPercentLossBothWaysIsRepaired(seed: UInt64) throws {
        let (call, alice, others) = try VirtualCall.with(receivers: 3, seed: seed)
        for bob in others {
            bob.repairsLosses = true
            call.showPair(alice, to: bob)
        }
        let source = alice.publish(mid: "1", .video(.vp8, tag: 1), at: call.now)
        call.run(for: .seconds(1))
        call.network.up.loss = 0.1
        call.network.down.loss = 0.1
        call.network.down.jitter = .milliseconds(5)
        call.run(for: .seconds(5))
        call.network.up.loss = 0
        call.network.down.loss = 0
        call.run(for: .seconds(1))
        for bob in others {
            var unique: [UInt64: ReceivedPacket] = [:]
            for packet in bob.packets(mid: "1") where unique[packet.sequence.rawValue] == nil {
                unique[packet.sequence.rawValue] = packet
            }
            let packets = unique.values.sorted { $0.sequence < $1.sequence }
            #expect(StreamCheck.problems(of: packets).filter { !$0.contains("s in") } == [])
            #expect(packets.count >= Int(source.packetCount) - 6)
            #expect(bob.failures.isEmpty)
        }
    }

    @Test func theRoundTripOfAPurePublisherIsMeasured() throws {
        let (call, alice, others) = try VirtualCall.with(receivers: 1)
        call.showPair(alice, to: others[0])
        call.network.up.delay = .milliseconds(60)
        call.network.down.delay = .milliseconds(40)
        alice.publish(mid: "1", .video(.vp8, tag: 1), at: call.now)
        call.run(for: .seconds(4))
        let roundTrip = call.worker.measuredRoundTrip(of: alice.id)
        let measured = try #require(roundTrip)
        #expect(measured > .milliseconds(98) && measured < .milliseconds(103))
    }

    @Test(arguments: [0.1, 0.2])
    func lossOnThePublishersLegIsRepairedWithFewRequests(loss: Double) throws {
        let (call, alice, others) = try VirtualCall.with(receivers: 1)
        call.showPair(alice, to: others[0])
        let source = alice.publish(mid: "1", .video(.vp8, tag: 1), at: call.now)
        call.run(for: .seconds(3))
        call.network.up.loss = loss
        // A datagram with requests is lost as others are.
        let keyframes = source.keyframeRequests.count
        let start = source.packetCount
        call.run(for: .seconds(20))
        call.network.up.loss = 0
        call.run(for: .seconds(1))
        let sent = Double(source.packetCount - start)
        let packets = others[0].packets(mid: "1")
        #expect(packets.count >= Int(source.packetCount) - 8)
        // Each lost packet is asked for once, and again where the answer was lost.
        let expected = sent * loss / (1 - loss)
        #expect(Double(source.repeatRequests.count) < expected * 1.5)
        #expect(source.keyframeRequests.count - keyframes <= 1)
        // Nobody waits longer for a packet than a few round trips.
        let lateness = packets.map { packet in
            packet.at - source.captureTime(ofFrame: Int(packet.tag?.frame ?? 0))
        }
        #expect(try #require(lateness.max()) < .milliseconds(350))
    }

    @Test func aReceiverThatAsksTwiceInARoundTripIsAnsweredOnce() throws {
        let (call, alice, others) = try VirtualCall.with(receivers: 1)
        let bob = others[0]
        call.showPair(alice, to: bob)
        alice.publish(mid: "1", .video(.vp8, tag: 1), at: call.now)
        call.run(for: .seconds(1))
        let wanted = bob.packets(mid: "1").suffix(5).map(\.sequence.sequenceNumber)
        for _ in 0..<4 {
            bob.sendNACK(mid: "1", wanted)
            call.run(for: .milliseconds(5))
        }
        call.run(for: .milliseconds(100))
        // The round trip of 50 ms is a guess: he has not reported yet.
        #expect(bob.packets(mid: "1").count { $0.isRetransmission } == 5)
        #expect(call.drops(.repeatedLately) == 15)
    }

    @Test func aJitteryPathWithoutLossIsAskedForNothing() throws {
        let (call, alice, others) = try VirtualCall.with(receivers: 1)
        others[0].repairsLosses = true
        call.showPair(alice, to: others[0])
        call.network.up.delay = .milliseconds(100)
        call.network.up.jitter = .milliseconds(30)
        let source = alice.publish(mid: "1", .video(.vp8, tag: 1), at: call.now)
        call.run(for: .seconds(10))
        #expect(source.repeatRequests.isEmpty)
        // One packet in twenty is overtaken by those behind it for 40 ms.
        call.network.up.reorder = 0.05
        call.network.up.reorderDelay = .milliseconds(40)
        call.run(for: .seconds(20))
        #expect(source.repeatRequests.count < 40)
        #expect(source.keyframeRequests.count <= 3)
        #expect(others[0].packets(mid: "1").count >= Int(source.packetCount) - 30)
    }

    @Test(arguments: [0.1, 0.2])
    func lossOnAReceiversLegCostsTheOthersNothing(loss: Double) throws {
        let (call, alice, others) = try VirtualCall.with(receivers: 2)
        for other in others {
            other.repairsLosses = true
            call.showPair(alice, to: other)
        }
        let source = alice.publish(mid: "1", .video(.vp8, tag: 1), at: call.now)
        call.run(for: .seconds(2))
        let before = call.worker.statistics
        let (asked, keyframes) = (source.repeatRequests.count, source.keyframeRequests.count)
        call.network.down.loss = loss
        call.run(for: .seconds(20))
        call.network.down.loss = 0
        call.run(for: .seconds(1))
        for other in others {
            let numbers = Set(other.packets(mid: "1").map(\.sequence))
            #expect(numbers.count >= Int(source.packetCount) - 8)
            #expect(other.failures.isEmpty)
        }
        // Nothing is asked of the publisher, and each loss costs little more than one repetition.
        #expect(source.repeatRequests.count == asked)
        #expect(source.keyframeRequests.count - keyframes <= 1)
        let statistics = call.worker.statistics
        let lost = Double(2 * 20 * 90) * loss / (1 - loss)
        let repeated = Double(statistics.retransmissionsSent - before.retransmissionsSent)
        #expect(repeated > lost * 0.8 && repeated < lost * 1.4)
    }
}
