// The clock of all sound of one event loop: one timer, however many rooms listen and speak.
// SPDX-License-Identifier: Apache-2.0
import NIOCore
import Synchronization
import Wire

/// Lets rooms play every 10 ms, all of a loop one behind the other, and what they publish leave when it is due: readers are woken
/// together, what is due is encoded where it is sent, and the loop is woken once for all.
///
/// It belongs to its event loop as those rooms' media do, and ticks while there are any that play, or publish.
actor SoundClock {
    /// Between two pieces of sound.
    static let interval = MediaDuration.milliseconds(10)
    /// Between two looks at what is published. Of many sources sound leaves so much later than it is due at most, and as much later
    /// each time.
    static let look = MediaDuration.milliseconds(5)
    /// Up to so many sources are waited for exactly.
    static let exactMax = 8
    /// So long sound is encoded at a stretch; then datagrams and messages have their turn.
    static let stretch = MediaDuration.milliseconds(4)
    /// An outlet that was found empty so often in a row waits to be called: 100 ms.
    static let emptyLooks = 20
    /// Of each loop; a process has as many loops as cores.
    private static let clocks = Mutex<[ObjectIdentifier: SoundClock]>([:])

    private let eventLoop: any EventLoop
    private let executor: any SerialExecutor
    nonisolated var unownedExecutor: UnownedSerialExecutor {
        unsafe executor.asUnownedSerialExecutor()
    }
    private struct Entry {
        weak var room: MediaDriver?
    }

    /// What is published, and who waits for its end.
    private struct Publishing {
        let number: UInt64
        let outlet: any PacedOutlet
        let end: CheckedContinuation<Void, any Error>
        var emptyLooks = 0
    }

    private var rooms: [Entry] = []
    /// Those that have played in this tick.
    private var played: [MediaDriver] = []
    private var nextPiece = MediaInstant.zero
    /// Looked at with each tick.
    private var publishing: [Publishing] = []
    /// Of those whose source has nothing.
    private var idle: [UInt64: Publishing] = [:]
    /// Who is looked at first: whoever had no time left in the tick before.
    private var first = 0
    private var lastNumber: UInt64 = 0
    private var timer: (at: MediaInstant, task: Scheduled<Void>)?

    private init(_ eventLoop: any EventLoop) {
        self.eventLoop = eventLoop
        executor = eventLoop.executor
    }

    /// The clock of a loop.
    static func of(_ eventLoop: any EventLoop) -> SoundClock {
        clocks.withLock { clocks in
            let key = ObjectIdentifier(eventLoop)
            if let found = clocks[key] { return found }
            let made = SoundClock(eventLoop)
            clocks[key] = made
            return made
        }
    }

    /// The first tick after a moment: all clocks of the machine tick at once.
    static func next(
        after now: MediaInstant, each interval: MediaDuration = interval
    ) -> MediaInstant {
        let ticks = now.nanoseconds / interval.nanoseconds
        return MediaInstant(nanoseconds: (ticks &+ 1) &* interval.nanoseconds)
    }

    // MARK: Playing

    /// Lets a room play with each tick from now on, until it is removed.
    func add(_ room: MediaDriver) {
        if rooms.isEmpty { nextPiece = Self.next(after: MediaDriver.now) }
        rooms.append(Entry(room: room))
        plan()
    }

    func remove(_ room: MediaDriver) {
        rooms.removeAll { $0.room === room || $0.room == nil }
    }

    private func play(at now: MediaInstant) {
        guard !rooms.isEmpty, nextPiece <= now else { return }
        nextPiece = Self.next(after: now)
        var hasGone = false
        for entry in rooms {
            guard let room = entry.room else {
                hasGone = true
                continue
            }
            room.assumeIsolated { $0.tick(to: now) }
            played.append(room)
        }
        // Behind one another: the threads of readers are woken once for many, rather than for each anew.
        for room in played { room.assumeIsolated { $0.handOut() } }
        played.removeAll(keepingCapacity: true)
        if hasGone { rooms.removeAll { $0.room == nil } }
    }

    // MARK: Publishing

    /// Lets what is pushed leave when it is due, until the source has ended or the task is cancelled.
    /// - Throws: What the outlet throws.
    func publish(_ outlet: sending any PacedOutlet) async throws {
        lastNumber += 1
        let number = lastNumber
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                idle[number] = Publishing(number: number, outlet: outlet, end: continuation)
                wake(number)
            }
        } onCancel: {
            // Behind what begins it, if that has not been.
            eventLoop.execute { self.assumeIsolated { $0.cancel(number) } }
        }
    }

    /// How many sources are looked at with each tick, and how many wait to be called; for tests.
    var sources: (looked: Int, idle: Int) { (publishing.count, idle.count) }

    private func cancel(_ number: UInt64) {
        var found = idle.removeValue(forKey: number)
        if let index = publishing.firstIndex(where: { $0.number == number }) {
            found = publishing.remove(at: index)
        }
        found?.end.resume(throwing: CancellationError())
    }

    /// Something was pushed where nothing was.
    private func wake(_ number: UInt64) {
        guard var found = idle.removeValue(forKey: number) else { return }
        found.emptyLooks = 0
        let now = MediaDriver.now
        if send(&found, at: now, until: now + Self.stretch) {
            found.outlet.resumeWriters()
            publishing.append(found)
        }
        plan()
    }

    /// Lets everybody send what is due, as far as there is time.
    private func send(at now: MediaInstant) {
        let end = now + Self.stretch
        let count = publishing.count
        guard count > 0 else { return }
        let begin = first < count ? first : 0
        first = 0
        var gone = false
        for step in 0..<count {
            let index = (begin + step) % count
            if step > 0, MediaDriver.now >= end {
                first = index
                break
            }
            if !send(&publishing[index], at: now, until: end) {
                publishing[index].emptyLooks = .max
                gone = true
            }
        }
        for publishing in publishing { publishing.outlet.resumeWriters() }
        guard gone else { return }
        publishing.removeAll { $0.emptyLooks == .max }
        first = 0
    }

    /// Lets one send what is due.
    /// - Returns: Whether it is to be looked at with the next tick; else it is over, or waits to be called.
    private func send(
        _ publishing: inout Publishing, at now: MediaInstant, until end: MediaInstant
    ) -> Bool {
        do {
            switch try publishing.outlet.send(at: now, until: end) {
            case .waiting: publishing.emptyLooks = 0
            case .empty:
                publishing.emptyLooks += 1
                guard publishing.emptyLooks >= Self.emptyLooks else { return true }
                let number = publishing.number
                let isIdle = publishing.outlet.call { [weak self] in
                    self?.eventLoop.execute { [weak self] in
                        self?.assumeIsolated { $0.wake(number) }
                        return
                    }
                }
                guard isIdle else { return true }
                publishing.outlet.resumeWriters()
                idle[number] = publishing
                return false
            case .over:
                publishing.outlet.resumeWriters()
                publishing.end.resume()
                return false
            }
            return true
        } catch {
            publishing.outlet.resumeWriters()
            publishing.end.resume(throwing: error)
            return false
        }
    }

    // MARK: Time

    /// Sets the timer for the next tick, if anything needs one.
    private func plan() {
        let now = MediaDriver.now
        var next: MediaInstant
        if !publishing.isEmpty {
            next = Self.next(after: now, each: Self.look)
            if publishing.count <= Self.exactMax {
                for publishing in publishing {
                    if let due = publishing.outlet.nextDue, due > now { next = min(next, due) }
                }
            }
        } else if !rooms.isEmpty {
            next = Self.next(after: now)
        } else {
            return
        }
        if let timer {
            guard next < timer.at else { return }
            timer.task.cancel()
        }
        let task = eventLoop.scheduleTask(
            deadline: .uptimeNanoseconds(UInt64(clamping: next.nanoseconds))
        ) {
            self.assumeIsolated { $0.tick() }
        }
        timer = (next, task)
    }

    private func tick() {
        timer = nil
        let now = MediaDriver.now
        play(at: now)
        send(at: now)
        plan()
    }
}
