// The lite agent: what it answers, which path it selects, and when it gives up.
// SPDX-License-Identifier: Apache-2.0

import STUN
import Testing
import Wire

@testable import ICE

struct ICELiteAgentTests {
    let ours = credentials(1)
    let home = path("192.0.2.1:1000")
    let away = path("[2001:db8::7]:2000")

    func agent() -> BoxedAgent {
        BoxedAgent(ICEAgent(mode: .lite, local: ours, remote: nil, tieBreaker: 9, now: .zero))
    }

    func check(_ number: UInt32, nominates: Bool = false, priority: UInt32 = 100) -> [UInt8] {
        var check = Check(to: ours, number: number, nominates: nominates)
        check.priority = priority
        return check.bytes
    }

    @Test func aCheckIsAnsweredAndItsPathValidatedThenSelected() throws {
        let agent = agent()
        #expect(agent.take(check(1), on: away, at: at(10)) == nil)
        let reply = agent.transmitted()
        #expect(reply?.path == away)
        let bytes = try #require(reply?.bytes)
        let message = try STUNMessage.parse(bytes.span)
        #expect(message.isBindingSuccess)
        #expect(message.transactionID == STUNTransactionID(high: 0, low: 1))
        #expect(message.xorMappedAddress == away.remote)
        let isAuthentic = message.verifyIntegrity(
            in: bytes.span, key: Array(ours.password.utf8).span)
        #expect(isAuthentic)
        #expect(agent.transmitted()?.path == nil)
        #expect(agent.allEvents() == [.validated(away)])
        #expect(agent.isValidated(away))
        #expect(!agent.isValidated(home))
        #expect(agent.selectedPath == nil)

        #expect(agent.take(check(2, nominates: true), on: away, at: at(20)) == nil)
        #expect(agent.allEvents() == [.selected(away)])
        #expect(agent.selectedPath == away)
        #expect(agent.lastReceived == at(20))
    }

    @Test func nothingUnauthenticatedIsAnswered() {
        let agent = agent()
        var stranger = Check(to: ours, number: 1)
        stranger.fragment = "nobody"
        #expect(agent.take(stranger.bytes, on: home, at: .zero) == .unknownUsername)
        var longer = Check(to: ours, number: 1)
        longer.fragment += "x"
        #expect(agent.take(longer.bytes, on: home, at: .zero) == .unknownUsername)
        var shorter = Check(to: ours, number: 1)
        shorter.fragment.removeLast()
        #expect(agent.take(shorter.bytes, on: home, at: .zero) == .unknownUsername)
        var forged = Check(to: ours, number: 1, nominates: true)
        forged.password = "wrong"
        #expect(agent.take(forged.bytes, on: home, at: .zero) == .wrongIntegrity)
        let bare = [UInt8](capacity: 700) { output in
            _ = STUNWriter.writeBindingIndication(
                STUNTransactionID(high: 1, low: 1), into: &output)
        }
        #expect(agent.take(bare, on: home, at: .zero) == nil)
        let request: [UInt8] =
            [0, 1, 0, 0, 0x21, 0x12, 0xA4, 0x42] + [UInt8](repeating: 1, count: 12)
        #expect(agent.take(request, on: home, at: .zero) == .unauthenticated)
        var otherMethod = request
        otherMethod[1] = 3
        #expect(agent.take(otherMethod, on: home, at: .zero) == .unsupported)
        #expect(agent.take([1, 2, 3], on: home, at: .zero) == .malformed)
        #expect(agent.transmitted()?.path == nil)
        #expect(agent.allEvents() == [])
        #expect(!agent.isValidated(home))
    }

    @Test func everyTruncationAndFlipIsDroppedWithoutAnAnswer() {
        let good = check(1, nominates: true)
        let agent = agent()
        for count in good.indices {
            #expect(agent.take(Array(good[..<count]), on: home, at: .zero) == .malformed)
        }
        // Behind MESSAGE-INTEGRITY stands FINGERPRINT alone, whose type may flip into one that is ignored.
        for index in good.indices.dropLast(8) {
            for bit in 0..<8 {
                var changed = good
                changed[index] ^= 1 << UInt8(bit)
                #expect(agent.take(changed, on: home, at: .zero) != nil)
            }
        }
        #expect(agent.transmitted()?.path == nil)
        #expect(agent.allEvents() == [])
    }

    @Test func responsesToNothingAreDropped() {
        let agent = agent()
        let response = [UInt8](capacity: 700) { output in
            _ = STUNWriter.writeBindingSuccess(
                STUNTransactionID(high: 1, low: 1), mappedAddress: home.remote,
                key: Array(ours.password.utf8).span, into: &output)
        }
        #expect(agent.take(response, on: home, at: .zero) == .unknownTransaction)
    }

    @Test func unknownRequiredAttributesAreAnswered420() throws {
        var bytes = Check(to: ours, number: 1).bytes
        // Turn PRIORITY (0x0024) into a type nobody knows and sign anew.
        let username = "\(ours.usernameFragment):peer".utf8.count
        let offset = 20 + 4 + (username + 3) / 4 * 4
        #expect(bytes[offset + 1] == 0x24)
        bytes[offset] = 0x7A
        bytes = resigned(Array(bytes.dropLast(32)), password: ours.password)
        let agent = agent()
        #expect(agent.take(bytes, on: home, at: .zero) == nil)
        let reply = try #require(agent.transmitted()?.bytes)
        let message = try STUNMessage.parse(reply.span)
        #expect(message.errorCode == 420)
        #expect(reply.count <= bytes.count)
        #expect(reply[28..<34] == [0, 0x0A, 0, 2, 0x7A, 0x24])
        #expect(!agent.isValidated(home))
    }

    @Test func aControlledPeerIsToldOfTheConflict() throws {
        let agent = agent()
        var check = Check(to: ours, number: 1, nominates: true)
        check.role = .controlled(tieBreaker: 0)
        #expect(agent.take(check.bytes, on: home, at: .zero) == nil)
        let reply = try #require(agent.transmitted()?.bytes)
        let code = try STUNMessage.parse(reply.span).errorCode
        #expect(code == 487)
        #expect(agent.allEvents() == [])
    }

    @Test func theLatestOfDeliberateNominationsWins() {
        let agent = agent()
        _ = agent.take(check(1, priority: 200), on: home, at: at(0))
        _ = agent.take(check(2, priority: 100), on: away, at: at(1))
        _ = agent.take(check(3, nominates: true, priority: 200), on: home, at: at(2))
        #expect(agent.selectedPath == home)
        _ = agent.take(check(4, nominates: true, priority: 100), on: away, at: at(3))
        #expect(agent.selectedPath == away)
        _ = agent.take(check(5, priority: 200), on: home, at: at(4))
        #expect(agent.selectedPath == away)
        #expect(
            agent.allEvents()
                == [.validated(home), .validated(away), .selected(home), .selected(away)])
    }

    @Test func aggressiveNominationSelectsTheHighestPriorityAndStays() {
        let agent = agent()
        let others = (1...5).map { path("192.0.2.1:\($0)") }
        var number: UInt32 = 0
        for round in 0..<4 as Range<Int64> {
            for (index, other) in others.enumerated() {
                number += 1
                let priority = index == 2 ? UInt32(500) : 100
                _ = agent.take(
                    check(number, nominates: true, priority: priority), on: other,
                    at: at(round * 500 + Int64(index) * 20))
                if round > 0 { #expect(agent.selectedPath == others[2]) }
            }
        }
    }

    @Test func aPeerBehindANewAddressIsFollowed() {
        let agent = agent()
        _ = agent.take(check(1), on: home, at: at(0))
        _ = agent.take(check(2, nominates: true), on: home, at: at(50))
        agent.noteTraffic(on: home, at: at(5_000))
        // A NAT gave the same socket another port: the next check nominates from there at once.
        let moved = path("192.0.2.1:1001")
        _ = agent.take(check(3, nominates: true), on: moved, at: at(5_100))
        #expect(agent.selectedPath == moved)
    }

    @Test func aSilentPathGivesWayToAnyNomination() {
        let agent = agent()
        _ = agent.take(check(1, nominates: true, priority: 500), on: home, at: at(0))
        _ = agent.take(check(2, nominates: true, priority: 100), on: away, at: at(1_000))
        #expect(agent.selectedPath == home)
        _ = agent.take(check(3, nominates: true, priority: 100), on: away, at: at(2_000))
        #expect(agent.selectedPath == away)
    }

    @Test func repeatedRequestsAreAnsweredAgainAndChangeNothing() {
        let agent = agent()
        _ = agent.take(check(1), on: home, at: at(0))
        _ = agent.take(check(2), on: away, at: at(0))
        let nomination = check(3, nominates: true)
        _ = agent.take(nomination, on: home, at: at(1))
        _ = agent.take(check(4, nominates: true), on: away, at: at(2))
        while agent.transmitted() != nil {}
        #expect(agent.take(nomination, on: home, at: at(3)) == nil)
        #expect(agent.transmitted()?.path == home)
        #expect(agent.selectedPath == away)
    }

    @Test func aReplayFromAnotherAddressIsDropped() {
        let agent = agent()
        let nomination = check(1, nominates: true)
        _ = agent.take(nomination, on: home, at: at(0))
        while agent.transmitted() != nil {}
        #expect(agent.take(nomination, on: away, at: at(3_000)) == .replayed)
        #expect(agent.transmitted()?.path == nil)
        #expect(agent.selectedPath == home)
        #expect(!agent.isValidated(away))
    }

    @Test func theTableOfPathsIsBoundedAndKeepsTheSelected() {
        let agent = agent()
        _ = agent.take(check(0, nominates: true), on: home, at: .zero)
        for number in 1...1_000 as ClosedRange<UInt32> {
            let other = path("198.51.100.1:\(number)")
            #expect(agent.take(check(number), on: other, at: at(Int64(number))) == nil)
            #expect(agent.isValidated(other))
            while agent.transmitted() != nil {}
        }
        #expect(agent.pathCount == ICELimits.litePaths)
        #expect(agent.eventCount == ICELimits.events)
        #expect(agent.selectedPath == home)
        #expect(!agent.isValidated(path("198.51.100.1:900")))
    }

    @Test func repliesThatNobodyFetchesAreBounded() {
        let agent = agent()
        for number in 0..<UInt32(ICELimits.replies) {
            #expect(agent.take(check(number), on: home, at: .zero) == nil)
        }
        #expect(agent.take(check(99), on: home, at: .zero) == .tooManyReplies)
        #expect(agent.transmitted(capacity: STUNWriter.byteCountMax - 1)?.path == nil)
        #expect(agent.transmitted()?.path == home)
    }

    @Test func silenceDisconnectsAfterSevenSecondsAndFailsAfterThirty() {
        let agent = agent()
        _ = agent.take(check(1, nominates: true), on: home, at: at(100))
        _ = agent.allEvents()
        let log = agent.live(until: at(60_000))
        #expect(log.map(\.1) == [.disconnected, .failed])
        #expect(log.map(\.0) == [at(7_100), at(30_100)])
        #expect(agent.nextDeadline == nil)
        #expect(agent.take(check(2), on: home, at: at(60_001)) == .failed)
    }

    @Test func mediaOnAKnownPathKeepsTheSessionAndEndsASilence() {
        let agent = agent()
        _ = agent.take(check(1, nominates: true), on: home, at: .zero)
        _ = agent.allEvents()
        for second in 1...20 as ClosedRange<Int64> {
            agent.noteTraffic(on: home, at: at(second * 1_000))
            #expect(agent.live(until: at(second * 1_000)).isEmpty)
        }
        agent.noteTraffic(on: away, at: at(21_000))
        #expect(agent.lastReceived == at(20_000))
        #expect(agent.live(until: at(28_000)).map(\.1) == [.disconnected])
        agent.noteTraffic(on: home, at: at(28_001))
        #expect(agent.allEvents() == [.resumed])
        #expect(agent.live(until: at(36_000)).map(\.0) == [at(35_001)])
    }

    @Test func aSessionThatNobodyChecksFails() {
        let agent = agent()
        let log = agent.live(until: at(40_000))
        #expect(log.map(\.1) == [.failed])
        #expect(log.map(\.0) == [at(30_000)])
    }

    @Test func otherPathsAreForgottenAfterTheirSilence() {
        let agent = agent()
        _ = agent.take(check(1, nominates: true), on: home, at: .zero)
        _ = agent.take(check(2), on: away, at: .zero)
        for second in 1...40 as ClosedRange<Int64> {
            agent.noteTraffic(on: home, at: at(second * 1_000))
            _ = agent.live(until: at(second * 1_000))
        }
        #expect(!agent.isValidated(away))
        #expect(agent.selectedPath == home)
    }

    @Test func aRestartTakesOldCredentialsUntilTheFirstNewCheck() throws {
        let agent = agent()
        _ = agent.take(check(1, nominates: true), on: home, at: at(0))
        _ = agent.transmitted()
        _ = agent.allEvents()
        let new = credentials(2)
        agent.restart(local: new, remote: nil, at: at(1_000))
        #expect(agent.selectedPath == home)
        #expect(agent.isValidated(home))

        #expect(agent.take(check(2), on: home, at: at(1_100)) == nil)
        let old = try #require(agent.transmitted()?.bytes)
        let oldMessage = try STUNMessage.parse(old.span)
        let isOldKey = oldMessage.verifyIntegrity(
            in: old.span, key: Array(ours.password.utf8).span)
        #expect(isOldKey)

        #expect(agent.take(Check(to: new, number: 3).bytes, on: away, at: at(1_200)) == nil)
        #expect(agent.selectedPath == home)
        #expect(agent.take(check(4), on: home, at: at(1_300)) == .unknownUsername)
        let nomination = Check(to: new, number: 5, nominates: true)
        #expect(agent.take(nomination.bytes, on: away, at: at(1_400)) == nil)
        #expect(agent.allEvents() == [.validated(away), .selected(away)])
    }

    @Test func aRestartOnTheSamePathIsReportedOnce() {
        let agent = agent()
        _ = agent.take(check(1, nominates: true), on: home, at: at(0))
        _ = agent.allEvents()
        let new = credentials(2)
        agent.restart(local: new, remote: nil, at: at(1_000))
        for number in 5...7 as ClosedRange<UInt32> {
            let nomination = Check(to: new, number: number, nominates: true)
            _ = agent.take(nomination.bytes, on: home, at: at(1_000 + Int64(number)))
        }
        #expect(agent.allEvents() == [.selected(home)])
    }

    @Test func aRestartRevivesAFailedSession() {
        let agent = agent()
        _ = agent.live(until: at(40_000))
        let new = credentials(2)
        agent.restart(local: new, remote: nil, at: at(41_000))
        let nomination = Check(to: new, number: 5, nominates: true)
        #expect(agent.take(nomination.bytes, on: home, at: at(42_000)) == nil)
        #expect(agent.allEvents() == [.validated(home), .selected(home)])
        #expect(agent.live(until: at(48_999)).isEmpty)
        #expect(agent.live(until: at(49_000)).map(\.1) == [.disconnected])
    }

    @Test func credentialsOutOfBoundsAreRefused() {
        let long = String(repeating: "a", count: 256)
        #expect(ICECredentials(usernameFragment: "abcd", password: long) != nil)
        #expect(ICECredentials(usernameFragment: long, password: "\(long)a") == nil)
        #expect(ICECredentials(usernameFragment: "\(long)a", password: long) == nil)
        #expect(ICECredentials(usernameFragment: "abc", password: long) == nil)
        #expect(
            ICECredentials(usernameFragment: "abcd", password: String(long.prefix(21))) == nil)
        #expect(ICECredentials(usernameFragment: "ab:d", password: long) == nil)
        #expect(ICECredentials(usernameFragment: "abcé", password: long) == nil)
    }

    @Test func theLongestCredentialsWork() {
        let long = String(repeating: "a", count: 256)
        let ours = ICECredentials(usernameFragment: long, password: long)
        let agent = BoxedAgent(
            ICEAgent(
                mode: .lite, local: ours ?? self.ours, remote: ours, tieBreaker: 1, now: .zero))
        let check = Check(to: ours ?? self.ours, number: 1)
        #expect(agent.take(check.bytes, on: home, at: .zero) == nil)
    }

    /// A message with MESSAGE-INTEGRITY made anew, without FINGERPRINT.
    private func resigned(_ bytes: [UInt8], password: String) -> [UInt8] {
        var bytes = bytes
        let length = bytes.count - 20 + 24
        bytes[2] = UInt8(length >> 8)
        bytes[3] = UInt8(length & 0xFF)
        let code = hmac(bytes, password)
        return bytes + [0, 8, 0, 20] + code
    }
}
