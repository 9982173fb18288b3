// What a signalling connection lets its client say, and when it asks, misses and closes.
// SPDX-License-Identifier: Apache-2.0
import Rooms
import Signaling
import Testing
import Wire

@testable import RoomService

@Suite struct SignalingConnectionTests {
    private let join = ClientMessage.join(
        id(1), JoinRequest(room: must(try RoomName("r")), offer: .plain("")))
    private let resume = ClientMessage.resume(
        id(2), ResumeRequest(session: must(try SessionID("SE_guess")), lastSequence: 0))

    private func connection(
        _ change: (inout ConnectionLimits) -> Void = { _ in }
    ) -> SignalingConnection {
        var limits = ConnectionLimits()
        change(&limits)
        return SignalingConnection(limits: limits, at: .zero)
    }

    /// The code of an error to be answered, and by whom.
    private func refusal(_ action: SignalingConnection.Action?) -> String {
        switch action {
        case .send(.error(let error)): "connection \(error.code)"
        case .refuse(_, let error): "room \(error.code)"
        default: "none"
        }
    }

    @Test func onlyJoinResumeAndPingComeFirst() {
        var connection = connection()
        #expect(refusal(connection.receive(.leave(id(3)), at: .zero)) == "connection invalidState")
        #expect(
            refusal(connection.receive(.offer(id(3), .plain("")), at: .zero))
                == "connection invalidState")
        guard case .send(.pong(id(4))) = connection.receive(.ping(id(4)), at: .zero) else {
            Issue.record("no pong")
            return
        }
        guard case nil = connection.receive(.pong(lastSequence: 3), at: .zero) else {
            Issue.record("a pong is answered")
            return
        }
        guard case .join = connection.receive(join, at: .zero) else {
            Issue.record("no join")
            return
        }
    }

    @Test func nothingIsTakenWhileSomebodyEnters() {
        for first in [join, resume] {
            for second in [join, resume, .leave(id(3)), .offer(id(3), .plain(""))] {
                var connection = connection()
                _ = connection.receive(first, at: .zero)
                #expect(
                    refusal(connection.receive(second, at: .zero)) == "connection invalidState")
                #expect(connection.entered(key(1), at: .zero) == true)
                #expect(connection.session == key(1))
            }
        }
    }

    @Test func whoFailedToEnterMayTryAgain() {
        var connection = connection()
        _ = connection.receive(resume, at: .zero)
        #expect(
            refusal(connection.entryFailed(SignalingError(.sessionNotFound)))
                == "connection sessionNotFound")
        guard case .join = connection.receive(join, at: .zero) else {
            Issue.record("no join after a refused resume")
            return
        }
    }

    @Test func onceEnteredTheRoomAnswers() {
        var connection = connection()
        _ = connection.receive(join, at: .zero)
        _ = connection.entered(key(5), at: .zero)
        guard
            case .negotiate(key(5), id(3), _) = connection.receive(
                .offer(id(3), .plain("")), at: .zero)
        else {
            Issue.record("no offer")
            return
        }
        guard
            case .renew(key(5), id(3), "t") = connection.receive(
                .renewToken(id(3), "t"), at: .zero)
        else {
            Issue.record("no renewal")
            return
        }
        for message in [join, resume, .leave(id(3)), .pong(lastSequence: 1)] {
            guard case .perform(key(5), message) = connection.receive(message, at: .zero) else {
                Issue.record("\(message) is kept from the room")
                return
            }
        }
        #expect(
            refusal(connection.receive(unreadable: SignalingError(.malformedMessage), at: .zero))
                == "room malformedMessage")
    }

    @Test func offersAndTriesToResumeAreCountedForAMinute() {
        var connection = connection {
            $0.offersPerMinuteMax = 2
            $0.resumesPerMinuteMax = 3
        }
        for _ in 0..<3 {
            guard case .resume = connection.receive(resume, at: .zero) else {
                Issue.record("no resume")
                return
            }
            _ = connection.entryFailed(SignalingError(.sessionNotFound))
        }
        guard case .send(.error(let error)) = connection.receive(resume, at: .zero) else {
            Issue.record("ids can be guessed without end")
            return
        }
        #expect(error.code == .tooManyRequests)
        #expect(error.retryAfterMilliseconds == 60_000)
        _ = connection.receive(join, at: .zero)
        _ = connection.entered(key(1), at: .zero)
        _ = connection.receive(.offer(id(2), .plain("")), at: .zero + .seconds(59))
        #expect(
            refusal(connection.receive(.offer(id(2), .plain("")), at: .zero + .seconds(59)))
                == "room tooManyRequests")
        guard
            case .negotiate = connection.receive(
                .offer(id(2), .plain("")), at: .zero + .seconds(60))
        else {
            Issue.record("the minute never ends")
            return
        }
    }

    @Test func whoNeverEntersIsClosedOnce() {
        var connection = connection()
        #expect(connection.nextDeadline == .zero + .seconds(10))
        #expect(connection.advance(to: .zero + .milliseconds(9_999)) == nil)
        #expect(connection.advance(to: .zero + .seconds(10)) == .closeUnjoined)
        #expect(connection.advance(to: .zero + .seconds(20)) == nil)
        #expect(connection.nextDeadline == nil)
    }

    @Test func whoIsBeingLetInIsNotClosedForTheServersSlowness() {
        var connection = connection()
        _ = connection.receive(join, at: .zero + .seconds(9))
        #expect(connection.nextDeadline == nil)
        #expect(connection.advance(to: .zero + .seconds(30)) == nil)
        // Whoever was refused that late must be quick.
        _ = connection.entryFailed(SignalingError(.roomFull))
        #expect(connection.advance(to: .zero + .seconds(30)) == .closeUnjoined)
    }

    @Test func pingsAreSentEachSecondAndThreeMissedOnesAreALostLink() {
        var connection = connection()
        _ = connection.receive(join, at: .zero)
        _ = connection.entered(key(1), at: .zero)
        var seen: [SignalingConnection.TimedAction] = []
        var now = MediaInstant.zero
        for _ in 0..<8 {
            guard let deadline = connection.nextDeadline, deadline <= .zero + .seconds(5) else {
                break
            }
            now = deadline
            while let action = connection.advance(to: now) { seen.append(action) }
        }
        #expect(seen == [.ping, .ping, .ping, .linkLost, .ping, .ping])
        _ = connection.receive(.pong(lastSequence: nil), at: now)
        now = now + .seconds(3)
        #expect(connection.advance(to: now) == .ping)
        #expect(connection.advance(to: now) == .linkLost)
    }

    /// What it says until then, but for pings.
    private func said(
        by connection: inout SignalingConnection, until end: MediaInstant
    ) -> [(MediaInstant, SignalingConnection.TimedAction)] {
        var said: [(MediaInstant, SignalingConnection.TimedAction)] = []
        while let deadline = connection.nextDeadline, deadline <= end {
            _ = connection.receive(.pong(lastSequence: nil), at: deadline)
            while let action = connection.advance(to: deadline) {
                if action != .ping { said.append((deadline, action)) }
            }
        }
        return said
    }

    @Test func relaysAreToldAnewAtTheirTimeAndAtOnceToWhoComesBack() {
        for first in [join, resume] {
            var connection = connection { $0.relayRenewal = .milliseconds(30_500) }
            _ = connection.receive(first, at: .zero + .seconds(5))
            _ = connection.entered(key(7), at: .zero + .seconds(5))
            let said = said(by: &connection, until: .zero + .seconds(70))
            #expect(said.allSatisfy { $0.1 == .renewRelays(key(7)) })
            let times: [Int64] = first == resume ? [5_000, 35_500, 66_000] : [35_500, 66_000]
            #expect(said.map { $0.0 } == times.map { .zero + .milliseconds($0) })
        }
        var without = connection()
        _ = without.receive(resume, at: .zero)
        _ = without.entered(key(7), at: .zero)
        #expect(said(by: &without, until: .zero + .seconds(70)).isEmpty)
    }

    @Test func theEndNamesTheSessionAndWhoEnteredTooLateIsTold() {
        var connection = connection()
        _ = connection.receive(join, at: .zero)
        #expect(connection.end() == nil)
        #expect(connection.entered(key(1), at: .zero) == false)
        #expect(connection.session == nil)
        guard case nil = connection.receive(join, at: .zero) else {
            Issue.record("a message after the end")
            return
        }
        var other = self.connection()
        _ = other.receive(join, at: .zero)
        _ = other.entered(key(2), at: .zero)
        #expect(other.end() == key(2))
        #expect(other.end() == nil)
    }
}
