// A lite agent that hears its peer on an unknown path asks there, and moves once it is answered.
// SPDX-License-Identifier: Apache-2.0

import STUN
import Testing
import Wire

@testable import ICE

struct ICEProbeTests {
    let ours = credentials(1)
    let theirs = credentials(2)
    let home = path("192.0.2.1:1000")
    let away = path("192.0.2.1:2000")
    let elsewhere = path("198.51.100.9:3000")

    /// A connected agent whose peer is at home.
    func connected(knowsPeer: Bool = true) -> BoxedAgent {
        let agent = BoxedAgent(
            ICEAgent(
                mode: .lite, local: ours, remote: knowsPeer ? theirs : nil, tieBreaker: 9,
                now: .zero))
        _ = agent.take(Check(to: ours, number: 1).bytes, on: home, at: at(0))
        _ = agent.take(Check(to: ours, number: 2, nominates: true).bytes, on: home, at: at(1))
        while agent.transmitted() != nil {}
        _ = agent.allEvents()
        return agent
    }

    /// The peer's answer to a check.
    func answer(
        _ request: [UInt8], password: String? = nil, seen: TransportPath
    ) throws -> [UInt8] {
        let id = try STUNMessage.parse(request.span).transactionID
        let key = Array((password ?? theirs.password).utf8)
        return [UInt8](capacity: STUNWriter.byteCountMax) { output in
            _ = STUNWriter.writeBindingSuccess(
                id, mappedAddress: seen.remote, key: key.span, into: &output)
        }
    }

    @Test func mediaOnAnUnknownPathIsAskedAboutAndFollowed() throws {
        let agent = connected()
        agent.noteTraffic(on: away, at: at(1_000))
        #expect(agent.selectedPath == home)
        #expect(!agent.isValidated(away))
        let sent = try #require(agent.transmitted())
        #expect(sent.path == away)
        let request = try STUNMessage.parse(sent.bytes.span)
        #expect(request.isBindingRequest)
        #expect(!request.useCandidate)
        #expect(request.iceControlled == 9)
        let found = request.username(in: sent.bytes.span)
        let name = try #require(found)
        #expect(
            String(decoding: sent.bytes[name], as: UTF8.self)
                == "\(theirs.usernameFragment):\(ours.usernameFragment)")
        let isAuthentic = request.verifyIntegrity(
            in: sent.bytes.span, key: Array(theirs.password.utf8).span)
        #expect(isAuthentic)
        #expect(agent.transmitted()?.path == nil)

        #expect(agent.take(try answer(sent.bytes, seen: home), on: away, at: at(1_020)) == nil)
        #expect(agent.allEvents() == [.validated(away), .selected(away)])
        #expect(agent.selectedPath == away)
        #expect(agent.lastReceived == at(1_020))
        // The same answer again is an answer to nothing.
        let again = agent.take(try answer(sent.bytes, seen: home), on: away, at: at(1_030))
        #expect(again == .unknownTransaction)
        // And the peer's own checks from there change nothing.
        let check = Check(to: ours, number: 3, nominates: true)
        #expect(agent.take(check.bytes, on: away, at: at(1_040)) == nil)
        #expect(agent.selectedPath == away)
    }

    @Test func withoutAnAnswerNothingMovesAndFewMessagesLeave() throws {
        let agent = connected()
        var sent: [Int64] = []
        for milliseconds in stride(from: Int64(1_000), to: 4_000, by: 20) {
            agent.noteTraffic(on: away, at: at(milliseconds))
            agent.noteTraffic(on: home, at: at(milliseconds))
            agent.advance(to: at(milliseconds))
            while agent.transmitted() != nil { sent.append(milliseconds) }
        }
        #expect(sent == [1_000, 1_100, 1_300, 1_700, 3_000, 3_100, 3_300, 3_700])
        #expect(agent.selectedPath == home)
        #expect(agent.allEvents() == [])
    }

    @Test func forgedAndMisplacedAnswersMoveNothing() throws {
        let agent = connected()
        agent.noteTraffic(on: away, at: at(1_000))
        let request = try #require(agent.transmitted()).bytes
        let forged = try answer(request, password: ours.password, seen: home)
        #expect(agent.take(forged, on: away, at: at(1_010)) == .wrongIntegrity)
        // Whoever carries the question to the true peer gets its answer where that one is.
        let honest = try answer(request, seen: home)
        #expect(agent.take(honest, on: home, at: at(1_020)) == .asymmetricResponse)
        #expect(agent.take(honest, on: elsewhere, at: at(1_020)) == .asymmetricResponse)
        #expect(agent.selectedPath == home)
        #expect(agent.allEvents() == [])
        for index in honest.indices.dropLast(8) {
            var changed = honest
            changed[index] ^= 1
            #expect(agent.take(changed, on: away, at: at(1_030)) != nil)
        }
        #expect(agent.selectedPath == home)
        #expect(agent.take(honest, on: away, at: at(1_040)) == nil)
        #expect(agent.selectedPath == away)
    }

    @Test func onlyTwoPathsAreAskedAtATime() {
        let agent = connected()
        for number in 0..<100 {
            agent.noteTraffic(on: path("192.0.2.7:\(4_000 + number)"), at: at(1_000))
        }
        #expect(agent.pathCount == 3)
        var sent = 0
        while agent.transmitted() != nil { sent += 1 }
        agent.advance(to: at(1_020))
        while agent.transmitted() != nil { sent += 1 }
        #expect(sent == 2)
    }

    @Test func nobodyIsAskedBeforeAPathIsSelectedOrWithoutThePeersPassword() {
        let fresh = BoxedAgent(
            ICEAgent(mode: .lite, local: ours, remote: theirs, tieBreaker: 9, now: .zero))
        fresh.noteTraffic(on: away, at: at(10))
        #expect(fresh.transmitted()?.path == nil)
        let nameless = connected(knowsPeer: false)
        nameless.noteTraffic(on: away, at: at(1_000))
        #expect(nameless.transmitted()?.path == nil)
        #expect(nameless.pathCount == 1)
    }

    @Test func aRestartForgetsTheQuestion() throws {
        let agent = connected()
        agent.noteTraffic(on: away, at: at(1_000))
        let request = try #require(agent.transmitted()).bytes
        agent.restart(local: credentials(3), remote: credentials(4), at: at(1_010))
        let late = agent.take(try answer(request, seen: home), on: away, at: at(1_020))
        #expect(late == .unknownTransaction)
        #expect(agent.selectedPath == home)
    }
}
