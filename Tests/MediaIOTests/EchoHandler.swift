// A handler that sends every datagram back, and says what it saw.
// SPDX-License-Identifier: Apache-2.0
import CAllocationCounter
import MediaIO
import MediaWorker
import Wire

enum EchoCommand: Sendable, Equatable {
    /// Answered by an event with the same number.
    case mark(Int)
    /// Keeps the loop from taking commands until the gate opens.
    case hold(Gate)
    /// Sends one run of `count` bytes, cut every `segmentSize`.
    case sendRun(TransportPath, count: Int, segmentSize: Int)
    /// Reports in an event at this time, from `advance`.
    case ringAt(MediaInstant)
    /// Gives so many events at once.
    case flood(Int)
}

enum EchoEvent: Sendable, Equatable {
    case marked(Int)
    case rang(at: MediaInstant)
    case allocations(UInt64, perDatagrams: Int)
    case flooded(Int)
}

/// Echoes out of a slab of its own that is sent at the end of the turn.
struct EchoHandler: ~Copyable, MediaLoopHandler {
    /// Counts allocations from the first datagram after this many, for `countedDatagrams`.
    var warmUpDatagrams = Int.max
    var countedDatagrams = 0
    /// Whether each datagram costs an allocation, to prove that one would be seen.
    var isWasteful = false

    private var slab = [UInt8](repeating: 0, count: 1 << 19)
    private var used = 0
    private var transmissions: [Transmission] = []
    private var events: [EchoEvent] = []
    private var floodLeft = 0
    private var seen = 0
    private var waste: [UInt8] = []
    private(set) var nextDeadline: MediaInstant?

    init() {
        transmissions.reserveCapacity(1024)
        events.reserveCapacity(64)
    }

    mutating func receive(
        _ datagram: inout MutableSpan<UInt8>, on path: TransportPath, at now: MediaInstant
    ) {
        if seen == warmUpDatagrams { allocation_counter_start() }
        seen += 1
        if seen == warmUpDatagrams &+ countedDatagrams {
            events.append(
                .allocations(
                    allocation_counter_stop().allocations, perDatagrams: countedDatagrams))
        }
        guard used + datagram.count <= slab.count else { return }
        if isWasteful { waste = [UInt8](repeating: 0, count: datagram.count) }
        for index in datagram.indices { slab[used + index] = datagram[index] }
        transmissions.append(
            Transmission(
                path: path, offset: used, count: datagram.count, segmentSize: datagram.count))
        used += datagram.count
    }

    mutating func advance(to now: MediaInstant) {
        guard let deadline = nextDeadline, deadline <= now else { return }
        nextDeadline = nil
        events.append(.rang(at: now))
    }

    mutating func finishTurn<Door: DatagramDoor & ~Copyable>(
        at now: MediaInstant, through door: inout Door
    ) {
        guard !transmissions.isEmpty else { return }
        door.send(slab.span, transmissions.span)
        transmissions.removeAll(keepingCapacity: true)
        used = 0
    }

    mutating func apply(_ command: EchoCommand, at now: MediaInstant) {
        switch command {
        case .mark(let number): events.append(.marked(number))
        case .hold(let gate): gate.wait()
        case .ringAt(let instant): nextDeadline = instant
        case .flood(let count): floodLeft = count
        case .sendRun(let path, let count, let segmentSize):
            for index in 0..<count { slab[index] = UInt8(truncatingIfNeeded: index) }
            used = count
            transmissions.append(
                Transmission(path: path, offset: 0, count: count, segmentSize: segmentSize))
        }
    }

    mutating func pollEvent() -> EchoEvent? {
        if floodLeft > 0 {
            floodLeft -= 1
            return .flooded(floodLeft)
        }
        return events.isEmpty ? nil : events.removeFirst()
    }
}
