// One clock for all connections of an event loop.
// SPDX-License-Identifier: Apache-2.0
import NIOCore
import Synchronization

/// Who is woken by a clock, on its event loop.
protocol ClockListener: AnyObject {
    /// Time has passed.
    /// - Returns: How long until this is to be called again, as well as ticks allow; `nil`: never.
    func letTimePass() -> Duration?
}

/// Wakes the connections of one event loop when their time has come: all of one tick together.
///
/// A timer each would be a heap of thousands that is sorted thousands of times a second, and a wake-up for each.
final class ConnectionClock {
    /// How late somebody may be woken.
    static let tick = Duration.milliseconds(20)

    private let eventLoop: any EventLoop
    private var wheel = TickWheel<any ClockListener>(at: ConnectionClock.ticks())
    private var isRunning = false

    init(eventLoop: any EventLoop) { self.eventLoop = eventLoop }

    /// Wakes a listener from now on, until it says never. One that is gone meanwhile is held for its last wait.
    func add(_ listener: any ClockListener) { wake(listener) }

    private func wake(_ listener: any ClockListener) {
        guard let wait = listener.letTimePass() else { return }
        wheel.insert(listener, at: Self.ticks(after: wait))
        run()
    }

    private func run() {
        guard !isRunning, wheel.count > 0 else { return }
        let next = (Self.ticks() + 1) * UInt64(Self.tick.nanoseconds)
        let callback = try? eventLoop.assumeIsolated().scheduleCallback(
            at: .uptimeNanoseconds(next), handler: self)
        isRunning = callback != nil
    }

    /// The tick that has come when so much time has passed.
    private static func ticks(after wait: Duration) -> UInt64 {
        let due = NIODeadline.now() + .nanoseconds(max(wait.nanoseconds, 0))
        return (due.uptimeNanoseconds + UInt64(tick.nanoseconds) - 1) / UInt64(tick.nanoseconds)
    }

    /// The last tick that has come.
    private static func ticks() -> UInt64 {
        NIODeadline.now().uptimeNanoseconds / UInt64(tick.nanoseconds)
    }
}

extension ConnectionClock: NIOScheduledCallbackHandler {
    func handleScheduledCallback(eventLoop: some EventLoop) {
        isRunning = false
        for listener in wheel.advance(to: Self.ticks()) { wake(listener) }
        run()
    }
}

/// The clocks of the event loops there are.
final class ConnectionClocks: Sendable {
    /// Looked up, never iterated; one for each event loop, whose number is fixed.
    private let clocks = Mutex<[ObjectIdentifier: NIOLoopBound<ConnectionClock>]>([:])

    /// The clock of an event loop; on that loop.
    func clock(of eventLoop: any EventLoop) -> ConnectionClock {
        clocks.withLock { clocks in
            let id = ObjectIdentifier(eventLoop)
            let clock =
                clocks[id]
                ?? NIOLoopBound(ConnectionClock(eventLoop: eventLoop), eventLoop: eventLoop)
            clocks[id] = clock
            return clock
        }.value
    }
}
