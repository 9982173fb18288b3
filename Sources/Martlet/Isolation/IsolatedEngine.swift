// A room that is carried out in another process: joining, leaving, and the process's life.
// SPDX-License-Identifier: Apache-2.0
import NIOCore
import NIOPosix

/// The application's side. It begins a process when it joins and ends it when it leaves, and it is the only one that knows what
/// has to be said again to a process that takes the place of another.
actor IsolatedEngine {
    /// A process and what is said to it. It belongs to the engine.
    final class Child {
        let number: Int
        let process: EngineProcess
        let connection: EngineConnection
        var replies: [UInt64: CheckedContinuation<EngineReply, Never>] = [:]
        var lastRequest: UInt64 = 0
        var unansweredPings = 0
        var ping: RepeatedTask?

        init(number: Int, process: EngineProcess, connection: EngineConnection) {
            self.number = number
            self.process = process
            self.connection = connection
        }
    }

    /// A process that says nothing for so long after it was started is of no use.
    private static let helloMax = TimeAmount.seconds(10)
    static let pingInterval = TimeAmount.seconds(2)
    /// How many pings in a row may be without an answer; time that this process itself was asleep does not count.
    static let pingsUnansweredMax = 5
    /// How long an engine that was let go may take to end.
    static let endingMax = Duration.seconds(3)
    /// How long the status of one that has closed its socket is waited for.
    private static let statusMax = Duration.milliseconds(500)

    nonisolated let eventLoop: any EventLoop
    private let executor: any SerialExecutor
    nonisolated var unownedExecutor: UnownedSerialExecutor {
        unsafe executor.asUnownedSerialExecutor()
    }

    let options: EngineOptions
    let hub: RoomHub
    var child: Child?
    private var lastChild = 0
    private var hello: (number: Int, continuation: CheckedContinuation<Int?, Never>)?
    /// A first word that came before anybody waited for it; `nil` within: the connection ended first.
    private var heardHello: (number: Int, version: Int?)?
    /// What tells of a process that is gone.
    var mourning: Task<Void, Never>?
    /// What was joined, as it would be joined again; `nil`: nothing is.
    var joined: JoinOptions?
    /// Counts what was asked for: what belongs to an earlier wish is over.
    var wish = 0
    private var isJoining = false
    var restart: Task<Void, Never>?
    var restarts: [NIODeadline] = []
    var publications: [IsolatedPublication] = []
    var taps: [UInt32: IsolatedTap] = [:]
    var choices = EngineChoices()
    private var lastNumber: UInt32 = 0

    init(options: EngineOptions, hub: RoomHub) {
        self.options = options
        self.hub = hub
        eventLoop = MultiThreadedEventLoopGroup.singleton.next()
        executor = eventLoop.executor
    }

    isolated deinit {
        restart?.cancel()
        for tap in taps.values { tap.finish() }
        if let child { Self.letGo(child) }
    }

    /// The process that carries the room now.
    var processID: Int32? { child?.process.id }

    /// A number for a publication or a tap.
    func nextNumber() -> UInt32 {
        lastNumber &+= 1
        return lastNumber
    }

    // MARK: Joining and leaving

    func join(_ options: JoinOptions) async throws(MartletError) {
        await mourning?.value
        guard !isJoining, case .disconnected = hub.connectionState else {
            throw MartletError(.invalidState, "Leave before you join again.")
        }
        isJoining = true
        defer { isJoining = false }
        end()
        var options = options
        if options.mediaPorts == nil { options.mediaPorts = self.options.mediaPorts }
        try await enter(options, wish: wish)
        joined = options
        await noteIdentity()
    }

    /// Starts a process and joins with it.
    func enter(_ options: JoinOptions, wish: Int) async throws(MartletError) {
        let child = try await start()
        guard wish == self.wish else {
            Self.letGo(child)
            throw MartletError(.invalidState, "The room was left.")
        }
        guard child.connection.isOpen else {
            let ending = await child.process.ending(patience: Self.statusMax)
            throw MartletError(.engineFailed, "The engine is gone: \(ending.text).")
        }
        self.child = child
        do throws(MartletError) {
            _ = try await call(.join(options), on: child)
        } catch {
            if self.child === child {
                self.child = nil
                Self.letGo(child)
            }
            throw error
        }
    }

    /// Who the server took us for is who comes again, so that nobody stays behind as a ghost. A token names one anyway.
    func noteIdentity() async {
        guard joined?.token == nil, joined?.participant == nil,
            case .participant(let own?) = try? await call(.localParticipant)
        else { return }
        joined?.participant = own.id
    }

    func leave() async {
        await mourning?.value
        if let child, hub.connectionState.isSomewhere {
            for publication in publications { publication.stop() }
            joined = nil
            restart?.cancel()
            _ = try? await call(.leave, on: child)
        }
        end()
    }

    /// Ends what there is.
    private func end() {
        wish += 1
        joined = nil
        restart?.cancel()
        restart = nil
        choices = EngineChoices()
        endStreams()
        guard let child else { return }
        self.child = nil
        Self.letGo(child)
    }

    func endStreams() {
        for publication in publications { publication.stop() }
        publications = []
        for tap in taps.values { tap.finish() }
        taps = [:]
    }

    // MARK: The process

    private func start() async throws(MartletError) -> Child {
        let launched = try await EngineProcess.launch(options)
        lastChild += 1
        let number = lastChild
        let connection: EngineConnection
        do throws(MartletError) {
            connection = try await EngineConnection.open(
                launched.socket, outgoing: launched.outgoing, incoming: launched.incoming,
                on: eventLoop, listener: listener(number))
        } catch {
            Self.reap(launched.process, patience: .zero)
            throw error
        }
        let child = Child(number: number, process: launched.process, connection: connection)
        let version = await waitForHello(number)
        guard version == EngineMessage.version else {
            connection.close()
            let ending = await launched.process.ending(patience: Self.statusMax)
            throw MartletError(
                .engineFailed,
                version == nil
                    ? "The engine did not begin: \(ending.text)."
                    : "The engine is of another version of Martlet: install the SDK's own \(EngineProcess.programName)."
            )
        }
        child.ping = eventLoop.scheduleRepeatedTask(
            initialDelay: Self.pingInterval, delay: Self.pingInterval
        ) { [weak self] _ in
            self?.assumeIsolated { $0.ping(number) }
            return
        }
        return child
    }

    private func listener(_ number: Int) -> EngineListener {
        EngineListener(
            onMessage: { [weak self] message in
                self?.assumeIsolated { $0.hear(message, from: number) }
                return
            },
            onFrame: { [weak self] notice, bytes in
                // The bytes are used before this returns.
                self?.assumeIsolated { $0.take(notice, bytes, from: number) } ?? true
            },
            onTaken: { [weak self] stream in
                self?.assumeIsolated { engine in
                    guard engine.child?.number == number else { return }
                    engine.publications.first { $0.number == stream }?.noteTaken()
                }
                return
            },
            onEnd: { [weak self] reason in
                self?.assumeIsolated { $0.lose(number, reason) }
                return
            })
    }

    private func waitForHello(_ number: Int) async -> Int? {
        if let heardHello, heardHello.number == number { return heardHello.version }
        let timeout = eventLoop.scheduleTask(in: Self.helloMax) { [weak self] in
            self?.assumeIsolated { $0.answerHello(number, nil) }
            return
        }
        defer { timeout.cancel() }
        return await withCheckedContinuation { hello = (number, $0) }
    }

    func answerHello(_ number: Int, _ version: Int?) {
        guard let hello, hello.number == number else {
            if heardHello?.number != number { heardHello = (number, version) }
            return
        }
        self.hello = nil
        hello.continuation.resume(returning: version)
    }

    private func ping(_ number: Int) {
        guard let child, child.number == number else { return }
        guard child.unansweredPings < Self.pingsUnansweredMax else {
            lose(number, "it answered nothing for ten seconds")
            return
        }
        child.unansweredPings += 1
        child.connection.send(.ping)
    }

    /// Parts with a process that is still there.
    private static func letGo(_ child: Child) {
        child.ping?.cancel()
        child.connection.close()
        for reply in child.replies.values {
            reply.resume(returning: .failed(MartletError(.invalidState, "The room was left.")))
        }
        child.replies = [:]
        reap(child.process, patience: endingMax)
    }

    /// Waits for the end of a process that nobody cares for, so that it does not stay as a zombie.
    private static func reap(_ process: EngineProcess, patience: Duration) {
        // Ends by itself: after its patience it kills.
        Task { _ = await process.ending(patience: patience) }
    }

    /// The process is gone, or cannot be understood any more.
    private func lose(_ number: Int, _ reason: String?) {
        answerHello(number, nil)
        guard let child, child.number == number else { return }
        self.child = nil
        child.ping?.cancel()
        child.connection.close()
        for publication in publications { publication.stop() }
        for tap in taps.values { tap.interrupt() }
        let replies = child.replies
        child.replies = [:]
        let process = child.process
        // Ends when the process has.
        mourning = Task { await self.mourn(process, replies, reason) }
    }

    private func mourn(
        _ process: EngineProcess,
        _ replies: [UInt64: CheckedContinuation<EngineReply, Never>], _ reason: String?
    ) async {
        let ending = await process.ending(patience: reason == nil ? Self.statusMax : .zero)
        let error = MartletError(
            .engineFailed,
            reason.map { "The engine was ended: \($0)." } ?? "The engine is gone: \(ending.text).")
        tellLost(error)
        for reply in replies.values { reply.resume(returning: .failed(error)) }
        // While it comes back, that goes on by itself.
        guard restart == nil else { return }
        if options.restarts, joined != nil {
            comeBack()
        } else {
            joined = nil
            endStreams()
        }
    }

    private func tellLost(_ error: MartletError) {
        let before = hub.connectionState
        let reason: ChangeReason
        switch before {
        case .disconnected: return
        case .leaving: reason = .left
        // Nobody is in a room yet: what was crashed into is the way there.
        case .connecting: reason = .linkFailed
        case .connected, .reconnecting: reason = .engineCrashed
        }
        hub.relay(
            .connectionChanged(
                ConnectionChange(
                    from: before, to: .disconnected(reason), reason: reason,
                    error: reason == .left ? nil : error)))
    }
}

extension ConnectionState {
    /// Whether there is something to leave.
    var isSomewhere: Bool {
        if case .disconnected = self { false } else { true }
    }
}
