// That a publisher of several sizes within one stream is told how many of them anybody wants.
// SPDX-License-Identifier: Apache-2.0
import Forwarding
import Negotiation
import NetworkSimulation
import RTP
import Testing
import Wire

@testable import MediaWorker

extension LayeredCall {
    /// What was told of the sizes that are wanted: "-" for none, "*" for all, else so many of how many.
    var demands: [String] {
        call.events.compactMap { entry in
            guard case .layersWanted(publisher.id, "1", let layers, _, let spatial) = entry.event
            else { return nil }
            if layers.isEmpty { return "-" }
            return spatial.map { "\($0.wanted)/\($0.total)" } ?? "*"
        }
    }

    /// Begins anew with so many sizes, as a browser's sender does with other parameters.
    func send(_ count: Int, turned: Bool = false) {
        source.settings.spatialLayers = Self.layers.prefix(count).map { layer in
            var layer = layer
            if turned { layer.size = (layer.size.height * 2, layer.size.width * 2) }
            return layer
        }
        source.requestKeyframe(at: call.now)
    }

    func setView(_ width: UInt16, _ height: UInt16, of viewer: Int = 0) {
        setQuality(SlotQuality(view: SlotQuality.View(width: width, height: height)), of: viewer)
    }
}

@Suite struct SpatialDemandTests {
    @Test(arguments: [MediaCodec.vp9, .av1])
    func S01_lessIsToldAfterAWhileAndMoreAtOnce(codec: MediaCodec) throws {
        let world = try LayeredCall(viewers: 2, codec: codec)
        world.call.run(for: .seconds(4))
        world.setQuality(.low)
        world.call.run(for: .seconds(4))
        // One wants all of it.
        #expect(world.demands == [])
        world.setQuality(.medium, of: 1)
        world.call.run(for: .milliseconds(2_900))
        #expect(world.demands == [])
        world.call.run(for: .milliseconds(700))
        #expect(world.demands == ["2/3"])
        world.send(2)
        world.setQuality(.low, of: 1)
        world.call.run(for: .seconds(4))
        #expect(world.demands == ["2/3", "1/3"])
        world.send(1)
        #expect(world.sizes(of: 1, in: .seconds(8)) == [0])
        // Who obeys is not told again.
        #expect(world.demands.count == 2)
        world.setQuality(.high, of: 1)
        world.call.run(for: .milliseconds(10))
        #expect(world.demands.last == "*")
        world.send(3)
        world.call.run(for: .milliseconds(300))
        #expect(world.sizes(of: 1, in: .seconds(1)) == [2])
        #expect(world.sizes(in: .seconds(1)) == [0])
        for viewer in 0..<2 { world.setQuality(.hidden, of: viewer) }
        world.call.run(for: .seconds(4))
        #expect(world.demands.last == "-")
        world.setQuality(.medium)
        world.call.run(for: .milliseconds(10))
        #expect(world.demands.last == "2/3")
        #expect(world.problems() == [])
        #expect(world.viewers.allSatisfy { $0.failures == [] })
    }

    @Test(arguments: [MediaCodec.vp9, .av1])
    func viewsMeanTheSameSizesWhileOthersAreLeftOut(codec: MediaCodec) throws {
        let world = try LayeredCall(viewers: 1, codec: codec)
        world.call.run(for: .seconds(1))
        world.setView(160, 90)
        world.call.run(for: .seconds(4))
        #expect(world.demands == ["1/3"])
        world.send(1)
        world.call.run(for: .seconds(1))
        // Of three sizes the second fits, which nothing that comes now says.
        world.setView(320, 180)
        world.call.run(for: .milliseconds(10))
        #expect(world.demands == ["1/3", "2/3"])
        world.send(2)
        world.call.run(for: .milliseconds(300))
        #expect(world.sizes(in: .seconds(1)) == [1])
        world.setView(640, 360)
        world.call.run(for: .milliseconds(10))
        #expect(world.demands == ["1/3", "2/3", "*"])
        world.send(3)
        world.call.run(for: .milliseconds(300))
        #expect(world.sizes(in: .seconds(1)) == [2])
        #expect(world.demands.count == 3)
    }

    @Test func aCaptureOfAnotherSizeIsLookedAtWhole() throws {
        let world = try LayeredCall(viewers: 1)
        world.call.run(for: .seconds(1))
        world.setView(160, 90)
        world.call.run(for: .seconds(4))
        #expect(world.demands == ["1/3"])
        // The only size that comes fills the view.
        world.send(1, turned: true)
        world.call.run(for: .seconds(1))
        #expect(world.demands == ["1/3"])
        // Of what is larger nothing is known: all of it is sent, and chosen among.
        world.setView(300, 500)
        world.call.run(for: .milliseconds(10))
        #expect(world.demands == ["1/3", "*"])
        world.send(3, turned: true)
        world.call.run(for: .seconds(4))
        #expect(world.demands == ["1/3", "*", "2/3"])
    }

    @Test func whoSendsThemAllTheSameIsToldAgain() throws {
        let world = try LayeredCall(viewers: 1)
        world.setQuality(.low)
        world.call.run(for: .seconds(11))
        #expect(world.demands == ["1/3", "1/3"])
    }

    @Test func ofOneSizeNothingIsLeftOut() throws {
        let world = try LayeredCall(viewers: 1)
        world.send(1)
        world.setQuality(.low)
        world.call.run(for: .seconds(5))
        #expect(world.demands == [])
    }

    @Test func whatIsWantedOnAnotherLoopCounts() throws {
        let world = try LayeredCall(viewers: 2, far: 1)
        world.setQuality(.low)
        world.call.run(for: .seconds(5))
        #expect(world.demands == [])
        world.setView(320, 180, of: 1)
        world.call.run(for: .seconds(4))
        #expect(world.demands == ["2/3"])
        world.send(2)
        world.setView(160, 90, of: 1)
        world.call.run(for: .seconds(4))
        #expect(world.demands.last == "1/3")
        world.send(1)
        world.call.run(for: .seconds(1))
        world.setView(320, 180, of: 1)
        world.call.run(for: .milliseconds(200))
        #expect(world.demands.last == "2/3")
        world.send(2)
        world.call.run(for: .milliseconds(300))
        #expect(world.sizes(of: 1, in: .seconds(1)) == [1])
        world.setQuality(.high, of: 1)
        world.call.run(for: .milliseconds(200))
        #expect(world.demands.last == "*")
        world.send(3)
        world.call.run(for: .milliseconds(300))
        #expect(world.sizes(of: 1, in: .seconds(1)) == [2])
        #expect(world.problems(of: 1) == [])
        // Over there nothing is known of sizes that this loop had left out.
        world.setQuality(.low, of: 1)
        world.call.run(for: .seconds(4))
        world.send(1, turned: true)
        world.call.run(for: .seconds(1))
        #expect(world.demands.last == "1/3")
        world.setView(300, 500, of: 1)
        world.call.run(for: .milliseconds(200))
        #expect(world.demands.last == "*")
    }

    @Test func theRateOfWhatIsLeftIsNotBounded() throws {
        let world = try LayeredCall(viewers: 1)
        world.viewers[0].givesTransportFeedback = true
        world.setQuality(.low)
        world.call.run(for: .seconds(4))
        #expect(world.demands == ["1/3"])
        // Some 650 kbit/s of it.
        world.source.settings.spatialLayers = [
            SpatialLayer(size: LayeredCall.layers[0].size, packets: 3, payloadBytes: 900)
        ]
        world.source.requestKeyframe(at: world.call.now)
        world.call.networks[world.viewers[0].address] = .narrow(300_000)
        world.call.run(for: .seconds(6))
        let bounds = world.call.events.compactMap { entry in
            guard case .layersWanted(_, _, _, let bitrates, _) = entry.event else {
                return nil as Int?
            }
            return bitrates[""]
        }
        #expect(bounds == [])
    }
}
