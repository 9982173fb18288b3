// Many load clients on one media loop, each behind a socket of its own.
// SPDX-License-Identifier: Apache-2.0
import Forwarding
import MediaIO
package import MediaWorker
package import Wire

/// What is asked of a swarm.
package enum LoadCommand: Sendable {
    /// Adds a client, which dials at once; its place is the number of its socket, and free.
    case add(LoadClientPlan, place: Int)
    /// Those who have dialled and have something to send begin.
    case publish
    /// The client of a place begins to send.
    case begin(place: Int)
    /// All counters start anew.
    case resetCounters
    /// Asks for the counters, answered by `LoadEvent.report`.
    case report
    /// Asks how far each client came, answered by `LoadEvent.times`.
    case times
}

/// What a swarm tells.
package enum LoadEvent: Sendable {
    /// Every client that has dialled is connected: so many.
    case connected(Int)
    /// A client is over.
    case failed(client: Int, reason: String)
    /// The counters of all clients together.
    case report(LoadReport)
    /// How far each client came, by their places.
    case times([LoadClientTimes])
}

/// Drives load clients; what a turn costs depends on those who have something to do in it alone.
package struct LoadSwarm: ~Copyable, MediaLoopHandler {
    package typealias Command = LoadCommand
    package typealias Event = LoadEvent

    /// Room for what the clients send in one turn; when it is full it is sent at once.
    private static let slabCount = 256 * 1_024

    /// A client and what is known of it.
    private struct Seat {
        var client: LoadClient
        var hasFailed = false
        var wasReady = false
        /// Whether it is among the `due`.
        var isDue = false
    }

    /// By the numbers of their sockets.
    private var seats: [Seat?] = []
    private var deadlines = DeadlineQueue()
    private var due: [Int] = []
    private var slab = [UInt8](repeating: 0, count: Self.slabCount)
    private var used = 0
    private var transmissions: [Transmission] = []
    private var segmentsOfLast = 0
    private var events: [LoadEvent] = []
    private var added = 0
    private var ready = 0
    private var latency = LatencyHistogram()
    private var lateness = LatencyHistogram()
    private var cpuTimeBefore = MediaDuration.zero
    private var startedAt: MediaInstant?

    /// Nobody dials yet.
    package init() {
        transmissions.reserveCapacity(1_024)
    }

    package mutating func apply(_ command: LoadCommand, at now: MediaInstant) {
        switch command {
        case .add(let plan, let place): add(plan, place: place, at: now)
        case .publish:
            for place in seats.indices { begin(place, at: now) }
        case .begin(let place): begin(place, at: now)
        case .resetCounters:
            for seat in seats { seat?.client.resetCounters() }
            latency = LatencyHistogram()
            lateness = LatencyHistogram()
            cpuTimeBefore = MonotonicClock.threadCPUTime()
            startedAt = now
        case .report: events.append(.report(report(at: now)))
        case .times: events.append(.times(seats.compactMap { $0?.client.times }))
        }
    }

    private func report(at now: MediaInstant) -> LoadReport {
        var sum = LoadReport()
        for seat in seats { seat?.client.add(to: &sum) }
        sum.latency = latency
        sum.lateness = lateness
        let cpuTime = MonotonicClock.threadCPUTime()
        sum.cpuTime = MediaDuration(nanoseconds: cpuTime.nanoseconds - cpuTimeBefore.nanoseconds)
        sum.wallTime = now - (startedAt ?? now)
        sum.busiestShare =
            Double(sum.cpuTime.nanoseconds) / Double(max(1, sum.wallTime.nanoseconds))
        return sum
    }

    package mutating func receive(
        _ datagram: inout MutableSpan<UInt8>, on path: TransportPath, at now: MediaInstant
    ) {
        let place = Int(path.socket)
        guard place < seats.count, let client = seats[place]?.client else { return }
        if client.receive(&datagram, on: path, latency: &latency, at: now) { mark(place) }
    }

    package mutating func advance(to now: MediaInstant) {
        while let place = deadlines.popDue(at: now) {
            seats[place]?.client.advance(to: now)
            mark(place)
        }
    }

    package mutating func finishTurn<Door: DatagramDoor & ~Copyable>(
        at now: MediaInstant, through door: inout Door
    ) {
        for place in due { finish(place, at: now, through: &door) }
        due.removeAll(keepingCapacity: true)
        flush(through: &door)
    }

    private mutating func finish<Door: DatagramDoor & ~Copyable>(
        _ place: Int, at now: MediaInstant, through door: inout Door
    ) {
        guard let client = seats[place]?.client else { return }
        seats[place]?.isDue = false
        send(from: client, at: now, through: &door)
        deadlines.set(client.nextDeadline, for: place)
        if let reason = client.failureReason, seats[place]?.hasFailed == false {
            seats[place]?.hasFailed = true
            events.append(.failed(client: place, reason: reason))
        }
        if client.isReady, seats[place]?.wasReady == false {
            seats[place]?.wasReady = true
            ready += 1
            if ready == added { events.append(.connected(added)) }
        }
    }

    private mutating func mark(_ place: Int) {
        guard seats[place]?.isDue == false else { return }
        seats[place]?.isDue = true
        due.append(place)
    }

    private mutating func begin(_ place: Int, at now: MediaInstant) {
        guard seats.indices.contains(place), let client = seats[place]?.client else { return }
        client.publish(at: now)
        mark(place)
    }

    private mutating func add(_ plan: LoadClientPlan, place: Int, at now: MediaInstant) {
        guard let socket = UInt16(exactly: place) else { return }
        while seats.count <= place { seats.append(nil) }
        do {
            seats[place] = Seat(client: try LoadClient(plan, socket: socket, at: now))
            added += 1
            startedAt = startedAt ?? now
            mark(place)
        } catch {
            events.append(.failed(client: place, reason: "\(error)"))
        }
    }

    private mutating func send<Door: DatagramDoor & ~Copyable>(
        from client: LoadClient, at now: MediaInstant, through door: inout Door
    ) {
        while true {
            if used + LoadClient.datagramMax > slab.count { flush(through: &door) }
            guard
                let written = Self.write(
                    from: client, into: &slab, at: used, lateness: &lateness, now: now)
            else { return }
            commit(written.count, path: written.path)
        }
    }

    private static func write(
        from client: LoadClient, into slab: inout [UInt8], at start: Int,
        lateness: inout LatencyHistogram, now: MediaInstant
    ) -> (count: Int, path: TransportPath)? {
        var bytes = slab.mutableSpan
        var target = bytes._mutatingExtracting(start..<(start + LoadClient.datagramMax))
        return client.write(into: &target, lateness: &lateness, at: now)
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

    package var nextDeadline: MediaInstant? { deadlines.next }

    package mutating func pollEvent() -> LoadEvent? {
        events.isEmpty ? nil : events.removeFirst()
    }
}
