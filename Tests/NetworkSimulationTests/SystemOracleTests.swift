// The check of invariants sees what it is there to see.
// SPDX-License-Identifier: Apache-2.0
import Rooms
import Signaling
import Testing
import Wire

@testable import NetworkSimulation

@Suite struct SystemOracleTests {
    private let ada = SessionKey(1)
    private let bob = SessionKey(2)
    private let room: RoomName
    private let ids: [SessionID]
    private let start = MediaInstant.zero + .seconds(10)

    init() throws {
        room = try RoomName("room")
        var random = SeededRandom(seed: 4)
        ids = [.random(using: &random), .random(using: &random)]
    }

    private func oracle() throws -> SystemOracle {
        var oracle = SystemOracle()
        oracle.entered(ada, ids[0], try ParticipantID("ada"), room, at: start)
        oracle.entered(bob, ids[1], try ParticipantID("bob"), room, at: start)
        return oracle
    }

    private func packet(_ text: String) throws -> ClientMessage {
        .sendData(
            try #require(RequestID(1)),
            OutgoingData(stream: try #require(DataStreamID(1)), bytes: Array(text.utf8)))
    }

    @Test func whatArrivesInOrderIsGood() throws {
        var oracle = try oracle()
        oracle.accepted(ada, try packet("one"), members: [ada, bob], at: start)
        oracle.accepted(ada, try packet("two"), members: [ada, bob], at: start)
        oracle.arrived("one", as: 0, in: ids[1], at: 1)
        oracle.arrived("two", as: 1, in: ids[1], at: 1)
        #expect(oracle.violations.isEmpty)
    }

    @Test func whatIsDoubledMissingOrOutOfTurnIsSeen() throws {
        for arrivals in [["one", "one"], ["two"], ["one", "three"]] {
            var oracle = try oracle()
            oracle.accepted(ada, try packet("one"), members: [ada, bob], at: start)
            oracle.accepted(ada, try packet("two"), members: [ada, bob], at: start)
            for (place, text) in arrivals.enumerated() {
                oracle.arrived(text, as: place, in: ids[1], at: 1)
            }
            #expect(oracle.violations.count == 1, "\(arrivals)")
        }
    }

    @Test func whatNeverArrivesIsSeenInTheQuiet() throws {
        var oracle = try oracle()
        oracle.checkArrival(of: [])
        // Sessions that live and are nobody's.
        #expect(oracle.violations.count == 2)
    }

    @Test func whatIsAcceptedTwiceIsSeen() throws {
        var oracle = try oracle()
        oracle.accepted(ada, try packet("one"), members: [ada, bob], at: start)
        oracle.accepted(ada, try packet("one"), members: [ada, bob], at: start)
        #expect(oracle.violations == ["accepted twice: one"])
    }

    @Test func moreThanTheLimitIsSeen() throws {
        var oracle = try oracle()
        for number in 0..<31 {
            oracle.accepted(ada, try packet("\(number)"), members: [ada, bob], at: start)
        }
        #expect(oracle.violations == ["more than the limit was taken from ada"])
    }

    @Test func aSessionThatIsDroppedTooEarlyOrTooLateIsSeen() throws {
        for seconds in [29, 31] as [Int64] {
            var oracle = try oracle()
            oracle.heard(ada, at: start)
            oracle.dropped(ada, .timeout, isRoomEmpty: false, at: start + .seconds(seconds))
            #expect(oracle.violations.count == 1)
        }
        var oracle = try oracle()
        oracle.heard(ada, at: start)
        oracle.dropped(ada, .timeout, isRoomEmpty: false, at: start + .seconds(30))
        #expect(oracle.violations.isEmpty)
    }

    @Test func aRoomThatClosesTooEarlyOrTooLateIsSeen() throws {
        for seconds in [9, 10, 11] as [Int64] {
            var oracle = try oracle()
            oracle.dropped(ada, .left, isRoomEmpty: false, at: start)
            oracle.dropped(bob, .left, isRoomEmpty: true, at: start)
            oracle.closed(room, byOrder: false, at: start + .seconds(seconds))
            #expect(oracle.violations.isEmpty == (seconds == 10))
        }
    }
}
