// That a publisher's clock is mapped to ours, the same for all its streams.
// SPDX-License-Identifier: Apache-2.0
import Testing
import Wire

@testable import Forwarding

@Suite struct PublisherClockTests {
    private let second: UInt64 = 1 << 32

    @Test func nothingIsKnownBeforeAReport() {
        let clock = PublisherClock()
        #expect(!clock.isKnown)
        #expect(clock.publisherTime(at: 5) == nil)
    }

    @Test func theShortestWayOfAReportHolds() {
        var clock = PublisherClock()
        clock.observe(reported: 100 * second, arrival: 500 * second + second / 10)
        clock.observe(reported: 101 * second, arrival: 501 * second + second / 20)
        clock.observe(reported: 102 * second, arrival: 502 * second + second / 5)
        // The second was shorter, and is taken step by step.
        let passed = second + second / 20 - second / 10
        #expect(clock.publisherTime(at: 503 * second + second / 10) == 103 * second + passed / 200)
    }

    @Test func Y01_aShorterWayIsTakenWithoutTearingTracksApart() {
        var clock = PublisherClock()
        // The first report was held up by 100 ms; what follows comes at once.
        clock.observe(reported: 100 * second, arrival: 500 * second + second / 10)
        var before = UInt64.max
        for index in UInt64(1)...45 {
            // Sound and picture in turn.
            let arrival = 500 * second + index * second / 2
            clock.observe(reported: 100 * second + index * second / 2, arrival: arrival)
            let late =
                (500 * second - 100 * second) &- (arrival - (clock.publisherTime(at: arrival) ?? 0))
            let offset = 0 &- late
            if before != .max { #expect(offset <= before && before - offset <= second / 400) }
            before = offset
        }
        #expect(before == 0)
        // One that was held up for long is forgotten at once.
        clock = PublisherClock()
        clock.observe(reported: 100 * second, arrival: 501 * second)
        clock.observe(reported: 101 * second, arrival: 501 * second)
        #expect(clock.publisherTime(at: 502 * second) == 102 * second)
    }

    @Test func aClockThatWasSetIsFollowed() {
        var clock = PublisherClock()
        clock.observe(reported: 100 * second, arrival: 500 * second)
        clock.observe(reported: 90 * second, arrival: 501 * second)
        #expect(clock.publisherTime(at: 502 * second) == 91 * second)
        clock.observe(reported: 4_000 * second, arrival: 503 * second)
        #expect(clock.publisherTime(at: 503 * second) == 4_000 * second)
    }

    /// Three hours of 200 ppm make more than two seconds. Reports are up to 50 ms under way.
    @Test(arguments: [-1, 1] as [Int64])
    func aClockThatIsFasterOrSlowerIsFollowedInSmallSteps(direction: Int64) throws {
        var clock = PublisherClock()
        var random = SeededRandom(seed: 5)
        var before: Int64?
        for index in Int64(0)..<10_800 {
            let sent = index * Int64(second)
            let arrival = UInt64(sent) + UInt64.random(in: 0...second / 20, using: &random)
            clock.observe(
                reported: 1_000 * second + UInt64(sent + direction * sent / 5_000), arrival: arrival
            )
            let theirs = try #require(clock.publisherTime(at: arrival))
            let offset = Int64(bitPattern: arrival &- theirs)
            if let before { #expect(abs(offset - before) <= Int64(second) / 99) }
            before = offset
            // In milliseconds behind what its clock says at this moment.
            let truth = 1_000 * Int64(second) + Int64(arrival) + direction * sent / 5_000
            let behind = (truth - Int64(theirs)) * 1_000 / Int64(second)
            #expect((-20...50).contains(behind))
        }
    }

    @Test func aPublisherAheadOfUsIsFine() {
        var clock = PublisherClock()
        clock.observe(reported: 900 * second, arrival: 5 * second)
        #expect(clock.publisherTime(at: 6 * second) == 901 * second)
    }

    @Test func aStreamGoesByItsPacketsUntilItsReport() {
        var stream = StreamClock(clockRate: 90_000)
        var publisher = PublisherClock()
        #expect(stream.timestamp(at: second, publisher: publisher) == nil)
        stream.observePacket(timestamp: RTPTimestamp(1_000), arrival: 10 * second)
        #expect(
            stream.timestamp(at: 10 * second + second / 2, publisher: publisher)
                == RTPTimestamp(46_000))
        // The report says what the packets could not: they were 300 ms late.
        publisher.observe(reported: 70 * second, arrival: 10 * second)
        stream.observeReport(ntp: 70 * second, timestamp: RTPTimestamp(28_000))
        #expect(stream.hasReport)
        #expect(
            stream.timestamp(at: 11 * second, publisher: publisher) == RTPTimestamp(118_000))
        // Also of a time before the report, and across the wrap of timestamps.
        #expect(
            stream.timestamp(at: 9 * second, publisher: publisher)
                == RTPTimestamp(UInt32(bitPattern: 28_000 - 90_000)))
    }

    @Test func Y01_beforeAReportThePacketWithTheShortestWayCounts() {
        let publisher = PublisherClock()
        var stream = StreamClock(clockRate: 48_000)
        // 20 ms apart, up to 100 ms late; the third is punctual.
        for (index, late) in [90, 30, 0, 100, 70].enumerated() {
            let number = UInt64(index)
            stream.observePacket(
                timestamp: RTPTimestamp(UInt32(index) * 960),
                arrival: 10 * second + (number * 20 + UInt64(late)) * second / 1_000)
        }
        let found = stream.timestamp(at: 11 * second, publisher: publisher)
        #expect(abs(found?.distance(from: RTPTimestamp(48_000)) ?? 99) <= 1)
        // A clock that leaps is followed, and so is one that is slower, in ten seconds.
        stream.observePacket(timestamp: RTPTimestamp(9_000_000), arrival: 12 * second)
        stream.observePacket(timestamp: RTPTimestamp(9_000), arrival: 12 * second)
        #expect(stream.timestamp(at: 12 * second, publisher: publisher) == RTPTimestamp(9_000))
        stream.observePacket(timestamp: RTPTimestamp(9_000 + 528_000), arrival: 23 * second + 9)
        #expect(
            stream.timestamp(at: 23 * second + 9, publisher: publisher) == RTPTimestamp(537_000))
    }

    @Test func twoStreamsOfOnePublisherAgree() {
        var publisher = PublisherClock()
        var audio = StreamClock(clockRate: 48_000)
        var video = StreamClock(clockRate: 90_000)
        publisher.observe(reported: 50 * second, arrival: 200 * second)
        audio.observeReport(ntp: 50 * second, timestamp: RTPTimestamp(0))
        publisher.observe(reported: 51 * second, arrival: 201 * second + second / 4)
        video.observeReport(ntp: 51 * second, timestamp: RTPTimestamp(0))
        let now = 205 * second
        #expect(audio.timestamp(at: now, publisher: publisher) == RTPTimestamp(5 * 48_000))
        #expect(video.timestamp(at: now, publisher: publisher) == RTPTimestamp(4 * 90_000))
    }
}
