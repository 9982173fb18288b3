// Whose network is how good: who may say so how often, and who is told when.
// SPDX-License-Identifier: Apache-2.0
import Signaling
import Testing
import Wire

@testable import Rooms

@Suite struct QualityTests {
    private let good = NetworkQuality(up: .good, down: .fair)
    private let poor = NetworkQuality(up: .poor, down: .bad)

    private func entry(_ name: String, _ quality: NetworkQuality) -> ParticipantQuality {
        ParticipantQuality(participant: who(name), quality: quality)
    }

    private func qualities(_ effects: [RoomEffect], to number: UInt64) -> [[ParticipantQuality]] {
        effects.messages(to: number).compactMap {
            if case .networkQuality(let told) = $0 { told } else { nil }
        }
    }

    private func harness(resume: Bool = false) throws -> RoomHarness {
        var harness = RoomHarness()
        try harness.join(1, "ada", options: JoinOptions(resume: resume))
        try harness.join(2, "bob")
        _ = harness.take()
        return harness
    }

    private func report(
        _ quality: NetworkQuality, _ number: UInt64, _ harness: inout RoomHarness
    ) {
        harness.room.handle(.reportQuality(quality), from: key(number), at: harness.now)
    }

    @Test func E27_N08_whatChangedIsToldToEverybodyAtMostEachTwoSeconds() throws {
        var harness = try harness()
        report(good, 1, &harness)
        #expect(harness.room.nextDeadline == .zero)
        harness.advance(bySeconds: 0)
        var effects = harness.take()
        #expect(qualities(effects, to: 1) == [[entry("ada", good)]])
        #expect(qualities(effects, to: 2) == [[entry("ada", good)]])
        // There is no answer, and a second one waits for its time.
        #expect(effects.count == 1)
        report(poor, 2, &harness)
        harness.advance(bySeconds: 1)
        #expect(harness.take() == [])
        harness.advance(bySeconds: 1)
        effects = harness.take()
        #expect(qualities(effects, to: 1) == [[entry("bob", poor)]])
        // Nothing changed: nothing is told.
        report(poor, 2, &harness)
        harness.advance(bySeconds: 3)
        #expect(harness.take() == [])
    }

    @Test func E27_reportsBeyondOneInTwoSecondsAreDroppedAndCounted() throws {
        var harness = try harness()
        report(good, 1, &harness)
        for _ in 0..<500 { report(poor, 1, &harness) }
        harness.advance(bySeconds: 0)
        #expect(qualities(harness.take(), to: 2) == [[entry("ada", good)]])
        #expect(harness.room.takeDroppedQualityReports() == 500)
        #expect(harness.room.takeDroppedQualityReports() == 0)
        harness.now = seconds(2)
        report(poor, 1, &harness)
        harness.advance(bySeconds: 0)
        #expect(qualities(harness.take(), to: 2) == [[entry("ada", poor)]])
        // They cost no requests either.
        harness.room.handle(.ping(request(1)), from: key(1), at: harness.now)
        #expect(harness.take() == [.send(key(1), .pong(request(1)))])
    }

    @Test func E27_newcomersAreToldWhatIsKnownOnce() throws {
        var harness = try harness()
        report(good, 1, &harness)
        harness.advance(bySeconds: 0)
        _ = harness.take()
        try harness.join(3, "cy")
        #expect(qualities(harness.take(), to: 3) == [[entry("ada", good)]])
        harness.advance(bySeconds: 5)
        #expect(qualities(harness.take(), to: 3) == [])
    }

    @Test func E27_whoIsInterruptedIsToldAsDownAndThenAsBefore() throws {
        var harness = try harness(resume: true)
        report(good, 1, &harness)
        harness.advance(bySeconds: 0)
        harness.room.connectionLost(key(1), at: harness.now)
        harness.advance(bySeconds: 2)
        #expect(qualities(harness.take(), to: 2).last == [entry("ada", .down)])
        try harness.room.resume(
            key(1), lastSequence: 1, requestID: request(3), at: harness.now)
        harness.advance(bySeconds: 2)
        #expect(qualities(harness.take(), to: 2) == [[entry("ada", good)]])
    }

    @Test func E27_whoComesBackIsToldWhatItMissed() throws {
        var harness = try harness(resume: true)
        report(good, 2, &harness)
        harness.advance(bySeconds: 0)
        harness.room.connectionLost(key(1), at: harness.now)
        harness.now = seconds(2)
        report(poor, 2, &harness)
        harness.advance(bySeconds: 0)
        _ = harness.take()
        try harness.room.resume(
            key(1), lastSequence: 1, requestID: request(3), at: harness.now)
        #expect(qualities(harness.take(), to: 1) == [[entry("bob", poor)]])
    }

    @Test func E27_theUnseenAreNotTold() throws {
        var harness = try harness()
        try harness.join(3, "eve", grants: TokenGrants(hidden: true))
        report(good, 3, &harness)
        harness.advance(bySeconds: 5)
        #expect(qualities(harness.take(), to: 2) == [])
        // Those of the audience are, once they become hosts.
        var show = RoomHarness { $0.profile = .broadcast }
        try show.join(1, "ada", options: JoinOptions(role: .host))
        try show.join(2, "bob")
        report(good, 2, &show)
        show.advance(bySeconds: 0)
        #expect(qualities(show.take(), to: 1) == [])
        show.room.handle(.setRole(request(4), .host), from: key(2), at: show.now)
        show.now = seconds(2)
        report(poor, 2, &show)
        show.advance(bySeconds: 0)
        #expect(qualities(show.take(), to: 1) == [[entry("bob", poor)]])
    }

    @Test func qualitiesAreNotNumbered() {
        #expect(!ServerMessage.networkQuality([]).isSequenced)
    }
}
