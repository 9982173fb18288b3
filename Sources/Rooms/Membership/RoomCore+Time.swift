// What time does to members: silence ends them, and so do tokens that run out.
// SPDX-License-Identifier: Apache-2.0
import Signaling
package import Wire

extension RoomCore {
    // MARK: Signs of life

    /// A message or pong of the session arrived.
    package mutating func heard(from session: SessionKey, at now: MediaInstant) {
        guard let index = index(of: session), let last = participants[index].silentSince,
            participants[index].hasSocket
        else { return }
        participants[index].silentSince = now
        // With every message: nothing is copied unless there is something to tell.
        guard participants[index].isSignalLost else { return }
        // A socket that its client gave up while nothing passed still brings what was on its way,
        // all at once, and then its end. Who is really there goes on to say something.
        let isFirst = now - last >= configuration.linkTimeout
        let since = isFirst ? now : participants[index].heardAgainSince ?? now
        participants[index].heardAgainSince = since
        if now - since >= configuration.returnTime { isBack(index, at: now) }
    }

    /// The client of a session is there, beyond doubt.
    mutating func isBack(_ index: Int, at now: MediaInstant) {
        participants[index].silentSince = now
        participants[index].heardAgainSince = nil
        changeLinks(of: index, at: now) { $0.isSignalLost = false }
    }

    /// The session's media link is up again. A session without WebSocket lives by it alone.
    package mutating func mediaConnected(_ session: SessionKey, at now: MediaInstant) {
        guard let index = index(of: session) else { return }
        if participants[index].hearsMessages {
            changeLinks(of: index, at: now) { $0.isMediaLost = false }
        } else {
            participants[index].silentSince = nil
        }
    }

    /// The session's media link has been silent for a while. For a session with a WebSocket that is a
    /// break, of which the others are told; its end comes by `leave` if the link stays silent.
    package mutating func mediaLost(_ session: SessionKey, at now: MediaInstant) {
        guard let index = index(of: session) else { return }
        if participants[index].hearsMessages {
            changeLinks(of: index, at: now) { $0.isMediaLost = true }
        } else {
            participants[index].silentSince = now
            noteDeadline(of: index)
        }
    }

    /// Changes what is known of a member's links and tells the others if it is away or back now.
    mutating func changeLinks(
        of index: Int, at now: MediaInstant, _ change: (inout Participant) -> Void
    ) {
        let wasInterrupted = participants[index].isInterrupted
        change(&participants[index])
        let member = participants[index]
        guard member.isInterrupted != wasInterrupted else { return }
        noteQuality(of: index, at: now)
        guard member.isVisible else { return }
        broadcast(
            member.isInterrupted
                ? .participantInterrupted(member.id) : .participantResumed(member.id),
            except: member.number)
    }

    // MARK: Deadlines

    /// When something is due for a member; `nil`: nothing ever.
    private func deadline(of member: Participant) -> MediaInstant? {
        guard member.outbox?.isOverflown != true else { return MediaInstant(nanoseconds: .min) }
        return earliest(
            earliest(silenceEnd(of: member), interruption(of: member)), tokenDeadline(of: member))
    }

    /// When a member has been silent, or without a socket, for too long.
    private func silenceEnd(of member: Participant) -> MediaInstant? {
        let timeout =
            member.hasSocket
            ? configuration.livenessTimeout
            : configuration.resumeTimeout ?? configuration.livenessTimeout
        return member.silentSince.map { $0 + timeout }
    }

    /// When a silent member that can be resumed counts as interrupted.
    private func interruption(of member: Participant) -> MediaInstant? {
        guard member.outbox != nil, !member.isSignalLost else { return nil }
        return member.silentSince.map { $0 + configuration.linkTimeout }
    }

    /// When a member is to be warned of the end of its token, or, once warned, to be let go.
    private func tokenDeadline(of member: Participant) -> MediaInstant? {
        member.token.map {
            member.wasWarned ? $0.deadline : $0.deadline - configuration.tokenWarning
        }
    }

    /// Makes sure that the room looks at a member when something is due.
    mutating func noteDeadline(of index: Int) {
        nextMemberCheck = earliest(nextMemberCheck, deadline(of: participants[index]))
    }

    /// Does what is due for members. O(members), at most a few times in the life of each.
    mutating func serveMembers(at now: MediaInstant) {
        nextMemberCheck = nil
        var index = 0
        while index < participants.count {
            if let reason = ending(of: participants[index], at: now) {
                remove(at: index, reason: reason, at: now)
                continue
            }
            if let due = interruption(of: participants[index]), due <= now {
                changeLinks(of: index, at: now) { $0.isSignalLost = true }
            }
            warn(at: index, now)
            noteDeadline(of: index)
            index += 1
        }
    }

    /// Why a member has to go now, if it has to.
    private func ending(of member: Participant, at now: MediaInstant) -> DisconnectReason? {
        if member.outbox?.isOverflown == true { return .fellBehind }
        if let token = member.token, token.deadline <= now { return .tokenExpired }
        if let end = silenceEnd(of: member), end <= now { return .timeout }
        return nil
    }

    private func isWarningDue(_ member: Participant, at now: MediaInstant) -> Bool {
        guard !member.wasWarned, let due = tokenDeadline(of: member) else { return false }
        return due <= now
    }

    /// Warns a member whose token ends soon, once per token.
    private mutating func warn(at index: Int, _ now: MediaInstant) {
        guard isWarningDue(participants[index], at: now), let token = participants[index].token
        else { return }
        participants[index].wasWarned = true
        guard participants[index].hearsMessages else { return }
        tell(
            participants[index].key,
            .tokenWillExpire(
                TokenWarning(
                    deadline: token.expiresAt,
                    secondsLeft: max((token.deadline - now).milliseconds / 1_000, 0))))
    }
}
