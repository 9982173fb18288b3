// That a packet handed from loop to loop costs no heap allocation on either.
// SPDX-License-Identifier: Apache-2.0
import CAllocationCounter
import Forwarding
import Negotiation
import NetworkSimulation
import RTP
import Testing
import Wire

@testable import MediaWorker

/// Keeps a turn's messages in memory taken beforehand, as the ring of a process does.
struct FixedRelay: RelayDoor {
    private var messages: [(message: RelayMessage, start: Int, count: Int)] = []
    private var bytes = [UInt8](repeating: 0, count: 1 << 20)
    private var used = 0
    var packets = 0

    init() { messages.reserveCapacity(4_096) }

    mutating func relay(_ message: RelayMessage, payload: Span<UInt8>, to loop: Int) -> Bool {
        guard messages.count < 4_096, used + payload.count <= bytes.count else { return false }
        for index in payload.indices { bytes[used + index] = payload[index] }
        messages.append((message, used, payload.count))
        used += payload.count
        if case .packet = message { packets += 1 }
        return true
    }

    /// Gives everything to another worker.
    mutating func deliver(to worker: inout MediaWorker, from loop: Int, at now: MediaInstant) {
        for index in messages.indices {
            let (message, start, count) = messages[index]
            worker.receiveRelayed(
                message, payload: bytes.span.extracting(start..<(start + count)), from: loop,
                at: now)
        }
        messages.removeAll(keepingCapacity: true)
        used = 0
    }
}

extension Rehearsal {
    /// Feeds items to a worker with a neighbour: each moment's together, then a turn of both.
    mutating func feed(
        _ range: Range<Int>, to worker: inout MediaWorker, _ neighbour: inout MediaWorker,
        from address: NetworkAddress, relay: inout FixedRelay, door: inout CountingDoor
    ) {
        var index = range.lowerBound
        while index < range.upperBound {
            let now = items[index].at
            while index < range.upperBound, items[index].at == now {
                let item = items[index]
                var all = bytes.mutableSpan
                var datagram = all._mutatingExtracting(item.start..<(item.start + item.count))
                worker.receive(
                    &datagram, on: TransportPath(socket: 0, remote: address), at: now)
                index += 1
            }
            worker.advance(to: now)
            worker.sendRelayed(at: now, through: &relay)
            worker.finishTurn(at: now, through: &door)
            relay.deliver(to: &neighbour, from: 0, at: now)
            neighbour.advance(to: now)
            neighbour.sendRelayed(at: now, through: &relay)
            neighbour.finishTurn(at: now, through: &door)
            relay.deliver(to: &worker, from: 1, at: now)
            while worker.pollEvent() != nil {}
            while neighbour.pollEvent() != nil {}
        }
    }
}

@Suite(.enabled(if: allocation_counter_is_active() != 0, "a sanitizer has its own heap"))
struct RelayAllocationTests {
    @Test(arguments: [MediaCodec.vp8, .h264, .av1])
    func nothingIsAllocatedPerRelayedPacket(codec: MediaCodec) throws {
        let call = VirtualCall(seed: 33)
        call.openNeighbour()
        let alice = try call.joinPublisher()
        let near = try call.join(receivingPairs: 1)
        let far = try (0..<5).map { _ in try call.join(receivingPairs: 1, far: true) }
        #expect(call.connect())
        call.relay(alice, ["0", "1"])
        for receiver in far + [near] { call.showPair(alice, to: receiver) }
        var settings = SourceSettings.video(codec, tag: 1, packetsInFrame: 5)
        settings.payloadBytes = 1_150
        if codec == .av1 {
            // With descriptors, which are read on both loops.
            settings.spatialLayers = [(160, 90), (320, 180)].map {
                SpatialLayer(size: $0, packets: 3, payloadBytes: 1_100)
            }
        }
        alice.publish(mid: "1", settings, at: call.now)
        alice.publish(mid: "0", .audio(tag: 2, level: nil), at: call.now)
        call.run(for: .seconds(2))

        var rehearsal = Rehearsal(
            call.rehearse(alice, for: .seconds(4)).filter { $0.bytes[0] >= 128 })
        var worker = call.takeWorker()
        guard var neighbour = call.neighbour.take() else {
            Issue.record("there is no second loop")
            return
        }
        var relay = FixedRelay()
        var door = CountingDoor()
        let count = rehearsal.items.count
        rehearsal.feed(
            0..<(count / 4), to: &worker, &neighbour, from: alice.address, relay: &relay,
            door: &door)
        let before = (door.datagrams, relay.packets)
        allocation_counter_start()
        rehearsal.feed(
            (count / 4)..<count, to: &worker, &neighbour, from: alice.address, relay: &relay,
            door: &door)
        let counted = allocation_counter_stop()
        let relayed = relay.packets - before.1
        #expect(relayed > 550)
        #expect(door.datagrams - before.0 > 6 * relayed - 10)
        #expect(
            counted.allocations == 0, "\(counted.allocations) allocations, \(relayed) packets")
        #expect(worker.statistics.drops == [])
        #expect(neighbour.statistics.drops == [])
    }
}
