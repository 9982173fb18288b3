// That all that a room publishes is on one timeline.
// SPDX-License-Identifier: Apache-2.0
import Signaling
import Testing
import Wire

@testable import Martlet

@Suite struct PublishTimelineTests {
    private func at(_ milliseconds: Int64) -> MediaInstant {
        .zero + .seconds(100) + .milliseconds(milliseconds)
    }
    private func due(
        _ timeline: PublishTimeline, _ milliseconds: Int64, at now: Int64
    ) -> Int64 {
        let due = timeline.due(microseconds: milliseconds * 1_000, at: at(now))
        return (due - at(0)).nanoseconds / 1_000_000
    }

    private func show(
        _ pacer: inout PublishPacer, _ milliseconds: Int64, pushed: Int64? = nil, at now: Int64
    ) -> Int64 {
        let due = pacer.due(
            picture: milliseconds * 1_000, pushed: at(pushed ?? now), at: at(now))
        return (due - at(0)).nanoseconds / 1_000_000
    }
    /// Of 20 ms.
    private func play(
        _ pacer: inout PublishPacer, _ milliseconds: Int64, pushed: Int64? = nil, at now: Int64
    ) -> Int64 {
        let due = pacer.due(
            sound: milliseconds * 1_000, pushed: at(pushed ?? now), lasting: .milliseconds(20),
            at: at(now))
        return (due - at(0)).nanoseconds / 1_000_000
    }

    @Test func Y01_whatIsPushedFasterThanItPlaysLeavesInItsTime() {
        let timeline = PublishTimeline()
        for frame in 0..<100 {
            #expect(due(timeline, Int64(frame) * 20, at: 0) == 100 + Int64(frame) * 20)
        }
    }

    @Test func Y01_aSecondSegmentGoesOnWhereItsTimestampsSay() {
        let timeline = PublishTimeline()
        #expect(due(timeline, 0, at: 0) == 100)
        #expect(due(timeline, 9_980, at: 9_900) == 10_080)
        // Ten seconds of nothing, then 20 s by the timestamps, pushed a moment before.
        #expect(due(timeline, 20_000, at: 19_990) == 20_100)
        // Sound and pictures share it.
        #expect(due(timeline, 20_000, at: 20_050) == 20_100)
    }

    @Test func whatIsLateLeavesAtOnceAndAClockThatLeapsBeginsAnew() {
        let timeline = PublishTimeline()
        #expect(due(timeline, 0, at: 0) == 100)
        #expect(due(timeline, 100, at: 5_000) == 200)
        #expect(due(timeline, 1_000_000, at: 6_000) == 6_100)
        #expect(due(timeline, 1_000_040, at: 6_000) == 6_140)
        _ = timeline.due(microseconds: .min, at: at(7_000))
        _ = timeline.due(microseconds: .max, at: at(7_000))
        timeline.restart()
        #expect(due(timeline, 5, at: 8_000) == 8_100)
    }

    /// On a busy machine sound and pictures come to the leap at moments far apart.
    @Test func Y01_Y02_whatComesFromBeforeALeapDoesNotBeginTheTimelineOnceMore() {
        let timeline = PublishTimeline()
        #expect(due(timeline, 0, at: 0) == 100)
        // Sound leaps, and a picture of before comes late.
        #expect(due(timeline, 1_000_000, at: 1_000) == 1_100)
        #expect(due(timeline, 960, at: 1_070) == 1_060)
        #expect(due(timeline, 1_000_080, at: 1_090) == 1_180)
        #expect(due(timeline, 1_000_000, at: 1_096) == 1_100)
        // A clock that leaps back is on its former time only where that fits.
        #expect(due(timeline, 1_040, at: 30_000) == 30_100)
    }

    @Test func Y01_Y02_onePacerServesPicturesAndSound() {
        let timeline = PublishTimeline()
        var pictures = PublishPacer(.byTimestamp, timeline)
        var sound = PublishPacer(.byTimestamp, timeline)
        #expect(show(&pictures, 0, at: 0) == 100)
        #expect(play(&sound, 0, at: 5) == 100)
        // Two of one moment have times of their own.
        #expect(show(&pictures, 0, at: 5) == 101)
        // Sound that overlaps is heard one piece behind the other; a gap stays one.
        #expect(play(&sound, 10, at: 5) == 120)
        #expect(play(&sound, 200, at: 5) == 300)
        #expect(show(&pictures, 40, at: 500) == 140)
        // Where timestamps do not count, pictures leave at once, and sound in the rhythm it is heard in.
        pictures = PublishPacer(.immediate, timeline)
        sound = PublishPacer(.immediate, timeline)
        #expect(show(&pictures, 9_000, at: 30) == 30)
        #expect(play(&sound, 3, at: 70) == 70)
        #expect(play(&sound, 3, at: 71) == 90)
    }

    @Test func Y02_whatWaitedForTheEncoderCountsFromWhenItWasPushed() {
        var pictures = PublishPacer(.immediate, PublishTimeline())
        #expect(show(&pictures, 0, pushed: 10, at: 90) == 10)
        #expect(show(&pictures, 0, pushed: 50, at: 170) == 50)
        // One may be written while another is: each has a time of its own.
        #expect(show(&pictures, 0, pushed: 50, at: 250) == 51)
        // By timestamps it does not matter.
        var timed = PublishPacer(.byTimestamp, PublishTimeline())
        #expect(show(&timed, 0, pushed: 10, at: 90) == 190)
    }

    @Test func Y02_soundThatIsHeldUpOnceDoesNotLagForGood() {
        var sound = PublishPacer(.immediate, PublishTimeline())
        // Pieces of 20 ms, each pushed in time but for some: held up by as much as a busy machine may take.
        for piece in Int64(0)..<500 {
            let late: Int64 = piece % 60 == 30 ? 70 : piece % 7
            #expect(play(&sound, 0, at: piece * 20 + late) == piece * 20)
        }
        // After a pause it begins when it is pushed.
        #expect(play(&sound, 0, at: 10_101) == 10_101)
        #expect(play(&sound, 0, at: 10_120) == 10_121)
    }

    @Test func Y02_G01_soundThatABusyMachineTakesLateKeepsTheTimeItWasPushedAt() {
        var sound = PublishPacer(.immediate, PublishTimeline())
        var pictures = PublishPacer(.immediate, PublishTimeline())
        // Taken half a second late for a while, as by an engine that gets no turn, after a pause as well.
        for piece in Int64(0)..<500 where !(200..<250 ~= piece) {
            let pushed = piece * 20
            let late: Int64 = 100...150 ~= piece || 250...260 ~= piece ? 500 : 0
            #expect(play(&sound, 0, pushed: pushed, at: pushed + late) == pushed)
            #expect(show(&pictures, 0, pushed: pushed, at: pushed + late) == pushed)
        }
    }

    @Test func Y02_whatWaitedBeforeSendingBeganCountsFromThenAndNothingFromLaterThanNow() {
        let pacer = PublishPacer(.immediate, PublishTimeline()).begun(at: at(1_000))
        var (sound, pictures) = (pacer, pacer)
        #expect(play(&sound, 0, pushed: 10, at: 1_005) == 1_000)
        #expect(play(&sound, 0, pushed: 30, at: 1_005) == 1_020)
        #expect(show(&pictures, 0, pushed: 10, at: 1_005) == 1_000)
        #expect(play(&sound, 0, pushed: 9_000, at: 2_000) == 2_000)
        #expect(show(&pictures, 0, pushed: 9_000, at: 2_000) == 2_000)
    }

    @Test func Y02_aSlowerClockIsFollowed() {
        var sound = PublishPacer(.immediate, PublishTimeline())
        var steps = 0
        var before: Int64 = 0
        // By 2 ms a second, over a minute.
        for piece in Int64(0)..<3_000 {
            let pushed = piece * 20 + piece / 25
            let due = play(&sound, 0, at: pushed)
            #expect(0...5 ~= pushed - due, "\(pushed), not \(due)")
            if piece > 0, due - before != 20 { steps += 1 }
            before = due
        }
        #expect(55...60 ~= steps)
    }

    @Test func N08_theGradesAreTheBrowserSDKs() {
        #expect(PathFigures().grade == .unknown)
        #expect(
            PathFigures(loss: 0.01, roundTripMilliseconds: 100, jitterMilliseconds: 20).grade
                == .excellent)
        #expect(PathFigures(loss: 0.0101).grade == .good)
        #expect(PathFigures(loss: 0, roundTripMilliseconds: 250).grade == .fair)
        #expect(PathFigures(jitterMilliseconds: 161).grade == .bad)
        var watch = PathWatch()
        func measure(_ lost: Int64, _ packets: UInt64) -> NetworkQuality? {
            watch.measure(
                lossUp: 0, lost: lost, packets: packets, roundTripMilliseconds: 20,
                jitterMilliseconds: 5)
        }
        #expect(measure(0, 100) == NetworkQuality(up: .excellent, down: .excellent))
        #expect(measure(0, 200) == nil)
        #expect(measure(10, 290) == NetworkQuality(up: .excellent, down: .poor))
        watch.forget()
        #expect(measure(10, 390) == NetworkQuality(up: .excellent, down: .excellent))
    }

    @Test func theReasonsAreTheServers() {
        for reason in Signaling.ChangeReason.allCases {
            #expect(Martlet.ChangeReason(reason).rawValue == reason.rawValue)
            #expect(Martlet.ChangeReason(reason).isFailure == reason.isFailure)
        }
        #expect(Martlet.ChangeReason.allCases.count == Signaling.ChangeReason.allCases.count)
        for grade in Signaling.NetworkGrade.allCases {
            #expect(Martlet.NetworkGrade(grade).rawValue == grade.rawValue)
        }
        for source in Signaling.TrackSource.allCases {
            #expect(Martlet.TrackSource(source).signaled == source)
        }
    }
}
