// A client's messages as verbs, each with its answer.
// SPDX-License-Identifier: Apache-2.0
package import Signaling
package import Wire

/// How loud a published section is, as the media worker measured it.
package struct MeasuredLevel: Hashable, Sendable {
    /// Whose section.
    package var publisher: SessionKey
    /// Which section.
    package var mid: MediaSectionID
    /// -dBov: 0 is the loudest, 127 is silence (RFC 6464 §3).
    package var level: UInt8

    /// Makes a level.
    package init(publisher: SessionKey, mid: MediaSectionID, level: UInt8) {
        self.publisher = publisher
        self.mid = mid
        self.level = level
    }
}

extension RoomCore {
    /// Does what a client asks and answers it. `join` and `offer` need an answer from the
    /// negotiation first, `renewToken` a look at the token, `resume` another socket; they have verbs
    /// of their own and are refused here.
    package mutating func handle(
        _ message: ClientMessage, from session: SessionKey, at now: MediaInstant
    ) {
        // What a socket that is gone had still brought is not done: its sender was not told so.
        guard !isClosed, let index = index(of: session), participants[index].hasSocket else {
            return
        }
        heard(from: session, at: now)
        do throws(SignalingError) {
            switch message {
            case .pong(let lastSequence):
                if let lastSequence, participants[index].outbox != nil {
                    try acknowledge(lastSequence, ofParticipantAt: index, requestID: nil)
                }
                return
            case .reportQuality(let quality):
                report(quality, of: index, at: now)
                return
            case .leave(let id):
                tell(session, .ok(id, nil))
                leave(session, reason: .left, at: now)
                return
            default: break
            }
            guard participants[index].requests.take(at: now) else {
                var refusal = SignalingError(.tooManyRequests)
                refusal.retryAfter = participants[index].requests.wait(for: 1, at: now)
                throw refusal
            }
            try perform(message, from: session, at: now)
        } catch {
            tell(session, .error(error.answering(message.requestID)))
        }
        // After the answer, so that the client knows its request done when its slots change.
        flush()
    }

    private mutating func perform(
        _ message: ClientMessage, from session: SessionKey, at now: MediaInstant
    ) throws(SignalingError) {
        switch message {
        case .join, .resume, .offer, .renewToken: throw SignalingError(.invalidState)
        case .publish(let id, let request):
            let track = try beginPublish(session, request)
            tell(session, .ok(id, track))
        case .unpublish(let id, let track):
            try beginUnpublish(session, track)
            tell(session, .ok(id, nil))
        case .mute(let id, let track, let muted):
            try mute(session, track, muted, at: now)
            tell(session, .ok(id, nil))
        case .subscribe(let id, let participant, let source):
            try beginSubscribe(session, true, to: participant, source: source)
            tell(session, .ok(id, nil))
        case .unsubscribe(let id, let participant, let source):
            try beginSubscribe(session, false, to: participant, source: source)
            tell(session, .ok(id, nil))
        case .setQuality(let id, let participant, let source, let choice):
            try beginSetQuality(session, choice, of: participant, source: source)
            tell(session, .ok(id, nil))
        case .openStream(let id, let delivery):
            tell(session, .streamOpened(id, try openStream(session, delivery)))
        case .closeStream(let id, let stream):
            try closeStream(session, stream)
            tell(session, .ok(id, nil))
        case .sendData(let id, let packet):
            try sendData(session, packet, at: now)
            tell(session, .ok(id, nil))
        case .sendMessage(let id, let message):
            let absent = try sendMessage(session, message, at: now)
            tell(session, .sent(id, unreachable: absent))
        case .removeParticipant(let id, let participant, let banSeconds):
            try removeParticipant(
                participant, banSeconds: banSeconds, for: session, requestID: id, at: now)
        case .changeParticipant(let id, let participant, let change):
            try changeParticipant(participant, change, for: session, requestID: id, at: now)
        case .setRole(let id, let role):
            try beginSetRole(session, role)
            tell(session, .ok(id, nil))
            setRole(role, of: session)
        case .updateSelf(let id, let update):
            try beginUpdateSelf(session, update)
            tell(session, .ok(id, nil))
            try apply(update, to: session)
        case .ping(let id): emit(.send(session, .pong(id)))
        case .leave, .pong, .reportQuality: break
        }
    }

    /// Counts requests that were answered before the room heard of them as it counts others; those that are too many
    /// have had their answer.
    package mutating func count(
        answeredRequests count: Int, of session: SessionKey, at now: MediaInstant
    ) {
        guard !isClosed, let index = index(of: session) else { return }
        for _ in 0..<count {
            guard participants[index].requests.take(at: now) else { return }
        }
    }

    /// Answers a message that could not be read, or was refused before it came to the room. It is
    /// said here, so that the answer takes its number among the session's messages.
    package mutating func refuse(_ session: SessionKey, _ error: SignalingError) {
        tell(session, .error(error))
    }

    /// Tells everybody how loud people are. Levels of unknown or unpublished sections are left out.
    package mutating func report(_ levels: [MeasuredLevel]) {
        var told: [AudioLevel] = []
        for level in levels {
            guard let index = microphoneOwner(level) else { continue }
            told.append(
                AudioLevel(participant: participants[index].id, level: min(level.level, 127)))
            ranking.note(participants[index].number, level: min(level.level, 127))
        }
        if !told.isEmpty {
            ranking.endReport()
            broadcast(.audioLevels(told), except: nil)
        }
        flush()
    }
}
