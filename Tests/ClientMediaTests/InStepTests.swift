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

    /// Sound may be made longer by little, as a high voice, or by much, as a pause.
    @Test(arguments: [1, 2, 3, 4] as [UInt64], [120, 840])
    func Y01_Y02_soundAndPicturesAreHandedOutTogether(seed: UInt64, stretch: Int) throws {
        let call = try roughCall(seed: seed)
        call.stretch = stretch
        call.run(seconds: 14)
        call.pause(seconds: 2)
        call.run(seconds: 6)
        // In the first two seconds it has to be found out how late packets come: pictures may be seen after they were heard.
        #expect(skews(call, 0..<2).allSatisfy { -260...36 ~= $0 })
        // From then on those alone that were lost twice; the first second behind a pause is as good as any other.
        for part in [2..<14, 16..<17, 17..<22] as [Range<Int64>] {
            let found = skews(call, part)
            #expect(found.count >= (part.upperBound - part.lowerBound) * 23)
            #expect(found.count { abs($0) > Self.frame } <= 2, "\(part): \(found)")
            #expect(found.allSatisfy { $0 <= 36 })
        }
        // Nothing is held for longer than the network asks for.
        let delays = call.pictureDelays.filter { $0.key >= 500 }.map(\.value)
        #expect(delays.reduce(0, +) / Int64(delays.count) < 350)
    }
}
