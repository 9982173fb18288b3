// The full agent against a lite and a full one, in virtual time over lossy links.
// SPDX-License-Identifier: Apache-2.0

import Testing
import Wire

@testable import ICE

struct ICEFullAgentTests {
    static let client = "198.51.100.7:5000"
    static let server = "192.0.2.1:443"

    /// A full controlling client and a server in `mode`, with one candidate each unless told.
    func network(
        _ mode: ICEMode, clientRole: ICERole = .controlling, seed: UInt64 = 1,
        clients: [String] = [client], servers: [String] = [server],
        serverKnowsClient: Bool = false, connectedBy start: Bool = true
    ) -> ICENetwork {
        let ours = credentials(seed &* 2)
        let theirs = credentials(seed &* 2 &+ 1)
        let first = BoxedAgent(
            ICEAgent(
                mode: .full(clientRole), local: ours, remote: start ? theirs : nil,
                tieBreaker: seed, now: .zero))
        let second = BoxedAgent(
            ICEAgent(
                mode: mode, local: theirs, remote: ours, tieBreaker: seed &+ 1, now: .zero))
        let network = ICENetwork(first, second, visible: [clients, servers], seed: seed)
        addCandidates(network, serverKnowsClient: serverKnowsClient)
        return network
    }

    func addCandidates(
        _ network: ICENetwork, serverKnowsClient: Bool = false, isRestart: Bool = false
    ) {
        for (side, addresses) in network.visible.enumerated() {
            for (index, address) in addresses.enumerated() {
                let candidate = ICECandidate.host(
                    address, localPreference: 65_535 - UInt16(index))
                if !isRestart {
                    network.sides[side].agent.addLocalCandidate(candidate, socket: UInt16(index))
                }
                if side == 1 || serverKnowsClient {
                    network.sides[1 - side].agent.addRemoteCandidate(candidate)
                }
            }
        }
    }

    @Test func itConnectsToALiteServerInTwoRoundTrips() {
        let network = network(.lite)
        network.delayMilliseconds = 10...10
        network.run(until: at(2_000))
        #expect(
            network.events(of: 0)
                == [.validated(path(Self.server)), .selected(path(Self.server))])
        #expect(
            network.events(of: 1)
                == [.validated(path(Self.client)), .selected(path(Self.client))])
        #expect(network.lastTime(of: 0) { _ in true } == at(40))
    }

    @Test(arguments: [ICEMode.lite, .full(.controlled), .full(.controlling)], [0, 10, 30])
    func itConnectsOverLossyLinks(mode: ICEMode, loss: Int) {
        for seed in 1...60 as ClosedRange<UInt64> {
            let knows = seed % 2 == 0
            let network = network(mode, seed: seed, serverKnowsClient: knows)
            network.lossPercent = loss
            network.duplicatePercent = 10
            network.run(until: at(12_000))
            #expect(network.sides[0].selectedPath == path(Self.server), "seed \(seed)")
            #expect(network.sides[1].selectedPath == path(Self.client), "seed \(seed)")
            #expect(network.sides[0].role != network.sides[1].role, "seed \(seed)")
            #expect(network.now < at(60_000))
        }
    }

    @Test func theSameSeedGivesTheSameRun() {
        let logs = (0..<2).map { _ in
            let network = network(.full(.controlling), seed: 77, serverKnowsClient: true)
            network.lossPercent = 25
            network.run(until: at(60_000))
            return network.log
        }
        #expect(logs[0] == logs[1])
        #expect(!logs[0].isEmpty)
    }

    @Test func equalRolesAreSettledByTheTieBreaker() {
        for role in [ICERole.controlling, .controlled] {
            let network = network(.full(role), clientRole: role, serverKnowsClient: true)
            network.run(until: at(3_000))
            // The second side has the larger tie-breaker.
            #expect(network.sides[1].role == .controlling)
            #expect(network.sides[0].role == .controlled)
            #expect(network.sides[0].selectedPath == path(Self.server))
            #expect(network.sides[1].selectedPath == path(Self.client))
        }
    }

    @Test func aControlledClientOfALiteServerBecomesControlling() {
        let network = network(.lite, clientRole: .controlled)
        network.run(until: at(2_000))
        #expect(network.sides[0].role == .controlling)
        #expect(network.sides[1].selectedPath == path(Self.client))
    }

    @Test func bothSidesLearnAddressesNobodyAnnounced() {
        let network = network(.full(.controlled))
        // What the server sees is not what the client announced, and nothing comes in before the client sent.
        network.visible[0] = [path("203.0.113.99:61000").remote]
        network.openedByNAT = []
        network.run(until: at(5_000))
        #expect(network.sides[1].selectedPath == path("203.0.113.99:61000"))
        let learned = network.sides[0].localCandidates.last?.candidate
        #expect(learned?.kind == .peerReflexive)
        #expect(learned?.address == path("203.0.113.99:61000").remote)
    }

    @Test func theBestOfSeveralPairsIsSelected() {
        for seed in 1...30 as ClosedRange<UInt64> {
            let network = network(
                seed % 2 == 0 ? .lite : .full(.controlled), seed: seed,
                clients: ["10.0.0.1:1", "10.0.1.1:2", "[2001:db8::1]:3"],
                servers: ["10.9.0.1:1", "10.9.1.1:2", "[2001:db8::9]:3"], serverKnowsClient: true)
            network.delayMilliseconds = 5...20
            network.run(until: at(8_000))
            #expect(network.sides[0].selectedPath == path("10.9.0.1:1"), "seed \(seed)")
            #expect(network.sides[1].selectedPath == path("10.0.0.1:1"), "seed \(seed)")
            let selections = network.events(of: 0).filter {
                if case .selected = $0 { true } else { false }
            }
            #expect(selections.count == 1)
        }
    }

    @Test func consentIsAskedEveryFiveSecondsOrSo() {
        let network = network(.lite)
        network.run(until: at(1_000))
        let before = network.sentCounts[0]
        network.run(until: at(101_000))
        #expect((17...26).contains(network.sentCounts[0] - before))
        #expect(network.log.count == 4)
    }

    @Test func lostConsentDisconnectsAndThenFails() throws {
        let network = network(.lite)
        network.run(until: at(10_000))
        network.isCut = true
        network.run(until: at(60_000))
        for side in 0...1 {
            #expect(network.events(of: side).suffix(2) == [.disconnected, .failed])
        }
        let failed = try #require(network.lastTime(of: 0) { $0 == .failed })
        #expect(failed > at(30_000) && failed <= at(40_000))
        let sent = network.sentCounts
        network.run(until: at(120_000))
        #expect(network.sentCounts == sent)
    }

    @Test(arguments: [5_000, 10_000, 20_000] as [Int64])
    func aBlackoutIsOverTwoSecondsAfterItsEnd(length: Int64) {
        for seed in 1...20 as ClosedRange<UInt64> {
            let network = network(seed % 2 == 0 ? .lite : .full(.controlled), seed: seed)
            network.run(until: at(7_000 + Int64(seed) * 331))
            network.isCut = true
            let end = network.now + .milliseconds(length)
            network.run(until: end)
            network.isCut = false
            network.run(until: end + .seconds(2))
            for side in network.sides {
                // A short one may fall between two checks, and then nobody notices it.
                let silence = network.now - side.lastReceived
                #expect(side.lastReceived >= end || silence < .milliseconds(7_000), "seed \(seed)")
            }
            network.run(until: end + .seconds(40))
            #expect(!network.log.contains { $0.event == .failed }, "seed \(seed)")
            let losses = network.log.filter { $0.event == .disconnected }.count
            #expect(network.log.filter { $0.event == .resumed }.count == losses)
        }
    }

    @Test(arguments: [ICEMode.lite, .full(.controlled)])
    func whenTheSelectedPathDiesAnotherTakesOver(mode: ICEMode) {
        for seed in 1...20 as ClosedRange<UInt64> {
            let network = network(
                mode, seed: seed, clients: ["10.0.0.1:1", "172.16.0.1:2"],
                serverKnowsClient: true)
            network.run(until: at(20_000 + Int64(seed) * 173))
            #expect(network.sides[0].selectedPath == path(Self.server))
            network.cutSockets = [0]
            network.run(until: network.now + .seconds(10))
            #expect(
                network.sides[0].selectedPath == path(Self.server, socket: 1), "seed \(seed)")
            #expect(network.sides[1].selectedPath == path("172.16.0.1:2"), "seed \(seed)")
            network.run(until: network.now + .seconds(60))
            #expect(!network.log.contains { $0.event == .failed }, "seed \(seed)")
        }
    }

    @Test(arguments: [ICEMode.lite, .full(.controlled)])
    func aClientWhoseNATForgetsItIsFollowed(mode: ICEMode) {
        for seed in 1...20 as ClosedRange<UInt64> {
            let network = network(mode, seed: seed)
            network.lossPercent = 10
            network.run(until: at(11_000 + Int64(seed) * 173))
            network.visible[0] = [path("203.0.113.5:7777").remote]
            network.run(until: network.now + .seconds(12))
            #expect(network.sides[1].selectedPath == path("203.0.113.5:7777"), "seed \(seed)")
            #expect(!network.log.contains { $0.event == .failed })
        }
    }

    @Test(arguments: [ICEMode.lite, .full(.controlled)], [0, 20])
    func aRestartSelectsAnew(mode: ICEMode, loss: Int) {
        for seed in 1...30 as ClosedRange<UInt64> {
            let network = network(mode, seed: seed, serverKnowsClient: true)
            network.lossPercent = loss
            network.run(until: at(12_000))
            let count = network.log.count
            let ours = credentials(seed &+ 1_000)
            let theirs = credentials(seed &+ 2_000)
            // The server answers the offer first; the client learns of it 50 ms later.
            network.sides[1].restart(local: theirs, remote: ours, at: network.now)
            network.run(until: network.now + .milliseconds(50))
            network.sides[0].restart(local: ours, remote: theirs, at: network.now)
            addCandidates(network, serverKnowsClient: true, isRestart: true)
            network.run(until: network.now + .seconds(12))
            let news = network.log.dropFirst(count)
            for side in 0...1 {
                #expect(
                    news.contains { entry in
                        if entry.side == side, case .selected = entry.event { true } else { false }
                    }, "seed \(seed)")
                #expect(network.sides[side].hasSelected, "seed \(seed)")
            }
            network.run(until: network.now + .seconds(60))
            #expect(!network.log.contains { $0.event == .failed }, "seed \(seed)")
        }
    }

    @Test func checksWaitForTheAnswer() {
        let network = network(.lite, connectedBy: false)
        network.run(until: at(5_000))
        #expect(network.sentCounts == [0, 0])
        network.sides[0].agent.setRemote(credentials(3))
        network.run(until: at(6_000))
        #expect(network.sides[0].selectedPath == path(Self.server))
    }

    @Test func aPeerThatNeverAnswersIsGivenUp() {
        let network = network(.lite)
        network.isCut = true
        network.run(until: at(40_000))
        #expect(network.log.filter { $0.side == 0 }.map(\.event) == [.failed])
        #expect(network.log.first { $0.side == 0 }?.time == at(30_000))
        #expect(network.sentCounts[0] < 60)
    }

    @Test func candidatesOfNoUseAreRefusedAndTheRestBounded() throws {
        let agent = network(.full(.controlled)).sides[0]
        func candidate(_ address: String) throws -> ICECandidate {
            ICECandidate(
                foundation: "1", priority: 1, address: try #require(NetworkAddress(address)),
                kind: .host)
        }
        var otherComponent = try candidate("192.0.2.1:1")
        otherComponent.component = 2
        var overTCP = try candidate("192.0.2.1:1")
        overTCP.transport = .tcp
        overTCP.tcpType = .active
        var ofAnotherSession = try candidate("192.0.2.1:1")
        ofAnotherSession.usernameFragment = "other"
        let ofNoUse = try [
            otherComponent, overTCP, ofAnotherSession, candidate("0.0.0.0:1"),
            candidate("255.255.255.255:1"), candidate("224.0.0.1:1"), candidate("[ff02::1]:1"),
            candidate("[::]:1"),
        ]
        for candidate in ofNoUse {
            let isTaken = agent.agent.addRemoteCandidate(candidate)
            #expect(!isTaken, "\(candidate.address)")
        }
        // Ours is what connects, the peer's what listens.
        overTCP.tcpType = .passive
        let isTaken = agent.agent.addLocalCandidate(overTCP, socket: 9)
        #expect(!isTaken)
        for port in 1...1_000 as ClosedRange<UInt16> {
            let candidate = ICECandidate.host(NetworkAddress(ipv4: 0xC000_0201, port: port))
            agent.agent.addRemoteCandidate(candidate)
            agent.agent.addLocalCandidate(candidate, socket: UInt16(port % 200))
        }
        #expect(agent.pathCount <= ICELimits.fullPaths)
        #expect(agent.remoteCandidates.count == ICELimits.remoteCandidates)
        #expect(agent.localCandidates.count == ICELimits.localCandidates)
    }

    @Test func aSocketOpenedAgainTakesNoMoreRoomThanBefore() {
        let agent = network(.full(.controlled)).sides[0]
        let count = agent.localCandidates.count
        for port in 6_000..<6_100 as Range<UInt16> {
            agent.agent.addLocalCandidate(.host(path("198.51.100.7:\(port)").remote), socket: 0)
        }
        #expect(agent.localCandidates.count == count)
        #expect(agent.localCandidates.last?.candidate.address.port == 6_099)
    }

    @Test func randomDatagramsChangeNothing() {
        var random = SeededRandom(seed: 5)
        let network = network(.lite)
        network.run(until: at(1_000))
        let agent = network.sides[0]
        for _ in 0..<20_000 {
            var bytes: [UInt8] = [0, 1, 0, UInt8.random(in: 0...60, using: &random) & 0xFC]
            bytes += [0x21, 0x12, 0xA4, 0x42]
            bytes += (0..<(12 + Int(bytes[3]))).map { _ in UInt8.random(in: 0...255, using: &random)
            }
            bytes[0] = UInt8.random(in: 0...1, using: &random)
            bytes[1] = [0x01, 0x11][Int.random(in: 0...1, using: &random)]
            _ = agent.take(bytes, on: path(Self.server), at: at(1_000))
        }
        #expect(agent.transmitted()?.path == nil)
        #expect(agent.allEvents() == [])
    }
}
