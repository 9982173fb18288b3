// That forwarding costs no heap allocation per packet, from the socket to the socket.
// SPDX-License-Identifier: Apache-2.0
import CAllocationCounter
import Forwarding
import Negotiation
import NetworkSimulation
import RTP
import Testing
import Wire

@testable import MediaWorker

/// Counts what leaves and forgets it.
struct CountingDoor: DatagramDoor {
    var datagrams = 0
    var runs = 0
    var bytes = 0

    mutating func send(_ slab: Span<UInt8>, _ transmissions: Span<Transmission>) {
        for index in transmissions.indices {
            let run = transmissions[index]
            datagrams += (run.count + run.segmentSize - 1) / run.segmentSize
            runs += 1
            bytes += run.count
        }
    }
}

/// Datagrams of a publisher in one block of bytes, to be fed without copying them.
struct Rehearsal {
    struct Item {
        var at: MediaInstant
        var start: Int
        var count: Int
        /// Where it comes from; `nil`: from where the rehearsal is fed from.
        var address: NetworkAddress?
    }

    var items: [Item] = []
    var bytes: [UInt8] = []

    init(_ datagrams: [(at: MediaInstant, bytes: [UInt8])]) {
        for datagram in datagrams {
            items.append(Item(at: datagram.at, start: bytes.count, count: datagram.bytes.count))
            bytes += datagram.bytes
        }
    }

    /// Adds what another sends, in the order of time.
    mutating func add(
        _ datagrams: [(at: MediaInstant, bytes: [UInt8])], from address: NetworkAddress
    ) {
        for datagram in datagrams {
            let item = Item(
                at: datagram.at, start: bytes.count, count: datagram.bytes.count, address: address)
            bytes += datagram.bytes
            let place = items.firstIndex { $0.at > item.at } ?? items.count
            items.insert(item, at: place)
        }
    }

    /// Feeds items to a worker: each moment's together, then one turn.
    mutating func feed(
        _ range: Range<Int>, to worker: inout MediaWorker, from address: NetworkAddress,
        door: inout CountingDoor
    ) {
        var index = range.lowerBound
        while index < range.upperBound {
            let now = items[index].at
            while index < range.upperBound, items[index].at == now {
                let item = items[index]
                var all = bytes.mutableSpan
                var datagram = all._mutatingExtracting(item.start..<(item.start + item.count))
                let path = TransportPath(socket: 0, remote: item.address ?? address)
                worker.receive(&datagram, on: path, at: now)
                index += 1
            }
            worker.advance(to: now)
            worker.finishTurn(at: now, through: &door)
            while worker.pollEvent() != nil {}
        }
    }
}

@Suite(.enabled(if: allocation_counter_is_active() != 0, "a sanitizer has its own heap"))
struct AllocationTests {
    @Test(arguments: [(MediaCodec.vp8, UInt16(7)), (.vp9, 7), (.h264, 1), (.av1, 8)])
    func nothingIsAllocatedPerForwardedPacket(codec: MediaCodec, profile: UInt16) throws {
        let call = VirtualCall(seed: 31, profiles: [profile])
        let alice = try call.joinPublisher()
        let receivers = try (0..<20).map { _ in try call.join(receivingPairs: 1) }
        #expect(call.connect())
        for bob in receivers { call.showPair(alice, to: bob) }
        var settings = SourceSettings.video(codec, tag: 1, packetsInFrame: 5)
        settings.payloadBytes = 1_150
        alice.publish(mid: "1", settings, at: call.now)
        alice.publish(mid: "0", .audio(tag: 2, level: nil), at: call.now)
        // The first second warms up: histories, outboxes and lists take their memory once.
        call.run(for: .seconds(2))

        // Media and reports; the checks of ICE, one each five seconds, may allocate.
        let sent = call.rehearse(alice, for: .seconds(4)).filter { $0.bytes[0] >= 128 }
        var rehearsal = Rehearsal(sent)
        var worker = call.takeWorker()
        var door = CountingDoor()
        let count = rehearsal.items.count
        rehearsal.feed(0..<(count / 4), to: &worker, from: alice.address, door: &door)
        let before = door.datagrams
        allocation_counter_start()
        rehearsal.feed((count / 4)..<count, to: &worker, from: alice.address, door: &door)
        let counted = allocation_counter_stop()
        let forwarded = door.datagrams - before
        // Three seconds: reports, feedback and every deadline in them included.
        #expect(forwarded > 20 * 500)
        #expect(
            counted.allocations == 0, "\(counted.allocations) allocations, \(forwarded) packets")
        #expect(worker.statistics.drops == [])
    }

    @Test(arguments: [MediaCodec.vp9, .av1])
    func nothingIsAllocatedWhereLayersAreLeftOut(codec: MediaCodec) throws {
        let call = VirtualCall(seed: 33)
        let alice = try call.join(
            sending: [ClientStream(kind: .audio), ClientStream(kind: .video)],
            codecs: [.opus, codec])
        let receivers = try (0..<20).map { _ in try call.join(receivingPairs: 1) }
        #expect(call.connect())
        for bob in receivers { call.showPair(alice, to: bob) }
        for bob in receivers.prefix(15) {
            call.apply(.setQuality(receiver: bob.id, mid: "1", SlotQuality(level: .low)))
        }
        var settings = SourceSettings.video(codec, tag: 1)
        settings.temporalPattern = [(0, true), (2, true), (1, true), (2, true)]
        settings.spatialLayers = [(160, 90), (320, 180), (640, 360)].map {
            SpatialLayer(size: $0, packets: 2, payloadBytes: 1_100)
        }
        alice.publish(mid: "1", settings, at: call.now)
        call.run(for: .seconds(2))
        let sent = call.rehearse(alice, for: .seconds(4)).filter { $0.bytes[0] >= 128 }
        var rehearsal = Rehearsal(sent)
        var worker = call.takeWorker()
        var door = CountingDoor()
        let count = rehearsal.items.count
        rehearsal.feed(0..<(count / 4), to: &worker, from: alice.address, door: &door)
        let before = door.datagrams
        allocation_counter_start()
        rehearsal.feed((count / 4)..<count, to: &worker, from: alice.address, door: &door)
        let counted = allocation_counter_stop()
        let forwarded = door.datagrams - before
        // Three seconds of 30 pictures: two packets to fifteen, six to five, and reports.
        #expect(forwarded >= 90 * (15 * 2 + 5 * 6) && forwarded < 90 * 20 * 4)
        #expect(
            counted.allocations == 0, "\(counted.allocations) allocations, \(forwarded) packets")
        #expect(worker.statistics.drops == [])
    }

    @Test func nothingIsAllocatedForFeedbackAndProbes() throws {
        let call = VirtualCall(seed: 32)
        let alice = try call.joinPublisher()
        let bob = try call.join(receivingPairs: 1)
        #expect(call.connect())
        bob.givesTransportFeedback = true
        call.showPair(alice, to: bob)
        var settings = SourceSettings.video(.vp8, tag: 1, packetsInFrame: 5)
        settings.payloadBytes = 1_150
        alice.publish(mid: "1", settings, at: call.now)
        alice.publish(mid: "0", .audio(tag: 2, level: nil), at: call.now)
        call.run(for: .seconds(3))

        let start = call.now
        var rehearsal = Rehearsal(
            call.rehearse(alice, for: .seconds(4)).filter { $0.bytes[0] >= 128 })
        // Feedback as it would come: ten numbers each 50 ms, the path ever slower: packets wait.
        let last = try #require(bob.received.compactMap(\.transportSequence).last)
        var recorder = TransportFeedbackRecorder()
        var feedback: [(at: MediaInstant, bytes: [UInt8])] = []
        for step in 0..<76 {
            for packet in 0..<10 {
                let number = UInt16(step * 10 + packet + 1)
                let late = Int64(step * 200 + max(0, step - 30) * 200)
                recorder.record(
                    sequence: SequenceNumber(last.rawValue &+ number),
                    at: start + .milliseconds(Int64(number) * 5 + 30 + late))
            }
            bob.sendControl {
                recorder.makeFeedback(into: &$0, senderSSRC: SSRC(1), mediaSSRC: SSRC(1))
            }
            while let bytes = bob.takeDatagram() {
                feedback.append((start + .milliseconds(Int64(step) * 50 + 100), bytes))
            }
        }
        rehearsal.add(feedback.filter { $0.bytes[0] >= 128 }, from: bob.address)
        var worker = call.takeWorker()
        var door = CountingDoor()
        let count = rehearsal.items.count
        let before = worker.bandwidth(of: bob.id)
        rehearsal.feed(0..<(count / 4), to: &worker, from: alice.address, door: &door)
        allocation_counter_start()
        rehearsal.feed((count / 4)..<count, to: &worker, from: alice.address, door: &door)
        let counted = allocation_counter_stop()
        #expect(counted.allocations == 0, "\(counted.allocations) allocations")
        // All of it was understood: the estimate has fallen.
        let after = worker.bandwidth(of: bob.id)
        #expect(after ?? 0 < before ?? 0)
        #expect(worker.statistics.probesSent > 0)
    }

    @Test func nothingIsAllocatedWhereLayersAreChosenAndDropped() throws {
        let world = try SimulcastCall(viewers: 9, hasTemporalLayers: true)
        let call = world.call
        for viewer in 0..<9 {
            world.setQuality([.low, .medium, .high][viewer % 3], of: viewer)
            let slot = try #require(world.slot(of: viewer))
            call.worker.setTarget(
                LayerTarget(spatial: 7, temporal: UInt8(viewer / 3)), ofSlot: slot, at: call.now)
        }
        // Lists of what was left out take their memory once.
        call.run(for: .seconds(6))
        let sent = call.rehearse(world.publisher, for: .seconds(4)).filter { $0.bytes[0] >= 128 }
        var rehearsal = Rehearsal(sent)
        var worker = call.takeWorker()
        var door = CountingDoor()
        let count = rehearsal.items.count
        let address = world.publisher.address
        rehearsal.feed(0..<(count / 4), to: &worker, from: address, door: &door)
        let before = door.datagrams
        allocation_counter_start()
        rehearsal.feed((count / 4)..<count, to: &worker, from: address, door: &door)
        let counted = allocation_counter_stop()
        let forwarded = door.datagrams - before
        #expect(forwarded > 900)
        #expect(
            counted.allocations == 0, "\(counted.allocations) allocations, \(forwarded) packets")
    }
}
