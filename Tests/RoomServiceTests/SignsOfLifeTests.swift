// That a room which is told of pings and pongs later decides what it would have decided at once.
// SPDX-License-Identifier: Apache-2.0
import Rooms
import Signaling
import Testing
import Wire

@testable import RoomService

@Suite struct SignsOfLifeTests {
    private func entered(at now: MediaInstant = .zero) -> SignalingConnection {
        var connection = SignalingConnection(limits: ConnectionLimits(), at: now)
        let request = JoinRequest(room: must(try RoomName("r")), offer: .plain(""))
        _ = connection.receive(.join(id(1), request), at: now)
        _ = connection.entered(key(1), at: now)
        return connection
    }

    // MARK: What is taken where it comes in

    @Test func onlyWhoHasEnteredIsHeardWithoutTheRoom() {
        var connection = SignalingConnection(limits: ConnectionLimits(), at: .zero)
        #expect(connection.receive(brief: .ping, at: .zero) == nil)
        let request = JoinRequest(room: must(try RoomName("r")), offer: .plain(""))
        _ = connection.receive(.join(id(1), request), at: .zero)
        #expect(connection.receive(brief: .ping, at: .zero) == nil)
        _ = connection.entered(key(1), at: .zero)
        #expect(connection.receive(brief: .ping, at: .zero) == key(1))
        #expect(connection.receive(brief: .pong(lastSequence: 7), at: .zero) == key(1))
        _ = connection.end()
        #expect(connection.receive(brief: .ping, at: .zero) == nil)
    }

    @Test func aFloodOfThemGoesToTheRoomWhichLimitsIt() {
        var connection = entered()
        var taken = 0
        for _ in 0..<1_000 where connection.receive(brief: .ping, at: .zero) != nil { taken += 1 }
        #expect(taken == 4)
        let later = MediaInstant.zero + .seconds(1)
        for _ in 0..<1_000 where connection.receive(brief: .ping, at: later) != nil { taken += 1 }
        #expect(taken == 8)
    }

    @Test func theyAreMessagesAsFarAsSilenceGoes() {
        var connection = entered()
        var now = MediaInstant.zero
        var seen: [SignalingConnection.TimedAction] = []
        for _ in 0..<20 {
            now = now + .milliseconds(500)
            while let action = connection.advance(to: now) { seen.append(action) }
            #expect(connection.receive(brief: .pong(lastSequence: nil), at: now) == key(1))
        }
        #expect(seen == Array(repeating: .ping, count: 10))
    }

    @Test func whoComesBackFromASilenceSpeaksToTheRoomForAWhile() {
        var connection = entered()
        let back = MediaInstant.zero + .milliseconds(1_500)
        #expect(connection.receive(brief: .ping, at: back) == nil)
        _ = connection.receive(.ping(nil), at: back)
        for half in 1..<6 {
            let now = back + .milliseconds(500 * Int64(half))
            #expect(connection.receive(brief: .ping, at: now) == nil)
            _ = connection.receive(.ping(nil), at: now)
        }
        #expect(connection.receive(brief: .ping, at: back + .seconds(3)) == key(1))
    }

    @Test func aRhythmOfPingsIsNotMadeLongerByWhoComesLate() {
        var connection = entered()
        for second in 1..<100 {
            let due = MediaInstant.zero + .seconds(Int64(second))
            #expect(connection.advance(to: due - .milliseconds(1)) == nil)
            #expect(connection.advance(to: due + .milliseconds(19)) == .ping)
            _ = connection.receive(.pong(lastSequence: nil), at: due + .milliseconds(19))
        }
    }

    // MARK: What is kept for the room

    @Test func eachConnectionHasOneEntryWithTheLastOfEach() {
        var signs = SignsOfLife()
        #expect(signs.take() == [])
        let start = MediaInstant.zero
        #expect(signs.note(.ping, from: link(2, 2), at: start) == true)
        #expect(
            signs.note(.pong(lastSequence: 3), from: link(1, 1), at: start + .seconds(1)) == true)
        #expect(
            signs.note(.pong(lastSequence: 4), from: link(2, 2), at: start + .seconds(2)) == true)
        #expect(signs.note(.ping, from: link(2, 2), at: start + .seconds(3)) == true)
        #expect(
            signs.note(.pong(lastSequence: nil), from: link(1, 1), at: start + .seconds(4)) == true)
        // What goes back is the room's to refuse.
        #expect(
            signs.note(.pong(lastSequence: 3), from: link(2, 2), at: start + .seconds(5)) == false)
        let taken = signs.take()
        #expect(taken.map(\.link) == [link(2, 2), link(1, 1)])
        #expect(taken.map(\.heardAt) == [start + .seconds(3), start + .seconds(4)])
        #expect(taken.map(\.lastSequence) == [4, 3])
        #expect(taken.map(\.pings) == [2, 0])
        #expect(signs.take() == [])
    }

    @Test func noMoreConnectionsAreKeptThanTheBound() {
        var signs = SignsOfLife()
        for number in 0..<UInt64(SignsOfLife.countMax) {
            _ = signs.note(.ping, from: link(number, number), at: .zero)
        }
        #expect(signs.note(.ping, from: link(.max, .max), at: .zero) == false)
        #expect(signs.note(.ping, from: link(0, 0), at: .zero) == true)
        #expect(signs.take().count == SignsOfLife.countMax)
    }

    // MARK: What the room makes of it

    private func room() throws -> ServiceHarness {
        var service = ServiceHarness {
            $0.resumeTimeout = .seconds(30)
            $0.requests = RateLimit(burst: 3, perSecond: 1)
        }
        for number: UInt64 in [1, 2] { try service.join(number, resume: true) }
        _ = service.take()
        return service
    }

    @Test func whoIsHeardLateIsNotMissed() throws {
        var service = try room()
        var signs = SignsOfLife()
        for _ in 0..<40 {
            service.now = service.now + .seconds(1)
            _ = signs.note(.pong(lastSequence: nil), from: link(1, 1), at: service.now)
            for sign in signs.take() { service.room.hear(sign) }
            service.room.advance(to: service.now)
        }
        // Both had it in their hands: one spoke, the other did not.
        #expect(service.take().contains { $0.contains("participantInterrupted") })
        #expect(service.room.core.session(of: who("p1")) == key(1))
        #expect(service.room.core.session(of: who("p2")) == nil)
    }

    @Test func theTimeOfTheSignCountsNotThatOfLooking() throws {
        var service = try room()
        service.now = service.now + .seconds(2)
        for number: UInt64 in [1, 2] {
            service.room.handle(
                .pong(lastSequence: nil), from: link(number, number), at: service.now)
        }
        var signs = SignsOfLife()
        _ = signs.note(.ping, from: link(1, 1), at: service.now)
        service.now = service.now + .milliseconds(2_999)
        for sign in signs.take() { service.room.hear(sign) }
        service.room.advance(to: service.now)
        #expect(service.take() == [])
        service.advance(by: .milliseconds(1))
        #expect(service.take().contains { $0.contains("participantInterrupted") })
    }

    @Test func whatWasReceivedIsForgottenAndWhatCannotBeIsRefused() throws {
        var service = try room()
        let told = service.room
        for (number, isRefused) in [(UInt64(0), false), (1, false), (99, true)] {
            service.room = told
            var signs = SignsOfLife()
            _ = signs.note(.pong(lastSequence: number), from: link(1, 1), at: service.now)
            for sign in signs.take() { service.room.hear(sign) }
            #expect(service.take().isEmpty != isRefused, "\(number)")
        }
    }

    @Test func answeredPingsCountAsRequests() throws {
        var service = try room()
        var signs = SignsOfLife()
        for _ in 0..<3 { _ = signs.note(.ping, from: link(1, 1), at: service.now) }
        for sign in signs.take() { service.room.hear(sign) }
        #expect(service.take() == [])
        service.room.handle(.ping(id(9)), from: link(1, 1), at: service.now)
        #expect(service.take() == ["1 <- error \(ErrorCode.tooManyRequests.rawValue)"])
        // The other has used nothing up.
        service.room.handle(.ping(id(9)), from: link(2, 2), at: service.now)
        #expect(service.take() == ["2 <- pong"])
    }

    @Test func aConnectionThatIsNobodysAnyMoreGivesNoSign() throws {
        var service = try room()
        try service.room.resume(
            link(1, 9), lastSequence: 0, requestID: id(1), at: service.now)
        _ = service.take()
        var signs = SignsOfLife()
        for _ in 0..<3 { _ = signs.note(.ping, from: link(1, 1), at: service.now) }
        _ = signs.note(.pong(lastSequence: 99), from: link(1, 1), at: service.now)
        for sign in signs.take() { service.room.hear(sign) }
        #expect(service.take() == [])
        service.room.handle(.ping(id(9)), from: link(1, 9), at: service.now)
        #expect(service.take() == ["1 <- pong"])
    }
}
