// That peers connect through a worker, stay connected when they move, and leave nothing behind.
// SPDX-License-Identifier: Apache-2.0
import Negotiation
import NetworkImpairment
import NetworkSimulation
import PeerTransport
import RTP
import Testing
import Wire

@testable import MediaWorker

@Suite struct ConnectionTests {
    @Test(arguments: [UInt16(7), 8, 1])
    func aClientConnectsInAFewRoundTrips(profile: UInt16) throws {
        let call = VirtualCall(seed: 1, profiles: [profile])
        let start = call.now
        let client = try call.join(sending: [ClientStream(kind: .audio)])
        #expect(call.connect())
        // A check, a nomination, two flights of DTLS each way, at 20 ms a round trip.
        #expect(call.now - start < .milliseconds(300))
        call.run(for: .milliseconds(100))
        let connected = call.events.filter {
            if case .peerConnected(client.id) = $0.event { true } else { false }
        }
        #expect(connected.count == 1)
    }

    @Test func clientsConnectThroughABadNetwork() throws {
        let call = VirtualCall(seed: 2)
        call.network.up.loss = 0.3
        call.network.down.loss = 0.3
        call.network.down.reorder = 0.2
        call.network.up.duplicate = 0.2
        for _ in 0..<5 { _ = try call.join(sending: [ClientStream(kind: .audio)]) }
        #expect(call.run(atMost: .seconds(20)) { call.clients.allSatisfy(\.isConnected) })
    }

    @Test func mediaGoesOnWhenAReceiverMovesToAnotherAddress() throws {
        let (call, alice, others) = try VirtualCall.with(receivers: 1)
        let bob = others[0]
        call.showPair(alice, to: bob)
        alice.publish(mid: "0", .audio(tag: 1), at: call.now)
        call.run(for: .seconds(1))
        #expect(bob.packets(mid: "0").count > 40)
        // A NAT gives the client another address. It says nothing: the server learns it from the
        // next check.
        bob.address = call.freshAddress()
        let moved = call.now
        let before = bob.received.count
        #expect(call.run(atMost: .seconds(7)) { bob.received.count > before + 10 })
        #expect(call.now - moved < .seconds(7))
        call.run(for: .seconds(2))
        let late = bob.packets(mid: "0").filter { $0.at > call.now - .seconds(1) }
        #expect(late.count >= 49)
        #expect(bob.failures.isEmpty)
    }

    @Test func mediaGoesOnWhenAPublisherMovesToAnotherAddress() throws {
        let (call, alice, others) = try VirtualCall.with(receivers: 1)
        let bob = others[0]
        call.showPair(alice, to: bob)
        alice.publish(mid: "0", .audio(tag: 1), at: call.now)
        call.run(for: .seconds(1))
        let moved = call.now
        alice.address = call.freshAddress()
        call.run(for: .seconds(9))
        // Not one packet is missed: what her keys authenticate is hers.
        #expect(call.drops(.unknownAddress) == 0)
        let late = bob.packets(mid: "0").filter { $0.at > moved }
        #expect(late.count >= 449)
        #expect(zip(late, late.dropFirst()).allSatisfy { $1.at - $0.at < .milliseconds(60) })
    }

    @Test func anICERestartKeepsMediaFlowingOnANewPath() throws {
        let (call, alice, others) = try VirtualCall.with(receivers: 1)
        let bob = others[0]
        call.showPair(alice, to: bob)
        alice.publish(mid: "0", .audio(tag: 1), at: call.now)
        call.run(for: .seconds(1))
        let oldWords = bob.serverMedia?.localICE
        bob.address = call.freshAddress()
        try call.restartICE(bob)
        #expect(bob.serverMedia?.localICE != oldWords)
        let before = bob.received.count
        #expect(call.run(atMost: .milliseconds(500)) { bob.received.count > before })
        call.run(for: .seconds(2))
        #expect(bob.failures.isEmpty)
        // The handshake was not repeated and the slot goes on: only what flew to the old address is
        // missing.
        let numbers = bob.packets(mid: "0").map(\.sequence.rawValue)
        #expect(numbers == numbers.sorted())
        #expect(Set(numbers).count == numbers.count)
        #expect(call.starts(of: bob, mid: "0").count == 1)
        let selections = bob.events.filter {
            if case .connected = $0.event { true } else { false }
        }
        #expect(selections.count == 1)
    }

    @Test func aSilentPeerIsLostThenHeardAgain() throws {
        let (call, alice, _) = try VirtualCall.with(receivers: 1)
        alice.publish(mid: "0", .audio(tag: 1), at: call.now)
        call.run(for: .seconds(1))
        call.network.up.blackout = call.now..<(call.now + .seconds(10))
        call.run(for: .seconds(20))
        let told = call.events.compactMap { entry in
            switch entry.event {
            case .peerMediaLost(alice.id): "lost"
            case .peerMediaResumed(alice.id): "resumed"
            case .peerFailed(alice.id, _): "failed"
            default: nil
            }
        }
        #expect(told == ["lost", "resumed"])
    }

    @Test func whoComesBackIsShownAKeyframeWithoutAskingForIt() throws {
        let (call, alice, others) = try VirtualCall.with(receivers: 2)
        for bob in others { call.showPair(alice, to: bob) }
        let source = alice.publish(mid: "1", .video(.vp8, tag: 1), at: call.now)
        others[0].givesTransportFeedback = true
        call.run(for: .seconds(2))
        var plan = call.network
        let end = call.now + .seconds(5)
        plan.up.blackout = call.now..<end
        plan.down.blackout = call.now..<end
        call.networks[others[0].address] = plan
        call.run(for: .seconds(5))
        let before = source.keyframeRequests.count
        call.run(for: .milliseconds(200))
        #expect(source.keyframeRequests.count == before + 1)
        // The other was there all the time.
        call.run(for: .seconds(5))
        #expect(source.keyframeRequests.count == before + 1)
        #expect(StreamCheck.problems(of: others[1].packets(mid: "1")) == [])
    }

    @Test func aPeerThatNeverComesBackIsGivenUpAfterThirtySeconds() throws {
        let (call, alice, _) = try VirtualCall.with(receivers: 0)
        let silentFrom = call.now
        call.network.up.blackout = call.now..<(call.now + .seconds(100))
        call.run(for: .seconds(40))
        let given = call.events.filter {
            if case .peerTimedOut(alice.id) = $0.event { true } else { false }
        }
        #expect(given.count == 1)
        // Counted from the last sign of life, up to a check's interval before.
        let after = (given.first?.at ?? silentFrom) - silentFrom
        #expect(after > .seconds(24) && after <= .seconds(31))
        // A failed peer stays until it is removed, and costs no more wake-ups than an idle one.
        call.leave(alice)
        #expect(call.worker.statistics.peers == 0)
    }

    @Test(arguments: [NegotiationProfile.sdk, .whip])
    func aClientThatIsRemovedIsToldSoIfNothingElseTellsIt(profile: NegotiationProfile) throws {
        let call = VirtualCall(seed: 1)
        let alice = try call.join(sending: [ClientStream(kind: .audio)], as: profile)
        #expect(call.connect())
        call.apply(.removePeer(alice.id))
        call.run(for: .milliseconds(100))
        let isTold = alice.events.contains { $0.event == .failed("the peer closed the connection") }
        // By its WebSocket, which says why; that word must not come second.
        #expect(isTold == (profile != .sdk))
    }

    @Test func aClientThatSaysGoodbyeIsReported() throws {
        let (call, alice, _) = try VirtualCall.with(receivers: 0)
        alice.close()
        call.run(for: .milliseconds(100))
        let failed = call.events.contains {
            if case .peerFailed(alice.id, _) = $0.event { true } else { false }
        }
        #expect(failed)
    }

    @Test func twoHundredJoinsAndLeavesLeaveNothingBehind() throws {
        let call = VirtualCall(seed: 5)
        let alice = try call.joinPublisher()
        call.connect()
        alice.publish(mid: "0", .audio(tag: 1), at: call.now)
        alice.publish(mid: "1", .video(.vp8, tag: 2), at: call.now)
        var present: [VirtualClient] = []
        for number in 0..<200 {
            let bob = try call.join(
                sending: [ClientStream(kind: .audio), ClientStream(kind: .video)],
                receivingPairs: 1, audio: 1)
            call.show(alice, "0", in: "2", of: bob)
            call.show(alice, "1", in: "3", of: bob)
            if let other = present.first { call.show(other, "0", in: "4", of: bob) }
            call.run(for: .milliseconds(120))
            if number.isMultiple(of: 3), bob.isConnected {
                bob.publish(mid: "0", .audio(tag: UInt16(number)), at: call.now)
            }
            present.append(bob)
            if present.count > 4 { call.leave(present.removeFirst()) }
        }
        for client in present { call.leave(client) }
        call.run(for: .seconds(1))
        #expect(
            call.worker.takeCensus()
                == WorkerCensus(
                    peers: 1, tracks: 2, producers: 2, slots: 0, paths: 1, usernames: 1, watchers: 0
                ))
        call.leave(alice)
        #expect(call.worker.takeCensus() == WorkerCensus())
        // Places are used again: the tables never held more than were there at once.
        let sizes = call.worker.tableSizes
        #expect(sizes.peers <= 8)
        #expect(sizes.slots <= 24)
        #expect(sizes.tracks <= 16)
        #expect(sizes.producers <= 16)
        #expect(call.worker.statistics.drops.allSatisfy { $0.reason != "authentication_failed" })
    }
}
