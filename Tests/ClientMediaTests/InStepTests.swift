// That sound and pictures are handed out together, whatever the network does to them.
// SPDX-License-Identifier: Apache-2.0
import NetworkImpairment
import Testing
import Wire

@testable import ClientMedia

@Suite struct InStepTests {
    /// One frame of 30 a second, in milliseconds.
    private static let frame: Int64 = 33

    /// 5 % loss and 50 ms of jitter, both ways on both legs.
    private func roughCall(seed: UInt64) throws -> PlayedCall {
        var network = ImpairmentPlan()
        for (name, value) in [("loss", "0.05"), ("delay-ms", "10"), ("jitter-ms", "50")] {
            try network.set(name, to: value, at: .zero)
        }
        return try PlayedCall(seed: seed, network: network)
    }

    private func skews(_ call: PlayedCall, _ seconds: Range<Int64>) -> [Int64] {
        call.skews.filter { seconds.contains($0.captured / 1_000) }.map(\.late)
    }

    /// How many of the first two seconds of many calls are seen more than a frame before or after they are heard: it is not known yet
    /// how late packets come, and sound waits for its pictures.
    @Test func Y01_Y02_soundThatBeginsWaitsForItsPictures() throws {
        var (apart, count) = (0, 0)
        for seed in 1...20 as ClosedRange<UInt64> {
            let call = try roughCall(seed: seed)
            call.run(seconds: 2.6)
            let found = skews(call, 0..<2)
            apart += found.count { abs($0) > Self.frame + 3 }
            count += found.count
        }
        #expect(count > 900)
        #expect(apart * 100 <= count, "\(apart) of \(count)")
    }

    /// Nothing is waited for on a way that loses nothing.
    @Test func Y01_Y02_aCleanWayIsNotPaidFor() throws {
        var network = ImpairmentPlan()
        try network.set("delay-ms", to: "10", at: .zero)
        let call = try PlayedCall(seed: 1, network: network)
        call.run(seconds: 2)
        #expect(call.heldTicks == 0)
        #expect(call.pictureDelays[0] == 20 && call.soundDelays[0] == 40)
        #expect(call.pictureDelays.values.allSatisfy { $0 <= 40 })
        #expect(skews(call, 0..<2).allSatisfy { abs($0) <= 20 })
    }

    /// Sound may be made longer by little, as a high voice, or by much, as a pause.
    @Test(arguments: [1, 2, 3, 4] as [UInt64], [120, 840])
    func Y01_Y02_soundAndPicturesAreHandedOutTogether(seed: UInt64, stretch: Int) throws {
        let call = try roughCall(seed: seed)
        call.stretch = stretch
        call.run(seconds: 14)
        call.pause(seconds: 2)
        call.run(seconds: 6)
        // Those alone that were lost twice; the first second behind a pause is as good as any other.
        for part in [0..<2, 2..<14, 16..<17, 17..<22] as [Range<Int64>] {
            let found = skews(call, part)
            #expect(found.count >= (part.upperBound - part.lowerBound) * 21)
            let apart = found.count { abs($0) > Self.frame + 3 }
            #expect(apart <= 2 + found.count / 100, "\(part): \(found)")
        }
        // Nothing is held for longer than the network asks for.
        let delays = call.pictureDelays.filter { $0.key >= 500 }.map(\.value)
        #expect(delays.reduce(0, +) / Int64(delays.count) < 350)
    }
}
