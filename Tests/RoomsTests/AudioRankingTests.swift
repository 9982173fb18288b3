// Audio ranking: in a room that is made so, only the loudest are heard.
// SPDX-License-Identifier: Apache-2.0
import Signaling
import Testing
import Wire

@testable import Rooms

@Suite struct AudioRankingTests {
    /// A listener (1) and four who publish a microphone (2 to 5), of whom two are heard.
    private func harness(
        places: Int? = 2, options: JoinOptions = JoinOptions()
    ) throws -> RoomHarness {
        var harness = RoomHarness { $0.audioRanking = places }
        try harness.join(1, "ear", options: options)
        for number in 2...5 as ClosedRange<UInt64> {
            try harness.join(number)
            try harness.publish(number, .microphone)
        }
        return harness
    }

    private func report(_ harness: inout RoomHarness, _ levels: [(UInt64, UInt8)]) {
        harness.room.report(
            levels.map { MeasuredLevel(publisher: key($0.0), mid: mid("0"), level: $0.1) })
        harness.drain()
    }

    private func heard(_ harness: RoomHarness, by number: UInt64 = 1) -> [String] {
        harness.shown(number).filter { $0.hasSuffix("microphone") }
            .compactMap { $0.split(separator: "=").last?.split(separator: "/").first }
            .map(String.init).sorted()
    }

    @Test func K01_onlyTheLoudestAreHeardAndTheFirstFromTheStart() throws {
        var harness = try harness()
        #expect(heard(harness) == ["p2", "p3"])
        report(&harness, [(2, 40), (3, 30), (4, 20), (5, 90)])
        #expect(heard(harness) == ["p3", "p4"])
        // Everybody else hears the same, but for oneself.
        #expect(heard(harness, by: 4) == ["p3"])
        #expect(heard(harness, by: 5) == ["p3", "p4"])
    }

    @Test func aPlaceIsTakenOnlyByWhoIsClearlyLouderAndSpeaks() throws {
        var harness = try harness()
        report(&harness, [(2, 40), (3, 30), (4, 35)])
        #expect(heard(harness) == ["p2", "p3"])
        report(&harness, [(4, 34)])
        #expect(heard(harness) == ["p3", "p4"])
        // Noise of an empty room takes nobody's place.
        report(&harness, [(2, 127), (3, 127), (4, 127), (5, 71)])
        #expect(heard(harness) == ["p3", "p4"])
    }

    @Test func aPlaceThatIsLeftIsTakenAtOnce() throws {
        var harness = try harness()
        report(&harness, [(4, 60), (5, 50)])
        #expect(heard(harness) == ["p4", "p5"])
        harness.room.leave(key(5), reason: .left, at: harness.now)
        harness.drain()
        #expect(heard(harness) == ["p2", "p4"])
        harness.room.leave(key(2), reason: .left, at: harness.now)
        harness.room.leave(key(4), reason: .left, at: harness.now)
        harness.drain()
        #expect(heard(harness) == ["p3"])
    }

    @Test func aPauseForBreathCostsNobodyItsPlace() throws {
        var harness = try harness()
        report(&harness, [(2, 30), (3, 30), (4, 45)])
        report(&harness, [(2, 127), (4, 45)])
        #expect(heard(harness) == ["p2", "p3"])
        report(&harness, [(4, 45)])
        #expect(heard(harness) == ["p2", "p3"])
        for _ in 0..<2 { report(&harness, [(2, 127), (4, 45)]) }
        #expect(heard(harness) == ["p3", "p4"])
    }

    @Test func K01_whoBeginsToSpeakIsHeardAtOnce() throws {
        var harness = try harness()
        report(&harness, [(2, 60), (3, 30), (4, 90), (5, 90)])
        _ = harness.take()
        begin(&harness, 4, level: 25, at: .milliseconds(10))
        #expect(heard(harness) == ["p3", "p4"])
        // Nobody is told of levels for it.
        let isTold = harness.take().contains { effect in
            if case .broadcast(_, .audioLevels) = effect { true } else { false }
        }
        #expect(!isTold)
        // The next one too soon after it waits for a report, and noise is no reason.
        begin(&harness, 5, level: 10, at: .milliseconds(60))
        #expect(heard(harness) == ["p3", "p4"])
        begin(&harness, 5, level: 10, at: .milliseconds(111))
        #expect(heard(harness) == ["p4", "p5"])
        // A camera's section, and somebody who is not here.
        harness.room.voiceStarted(
            MeasuredLevel(publisher: key(2), mid: mid("1"), level: 0), at: seconds(2))
        harness.room.voiceStarted(
            MeasuredLevel(publisher: key(9), mid: mid("0"), level: 0), at: seconds(3))
        harness.drain()
        #expect(heard(harness) == ["p4", "p5"])
    }

    private func begin(
        _ harness: inout RoomHarness, _ number: UInt64, level: UInt8, at time: MediaDuration
    ) {
        harness.room.voiceStarted(
            MeasuredLevel(publisher: key(number), mid: mid("0"), level: level), at: .zero + time)
        harness.drain()
    }

    @Test func K01_threeAreHeardWhereNothingElseIsAskedFor() {
        #expect(RoomConfiguration().audioRanking == 3)
    }

    @Test func K02_whoAsksForItHearsEverybody() throws {
        var harness = try harness(options: JoinOptions(audioRanking: false))
        report(&harness, [(2, 40), (3, 30), (4, 20), (5, 90)])
        #expect(heard(harness) == ["p2", "p3", "p4", "p5"])
        #expect(heard(harness, by: 5) == ["p3", "p4"])
    }

    @Test func withoutRankingEverybodyIsHeard() throws {
        let harness = try harness(places: nil)
        #expect(heard(harness) == ["p2", "p3", "p4", "p5"])
    }

    @Test func picturesAreNotRanked() throws {
        var harness = try harness()
        try harness.publish(5, .camera)
        #expect(harness.shown(1).contains { $0.hasSuffix("p5/camera") })
    }

    @Test func aRoomIsMadeWithARankingAndTheOptionIsBounded() throws {
        var options = RoomOptions()
        options.audioRanking = 3
        #expect(try RoomConfiguration().applying(options).audioRanking == 3)
        options.audioRanking = 0
        #expect(try RoomConfiguration().applying(options).audioRanking == nil)
        for wrong in [-1, 33] {
            options.audioRanking = wrong
            #expect(throws: SignalingError.self) { try RoomConfiguration().applying(options) }
        }
        let text = #"{"audioRanking":false}"#
        let join = #"{"type":"join","id":1,"room":"r","offer":{"sdp":"v=0"},"options":\#(text)}"#
        guard case .join(_, let request) = try ClientMessage.decode(Array(join.utf8)) else {
            Issue.record("no join")
            return
        }
        #expect(!request.options.audioRanking)
        #expect(
            try ClientMessage.decode(ClientMessage.join(must(RequestID(1)), request).encoded())
                == .join(must(RequestID(1)), request))
    }
}
