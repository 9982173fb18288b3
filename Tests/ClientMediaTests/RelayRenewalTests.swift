// That media through a relay outlives the credentials it began with, in virtual time, before a relay that judges each request.
// SPDX-License-Identifier: Apache-2.0
import ICE
import Negotiation
import NetworkSimulation
import RTP
import Testing
import Wire

@testable import ClientMedia

/// Somebody who hears another through a relay and no other way.
private final class RelayedCall {
    let relay = StrictRelay()
    let call: VirtualCall
    let publisher: VirtualClient
    let viewer: VirtualClient
    /// Added to the numbers of the viewer's sockets as the relay sees them: a NAT that forgets changes it.
    var mapping: UInt16 = 0
    private var up: [(path: TransportPath, bytes: [UInt8])] = []
    private var down: [(address: NetworkAddress, bytes: [UInt8])] = []
    private(set) var sent = 0

    /// Where else than to the relay it sent anything.
    private(set) var direct: [TransportPath] = []

    init(seed: UInt64, relaysAlone: Bool = false) throws {
        call = VirtualCall(seed: seed)
        publisher = try call.join(sending: [ClientStream(kind: .audio)], native: true)
        viewer = try call.join(receivingPairs: 1, native: true, relaysAlone: relaysAlone)
        viewer.connection?.setHandsOutPackets(true)
        viewer.detour = { [unowned self] path, bytes in
            up.append((path, bytes))
            if path.remote != relay.address { direct.append(path) }
            return true
        }
        call.tap = { [unowned self] path, bytes in down.append((path.remote, bytes)) }
        call.show(publisher, "0", in: "0", of: viewer)
    }

    /// Tells the viewer of the relay's new credentials.
    func name(_ username: String, lasting lifetime: MediaDuration) {
        viewer.connection?.setRelays(
            [relay.access(username, until: call.now + lifetime)], at: call.now)
    }

    /// Sends sound each 20 ms.
    func run(seconds: Int) throws {
        for step in 0..<(seconds * 100) {
            if step % 2 == 0, publisher.isConnected {
                let opus: [UInt8] = [0xFC] + [UInt8](repeating: 7, count: 59)
                try publisher.connection?.send(
                    OutgoingFrame(codec: .opus, bytes: opus, capturedAt: call.now), mid: "0",
                    at: call.now)
                sent += 1
            }
            call.run(for: .milliseconds(10))
            try passThroughRelay()
        }
    }

    private func passThroughRelay() throws {
        relay.advance(to: call.now)
        let (up, down) = (up, down)
        (self.up, self.down) = ([], [])
        for (path, bytes) in up where path.remote == relay.address {
            guard let first = bytes.first, first >= 64 else {
                let answer = try relay.answer(
                    bytes, from: path.socket + mapping, at: call.now)
                viewer.receive(answer, on: path, at: call.now)
                continue
            }
            let number = UInt16(bytes[0]) << 8 | UInt16(bytes[1])
            guard let allocation = relay.allocations[path.socket + mapping],
                allocation.channels[number] == call.server
            else { continue }
            call.inject(Array(bytes.dropFirst(4)), from: allocation.relayed)
        }
        for (address, bytes) in down {
            for socket: UInt16 in [0, 8] {
                guard let allocation = relay.allocations[socket + mapping],
                    allocation.relayed == address,
                    let number = allocation.channels.first(where: { $0.value == call.server })?.key
                else { continue }
                let head = [number, UInt16(bytes.count)].flatMap {
                    [UInt8($0 >> 8), UInt8($0 & 0xFF)]
                }
                viewer.receive(
                    head + bytes, on: TransportPath(socket: socket, remote: relay.address),
                    at: call.now)
            }
        }
    }

    /// When sound came.
    var heard: [MediaInstant] {
        viewer.connectionEvents.compactMap { if case .sound = $0.event { $0.at } else { nil } }
    }

    /// The longest time without any.
    var longestGap: MediaDuration {
        zip(heard, heard.dropFirst()).map { $1 - $0 }.max() ?? .seconds(1_000)
    }
}

@Suite struct RelayRenewalTests {
    @Test func whoWantsRelaysAloneSendsNothingElsewhereAndDoesNotWait() throws {
        let call = try RelayedCall(seed: 5, relaysAlone: true)
        let began = call.call.now
        // As its driver does: what it knows of its own addresses, and STUN servers.
        let own = ICEBase(socket: 0, address: call.viewer.address)
        var random = SeededRandom(seed: 1)
        call.viewer.connection?.addHost(own)
        call.viewer.connection?.gather(
            ReflexiveGathering(
                servers: [NetworkAddress(ipv4: 0xC000_0247, port: 3_478)], from: [own],
                using: &random, at: began))
        call.name("a", lasting: .seconds(20))
        try call.run(seconds: 2)
        try call.call.restartICE(call.viewer)
        call.viewer.connection?.addHost(own)
        try call.run(seconds: 2)
        #expect(call.direct.isEmpty)
        let first = try #require(call.heard.first)
        #expect(first - began < .milliseconds(700))
        #expect(call.longestGap <= .milliseconds(50))
        // Others try their own ways first.
        let other = try RelayedCall(seed: 5)
        other.name("a", lasting: .seconds(20))
        try other.run(seconds: 2)
        #expect(!other.direct.isEmpty)
        #expect(try #require(other.heard.first) - began > .seconds(1))
    }

    @Test func mediaMovesToNewCredentialsWithoutAGap() throws {
        let call = try RelayedCall(seed: 1)
        call.name("a", lasting: .seconds(8))
        try call.run(seconds: 4)
        for name in ["b", "c", "d"] {
            call.name(name, lasting: .seconds(8))
            try call.run(seconds: 4)
        }
        #expect(call.longestGap <= .milliseconds(50))
        #expect(call.heard.count > 14 * 50)
        #expect(
            call.relay.log == [
                "a on 0", "b on 8", "a given back", "c on 0", "b given back", "d on 8",
                "c given back",
            ])
        #expect(call.viewer.connection?.selectedPair?.localKind == .relay)
    }

    @Test func theSameCredentialsChangeNothing() throws {
        let call = try RelayedCall(seed: 2)
        call.name("a", lasting: .seconds(60))
        try call.run(seconds: 2)
        let access = call.relay.access("a", until: call.call.now + .seconds(60))
        call.viewer.connection?.setRelays([access], at: call.call.now)
        try call.run(seconds: 2)
        #expect(call.relay.log == ["a on 0"])
    }

    @Test func whereNoSecondAllocationIsToBeHadTheFirstIsKeptAndItIsAskedForAgain() throws {
        let call = try RelayedCall(seed: 3)
        call.name("a", lasting: .seconds(40))
        try call.run(seconds: 2)
        call.relay.isFull = true
        call.name("b", lasting: .seconds(60))
        try call.run(seconds: 2)
        #expect(call.relay.log == ["a on 0"])
        call.relay.isFull = false
        try call.run(seconds: 12)
        #expect(call.relay.log == ["a on 0", "b on 8", "a given back"])
        #expect(call.longestGap <= .milliseconds(50))
    }

    @Test func theNewestOfManyIsReachedThoughTheyComeFasterThanMediaMoves() throws {
        let call = try RelayedCall(seed: 4)
        call.name("a", lasting: .seconds(20))
        try call.run(seconds: 2)
        for name in ["b", "c", "d"] {
            call.name(name, lasting: .seconds(20))
            try call.run(seconds: 1)
        }
        try call.run(seconds: 5)
        #expect(call.relay.allocations.values.map(\.username) == ["d"])
        #expect(call.longestGap <= .milliseconds(50))
    }

    @Test(arguments: [false, true])
    func whoseNATForgetsGetsAnotherAllocationSoon(relaysAlone: Bool) throws {
        let call = try RelayedCall(seed: 6, relaysAlone: relaysAlone)
        call.name("a", lasting: .seconds(60))
        try call.run(seconds: 6)
        for mapping: UInt16 in [100, 200] {
            call.mapping = mapping
            try call.run(seconds: 6)
        }
        #expect(call.relay.log.prefix(3) == ["a on 0", "a on 100", "a ended"])
        #expect(call.relay.log.contains("a on 200"))
        #expect(call.longestGap < .milliseconds(1_700))
        #expect(call.viewer.connection?.selectedPair?.localKind == .relay)
    }
}
