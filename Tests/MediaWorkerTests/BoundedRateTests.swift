// That publishers are told what receivers behind narrow paths can bear, and that those then see something.
// SPDX-License-Identifier: Apache-2.0
import NetworkSimulation
import Testing
import Wire

@testable import MediaWorker

@Suite struct BoundedRateTests {
    /// 30 frames a second: with all headers some 150, 500 and 1,500 kbit/s.
    private static let frames: [(packets: Int, bytes: Int)] = [(1, 560), (2, 980), (5, 1_180)]

    private func trace(_ world: DividedCall, since start: MediaInstant) {
        for bound in world.bounds {
            print("bound", (bound.at - start).milliseconds, bound.bitrate ?? -1)
        }
        var counts: [Int] = []
        for second in 0..<40 {
            let from = start + .seconds(Int64(second))
            let frames = world.packets("1", since: from).filter {
                $0.marker && $0.at < from + .seconds(1)
            }
            counts.append(frames.count)
        }
        print("frames", counts)
        print("est", world.estimates.dropFirst(50).map { $0 / 1000 })
        let fine = (0..<40).map { step in
            let from = start + .milliseconds(Int64(step * 100))
            return world.packets("1", since: from).filter {
                $0.marker && $0.at < from + .milliseconds(100)
            }.count
        }
        print("fine", fine)
    }

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
        trace(world, since: start)
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
        trace(world, since: start)
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
}
