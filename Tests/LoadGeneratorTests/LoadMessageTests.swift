// That a load lets by unread what asks for nothing, and reads the rest.
// SPDX-License-Identifier: Apache-2.0
import Signaling
import Testing
import Wire

@testable import LoadGenerator

@Suite struct LoadMessageTests {
    private func type(_ text: String) -> String? {
        LoadMessage.type(inTail: Array(text.utf8).suffix(LoadMessage.tailCount).map { $0 })
    }

    @Test func theTypeStandsAtTheEndOfWhatOurServersWrite() throws {
        let left = ServerMessage.participantLeft(try ParticipantID("bob"), .left)
        let text = String(decoding: left.encoded(), as: UTF8.self)
        #expect(type(text) == "participantLeft")
        #expect(type("{\"type\":\"ping\"}") == "ping")
        #expect(type("{\"type\":\"pi") == nil)
        #expect(type("") == nil)
        // Within a text the quotes are escaped.
        #expect(type(#"{"type":"error","message":"\"type\":\"ok\""}"#) == "error")
        for message in ["ping", "pong", "joined", "ok", "error", "disconnected"] {
            #expect(!LoadMessage.isIgnored(message))
        }
        #expect(LoadMessage.isIgnored("participantJoined") && LoadMessage.isIgnored("news"))
    }

    @Test func repliesAreRead() throws {
        let id = try #require(RequestID(10))
        guard case .ok(10) = LoadMessage(ServerMessage.ok(id, nil).encoded()),
            case .ping = LoadMessage(ServerMessage.ping.encoded()),
            case .pong = LoadMessage(ServerMessage.pong(nil).encoded()),
            case .ignored = LoadMessage(ServerMessage.audioLevels([]).encoded()),
            case .disconnected("kicked") = LoadMessage(
                ServerMessage.disconnected(.kicked, "Go.").encoded()),
            case .error(let error) = LoadMessage(
                ServerMessage.error(SignalingError(.roomFull)).encoded())
        else { throw SignalingError(.invalidState) }
        #expect(error.code == .roomFull)
    }

    @Test func ofJoinedOnlyTheAnswerMatters() throws {
        let plain = #"{"answer":{"sdp":"v=0"},"id":1,"participants":[{"id":"?"}],"type":"joined"}"#
        guard case .joined("v=0") = LoadMessage(Array(plain.utf8)) else {
            throw SignalingError(.invalidState)
        }
        // "v=0" as raw deflate.
        let deflated = #"{"answer":{"deflated":"K7M1AAA="},"id":1,"type":"joined"}"#
        guard case .joined("v=0") = LoadMessage(Array(deflated.utf8)) else {
            throw SignalingError(.invalidState)
        }
        let broken = #"{"answer":{"deflated":"////"},"id":1,"type":"joined"}"#
        guard case .unreadable = LoadMessage(Array(broken.utf8)) else {
            throw SignalingError(.invalidState)
        }
    }

    @Test func whatIsNoMessageIsUnreadableAndWhatIsUnknownIgnored() {
        guard case .unreadable = LoadMessage(Array("[]".utf8)),
            case .unreadable = LoadMessage([0xFF, 0x00]),
            case .unreadable = LoadMessage([]),
            case .ignored = LoadMessage(
                Array(#"{"type":"news","zebra":"\#(String(repeating: "z", count: 99))"}"#.utf8))
        else {
            Issue.record("not as told")
            return
        }
    }
}
