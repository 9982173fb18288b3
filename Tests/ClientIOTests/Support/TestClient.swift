// A driven session as a test sees it: its events in order, and a media link that is none.
// SPDX-License-Identifier: Apache-2.0
import ClientSession
import NIOCore
import Signaling
import Synchronization
import Wire

@testable import ClientIO

/// A media link that only remembers, and says at once that it hears the server.
final class FakeMedia: MediaLink {
    private struct State {
        var calls: [String] = []
        var offersFail = false
        var answersToRefuse = 0
        var onAnswer: (@Sendable () -> Void)?
    }

    private let state = Mutex(State())

    /// What was asked of it, one word a call.
    var calls: [String] { state.withLock { $0.calls } }

    func failOffers() { state.withLock { $0.offersFail = true } }
    func refuseAnswers(_ count: Int) { state.withLock { $0.answersToRefuse = count } }
    func onAnswer(_ body: @escaping @Sendable () -> Void) { state.withLock { $0.onAnswer = body } }

    func makeOffer(for purpose: OfferPurpose) async throws -> SDPBody {
        let fails = state.withLock { state in
            state.calls.append("offer \(purpose.word)")
            return state.offersFail
        }
        if fails { throw TestFailure("no offer") }
        return .plain(Self.offer)
    }

    func takeAnswer(_ body: SDPBody, for purpose: OfferPurpose) async throws {
        let (isRefused, heard) = state.withLock { state in
            state.calls.append("answer \(purpose.word)")
            state.answersToRefuse -= 1
            return (state.answersToRefuse >= 0, state.onAnswer)
        }
        if isRefused { throw TestFailure("no answer") }
        heard?()
    }

    func end() async { state.withLock { $0.calls.append("end") } }

    /// Microphone 0, camera 1, one pair to receive.
    static let offer: String = {
        let fingerprint = Array(repeating: "AB", count: 32).joined(separator: ":")
        var lines = [
            "v=0", "o=- 1 2 IN IP4 127.0.0.1", "s=-", "t=0 0", "a=group:BUNDLE 0 1 2 3",
        ]
        for mid in 0..<4 {
            let isAudio = mid % 2 == 0
            lines += [
                "m=\(isAudio ? "audio" : "video") 9 UDP/TLS/RTP/SAVPF \(isAudio ? 111 : 96)",
                "c=IN IP4 0.0.0.0", "a=ice-ufrag:abcd", "a=ice-pwd:0123456789abcdef0123456789",
                "a=fingerprint:sha-256 \(fingerprint)", "a=setup:actpass", "a=mid:\(mid)",
                mid < 2 ? "a=sendonly" : "a=recvonly", "a=rtcp-mux",
                isAudio ? "a=rtpmap:111 opus/48000/2" : "a=rtpmap:96 VP8/90000",
            ]
        }
        return lines.joined(separator: "\r\n") + "\r\n"
    }()
}

extension OfferPurpose {
    fileprivate var word: String {
        switch self {
        case .join: "join"
        case .restart: "restart"
        case .slots: "slots"
        }
    }
}

/// A client of the test server.
final class TestClient {
    let driver: SessionDriver
    let media = FakeMedia()
    private var iterator: AsyncStream<SessionEvent>.AsyncIterator

    init(_ address: String, options: DriverOptions = DriverOptions()) throws {
        driver = try SessionDriver(try WebSocketAddress(address), media: media, options: options)
        iterator = driver.events.makeAsyncIterator()
        media.onAnswer { [weak driver] in driver?.mediaHeard() }
    }

    convenience init(port: Int, options: DriverOptions = DriverOptions()) throws {
        try self.init("ws://127.0.0.1:\(port)", options: options)
    }

    /// Joins the room `demo`.
    func join(_ participant: String? = nil, token: String? = nil) async throws {
        try await driver.join(Self.request(participant, token: token))
    }

    static func request(_ participant: String?, token: String? = nil) throws -> JoinRequest {
        JoinRequest(
            room: try RoomName("demo"), token: token,
            participant: try participant.map { try ParticipantID($0) }, offer: .plain(""))
    }

    /// The next event that fits; those before it are passed over.
    func next<Value>(_ fits: (SessionEvent) throws -> Value?) async throws -> Value {
        while let event = await iterator.next(isolation: nil) {
            if let value = try fits(event) { return value }
        }
        throw TestFailure("the events have ended")
    }

    /// The next move of the connection.
    func nextChange() async throws -> ConnectionChange {
        try await next { if case .changed(let change) = $0 { change } else { nil } }
    }

    /// Waits until the connection moves there, and returns why.
    @discardableResult
    func reach(_ phase: ConnectionPhase) async throws -> ChangeReason {
        try await next {
            if case .changed(let change) = $0, change.to == phase { change.reason } else { nil }
        }
    }

    /// The next thing that the server told and that fits.
    func told<Value>(_ fits: (ServerMessage) -> Value?) async throws -> Value {
        try await next { if case .told(let message) = $0 { fits(message) } else { nil } }
    }
}
