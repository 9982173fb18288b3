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

    @Test(arguments: [1, 2] as [UInt64])
    func theSmallestSizeIsMadeToFitAndLetGoAgain(seed: UInt64) throws {
        let world = try DividedCall(seed: seed, limit: 0, frames: Self.frames, obeys: true)
        world.run(seconds: 5)
        #expect(world.bounds.isEmpty)
        let start = world.call.now
        world.setLimit(150_000)
        world.run(seconds: 12)
        let settled = start + .seconds(3)
        #expect(world.shown("1") == 0)
        let frames = world.packets("1", since: settled).filter(\.marker)
        #expect(frames.count >= 9 * 24, "\(frames.count)")
        #expect(world.packets("0", since: settled).count >= 9 * 49)
        let peak = world.sent.peak(from: 8, to: 17)
        #expect(peak <= 1.2 * 150_000, "\(peak)")
        world.setLimit(0)
        world.run(seconds: 10)
        #expect(world.shown("1") == 2)
        #expect(world.told("1").last == .full)
        #expect(world.bounds.last?.bitrate == nil)
        #expect(world.packets("1", since: world.call.now - .seconds(2)).count >= 280)
        #expect(world.viewer.failures == [])
        world.checkOther(since: start, seconds: 22)
    }

    @Test func theOnlySizeOfTheOnlyViewerIsMadeToFit() throws {
        let world = try DividedCall(
            seed: 3, limit: 0, sizes: [2], frames: Self.frames, obeys: true, viewsAlone: true)
        world.run(seconds: 5)
        let start = world.call.now
        world.setLimit(500_000)
        world.run(seconds: 12)
        let settled = start + .seconds(3)
        let frames = world.packets("1", since: settled).filter(\.marker)
        #expect(frames.count >= 9 * 24, "\(frames.count)")
        #expect(world.packets("0", since: settled).count >= 9 * 49)
        let peak = world.sent.peak(from: 8, to: 17)
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
        world.run(seconds: 10)
        let frames = world.packets("1", since: start + .seconds(4)).filter(\.marker)
        #expect(frames.count >= 6 * 24, "\(frames.count)")
        #expect(world.packets("0", since: start + .seconds(3)).count >= 7 * 49)
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
        world.run(seconds: 10)
        // Each second, while the bound stands.
        #expect(publisher.bounds.count >= 8)
        let frames = world.packets("1", since: start + .seconds(4)).filter(\.marker)
        #expect(frames.count >= 6 * 24, "\(frames.count)")
        #expect(world.packets("0", since: start + .seconds(3)).count >= 7 * 49)
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
        #expect(world.packets("0", since: start + .seconds(3)).count >= 7 * 49)
        #expect(world.sent.peak(from: 8, to: 20) <= 1.1 * 500_000)
        // Told again now and then, and no oftener.
        #expect(world.bounds.count <= 10, "\(world.bounds)")
        world.setLimit(0)
        world.run(seconds: 10)
        #expect(world.told("1").last == .full)
    }

    @Test func severalPicturesShareANarrowPath() throws {
        let world = try DividedCall(
            seed: 9, limit: 0, sizes: [2], ranks: [.camera, .camera],
            frames: Self.frames, obeys: true, viewsAlone: true)
        world.run(seconds: 6)
        let start = world.call.now
        world.setLimit(700_000)
        world.run(seconds: 12)
        for mid in ["1", "3"] {
            let frames = world.packets(mid, since: start + .seconds(5)).filter(\.marker)
            #expect(frames.count >= 7 * 24, "\(mid): \(frames.count)")
        }
        for mid in ["0", "2"] {
            #expect(world.packets(mid, since: start + .seconds(3)).count >= 9 * 49)
        }
        #expect(world.sent.peak(from: 10, to: 18) <= 1.1 * 700_000)
    }
}
