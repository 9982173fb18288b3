// That a room stays on its loop while it is small, and is shared by all when it is not.
// SPDX-License-Identifier: Apache-2.0
import Signaling
import Testing

@testable import SignalServer

@Suite struct LoopSeatingTests {
    @Test func aSmallRoomStaysOnItsLoop() throws {
        let seating = LoopSeating(loopCount: 3, roomPeersPerLoop: 4)
        let room = try RoomName("small")
        let seats = (0..<4).map { _ in seating.seat(in: room, home: 1) }
        #expect(seats.map(\.loop) == [1, 1, 1, 1])
        #expect(seating.peers == [0, 4, 0])
    }

    @Test func aLargeRoomIsSharedByTheLoopsWithTheFewest() throws {
        let seating = LoopSeating(loopCount: 3, roomPeersPerLoop: 4)
        let other = try (0..<3).map { _ in seating.seat(in: try RoomName("other"), home: 0) }
        let room = try RoomName("large")
        let seats = (0..<10).map { _ in seating.seat(in: room, home: 1) }
        // Of two with as many peers, the one with fewer of this room.
        #expect(seats.map(\.loop) == [1, 1, 1, 1, 2, 2, 2, 0, 2, 0])
        #expect(seating.peers == [5, 4, 4])
        withExtendedLifetime(other) {}
    }

    @Test func aSeatIsFreeWhenNobodyHoldsIt() throws {
        let seating = LoopSeating(loopCount: 2, roomPeersPerLoop: 1)
        let room = try RoomName("come and go")
        for _ in 0..<10 {
            let first = seating.seat(in: room, home: 0)
            let second = seating.seat(in: room, home: 0)
            #expect((first.loop, second.loop) == (0, 1))
        }
        #expect(seating.peers == [0, 0])
    }
}
