// That a viewer of a simulcast track sees one whole stream whichever layers it is made of.
// SPDX-License-Identifier: Apache-2.0
import Forwarding
import Negotiation
import NetworkImpairment
import NetworkSimulation
import RTP
import Testing
import Wire

@testable import MediaWorker

/// A publisher of three layers and its viewers.
final class SimulcastCall {
    static let sizes: [(width: UInt16, height: UInt16)] = [(160, 90), (320, 180), (640, 360)]
    static let syncPattern: [(layer: UInt8, isSwitchPoint: Bool)] = [
        (0, false), (2, true), (1, true), (2, false),
    ]

    let call: VirtualCall
    let publisher: VirtualClient
    let viewers: [VirtualClient]
    /// Small to large.
    private(set) var layers: [VirtualSource] = []

    /// - Parameter rids: As they stand in the offer; the sizes follow `names`, small to large.
    init(
        viewers count: Int, seed: UInt64 = 5, rids: [String] = ["q", "h", "f"],
        names: [String] = ["q", "h", "f"], codec: MediaCodec = .vp8, hasTemporalLayers: Bool = false
    ) throws {
        call = VirtualCall(seed: seed)
        publisher = try call.join(
            sending: [ClientStream(kind: .audio), ClientStream(kind: .video, rids: rids)])
        viewers = try (0..<count).map { [call] _ in try call.join(receivingPairs: 1) }
        precondition(call.connect(), "the call does not connect")
        call.run(for: .milliseconds(100))
        for viewer in viewers { call.showPair(publisher, to: viewer) }
        for (place, name) in names.enumerated() {
            var settings = SourceSettings.video(codec, tag: UInt16(place + 1))
            settings.rid = name
            settings.ssrc = SSRC(UInt32(1_000 + place))
            settings.size = Self.sizes[place]
            settings.packetsInFrame = place + 1 + (codec == .h264 ? 1 : 0)
            if hasTemporalLayers { settings.temporalPattern = Self.syncPattern }
            layers.append(publisher.publish(mid: "1", settings, at: call.now))
        }
    }

    func setQuality(_ quality: SlotQuality, of viewer: Int = 0) {
        call.apply(.setQuality(receiver: viewers[viewer].id, mid: "1", quality))
    }

    func packets(of viewer: Int = 0) -> [ReceivedPacket] { viewers[viewer].packets(mid: "1") }

    /// The layer of the last packet a viewer got, 0 for the smallest.
    func shownLayer(of viewer: Int = 0) -> Int? {
        packets(of: viewer).last?.tag.map { Int($0.source) - 1 }
    }

    /// The longest time between two packets of a viewer since an instant, in milliseconds.
    func longestGap(of viewer: Int = 0, since start: MediaInstant) -> Int64 {
        let times = packets(of: viewer).map(\.at).filter { $0 >= start }
        return zip(times, times.dropFirst()).map { ($1 - $0).milliseconds }.max() ?? .max
    }

    /// What was told of the layers that are wanted.
    var demands: [String] {
        call.events.compactMap { entry in
            guard case .layersWanted(publisher.id, "1", let layers, _, _) = entry.event else {
                return nil
            }
            return layers.joined(separator: ",")
        }
    }

    var problems: [String] {
        viewers.indices.flatMap { StreamCheck.problems(of: packets(of: $0)) }
    }
}

@Suite struct SimulcastTests {
    @Test(arguments: [MediaCodec.vp8, .h264])
    func S02_aViewerGetsTheLargestLayerAndTurnsToAnyOther(codec: MediaCodec) throws {
        let world = try SimulcastCall(viewers: 2, codec: codec)
        world.call.run(for: .seconds(1))
        #expect(world.shownLayer() == 2)
        for (quality, layer) in [
            (SlotQuality.low, 0), (.high, 2), (.medium, 1), (.low, 0), (.medium, 1), (.high, 2),
        ] {
            let start = world.call.now
            world.setQuality(quality)
            world.call.run(for: .milliseconds(300))
            #expect(world.shownLayer() == layer)
            #expect(world.longestGap(since: start) <= 45)
            world.call.run(for: .seconds(1))
        }
        #expect(world.shownLayer(of: 1) == 2)
        #expect(world.problems == [])
        #expect(world.viewers[0].failures == [])
    }

    @Test func onlyTheLayerThatIsWantedIsAskedForAKeyframe() throws {
        let world = try SimulcastCall(viewers: 1)
        world.call.run(for: .seconds(3))
        let before = world.layers.map(\.keyframeRequests.count)
        world.setQuality(.low)
        world.call.run(for: .seconds(1))
        let asked = zip(world.layers, before).map { $0.keyframeRequests.count - $1 }
        #expect(asked == [1, 0, 0])
    }

    @Test func aKeyframeThatDoesNotComeIsAskedForAgain() throws {
        let world = try SimulcastCall(viewers: 1)
        world.call.run(for: .seconds(1))
        world.layers[0].settings.obeysKeyframeRequests = false
        let before = world.layers[0].keyframeRequests.count
        let start = world.call.now
        world.setQuality(.low)
        world.call.run(for: .seconds(1))
        #expect(world.layers[0].keyframeRequests.count >= before + 3)
        // What is there goes on meanwhile.
        #expect(world.shownLayer() == 2)
        #expect(world.longestGap(since: start) <= 45)
        world.layers[0].settings.obeysKeyframeRequests = true
        world.call.run(for: .milliseconds(500))
        #expect(world.shownLayer() == 0)
        #expect(world.problems == [])
    }

    @Test(arguments: [["f", "h", "q"], ["h", "q", "f"]])
    func theSizesInKeyframesDecideWhichLayerIsTheSmallest(rids: [String]) throws {
        let world = try SimulcastCall(viewers: 1, rids: rids)
        world.call.run(for: .seconds(1))
        #expect(world.shownLayer() == 2)
        world.setQuality(.low)
        world.call.run(for: .milliseconds(400))
        #expect(world.shownLayer() == 0)
        #expect(world.problems == [])
    }

    @Test func aLayerThatStopsIsLeftAndTakenUpWhenItComesAgain() throws {
        let world = try SimulcastCall(viewers: 1)
        world.call.run(for: .seconds(2))
        var start = world.call.now
        world.layers[2].isRunning = false
        world.call.run(for: .seconds(1))
        #expect(world.shownLayer() == 1)
        #expect(world.longestGap(since: start) <= 550)
        world.layers[1].isRunning = false
        world.call.run(for: .seconds(1))
        #expect(world.shownLayer() == 0)
        start = world.call.now
        world.layers[2].resume(at: world.call.now)
        world.call.run(for: .milliseconds(400))
        #expect(world.shownLayer() == 2)
        #expect(world.longestGap(since: start) <= 45)
        #expect(world.problems.filter { !$0.contains("timestamp goes by") } == [])
    }

    @Test func aTrackOfFewFramesDoesNotSwayBetweenItsLayers() throws {
        let world = try SimulcastCall(viewers: 1)
        for layer in world.layers { layer.settings.interval = .milliseconds(700) }
        world.call.run(for: .seconds(5))
        let requests = world.layers.map(\.keyframeRequests.count)
        world.call.run(for: .seconds(20))
        #expect(world.shownLayer() == 2)
        #expect(world.layers.map(\.keyframeRequests.count) == requests)
    }

    @Test func aHiddenPictureIsNotSentAndComesBackAtAKeyframe() throws {
        let world = try SimulcastCall(viewers: 2)
        world.call.run(for: .seconds(1))
        world.setQuality(.hidden)
        world.call.run(for: .milliseconds(100))
        let count = world.packets().count
        world.call.run(for: .seconds(2))
        #expect(world.packets().count == count)
        world.setQuality(.medium)
        world.call.run(for: .milliseconds(300))
        #expect(world.shownLayer() == 1)
        #expect(world.shownLayer(of: 1) == 2)
        #expect(world.problems == [])
    }

    @Test func S02_aViewsSizeChoosesTheSmallestLayerThatFillsIt() throws {
        let world = try SimulcastCall(viewers: 1)
        world.call.run(for: .seconds(1))
        for (width, height, layer) in [(150, 90, 0), (300, 180, 1), (900, 600, 2), (64, 64, 0)] {
            world.setQuality(
                SlotQuality(view: .init(width: UInt16(width), height: UInt16(height))))
            world.call.run(for: .seconds(1))
            #expect(world.shownLayer() == layer)
        }
        // Another size of the same layers is followed without being asked.
        for layer in world.layers {
            layer.settings.size = (layer.settings.size.width / 4, layer.settings.size.height / 4)
            layer.requestKeyframe(at: world.call.now)
        }
        world.call.run(for: .seconds(1))
        #expect(world.shownLayer() == 1)
        #expect(world.problems == [])
    }

    @Test func anotherSourceBeginsWithoutTheChoiceOfTheFormer() throws {
        let world = try SimulcastCall(viewers: 1)
        world.call.run(for: .seconds(1))
        world.setQuality(.low)
        world.call.run(for: .seconds(1))
        world.call.show(nil, in: "1", of: world.viewers[0])
        world.call.show(world.publisher, "1", in: "1", of: world.viewers[0])
        world.call.run(for: .seconds(1))
        #expect(world.shownLayer() == 2)
    }

    @Test func timestampsFollowTheReportsOverASwitch() throws {
        let world = try SimulcastCall(viewers: 1)
        // The larger layer takes longer to encode and to send.
        world.layers[2].settings.sendDelay = .milliseconds(60)
        world.call.run(for: .seconds(3))
        for quality in [SlotQuality.low, .high, .low, .high] {
            world.setQuality(quality)
            world.call.run(for: .seconds(2))
        }
        // Frames of one moment have one time, whichever layer they are of: nothing adds up.
        let first = try #require(world.packets().first { $0.tag?.source == 3 })
        let last = try #require(world.packets().last { $0.tag?.source == 3 })
        let frames = Int(last.tag?.frame ?? 0) - Int(first.tag?.frame ?? 0)
        #expect(abs(last.timestamp.distance(from: first.timestamp) - frames * 3_000) < 3_000)
    }

    @Test func S01_thePublisherIsToldWhichLayersAnybodyWants() throws {
        let world = try SimulcastCall(viewers: 2)
        world.call.run(for: .seconds(6))
        #expect(world.demands == [])
        world.setQuality(.low, of: 0)
        world.call.run(for: .seconds(6))
        #expect(world.demands == [])
        world.setQuality(.medium, of: 1)
        world.call.run(for: .milliseconds(2_500))
        #expect(world.demands == [])
        world.call.run(for: .seconds(2))
        #expect(world.demands == ["q,h"])
        // More is told at once.
        let start = world.call.now
        world.setQuality(.high, of: 1)
        world.call.run(for: .milliseconds(10))
        #expect(world.demands == ["q,h", "q,h,f"])
        #expect(world.call.now - start <= .milliseconds(10))
        for viewer in 0..<2 { world.setQuality(.hidden, of: viewer) }
        world.call.run(for: .seconds(4))
        #expect(world.demands.last == "")
        world.setQuality(.low, of: 0)
        world.call.run(for: .milliseconds(10))
        #expect(world.demands.last == "q")
    }

    @Test func aPublisherThatSendsWhatNobodyWantsIsToldAgain() throws {
        let world = try SimulcastCall(viewers: 1, rids: ["f", "h", "q"])
        world.setQuality(.low)
        world.call.run(for: .seconds(12))
        #expect(world.demands == ["q", "q"])
        for layer in world.layers.dropFirst() { layer.isRunning = false }
        world.call.run(for: .seconds(12))
        #expect(world.demands == ["q", "q"])
        world.call.leave(world.viewers[0])
        world.call.run(for: .seconds(4))
        #expect(world.demands.last == "")
    }

    @Test func temporalLayersAreDroppedWithoutATrace() throws {
        let world = try SimulcastCall(viewers: 2, hasTemporalLayers: true)
        world.call.run(for: .seconds(1))
        let slot = try #require(world.slot(of: 0))
        var start = world.call.now
        for (temporal, framesPerSecond) in [(UInt8(0), 7.5), (1, 15.0), (7, 30.0), (0, 7.5)] {
            world.call.worker.setTarget(
                LayerTarget(spatial: 7, temporal: temporal), ofSlot: slot, at: world.call.now)
            world.call.run(for: .milliseconds(300))
            start = world.call.now
            world.call.run(for: .seconds(4))
            let frames = Set(world.packets().filter { $0.at > start }.map(\.timestamp)).count
            #expect(abs(Double(frames) / 4 - framesPerSecond) <= 0.5)
        }
        #expect(world.problems.filter { !$0.contains("timestamp goes by") } == [])
        // What was left out is known: the rates of the layers are as their frames.
        let rates = world.call.worker.rates(
            of: world.layers[2].ssrc, upTo: [0, 1, 7], at: world.call.now)
        #expect(abs(Double(rates[0]) / Double(max(rates[2], 1)) - 0.25) < 0.06)
        #expect(abs(Double(rates[1]) / Double(max(rates[2], 1)) - 0.5) < 0.06)
    }

    @Test(arguments: [1, 2, 3, 4])
    func temporalLayersAreDroppedOverLossWithEveryRequestAnswered(seed: UInt64) throws {
        let world = try SimulcastCall(viewers: 1, seed: seed, hasTemporalLayers: true)
        world.viewers[0].repairsLosses = true
        world.call.run(for: .seconds(1))
        let slot = try #require(world.slot(of: 0))
        world.call.worker.setTarget(
            LayerTarget(spatial: 7, temporal: 0), ofSlot: slot, at: world.call.now)
        world.call.network.up.loss = 0.05
        world.call.network.down.loss = 0.05
        world.call.network.up.jitter = .milliseconds(8)
        world.call.run(for: .seconds(8))
        world.call.network.up.loss = 0
        world.call.network.down.loss = 0
        world.call.run(for: .seconds(1))
        let numbers = Set(world.packets().map(\.sequence.rawValue)).sorted()
        let missing = Int((numbers.last ?? 0) - (numbers.first ?? 0)) + 1 - numbers.count
        // Frames of which some number is missing, be it one that never was: next to none.
        #expect(missing <= 4)
        #expect(world.viewers[0].failures == [])
    }
}

extension SlotQuality {
    static let low = SlotQuality(level: .low)
    static let medium = SlotQuality(level: .medium)
    static let high = SlotQuality()
    static let hidden = SlotQuality(view: View(width: 0, height: 0))
}

extension SimulcastCall {
    /// The place of a viewer's video slot in the worker.
    func slot(of viewer: Int) -> Int? {
        guard let peer = call.worker.peerOfID[viewers[viewer].id] else { return nil }
        return call.worker.slot(mid: "1", of: peer)
    }
}
