// Many load clients on one media loop, each behind a socket of its own.
// SPDX-License-Identifier: Apache-2.0
import MediaIO
package import MediaWorker
package import Wire

/// What is asked of a swarm.
package enum LoadCommand: Sendable {
    /// Adds a client, which dials at once; its place is the number of its socket.
    case add(LoadClientPlan)
    /// Those who have dialled and have something to send begin.
    case publish
    /// All counters start anew.
    case resetCounters
    /// Asks for the counters, answered by `LoadEvent.report`.
    case report
}

/// What a swarm tells.
package enum LoadEvent: Sendable {
    /// Every client that has dialled is connected: so many.
    case connected(Int)
    /// A client is over.
    case failed(client: Int, reason: String)
    /// The counters of all clients together.
    case report(LoadReport)
}

/// Drives load clients.
package struct LoadSwarm: ~Copyable, MediaLoopHandler {
    package typealias Command = LoadCommand
    package typealias Event = LoadEvent

    /// Room for what the clients send in one turn; when it is full it is sent at once.
    private static let slabCount = 256 * 1_024

    private var clients: [LoadClient] = []
    private var deadlines: [MediaInstant?] = []
    private var hasFailed: [Bool] = []
    private var slab = [UInt8](repeating: 0, count: Self.slabCount)
    private var used = 0
    private var transmissions: [Transmission] = []
    private var segmentsOfLast = 0
    private var due: [Bool] = []
    private var events: [LoadEvent] = []
    private var connectedBefore = 0
    private var cpuTimeBefore = MediaDuration.zero
    private var startedAt = MediaInstant.zero

    /// Nobody dials yet.
    package init() {
        transmissions.reserveCapacity(1_024)
    }

    package mutating func apply(_ command: LoadCommand, at now: MediaInstant) {
        switch command {
        case .add(let plan): add(plan, at: now)
        case .publish:
            for index in clients.indices {
                clients[index].publish(at: now)
                due[index] = true
            }
        case .resetCounters:
            for client in clients { client.resetCounters() }
            cpuTimeBefore = MonotonicClock.threadCPUTime()
            startedAt = now
        case .report:
            var sum = LoadReport()
            for client in clients {
                let report = client.report
                sum.connected += report.connected
                sum.sent += report.sent
                sum.received += report.received
                sum.receivedBytes += report.receivedBytes
                sum.lost += report.lost
                sum.opened += report.opened
                sum.failed += report.failed
                sum.latency.add(report.latency)
            }
            let cpuTime = MonotonicClock.threadCPUTime()
            sum.cpuTime = MediaDuration(
                nanoseconds: cpuTime.nanoseconds - cpuTimeBefore.nanoseconds)
            sum.wallTime = now - startedAt
            events.append(.report(sum))
        }
    }

    package mutating func receive(
        _ datagram: inout MutableSpan<UInt8>, on path: TransportPath, at now: MediaInstant
    ) {
        let index = Int(path.socket)
        guard index < clients.count else { return }
        let isMedia = datagram.count > 0 && datagram[0] >= 128
        clients[index].receive(&datagram, on: path, at: now)
        // Media asks for no answer; everything else may.
        if !isMedia { due[index] = true }
    }

    package mutating func advance(to now: MediaInstant) {
        for index in clients.indices {
            guard let deadline = deadlines[index], deadline <= now else { continue }
            due[index] = true
            clients[index].advance(to: now)
        }
    }

    package mutating func finishTurn<Door: DatagramDoor & ~Copyable>(
        at now: MediaInstant, through door: inout Door
    ) {
        for index in clients.indices where due[index] {
            due[index] = false
            send(from: index, at: now, through: &door)
            deadlines[index] = clients[index].nextDeadline
            if !hasFailed[index], let reason = clients[index].failureReason {
                hasFailed[index] = true
                events.append(.failed(client: index, reason: reason))
            }
        }
        flush(through: &door)
        if connectedBefore < clients.count, clients.allSatisfy(\.isReady) {
            connectedBefore = clients.count
            events.append(.connected(clients.count))
        }
    }

    private mutating func add(_ plan: LoadClientPlan, at now: MediaInstant) {
        let index = clients.count
        guard let socket = UInt8(exactly: index) else { return }
        do {
            clients.append(try LoadClient(plan, socket: socket, at: now))
            deadlines.append(nil)
            hasFailed.append(false)
            due.append(true)
        } catch {
            events.append(.failed(client: index, reason: "\(error)"))
        }
    }

    private mutating func send<Door: DatagramDoor & ~Copyable>(
        from index: Int, at now: MediaInstant, through door: inout Door
    ) {
        let client = clients[index]
        while true {
            if used + LoadClient.datagramMax > slab.count { flush(through: &door) }
            let start = used
            var bytes = slab.mutableSpan
            var target = bytes._mutatingExtracting(start..<(start + LoadClient.datagramMax))
            guard let written = client.write(into: &target, at: now) else { return }
            commit(written.count, path: written.path)
        }
    }

    private mutating func commit(_ count: Int, path: TransportPath) {
        let last = transmissions.count - 1
        // A burst of equal packets leaves as one run, as a browser's socket would not, but a file's
        // might.
        if last >= 0, transmissions[last].path == path, transmissions[last].segmentSize == count,
            segmentsOfLast < 32
        {
            transmissions[last].count += count
            segmentsOfLast += 1
        } else {
            transmissions.append(
                Transmission(path: path, offset: used, count: count, segmentSize: count))
            segmentsOfLast = 1
        }
        used += count
    }

    private mutating func flush<Door: DatagramDoor & ~Copyable>(through door: inout Door) {
        if !transmissions.isEmpty { door.send(slab.span, transmissions.span) }
        transmissions.removeAll(keepingCapacity: true)
        used = 0
    }

    package var nextDeadline: MediaInstant? {
        var next: MediaInstant?
        for index in deadlines.indices {
            if let deadline = deadlines[index], deadline < next ?? deadline + .seconds(1) {
                next = deadline
            }
        }
        return next
    }

    package mutating func pollEvent() -> LoadEvent? {
        events.isEmpty ? nil : events.removeFirst()
    }
}
