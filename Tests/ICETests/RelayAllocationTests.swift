// That an address on a relay is got, kept and given back as RFC 8656 says, and that nobody can forge one; in virtual time.
// SPDX-License-Identifier: Apache-2.0

import STUN
import Testing
import Wire

@testable import ICE

private let peer = path("192.0.2.1:443").remote
private let otherPeer = path("192.0.2.2:443").remote

/// A client's allocation with its relay, 10 ms away, in a box for the macros of the tests.
private final class RelayCall {
    let relay = FakeRelay()
    private(set) var events: [RelayEvent] = []
    private(set) var now = MediaInstant.zero
    private var allocation: RelayAllocation

    init(
        username: String = "ada", isStream: Bool = false, peers: [NetworkAddress] = [peer],
        _ change: (FakeRelay) -> Void = { _ in }
    ) {
        var random = SeededRandom(seed: 1)
        let access = RelayAccess(
            server: relay.address, socket: 0, isStream: isStream, username: Array(username.utf8),
            password: Array("secret".utf8))
        allocation = RelayAllocation(access, peers: peers, using: &random, at: .zero)
        change(relay)
    }

    var isOver: Bool { allocation.isOver }
    var relayed: NetworkAddress? { allocation.relayed }
    var nextDeadline: MediaInstant? { allocation.nextDeadline }
    var methods: [UInt16] { relay.requests.map(\.method) }

    func add(_ peers: [NetworkAddress]) { allocation.add(peers: peers, at: now) }
    func close() {
        allocation.closed()
        while let event = allocation.pollEvent() { events.append(event) }
    }
    func release() { allocation.release(at: now) }
    func hear() { allocation.noteHeard(at: now) }
    func take(_ bytes: [UInt8]) -> Bool { allocation.receive(bytes.span, at: now) }

    func request() -> [UInt8]? {
        var isWritten = false
        let bytes = [UInt8](capacity: STUNWriter.relayByteCountMax) { output in
            isWritten = allocation.pollTransmit(into: &output, at: now)
        }
        return isWritten ? bytes : nil
    }

    func wrapped(_ bytes: [UInt8], to peer: NetworkAddress = peer) -> [UInt8]? {
        var room = bytes + [0, 0, 0, 0]
        var span = room.mutableSpan
        guard let count = allocation.wrap(&span, count: bytes.count, to: peer) else { return nil }
        return Array(room.prefix(count))
    }

    func unwrapped(_ bytes: [UInt8]) -> (peer: NetworkAddress, bytes: [UInt8])? {
        allocation.unwrap(bytes.span).map { ($0.peer, Array(bytes[$0.range])) }
    }

    /// Lives until `end`.
    func run(until end: MediaInstant) throws {
        try settle()
        while let due = allocation.nextDeadline, due <= end {
            now = max(now, due)
            allocation.advance(to: now)
            try settle()
        }
        now = max(now, end)
    }

    /// The same while a peer is heard through it all the time.
    func run(until end: MediaInstant, hearingEach interval: MediaDuration) throws {
        while now < end {
            try run(until: min(now + interval, end))
            hear()
        }
    }

    private func settle() throws {
        while let bytes = request() {
            if let answer = try relay.answer(bytes) { _ = take(answer) }
            while let event = allocation.pollEvent() { events.append(event) }
        }
        while let event = allocation.pollEvent() { events.append(event) }
    }
}

@Suite struct RelayAllocationTests {
    @Test func anAddressIsGotWithCredentialsAndChannelsAreBound() throws {
        let call = RelayCall(peers: [peer, otherPeer, path("[2001:db8::1]:1").remote])
        try call.run(until: at(100))
        #expect(call.events == [.ready(call.relay.relayed)])
        #expect(call.relayed == call.relay.relayed)
        // Asked without a name first, since the relay's nonce was not known.
        #expect(call.methods == [3, 3, 9, 9])
        #expect(!call.relay.requests[0].hasIntegrity && call.relay.requests[1].hasIntegrity)
        #expect(call.relay.bound == [0x4000: peer, 0x4001: otherPeer])
    }

    @Test func datagramsGoByTheirChannels() throws {
        let call = RelayCall(peers: [peer, otherPeer])
        #expect(call.wrapped([1, 2, 3]) == nil)
        try call.run(until: at(100))
        #expect(call.wrapped([1, 2, 3]) == [0x40, 0, 0, 3, 1, 2, 3])
        #expect(call.wrapped([9], to: otherPeer) == [0x40, 1, 0, 1, 9])
        #expect(call.wrapped([9], to: path("192.0.2.3:443").remote) == nil)
        let found = try #require(call.unwrapped([0x40, 1, 0, 2, 7, 8, 0, 0]))
        #expect(found.peer == otherPeer && found.bytes == [7, 8])
        for strange in [
            [], [0x40], [0x40, 0, 0], [0x40, 0, 0, 1], [0x40, 0, 0, 0], [0x40, 9, 0, 1, 1],
            [0x80, 0, 0, 1, 1], [0, 0, 0, 1, 1], [0x40, 0, 255, 255, 1],
        ] as [[UInt8]] {
            #expect(call.unwrapped(strange) == nil)
        }
    }

    @Test func itIsKeptForAsLongAsItIsWanted() throws {
        let call = RelayCall { $0.lifetime = 600 }
        try call.run(until: at(3_600_000), hearingEach: .seconds(1))
        #expect(call.events.count == 1 && !call.isOver)
        // Each nine minutes a refresh, each four the channel.
        #expect((6...7).contains(call.methods.filter { $0 == 4 }.count))
        #expect((14...16).contains(call.methods.filter { $0 == 9 }.count))
        // A nonce that has become old costs a request more.
        call.relay.nonce = "second"
        try call.run(until: at(7_200_000), hearingEach: .seconds(1))
        #expect(call.events.count == 1 && !call.isOver)
        let before = call.relay.requests.count
        call.release()
        #expect(call.wrapped([1]) == nil)
        try call.run(until: at(7_300_000))
        #expect(call.relay.requests.count == before + 1 && call.isOver)
        #expect(call.relay.requests.last?.lifetimeSeconds == 0)
        #expect(call.nextDeadline == nil)
    }

    @Test func whoIsNotHeardForAnHourAsksEachFiveMinutes() throws {
        let call = RelayCall()
        try call.run(until: at(3_600_000))
        #expect(call.events.count == 1 && !call.isOver)
        // After 1.2 s, 2.4, 4.8 and so on to 307.2 s, then each 307.2 s; no refresh is due beside them.
        #expect(call.methods.filter { $0 == 4 }.count == 19)
    }

    @Test func whileNobodyIsHeardTheRelayIsAskedWhetherItIsThereStill() throws {
        let call = RelayCall()
        // Whoever is heard each second asks for nothing.
        for second in Int64(0)..<10 {
            try call.run(until: at(second * 1_000))
            call.hear()
        }
        #expect(call.methods == [3, 3, 9])
        // Less and less often, and not while it does not answer.
        try call.run(until: at(29_000))
        #expect(call.methods == [3, 3, 9] + [4, 4, 4, 4, 4])
        // Refused for another reason it goes on; without an allocation it is over.
        call.relay.refusals = [4: 401]
        call.hear()
        try call.run(until: at(32_000))
        #expect(!call.isOver && call.methods.count == 10)
        call.relay.refusals = [4: 437]
        try call.run(until: at(34_000))
        #expect(call.events == [.ready(call.relay.relayed), .over])
        // Connections break by themselves.
        let stream = RelayCall(isStream: true)
        try stream.run(until: at(100_000))
        #expect(stream.methods == [3, 3, 9])
    }

    @Test func whoIsNamedLaterIsReachedToo() throws {
        let call = RelayCall()
        try call.run(until: at(100))
        call.add([peer, otherPeer])
        try call.run(until: at(200))
        #expect(call.relay.bound == [0x4000: peer, 0x4001: otherPeer])
        call.add((1...100).map { path("192.0.2.9:\($0)").remote })
        try call.run(until: at(300))
        #expect(call.relay.bound.count == RelayAllocation.peersMax)
    }

    @Test func whatIsRefusedIsOver() throws {
        let wrong = RelayCall(username: "eve")
        try wrong.run(until: at(60_000))
        #expect(wrong.events == [.over] && wrong.methods == [3, 3])
        for (method, code) in [(3, 486), (3, 508), (9, 403)] as [(UInt16, Int)] {
            let call = RelayCall { $0.refusals = [method: code] }
            try call.run(until: at(60_000))
            #expect(call.events == [.over], "\(method) \(code)")
            #expect(call.isOver && call.nextDeadline == nil)
        }
    }

    @Test func aRelayThatWantsAnotherNonceForEverIsGivenUp() throws {
        let call = RelayCall()
        var count = 0
        while let request = call.request(), count < 100 {
            count += 1
            call.relay.nonce = "never \(count)"
            // It is asked with what it said last, and has changed its mind by then.
            if let answer = try call.relay.answer(request) { _ = call.take(answer) }
        }
        #expect((2...5).contains(count) && call.isOver)
    }

    @Test func aRelayThatDoesNotAnswerIsGivenUp() throws {
        let call = RelayCall { $0.isDeaf = true }
        try call.run(until: at(39_499))
        #expect(call.events.isEmpty && call.relay.requests.count == RelayAllocation.sendsMax)
        try call.run(until: at(39_500))
        #expect(call.events == [.over])
        // One that falls silent is noticed with the next refresh.
        let lost = RelayCall()
        try lost.run(until: at(1_000))
        lost.relay.isDeaf = true
        try lost.run(until: at(700_000))
        #expect(lost.events == [.ready(lost.relay.relayed), .over])
    }

    @Test func overAConnectionNothingIsRepeatedAndItsEndIsThatOfTheAddress() throws {
        let deaf = RelayCall(isStream: true) { $0.isDeaf = true }
        try deaf.run(until: at(60_000))
        #expect(deaf.relay.requests.count == 1 && deaf.events == [.over])
        let call = RelayCall(isStream: true)
        try call.run(until: at(1_000))
        #expect(call.events == [.ready(call.relay.relayed)])
        call.close()
        #expect(call.events == [.ready(call.relay.relayed), .over] && call.isOver)
        #expect(call.wrapped([1]) == nil)
    }

    @Test func nobodyButTheRelayCanAnswer() throws {
        let call = RelayCall()
        let first = try #require(call.request())
        _ = call.take(try #require(try call.relay.answer(first)))
        let second = try #require(call.request())
        let good = try #require(try call.relay.answer(second))
        // Neither without a signature nor with another one.
        var unsigned = Array(good.dropLast(24))
        unsigned[3] -= 24
        var changed = good
        changed[26] ^= 1
        var other = good
        other[10] ^= 1
        for bytes in [unsigned, changed, other, Array(good.dropLast()), second, []] {
            #expect(!call.take(bytes))
        }
        #expect(call.relayed == nil)
        #expect(call.take(good) && call.relayed == call.relay.relayed)
        #expect(!call.take(good))
    }
}
