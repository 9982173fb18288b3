// How far a server has come with stopping, and its end if it comes no further.
// SPDX-License-Identifier: Apache-2.0
import Glibc
import SignalServer
import Synchronization

/// Watches over the way from a signal to the end of the process.
final class StopProgress: Sendable {
    /// What is waited for.
    enum Stage: String, Sendable {
        case connections = "connections and rooms"
        case media = "media loops"
    }

    /// From the signal to the end in any case: signalling takes 1.75 s of it at most, and media what its last turn takes.
    static let seconds = 5.0

    private let deadline = StopDeadline()
    private let stage = Mutex(Stage.connections)

    /// The signal has come.
    /// - Parameter connectionsOpen: Tells how many connections are open.
    func begin(connectionsOpen: @escaping @Sendable () -> Int) {
        deadline.begin(seconds: Self.seconds) {
            let stage = self.stage.withLock { $0 }
            let text =
                "Error: still not stopped after \(Int(Self.seconds)) s: gave up \(stage.rawValue)"
                + ", \(connectionsOpen()) connections open\n"
            let bytes = Array(text.utf8)
            _ = unsafe write(STDERR_FILENO, bytes, bytes.count)
            // Nothing that is stuck is asked again: neither destructors nor streams.
            _exit(EXIT_FAILURE)
        }
    }

    /// What was waited for before is done.
    func reach(_ stage: Stage) { self.stage.withLock { $0 = stage } }

    /// All is done.
    func end() { deadline.met() }
}
