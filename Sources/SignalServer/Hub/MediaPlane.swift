// The control plane's view of the media loops: commands go in, events come out, packets are never seen.
// SPDX-License-Identifier: Apache-2.0
package import MediaWorker

/// The media loops of this process, or a stand-in for them in tests.
package protocol MediaPlane: Sendable {
    /// How many loops there are, at least 1; loops are named 0 to `loopCount - 1`.
    var loopCount: Int { get }

    /// Queues a command for a loop without waiting.
    /// - Returns: `false` if the loop's bounded queue is full; the command is then not obeyed.
    func submit(_ command: WorkerCommand, to loop: Int) -> Bool

    /// Whether a loop's queue has space now: whoever is not let in costs it nothing.
    func hasSpace(in loop: Int) -> Bool

    /// The events of each loop in their order, each to be iterated once; they end when the loops have stopped.
    var events: [AsyncStream<WorkerEvent>] { get }
}
