// What a worker learns of the paths to its receivers, and how it keeps within them.
// SPDX-License-Identifier: Apache-2.0
import Congestion
import Negotiation
import NetworkImpairment
import NetworkSimulation
import RTP
import Testing
import Wire

@testable import MediaWorker

/// Three pictures of one scene, of 1.5, 0.4 and 0.05 Mbit/s, of which a test shows what fits.
private final class Ladder {
    static let rates = [0, 50_000, 400_000, 1_500_000]

    let call: VirtualCall
    let publishers: [VirtualClient]
    let viewer: VirtualClient
    let other: VirtualClient
    private var shown = -1
    private(set) var sent = SentBytes()

    init(seed: UInt64, limit: Int64) throws {
        // The test itself chooses what fits.
        let call = VirtualCall(seed: seed, dividesPaths: false)
        self.call = call
        publishers = try (0..<3).map { _ in try call.joinPublisher() }
        viewer = try call.join(receivingPairs: 1)
        other = try call.join(receivingPairs: 1)
        precondition(call.connect(), "the call does not connect")
        for client in [viewer, other] {
            client.givesTransportFeedback = true
            client.repairsLosses = true
            call.show(publishers[2], "0", in: "0", of: client)
        }
        call.show(publishers[2], "1", in: "1", of: other)
        call.worker.setWanted(1_700_000, of: viewer.id)
        setLimit(limit)
        let viewerAddress = viewer.address
        call.tap = { [unowned self] path, bytes in
            if path.remote == viewerAddress { sent.add(bytes.count) }
        }
        for (index, publisher) in publishers.enumerated() {
            var settings = SourceSettings.video(.vp8, tag: UInt16(index))
            settings.packetsInFrame = [1, 2, 5][index]
            settings.payloadBytes = [130, 760, 1_180][index]
            publisher.publish(mid: "1", settings, at: call.now)
        }
        publishers[2].publish(mid: "0", .audio(tag: 9), at: call.now)
    }

    func estimate(of client: VirtualClient) -> Int? { call.worker.bandwidth(of: client.id) }

    func setLimit(_ bitsPerSecond: Int64) {
        call.networks[viewer.address] = .narrow(bitsPerSecond)
    }

    /// Shows the largest picture that fits beside the sound, looked at each 100 ms.
    func run(seconds: Int, adapts: Bool = true) {
        for _ in 0..<(seconds * 10) {
            let estimate = estimate(of: viewer) ?? 500_000
            let fitting = Self.rates.lastIndex { $0 + 60_000 <= estimate } ?? 0
            let wanted = adapts ? fitting : 3
            if wanted != shown {
                shown = wanted
                call.show(
                    wanted == 0 ? nil : publishers[wanted - 1], "1", in: "1", of: viewer)
            }
            sent.beginStep()
            call.run(for: .milliseconds(100))
        }
    }
}

@Suite struct BandwidthTests {
    @Test func anEstimateIsReported() throws {
        let ladder = try Ladder(seed: 1, limit: 0)
        ladder.run(seconds: 4)
        let call = ladder.call
        let estimate = try #require(ladder.estimate(of: ladder.viewer))
        #expect(estimate > 1_600_000, "\(estimate)")
        let reports = call.events.compactMap { entry -> Int? in
            guard case .bandwidth(ladder.viewer.id, let rate) = entry.event else { return nil }
            return rate
        }
        let last = try #require(reports.last)
        #expect(abs(last - estimate) <= estimate / 10)
        // At most one a second that differs by less than a tenth.
        #expect(reports.count < 25, "\(reports)")
        // Who publishes only, and gives no feedback, has no estimate.
        #expect(ladder.estimate(of: ladder.publishers[0]) == nil)
        #expect(call.worker.statistics.estimatedBitsPerSecond >= estimate)
        call.leave(ladder.viewer)
        call.leave(ladder.other)
        #expect(call.worker.statistics.estimatedBitsPerSecond == 0)
    }

    @Test func probesAreOfPaddingThatReceiversTake() throws {
        let ladder = try Ladder(seed: 2, limit: 0)
        ladder.run(seconds: 3)
        let statistics = ladder.call.worker.statistics
        #expect(statistics.probesSent >= 2)
        #expect(statistics.paddingSent > 20)
        let padding = ladder.viewer.padding.count + ladder.other.padding.count
        #expect(padding == Int(statistics.paddingSent))
        #expect(ladder.viewer.failures == [])
        #expect(StreamCheck.problems(of: ladder.other.packets(mid: "1")) == [])
    }

    @Test(arguments: [500_000, 150_000] as [Int64], [3, 4, 5] as [UInt64])
    func whatIsSentKeepsWithinTheLimit(limit: Int64, seed: UInt64) throws {
        let ladder = try Ladder(seed: seed, limit: limit)
        ladder.run(seconds: 12)
        let peak = ladder.sent.peak(from: 3, to: 12)
        #expect(peak <= 1.2 * Double(limit), "\(peak)")
        // Pictures and sound come all the time.
        let end = ladder.call.now
        let frames = ladder.viewer.packets(mid: "1").filter {
            $0.marker && !$0.isRetransmission && end - $0.at < .seconds(8)
        }
        #expect(frames.count >= 8 * 20, "\(frames.count)")
        let sound = ladder.viewer.packets(mid: "0").filter { end - $0.at < .seconds(8) }
        #expect(sound.count >= 8 * 49, "\(sound.count)")
        // The other notices nothing.
        #expect(StreamCheck.problems(of: ladder.other.packets(mid: "1")) == [])
        let others = ladder.other.packets(mid: "1").filter { end - $0.at < .seconds(8) }
        #expect(others.count >= 8 * 30 * 5 - 20, "\(others.count)")
    }

    @Test func theRateComesBackWhenTheLimitGoes() throws {
        let ladder = try Ladder(seed: 6, limit: 150_000)
        ladder.run(seconds: 8)
        #expect(ladder.estimate(of: ladder.viewer) ?? .max < 200_000)
        ladder.setLimit(0)
        ladder.run(seconds: 8)
        #expect(ladder.estimate(of: ladder.viewer) ?? 0 > 1_560_000)
        // The largest picture is shown again.
        #expect(ladder.viewer.packets(mid: "1").last?.tag?.source == 2)
    }

    @Test func whatDoesNotFitIsDroppedAndSoundIsNot() throws {
        let ladder = try Ladder(seed: 7, limit: 500_000)
        ladder.run(seconds: 8, adapts: false)
        let call = ladder.call
        #expect(call.drops(.pacerFull) > 100)
        // 2.5 times an estimate below the limit.
        #expect(ladder.sent.peak(from: 3, to: 8) <= 2.6 * 550_000)
        let index = try #require(call.worker.peerOfID[ladder.viewer.id])
        let waiting = call.worker.waitingBytes(of: index)
        #expect(waiting.bytes <= waiting.most + 1_500)
        #expect(StreamCheck.problems(of: ladder.other.packets(mid: "1")) == [])
    }

    @Test func repetitionsTakeAShareOfTheEstimate() throws {
        let ladder = try Ladder(seed: 8, limit: 500_000)
        ladder.run(seconds: 6)
        let before = ladder.call.worker.statistics.retransmissionsSent
        let wanted = ladder.viewer.packets(mid: "1").suffix(100).map(\.sequence.sequenceNumber)
        let start = ladder.call.now
        for _ in 0..<50 {
            ladder.viewer.sendNACK(mid: "1", wanted)
            ladder.run(seconds: 0)
            ladder.call.run(for: .milliseconds(40))
        }
        let seconds = Double((ladder.call.now - start).nanoseconds) / 1e9
        let repeated = ladder.call.worker.statistics.retransmissionsSent - before
        // 760 bytes and headers each, 0.4 of the limit, and half a second's burst.
        let most = 0.4 * 550_000 * (seconds + 0.6) / (8 * 780)
        #expect(Double(repeated) <= most, "\(repeated) of \(most)")
        #expect(repeated > 10)
        #expect(ladder.call.drops(.retransmissionBudget) > 1_000)
    }

    @Test func aBlackoutIsFollowedByNoBurst() throws {
        let ladder = try Ladder(seed: 9, limit: 2_000_000)
        ladder.run(seconds: 6)
        let estimate = Double(try #require(ladder.estimate(of: ladder.viewer)))
        var plan = try #require(ladder.call.networks[ladder.viewer.address])
        let range = ladder.call.now..<(ladder.call.now + .seconds(5))
        plan.down.blackout = range
        plan.up.blackout = range
        ladder.call.networks[ladder.viewer.address] = plan
        ladder.run(seconds: 10)
        #expect(ladder.sent.peak(from: 11, to: 16) <= 2 * estimate)
        let end = range.upperBound
        let next = try #require(
            ladder.viewer.packets(mid: "1").first { $0.at >= end && $0.marker })
        #expect(next.at - end < .milliseconds(600))
    }
}
