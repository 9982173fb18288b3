// That publishers are told what receivers behind narrow paths can bear, and that those then see something.
// SPDX-License-Identifier: Apache-2.0
import Forwarding
import Negotiation
import NetworkSimulation
import Testing
import Wire

@testable import MediaWorker

@Suite struct BoundedRateTests {
    /// 30 frames a second: with all headers some 150, 500 and 1,500 kbit/s.
    private static let frames: [(packets: Int, bytes: Int)] = [(1, 560), (2, 980), (5, 1_180)]

    @Test(arguments: [1, 2, 3] as [UInt64])
    func theSmallestSizeIsMadeToFitAndLetGoAgain(seed: UInt64) throws {
        let world = try DividedCall(seed: seed, limit: 0, frames: Self.frames, obeys: true)
        world.run(seconds: 5)
        #expect(world.bounds.isEmpty)
        let start = world.call.now
        world.setLimit(150_000)
        world.run(seconds: 20)
        let settled = start + .seconds(3)
        #expect(world.shown("1") == 0)
        let frames = world.packets("1", since: settled).filter(\.marker)
        #expect(frames.count >= 17 * 24, "\(frames.count)")
        #expect(world.packets("0", since: settled).count >= 17 * 49)
        let peak = world.sent.peak(from: 8, to: 25)
        #expect(peak <= 1.2 * 150_000, "\(peak)")
        world.setLimit(0)
        world.run(seconds: 10)
        #expect(world.shown("1") == 2)
        #expect(world.told("1").last == .full)
        #expect(world.bounds.last?.bitrate == nil)
        #expect(world.packets("1", since: world.call.now - .seconds(2)).count >= 280)
        #expect(world.viewer.failures == [])
        world.checkOther(since: start, seconds: 30)
    }

    @Test(arguments: [1, 2, 3] as [UInt64])
    func theOnlySizeOfTheOnlyViewerIsMadeToFit(seed: UInt64) throws {
        let world = try DividedCall(
            seed: seed, limit: 0, sizes: [2], frames: Self.frames, obeys: true, viewsAlone: true)
        world.run(seconds: 5)
        let start = world.call.now
        world.setLimit(500_000)
        world.run(seconds: 20)
        let settled = start + .seconds(3)
        let frames = world.packets("1", since: settled).filter(\.marker)
        #expect(frames.count >= 17 * 24, "\(frames.count)")
        #expect(world.packets("0", since: settled).count >= 17 * 49)
        let peak = world.sent.peak(from: 8, to: 25)
        #expect(peak <= 1.1 * 500_000, "\(peak)")
        world.setLimit(0)
        world.run(seconds: 10)
        #expect(world.told("1").last ?? .full == .full)
        #expect(world.bounds.last?.bitrate == nil)
        #expect(world.packets("1", since: world.call.now - .seconds(1)).count >= 140)
        #expect(world.viewer.failures == [])
    }

    @Test func anotherWhoCanHaveTheOnlySizeWholeKeepsIt() throws {
        let world = try DividedCall(seed: 4, limit: 0, sizes: [2], frames: Self.frames, obeys: true)
        world.run(seconds: 5)
        let start = world.call.now
        world.setLimit(500_000)
        world.run(seconds: 12)
        #expect(world.bounds.isEmpty)
        #expect(world.told("1").last == .paused)
        world.checkOther(since: start, seconds: 12)
    }

    @Test func theViewerOfAnotherLoopIsHeard() throws {
        let world = try DividedCall(
            seed: 5, limit: 0, sizes: [2], frames: Self.frames, obeys: true, viewsAlone: true,
            farViewer: true)
        world.run(seconds: 5)
        let start = world.call.now
        world.setLimit(500_000)
        world.run(seconds: 15)
        let frames = world.packets("1", since: start + .seconds(4)).filter(\.marker)
        #expect(frames.count >= 11 * 24, "\(frames.count)")
        #expect(world.packets("0", since: start + .seconds(3)).count >= 12 * 49)
        world.setLimit(0)
        world.run(seconds: 10)
        #expect(world.bounds.last?.bitrate == nil)
        #expect(world.packets("1", since: world.call.now - .seconds(1)).count >= 140)
    }

    @Test func whoCameByWHIPIsToldByREMB() throws {
        let world = try DividedCall(
            seed: 6, limit: 0, sizes: [2], frames: Self.frames, obeys: true, viewsAlone: true,
            profile: .whip)
        let publisher = world.publishers[0]
        world.run(seconds: 5)
        #expect(publisher.bounds.isEmpty)
        let start = world.call.now
        world.setLimit(500_000)
        world.run(seconds: 15)
        // Each second, while the bound stands.
        #expect(publisher.bounds.count >= 12)
        let frames = world.packets("1", since: start + .seconds(4)).filter(\.marker)
        #expect(frames.count >= 11 * 24, "\(frames.count)")
        #expect(world.packets("0", since: start + .seconds(3)).count >= 12 * 49)
        world.setLimit(0)
        world.run(seconds: 10)
        #expect(world.packets("1", since: world.call.now - .seconds(1)).count >= 140)
        let told = publisher.bounds.count
        world.run(seconds: 3)
        #expect(publisher.bounds.count == told)
        #expect(publisher.failures == [])
    }

    @Test func nobodyWithASignallingChannelIsToldByREMB() throws {
        let world = try DividedCall(
            seed: 7, limit: 0, sizes: [2], frames: Self.frames, obeys: true, viewsAlone: true)
        world.run(seconds: 3)
        world.setLimit(500_000)
        world.run(seconds: 5)
        #expect(!world.bounds.isEmpty)
        #expect(world.publishers[0].bounds.isEmpty)
    }

    @Test func whoDoesNotObeyIsForwardedAsBefore() throws {
        let world = try DividedCall(
            seed: 8, limit: 0, sizes: [2], frames: Self.frames, viewsAlone: true)
        world.run(seconds: 5)
        let start = world.call.now
        world.setLimit(500_000)
        world.run(seconds: 15)
        #expect(world.told("1").last == .paused)
        #expect(world.packets("0", since: start + .seconds(3)).count >= 12 * 49)
        #expect(world.sent.peak(from: 8, to: 20) <= 1.1 * 500_000)
        // Told again now and then, and no oftener.
        #expect(world.bounds.count <= 10, "\(world.bounds)")
        world.setLimit(0)
        world.run(seconds: 10)
        #expect(world.told("1").last == .full)
    }

    @Test func severalPicturesShareANarrowPath() throws {
        let world = try DividedCall(
            seed: 9, limit: 0, sizes: [2], ranks: [.camera, .camera, .camera],
            frames: Self.frames, obeys: true, viewsAlone: true)
        world.run(seconds: 6)
        let start = world.call.now
        world.setLimit(1_000_000)
        world.run(seconds: 20)
        for mid in ["1", "3", "5"] {
            let frames = world.packets(mid, since: start + .seconds(6)).filter(\.marker)
            #expect(frames.count >= 14 * 24, "\(mid): \(frames.count)")
        }
        for mid in ["0", "2", "4"] {
            #expect(world.packets(mid, since: start + .seconds(3)).count >= 17 * 49)
        }
        #expect(world.sent.peak(from: 10, to: 26) <= 1.1 * 1_000_000)
    }
}
