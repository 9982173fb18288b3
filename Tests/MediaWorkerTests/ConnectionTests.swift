// That peers connect through a worker, wherever their packets come from.
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
        let client = try call.join(sending: [.init(kind: .audio)])
        #expect(call.connect())
        // A check, a nomination, two flights of DTLS each way, at 20 ms a round trip.
        #expect(call.now - start < .milliseconds(300))
        call.run(for: .milliseconds(100))
        #expect(call.events.contains { if case .peerConnected(client.id) = $0.event { true } else { false } })
    }

    @Test func aClientConnectsThroughABadNetwork() throws {
        let call = VirtualCall(seed: 2)
        call.network.up.loss = 0.3
        call.network.down.loss = 0.3
        call.network.down.reorder = 0.2
        call.network.up.duplicate = 0.2
        for _ in 0..<5 { _ = try call.join(sending: [.init(kind: .audio)]) }
        #expect(call.run(atMost: .seconds(20)) { call.clients.allSatisfy(\.isConnected) })
    }

    @Test func mediaFlowsBetweenTwo() throws {
        let call = VirtualCall(seed: 3)
        let alice = try call.join(sending: [.init(kind: .audio), .init(kind: .video)])
        let bob = try call.join(receivingPairs: 1)
        #expect(call.connect())
        call.show(alice, "0", in: "0", of: bob)
        call.show(alice, "1", in: "1", of: bob)
        let audio = alice.publish(mid: "0", .audio(tag: 1), at: call.now)
        let video = alice.publish(mid: "1", .video(.vp8, tag: 2), at: call.now)
        call.run(for: .seconds(3))
        print(bob.packets(mid: "0").count, bob.packets(mid: "1").count, audio.packetCount, video.packetCount, bob.failures, alice.failures)
        print(call.worker.statistics)
        print(bob.control.count, alice.control.count)
        print(call.events.map { "\($0.event)" })
    }
}
