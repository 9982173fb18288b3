// What is counted: datagrams of one publisher, fed to a worker whose door throws everything away.
// SPDX-License-Identifier: Apache-2.0
import MediaWorker
import Negotiation
import NetworkSimulation
import RTP
import Wire

/// Counts what leaves, and how it could leave, and forgets it.
struct CountingDoor: DatagramDoor {
    var datagrams = 0
    var transmissions = 0
    var bytes = 0
    var turns = 0

    mutating func send(_ slab: Span<UInt8>, _ transmissions: Span<Transmission>) {
        turns += 1
        for index in transmissions.indices {
            let run = transmissions[index]
            datagrams += (run.count + run.segmentSize - 1) / run.segmentSize
            self.transmissions += 1
            bytes += run.count
        }
    }
}

/// What was forwarded while it was counted.
struct ForwardedCounts {
    var received = 0
    var door = CountingDoor()
    var drops: [DropCount] = []

    /// One object on one line.
    func json(allocations: UInt64) -> String {
        let dropped = drops.reduce(0) { $0 + $1.count }
        return """
            {"received": \(received), "forwarded": \(door.datagrams), \
            "transmissions": \(door.transmissions), "bytes": \(door.bytes), \
            "turns": \(door.turns), "dropped": \(dropped), "allocations": \(allocations)}
            """
    }
}

/// What a publisher sends, in one block of bytes, to be fed without copying it.
struct PublishedDatagrams {
    private struct Item {
        var at: MediaInstant
        var start: Int
        var count: Int
    }

    let path: TransportPath
    private var items: [Item] = []
    private var bytes: [UInt8] = []

    init(path: TransportPath) { self.path = path }

    var count: Int { items.count }

    mutating func append(_ datagram: [UInt8], at moment: MediaInstant) {
        items.append(Item(at: moment, start: bytes.count, count: datagram.count))
        bytes += datagram
    }

    /// Feeds each moment's datagrams together, then ends the turn.
    mutating func feed(
        _ range: Range<Int>, to worker: inout MediaWorker, _ neighbour: inout MediaWorker?,
        through relay: inout FixedRelay, _ counts: inout ForwardedCounts
    ) {
        let path = path
        var index = range.lowerBound
        while index < range.upperBound {
            let now = items[index].at
            while index < range.upperBound, items[index].at == now {
                let item = items[index]
                var all = bytes.mutableSpan
                var datagram = all._mutatingExtracting(item.start..<(item.start + item.count))
                worker.receive(&datagram, on: path, at: now)
                counts.received += 1
                index += 1
            }
            worker.advance(to: now)
            worker.sendRelayed(at: now, through: &relay)
            worker.finishTurn(at: now, through: &counts.door)
            while worker.pollEvent() != nil {}
            guard neighbour != nil else { continue }
            relay.deliver(to: &neighbour, from: 0, at: now)
            neighbour?.advance(to: now)
            neighbour?.sendRelayed(at: now, through: &relay)
            neighbour?.finishTurn(at: now, through: &counts.door)
            while neighbour?.pollEvent() != nil {}
            relay.deliver(to: &worker, from: 1, at: now)
        }
    }
}

/// A connected call, and what its publisher sends from now on.
struct ForwardedWork: ~Copyable {
    private var worker: MediaWorker
    /// The loop of half the receivers; `nil`: all are on one.
    private var neighbour: MediaWorker?
    private var relay = FixedRelay()
    private var sent: PublishedDatagrams
    private var firstCounted = 0

    /// Connects everybody, in virtual time and from one seed.
    init(options: InstructionOptions) throws {
        let call = VirtualCall(seed: 50, profiles: [options.profile])
        let publisher = try call.join(
            sending: [ClientStream(kind: .audio), ClientStream(kind: .video)])
        if options.isRelayed { call.openNeighbour() }
        let receivers = try (0..<options.receivers).map { index in
            try call.join(receivingPairs: 1, far: options.isRelayed && index % 2 == 1)
        }
        guard call.connect() else { throw InstructionFailure("the call does not connect") }
        if options.isRelayed { call.relay(publisher, ["0", "1"]) }
        for receiver in receivers {
            call.show(publisher, "0", in: "0", of: receiver)
            call.show(publisher, "1", in: "1", of: receiver)
        }
        var video = SourceSettings.video(.vp8, tag: 1, packetsInFrame: options.packets)
        video.payloadBytes = options.payload
        video.isUneven = options.isUneven
        publisher.publish(mid: "1", video, at: call.now)
        publisher.publish(mid: "0", .audio(tag: 2), at: call.now)
        sent = PublishedDatagrams(path: TransportPath(socket: 0, remote: publisher.address))
        let start = call.now + .seconds(1)
        for datagram in call.rehearse(publisher, for: .seconds(Int64(options.seconds) + 1)) {
            // Media and reports; the checks of ICE have costs of their own.
            guard datagram.bytes[0] >= 128 else { continue }
            sent.append(datagram.bytes, at: datagram.at)
            if datagram.at < start { firstCounted = sent.count }
        }
        worker = call.takeWorker()
        neighbour = call.neighbour.take()
    }

    /// Forwards the first second: histories, outboxes and lists take their memory once.
    mutating func warmUp() {
        var counts = ForwardedCounts()
        sent.feed(0..<firstCounted, to: &worker, &neighbour, through: &relay, &counts)
    }

    /// Forwards the rest.
    mutating func measure() -> ForwardedCounts {
        var counts = ForwardedCounts()
        counts.received = runCounted(&counts)
        counts.drops = worker.statistics.drops + (neighbour?.statistics.drops ?? [])
        return counts
    }

    /// The function whose instructions are counted, by its name: it is neither inlined nor called elsewhere, and
    /// does something behind its call, which would else become a jump that callgrind cannot see the end of.
    @inline(never)
    private mutating func runCounted(_ counts: inout ForwardedCounts) -> Int {
        let before = counts.received
        sent.feed(
            firstCounted..<sent.count, to: &worker, &neighbour, through: &relay, &counts)
        return counts.received - before
    }
}
