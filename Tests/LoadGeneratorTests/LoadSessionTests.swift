// That one client's signalling goes its way from joining to leaving, and every wrong turn has a name.
// SPDX-License-Identifier: Apache-2.0
import Signaling
import Testing
import Wire

@testable import LoadGenerator

@Suite struct LoadSessionTests {
    private static func at(_ milliseconds: Int64) -> MediaInstant {
        .zero + .milliseconds(milliseconds)
    }

    private func part(publishes: Bool) throws -> LoadPart {
        LoadPart(
            number: 0, publishes: publishes, room: try RoomName("hall"),
            participant: try ParticipantID("x-1"), pairs: 1)
    }

    private func session(
        publishes: Bool, profile: RoomProfile = .broadcast, token: String? = "jwt"
    ) throws -> LoadSession {
        let part = try part(publishes: publishes)
        return LoadSession(
            part, as: part.participant, token: token, profile: profile, at: Self.at(0))
    }

    private func join(_ text: [UInt8]) throws -> JoinRequest {
        guard case .join(_, let request) = try ClientMessage.decode(text) else {
            throw SignalingError(.invalidState)
        }
        return request
    }

    /// A session that has joined and announced what it publishes.
    private func live(publishes: Bool) throws -> LoadSession {
        var session = try session(publishes: publishes)
        _ = session.opened(
            offer: "v=0", publishing: publishes ? [(.camera, mid: "0")] : [], at: Self.at(1))
        _ = session.receive(.joined(answer: "v=0"), at: Self.at(2))
        if publishes { _ = session.receive(.ok(10), at: Self.at(3)) }
        return session
    }

    @Test func aPublisherJoinsAsHostAnnouncesItsTracksAndIsLiveThen() throws {
        var session = try session(publishes: true)
        let request = try join(
            session.opened(
                offer: "v=0\r\n", publishing: [(.microphone, mid: "0"), (.camera, mid: "1")],
                at: Self.at(5)))
        #expect(request.room.text == "hall" && request.participant?.text == "x-1")
        #expect(request.token == "jwt" && request.offer == .plain("v=0\r\n"))
        #expect(request.options.role == .host && request.options.profile == .broadcast)
        // Who publishes in a load receives nothing.
        #expect(request.options.autoSubscribe == .none)
        guard
            case .joined("answer", let texts) = session.receive(
                .joined(answer: "answer"), at: Self.at(9))
        else { throw SignalingError(.invalidState) }
        let requests = try texts.map { try ClientMessage.decode($0) }
        guard requests.count == 2, case .publish(_, let camera) = requests[1] else {
            throw SignalingError(.invalidState)
        }
        #expect(camera.source == .camera && camera.mid.text == "1" && !camera.muted)
        #expect(!session.isLive && session.hasJoined)
        #expect(session.receive(.ok(10), at: Self.at(10)) == .none)
        #expect(session.receive(.ok(11), at: Self.at(11)) == .published)
        #expect(session.isLive)
        #expect(session.openedAt == Self.at(5) && session.joinedAt == Self.at(9))
    }

    @Test func aReceiverIsOfTheAudienceAndLiveOnceItIsLetIn() throws {
        var session = try session(publishes: false)
        let request = try join(session.opened(offer: "v=0", publishing: [], at: Self.at(1)))
        #expect(request.options.role == .audience && request.options.autoSubscribe == .all)
        #expect(
            session.receive(.joined(answer: "a"), at: Self.at(2)) == .joined(answer: "a", send: []))
        #expect(session.isLive)
        var talk = try self.session(publishes: false, profile: .communication, token: nil)
        let other = try join(talk.opened(offer: "v=0", publishing: [], at: Self.at(1)))
        #expect(other.options.role == nil && other.token == nil)
    }

    @Test func refusalsAndClosedSocketsEndItWithTheirNames() throws {
        var refused = try session(publishes: false)
        _ = refused.opened(offer: "v=0", publishing: [], at: Self.at(1))
        guard
            case .ended(.refused(3001), _) = refused.receive(
                .error(SignalingError(.roomFull)), at: Self.at(2))
        else { throw SignalingError(.invalidState) }
        #expect(refused.isOver && refused.end?.name == "3001")
        #expect(refused.endText == ErrorCode.roomFull.defaultMessage)
        // What comes after the end is nobody's.
        #expect(refused.closed("broken") == .none)
        #expect(refused.leave() == nil)

        var closed = try session(publishes: false)
        #expect(closed.closed("nobody listens") == .ended(.link, "nobody listens"))
        #expect(closed.end?.name == "6000")

        var late = try session(publishes: false)
        _ = late.opened(offer: "v=0", publishing: [], at: Self.at(1))
        #expect(late.timedOut() == .ended(.unanswered, "no answer in time"))
        #expect(late.end?.name == "6002")

        var kicked = try live(publishes: false)
        guard
            case .ended(.disconnected("kicked"), _) = kicked.receive(
                .disconnected("kicked"), at: Self.at(9))
        else { throw SignalingError(.invalidState) }

        var garbled = try live(publishes: false)
        guard case .ended(.answer, _) = garbled.receive(.unreadable, at: Self.at(9)) else {
            throw SignalingError(.invalidState)
        }
    }

    @Test func whoIsInStaysInWhenTimeIsUpAndWhenALaterRequestIsRefused() throws {
        var session = try live(publishes: true)
        #expect(session.timedOut() == .none)
        #expect(session.receive(.error(SignalingError(.tooManyRequests)), at: Self.at(9)) == .none)
        #expect(session.receive(.joined(answer: "again"), at: Self.at(9)) == .none)
        #expect(session.receive(.ignored, at: Self.at(9)) == .none)
        #expect(session.isLive)
    }

    @Test func itPingsAndIsPinged() throws {
        var session = try session(publishes: false)
        #expect(session.ping(at: Self.at(1)) == nil)
        session = try live(publishes: false)
        let pinged = session.ping(at: Self.at(100))
        let ping = try #require(pinged)
        #expect(try ClientMessage.decode(ping) == .ping(nil))
        // The time is of the first ping that has no answer.
        _ = session.ping(at: Self.at(1_100))
        #expect(session.ponged(at: Self.at(1_130)) == .milliseconds(1_030))
        #expect(session.ponged(at: Self.at(1_140)) == nil)
        guard case .send(let pong) = session.receive(.ping, at: Self.at(1_200)) else {
            throw SignalingError(.invalidState)
        }
        #expect(try ClientMessage.decode(pong) == .pong(lastSequence: nil))
    }

    @Test func itLeavesWithAWordAndIsGoneWhenTheServerSaysSo() throws {
        var session = try live(publishes: true)
        let left = session.leave()
        let text = try #require(left)
        guard case .leave = try ClientMessage.decode(text) else {
            throw SignalingError(.invalidState)
        }
        #expect(session.leave() == nil)
        #expect(session.receive(.ok(2), at: Self.at(9)) == .none)
        #expect(session.receive(.disconnected("left"), at: Self.at(10)) == .left)
        #expect(session.end == nil)
        var abrupt = try live(publishes: true)
        _ = abrupt.leave()
        #expect(abrupt.closed("gone") == .left)
    }
}
