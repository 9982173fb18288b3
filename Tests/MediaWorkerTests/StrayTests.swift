// Peers whose address changes are followed within a round trip, and nobody else can lead them away.
// SPDX-License-Identifier: Apache-2.0
import BasicContainers
import Forwarding
import NetworkSimulation
import PeerTransport
import RTP
import Testing
import Wire

@testable import MediaWorker

@Suite struct StrayTests {
    @Test func aPublisherWhoseAddressChangesIsNotMissedAndIsSentToAtOnce() throws {
        let (call, alice, others) = try VirtualCall.with(receivers: 1)
        let bob = others[0]
        call.showPair(alice, to: bob)
        alice.publish(mid: "0", .audio(tag: 1), at: call.now)
        call.run(for: .seconds(1))
        let moved = call.now
        alice.address = call.freshAddress()
        let path = TransportPath(socket: 0, remote: alice.address)
        var reached: MediaInstant?
        call.tap = { sent, bytes in
            if sent == path, bytes.first ?? 0 > 127, reached == nil { reached = call.now }
        }
        call.run(for: .seconds(3))
        let late = bob.packets(mid: "0").filter { $0.at > moved }
        #expect(late.count >= 149)
        #expect(zip(late, late.dropFirst()).allSatisfy { $1.at - $0.at < .milliseconds(60) })
        let index = try #require(call.worker.peerOfID[alice.id])
        let selected = call.worker.peers[index]?.transport.selectedPath
        #expect(selected == path)
        #expect(try #require(reached) - moved < .milliseconds(1_100))
        #expect(call.drops(.unknownAddress) == 0)
        #expect(call.worker.takeCensus().peers == 2)
    }

    @Test func aReceiverWhoseAddressChangesIsFoundByItsReports() throws {
        // All receivers report from the same SSRC, as browsers do that only receive.
        let (call, alice, others) = try VirtualCall.with(receivers: 12)
        for other in others { call.showPair(alice, to: other) }
        alice.publish(mid: "0", .audio(tag: 1), at: call.now)
        func live(_ milliseconds: Int64) {
            for _ in 0..<(milliseconds / 50) {
                for other in others { other.sendNACK(mid: "0", [SequenceNumber(1)]) }
                call.run(for: .milliseconds(50))
            }
        }
        live(1_000)
        for (number, other) in others.enumerated() where number % 4 == 1 {
            let moved = call.now
            // Another port of the same host, or another host.
            other.address =
                number == 1 ? call.freshAddress() : other.address.with(port: 4_000 + UInt16(number))
            live(1_000)
            let late = other.packets(mid: "0").filter { $0.at > moved + .milliseconds(500) }
            #expect(late.count >= 24, "receiver \(number)")
        }
        for other in others {
            #expect(other.packets(mid: "0").filter { $0.at > call.now - .seconds(1) }.count >= 48)
        }
    }

    @Test func copiesOfPacketsFromElsewhereLeadNothingAway() throws {
        let people = try Bystanders()
        let index = try #require(people.call.worker.peerOfID[people.alice.id])
        let home = people.call.worker.peers[index]?.transport.selectedPath
        let stranger = people.call.freshAddress()
        var questions = 0
        var bytes = 0
        people.call.tap = { path, datagram in
            guard path.remote == stranger else { return }
            questions += 1
            bytes += datagram.count
            #expect(datagram[0] < 4, "only a check may go there")
        }
        // The stranger is faster than Alice for a second, but cannot answer.
        let datagrams = people.call.rehearse(people.alice, for: .seconds(1))
        let taken = people.call.worker.statistics.packetsSent
        for datagram in datagrams {
            people.call.run(for: max(.zero, datagram.at - people.call.now))
            people.call.inject(datagram.bytes, from: stranger)
        }
        #expect(people.call.worker.statistics.packetsSent > taken)
        for datagram in datagrams { people.call.inject(datagram.bytes, from: people.alice.address) }
        people.call.run(for: .seconds(3))
        #expect((1...4).contains(questions))
        #expect(bytes < 700)
        let now = people.call.worker.peers[index]?.transport.selectedPath
        #expect(now == home)
        #expect(people.problems() == [])
    }

    @Test func replayedPacketsFromElsewhereCauseNothing() throws {
        let people = try Bystanders()
        let datagrams = people.call.rehearse(people.alice, for: .milliseconds(60))
        for datagram in datagrams { people.call.inject(datagram.bytes, from: people.alice.address) }
        let stranger = people.call.freshAddress()
        var answers = 0
        people.call.tap = { path, _ in if path.remote == stranger { answers += 1 } }
        for _ in 0..<3 {
            for datagram in datagrams { people.call.inject(datagram.bytes, from: stranger) }
        }
        people.call.run(for: .seconds(1))
        #expect(answers == 0)
        let refused = people.call.drops(.replayed) + people.call.drops(.unknownAddress)
        #expect(refused == 3 * UInt64(datagrams.count))
        #expect(people.call.worker.takeCensus().paths == 2)
        #expect(people.problems() == [])
    }

    @Test func aFloodFromUnknownAddressesIsLookedAtOnlySoOften() throws {
        let people = try Bystanders()
        var packet = [UInt8](repeating: 7, count: 200)
        packet[0] = 0x80
        packet[1] = 201
        packet.replaceSubrange(4..<8, with: [0, 0, 0, 1])
        for _ in 0..<1_000 { people.call.inject(packet, from: people.call.freshAddress()) }
        #expect(people.call.drops(.unknownAddress) == 1_000)
        var left = people.call.worker.strayBudget
        let isThere = left.hasToken(at: people.call.now)
        #expect(!isThere)
        #expect(people.problems() == [])
    }

    @Test func theLikeliestSuspectsAreKept() {
        var suspects = StraySuspects()
        for number in 0..<20 {
            suspects.add(
                .init(
                    peer: number, isNear: number == 13,
                    heard: .zero + .milliseconds(Int64(number * 7 % 20))))
        }
        #expect(suspects.count == 8)
        #expect((0..<8).map { suspects.peer(at: $0) } == [13, 0, 3, 6, 9, 12, 15, 18])
    }
}
