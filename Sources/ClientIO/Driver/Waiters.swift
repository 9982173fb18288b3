// Who waits for what of a session.
// SPDX-License-Identifier: Apache-2.0
import ClientSession
import Signaling
import Wire

/// What a caller waits for.
enum Aim: Hashable {
    /// To be in the room.
    case joined
    /// To be out of it.
    case left
    /// The answer to its request.
    case answered
    /// That the source of that section is published.
    case published(MediaSectionID)
    /// That the server knows a data stream.
    case opened(DataStreamHandle)
    /// That one more packet may wait in a data stream.
    case space(DataStreamHandle)
    /// That no packet waits in a data stream.
    case sent(DataStreamHandle)
}

/// What waiting came to: the server's answer where there is one.
typealias Outcome = Result<ServerMessage?, SessionFailure>

/// One who waits.
struct Waiter {
    let number: UInt64
    let aim: Aim
    /// The request under way for it.
    var request: RequestID?
    /// When it is waited for no longer; `nil` while the links are lost, or where nothing was asked.
    var deadline: MediaInstant?
    let continuation: CheckedContinuation<Outcome, Never>
}

extension Aim {
    /// What waiting has come to by what the session is now; `nil`: it goes on.
    func outcome(in session: ClientSession, failure: SessionFailure) -> Outcome? {
        let isOver = session.phase == .disconnected
        switch self {
        case .joined:
            if session.phase == .connected { return .success(nil) }
            return isOver ? .failure(failure) : nil
        case .left: return isOver ? .success(nil) : nil
        case .answered: return nil
        case .published(let mid):
            guard let publication = session.publications.first(where: { $0.mid == mid }) else {
                return .failure(.aborted)
            }
            // The audience's tracks are kept by the server until it is host again.
            if publication.track != nil { return .success(nil) }
            if session.phase == .connected, publication.state == .unpublished {
                return .failure(.refused(SignalingError(.permissionDenied)))
            }
            return isOver ? .failure(failure) : nil
        case .opened(let handle):
            guard let isOpen = session.isOpen(handle) else {
                return .failure(isOver ? failure : .refused(SignalingError(.streamNotFound)))
            }
            return isOpen ? .success(nil) : nil
        case .space(let handle):
            guard session.isOpen(handle) != nil else {
                return .failure(isOver ? failure : .refused(SignalingError(.streamNotFound)))
            }
            return session.hasSpace(in: handle) ? .success(nil) : nil
        case .sent(let handle):
            guard session.isOpen(handle) != nil else {
                return .failure(isOver ? failure : .refused(SignalingError(.streamNotFound)))
            }
            return session.waitingPackets(in: handle) == 0 ? .success(nil) : nil
        }
    }
}
