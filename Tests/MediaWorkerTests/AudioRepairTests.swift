// That lost sound is asked for and repeated, and that no number ever seals two different packets.
// SPDX-License-Identifier: Apache-2.0
import Negotiation
import NetworkImpairment
import NetworkSimulation
import RTP
import Testing
import Wire

@testable import MediaWorker

@Suite struct AudioRepairTests {
    private func call(
        codecs: [MediaCodec] = [.opus, .vp8], isRepaired: Bool = true, publishers: Int = 1
    ) throws -> (call: VirtualCall, publishers: [VirtualClient], bob: VirtualClient) {
        let call = VirtualCall(seed: 21)
        let sending = try (0..<publishers).map { _ in
            try call.join(
                sending: [ClientStream(kind: .audio), ClientStream(kind: .video)], codecs: codecs,
                repairsAudio: isRepaired)
        }
        let bob = try call.join(receivingPairs: 1, codecs: codecs, repairsAudio: isRepaired)
        try #require(call.connect())
        call.showPair(sending[0], to: bob)
        return (call, sending, bob)
    }

    /// The datagrams of one stream that leave towards a client, by their sequence number.
    private func watch(
        _ call: VirtualCall, _ client: VirtualClient, mid: String
    ) -> () -> [UInt16: [[UInt8]]] {
        let ssrc = client.slotSSRC(mid: mid)
        let log = DatagramLog()
        call.tap = { path, bytes in
            guard path.remote == client.address, !RTCPReader.isRTCP(bytes.span),
                let header = try? RTPHeader.parse(bytes.span), header.ssrc == ssrc
            else { return }
            log.datagrams[header.sequenceNumber.rawValue, default: []].append(bytes)
        }
        return { log.datagrams }
    }

    private final class DatagramLog {
        var datagrams: [UInt16: [[UInt8]]] = [:]
    }

    @Test(arguments: [[MediaCodec.opus, .vp8], [.red, .opus, .vp8]])
    func soundIsRepeatedBitForBit(codecs: [MediaCodec]) throws {
        let (call, publishers, bob) = try call(codecs: codecs)
        let datagrams = watch(call, bob, mid: "0")
        publishers[0].publish(
            mid: "0", codecs.contains(.red) ? .redundantAudio(tag: 1) : .audio(tag: 1),
            at: call.now)
        call.run(for: .seconds(1))
        let wanted = bob.packets(mid: "0").suffix(40).map(\.sequence.sequenceNumber)
        let before = try #require(bob.packets(mid: "0").last?.transportSequence)
        bob.sendNACK(mid: "0", wanted)
        call.run(for: .milliseconds(40))
        for number in wanted {
            let sent = try #require(datagrams()[number.rawValue])
            #expect(sent.count == 2)
            #expect(sent.first == sent.last)
        }
        #expect(call.worker.statistics.retransmissionsSent == 40)
        // Those bits were seen before: only a packet that was lost is news to the receiver.
        #expect(bob.failures.allSatisfy { $0 == "RTP that does not open" })
        #expect(bob.failures.count == 40)
        // What is repeated takes no new transport-wide numbers.
        let after = bob.packets(mid: "0").compactMap(\.transportSequence)
            .filter { $0.distance(from: before) > 0 }
        #expect(after.map { Int($0.distance(from: before)) } == Array(1...after.count))
    }

    @Test func noNumberSealsTwoPackets() throws {
        let (call, publishers, bob) = try call(codecs: [.red, .opus, .vp8], publishers: 2)
        let datagrams = watch(call, bob, mid: "0")
        for (number, publisher) in publishers.enumerated() {
            publisher.publish(mid: "0", .redundantAudio(tag: UInt16(number + 1)), at: call.now)
        }
        var offered = try #require(bob.serverMedia)
        for round in 0..<20 {
            call.run(for: .milliseconds(90))
            switch round % 4 {
            case 0: call.show(publishers[round / 4 % 2], "0", in: "0", of: bob)
            case 1:
                // Another layout of the header, and another number of Opus.
                if let at = offered.sections[0].codecs.firstIndex(where: { $0.codec == .opus }) {
                    offered.sections[0].codecs[at].payloadType ^= 1
                }
                offered.sections[0].extensions.removeAll { $0.kind == .audioLevel }
                call.apply(.updatePeer(bob.id, offered))
            case 2:
                call.apply(.setPaused(publisher: publishers[0].id, mid: "0", round % 8 == 2))
            default: break
            }
            let newest = bob.packets(mid: "0").last?.wireSequence.rawValue ?? 0
            bob.sendNACK(mid: "0", (0..<70).map { SequenceNumber(newest &- 60 &+ $0) })
            call.run(for: .milliseconds(15))
        }
        var repeated = 0
        for (_, sent) in datagrams() {
            repeated += sent.count - 1
            #expect(Set(sent).count == 1)
        }
        #expect(repeated > 50)
    }

    @Test func whoDidNotOfferItIsNeitherAskedNorAnswered() throws {
        let (call, publishers, bob) = try call(isRepaired: false)
        let source = publishers[0].publish(mid: "0", .audio(tag: 1), at: call.now)
        call.run(for: .seconds(1))
        source.loses = { $0.rawValue.isMultiple(of: 5) }
        bob.sendNACK(
            mid: "0", bob.packets(mid: "0").suffix(10).map(\.sequence.sequenceNumber))
        call.run(for: .seconds(1))
        #expect(source.repeatRequests.isEmpty)
        #expect(call.drops(.retransmissionTooOld) == 10)
        #expect(bob.failures.isEmpty)
    }

    @Test(arguments: [0.1, 0.2])
    func lossOnBothLegsLeavesHardlyAPacketMissing(loss: Double) throws {
        let (call, publishers, bob) = try call()
        bob.repairsLosses = true
        let source = publishers[0].publish(mid: "0", .audio(tag: 1), at: call.now)
        call.run(for: .seconds(1))
        call.network.up.loss = loss
        call.network.down.loss = loss
        call.run(for: .seconds(20))
        call.network.up.loss = 0
        call.network.down.loss = 0
        call.run(for: .seconds(1))
        let heard = Set(bob.packets(mid: "0").map(\.sequence)).count
        let missing = Int(source.packetCount) - heard
        #expect(missing <= (loss < 0.15 ? 8 : 40))
        // What comes later than a receiver waits is no longer asked for.
        let lateness = bob.packets(mid: "0").map { packet in
            packet.at - source.captureTime(ofFrame: Int(packet.tag?.frame ?? 0))
        }
        #expect(try #require(lateness.max()) < .milliseconds(900))
        #expect(source.repeatRequests.count < Int(source.packetCount))
        #expect(bob.failures.count < 20)
    }
}
