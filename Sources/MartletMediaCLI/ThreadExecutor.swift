// A thread of its own for an actor that waits for disks and networks.
// SPDX-License-Identifier: Apache-2.0
import Foundation

/// Runs an actor's jobs one after the other on one thread, so that calls that wait hold up nobody else.
// What it keeps is guarded by its condition.
final class ThreadExecutor: SerialExecutor, @unchecked Sendable {
    private let condition = NSCondition()
    private var jobs: [UnownedJob] = []
    private var isEnding = false

    /// Starts the thread; it ends when nobody holds the executor any more and its jobs are done.
    init(name: String) {
        let thread = Thread { [condition, weak self] in
            while true {
                condition.lock()
                while let self, self.jobs.isEmpty, !self.isEnding {
                    condition.wait()
                }
                guard let self else {
                    condition.unlock()
                    return
                }
                guard !self.jobs.isEmpty else {
                    condition.unlock()
                    return
                }
                let job = self.jobs.removeFirst()
                condition.unlock()
                unsafe job.runSynchronously(on: self.asUnownedSerialExecutor())
            }
        }
        thread.name = name
        thread.start()
    }

    func enqueue(_ job: UnownedJob) {
        condition.lock()
        jobs.append(job)
        condition.signal()
        condition.unlock()
    }

    /// Lets the thread end once its jobs are done.
    func end() {
        condition.lock()
        isEnding = true
        condition.signal()
        condition.unlock()
    }

    func asUnownedSerialExecutor() -> UnownedSerialExecutor {
        unsafe UnownedSerialExecutor(ordinary: self)
    }
}
