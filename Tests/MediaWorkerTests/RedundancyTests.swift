// That redundant audio reaches every receiver in a form it can play, and never repeats another source.
// SPDX-License-Identifier: Apache-2.0
import Negotiation
import NetworkImpairment
import NetworkSimulation
import Payloads
import RTP
import Testing
import Wire

@testable import MediaWorker

private let withRED: [MediaCodec] = [.red, .opus, .vp8]

/// What a packet of audio says: the tag of its own frame, and of those it repeats, the youngest first.
private struct Spoken {
    var primary: PayloadTag?
    var repeated: [PayloadTag] = []
    var blockType: UInt8?

    init(_ packet: ReceivedPacket) {
        primary = packet.tag
        guard packet.codec == .red, let audio = RedundantAudio.parse(packet.payload.span) else {
            return
        }
        blockType = audio.payloadType
        for age in 0..<audio.blockCount {
            guard let block = audio.block(age: age, in: packet.payload.span),
                let tag = PayloadTag(endOf: packet.payload.span.extracting(block.range))
            else { continue }
            repeated.append(tag)
        }
    }
}

@Suite struct RedundancyTests {
    private func call(
        receivers codecs: [[MediaCodec]], publishers: Int = 1
    ) throws -> (call: VirtualCall, publishers: [VirtualClient], receivers: [VirtualClient]) {
        let call = VirtualCall(seed: 11)
        let sending = try (0..<publishers).map { _ in
            try call.join(
                sending: [ClientStream(kind: .audio), ClientStream(kind: .video)], codecs: withRED)
        }
        let others = try codecs.map { try call.join(receivingPairs: 1, codecs: $0) }
        try #require(call.connect())
        for bob in others { call.showPair(sending[0], to: bob) }
        return (call, sending, others)
    }

    @Test func redundancyPassesThroughAsItIs() throws {
        let (call, publishers, others) = try call(receivers: [withRED])
        let bob = others[0]
        let source = publishers[0].publish(mid: "0", .redundantAudio(tag: 1), at: call.now)
        call.run(for: .seconds(2))
        let packets = bob.packets(mid: "0")
        #expect(packets.count >= Int(source.packetCount) - 2)
        for packet in packets.dropFirst(2) {
            let spoken = Spoken(packet)
            let frame = try #require(spoken.primary?.frame)
            #expect(packet.codec == .red)
            #expect(spoken.repeated.map(\.frame) == [frame - 1, frame - 2])
        }
        #expect(StreamCheck.problems(of: packets) == [])
        #expect(bob.failures.isEmpty)
    }

    @Test func aReceiverWithoutREDGetsThePrimaryAlone() throws {
        let (call, publishers, others) = try call(receivers: [[.opus, .vp8], withRED])
        publishers[0].publish(mid: "0", .redundantAudio(tag: 1), at: call.now)
        call.run(for: .seconds(2))
        let plain = others[0].packets(mid: "0")
        #expect(plain.count > 90)
        #expect(plain.allSatisfy { $0.codec == .opus && $0.payload.count == 80 })
        #expect(plain.map { $0.tag?.frame } == (0..<plain.count).map { UInt32($0) })
        #expect(StreamCheck.problems(of: plain) == [])
        // The other's packets come from the same history, in which nothing was changed.
        let whole = others[1].packets(mid: "0")
        #expect(whole.map(\.tag) == plain.map(\.tag))
        #expect(whole.dropFirst(2).allSatisfy { Spoken($0).repeated.count == 2 })
        #expect(others[0].failures.isEmpty && others[1].failures.isEmpty)
        let report = try #require(others[0].senderReports(mid: "0").last).report
        #expect(report.octetCount <= 80 * report.packetCount)
    }

    @Test func plainOpusReachesAReceiverWithRED() throws {
        let (call, publishers, others) = try call(receivers: [withRED])
        publishers[0].publish(mid: "0", .audio(tag: 1), at: call.now)
        call.run(for: .seconds(1))
        let packets = others[0].packets(mid: "0")
        #expect(packets.count > 40)
        #expect(packets.allSatisfy { $0.codec == .opus })
        #expect(StreamCheck.problems(of: packets) == [])
        #expect(others[0].failures.isEmpty)
    }

    @Test func thePayloadTypeInsideTheBlocksIsTheReceivers() throws {
        let (call, publishers, others) = try call(receivers: [withRED, withRED])
        let bob = others[0]
        // On the server Bob's Opus has another number than Alice's.
        var media = try #require(bob.serverMedia)
        let codec = try #require(media.sections[0].codecs.firstIndex { $0.codec == .opus })
        media.sections[0].codecs[codec].payloadType = 120
        call.apply(.updatePeer(bob.id, media))
        publishers[0].publish(mid: "0", .redundantAudio(tag: 1), at: call.now)
        call.run(for: .seconds(1))
        let packets = bob.packets(mid: "0")
        #expect(packets.count > 40)
        for packet in packets {
            let spoken = Spoken(packet)
            #expect(spoken.blockType == 120)
            #expect(spoken.primary != nil && !spoken.repeated.isEmpty)
        }
        // The first packet repeats nothing, so it is plain Opus of a number Bob does not know.
        #expect(bob.failures.count == 1)
        #expect(others[1].packets(mid: "0").dropFirst().allSatisfy { Spoken($0).blockType == 111 })
    }

    @Test func nothingIsRepeatedAcrossASwitchOrAPause() throws {
        let (call, publishers, others) = try call(receivers: [withRED], publishers: 2)
        let bob = others[0]
        for (number, publisher) in publishers.enumerated() {
            publisher.publish(
                mid: "0", .redundantAudio(tag: UInt16(number + 1), repeating: 3), at: call.now)
        }
        call.run(for: .seconds(1))
        for round in 1...6 {
            call.show(publishers[round % 2], "0", in: "0", of: bob)
            call.run(for: .milliseconds(330))
        }
        call.apply(.setPaused(publisher: publishers[0].id, mid: "0", true))
        call.run(for: .milliseconds(300))
        call.apply(.setPaused(publisher: publishers[0].id, mid: "0", false))
        call.run(for: .milliseconds(300))
        var previous: PayloadTag?
        var first: PayloadTag?
        var starts = 0
        for packet in bob.packets(mid: "0") {
            let spoken = Spoken(packet)
            let tag = try #require(spoken.primary)
            if previous?.source != tag.source || previous.map({ $0.frame + 1 }) != tag.frame {
                first = tag
                starts += 1
                #expect(spoken.repeated.isEmpty)
            }
            previous = tag
            let start = try #require(first)
            #expect(
                spoken.repeated.allSatisfy { $0.source == start.source && $0.frame >= start.frame })
            // As much is repeated as there is since the start.
            #expect(spoken.repeated.count == min(3, Int(tag.frame - start.frame)))
        }
        #expect(starts == 8)
        #expect(StreamCheck.problems(of: bob.packets(mid: "0")) == [])
        #expect(bob.failures.isEmpty)
    }

    @Test(arguments: [1, 2, 3])
    func tenPercentLossLeavesHardlyAFrameUnheard(seed: UInt64) throws {
        let (call, publishers, others) = try call(receivers: [withRED])
        let source = publishers[0].publish(mid: "0", .redundantAudio(tag: 1), at: call.now)
        call.run(for: .seconds(1))
        call.network.down.loss = 0.1
        call.run(for: .seconds(20))
        call.network.down.loss = 0
        call.run(for: .seconds(1))
        let packets = others[0].packets(mid: "0")
        var heard: Set<UInt32> = []
        for packet in packets {
            let spoken = Spoken(packet)
            for tag in [spoken.primary].compactMap({ $0 }) + spoken.repeated {
                heard.insert(tag.frame)
            }
        }
        #expect(packets.count < Int(source.packetCount) - 60)
        // Three packets in a row, one time in a thousand.
        #expect(heard.count >= Int(source.packetCount) - 8)
    }

    @Test func brokenRedundancyIsDropped() throws {
        let (call, publishers, others) = try call(receivers: [withRED])
        let alice = publishers[0]
        var settings = SourceSettings.redundantAudio(tag: 1)
        settings.firstSequence = 100
        let source = alice.publish(mid: "0", settings, at: call.now)
        call.run(for: .milliseconds(500))
        let before = others[0].packets(mid: "0").count
        source.isRunning = false
        call.run(for: .milliseconds(50))
        // Cut off, a block of an unknown codec, one of the retransmissions' number, no primary.
        for (number, payload) in [
            [0xEF, 0x0F], [0x80, 0x0F, 0x00, 0x01, 0x00, 1, 2], [0x61, 1, 2, 3], [0x6F], [],
        ].enumerated() {
            var packet = [UInt8](repeating: 0, count: 12)
            packet[0] = 0x80
            packet[1] = 63
            packet[3] = UInt8(150 + number)
            for byte in 0..<4 {
                packet[8 + byte] = UInt8(
                    truncatingIfNeeded: source.ssrc.rawValue >> UInt32(24 - 8 * byte))
            }
            alice.sendPlain(packet + payload.map { UInt8($0) })
        }
        call.run(for: .milliseconds(100))
        #expect(call.drops(.malformedRedundancy) == 5)
        #expect(others[0].packets(mid: "0").count <= before + 2)
        #expect(others[0].failures.isEmpty)
    }
}
