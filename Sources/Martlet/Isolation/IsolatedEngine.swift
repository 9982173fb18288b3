// A room that is carried out in another process: joining, leaving, and the process's life.
// SPDX-License-Identifier: Apache-2.0
import NIOCore
import NIOPosix
import Synchronization

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
    static let helloMax = TimeAmount.seconds(10)
    static let pingInterval = TimeAmount.seconds(2)
    /// How many pings in a row may be without an answer; time that this process itself was asleep does not count.
    static let pingsUnansweredMax = 5
    /// How long an engine that was let go may take to end.
    static let endingMax = Duration.seconds(3)
    /// How long the status of one that has closed its socket is waited for.
    static let statusMax = Duration.milliseconds(500)

    nonisolated let eventLoop: any EventLoop
    private let executor: any SerialExecutor
    nonisolated var unownedExecutor: UnownedSerialExecutor {
        unsafe executor.asUnownedSerialExecutor()
    }

    let options: EngineOptions
    let hub: RoomHub
    var child: Child? {
        didSet {
            let process = child?.process.id
            carrier.withLock { $0 = process }
        }
    }
    /// The process of ``child``, for who does not wait for this actor.
    nonisolated let carrier = Mutex<Int32?>(nil)
    var lastChild = 0
    var hello: (number: Int, continuation: CheckedContinuation<Int?, Never>)?
    /// A first word that came before anybody waited for it; `nil` within: the connection ended first.
    var heardHello: (number: Int, version: Int?)?
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
    /// What the engine was asked to publish and has not answered for.
    var arriving: [UInt32: IsolatedPublication] = [:]
    var taps: [UInt32: IsolatedTap] = [:]
    var streams: [Int: IsolatedStream] = [:]
    var lastStream = 0
    var choices = EngineChoices()
    /// The settings that each process is given.
    var parameters = RoomParameters()
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
        noteIdentity()
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
            if parameters != RoomParameters() {
                _ = try await call(.setParameters(parameters), on: child)
            }
            _ = try await call(.join(options), on: child)
        } catch {
            if self.child === child {
                self.child = nil
                Self.letGo(child)
            }
            throw error
        }
    }

    /// Who the server took us for is who comes again, so that nobody stays behind as a ghost, and as the others know them by
    /// now. A token names one anyway.
    func noteIdentity() {
        guard let own = hub.oneself else { return }
        if joined?.token == nil { joined?.participant = own.id }
        joined?.name = own.name
        joined?.metadata = own.metadata
        joined?.attributes = own.attributes
    }

    func leave() async {
        await mourning?.value
        if let child, hub.connectionState.isSomewhere {
            for publication in publications { publication.end(.left) }
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
        for publication in publications { publication.end(.left) }
        publications = []
        for tap in taps.values { tap.finish() }
        taps = [:]
        closeStreams()
    }
}

extension ConnectionState {
    /// Whether there is something to leave.
    var isSomewhere: Bool {
        if case .disconnected = self { false } else { true }
    }
}
