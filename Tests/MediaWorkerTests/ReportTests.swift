// That publishers get their feedback in time and receivers the clocks they keep lip sync by.
// SPDX-License-Identifier: Apache-2.0
import Negotiation
import NetworkImpairment
import NetworkSimulation
import RTP
import Testing
import Wire

@testable import MediaWorker

@Suite struct ReportTests {
    @Test func transportFeedbackComesEachFiftyToAHundredMilliseconds() throws {
        let (call, alice, _) = try VirtualCall.with(receivers: 0)
        alice.publish(mid: "0", .audio(tag: 1), at: call.now)
        alice.publish(mid: "1", .video(.vp8, tag: 2), at: call.now)
        let start = call.now
        call.run(for: .seconds(5))
        var times: [MediaInstant] = []
        var numbers: [UInt16] = []
        for entry in alice.control {
            if case .transportFeedback(let received, _, _) = entry.content {
                times.append(entry.at)
                numbers += received.map(\.rawValue)
            }
        }
        // From the first packet on, without a gap, and each packet told once.
        #expect(try #require(times.first) - start <= .milliseconds(120))
        for (one, next) in zip(times, times.dropFirst()) {
            #expect(
                (MediaDuration.milliseconds(45)...MediaDuration.milliseconds(100)).contains(
                    next - one))
        }
        #expect(numbers == numbers.sorted())
        #expect(numbers.first == 0)
        #expect(numbers.count == Int(try #require(numbers.last)) + 1)
        #expect(numbers.count > 650)
    }

    @Test func feedbackSpeaksOfLostPackets() throws {
        let (call, alice, _) = try VirtualCall.with(receivers: 0)
        let source = alice.publish(mid: "1", .video(.vp8, tag: 2), at: call.now)
        source.loses = { $0.rawValue.isMultiple(of: 10) }
        call.run(for: .seconds(2))
        var received = 0
        var spokenOf = 0
        for entry in alice.control {
            if case .transportFeedback(let numbers, _, let statuses) = entry.content {
                received += numbers.count
                spokenOf += statuses
            }
        }
        #expect(spokenOf - received > 10)
    }

    @Test func receiverReportsComeEachSecondAndTellTheLoss() throws {
        let (call, alice, _) = try VirtualCall.with(receivers: 0)
        let audio = alice.publish(mid: "0", .audio(tag: 1), at: call.now)
        alice.publish(mid: "1", .video(.vp8, tag: 2), at: call.now)
        audio.loses = { $0.rawValue.isMultiple(of: 10) }
        call.run(for: .seconds(10))
        let reports = alice.control.compactMap { entry in
            if case .receiverReport(let blocks) = entry.content { (entry.at, blocks) } else { nil }
        }
        #expect((9...11).contains(reports.count))
        for (one, next) in zip(reports, reports.dropFirst()) {
            #expect(next.0 - one.0 >= .milliseconds(990))
            #expect(next.0 - one.0 <= .milliseconds(1_010))
        }
        let last = try #require(reports.last).1
        let sound = try #require(last.first { $0.ssrc == audio.ssrc })
        #expect((40...60).contains(sound.cumulativeLost))
        #expect((20...30).contains(sound.fractionLost))
        #expect(last.count == 2)
        // The publisher's sender reports come back, so that it can tell its round trip: 20 ms of
        // way.
        let now = NTPTime(try #require(reports.last).0, clockZero: call.ntpAtZero)
        let trip = try #require(sound.roundTrip(at: now))
        #expect((MediaDuration.milliseconds(19)...MediaDuration.milliseconds(22)).contains(trip))
    }

    @Test func twoSenderReportsComeWithin300MillisecondsOfASource() throws {
        let (call, alice, others) = try VirtualCall.with(receivers: 1)
        let bob = others[0]
        alice.firstReportAfter = .seconds(30)
        alice.publish(mid: "0", .audio(tag: 1), at: call.now)
        alice.publish(mid: "1", .video(.vp8, tag: 2), at: call.now)
        call.run(for: .seconds(1))
        call.showPair(alice, to: bob)
        call.run(for: .seconds(5))
        for mid in ["0", "1"] {
            let first = try #require(bob.packets(mid: mid).first)
            let reports = bob.senderReports(mid: mid)
            #expect(reports.count { $0.at <= first.at + .milliseconds(300) } >= 2)
            #expect((6...8).contains(reports.count))
            let names = bob.control.compactMap { entry in
                if case .canonicalName(_, let name) = entry.content { name } else { nil }
            }
            #expect(Set(names) == [Array(try #require(bob.serverMedia).cname.utf8)])
            // Before the publisher has reported, arrival times stand in: near the truth at least.
            for (at, report) in reports {
                let packet = try #require(bob.packets(mid: mid).last { $0.at <= at })
                let media = packet.timestamp.distance(from: report.rtpTimestamp)
                #expect(abs(media) < Int(packet.codec.clockRate) / 10)
            }
            let counts = reports.map(\.report.packetCount)
            #expect(counts == counts.sorted())
            #expect(counts.last ?? 0 > 50)
        }
    }

    /// The capture time of each packet by the server's last report before it, against the true one.
    private func captureErrors(
        of receiver: VirtualClient, mid: String, source: VirtualSource, in call: VirtualCall,
        from start: MediaInstant
    ) -> [Double] {
        let reports = receiver.senderReports(mid: mid)
        return receiver.packets(mid: mid).filter { $0.at >= start }.compactMap { packet in
            guard let report = reports.last(where: { $0.at <= packet.at })?.report,
                let tag = packet.tag
            else { return nil }
            let ticks = packet.timestamp.distance(from: report.rtpTimestamp)
            let offset = Double(ticks) / Double(packet.codec.clockRate)
            let reported = Double((report.ntp - call.ntpAtZero).nanoseconds) / 1e9
            let truth = source.captureTime(ofFrame: Int(tag.frame)) - MediaInstant.zero
            return reported + offset - Double(truth.nanoseconds) / 1e9
        }
    }

    @Test(arguments: [0, -5_000, 86_400_000])
    func audioAndVideoOfOnePublisherShareOneClock(leadMilliseconds: Int64) throws {
        let (call, alice, others) = try VirtualCall.with(receivers: 1)
        let bob = others[0]
        alice.wallClockLead = .milliseconds(leadMilliseconds)
        call.network.up.jitter = .milliseconds(15)
        call.showPair(alice, to: bob)
        let audio = alice.publish(mid: "0", .audio(tag: 1), at: call.now)
        var settings = SourceSettings.video(.vp8, tag: 2)
        // The encoder takes 300 ms: only the reports can tell.
        settings.sendDelay = .milliseconds(300)
        let video = alice.publish(mid: "1", settings, at: call.now)
        // A second after the publisher's first report at the latest everything is exact.
        call.run(for: .seconds(2))
        let exactFrom = call.now
        call.run(for: .seconds(10))
        let sound = captureErrors(of: bob, mid: "0", source: audio, in: call, from: exactFrom)
        let pictures = captureErrors(of: bob, mid: "1", source: video, in: call, from: exactFrom)
        #expect(sound.count > 450)
        #expect(pictures.count > 850)
        // Both are off by the same: the way of the publisher's reports.
        let least = try #require((sound + pictures).min())
        let most = try #require((sound + pictures).max())
        #expect(least > 0)
        #expect(most < 0.03)
        #expect(most - least < 0.016)
        let last = abs(try #require(sound.last) - (try #require(pictures.last)))
        #expect(last < 0.002)
    }

    @Test func theFirstReportOfAPublisherIsPassedOnAtOnce() throws {
        let (call, alice, others) = try VirtualCall.with(receivers: 1)
        let bob = others[0]
        alice.firstReportAfter = .milliseconds(1_500)
        call.showPair(alice, to: bob)
        alice.publish(mid: "0", .audio(tag: 1), at: call.now)
        call.run(for: .milliseconds(1_400))
        let before = bob.senderReports(mid: "0").count
        #expect(call.run(atMost: .milliseconds(140)) { bob.senderReports(mid: "0").count > before })
    }

    /// A turn of its own would cost as much as several packets.
    @Test func reportsLeaveInATurnThatIsMadeAnywayJustBeforeTheirDate() throws {
        let (call, _, _) = try VirtualCall.with(receivers: 0)
        var worker = call.takeWorker()
        var door = CountingDoor()
        // Nothing is sent, so that nothing but receiver reports comes in the first seconds.
        let deadline = worker.nextDeadline
        let first = try #require(deadline)
        for number in 0..<4 {
            let due = first + .seconds(Int64(number))
            let next = worker.nextDeadline
            #expect(next == due)
            // Too early by a little.
            let soonest = due - .milliseconds(8)
            worker.advance(to: soonest - .microseconds(1))
            worker.finishTurn(at: soonest, through: &door)
            #expect(door.datagrams == number)
            let turn = number == 2 ? due : soonest
            worker.advance(to: turn)
            worker.finishTurn(at: turn, through: &door)
            #expect(door.datagrams == number + 1)
        }
    }

    @Test func senderReportsLeaveWithMediaThatLeavesJustBeforeTheirDate() throws {
        var reports = 0
        var alone = 0
        for seed in UInt64(1)...4 {
            let (call, alice, others) = try VirtualCall.with(receivers: 1, seed: seed)
            let bob = others[0]
            call.showPair(alice, to: bob)
            alice.publish(mid: "0", .audio(tag: 1), at: call.now)
            alice.publish(mid: "1", .video(.vp8, tag: 2), at: call.now)
            call.run(for: .seconds(8))
            let media = Set((bob.packets(mid: "0") + bob.packets(mid: "1")).map(\.at))
            for report in bob.senderReports(mid: "0") + bob.senderReports(mid: "1") {
                reports += 1
                if !media.contains(report.at) { alone += 1 }
            }
        }
        #expect(alone * 2 < reports, "\(alone) of \(reports)")
    }
}
