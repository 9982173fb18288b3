// That STUN servers are asked as RFC 8489 says, and that nobody else can answer for them; in virtual time.
// SPDX-License-Identifier: Apache-2.0

import STUN
import Testing
import Wire

@testable import ICE

private let first = path("192.0.2.50:3478").remote
private let second = path("192.0.2.51:3478").remote
private let overIPv6 = path("[2001:db8::50]:3478").remote
private let bases = [
    ICEBase(socket: 0, address: path("10.0.0.2:5000").remote),
    ICEBase(socket: 1, address: path("[2001:db8::2]:5000").remote),
]

/// A gathering in a box, for the macros of the tests, which make no mutating calls.
private final class Asker {
    private var gathering: ReflexiveGathering

    init(_ servers: [NetworkAddress], at now: MediaInstant = .zero) {
        var random = SeededRandom(seed: 1)
        gathering = ReflexiveGathering(servers: servers, from: bases, using: &random, at: now)
    }

    var isDone: Bool { gathering.isDone }
    var nextDeadline: MediaInstant? { gathering.nextDeadline }

    func advance(to now: MediaInstant) { gathering.advance(to: now) }

    func candidate() -> (candidate: ICECandidate, socket: UInt16)? { gathering.pollCandidate() }

    /// What is sent from now to `end`.
    func sent(until end: MediaInstant) -> [(at: MediaInstant, path: TransportPath, bytes: [UInt8])]
    {
        var sent: [(at: MediaInstant, path: TransportPath, bytes: [UInt8])] = []
        while let due = gathering.nextDeadline, due <= end {
            gathering.advance(to: due)
            while true {
                var path: TransportPath?
                let bytes = [UInt8](capacity: STUNWriter.byteCountMax) { output in
                    path = gathering.pollTransmit(into: &output, at: due)
                }
                guard let path else { break }
                sent.append((due, path, bytes))
            }
        }
        return sent
    }

    func take(_ bytes: [UInt8], on path: TransportPath) -> Bool {
        gathering.receive(bytes.span, on: path)
    }
}

private func answer(_ request: [UInt8], _ mapped: NetworkAddress) throws -> [UInt8] {
    let id = try STUNMessage.parse(request.span).transactionID
    return [UInt8](capacity: STUNWriter.byteCountMax) { output in
        _ = STUNWriter.writeBindingSuccess(id, mappedAddress: mapped, into: &output)
    }
}

@Suite struct ReflexiveGatheringTests {
    @Test func eachServerIsAskedFromTheSocketsOfItsFamily() throws {
        let asker = Asker([first, second, overIPv6, first])
        let sent = asker.sent(until: at(400))
        #expect(sent.map(\.at) == [at(0), at(50), at(100)])
        #expect(
            sent.map(\.path) == [
                TransportPath(socket: 0, remote: first), TransportPath(socket: 0, remote: second),
                TransportPath(socket: 1, remote: overIPv6),
            ])
        for request in sent {
            let message = try STUNMessage.parse(request.bytes.span)
            #expect(message.isBindingRequest && message.hasFingerprint && !message.hasIntegrity)
        }
    }

    @Test func whatGetsNoAnswerIsRepeatedAndGivenUp() {
        let asker = Asker([first], at: at(1_000))
        let sent = asker.sent(until: at(100_000))
        // RFC 8489 §6.2.1.
        #expect(
            sent.map(\.at)
                == [1_000, 1_500, 2_500, 4_500, 8_500, 16_500, 32_500].map { at($0) })
        #expect(Set(sent.map(\.bytes)).count == 1)
        #expect(asker.isDone && asker.nextDeadline == nil)
        let again = Asker([first], at: at(1_000))
        _ = again.sent(until: at(40_499))
        #expect(!again.isDone)
        again.advance(to: at(40_500))
        #expect(again.isDone)
    }

    @Test func whatIsSeenBecomesACandidate() throws {
        let asker = Asker([first, second])
        let sent = asker.sent(until: at(100))
        let seen = path("203.0.113.9:61000").remote
        let takes = try sent.map { asker.take(try answer($0.bytes, seen), on: $0.path) }
        #expect(takes == [true, true])
        let found = try #require(asker.candidate())
        #expect(found.socket == 0 && found.candidate.kind == .serverReflexive)
        #expect(found.candidate.address == seen)
        #expect(found.candidate.relatedAddress == bases[0].address)
        #expect(found.candidate.priority >> 24 == 100)
        // Two servers saw the same.
        #expect(asker.candidate() == nil)
        #expect(asker.isDone && asker.sent(until: at(60_000)).isEmpty)
    }

    @Test func whereNoNATIsNothingIsFound() throws {
        let asker = Asker([first])
        let sent = asker.sent(until: at(100))
        let isTaken = asker.take(
            try answer(sent[0].bytes, bases[0].address), on: sent[0].path)
        #expect(isTaken && asker.candidate() == nil && asker.isDone)
    }

    @Test func whatIsNoAnswerIsLeftToOthers() throws {
        let asker = Asker([first])
        let sent = asker.sent(until: at(100))
        let good = try answer(sent[0].bytes, path("203.0.113.9:61000").remote)
        var other = good
        other[12] ^= 1
        for (bytes, way) in [
            (good, TransportPath(socket: 0, remote: second)),
            (good, TransportPath(socket: 1, remote: first)), (other, sent[0].path),
            (Array(good.dropLast()), sent[0].path), (sent[0].bytes, sent[0].path),
            ([], sent[0].path),
        ] {
            let isTaken = asker.take(bytes, on: way)
            #expect(!isTaken)
        }
        #expect(asker.candidate() == nil && !asker.isDone)
        let isTaken = asker.take(good, on: sent[0].path)
        #expect(isTaken)
    }

    @Test func requestsAreBounded() {
        let asker = Asker((1...200).map { path("192.0.2.60:\($0)").remote })
        #expect(asker.sent(until: at(40_000)).count <= 7 * ReflexiveGathering.requestsMax)
    }

    @Test func aCandidateThatOthersSeeMakesNoPairsOfItsOwnAndNamesTheSelectedOne() throws {
        let server = path("192.0.2.1:443")
        let network = ICENetwork(
            BoxedAgent(
                ICEAgent(
                    mode: .full(.controlling), local: credentials(1), remote: credentials(2),
                    tieBreaker: 1, now: .zero)),
            BoxedAgent(
                ICEAgent(
                    mode: .lite, local: credentials(2), remote: nil, tieBreaker: 2, now: .zero)),
            visible: [["203.0.113.9:61000"], ["192.0.2.1:443"]], seed: 1)
        let client = network.sides[0]
        client.agent.addLocalCandidate(.host(bases[0].address), socket: 0)
        client.agent.addRemoteCandidate(.host(server.remote))
        network.run(until: at(2_000))
        #expect(client.selectedPair?.localKind == .peerReflexive)
        client.agent.addLocalCandidate(
            ICECandidate(
                foundation: "s", priority: 1, address: network.visible[0][0],
                kind: .serverReflexive), socket: 0)
        #expect(client.selectedPair?.localKind == .serverReflexive)
        #expect(client.selectedPair?.local == network.visible[0][0])
        #expect(client.pathCount == 1)
    }
}
