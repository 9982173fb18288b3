// That a viewer of a stream with spatial layers sees one whole stream, in the size it chose or its path carries.
// SPDX-License-Identifier: Apache-2.0
import Forwarding
import Negotiation
import NetworkImpairment
import NetworkSimulation
import Payloads
import RTP
import Testing
import Wire

@testable import MediaWorker

/// A publisher of three spatial and three temporal layers in one stream of VP9 or AV1, and its viewers.
final class LayeredCall {
    static let pattern: [(layer: UInt8, isSwitchPoint: Bool)] = [
        (0, true), (2, true), (1, true), (2, true),
    ]
    /// Together some 50, 300 and 1,500 kbit/s, the larger with the smaller.
    static let layers = [
        SpatialLayer(size: (160, 90), packets: 1, payloadBytes: 130),
        SpatialLayer(size: (320, 180), packets: 2, payloadBytes: 460),
        SpatialLayer(size: (640, 360), packets: 5, payloadBytes: 940),
    ]

    let call: VirtualCall
    let publisher: VirtualClient
    let viewers: [VirtualClient]
    let source: VirtualSource
    private let nearCount: Int

    /// - Parameter far: How many of the viewers, the last ones, are on another loop.
    init(
        viewers count: Int, far: Int = 0, seed: UInt64 = 5, codec: MediaCodec = .vp9
    ) throws {
        call = VirtualCall(seed: seed)
        let nearCount = count - far
        self.nearCount = nearCount
        if far > 0 { call.openNeighbour() }
        publisher = try call.join(
            sending: [ClientStream(kind: .audio), ClientStream(kind: .video)],
            codecs: codec == .av1 ? [.opus, .av1] : [.opus, .vp8, .vp9])
        viewers = try (0..<count).map { [call] place in
            try call.join(receivingPairs: 1, far: place >= nearCount)
        }
        precondition(call.connect(), "the call does not connect")
        call.run(for: .milliseconds(100))
        if far > 0 { call.relay(publisher, ["0", "1"]) }
        for viewer in viewers {
            viewer.repairsLosses = true
            call.showPair(publisher, to: viewer)
        }
        publisher.publish(mid: "0", .audio(tag: 90), at: call.now)
        var settings = SourceSettings.video(codec, tag: 1)
        settings.temporalPattern = Self.pattern
        settings.spatialLayers = Self.layers
        source = publisher.publish(mid: "1", settings, at: call.now)
    }

    func setQuality(_ quality: SlotQuality, of viewer: Int = 0) {
        call.apply(
            .setQuality(receiver: viewers[viewer].id, mid: "1", quality),
            far: viewer >= nearCount)
    }

    /// What a viewer got, repetitions left out.
    func packets(of viewer: Int = 0, since start: MediaInstant = .zero) -> [ReceivedPacket] {
        viewers[viewer].packets(mid: "1").filter { $0.at >= start && !$0.isRetransmission }
    }

    /// The pictures a viewer got since an instant: the highest spatial layer of each, and how many ends it had.
    func pictures(of viewer: Int = 0, since start: MediaInstant) -> [(size: UInt8, ends: Int)] {
        var pictures: [(timestamp: RTPTimestamp, size: UInt8, ends: Int)] = []
        var tracker = DependencyTracker()
        for packet in packets(of: viewer) {
            var layers = DescriptorFields.find(codec: packet.codec, payload: packet.payload.span)
                .layers
            if let data = packet.dependencies {
                let read = tracker.read(
                    data.span, sequence: packet.sequence, timestamp: packet.timestamp)
                layers = read?.layers ?? layers
            }
            guard packet.at >= start else { continue }
            if pictures.last?.timestamp != packet.timestamp {
                pictures.append((packet.timestamp, 0, 0))
            }
            let place = pictures.count - 1
            pictures[place].size = max(pictures[place].size, layers.spatial)
            pictures[place].ends += packet.marker ? 1 : 0
        }
        return pictures.map { ($0.size, $0.ends) }
    }

    /// Lets so much time pass and gives the sizes of the pictures a viewer got, if all were whole.
    func sizes(of viewer: Int = 0, in time: MediaDuration) -> Set<UInt8> {
        let start = call.now
        call.run(for: time)
        let pictures = pictures(of: viewer, since: start).dropFirst().dropLast()
        #expect(pictures.allSatisfy { $0.ends == 1 })
        return Set(pictures.map(\.size))
    }

    /// What is amiss with the numbers of a viewer's packets; picture ids go on by more than one where pictures are
    /// left out, as they must.
    func problems(of viewer: Int = 0) -> [String] {
        StreamCheck.problems(of: viewers[viewer].packets(mid: "1")).filter {
            !$0.contains("timestamp goes by") && !$0.contains(": picture ")
        }
    }
}

@Suite struct SpatialLayerTests {
    @Test(arguments: [MediaCodec.vp9, .av1])
    func S02_aViewerTurnsToAnySizeOfOneStream(codec: MediaCodec) throws {
        let world = try LayeredCall(viewers: 2, codec: codec)
        world.call.run(for: .seconds(1))
        #expect(world.sizes(in: .milliseconds(500)) == [2])
        for (quality, size) in [
            (SlotQuality.low, UInt8(0)), (.high, 2), (.medium, 1), (.low, 0), (.medium, 1),
        ] {
            world.setQuality(quality)
            world.call.run(for: .milliseconds(300))
            #expect(world.sizes(in: .seconds(1)) == [size])
            // No picture is missing on the way.
            #expect(world.pictures(since: world.call.now - .milliseconds(1_200)).count >= 35)
        }
        #expect(world.problems() == [])
        #expect(world.problems(of: 1) == [])
        #expect(Set(world.pictures(of: 1, since: .zero).map(\.size)) == [2])
        #expect(world.viewers[0].failures == [])
    }

    @Test func onlyALargerSizeNeedsAKeyframe() throws {
        let world = try LayeredCall(viewers: 1)
        world.call.run(for: .seconds(2))
        let before = world.source.keyframeRequests.count
        world.setQuality(.low)
        world.call.run(for: .seconds(1))
        #expect(world.source.keyframeRequests.count == before)
        world.setQuality(.high)
        world.call.run(for: .seconds(1))
        #expect(world.source.keyframeRequests.count == before + 1)
        // Until it comes, the small picture goes on.
        world.setQuality(.low)
        world.call.run(for: .seconds(1))
        world.source.settings.obeysKeyframeRequests = false
        world.setQuality(.high)
        #expect(world.sizes(in: .seconds(1)) == [0])
        #expect(world.source.keyframeRequests.count >= before + 3)
    }

    @Test(arguments: [MediaCodec.vp9, .av1])
    func theSizeOfTheViewDecides(codec: MediaCodec) throws {
        let world = try LayeredCall(viewers: 1, codec: codec)
        world.call.run(for: .seconds(1))
        for (view, size) in [
            ((160, 90), UInt8(0)), ((640, 360), 2), ((320, 180), 1), ((330, 190), 1),
            ((500, 300), 2),
        ] as [((UInt16, UInt16), UInt8)] {
            world.setQuality(
                SlotQuality(view: SlotQuality.View(width: view.0, height: view.1)))
            world.call.run(for: .milliseconds(300))
            #expect(world.sizes(in: .milliseconds(600)) == [size])
        }
    }

    @Test(
        arguments: [(500_000, 1, 1), (200_000, 0, 0)] as [(Int64, UInt8, UInt8)],
        [1, 2] as [UInt64])
    func S01_aNarrowPathIsSentTheLayersItCarries(
        path: (limit: Int64, size: UInt8, least: UInt8), seed: UInt64
    ) throws {
        let world = try LayeredCall(viewers: 2, seed: seed)
        for viewer in world.viewers { viewer.givesTransportFeedback = true }
        world.call.networks[world.viewers[0].address] = .narrow(0)
        world.call.run(for: .seconds(5))
        #expect(world.sizes(in: .seconds(1)) == [2])
        world.call.networks[world.viewers[0].address] = .narrow(path.limit)
        world.call.run(for: .seconds(8))
        let start = world.call.now
        #expect(world.sizes(in: .seconds(4)).contains(path.size))
        #expect(world.sizes(in: .seconds(1)).allSatisfy { $0 <= path.size })
        #expect(world.pictures(since: start).count >= 5 * 24)
        world.call.networks[world.viewers[0].address] = .narrow(0)
        world.call.run(for: .seconds(10))
        #expect(world.sizes(in: .seconds(1)) == [2])
        #expect(Set(world.pictures(of: 1, since: start).map(\.size)) == [2])
        #expect(world.problems(of: 1) == [])
        #expect(world.viewers[0].failures == [])
    }

    @Test(arguments: [1, 2, 3] as [UInt64])
    func lossOnBothLegsIsRepairedWithinTheSizeChosen(seed: UInt64) throws {
        let world = try LayeredCall(viewers: 1, seed: seed)
        world.call.run(for: .seconds(1))
        world.setQuality(.medium)
        world.call.network.up.loss = 0.05
        world.call.network.down.loss = 0.05
        world.call.network.up.jitter = .milliseconds(8)
        world.call.run(for: .seconds(6))
        world.call.network.up.loss = 0
        world.call.network.down.loss = 0
        world.call.run(for: .seconds(1))
        let all = world.viewers[0].packets(mid: "1")
        let numbers = Set(all.map(\.sequence.rawValue)).sorted()
        let missing = Int((numbers.last ?? 0) - (numbers.first ?? 0)) + 1 - numbers.count
        #expect(missing <= 4)
        // Every picture of the last seconds has its one end, also where that was repeated.
        let ends = Dictionary(grouping: all, by: \.timestamp.rawValue).mapValues {
            Set($0.filter(\.marker).map(\.sequence.rawValue)).count
        }
        #expect(ends.values.count { $0 != 1 } <= 3)
        #expect(world.viewers[0].failures == [])
    }

    @Test(arguments: [MediaCodec.vp9, .av1])
    func theRatesOfAllLayersAreKnown(codec: MediaCodec) throws {
        let world = try LayeredCall(viewers: 1, codec: codec)
        world.call.run(for: .seconds(3))
        let wish = world.call.worker.steps(of: world.source.ssrc, at: world.call.now)
        try #require(wish.count == 5)
        #expect(
            wish.map(\.target) == [
                LayerTarget(spatial: 0, temporal: 0), LayerTarget(spatial: 0, temporal: 1),
                LayerTarget(spatial: 0, temporal: 7), LayerTarget(spatial: 1, temporal: 7),
                LayerTarget(spatial: 2, temporal: 7),
            ])
        #expect(zip(wish, wish.dropFirst()).allSatisfy { $0.rate < $1.rate })
        #expect(abs(Double(wish[4].rate) / 1_500_000 - 1) < 0.1, "\(wish)")
        #expect(abs(Double(wish[0].rate) / Double(wish[2].rate) - 0.25) < 0.06)
    }

    @Test func descriptorsOfAV1ReachWhoeverTakesThem() throws {
        let world = try LayeredCall(viewers: 1, codec: .av1)
        world.call.run(for: .seconds(1))
        world.setQuality(.medium)
        world.call.run(for: .seconds(1))
        let packets = world.packets()
        #expect(packets.count > 200)
        let lengths = Set(packets.map { $0.dependencies?.count ?? 0 })
        // Three bytes, three more with a reference of their own, and with a keyframe a structure in the long form of the
        // header.
        #expect(lengths.count == 3 && lengths.isSuperset(of: [3, 6]) && (lengths.max() ?? 0) > 60)
        // In a slot that showed something else before, frame numbers begin elsewhere and keep their distances.
        let numbers = packets.compactMap { packet in
            packet.dependencies.flatMap { DependencyDescriptor.parse($0.span)?.frameNumber }
        }
        #expect(zip(numbers, numbers.dropFirst()).allSatisfy { $1 &- $0 <= 4 })
        #expect(world.viewers[0].failures == [])
    }

    @Test(arguments: [1, 2] as [UInt64])
    func spoiltDescriptorsStopNothing(seed: UInt64) throws {
        let world = try LayeredCall(viewers: 2, seed: seed, codec: .av1)
        var random = SeededRandom(seed: seed)
        world.setQuality(.low)
        world.source.spoils = { bytes in
            // Bits of a true one turned over, or as many bytes as fit, or none.
            var spoilt = bytes
            switch random.next() % 3 {
            case 0: spoilt[Int(random.next() % UInt64(bytes.count))] ^= UInt8(random.next() & 0xFF)
            case 1: spoilt = (0..<Int(random.next() % 240)).map { _ in UInt8(random.next() & 0xFF) }
            default: spoilt = []
            }
            return spoilt
        }
        world.call.run(for: .seconds(4))
        world.source.spoils = { $0 }
        for viewer in world.viewers { viewer.sendPLI(mid: "1") }
        world.call.run(for: .seconds(2))
        #expect(world.sizes(in: .seconds(1)) == [0])
        #expect(world.sizes(of: 1, in: .seconds(1)) == [2])
        #expect(world.viewers.allSatisfy { $0.failures == [] })
    }
}
