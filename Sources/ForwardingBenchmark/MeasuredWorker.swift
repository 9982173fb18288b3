// A media worker that says what its own thread has cost.
// SPDX-License-Identifier: Apache-2.0
import CAllocationCounter
import MediaIO
import MediaWorker
import Wire

/// What is asked of a measured worker.
enum MeasuredCommand: Sendable {
    /// Something for the worker itself.
    case worker(WorkerCommand)
    /// Begins to measure.
    case begin
    /// Ends it, answered by `MeasuredEvent.cost`.
    case end
}

/// What a measured worker tells.
enum MeasuredEvent: Sendable {
    /// Something of the worker itself.
    case worker(WorkerEvent)
    /// What was measured.
    case cost(WorkerCost)
}

/// What the loop's thread has used between two moments.
struct WorkerCost: Sendable {
    var cpuTime = MediaDuration.zero
    var wallTime = MediaDuration.zero
    var allocations: UInt64 = 0
    var allocatedBytes: UInt64 = 0
    var packetsSent: UInt64 = 0
    var packetsReceived: UInt64 = 0
    var messagesRelayed: UInt64 = 0
    var turns: UInt64 = 0
    var drops: [DropCount] = []
}

extension WorkerCost {
    /// The cost of several loops over the same time.
    static func sum(_ costs: [WorkerCost]) -> WorkerCost {
        var sum = WorkerCost()
        for cost in costs {
            sum.cpuTime = sum.cpuTime + cost.cpuTime
            sum.wallTime = max(sum.wallTime, cost.wallTime)
            sum.allocations += cost.allocations
            sum.allocatedBytes += cost.allocatedBytes
            sum.packetsSent += cost.packetsSent
            sum.packetsReceived += cost.packetsReceived
            sum.messagesRelayed += cost.messagesRelayed
            sum.turns += cost.turns
            sum.drops += cost.drops
        }
        return sum
    }
}

/// Hands everything on, and reads the thread's own counters when asked.
struct MeasuredWorker: ~Copyable, MediaLoopHandler {
    typealias Command = MeasuredCommand
    typealias Event = MeasuredEvent

    private var worker: MediaWorker
    private var turns: UInt64 = 0
    private var started = WorkerCost()
    private var cost: WorkerCost?

    init(configuration: WorkerConfiguration) {
        worker = MediaWorker(configuration: configuration)
    }

    mutating func apply(_ command: MeasuredCommand, at now: MediaInstant) {
        switch command {
        case .worker(let command):
            worker.apply(command, at: now)
        case .begin:
            started = reading(at: now)
            allocation_counter_start()
        case .end:
            let allocated = allocation_counter_stop()
            var cost = reading(at: now)
            cost.cpuTime = MediaDuration(
                nanoseconds: cost.cpuTime.nanoseconds - started.cpuTime.nanoseconds)
            cost.wallTime = MediaDuration(
                nanoseconds: cost.wallTime.nanoseconds - started.wallTime.nanoseconds)
            cost.packetsSent -= started.packetsSent
            cost.packetsReceived -= started.packetsReceived
            cost.messagesRelayed -= started.messagesRelayed
            cost.turns -= started.turns
            cost.drops = cost.drops.compactMap { drop in
                let before = started.drops.first { $0.reason == drop.reason }?.count ?? 0
                let count = drop.count - before
                return count > 0 ? DropCount(reason: drop.reason, count: count) : nil
            }
            cost.allocations = allocated.allocations
            cost.allocatedBytes = allocated.bytes
            self.cost = cost
        }
    }

    private func reading(at now: MediaInstant) -> WorkerCost {
        let statistics = worker.statistics
        var cost = WorkerCost()
        cost.cpuTime = MonotonicClock.threadCPUTime()
        cost.wallTime = now - .zero
        cost.packetsSent = statistics.packetsSent
        cost.packetsReceived = statistics.packetsReceived
        cost.messagesRelayed = statistics.messagesRelayed
        cost.turns = turns
        cost.drops = statistics.drops
        return cost
    }

    mutating func receive(
        _ datagram: inout MutableSpan<UInt8>, on path: TransportPath, at now: MediaInstant
    ) {
        worker.receive(&datagram, on: path, at: now)
    }

    mutating func advance(to now: MediaInstant) { worker.advance(to: now) }

    mutating func finishTurn<Door: DatagramDoor & ~Copyable>(
        at now: MediaInstant, through door: inout Door
    ) {
        turns &+= 1
        worker.finishTurn(at: now, through: &door)
    }

    mutating func sendRelayed<Door: RelayDoor & ~Copyable>(
        at now: MediaInstant, through door: inout Door
    ) {
        worker.sendRelayed(at: now, through: &door)
    }

    mutating func receiveRelayed(
        _ message: RelayMessage, payload: Span<UInt8>, from loop: Int, at now: MediaInstant
    ) {
        worker.receiveRelayed(message, payload: payload, from: loop, at: now)
    }

    var nextDeadline: MediaInstant? { worker.nextDeadline }

    mutating func pollEvent() -> MeasuredEvent? {
        if let cost {
            self.cost = nil
            return .cost(cost)
        }
        return worker.pollEvent().map { .worker($0) }
    }
}
