// TCP among the paths of a client: taken where UDP does not get through, left where it does; in virtual time.
// SPDX-License-Identifier: Apache-2.0

import Testing
import Wire

@testable import ICE

/// A client with a socket for UDP (0) and one that stands for TCP (1), and a lite server with both on its address.
private final class StreamCall {
    static let datagrams = path("192.0.2.1:443")
    static let stream = path("192.0.2.1:444", socket: 1)

    let network: ICENetwork
    private let seed: UInt64

    init(seed: UInt64 = 1, delay: ClosedRange<Int64> = 10...10) {
        self.seed = seed
        let ours = credentials(seed &* 2)
        let theirs = credentials(seed &* 2 &+ 1)
        network = ICENetwork(
            BoxedAgent(
                ICEAgent(
                    mode: .full(.controlling), local: ours, remote: theirs, tieBreaker: seed,
                    now: .zero)),
            BoxedAgent(
                ICEAgent(
                    mode: .lite, local: theirs, remote: ours, tieBreaker: seed &+ 1, now: .zero)),
            visible: [
                ["198.51.100.7:5000", "198.51.100.7:40123"], ["192.0.2.1:443", "192.0.2.1:444"],
            ],
            seed: seed)
        network.streamSockets = [1]
        network.delayMilliseconds = delay
        client.agent.addLocalCandidate(.host(network.visible[0][0]), socket: 0)
        client.agent.addLocalCandidate(.activeStream(network.visible[0][0]), socket: 1)
        addServer()
    }

    var client: BoxedAgent { network.sides[0] }
    var server: BoxedAgent { network.sides[1] }

    func addServer() {
        client.agent.addRemoteCandidate(
            ICECandidate(
                foundation: "1", priority: 126 << 24 | 65_535 << 8 | 255,
                address: network.visible[1][0], kind: .host))
        client.agent.addRemoteCandidate(
            ICECandidate(
                foundation: "2", transport: .tcp, priority: 90 << 24 | 40_959 << 8 | 255,
                address: network.visible[1][1], kind: .host, tcpType: .passive))
    }

    func restart() {
        let ours = credentials(seed &+ 1_000)
        let theirs = credentials(seed &+ 2_000)
        server.restart(local: theirs, remote: ours, at: network.now)
        client.restart(local: ours, remote: theirs, at: network.now)
        addServer()
    }

    /// The paths that the client selected so far, in order.
    var selections: [TransportPath] {
        network.events(of: 0).compactMap { if case .selected(let path) = $0 { path } else { nil } }
    }

    var hasFailed: Bool { network.log.contains { $0.event == .failed } }

    /// The client's connection closes and can be opened again.
    func closeStream() {
        client.agent.closed(Self.stream, at: network.now)
        network.visible[0][1] = path("198.51.100.7:\(network.visible[0][1].port + 1)").remote
    }
}

@Suite struct ICEStreamTests {
    @Test func whereUDPIsBlockedTCPIsTakenWithinASecond() throws {
        for seed in 1...20 as ClosedRange<UInt64> {
            let call = StreamCall(seed: seed, delay: 5...30)
            call.network.cutSockets = [0]
            call.network.run(until: at(1_000))
            #expect(call.selections == [StreamCall.stream], "seed \(seed)")
            #expect(call.server.selectedPath == path("198.51.100.7:40123", socket: 1))
            let pair = try #require(call.client.selectedPair)
            #expect(pair.transport == .tcp && pair.localKind == .host)
            #expect(pair.local == call.network.visible[0][1])
            call.network.run(until: at(90_000))
            #expect(call.selections.count == 1 && !call.hasFailed, "seed \(seed)")
        }
    }

    @Test func whereUDPAnswersAtOnceNoConnectionIsOpened() {
        let call = StreamCall(delay: 5...5)
        call.network.run(until: at(60_000))
        #expect(call.selections == [StreamCall.datagrams])
        #expect(call.network.sentBySocket[1] == nil)
        #expect(call.client.selectedPair?.transport == .udp)
    }

    @Test func onALongWayBothAreTriedAndUDPIsTaken() {
        for seed in 1...20 as ClosedRange<UInt64> {
            let call = StreamCall(seed: seed, delay: 80...120)
            call.network.run(until: at(60_000))
            #expect(call.selections == [StreamCall.datagrams], "seed \(seed)")
            // It was tried in parallel, and then left alone.
            let sent = call.network.sentBySocket[1] ?? 0
            #expect((1...2).contains(sent), "seed \(seed)")
        }
    }

    @Test func aLostFirstCheckOfUDPDoesNotMeanTCP() {
        let call = StreamCall(delay: 20...20)
        call.network.cutSockets = [0]
        call.network.run(until: at(100))
        call.network.cutSockets = []
        call.network.run(until: at(10_000))
        #expect(call.selections == [StreamCall.datagrams])
    }

    @Test func udpThatComesLaterTakesOver() {
        // Within the first checks, and long after they were given up.
        for blocked in [3_000, 40_000] as [Int64] {
            let call = StreamCall(delay: 20...20)
            call.network.cutSockets = [0]
            call.network.run(until: at(blocked))
            #expect(call.selections == [StreamCall.stream])
            call.network.cutSockets = []
            call.network.run(until: at(blocked + 25_000))
            #expect(call.selections == [StreamCall.stream, StreamCall.datagrams])
            #expect(call.server.selectedPath == path("198.51.100.7:5000"))
            let sent = call.network.sentBySocket[1]
            call.network.run(until: at(blocked + 60_000))
            #expect(call.network.sentBySocket[1] == sent)
        }
    }

    @Test func udpThatDiesInACallIsFollowedByTCP() {
        for seed in 1...20 as ClosedRange<UInt64> {
            let call = StreamCall(seed: seed, delay: 5...30)
            call.network.run(until: at(20_000 + Int64(seed) * 173))
            call.network.cutSockets = [0]
            call.network.run(until: call.network.now + .seconds(10))
            #expect(call.selections == [StreamCall.datagrams, StreamCall.stream], "seed \(seed)")
            #expect(call.server.selectedPath?.socket == 1, "seed \(seed)")
            call.network.run(until: call.network.now + .seconds(60))
            #expect(!call.hasFailed, "seed \(seed)")
        }
    }

    @Test func aConnectionThatClosesIsOpenedAgainAtOnce() {
        let call = StreamCall(delay: 10...10)
        call.network.cutSockets = [0]
        call.network.run(until: at(12_000))
        call.closeStream()
        call.network.run(until: call.network.now + .milliseconds(200))
        #expect(call.server.selectedPath == path("198.51.100.7:40124", socket: 1))
        #expect(call.client.selectedPair?.local?.port == 40_124)
        call.network.run(until: call.network.now + .seconds(60))
        #expect(!call.hasFailed)
    }

    @Test func aConnectionThatIsRefusedIsTriedOnceASecond() {
        let call = StreamCall()
        call.network.isCut = true
        for _ in 0..<200 {
            call.network.run(until: call.network.now + .milliseconds(100))
            // Each that was asked for is refused at once.
            call.client.agent.closed(StreamCall.stream, at: call.network.now)
        }
        let tries = call.network.sentBySocket[1] ?? 0
        #expect((15...25).contains(tries))
    }

    @Test(arguments: [false, true])
    func aRestartStaysWithWhatWorks(isBlocked: Bool) {
        for seed in 1...20 as ClosedRange<UInt64> {
            let call = StreamCall(seed: seed, delay: 5...30)
            if isBlocked { call.network.cutSockets = [0] }
            call.network.run(until: at(12_000))
            call.restart()
            call.network.run(until: call.network.now + .seconds(2))
            let way = isBlocked ? StreamCall.stream : StreamCall.datagrams
            #expect(call.selections == [way, way], "seed \(seed)")
            #expect(call.client.hasSelected && call.server.hasSelected, "seed \(seed)")
            call.network.run(until: call.network.now + .seconds(60))
            #expect(!call.hasFailed, "seed \(seed)")
        }
    }

    @Test func afterARestartTheOtherWayIsTakenIfItIsTheOneThatWorks() {
        let call = StreamCall(delay: 20...20)
        call.network.cutSockets = [0]
        call.network.run(until: at(30_000))
        call.network.cutSockets = [1]
        call.restart()
        call.network.run(until: call.network.now + .seconds(2))
        #expect(call.selections.last == StreamCall.datagrams)
        call.network.cutSockets = [0]
        call.restart()
        call.network.run(until: call.network.now + .seconds(2))
        #expect(call.selections.last == StreamCall.stream)
    }
}
