// Whether something that was published still is, and why not.
// SPDX-License-Identifier: Apache-2.0
import Synchronization

/// Why something that one published is published no more.
public enum UnpublishReason: String, Sendable, Hashable, Codable, CaseIterable {
    /// The application took it back.
    case requested
    /// The server took it back, or does not let one publish it in a new session: one may not any more.
    case notPermitted
    /// What was pushed cannot be encoded (``RoomEvent/localTrackFailed(_:_:)`` says why), or it could not be published in a new
    /// session.
    case failed
    /// The room was left, or the session ended.
    case left

    /// Why a server that refuses with an error does so.
    init(_ error: MartletError) { self = error.code == 2009 ? .notPermitted : .failed }
}

/// One publication from before it is asked for, to its end, which is final. It ends once, wherever that is noticed first.
final class PublicationLife: Sendable {
    private struct State {
        var end: UnpublishReason?
        var error: MartletError?
        var task: Task<Void, Never>?
    }

    let source: TrackSource
    private let feed: PublicationFeed
    private let state = Mutex(State())

    init(_ source: TrackSource, _ feed: PublicationFeed) {
        self.source = source
        self.feed = feed
    }

    /// Why it is over; `nil`: it is not.
    var end: UnpublishReason? { state.withLock { $0.end } }

    /// What whoever goes on writing is told; `nil`: it goes on, or ended as was wished.
    var error: MartletError? { state.withLock { $0.error } }

    /// What is pushed, as something to find it by.
    var feedID: ObjectIdentifier { ObjectIdentifier(feed.source) }

    /// Gives it what sends it, which is cancelled with its end: at once if that was before.
    func run(_ task: Task<Void, Never>) {
        let isOver = state.withLock { state in
            state.task = task
            return state.end != nil
        }
        if isOver { task.cancel() }
    }

    /// Ends it: nothing more is encoded and sent.
    /// - Parameter error: What whoever writes into the source is thrown from now on, until it is published anew; `nil`: nothing.
    /// - Returns: Whether it went on until now.
    @discardableResult
    func end(_ reason: UnpublishReason, _ error: MartletError? = nil) -> Bool {
        let (isFirst, task) = state.withLock { state in
            guard state.end == nil else { return (false, Task<Void, Never>?.none) }
            state.end = reason
            state.error = error
            return (true, state.task)
        }
        guard isFirst else { return false }
        task?.cancel()
        if let error { feed.source.refuse(error) }
        return true
    }
}
