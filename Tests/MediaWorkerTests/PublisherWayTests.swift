// What a publisher is told when its way to us becomes narrow.
// SPDX-License-Identifier: Apache-2.0
import Forwarding
import NetworkImpairment
import NetworkSimulation
import RTP
import Testing
import Wire

@testable import MediaWorker

@Suite struct PublisherWayTests {
    /// A publisher of 1.5 Mbit/s whose way takes 1 Mbit/s from some moment on, and that obeys bounds within 20 ms if so.
    private func lateUntil(seed: UInt64, obeys: Bool) throws -> (late: Int64, bounds: Int) {
        let world = try DividedCall(seed: seed, limit: 0, sizes: [2])
        world.run(seconds: 5)
        let call = world.call
        let publisher = world.publishers[0]
        #expect(publisher.bounds.isEmpty)
        let start = call.now
        var plan = ImpairmentPlan.narrow(0)
        plan.up.bitsPerSecond = 1_000_000
        plan.up.queueDelayMax = .milliseconds(300)
        call.networks[publisher.address] = plan
        for _ in 0..<200 {
            call.run(for: .milliseconds(20))
            guard obeys, case .maximumBitrate(let bits)? = publisher.bounds.last?.content else {
                continue
            }
            for source in publisher.sources where source.mid == "1" {
                source.bound(bitrate: bits > 10_000_000 ? nil : max(Int(bits) - 76_000, 10_000))
            }
        }
        let sound = world.packets("0", since: start - .seconds(2))
        let first = try #require(sound.first)
        let late = sound.filter { packet in
            let media = Int64(packet.timestamp.distance(from: first.timestamp)) / 48
            return (packet.at - first.at).nanoseconds / 1_000_000 - media > 100
        }
        let last = try #require(late.last)
        return ((last.at - start).nanoseconds / 1_000_000, publisher.bounds.count)
    }

    @Test(arguments: [1, 2, 3] as [UInt64])
    func itsSoundIsInTimeSoonAfterItsWayHasBecomeNarrow(seed: UInt64) throws {
        let (late, bounds) = try lateUntil(seed: seed, obeys: true)
        #expect(late < 1_200, "\(late)")
        #expect(bounds > 2)
    }

    @Test func whoDoesNotObeyIsHeardAsBefore() throws {
        let (late, bounds) = try lateUntil(seed: 4, obeys: false)
        #expect(late > 3_000)
        #expect(bounds > 0)
    }
}
