// What a media loop promises to its handler and to other threads.
// SPDX-License-Identifier: Apache-2.0
import CAllocationCounter
import MediaIO
import MediaWorker
import Testing
import Wire

@Suite(.timeLimit(.minutes(1))) struct MediaLoopTests {
    private func echo(
        _ configuration: MediaLoopConfiguration = MediaLoopConfiguration(),
        _ sockets: SocketConfiguration = SocketConfiguration()
    ) throws -> MediaLoop<EchoHandler> {
        try MediaLoop(
            configuration: configuration,
            sockets: try SocketSet(addresses: [loopback], port: 0, configuration: sockets),
            handler: EchoHandler())
    }

    @Test func datagramsComeBackThroughTheHandler() throws {
        let loop = try echo()
        defer { loop.stop() }
        var client = try TestClient()
        let sent = (0..<200).map { [UInt8](repeating: UInt8($0), count: 1 + $0 * 7) }
        for start in stride(from: 0, to: sent.count, by: 50) {
            client.send(Array(sent[start..<(start + 50)]), to: loop.addresses[0])
            let back = client.receive(50)
            #expect(back.map(\.bytes) == Array(sent[start..<(start + 50)]))
            #expect(back.allSatisfy { $0.from == loop.addresses[0] })
        }
        loop.stop()
        let statistics = loop.statistics()
        #expect(statistics.received.datagrams == 200)
        #expect(statistics.sent.datagrams == 200)
        #expect(statistics.received.bytes == statistics.sent.bytes)
        #expect(statistics.received.calls < 200)
    }

    @Test func everyLocalAddressAnswersFromItself() throws {
        let addresses = LocalAddresses.all()
        #expect(addresses.contains(loopback))
        let loop = try MediaLoop(
            sockets: try SocketSet(addresses: addresses, port: 0), handler: EchoHandler())
        defer { loop.stop() }
        #expect(Set(loop.addresses.map(\.port)).count == 1)
        for address in loop.addresses {
            var client = try TestClient(address: address.with(port: 0))
            client.send([[1, 2, 3]], to: address)
            #expect(client.receive(1).first?.from == address)
        }
    }

    @Test func aRunArrivesAsDatagramsOfItsSegmentSize() throws {
        for usesSegmentation in [true, false] {
            var sockets = SocketConfiguration()
            sockets.usesSegmentation = usesSegmentation
            let loop = try echo(MediaLoopConfiguration(), sockets)
            defer { loop.stop() }
            var client = try TestClient()
            let path = TransportPath(socket: 0, remote: client.address)
            #expect(loop.submit(.sendRun(path, count: 100_050, segmentSize: 1000)))
            let received = client.receive(101).map(\.bytes)
            #expect(received.map(\.count) == [Int](repeating: 1000, count: 100) + [50])
            let whole = (0..<100_050).map { UInt8(truncatingIfNeeded: $0) }
            #expect(Array(received.joined()) == whole)
            loop.stop()
            // 64 segments and 36, or none.
            #expect(loop.statistics().sent.runs == (usesSegmentation ? 2 : 0))
            #expect(loop.statistics().sent.datagrams == 101)
        }
    }

    @Test func aDatagramLongerThanASlotIsDroppedAndCounted() throws {
        let loop = try echo()
        defer { loop.stop() }
        var client = try TestClient()
        client.send(
            [[UInt8](repeating: 7, count: 2049), [UInt8](repeating: 8, count: 2048), []],
            to: loop.addresses[0])
        #expect(client.receive(1).map(\.bytes.count) == [2048])
        loop.stop()
        #expect(loop.statistics().received.truncated == 1)
    }

    @Test func commandsBeyondTheBoundAreRefused() async throws {
        var configuration = MediaLoopConfiguration()
        configuration.commandsMax = 8
        configuration.commandsPerTurnMax = 3
        let loop = try echo(configuration)
        defer { loop.stop() }
        let gate = Gate()
        #expect(loop.submit(.hold(gate)))
        // The loop holds still at the first command, taken or not yet.
        var accepted = 0
        while loop.submit(.mark(accepted)) { accepted += 1 }
        #expect(accepted == 7 || accepted == 8)
        gate.open()
        let events = await firstEvents(accepted, of: loop)
        #expect(events == (0..<accepted).map { .marked($0) })
        loop.stop()
        #expect(loop.statistics().commandsRefused == 1)
        #expect(loop.statistics().commands == UInt64(accepted) + 1)
    }

    @Test func whatACommandAnnouncesIsKnownWhenItsFirstDatagramIsRead() async throws {
        var configuration = MediaLoopConfiguration()
        configuration.commandsMax = 1
        configuration.commandsPerTurnMax = 1
        var handler = EchoHandler()
        handler.warmUpDatagrams = 0
        handler.countedDatagrams = 1
        let loop = try MediaLoop(
            configuration: configuration,
            sockets: try SocketSet(addresses: [loopback], port: 0), handler: handler)
        defer { loop.stop() }
        var client = try TestClient()
        let gate = Gate()
        #expect(loop.submit(.hold(gate)))
        while !loop.hasCommandSpace { await Task.yield() }
        // The loop holds still; both are there when it goes on.
        #expect(loop.submit(.mark(1)))
        client.send([[1]], to: loop.addresses[0])
        gate.open()
        #expect(client.receive(1).count == 1)
        #expect(await firstEvents(1, of: loop) == [.marked(1)])
    }

    @Test func eachOfManySocketsSendsFromItsOwnAddress() throws {
        let count = 300
        let loop = try MediaLoop(
            sockets: try SocketSet(bindings: [NetworkAddress](repeating: loopback, count: count)),
            handler: EchoHandler())
        defer { loop.stop() }
        var client = try TestClient()
        for index in [0, 255, 256, count - 1] {
            client.send([[UInt8(truncatingIfNeeded: index)]], to: loop.addresses[index])
            #expect(client.receive(1).first?.from == loop.addresses[index])
        }
    }

    @Test func stopCarriesOutWhatWasGivenAndJoins() async throws {
        let loop = try echo()
        var client = try TestClient()
        let path = TransportPath(socket: 0, remote: client.address)
        #expect(loop.submit(.mark(1)))
        #expect(loop.submit(.sendRun(path, count: 10, segmentSize: 10)))
        loop.stop()
        loop.stop()
        #expect(!loop.submit(.mark(2)))
        var events: [EchoEvent] = []
        for await event in loop.events { events.append(event) }
        #expect(events == [.marked(1)])
        #expect(client.receive(1).count == 1)
        // The port is free again.
        _ = try SocketSet(addresses: [loopback], port: loop.addresses[0].port)
    }

    @Test func theLastReferenceStopsTheLoop() throws {
        var loop: MediaLoop<EchoHandler>? = try echo()
        let port = try #require(loop?.addresses.first?.port)
        loop = nil
        _ = try SocketSet(addresses: [loopback], port: port)
    }

    @Test func aDeadlineWakesTheLoopInTime() async throws {
        let loop = try echo()
        defer { loop.stop() }
        let deadline = MonotonicClock.now() + .milliseconds(30)
        #expect(loop.submit(.ringAt(deadline)))
        let events = await firstEvents(1, of: loop)
        guard case .rang(let instant) = try #require(events.first) else {
            Issue.record("not a ring: \(events)")
            return
        }
        #expect(instant >= deadline)
        #expect(instant < deadline + .seconds(2))
        loop.stop()
        #expect(loop.statistics().turns < 10)
    }

    @Test func eventsBeyondTheBoundAreCountedAndNeverHoldTheLoop() async throws {
        var configuration = MediaLoopConfiguration()
        configuration.eventsMax = 10
        let loop = try echo(configuration)
        #expect(loop.submit(.flood(10_000)))
        loop.stop()
        let statistics = loop.statistics()
        #expect(statistics.events == 10)
        #expect(statistics.eventsDropped >= 4096 - 10)
    }

    @Test func aPortInUseIsSaid() throws {
        let first = try SocketSet(addresses: [loopback], port: 0)
        let taken = first.addresses[0]
        #expect(throws: SocketError.addressInUse(taken)) {
            _ = try SocketSet(addresses: [loopback], port: taken.port)
        }
        let elsewhere = NetworkAddress(ipv4: 0xC000_02FE, port: 9)
        #expect(throws: SocketError.addressNotAvailable(elsewhere)) {
            _ = try SocketSet(bindings: [elsewhere])
        }
        #expect(throws: SocketError.addressCount(0, max: SocketSet.countMax)) {
            _ = try SocketSet(bindings: [])
        }
        #expect(first.addresses.count == 1)
    }

    @Test(.enabled(if: allocation_counter_is_active() != 0), arguments: [false, true])
    func tenThousandDatagramsAllocateOnlyWhatTheHandlerAllocates(isWasteful: Bool) async throws {
        var handler = EchoHandler()
        handler.warmUpDatagrams = 500
        handler.countedDatagrams = 10_000
        handler.isWasteful = isWasteful
        let loop = try MediaLoop(
            sockets: try SocketSet(addresses: [loopback], port: 0), handler: handler)
        defer { loop.stop() }
        var client = try TestClient()
        let burst = (0..<50).map { _ in [UInt8](repeating: 9, count: 1000) }
        for _ in 0..<((500 + 10_000) / 50) {
            client.send(burst, to: loop.addresses[0])
            try #require(client.receive(50).count == 50)
        }
        // The last datagram's own allocation comes after the counter was read.
        let expected: UInt64 = isWasteful ? 9_999 : 0
        #expect(
            await firstEvents(1, of: loop) == [.allocations(expected, perDatagrams: 10_000)])
    }
}
