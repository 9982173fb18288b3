// A way out for what is pushed, which a loop's clock looks at from tick to tick.
// SPDX-License-Identifier: Apache-2.0
import Wire

/// Sends what has become due of one source. It is called on one event loop alone, and waits for nothing.
protocol PacedOutlet: AnyObject {
    /// Sends what is due.
    /// - Parameters:
    ///   - now: The moment that things are due at.
    ///   - end: Behind this the rest waits for the next turn: others have theirs.
    /// - Throws: What cannot be encoded; the outlet is done with then.
    func send(at now: MediaInstant, until end: MediaInstant) throws -> OutletProgress

    /// When what is sent next is due; `nil`: that is not known.
    var nextDue: MediaInstant? { get }

    /// Who waited for room in the source's buffer that is there now.
    var writers: [CheckedContinuation<Bool, Never>] { get set }

    /// Lets those go on who waited for room; called behind what is sent, once for many packets.
    func resumeWriters()

    /// Has a closure called once when something is pushed, or the source ends.
    /// - Returns: `false`: that was so already, and nothing is called.
    func call(_ wake: @escaping @Sendable () -> Void) -> Bool
}

extension PacedOutlet {
    func resumeWriters() {
        for writer in writers { writer.resume(returning: true) }
        writers.removeAll(keepingCapacity: true)
    }
}

/// What becomes of an outlet.
enum OutletProgress: Equatable {
    /// Something waits for its time.
    case waiting
    /// Nothing is there for now.
    case empty
    /// The source has ended, and all of it was sent.
    case over
}
