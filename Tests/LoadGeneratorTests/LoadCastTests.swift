// That a load's clients are spread over its rooms, and are nobody twice.
// SPDX-License-Identifier: Apache-2.0
import Signaling
import Testing

@testable import LoadGenerator

@Suite struct LoadCastTests {
    private func parts(_ cast: LoadCast) throws -> [LoadPart] {
        try (0..<cast.count).map { try cast.part($0) }
    }

    @Test func publishersComeFirstAndBothKindsAreSpread() throws {
        let cast = try LoadCast(
            publishers: 5, receivers: 7, pattern: "load", roomCount: 3, prefix: "x")
        let all = try parts(cast)
        #expect(
            all.map(\.publishes) == [Bool](repeating: true, count: 5)
                + .init(repeating: false, count: 7))
        #expect(
            all.map(\.room.text).prefix(6) == [
                "load-1", "load-2", "load-3", "load-1", "load-2", "load-1",
            ])
        // Two publish in the first two rooms, one in the third.
        #expect(all.suffix(7).map(\.pairs) == [2, 2, 1, 2, 2, 1, 2])
        #expect(Set(all.map(\.participant)).count == 12)
    }

    @Test func aPatternSaysWhereTheNumberStands() throws {
        let names = try LoadCast(
            publishers: 2, receivers: 0, pattern: "hall {} b", roomCount: 2, prefix: "x"
        ).rooms
        #expect(names.map(\.text) == ["hall 1 b", "hall 2 b"])
        let one = try LoadCast(
            publishers: 1, receivers: 0, pattern: "hall", roomCount: 1, prefix: "x")
        #expect(one.rooms.map(\.text) == ["hall"])
    }

    @Test func noReceiverAsksForMoreThanAServerGives() throws {
        let cast = try LoadCast(
            publishers: 100, receivers: 1, pattern: "load", roomCount: 1, prefix: "x")
        #expect(try cast.part(100).pairs == 32)
        let silent = try LoadCast(
            publishers: 0, receivers: 1, pattern: "load", roomCount: 1, prefix: "x")
        #expect(try silent.part(0).pairs == 0)
    }

    @Test func namesThatAreNoneAreRefused() {
        #expect(throws: SignalingError(.invalidRoomName)) {
            try LoadCast(publishers: 1, receivers: 1, pattern: "", roomCount: 1, prefix: "x")
        }
        #expect(throws: SignalingError.self) {
            try LoadCast(
                publishers: 1, receivers: 1, pattern: String(repeating: "a", count: 64),
                roomCount: 2, prefix: "x")
        }
        #expect(throws: SignalingError(.invalidParticipantID)) {
            try LoadCast(publishers: 1, receivers: 1, pattern: "a", roomCount: 1, prefix: "\n")
        }
    }
}
