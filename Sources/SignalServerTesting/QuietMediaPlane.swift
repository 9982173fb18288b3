// Media loops that obey everything and say nothing.
// SPDX-License-Identifier: Apache-2.0
package import MediaWorker
import SignalServer

/// Takes the place of media where signalling alone is looked at.
package final class QuietMediaPlane: MediaPlane {
    package let loopCount = 1
    package let events: [AsyncStream<WorkerEvent>]
    private let eventsIn: AsyncStream<WorkerEvent>.Continuation

    /// One loop.
    package init() {
        let (stream, continuation) = AsyncStream.makeStream(of: WorkerEvent.self)
        events = [stream]
        eventsIn = continuation
    }

    package func submit(_ command: WorkerCommand, to loop: Int) -> Bool { true }
    package func hasSpace(in loop: Int) -> Bool { true }
}
