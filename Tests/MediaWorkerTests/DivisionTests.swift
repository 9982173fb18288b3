// What receivers behind narrow paths are sent of pictures, in virtual time.
// SPDX-License-Identifier: Apache-2.0
import Forwarding
import NetworkImpairment
import NetworkSimulation
import RTP
import Testing
import Wire

@testable import MediaWorker

@Suite struct DivisionTests {
    @Test(arguments: [(500_000, 1), (150_000, 0)] as [(Int64, Int)], [1, 2, 3] as [UInt64])
    func S01_aNarrowPathIsSentTheSizeItCarriesAndAllAgainWhenItIsWide(
        path: (limit: Int64, size: Int), seed: UInt64
    ) throws {
        let world = try DividedCall(seed: seed, limit: 0)
        world.run(seconds: 5)
        #expect(world.shown("1") == 2)
        #expect(world.told("1") == [])
        let start = world.call.now
        world.setLimit(path.limit)
        world.run(seconds: 12)
        let settled = start + .seconds(3)
        #expect(world.shown("1") == path.size)
        #expect(world.told("1").last == .reduced)
        let frames = world.packets("1", since: settled).filter(\.marker)
        #expect(frames.count >= 9 * 24, "\(frames.count)")
        #expect(world.packets("0", since: settled).count >= 9 * 49)
        let peak = world.sent.peak(from: 8, to: 17)
        #expect(peak <= 1.2 * Double(path.limit), "\(peak)")
        world.setLimit(0)
        world.run(seconds: 10)
        #expect(world.shown("1") == 2)
        #expect(world.told("1").last == .full)
        #expect(world.packets("1", since: world.call.now - .seconds(2)).count >= 280)
        #expect(world.viewer.failures == [])
        world.checkOther(since: start, seconds: 22)
    }

    @Test(arguments: [500_000, 150_000] as [Int64], [1, 2, 3] as [UInt64])
    func soundIsInTimeSoonAfterAPathHasBecomeNarrow(limit: Int64, seed: UInt64) throws {
        let world = try DividedCall(seed: seed, limit: 0)
        world.run(seconds: 5)
        let start = world.call.now
        world.setLimit(limit)
        world.run(seconds: 6)
        // How late each packet of sound came, against the soonest.
        let sound = world.packets("0", since: start - .seconds(2))
        let first = try #require(sound.first)
        let arrivals = sound.map { packet in
            let media = Int64(packet.timestamp.distance(from: first.timestamp)) / 48
            return (packet.at, (packet.at - first.at).nanoseconds / 1_000_000 - media)
        }
        let soonest = try #require(arrivals.map(\.1).min())
        let late = arrivals.filter { $0.1 - soonest > 100 }.map(\.0)
        // Nothing keeps the queue from being filled; then pictures make way for it to drain.
        let last = try #require(late.last)
        #expect(last - start < .milliseconds(1_000), "\((last - start).nanoseconds / 1_000_000)")
        #expect(world.packets("1", since: start + .seconds(1)).count >= 4 * 24)
    }

    @Test(arguments: [1, 2, 3] as [UInt64])
    func aPictureThatDoesNotFitIsPausedForTheSoundAndComesBack(seed: UInt64) throws {
        let world = try DividedCall(seed: seed, limit: 0, sizes: [2])
        world.run(seconds: 5)
        let start = world.call.now
        world.setLimit(500_000)
        world.run(seconds: 12)
        #expect(world.told("1").last == .paused)
        #expect(world.packets("0", since: start + .seconds(3)).count >= 9 * 49)
        let peak = world.sent.peak(from: 8, to: 17)
        #expect(peak <= 1.1 * 500_000, "\(peak)")
        world.setLimit(0)
        world.run(seconds: 10)
        #expect(world.told("1").last == .full)
        #expect(world.packets("1", since: world.call.now - .seconds(1)).count >= 140)
        world.checkOther(since: start, seconds: 22)
    }

    @Test(arguments: [1, 2, 3] as [UInt64])
    func aKeyframeIsNoReasonToPauseOnANarrowPath(seed: UInt64) throws {
        // Half a second of the path: what an encoder gives a keyframe at most.
        let world = try DividedCall(seed: seed, limit: 0, keyframePackets: [8, 20, 60])
        world.run(seconds: 5)
        let start = world.call.now
        world.setLimit(150_000)
        world.run(seconds: 12)
        #expect(world.shown("1") == 0)
        #expect(!world.told("1").contains(.paused))
        let frames = world.packets("1", since: start + .seconds(3)).filter(\.marker)
        #expect(frames.count >= 9 * 24, "\(frames.count)")
        #expect(world.packets("0", since: start + .seconds(3)).count >= 9 * 49)
    }

    @Test(arguments: [0.05, 0.1, 0.2], [1, 2, 3] as [UInt64])
    func aPictureOfOneSizeIsNotPausedForLossAlone(loss: Double, seed: UInt64) throws {
        let world = try DividedCall(seed: seed, limit: 0, sizes: [2])
        world.run(seconds: 5)
        let start = world.call.now
        var plan = ImpairmentPlan.narrow(0)
        plan.down.loss = loss
        plan.up.loss = loss
        world.call.networks[world.viewer.address] = plan
        world.run(seconds: 15)
        #expect(world.told("1") == [])
        let received = world.packets("1", since: start).count
        #expect(Double(received) >= (1 - loss) * 0.93 * 15 * 150, "\(received)")
        world.checkOther(since: start, seconds: 15)
    }

    @Test(arguments: [1, 2, 3] as [UInt64])
    func redundancyOfSoundMakesRoomForAPictureThatWouldNotFitBesideIt(seed: UInt64) throws {
        let world = try DividedCall(seed: seed, limit: 0, isRedundant: true)
        world.run(seconds: 5)
        let forms = { (since: MediaInstant, client: VirtualClient) in
            Set(world.packets("0", since: since, of: client).map(\.codec))
        }
        let start = world.call.now
        #expect(forms(start - .seconds(2), world.viewer) == [.red])
        // Sound takes 125 kbit/s with its repetitions, 60 without; the smallest picture 50.
        world.setLimit(150_000)
        world.run(seconds: 12)
        #expect(forms(start + .seconds(3), world.viewer) == [.opus])
        #expect(forms(start, world.other) == [.red])
        #expect(world.packets("1", since: start + .seconds(3)).filter(\.marker).count >= 9 * 24)
        #expect(world.packets("0", since: start + .seconds(3)).count >= 9 * 49)
        world.setLimit(0)
        world.run(seconds: 10)
        #expect(forms(world.call.now - .seconds(1), world.viewer) == [.red])
        #expect(StreamCheck.problems(of: world.packets("0", since: start + .seconds(3))) == [])
        #expect(world.viewer.failures == [])
    }

    @Test func S03_S04_theFavouredIsShownBestAndChangesWithThePreemption() throws {
        let world = try DividedCall(seed: 4, limit: 0, ranks: [.camera, .favoured])
        world.run(seconds: 4)
        #expect([world.shown("1"), world.shown("3")] == [2, 2])
        world.setLimit(2_100_000)
        world.run(seconds: 10)
        #expect(world.shown("3") == 2)
        #expect((world.shown("1") ?? 9) < 2)
        // Somebody else preempts.
        world.call.apply(.setRank(publisher: world.publishers[1].id, mid: "1", .camera))
        world.call.apply(.setRank(publisher: world.publishers[0].id, mid: "1", .favoured))
        world.run(seconds: 12)
        #expect(world.shown("1") == 2)
        #expect((world.shown("3") ?? 9) < 2)
    }

    @Test func whoChoosesLessIsToldThatItGetsAllOfIt() throws {
        let world = try DividedCall(seed: 5, limit: 500_000)
        world.call.apply(.setQuality(receiver: world.viewer.id, mid: "1", .low))
        world.run(seconds: 8)
        #expect(world.shown("1") == 0)
        #expect(world.told("1").last ?? .full == .full)
    }
}
