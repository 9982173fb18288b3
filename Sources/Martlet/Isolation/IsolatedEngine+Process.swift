// The life of an engine's process, from its first word to what is told of its end.
// SPDX-License-Identifier: Apache-2.0
import NIOCore

extension IsolatedEngine {
    func start() async throws(MartletError) -> Child {
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
    static func letGo(_ child: Child) {
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
        let losers = loseStreams()
        if !options.restarts || joined == nil { closeStreams() }
        let replies = child.replies
        child.replies = [:]
        let process = child.process
        // Ends when the process has.
        mourning = Task { await self.mourn(process, replies, losers, reason) }
    }

    private func mourn(
        _ process: EngineProcess,
        _ replies: [UInt64: CheckedContinuation<EngineReply, Never>], _ losers: [Int],
        _ reason: String?
    ) async {
        let ending = await process.ending(patience: reason == nil ? Self.statusMax : .zero)
        let error = MartletError(
            .engineFailed,
            reason.map { "The engine was ended: \($0)." } ?? "The engine is gone: \(ending.text).")
        tellLost(error)
        for stream in losers { hub.tell(.dataLost(stream: stream)) }
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
        case .connecting, .connected, .reconnecting: reason = .engineCrashed
        }
        hub.relay(
            .connectionChanged(
                ConnectionChange(
                    from: before, to: .disconnected(reason), reason: reason,
                    error: reason == .left ? nil : error)))
    }
}
