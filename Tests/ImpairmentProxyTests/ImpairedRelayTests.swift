// The relay: in virtual time through a recording door, and over real sockets.
// SPDX-License-Identifier: Apache-2.0
import MediaIO
import MediaWorker
import NetworkImpairment
import Testing
import Wire

@testable import ImpairmentProxy

/// Keeps what it is given.
private struct RecordingDoor: ~Copyable, DatagramDoor {
    var sent: [(path: TransportPath, bytes: [UInt8])] = []

    mutating func send(_ slab: Span<UInt8>, _ transmissions: Span<Transmission>) {
        for index in transmissions.indices {
            let transmission = transmissions[index]
            let end = transmission.offset + transmission.count
            sent.append(
                (transmission.path, slab.extracting(transmission.offset..<end).copied()))
        }
    }
}

extension ImpairedRelay {
    fileprivate mutating func take(
        _ bytes: [UInt8], socket: UInt16, from remote: NetworkAddress, at now: MediaInstant
    ) {
        var bytes = bytes
        var span = bytes.mutableSpan
        receive(&span, on: TransportPath(socket: socket, remote: remote), at: now)
    }

    fileprivate mutating func counters(at now: MediaInstant) -> RelayCounters {
        apply(.report, at: now)
        while let event = pollEvent() {
            if case .counters(let counters) = event { return counters }
        }
        return RelayCounters()
    }
}

private let server = NetworkAddress(ipv4: 0x0A00_0001, port: 5000)
private func client(_ number: Int) -> NetworkAddress {
    NetworkAddress(ipv4: 0x0A00_0100, port: UInt16(6000 + number))
}

@Suite struct ImpairedRelayTests {
    private func relay(
        sockets: Int = 4, seed: UInt64 = 1, _ settings: [(String, String)] = []
    ) throws -> ImpairedRelay {
        var plan = ImpairmentPlan()
        for (name, value) in settings { try plan.set(name, to: value, at: .zero) }
        return ImpairedRelay(
            server: server, socketCount: sockets, plan: plan, seed: seed, now: .zero)
    }

    @Test func eachClientHasItsOwnPortAndGetsItsOwnAnswers() throws {
        var relay = try relay()
        var door = RecordingDoor()
        relay.take([1], socket: 0, from: client(1), at: .zero)
        relay.take([2], socket: 0, from: client(2), at: .zero)
        relay.take([3], socket: 0, from: client(1), at: .zero)
        relay.finishTurn(at: .zero, through: &door)
        #expect(door.sent.map(\.path.remote) == [server, server, server])
        #expect(door.sent.map(\.path.socket) == [1, 2, 1])
        #expect(door.sent.map(\.bytes) == [[1], [2], [3]])
        relay.take([9], socket: 2, from: server, at: .zero)
        relay.finishTurn(at: .zero, through: &door)
        #expect(door.sent[3].path == TransportPath(socket: 0, remote: client(2)))
        #expect(relay.nextDeadline == nil)
    }

    @Test func aStrangerDoesNotReachAClientThroughItsPort() throws {
        var relay = try relay()
        var door = RecordingDoor()
        relay.take([1], socket: 0, from: client(1), at: .zero)
        relay.take([2], socket: 1, from: client(2), at: .zero)
        relay.take([2], socket: 3, from: server, at: .zero)
        relay.finishTurn(at: .zero, through: &door)
        #expect(door.sent.count == 1)
        #expect(relay.counters(at: .zero).unclaimed == 2)
    }

    @Test func delayedDatagramsLeaveWhenTheyAreDue() throws {
        var relay = try relay([("up-delay-ms", "10")])
        var door = RecordingDoor()
        relay.take([1], socket: 0, from: client(1), at: .zero)
        let due = MediaInstant.zero + .milliseconds(10)
        #expect(relay.nextDeadline == due)
        relay.finishTurn(at: due - MediaDuration(nanoseconds: 1), through: &door)
        #expect(door.sent.isEmpty)
        relay.finishTurn(at: due, through: &door)
        #expect(door.sent.count == 1)
    }

    @Test func rebindingChangesThePortAndForgetsTheOldOne() throws {
        var relay = try relay()
        var door = RecordingDoor()
        relay.take([1], socket: 0, from: client(1), at: .zero)
        relay.apply(.rebind, at: .zero)
        relay.take([2], socket: 0, from: client(1), at: .zero)
        relay.take([3], socket: 1, from: server, at: .zero)
        relay.take([4], socket: 2, from: server, at: .zero)
        relay.finishTurn(at: .zero, through: &door)
        #expect(door.sent.map(\.path.socket) == [1, 2, 0])
        #expect(door.sent.map(\.bytes) == [[1], [2], [4]])
        let counters = relay.counters(at: .zero)
        #expect(counters.rebinds == 1)
        #expect(counters.unclaimed == 1)
        #expect(counters.clients == 1)
    }

    @Test func theClientSilentForLongestMakesRoom() throws {
        var relay = try relay(sockets: 3)
        var door = RecordingDoor()
        for (number, second) in [(1, 0), (2, 1), (1, 2), (3, 3)] as [(Int, Int64)] {
            relay.take([1], socket: 0, from: client(number), at: .zero + .seconds(second))
        }
        relay.finishTurn(at: .zero + .seconds(3), through: &door)
        #expect(door.sent.map(\.path.socket) == [1, 2, 1, 2])
        relay.take([1], socket: 2, from: server, at: .zero + .seconds(3))
        relay.finishTurn(at: .zero + .seconds(3), through: &door)
        #expect(door.sent.last?.path.remote == client(3))
    }

    @Test func memoryIsBounded() throws {
        var relay = try relay([("delay-ms", "1000")])
        let more = 100
        for _ in 0..<(ImpairedRelay.datagramsMax + more) {
            relay.take([1], socket: 0, from: client(1), at: .zero)
        }
        #expect(relay.counters(at: .zero).up.overflowed == more)
        var door = RecordingDoor()
        relay.finishTurn(at: .zero + .seconds(1), through: &door)
        #expect(door.sent.count == ImpairedRelay.datagramsMax)
        relay.take([7], socket: 0, from: client(1), at: .zero + .seconds(1))
        relay.finishTurn(at: .zero + .seconds(2), through: &door)
        #expect(door.sent.last?.bytes == [7])
    }

    @Test func theSameSeedLosesTheSameForEachClient() throws {
        func arrived(seed: UInt64) throws -> [[UInt8]] {
            var relay = try relay(seed: seed, [("loss", "0.3")])
            var door = RecordingDoor()
            for number in 0..<200 {
                relay.take(
                    [UInt8(number)], socket: 0, from: client(number % 2), at: .zero)
            }
            relay.finishTurn(at: .zero, through: &door)
            return door.sent.map(\.bytes)
        }
        let first = try arrived(seed: 5)
        #expect(try first == arrived(seed: 5))
        #expect(try first != arrived(seed: 6))
        // The clients do not share their luck.
        #expect(
            Set(first.filter { $0[0] % 2 == 0 }.map { $0[0] / 2 })
                != Set(first.filter { $0[0] % 2 == 1 }.map { $0[0] / 2 }))
    }

    @Test func settingsChangeWhileItRuns() throws {
        var relay = try relay()
        var door = RecordingDoor()
        relay.apply(.set(name: "up-loss", value: "1"), at: .zero)
        relay.take([1], socket: 0, from: client(1), at: .zero)
        relay.finishTurn(at: .zero, through: &door)
        #expect(door.sent.isEmpty)
        relay.apply(.set(name: "lossy", value: "1"), at: .zero)
        #expect(relay.pollEvent() == .refused(.unknown("lossy")))
        let counters = relay.counters(at: .zero)
        #expect(counters.up.received == 1)
        #expect(counters.up.lostRandom == 1)
        #expect(counters.json.contains("\"lostRandom\":1"))
    }

    @Test(.timeLimit(.minutes(1))) func datagramsPassOverRealSockets() async throws {
        let loopback = NetworkAddress(ipv4: 0x7F00_0001, port: 0)
        // A second relay, whose server is nobody, stands for the server: its counters say what it got.
        let far = try SocketSet(bindings: [loopback, loopback, loopback])
        let farAddress = far.addresses[0]
        let nobody = NetworkAddress(ipv4: 0x7F00_0001, port: 9)
        let serverLoop = try MediaLoop(
            sockets: far,
            handler: ImpairedRelay(
                server: nobody, socketCount: 3, plan: ImpairmentPlan(), seed: 1,
                now: MonotonicClock.now()))
        let proxyLoop = try MediaLoop(
            sockets: try SocketSet(bindings: [loopback, loopback, loopback]),
            handler: ImpairedRelay(
                server: farAddress, socketCount: 3, plan: ImpairmentPlan(), seed: 1,
                now: MonotonicClock.now()))
        for _ in 0..<2 {
            var client = try SocketSet(bindings: [loopback])
            let path = TransportPath(socket: 0, remote: proxyLoop.addresses[0])
            let slab = [UInt8](repeating: 1, count: 5000)
            client.send(
                slab.span,
                [Transmission(path: path, offset: 0, count: 5000, segmentSize: 1000)].span)
        }
        func counters(
            of loop: MediaLoop<ImpairedRelay>, until isEnough: (RelayCounters) -> Bool
        ) async -> RelayCounters? {
            _ = loop.submit(.report)
            for await case .counters(let counters) in loop.events {
                if isEnough(counters) { return counters }
                _ = loop.submit(.report)
            }
            return nil
        }
        let passed = await counters(of: proxyLoop) { $0.up.forwarded == 10 }
        #expect(passed?.clients == 2)
        let got = await counters(of: serverLoop) { $0.up.received == 10 }
        #expect(got?.clients == 2)
        proxyLoop.stop()
        serverLoop.stop()
    }
}

@Suite struct ProxyOptionsTests {
    @Test func optionsAreRead() throws {
        let options = try ProxyOptions(
            [
                "--listen", "127.0.0.1:5001", "--target", "[::1]:5002", "--seed", "7",
                "--up-loss", "0.1", "--down-loss", "0.2", "--delay-ms", "10", "--control",
                "--blackout-for-s", "2", "--blackout-at-s", "5", "--seconds", "1.5",
            ], now: .zero)
        #expect(options.listen.description == "127.0.0.1:5001")
        #expect(options.target.description == "[::1]:5002")
        #expect(options.seed == 7)
        #expect(options.seconds == 1.5)
        #expect(options.hasControl)
        #expect(options.plan.up.loss == 0.1)
        #expect(options.plan.down.loss == 0.2)
        #expect(options.plan.down.delay == .milliseconds(10))
        let start = MediaInstant.zero + .seconds(5)
        #expect(options.plan.up.blackout == start..<(start + .seconds(2)))
    }

    @Test func mistakesAreNamed() {
        for (arguments, message) in [
            ([], "--target is missing"),
            (["--target"], "--target needs a value"),
            (["--target", "x"], "--target: 'x' is not a valid value"),
            (["--target", "127.0.0.1:1", "--loss", "2"], "--loss: '2' is out of range"),
            (["--target", "127.0.0.1:1", "--what", "2"], "unknown option --what"),
            (["here"], "unexpected 'here'"),
        ] as [([String], String)] {
            #expect(throws: ProxyOptionError(message: message)) {
                try ProxyOptions(arguments, now: .zero)
            }
        }
    }
}
