// That layers within one stream are chosen on another loop as on that of their publisher.
// SPDX-License-Identifier: Apache-2.0
import Forwarding
import Negotiation
import NetworkSimulation
import Payloads
import RTP
import Testing
import Wire

@testable import MediaWorker

@Suite struct RelayedLayerTests {
    @Test(arguments: [MediaCodec.vp9, .av1])
    func aViewerThereTurnsToAnySize(codec: MediaCodec) throws {
        let world = try LayeredCall(viewers: 2, far: 1, codec: codec)
        world.call.run(for: .seconds(1))
        #expect(world.sizes(of: 1, in: .milliseconds(500)) == [2])
        for (quality, size) in [(SlotQuality.low, UInt8(0)), (.high, 2), (.medium, 1)] {
            world.setQuality(quality, of: 1)
            world.call.run(for: .milliseconds(300))
            #expect(world.sizes(of: 1, in: .seconds(1)) == [size])
            // No picture is missing on the way.
            #expect(world.pictures(of: 1, since: world.call.now - .milliseconds(1_200)).count >= 35)
        }
        // What one loop leaves out is not missing on the other.
        #expect(Set(world.pictures(of: 0, since: .zero).map(\.size)) == [2])
        #expect(world.problems(of: 0) == [] && world.problems(of: 1) == [])
        #expect(world.viewers[1].failures == [])
        #expect(world.call.neighbour?.statistics.drops == [])
    }

    @Test(arguments: [MediaCodec.vp9, .av1])
    func theSizesOfLayersAreKnownThere(codec: MediaCodec) throws {
        let world = try LayeredCall(viewers: 1, far: 1, codec: codec)
        world.call.run(for: .seconds(1))
        for (view, size) in [((160, 90), UInt8(0)), ((640, 360), 2), ((320, 180), 1)]
            as [((UInt16, UInt16), UInt8)]
        {
            world.setQuality(
                SlotQuality(view: SlotQuality.View(width: view.0, height: view.1)))
            world.call.run(for: .milliseconds(300))
            #expect(world.sizes(in: .milliseconds(600)) == [size])
        }
    }

    @Test func descriptorsOfAV1CrossByteForByte() throws {
        let world = try LayeredCall(viewers: 2, far: 1, codec: .av1)
        world.call.run(for: .seconds(2))
        let (near, far) = (world.packets(of: 0), world.packets(of: 1))
        #expect(far.count > 200)
        #expect(far.map(\.payload) == near.map(\.payload))
        #expect(far.allSatisfy { ($0.dependencies?.count ?? 0) >= 3 })
        #expect(far.contains { ($0.dependencies?.count ?? 0) > 60 })
        // All but the frame's number, which each slot counts on its own.
        func told(_ packet: ReceivedPacket) -> [UInt8] {
            let bytes = packet.dependencies ?? []
            return Array(bytes.prefix(1) + bytes.dropFirst(DependencyDescriptor.mandatoryCount))
        }
        #expect(far.map(told) == near.map(told))
    }

    @Test func aRelayThatBeginsLateBringsTheStructure() throws {
        let world = try LayeredCall(viewers: 1, far: 1, codec: .av1)
        world.call.setRelayed(world.publisher, "1", false)
        world.call.run(for: .seconds(2))
        #expect(world.packets().isEmpty)
        world.call.setRelayed(world.publisher, "1", true)
        world.setQuality(SlotQuality(view: SlotQuality.View(width: 320, height: 180)))
        world.call.run(for: .milliseconds(500))
        #expect(world.sizes(in: .seconds(1)) == [1])
        #expect(world.problems() == [])
    }

    @Test func redundantAudioCrossesWithWhatIsKnownOfIt() throws {
        let call = VirtualCall(seed: 11)
        call.openNeighbour()
        let codecs: [MediaCodec] = [.red, .opus, .vp8]
        let publisher = try call.join(
            sending: [ClientStream(kind: .audio), ClientStream(kind: .video)], codecs: codecs)
        let whole = try call.join(receivingPairs: 1, codecs: codecs, far: true)
        let plain = try call.join(receivingPairs: 1, codecs: [.opus, .vp8], far: true)
        try #require(call.connect())
        call.relay(publisher, ["0"])
        for receiver in [whole, plain] { call.showPair(publisher, to: receiver) }
        publisher.publish(mid: "0", .redundantAudio(tag: 1), at: call.now)
        call.run(for: .seconds(2))
        let (redundant, primary) = (whole.packets(mid: "0"), plain.packets(mid: "0"))
        #expect(primary.count > 90)
        #expect(primary.allSatisfy { $0.codec == .opus && $0.payload.count == 80 })
        #expect(redundant.map(\.tag) == primary.map(\.tag))
        #expect(redundant.allSatisfy { $0.codec == .red })
        for packet in redundant.dropFirst(2) {
            #expect(RedundantAudio.parse(packet.payload.span)?.blockCount == 2)
        }
    }

    @Test func aRelayedPacketShorterThanItsDescriptorHasNoParts() throws {
        let bytes = [UInt8](repeating: 0, count: 40)
        var history = PacketHistory(packetCapacity: 4, byteCapacity: 4_096)
        let entry = HistoryEntry(
            sequence: ExtendedSequenceNumber(70_000), timestamp: RTPTimestamp(1), codec: .av1,
            marker: false, startsKeyframe: false)
        let isKept = history.insert(entry, payload: bytes.span, dependencies: bytes.span)
        #expect(isKept)
        let found = history.entry(entry.sequence)
        let kept = try #require(found)
        let range = history.relayedRange(of: kept)
        #expect(range.count == 82)
        for count in 0..<82 {
            let parts = kept.relayedParts(in: count)
            #expect((parts == nil) == (count < 42))
            #expect((parts?.payload.count ?? 0) == max(0, count - 42))
        }
    }
}
