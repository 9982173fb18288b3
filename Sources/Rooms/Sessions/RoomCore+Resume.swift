// Sessions whose connection breaks and comes back.
// SPDX-License-Identifier: Apache-2.0
package import Signaling
package import Wire

extension RoomCore {
    /// Whether a session is here and is kept when its connection breaks.
    package func isResumable(_ session: SessionKey) -> Bool {
        index(of: session).map { participants[$0].outbox != nil } ?? false
    }

    /// The session's socket is gone. One that can be resumed stays for `resumeTimeout`, and the
    /// others are told `participantInterrupted`; any other has left, by `networkLost`.
    package mutating func connectionLost(_ session: SessionKey, at now: MediaInstant) {
        guard !isClosed, let index = index(of: session) else { return }
        guard participants[index].outbox != nil else {
            leave(session, reason: .networkLost, at: now)
            return
        }
        guard participants[index].hasSocket else { return }
        participants[index].hasSocket = false
        // Who has been silent for long has been away since then, whenever its socket ended.
        if !participants[index].isSignalLost {
            participants[index].silentSince = now
            changeLinks(of: index, at: now) { $0.isSignalLost = true }
        }
        noteDeadline(of: index)
        flush()
    }

    /// Goes on with a session over a new socket: from now on `send` means that one. Emits `resumed`,
    /// then everything after `lastSequence` once more, in order.
    ///
    /// The old socket, if there still is one, is to be closed and nothing it brings handed in any
    /// more. It is no break for the others if they were not told of one.
    /// - Throws: `.sessionNotFound` if it is not here or cannot be resumed, `.tooManyRequests`,
    ///   `.invalidArgument` if `lastSequence` cannot be; then nothing has changed.
    package mutating func resume(
        _ session: SessionKey, lastSequence: UInt64, requestID: RequestID, at now: MediaInstant
    ) throws(SignalingError) {
        guard !isClosed, let index = index(of: session),
            let outbox = participants[index].outbox, !outbox.isOverflown
        else { throw SignalingError(.sessionNotFound, requestID: requestID) }
        guard participants[index].resumes.take(at: now) else {
            var refusal = SignalingError(.tooManyRequests, requestID: requestID)
            refusal.retryAfter = participants[index].resumes.wait(for: 1, at: now)
            throw refusal
        }
        try acknowledge(lastSequence, ofParticipantAt: index, requestID: requestID)
        participants[index].hasSocket = true
        emit(.send(session, .resumed(requestID, sequence: outbox.lastSequence)))
        for message in participants[index].outbox?.unacknowledged ?? [] {
            emit(.send(session, message))
        }
        // These are not kept, since only the last one counts.
        tellKnownQualities(to: participants[index], isBack: true)
        isBack(index, at: now)
        noteDeadline(of: index)
        flush()
    }

    /// Notes how far a client has received.
    /// - Throws: `.invalidArgument` if that cannot be.
    mutating func acknowledge(
        _ sequence: UInt64, ofParticipantAt index: Int, requestID: RequestID?
    ) throws(SignalingError) {
        guard participants[index].outbox?.acknowledge(sequence) == true else {
            throw SignalingError(
                .invalidArgument, requestID: requestID,
                detail: "`lastSequence` is none of the numbers not acknowledged yet.")
        }
    }
}
