// What an estimator does with feedback that is late, repeated, forged or absent.
// SPDX-License-Identifier: Apache-2.0
import RTP
import Testing
import Wire

@testable import Congestion

/// An estimator with packets of 1,000 bytes each 10 ms, 800 kbit/s, and feedback as a test wants it.
private final class Harness {
    var estimator = BandwidthEstimator()
    var now = MediaInstant.zero + .seconds(5)
    var sequence: UInt16 = 0
    var recorder = TransportFeedbackRecorder()

    var target: Double? { estimator.target }
    var throughput: Double? { estimator.throughput }
    var use: PathUse { estimator.use }
    var lossShare: Double { estimator.lossShare }
    var ignoredStatuses: UInt64 { estimator.ignoredStatuses }
    var roundTrip: MediaDuration { estimator.roundTrip }

    func takeProbe() -> ProbePlan? { estimator.takeProbe(at: now) }

    func send(_ count: Int, arriving: Bool = true, clock: MediaDuration = .seconds(50)) {
        for _ in 0..<count {
            now = now + .milliseconds(10)
            estimator.noteSent(sequence: sequence, bytes: 1_000, at: now)
            if arriving {
                recorder.record(
                    sequence: SequenceNumber(sequence), at: now + clock + .milliseconds(20))
            }
            sequence &+= 1
        }
    }

    func feedback() -> [UInt8] {
        [UInt8](capacity: 1_200) { output in
            _ = recorder.makeFeedback(into: &output, senderSSRC: SSRC(1), mediaSSRC: SSRC(2))
        }
    }

    func deliver(_ bytes: [UInt8]) {
        var reader = RTCPReader()
        guard let packet = try? reader.next(in: bytes.span),
            let feedback = try? TransportFeedback(packet, in: bytes.span)
        else { return }
        estimator.receive(feedback, in: bytes.span, at: now + .milliseconds(40))
    }

    func exchange(_ rounds: Int) {
        for _ in 0..<rounds {
            send(5)
            deliver(feedback())
        }
    }
}

@Suite struct FeedbackTests {
    @Test func nothingIsKnownBeforeFeedback() {
        let harness = Harness()
        #expect(harness.target == nil)
        harness.send(100)
        #expect(harness.target == nil)
        harness.deliver(harness.feedback())
        #expect(harness.target ?? 0 >= 400_000)
        #expect(harness.roundTrip == .milliseconds(40))
    }

    @Test func throughputIsMeasured() {
        let harness = Harness()
        harness.exchange(40)
        let throughput = harness.throughput ?? 0
        #expect((780_000...830_000).contains(throughput), "\(throughput)")
        #expect(harness.use == .normal)
        #expect(harness.lossShare == 0)
    }

    @Test func whatWasNeverSentIsPassedOver() {
        let harness = Harness()
        harness.exchange(20)
        let before = harness.target
        // A forger acknowledges numbers far ahead, at a splendid rate.
        var forged = TransportFeedbackRecorder()
        for step in 0..<500 {
            forged.record(
                sequence: SequenceNumber(harness.sequence &+ 1_000 &+ UInt16(step)),
                at: harness.now + .seconds(50))
        }
        harness.recorder = forged
        harness.deliver(harness.feedback())
        #expect(harness.ignoredStatuses == 500)
        #expect(harness.target == before)
    }

    @Test func repeatedFeedbackChangesNothing() {
        let harness = Harness()
        harness.exchange(20)
        harness.send(5)
        let bytes = harness.feedback()
        harness.deliver(bytes)
        let target = harness.target
        let throughput = harness.throughput
        for _ in 0..<100 { harness.deliver(bytes) }
        #expect(harness.ignoredStatuses == 500)
        #expect(harness.target == target)
        #expect(harness.throughput == throughput)
    }

    @Test(arguments: [MediaDuration.seconds(-20_000), .seconds(9), .seconds(900_000)])
    func aClockThatJumpsIsNoOveruse(jump: MediaDuration) {
        let harness = Harness()
        harness.exchange(40)
        let before = harness.target ?? 0
        for _ in 0..<40 {
            harness.send(5, clock: .seconds(50_000) + jump)
            harness.deliver(harness.feedback())
        }
        #expect(harness.use == .normal)
        #expect(harness.target ?? 0 >= before)
        let throughput = harness.throughput ?? 0
        #expect((780_000...830_000).contains(throughput), "\(throughput)")
    }

    @Test func anyBytesAreSurvived() {
        var random = SeededRandom(seed: 4)
        for _ in 0..<200 {
            let harness = Harness()
            harness.exchange(3)
            harness.send(10)
            for _ in 0..<20 {
                var bytes: [UInt8] = [0x8F, 205, 0, 0] + [0, 0, 0, 1, 0, 0, 0, 2]
                let length = 3 + Int(random.next() % 60)
                for _ in 0..<(length * 4) { bytes.append(UInt8(truncatingIfNeeded: random.next())) }
                // Near the numbers that were sent, and no more statuses than fit.
                bytes[12] = UInt8(truncatingIfNeeded: harness.sequence >> 8)
                bytes[13] = UInt8(truncatingIfNeeded: random.next() % 32)
                bytes[14] = 0
                let words = (bytes.count - 4) / 4
                bytes[2] = UInt8(words >> 8)
                bytes[3] = UInt8(words & 0xFF)
                harness.deliver(bytes)
            }
            let target = harness.target ?? 30_000
            #expect(target.isFinite && target >= 30_000 && target <= 30_000_000)
        }
    }

    @Test func silenceHalvesTheTargetAndItsEndAsksForAProbe() throws {
        let harness = Harness()
        harness.estimator.wanted = 900_000
        harness.exchange(40)
        let before = try #require(harness.target)
        harness.send(250, arriving: false)
        harness.estimator.advance(to: harness.now)
        #expect(harness.target == before / 2)
        harness.send(1_000, arriving: false)
        harness.estimator.advance(to: harness.now)
        #expect(harness.target == before / 4)
        #expect(harness.takeProbe() == nil)
        harness.exchange(1)
        #expect(harness.lossShare == 0, "what a blackout took is no loss of the path")
        let probe = try #require(harness.takeProbe())
        #expect(probe.bitsPerSecond == min(before, 900_000 * 1.25))
    }

    @Test func reportsCountWhereThereIsNoFeedback() throws {
        let harness = Harness()
        for _ in 0..<60 {
            harness.send(100)
            harness.estimator.receiveReport(
                fractionLost: 0, packets: 100, roundTrip: .milliseconds(60), at: harness.now)
        }
        let grown = try #require(harness.target)
        // As long as it is used, and not past what 0.8 Mbit/s use.
        #expect(grown > 1_000_000 && grown <= 4_000_000)
        for _ in 0..<10 {
            harness.send(100)
            harness.estimator.receiveReport(
                fractionLost: 100, packets: 100, roundTrip: .milliseconds(300), at: harness.now)
        }
        #expect(harness.target ?? 0 < grown / 2)
        harness.exchange(20)
        let byFeedback = harness.target
        harness.estimator.receiveReport(
            fractionLost: 255, packets: 1_000, roundTrip: .seconds(1), at: harness.now)
        #expect(harness.target == byFeedback)
    }

    @Test func theRingForgetsAndNeverConfuses() {
        var packets = SentPackets()
        let now = MediaInstant.zero + .seconds(1)
        for step in 0..<70_000 {
            packets.note(
                sequence: UInt16(truncatingIfNeeded: 64_000 + step), bytes: step % 1_400, probe: 0,
                at: now)
        }
        let last = UInt16(truncatingIfNeeded: 64_000 + 69_999)
        let number = packets.number(of: SequenceNumber(last))
        #expect(number == packets.end - 1)
        #expect(packets.number(of: SequenceNumber(last &+ 1)) == nil)
        #expect(packets.number(of: SequenceNumber(last &- 2_047)) == packets.start)
        #expect(packets.number(of: SequenceNumber(last &- 2_048)) == nil)
        #expect(MemoryLayout<SentPacket>.stride == 16)
    }

    /// 200 packets a second need no more than at first, 1,000 have to be remembered for 1.5 s.
    @Test(arguments: [(5, 512), (1, 2_048)])
    func theRingGrowsWithWhatIsSent(millisecondsApart: Int, capacity: Int) {
        var packets = SentPackets()
        for step in 0..<5_000 {
            packets.note(
                sequence: UInt16(step), bytes: step % 1_400, probe: 0,
                at: .zero + .milliseconds(Int64(step * millisecondsApart)))
            if step % 3 == 0, let number = packets.number(of: SequenceNumber(UInt16(step))) {
                packets.noteArrival(of: number, tick: UInt32(step))
            }
        }
        #expect(packets.capacity == capacity)
        for step in (5_000 - capacity)..<5_000 {
            guard let number = packets.number(of: SequenceNumber(UInt16(step))),
                let packet = packets.packet(number)
            else {
                Issue.record("packet \(step) is forgotten")
                return
            }
            #expect(packet.bytes == UInt16(step % 1_400))
            #expect(packet.fate == (step % 3 == 0 ? .arrived : .unknown))
        }
    }
}
