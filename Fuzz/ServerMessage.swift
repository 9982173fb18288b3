// Fuzzes what a client reads from a server: bytes as a message, and the message into a session that has joined.
// SPDX-License-Identifier: Apache-2.0
import ClientSession
import Signaling
import Wire

/// A session in a room with one other, made once.
private let joined: ClientSession? = {
    guard var session = try? ClientSession(jitterSeed: 1), let room = try? RoomName("daily"),
        let ada = try? ParticipantID("ada"), let bob = try? ParticipantID("bob"),
        let mid = try? MediaSectionID("0")
    else { return nil }
    try? session.publish(.camera, mid: mid)
    try? session.join(JoinRequest(room: room, offer: .plain("")), at: .zero)
    session.socketOpened(at: .zero)
    var entry: RequestID?
    while let action = session.pollAction() {
        switch action {
        case .makeOffer(let ticket): session.offered(.plain("offer"), for: ticket, at: .zero)
        case .send(.join(let id, _)): entry = id
        default: break
        }
    }
    guard let entry else { return nil }
    var random = SeededRandom(seed: 1)
    session.receive(
        .joined(
            entry,
            JoinedReply(
                session: .random(using: &random), room: RoomInfo(name: room),
                participant: ParticipantInfo(id: ada), grants: TokenGrants(), resumeSeconds: 30,
                answer: .plain("answer"), participants: [ParticipantInfo(id: bob)], slots: [])),
        at: .zero)
    _ = try? session.openDataStream()
    return session
}()

/// Reads up to 16 messages, one a line, into a session that has joined; no message may stop it.
@c public func LLVMFuzzerTestOneInput(_ data: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    guard var session = joined else { return 0 }
    let bytes = unsafe Array(UnsafeBufferPointer(start: data, count: count))
    // Several messages, one a line, so that one can prepare the ground for the next.
    var now = MediaInstant.zero
    for line in bytes.split(separator: UInt8(ascii: "\n"), maxSplits: 16) {
        guard let message = try? ServerMessage.decode(Array(line)) else { continue }
        precondition((try? ServerMessage.decode(message.encoded())) != nil)
        session.receive(message, at: now)
        while let action = session.pollAction() {
            switch action {
            case .makeOffer(let ticket): session.offered(.plain("offer"), for: ticket, at: now)
            case .openSocket: session.socketOpened(at: now)
            default: break
            }
        }
        while session.pollEvent() != nil {}
        now = now + .milliseconds(700)
        session.advance(to: now)
    }
    return 0
}
