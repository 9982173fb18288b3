// That a track crosses from one media loop to another as if there were but one.
// SPDX-License-Identifier: Apache-2.0
import Forwarding
import Negotiation
import NetworkImpairment
import NetworkSimulation
import RTP
import Testing
import Wire

@testable import MediaWorker

/// A publisher on one loop, with a receiver there (near) and one on the other loop (far).
struct RelayedCall {
    let call: VirtualCall
    let publisher: VirtualClient
    let near: VirtualClient
    let far: VirtualClient

    init(seed: UInt64 = 9, rids: [String] = []) throws {
        call = VirtualCall(seed: seed)
        call.openNeighbour()
        publisher = try call.join(
            sending: [ClientStream(kind: .audio), ClientStream(kind: .video, rids: rids)])
        near = try call.join(receivingPairs: 1)
        far = try call.join(receivingPairs: 1, far: true)
        precondition(call.connect(), "the call does not connect")
        call.run(for: .milliseconds(100))
    }

    /// Relays both tracks and shows them to both receivers.
    func showAll() {
        call.showPair(publisher, to: near)
        call.relay(publisher, ["0", "1"])
        call.showPair(publisher, to: far)
    }

    @discardableResult
    func publish(_ codec: MediaCodec = .vp8) -> VirtualSource {
        publisher.publish(mid: "0", .audio(tag: 2, level: 30), at: call.now)
        return publisher.publish(mid: "1", .video(codec, tag: 1), at: call.now)
    }

    /// Publishes three layers, small to large.
    func publishLayers() -> [VirtualSource] {
        ["q", "h", "f"].enumerated().map { place, name in
            var settings = SourceSettings.video(.vp8, tag: UInt16(place + 1))
            settings.rid = name
            settings.ssrc = SSRC(UInt32(1_000 + place))
            settings.size = SimulcastCall.sizes[place]
            settings.packetsInFrame = place + 1
            return publisher.publish(mid: "1", settings, at: call.now)
        }
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

    /// The counters of the loop that is relayed to.
    var farStatistics: WorkerStatistics { call.neighbour?.statistics ?? WorkerStatistics() }

    /// The drops of one reason there.
    func farDrops(_ reason: DropReason) -> UInt64 {
        farStatistics.drops.first { $0.reason == reason.label }?.count ?? 0
    }

    /// What the tables of both loops hold.
    func takeCensus() -> (near: WorkerCensus, far: WorkerCensus) {
        (call.worker.takeCensus(), call.neighbour?.takeCensus() ?? WorkerCensus())
    }
}

@Suite struct RelayTests {
    @Test(arguments: [MediaCodec.vp8, .vp9, .h264, .av1])
    func picturesAndSoundCross(codec: MediaCodec) throws {
        let world = try RelayedCall()
        world.showAll()
        world.publish(codec)
        world.call.run(for: .seconds(3))
        for mid in ["0", "1"] {
            let (near, far) = (world.near.packets(mid: mid), world.far.packets(mid: mid))
            #expect(far.count > 100)
            #expect(far.map(\.payload) == near.map(\.payload))
            #expect(far.map(\.at) == near.map(\.at))
            #expect(StreamCheck.problems(of: far) == [])
        }
        #expect(world.far.failures == [])
        // Lip sync is that of one loop: both receivers are told the same of the publisher's clock.
        for mid in ["0", "1"] {
            let report = try #require(world.far.senderReports(mid: mid).last).report
            let packet = try #require(world.far.packets(mid: mid).last)
            let reference = try #require(world.near.senderReports(mid: mid).last).report
            let other = try #require(world.near.packets(mid: mid).last)
            #expect(report.ntp == reference.ntp)
            #expect(
                report.rtpTimestamp.distance(from: packet.timestamp)
                    == reference.rtpTimestamp.distance(from: other.timestamp))
        }
        // What there is to tell is told once, by the publisher's loop.
        #expect(
            world.call.events.count { if case .mediaStarted = $0.event { true } else { false } }
                == 2)
        let levels = world.call.events.flatMap { entry in
            if case .audioLevels(let reports) = entry.event { reports } else { [] }
        }
        #expect((4...7).contains(levels.count))
        #expect(
            world.call.events.count { if case .voiceStarted = $0.event { true } else { false } }
                == 1)
        #expect(world.call.starts(of: world.far, mid: "1").count == 1)
        #expect(world.call.worker.statistics.drops == [])
        #expect(world.farStatistics.drops == [])
        #expect(world.farStatistics.peers == 1)
    }

    @Test func aKeyframeRequestCrossesAndIsJoined() throws {
        let world = try RelayedCall()
        world.showAll()
        let source = world.publish()
        world.call.run(for: .seconds(3))
        let before = source.keyframeRequests.count
        world.far.sendPLI(mid: "1")
        world.call.run(for: .milliseconds(200))
        #expect(source.keyframeRequests.count == before + 1)
        world.call.run(for: .seconds(3))
        world.far.sendPLI(mid: "1")
        world.near.sendPLI(mid: "1")
        world.call.run(for: .seconds(3))
        #expect(source.keyframeRequests.count == before + 2)
        #expect(StreamCheck.problems(of: world.far.packets(mid: "1")) == [])
    }

    @Test func whatIsLostOnEitherLegIsRepaired() throws {
        let world = try RelayedCall(seed: 12)
        world.showAll()
        world.far.repairsLosses = true
        world.near.repairsLosses = true
        world.call.network.up.loss = 0.05
        world.call.network.down.loss = 0.05
        let source = world.publish()
        world.call.run(for: .seconds(10))
        world.call.network.up.loss = 0
        world.call.network.down.loss = 0
        world.call.run(for: .seconds(1))
        let got = Set(world.far.packets(mid: "1").compactMap(\.tag))
        #expect(got.count >= Int(source.packetCount) - 3)
        #expect(world.far.packets(mid: "1").contains { $0.isRetransmission })
        #expect(world.call.worker.statistics.nacksSent > 10)
        #expect(world.farStatistics.nacksSent == 0)
        #expect(StreamCheck.problems(of: world.far.packets(mid: "1")) == [])
    }

    @Test(arguments: [false, true])
    func whoComesLateBeginsWithThePastOfTheOtherLoop(isShownFirst: Bool) throws {
        let world = try RelayedCall()
        world.call.showPair(world.publisher, to: world.near)
        let source = world.publish()
        world.call.run(for: .milliseconds(700))
        source.settings.obeysKeyframeRequests = false
        let asked = source.keyframeRequests.count
        // The past may come before the slot is set, or after.
        if isShownFirst {
            let id = world.publisher.id
            world.call.relay(world.publisher, [])
            world.call.apply(.acceptTrack(publisher: id, mid: "1", true), far: true)
            world.call.showPair(world.publisher, to: world.far)
            world.call.apply(.relayTrack(publisher: id, mid: "1", to: 1, true))
        } else {
            world.call.relay(world.publisher, ["1"])
            world.call.showPair(world.publisher, to: world.far)
        }
        world.call.run(for: .milliseconds(11))
        let caughtUp = world.far.packets(mid: "1")
        #expect(caughtUp.first?.tag == PayloadTag(source: 1, frame: 0, packet: 0))
        #expect(caughtUp.count >= 55)
        world.call.run(for: .seconds(1))
        #expect(source.keyframeRequests.count == asked)
        #expect(StreamCheck.problems(of: world.far.packets(mid: "1")) == [])
    }

    @Test func layersAreChosenAndDemandedAcross() throws {
        let world = try RelayedCall(rids: ["q", "h", "f"])
        world.call.relay(world.publisher, ["0", "1"])
        world.call.showPair(world.publisher, to: world.far)
        let layers = world.publishLayers()
        world.call.run(for: .seconds(2))
        func shown() -> Int? {
            world.far.packets(mid: "1").last?.tag.map { Int($0.source) - 1 }
        }
        func choose(_ quality: SlotQuality) {
            world.call.apply(
                .setQuality(receiver: world.far.id, mid: "1", quality), far: true)
        }
        #expect(shown() == 2)
        // Nobody on the publisher's own loop watches: what is wanted is what the other loop wants.
        choose(.low)
        world.call.run(for: .seconds(1))
        #expect(shown() == 0)
        world.call.run(for: .seconds(4))
        #expect(world.demands.last == "q")
        for layer in layers.dropFirst() { layer.isRunning = false }
        world.call.run(for: .seconds(1))
        choose(.medium)
        world.call.run(for: .milliseconds(200))
        #expect(world.demands.last == "q,h")
        layers[1].isRunning = true
        world.call.run(for: .seconds(1))
        #expect(shown() == 1)
        world.call.show(nil, in: "1", of: world.far)
        world.call.run(for: .seconds(5))
        #expect(world.demands.last == "")
        #expect(StreamCheck.problems(of: world.far.packets(mid: "1")) == [])
    }

    @Test func aMutedTrackStopsOnBothLoopsAndGoesOn() throws {
        let world = try RelayedCall()
        world.showAll()
        world.publish()
        world.call.run(for: .seconds(1))
        // Each loop is told, and either alone is enough.
        for isFar in [false, true] {
            let pause = WorkerCommand.setPaused(publisher: world.publisher.id, mid: "1", true)
            world.call.apply(pause, far: isFar)
            world.call.run(for: .milliseconds(50))
            let before = world.far.packets(mid: "1").count
            world.call.run(for: .seconds(1))
            #expect(world.far.packets(mid: "1").count == before)
            let resume = WorkerCommand.setPaused(publisher: world.publisher.id, mid: "1", false)
            world.call.apply(resume, far: isFar)
            world.call.run(for: .seconds(1))
            #expect(world.far.packets(mid: "1").count > before + 40)
        }
    }

    @Test func aRelayThatEndsIsForgottenAndCanBeginAgain() throws {
        let world = try RelayedCall()
        world.showAll()
        world.publish()
        world.call.run(for: .seconds(1))
        #expect(world.takeCensus().far.producers == 2)
        world.call.show(nil, in: "1", of: world.far)
        world.call.setRelayed(world.publisher, "1", false)
        world.call.run(for: .seconds(1))
        #expect(world.takeCensus().far.producers == 1)
        #expect(world.farDrops(.relayUnknown) == 0)
        world.call.setRelayed(world.publisher, "1", true)
        world.call.show(world.publisher, "1", in: "1", of: world.far)
        let before = world.far.packets(mid: "1").count
        world.call.run(for: .seconds(1))
        #expect(world.far.packets(mid: "1").count > before + 60)
        #expect(StreamCheck.problems(of: world.far.packets(mid: "1")) == [])
        // Who has no place here is not listened to.
        world.call.apply(
            .acceptTrack(publisher: world.publisher.id, mid: "1", false), far: true)
        world.call.run(for: .milliseconds(200))
        #expect(world.farDrops(.relayUnknown) > 10)
    }

    @Test func nothingIsLeftWhenEverybodyHasGone() throws {
        let world = try RelayedCall()
        world.showAll()
        world.publish()
        world.call.run(for: .seconds(1))
        world.call.apply(.removePeer(world.publisher.id), far: true)
        for client in [world.publisher, world.far, world.near] { world.call.leave(client) }
        world.call.run(for: .seconds(1))
        #expect(world.takeCensus().near == WorkerCensus())
        #expect(world.takeCensus().far == WorkerCensus())
        #expect(world.farStatistics.peers == 0)
    }

    @Test func aPublisherThatBeginsAnewIsFollowed() throws {
        let world = try RelayedCall()
        world.showAll()
        let source = world.publish()
        world.call.run(for: .seconds(1))
        source.isRunning = false
        world.call.run(for: .milliseconds(500))
        for tag in UInt16(10)..<16 {
            var settings = SourceSettings.video(.vp8, tag: tag)
            settings.ssrc = SSRC(UInt32(tag) + 2_000)
            let again = world.publisher.publish(mid: "1", settings, at: world.call.now)
            world.call.run(for: .seconds(3))
            #expect(world.near.packets(mid: "1").last?.tag?.source == tag)
            #expect(world.far.packets(mid: "1").last?.tag?.source == tag)
            again.isRunning = false
            world.call.run(for: .milliseconds(1_500))
        }
        #expect(world.takeCensus().far.producers <= 5)
        #expect(StreamCheck.problems(of: world.far.packets(mid: "1")) == [])
    }

    @Test func whatFindsNoRoomIsCountedAndBegunAnew() throws {
        let world = try RelayedCall()
        world.showAll()
        let source = world.publish()
        world.call.run(for: .seconds(3))
        let before = source.keyframeRequests.count
        world.call.relayedPerTurnMax = 0
        world.call.run(for: .milliseconds(300))
        world.call.relayedPerTurnMax = .max
        let start = world.call.now
        #expect(world.call.drops(.relayFull) > 10)
        world.call.run(for: .seconds(3))
        #expect(source.keyframeRequests.count > before)
        // Pictures go on, from a keyframe; sound just goes on.
        let sound = world.far.packets(mid: "0").filter { $0.at >= start }
        #expect(sound.count >= 145)
        let frames = world.far.packets(mid: "1").filter { $0.at >= start + .seconds(1) }
        #expect(frames.count >= 145)
        #expect(world.call.drops(.relayFull) < 60)
    }
}
