// Drives a client's session over a real WebSocket, a real clock and a media link.
// SPDX-License-Identifier: Apache-2.0
package import ClientSession
package import NIOCore
import NIOPosix
package import Signaling
import Synchronization
import Wire

/// Owns one `ClientSession`: nothing but it touches the session.
///
/// It runs on one event loop, which many drivers share; it blocks none, and has no thread of its own. Whoever has no
/// more use for it leaves the room and lets go of it.
package actor SessionDriver {
    /// Where it runs.
    package nonisolated let eventLoop: any EventLoop
    /// What the session tells, in order; for one reader. Empty where a callback was given.
    package nonisolated let events: AsyncStream<SessionEvent>

    let address: WebSocketAddress
    let options: DriverOptions
    let media: any MediaLink
    private let executor: any SerialExecutor
    private let onEvent: (@Sendable (SessionEvent) -> Void)?
    private let eventsIn: AsyncStream<SessionEvent>.Continuation

    var session: ClientSession
    /// What the server said last when it refused.
    var lastRefusal: SignalingError?
    /// Why the last socket was lost.
    var lastLinkError: WebSocketError?
    /// Whether the application left too many events unread.
    var hasFallenBehind = false
    var socket: WebSocketClient?
    var mediaOperations: [MediaOperation] = []
    var mediaTask: Task<Void, Never>?
    /// Whether that is throwing a link away, which nothing makes moot.
    var isEndingMedia = false
    /// Grows with each link thrown away.
    var mediaNumber: UInt64 = 0
    /// Whether what is told of media is of the link there is now.
    var hearsMedia = false
    /// How often in a row a media link could not take its answer.
    var mediaFailures = 0
    nonisolated let mediaHeardAt = Atomic<Int64>(.min)
    /// Whether the session is about to be told that the network is another one.
    nonisolated let isNetworkChanging = Atomic<Bool>(false)
    var waiters: [Waiter] = []
    private var lastWaiter: UInt64 = 0
    private var timer: (at: MediaInstant, task: Scheduled<Void>)?
    private var isDraining = false

    package nonisolated var unownedExecutor: UnownedSerialExecutor {
        unsafe executor.asUnownedSerialExecutor()
    }

    /// Makes a driver that has not joined.
    /// - Parameters:
    ///   - address: The server's signalling WebSocket.
    ///   - media: The media link, made anew with each offer for `.join`.
    ///   - eventLoop: Where to run, one of a `MultiThreadedEventLoopGroup`; `nil`: on one of those that all drivers share.
    ///   - onEvent: Called on the event loop with each event, in order, instead of `events`; not to block.
    /// - Throws: `.invalidArgument` if the window is out of its range of 30 to 50 s.
    package init(
        _ address: WebSocketAddress, media: any MediaLink, options: DriverOptions = DriverOptions(),
        on eventLoop: (any EventLoop)? = nil,
        onEvent: (@Sendable (SessionEvent) -> Void)? = nil
    ) throws(SignalingError) {
        self.address = address
        self.media = media
        self.options = options
        let eventLoop = eventLoop ?? MultiThreadedEventLoopGroup.singleton.next()
        self.eventLoop = eventLoop
        executor = eventLoop.executor
        self.onEvent = onEvent
        (events, eventsIn) = AsyncStream.makeStream(
            bufferingPolicy: .bufferingOldest(options.eventsMax))
        if onEvent != nil { eventsIn.finish() }
        session = try ClientSession(
            timing: options.timing, jitterSeed: .random(in: .min ... .max))
        MessageMemory.shared.enter()
    }

    isolated deinit {
        MessageMemory.shared.leave()
        socket?.close()
        mediaTask?.cancel()
        timer?.task.cancel()
        eventsIn.finish()
    }

    // MARK: State

    /// Where the connection stands.
    package var phase: ConnectionPhase { session.phase }

    /// Relays for a media link that finds no direct way, as the last `joined` named them; empty: there are none.
    package var iceServers: [ICEServer] { session.iceServers }

    /// Everything readable, as of now.
    package var state: SessionState {
        SessionState(
            phase: session.phase, reason: session.reason, lostLink: session.lostLink,
            attempt: session.attempt, room: session.room, participant: session.participant,
            grants: session.grants, isPublisher: session.isPublisher,
            iceServers: session.iceServers, roster: session.roster,
            publications: session.publications,
            failure: session.phase == .disconnected || session.phase == .reconnecting
                ? failure : nil,
            linkError: lastLinkError)
    }

    /// Why the connection stands where it stands, as an error.
    var failure: SessionFailure {
        if hasFallenBehind {
            return .refused(
                SignalingError(
                    .connectionTooSlow, detail: "The application left too many events unread."))
        }
        return session.reason.failure(refusal: lastRefusal, link: lastLinkError)
    }

    // MARK: Driving

    /// Now, on the clock of the session.
    nonisolated var now: MediaInstant { options.clock.now }

    /// Hands something in, and does what the session asks for.
    @discardableResult
    func perform<T>(
        _ body: (inout ClientSession, MediaInstant) throws(SignalingError) -> T
    ) throws(SessionFailure) -> T {
        defer { drain() }
        do { return try body(&session, now) } catch { throw .refused(error) }
    }

    /// Hands something in that cannot be refused.
    func tell(_ body: (inout ClientSession, MediaInstant) -> Void) {
        body(&session, now)
        drain()
    }

    private func drain() {
        // What an action leads to is looked at when those before it are done.
        guard !isDraining else { return }
        isDraining = true
        var isDone = false
        while !isDone {
            isDone = true
            while let action = session.pollAction() {
                isDone = false
                obey(action)
            }
            while let event = session.pollEvent() {
                isDone = false
                handle(event)
            }
        }
        isDraining = false
        socket?.flush()
        checkWaiters()
        schedule()
    }

    private func handle(_ event: SessionEvent) {
        switch event {
        case .changed(let change):
            if change.to == .connected {
                lastLinkError = nil
                lastRefusal = nil
            }
            setDeadlines(change.to == .connected ? now + options.requestTimeout : nil)
        case .answered(let id, let outcome): answered(id, outcome)
        default: break
        }
        if let onEvent { return onEvent(event) }
        if case .dropped = eventsIn.yield(event), session.phase != .leaving,
            session.phase != .disconnected
        {
            hasFallenBehind = true
            session.leave(at: now)
        }
    }

    // MARK: Time

    private func schedule() {
        var next = session.nextDeadline
        for waiter in waiters {
            if let deadline = waiter.deadline { next = min(next ?? deadline, deadline) }
        }
        guard let next else { return }
        // An earlier timer finds out by itself that it came too early.
        if let timer, timer.at <= next { return }
        timer?.task.cancel()
        let task = eventLoop.scheduleTask(deadline: options.clock.deadline(next)) { [weak self] in
            self?.assumeIsolated { $0.timerFired() }
            return
        }
        timer = (next, task)
    }

    private func timerFired() {
        timer = nil
        tell { $0.advance(to: $1) }
    }

    // MARK: Waiting

    /// Waits for something that the session brings.
    /// - Parameter request: The request under way for it.
    func wait(for aim: Aim, _ request: RequestID? = nil) async throws(SessionFailure)
        -> ServerMessage?
    {
        if let outcome = aim.outcome(in: session, failure: failure) { return try outcome.get() }
        lastWaiter += 1
        let number = lastWaiter
        let outcome = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                var waiter = Waiter(
                    number: number, aim: aim, request: request, continuation: continuation)
                if request != nil, session.phase == .connected {
                    waiter.deadline = now + options.requestTimeout
                }
                waiters.append(waiter)
                schedule()
            }
        } onCancel: {
            eventLoop.execute { [weak self] in
                self?.assumeIsolated { $0.giveUp(number) }
            }
        }
        return try outcome.get()
    }

    private func giveUp(_ number: UInt64) {
        guard let index = waiters.firstIndex(where: { $0.number == number }) else { return }
        let waiter = waiters.remove(at: index)
        waiter.continuation.resume(returning: .failure(.aborted))
        if waiter.aim == .joined { tell { $0.leave(at: $1) } }
    }

    private func answered(_ id: RequestID, _ outcome: RequestOutcome) {
        guard let index = waiters.firstIndex(where: { $0.request == id }) else { return }
        let waiter = waiters[index]
        let result: Outcome
        switch outcome {
        case .done(let message): result = .success(message)
        case .refused(let error): result = .failure(.refused(error))
        case .lost:
            guard waiter.aim == .answered else {
                // A new session asks for it again.
                waiters[index].request = nil
                return
            }
            result = .failure(.linkLost(session.reason))
        }
        waiters.remove(at: index)
        waiter.continuation.resume(returning: result)
        if case .refused = outcome, case .published(let mid) = waiter.aim {
            // What was refused is not tried again in the next session.
            try? session.unpublish(mid: mid)
        }
    }

    private func checkWaiters() {
        let now = now
        var index = 0
        while index < waiters.count {
            let waiter = waiters[index]
            var outcome = waiter.aim.outcome(in: session, failure: failure)
            if outcome == nil, let deadline = waiter.deadline, deadline <= now {
                outcome = .failure(.requestTimedOut)
            }
            guard let outcome else {
                index += 1
                continue
            }
            waiters.remove(at: index)
            waiter.continuation.resume(returning: outcome)
        }
    }

    /// What waits while the links are lost has all its time again when they are back.
    private func setDeadlines(_ deadline: MediaInstant?) {
        for index in waiters.indices where waiters[index].request != nil {
            waiters[index].deadline = deadline
        }
    }
}
