// That sessions are found by their secret id, and what is answered once they have ended.
// SPDX-License-Identifier: Apache-2.0
import Rooms
import Signaling
import Testing
import Wire

@testable import RoomService

@Suite struct SessionTableTests {
    private func session(_ seed: UInt64) -> SessionID {
        var random = SeededRandom(seed: seed)
        return .random(using: &random)
    }

    @Test func sessionsOfAllRoomsAreFoundByTheirIDs() throws {
        var table = SessionTable<String>()
        table.insert(key(1), id: session(1), at: "kitchen")
        table.insert(key(2), id: session(2), at: "hall")
        table.insert(key(3), id: nil, at: "hall")
        let found = try table.find(session(2))
        #expect(found.key == key(2))
        #expect(found.place == "hall")
        #expect(table.place(of: key(3)) == "hall")
        #expect(throws: SignalingError(.sessionNotFound)) { try table.find(session(3)) }
    }

    @Test func endedSessionsAreAnsweredByTheirReasonAndNoneIsKeptForOthers() {
        let reasons: [(DisconnectReason?, ErrorCode)] = [
            (.kicked, .kicked), (.roomClosed, .roomClosed),
            (.duplicateIdentity, .duplicateIdentity), (.tokenExpired, .tokenExpired),
            (.serverShutdown, .serverShuttingDown), (.left, .sessionNotFound),
            (.timeout, .sessionNotFound), (nil, .sessionNotFound),
        ]
        var table = SessionTable<String>()
        for (index, (reason, code)) in reasons.enumerated() {
            let number = UInt64(index + 1)
            table.insert(key(number), id: session(number), at: "r")
            table.remove(key(number), reason: reason)
            #expect(throws: SignalingError(code)) { try table.find(session(number)) }
        }
        #expect(table.count == 0)
        #expect(table.endedCount == reasons.count - 1)
    }

    @Test func itNeverGrows() {
        var table = SessionTable<Int>()
        for number in 1...10_000 as ClosedRange<UInt64> {
            table.insert(key(number), id: session(number), at: 0)
            table.remove(key(number), reason: .kicked)
        }
        #expect(table.count == 0)
        #expect(table.endedCount == EndedSessions.countMax)
    }
}
