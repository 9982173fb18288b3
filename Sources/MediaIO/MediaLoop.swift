// A media loop: one thread that owns sockets and a handler alone.
// SPDX-License-Identifier: Apache-2.0
import Synchronization
package import Wire

/// The bounds of a media loop and of its thread.
package struct MediaLoopConfiguration: Sendable, Equatable {
    /// The thread's name, of which the kernel shows 15 bytes.
    package var name = "media-loop"
    /// The only CPU the thread may run on; nil leaves that to the kernel.
    package var cpu: Int?
    /// The most commands that wait for the loop.
    package var commandsMax = 4096
    /// The most events that wait for their reader; more are dropped and counted.
    package var eventsMax = 8192
    /// The most datagrams taken in one turn.
    package var datagramsPerTurnMax = 256
    /// The most commands carried out in one turn, so that media does not wait behind a storm of joins.
    package var commandsPerTurnMax = 64

    /// The values for a server.
    package init() {}
}

/// What a loop has done since it began.
package struct MediaLoopStatistics: Sendable, Equatable {
    /// What came in.
    package var received = ReceiveCounters()
    /// What went out.
    package var sent = SendCounters()
    /// What came and went over TCP.
    package var streams = StreamCounters()
    /// Datagrams the kernel dropped because the receive buffers were full; looked up once a second.
    package var kernelDrops: UInt64 = 0
    /// Turns of the loop.
    package var turns: UInt64 = 0
    /// Commands carried out.
    package var commands: UInt64 = 0
    /// Commands refused because the queue was full or closed.
    package var commandsRefused: UInt64 = 0
    /// Events handed over.
    package var events: UInt64 = 0
    /// Events dropped because nobody read them in time.
    package var eventsDropped: UInt64 = 0
    /// CPU time of the loop's thread; looked up once a second and at its end.
    package var cpuTime = MediaDuration.zero

    /// Nothing done yet.
    package init() {}
}

/// A running loop, as other threads see it. Ends with `stop()`, at the latest when the last reference goes.
package final class MediaLoop<Handler: MediaLoopHandler & ~Copyable>: Sendable {
    /// Where the loop's sockets are bound; a path's `socket` is the index here.
    package let addresses: [NetworkAddress]
    /// What the handler tells, in order, for one reader; ends when the loop has stopped. Newer events are
    /// dropped and counted while `eventsMax` are waiting.
    package let events: AsyncStream<Handler.Event>
    private let commands: CommandQueue<Handler.Command>
    private let published: PublishedStatistics
    private let thread: LoopThread

    /// Starts the loop; sockets and handler are its own from here on.
    /// - Parameters:
    ///   - mesh: What it hands packets to other loops through; `nil`: it has nothing to do with others.
    ///   - index: Its number among the loops of the mesh, which no other has.
    package init(
        configuration: MediaLoopConfiguration = MediaLoopConfiguration(),
        sockets: consuming SocketSet, handler: consuming sending Handler,
        mesh: RelayMesh? = nil, index: Int = 0
    ) throws(SocketError) {
        addresses = sockets.addresses
        let wake: WakeSignal
        if let mesh { wake = mesh.ports[index].wake } else { wake = try WakeSignal() }
        commands = CommandQueue(capacity: configuration.commandsMax, wake: wake)
        published = PublishedStatistics()
        let (events, continuation) = AsyncStream.makeStream(
            of: Handler.Event.self,
            bufferingPolicy: .bufferingOldest(max(1, configuration.eventsMax)))
        self.events = events
        let inbox = try DatagramInbox(capacity: configuration.datagramsPerTurnMax)
        var poller = try Poller()
        try poller.watch(commands.wake)
        try poller.watch(sockets)
        try sockets.streams.watch(with: &poller)
        let turns = MediaLoopTurns(
            configuration: configuration, sockets: sockets, inbox: inbox, poller: poller,
            handler: handler, relay: mesh.map { RelayExchange($0, index: index) },
            commands: commands, events: continuation, published: published)
        thread = try LoopThread(
            name: configuration.name, cpu: configuration.cpu, body: MediaLoopBody(turns))
    }

    deinit { stop() }

    /// Gives the handler a command, in order. False, without waiting, when the queue is full or the loop
    /// stops: the caller decides whether to try again.
    package func submit(_ command: Handler.Command) -> Bool { commands.submit(command) }

    /// Whether a command would be taken now; another thread may be faster.
    package var hasCommandSpace: Bool { commands.hasSpace }

    /// What the loop has done; a busy loop's figures are at most one turn old.
    package func statistics() -> MediaLoopStatistics {
        var statistics = published.read()
        statistics.commandsRefused = commands.refused
        return statistics
    }

    /// Carries out the commands already given, sends what they lead to, closes the sockets and waits for the
    /// thread's end. From the loop's own thread it only asks for that.
    package func stop() {
        commands.close()
        thread.join()
    }
}

/// The loop's figures, put down for others without ever making the loop wait.
final class PublishedStatistics: Sendable {
    private let value = Mutex(MediaLoopStatistics())

    func read() -> MediaLoopStatistics { value.withLock { $0 } }

    /// Replaces the figures; does nothing while somebody reads, unless it must.
    func publish(_ statistics: MediaLoopStatistics, waits: Bool) {
        if waits {
            value.withLock { $0 = statistics }
        } else {
            value.withLockIfAvailable { $0 = statistics }
        }
    }
}
