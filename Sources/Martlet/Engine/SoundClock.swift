// The clock of all sound that is played on one event loop: one timer, however many rooms listen.
// SPDX-License-Identifier: Apache-2.0
import NIOCore
import Synchronization
import Wire

/// Lets rooms play every 10 ms, all of a loop one behind the other: their readers are woken together, and the loop once.
///
/// It belongs to its event loop as those rooms' media do, and ticks while there are any.
actor SoundClock {
    /// Between two pieces of sound.
    static let interval = MediaDuration.milliseconds(10)
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

    private var rooms: [Entry] = []
    private var timer: Scheduled<Void>?

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
    static func next(after now: MediaInstant) -> MediaInstant {
        let ticks = now.nanoseconds / interval.nanoseconds
        return MediaInstant(nanoseconds: (ticks &+ 1) &* interval.nanoseconds)
    }

    /// Lets a room play with each tick from now on, until it is removed.
    func add(_ room: MediaDriver) {
        rooms.append(Entry(room: room))
        if timer == nil { plan() }
    }

    func remove(_ room: MediaDriver) {
        rooms.removeAll { $0.room === room || $0.room == nil }
        guard rooms.isEmpty else { return }
        timer?.cancel()
        timer = nil
    }

    private func plan() {
        let next = Self.next(after: MediaDriver.now)
        timer = eventLoop.scheduleTask(
            deadline: .uptimeNanoseconds(UInt64(clamping: next.nanoseconds))
        ) {
            self.assumeIsolated { $0.tick() }
        }
    }

    private func tick() {
        timer = nil
        let now = MediaDriver.now
        var hasGone = false
        for entry in rooms {
            guard let room = entry.room else {
                hasGone = true
                continue
            }
            room.assumeIsolated { $0.tick(to: now) }
        }
        if hasGone { rooms.removeAll { $0.room == nil } }
        if timer == nil, !rooms.isEmpty { plan() }
    }
}
