// That sizes of one stream that are lost on the way to the server, and come late, stop nobody's picture.
// SPDX-License-Identifier: Apache-2.0
import Forwarding
import Negotiation
import NetworkImpairment
import NetworkSimulation
import RTP
import Testing
import Wire

@testable import MediaWorker

extension LayeredCall {
    /// What the only viewer is shown since an instant, and the longest time without a picture.
    fileprivate func shown(
        since start: MediaInstant
    ) -> (pictures: [LayeredDecoder.Picture], longestGap: MediaDuration) {
        let pictures = LayeredDecoder.pictures(of: viewers[0].packets(mid: "1"))
            .filter { $0.at >= start }
        let times = [start] + pictures.map(\.at) + [call.now]
        return (pictures, zip(times, times.dropFirst()).map { $1 - $0 }.max() ?? .zero)
    }
}

@Suite struct LateLayerTests {
    /// Loses packets of one picture of the base on their way to the server: those for which `isLost` says so, by their
    /// places among the eight of a picture.
    /// - Returns: When it happened.
    private func lose(
        in world: LayeredCall, _ isLost: @escaping (Int) -> Bool
    ) -> MediaInstant {
        let pattern = LayeredCall.pattern.count
        var (picture, place) = (0, 0)
        let lost = (world.source.lastFrame / pattern + 1) * pattern
        world.source.loses = { [unowned source = world.source] _ in
            place = source.lastFrame == picture ? place + 1 : 0
            picture = source.lastFrame
            return picture == lost && isLost(place)
        }
        return world.source.captureTime(ofFrame: lost)
    }

    /// Three packets are of the two smaller sizes.
    @Test(
        arguments: [[0], [1], [0, 1], [2, 3], [0, 1, 2], [7]], [MediaCodec.vp9, .av1])
    func whatComesLateIsWaitedFor(lost: [Int], codec: MediaCodec) throws {
        let world = try LayeredCall(viewers: 1, codec: codec)
        world.call.networks[world.publisher.address] = .lossy(0, delay: .milliseconds(50))
        world.call.run(for: .seconds(1))
        let start = lose(in: world) { lost.contains($0) }
        world.call.run(for: .seconds(2))
        let shown = world.shown(since: start)
        #expect(shown.longestGap > .milliseconds(100) && shown.longestGap < .milliseconds(250))
        #expect(shown.pictures.allSatisfy { $0.size == 2 })
        #expect(world.source.keyframes.count == 1)
    }

    /// Whoever turns to the smallest size has begun with a picture of the largest.
    @Test func theEndOfTheLastLargePictureComesLate() throws {
        let world = try LayeredCall(viewers: 1)
        world.call.networks[world.publisher.address] = .lossy(0, delay: .milliseconds(50))
        world.call.run(for: .seconds(1))
        let start = lose(in: world) { $0 == 7 }
        world.call.run(for: start + .milliseconds(60) - world.call.now)
        world.setQuality(.low)
        world.call.run(for: .seconds(1))
        let shown = world.shown(since: start)
        #expect(shown.longestGap < .milliseconds(250))
        #expect(shown.pictures.last?.size == 0)
        #expect(world.source.keyframes.count == 1)
    }

    @Test(
        arguments: [(1, .vp9), (2, .vp9), (3, .vp9), (4, .av1), (5, .av1)]
            as [(UInt64, MediaCodec)])
    func S01_sizesComeBackOnALossyPathWithoutAGap(seed: UInt64, codec: MediaCodec) throws {
        let world = try LayeredCall(viewers: 1, seed: seed, codec: codec)
        world.call.networks[world.publisher.address] = .lossy(0.02, delay: .milliseconds(50))
        world.call.run(for: .seconds(1))
        let start = world.call.now
        for _ in 0..<3 {
            world.setQuality(.low)
            world.call.run(for: .seconds(4))
            #expect(world.demands.last == "1/3")
            world.send(1)
            world.call.run(for: .seconds(1))
            world.setQuality(.high)
            world.call.run(for: .milliseconds(60))
            #expect(world.demands.last == "*")
            world.send(3)
            world.call.run(for: .seconds(2))
        }
        let shown = world.shown(since: start)
        #expect(shown.longestGap < .milliseconds(500))
        #expect(shown.pictures.last?.size == 2)
    }
}
