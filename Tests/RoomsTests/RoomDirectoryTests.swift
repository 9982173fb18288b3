// Many rooms: making, finding, bounding and forgetting them.
// SPDX-License-Identifier: Apache-2.0
import Signaling
import Testing
import Wire

@testable import Rooms

@Suite struct RoomDirectoryTests {
    private func name(_ text: String) -> RoomName { must(try RoomName(text)) }

    private func drain(_ directory: inout RoomDirectory) -> [(room: RoomName, effect: RoomEffect)] {
        var effects: [(room: RoomName, effect: RoomEffect)] = []
        while let effect = directory.pollEffect() { effects.append(effect) }
        return effects
    }

    @Test func C12_C13_joiningARoomThatDoesNotExistMakesIt() throws {
        var directory = RoomDirectory()
        try directory.join(name("a"), RoomHarness.entry(1), at: .zero)
        #expect(directory.roomNames == [name("a")])
        #expect(directory.roomName(of: key(1)) == name("a"))
        #expect(directory.memberCount == 1)
    }

    @Test func C12_unlessTheServerMakesRoomsItself() throws {
        var configuration = RoomDirectoryConfiguration()
        configuration.createsOnJoin = false
        var directory = RoomDirectory(configuration: configuration)
        #expect(throws: SignalingError(.roomNotFound)) {
            try directory.join(name("a"), RoomHarness.entry(1), at: .zero)
        }
        try directory.create(name("a"), at: .zero)
        try directory.join(name("a"), RoomHarness.entry(1), at: .zero)
    }

    @Test func C11_membersOfOneRoomHearNothingOfAnother() throws {
        var directory = RoomDirectory()
        try directory.join(name("a"), RoomHarness.entry(1, "same"), at: .zero)
        try directory.join(name("b"), RoomHarness.entry(2, "same"), at: .zero)
        try directory.join(name("a"), RoomHarness.entry(3, "other"), at: .zero)
        _ = drain(&directory)
        let request = must(RequestID(2))
        directory.handle(
            .publish(request, PublishRequest(source: .camera, mid: mid("1"))), from: key(1),
            at: .zero)
        let effects = drain(&directory)
        #expect(effects.allSatisfy { $0.room == name("a") })
        #expect(effects.map(\.effect).messages(to: 2) == [])
        #expect(effects.map(\.effect).messages(to: 3).count == 2)
        #expect(directory.trackCount == 1)
    }

    @Test func V07_aRoomTheServerMadeClosesAfterThirtySecondsAndIsForgotten() throws {
        var directory = RoomDirectory()
        try directory.create(name("a"), at: .zero)
        try directory.create(name("a"), at: seconds(5))
        #expect(directory.nextDeadline == seconds(30))
        directory.advance(to: seconds(29))
        #expect(drain(&directory).isEmpty)
        directory.advance(to: seconds(30))
        let effects = drain(&directory)
        #expect(effects.map(\.effect) == [.roomClosed])
        #expect(directory.roomCount == 0)
        #expect(directory.nextDeadline == nil)
    }

    @Test func roomsAreBounded() throws {
        var configuration = RoomDirectoryConfiguration()
        configuration.roomsMax = 2
        var directory = RoomDirectory(configuration: configuration)
        try directory.join(name("a"), RoomHarness.entry(1), at: .zero)
        try directory.create(name("b"), at: .zero)
        #expect(throws: SignalingError(.tooManyRooms)) {
            try directory.join(name("c"), RoomHarness.entry(2), at: .zero)
        }
        #expect(throws: SignalingError(.tooManyRooms)) {
            try directory.create(name("c"), at: .zero)
        }
        try directory.join(name("b"), RoomHarness.entry(2), at: .zero)
    }

    @Test func aRefusedJoinLeavesNothingBehind() throws {
        var configuration = RoomDirectoryConfiguration()
        configuration.room.participantsMax = 1
        var directory = RoomDirectory(configuration: configuration)
        try directory.join(name("a"), RoomHarness.entry(1), at: .zero)
        #expect(throws: SignalingError(.roomFull)) {
            try directory.join(name("a"), RoomHarness.entry(2), at: .zero)
        }
        #expect(throws: SignalingError(.invalidState)) {
            try directory.join(name("b"), RoomHarness.entry(1), at: .zero)
        }
        #expect(directory.roomName(of: key(2)) == nil)
        #expect(directory.roomNames == [name("a")])
        #expect(throws: SignalingError(.sessionNotFound)) {
            try directory.withRoom(of: key(2)) { room throws(SignalingError) in room.memberCount }
        }
    }

    @Test func anHourOfJoinsAndLeavesLeavesNothing() throws {
        var directory = RoomDirectory()
        var random = SeededRandom(seed: 1)
        var present: [SessionKey] = []
        for second in 0..<3600 as Range<Int64> {
            let now = seconds(second)
            let session = UInt64(second + 1)
            let room = name("room \(random.next() % 20)")
            try directory.join(room, RoomHarness.entry(session), at: now)
            present.append(key(session))
            if present.count > 15 {
                let index = Int(random.next() % UInt64(present.count))
                directory.leave(present.remove(at: index), reason: .left, at: now)
            }
            for session in present {
                directory.handle(.pong(lastSequence: nil), from: session, at: now)
            }
            directory.advance(to: now)
            for (_, effect) in drain(&directory) {
                if case .drop(let session, .timeout) = effect {
                    Issue.record("\(session) timed out")
                }
            }
        }
        #expect(directory.memberCount == 15)
        directory.advance(to: seconds(4000))
        _ = drain(&directory)
        #expect(directory.memberCount == 0)
        directory.advance(to: seconds(4010))
        _ = drain(&directory)
        #expect(directory.roomCount == 0)
        #expect(directory.nextDeadline == nil)
        #expect(directory.roomName(of: key(3600)) == nil)
    }

    @Test func closingEverythingTellsEverybody() throws {
        var directory = RoomDirectory()
        try directory.join(name("a"), RoomHarness.entry(1), at: .zero)
        try directory.join(name("b"), RoomHarness.entry(2), at: .zero)
        _ = drain(&directory)
        directory.closeAll(reason: .serverShutdown, at: .zero)
        let effects = drain(&directory).map(\.effect)
        #expect(effects.contains(.drop(key(1), .serverShutdown)))
        #expect(effects.contains(.drop(key(2), .serverShutdown)))
        #expect(directory.roomCount == 0)
    }

    /// A large room: a late guard against something quadratic in a verb.
    @Test func aThousandListenersOfFourSpeakersAreServed() throws {
        var directory = RoomDirectory()
        for number in 1...1000 as ClosedRange<UInt64> {
            try directory.join(name("hall"), RoomHarness.entry(number), at: .zero)
        }
        _ = drain(&directory)
        for number in 1...4 as ClosedRange<UInt64> {
            try directory.withRoom(of: key(number)) { room throws(SignalingError) in
                _ = try room.publish(
                    key(number), PublishRequest(source: .camera, mid: mid("1")), at: .zero)
            }
        }
        let bound = drain(&directory).count {
            if case .bindSlot = $0.effect { true } else { false }
        }
        #expect(bound == 4 * 999)
    }
}
