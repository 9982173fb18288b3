// That whatever comes in on the port is dropped and counted, and a call beside it goes on.
// SPDX-License-Identifier: Apache-2.0
import DTLS
import MediaCrypto
import Negotiation
import NetworkSimulation
import RTP
import STUN
import Testing
import Wire

@testable import MediaWorker

/// A call that is looked after: an attack must not cost it a packet.
final class Bystanders {
    let call: VirtualCall
    let alice: VirtualClient
    let bob: VirtualClient
    private let audio: VirtualSource
    private let video: VirtualSource

    init(seed: UInt64 = 21) throws {
        let (call, alice, others) = try VirtualCall.with(receivers: 1, seed: seed)
        self.call = call
        self.alice = alice
        bob = others[0]
        call.showPair(alice, to: bob)
        audio = alice.publish(mid: "0", .audio(tag: 1), at: call.now)
        video = alice.publish(mid: "1", .video(.vp8, tag: 2), at: call.now)
        call.run(for: .milliseconds(500))
    }

    /// Lets the call end and says what was wrong with it.
    func problems() -> [String] {
        call.run(for: .seconds(1))
        audio.isRunning = false
        video.isRunning = false
        call.run(for: .milliseconds(100))
        var problems = StreamCheck.problems(of: bob.packets(mid: "0"))
        problems += StreamCheck.problems(of: bob.packets(mid: "1"))
        problems += bob.failures + alice.failures
        if bob.packets(mid: "0").count != Int(audio.packetCount) {
            problems.append("audio is missing")
        }
        if bob.packets(mid: "1").count != Int(video.packetCount) {
            problems.append("video is missing")
        }
        return problems
    }

    /// A binding request for a user name, sealed with a password.
    static func check(
        username: String, password: String, number: UInt32 = 1, nominates: Bool = true
    ) -> [UInt8] {
        let request = STUNBindingRequest(
            transactionID: STUNTransactionID(high: 7, low: number), priority: 0x6E00_01FF,
            role: .controlling(tieBreaker: 99), useCandidate: nominates)
        return [UInt8](capacity: STUNWriter.byteCountMax) { output in
            _ = STUNWriter.writeBindingRequest(
                request, username: Array(username.utf8).span, key: Array(password.utf8).span,
                into: &output)
        }
    }

    /// A check that a client of the call could send.
    static func check(
        of client: VirtualClient, number: UInt32, nominates: Bool = true
    ) throws -> [UInt8] {
        let local = try #require(client.serverMedia).localICE
        let remote = try #require(client.serverMedia).remoteICE
        return check(
            username: "\(local.usernameFragment):\(remote.usernameFragment)",
            password: local.password, number: number, nominates: nominates)
    }

    /// A ClientHello.
    static func clientHello(at now: MediaInstant) throws -> [UInt8] {
        let fingerprint = VirtualIdentity.fingerprint(VirtualIdentity.server)
        var endpoint = try DTLSEndpoint(
            role: .client, context: VirtualIdentity.context(VirtualIdentity.client),
            acceptedFingerprints: [
                DTLSFingerprint(algorithm: fingerprint.algorithm, bytes: fingerprint.bytes)
            ], at: now)
        return [UInt8](capacity: 2_048) { output in _ = endpoint.pollTransmit(into: &output) }
    }
}

@Suite struct HostileInputTests {
    @Test func aClientHelloFromAForeignAddressIsDropped() throws {
        let people = try Bystanders()
        let hello = try Bystanders.clientHello(at: people.call.now)
        #expect(hello.count > 100)
        var answers = 0
        let stranger = people.call.freshAddress()
        people.call.tap = { path, _ in if path.remote == stranger { answers += 1 } }
        for _ in 0..<100 { people.call.inject(hello, from: stranger) }
        #expect(people.call.drops(.dtlsBeforeICE) == 100)
        #expect(answers == 0)
        #expect(people.problems() == [])
    }

    @Test func aSecondHandshakeOnAConnectedPathChangesNothing() throws {
        let people = try Bystanders()
        let hello = try Bystanders.clientHello(at: people.call.now)
        for _ in 0..<20 { people.call.inject(hello, from: people.bob.address) }
        #expect(people.problems() == [])
    }

    @Test func aCheckForAnUnknownUserIsDropped() throws {
        let people = try Bystanders()
        let stranger = people.call.freshAddress()
        var answers = 0
        people.call.tap = { path, _ in if path.remote == stranger { answers += 1 } }
        people.call.inject(
            Bystanders.check(username: "nobody:me", password: "0123456789012345678901"),
            from: stranger)
        #expect(people.call.drops(.unknownUsername) == 1)
        #expect(answers == 0)
        #expect(people.problems() == [])
    }

    @Test func aCheckWithWrongIntegrityOpensNothing() throws {
        let people = try Bystanders()
        let stranger = people.call.freshAddress()
        var answers = 0
        people.call.tap = { path, _ in if path.remote == stranger { answers += 1 } }
        let local = try #require(people.bob.serverMedia).localICE
        let remote = try #require(people.bob.serverMedia).remoteICE
        let name = "\(local.usernameFragment):\(remote.usernameFragment)"
        for number in 0..<50 {
            people.call.inject(
                Bystanders.check(
                    username: name, password: "not the password of anybody", number: UInt32(number)),
                from: stranger)
        }
        #expect(people.call.drops(.stunRefused) == 50)
        // Nor is the address now taken for Bob's.
        people.call.inject(try Bystanders.clientHello(at: people.call.now), from: stranger)
        #expect(people.call.drops(.dtlsBeforeICE) == 1)
        #expect(answers == 0)
        #expect(people.call.worker.takeCensus().paths == 2)
        #expect(people.problems() == [])
    }

    @Test func mediaOfNobodyFromAForeignAddressIsDropped() throws {
        let people = try Bystanders()
        let datagrams = people.call.rehearse(people.alice, for: .milliseconds(60))
        let stranger = people.call.freshAddress()
        var answers = 0
        people.call.tap = { path, _ in if path.remote == stranger { answers += 1 } }
        for datagram in datagrams {
            var forged = datagram.bytes
            forged[forged.count - 1] ^= 1
            people.call.inject(forged, from: stranger)
            var strange = datagram.bytes
            strange[8] ^= 0xFF
            people.call.inject(strange, from: stranger)
        }
        let refused =
            people.call.drops(.unknownAddress) + people.call.drops(.authenticationFailed)
        #expect(refused == 2 * UInt64(datagrams.count))
        #expect(answers == 0)
        #expect(people.call.worker.takeCensus().paths == 2)
        // The true ones from the right address are taken: they were not spent.
        for datagram in datagrams { people.call.inject(datagram.bytes, from: people.alice.address) }
        #expect(people.problems() == [])
    }

    @Test func mediaBeforeTheHandshakeIsDropped() throws {
        let people = try Bystanders()
        let datagrams = people.call.rehearse(people.alice, for: .milliseconds(50))
        let carol = try people.call.joinPublisher()
        // Her checks have come through, her handshake has not.
        people.call.run(atMost: .seconds(1)) { people.call.worker.takeCensus().paths == 3 }
        #expect(!carol.isConnected)
        let before = people.call.drops(.mediaBeforeDTLS)
        for datagram in datagrams { people.call.inject(datagram.bytes, from: carol.address) }
        #expect(people.call.drops(.mediaBeforeDTLS) == before + UInt64(datagrams.count))
        for datagram in datagrams { people.call.inject(datagram.bytes, from: people.alice.address) }
        #expect(people.problems() == [])
    }

    @Test func aReplayedPacketIsDropped() throws {
        let people = try Bystanders()
        let datagrams = people.call.rehearse(people.alice, for: .milliseconds(60))
        for _ in 0..<3 {
            for datagram in datagrams {
                people.call.inject(datagram.bytes, from: people.alice.address)
            }
        }
        #expect(people.call.drops(.replayed) == 2 * UInt64(datagrams.count))
        #expect(people.problems() == [])
    }

    @Test func anotherPeersMediaIsNotTakenForOnesOwn() throws {
        let people = try Bystanders()
        let carol = try people.call.joinPublisher()
        people.call.connect()
        let datagrams = people.call.rehearse(people.alice, for: .milliseconds(60))
        for datagram in datagrams { people.call.inject(datagram.bytes, from: carol.address) }
        #expect(people.call.drops(.authenticationFailed) == UInt64(datagrams.count))
        for datagram in datagrams { people.call.inject(datagram.bytes, from: people.alice.address) }
        #expect(people.problems() == [])
    }

    @Test func garbageIsDroppedAndCounted() throws {
        let people = try Bystanders()
        var random = SeededRandom(seed: 4)
        let total = people.call.worker.statistics.drops.reduce(0) { $0 + $1.count }
        let stranger = people.call.freshAddress()
        for size in 0..<1_500 {
            var bytes = (0..<size).map { _ in UInt8(truncatingIfNeeded: random.next()) }
            // Every protocol's first byte, and the size in the low bits.
            if !bytes.isEmpty, size.isMultiple(of: 2) {
                bytes[0] = UInt8(truncatingIfNeeded: size / 2)
            }
            let from = [people.alice.address, people.bob.address, stranger][size % 3]
            people.call.inject(bytes, from: from)
        }
        let after = people.call.worker.statistics.drops.reduce(0) { $0 + $1.count }
        // Only DTLS from a proven address is counted elsewhere: in its endpoint.
        #expect(after - total > 1_200)
        #expect(people.problems() == [])
    }

    @Test func everyTruncationOfEveryDatagramIsHarmless() throws {
        let people = try Bystanders()
        var samples = people.call.rehearse(people.alice, for: .milliseconds(60)).map(\.bytes)
        let real = samples
        let local = try #require(people.alice.serverMedia).localICE
        let remote = try #require(people.alice.serverMedia).remoteICE
        samples.append(
            Bystanders.check(
                username: "\(local.usernameFragment):\(remote.usernameFragment)",
                password: local.password))
        samples.append(try Bystanders.clientHello(at: people.call.now))
        for sample in samples {
            for count in 0..<sample.count {
                people.call.inject(Array(sample.prefix(count)), from: people.alice.address)
            }
        }
        for bytes in real { people.call.inject(bytes, from: people.alice.address) }
        #expect(people.problems() == [])
    }

    @Test func everyFlippedByteOfADatagramIsHarmless() throws {
        let people = try Bystanders()
        let datagrams = people.call.rehearse(people.alice, for: .milliseconds(60)).map(\.bytes)
        for sample in datagrams.prefix(4) {
            for place in sample.indices {
                var bytes = sample
                bytes[place] ^= 0x5A
                people.call.inject(bytes, from: people.alice.address)
            }
        }
        #expect(people.call.drops(.authenticationFailed) > 100)
        for bytes in datagrams { people.call.inject(bytes, from: people.alice.address) }
        #expect(people.problems() == [])
    }

    @Test func aPublishersStrangeStreamsAreBounded() throws {
        let people = try Bystanders()
        let carol = try people.call.joinPublisher()
        people.call.connect()
        // Her keys are good, her streams belong nowhere: no MID, an SSRC nobody declared, a payload
        // type of both.
        for number in 0..<200 {
            carol.sendRaw(ssrc: SSRC(UInt32(number) + 1), payloadType: 33, payload: [1, 2, 3])
        }
        people.call.run(for: .milliseconds(100))
        #expect(people.call.drops(.unknownStream) == 200)
        for number in 0..<200 {
            carol.sendRaw(ssrc: SSRC(UInt32(number) + 1_000), payloadType: 96, payload: [1, 2, 3])
        }
        people.call.run(for: .milliseconds(100))
        #expect(people.call.drops(.tooManyStreams) == UInt64(200 - Peer.streamsPerTrackMax))
        #expect(people.problems() == [])
    }

    @Test func brokenRTCPIsCountedAndTheRestOfItTaken() throws {
        let people = try Bystanders()
        people.bob.sendControl { output in
            // A NACK whose last entry is cut, behind a keyframe request that is whole.
            RTCPWriter.pictureLossIndication(
                from: SSRC(1), about: people.bob.slotSSRC(mid: "1") ?? SSRC(0), into: &output)
            for byte: UInt8 in [0x81, 205, 0, 9, 1, 2, 3, 4] { output.append(byte) }
            return true
        }
        people.call.run(for: .milliseconds(50))
        #expect(people.call.drops(.malformedRTCP) == 1)
        #expect(people.call.worker.statistics.keyframeRequestsReceived == 1)
        #expect(people.problems() == [])
    }

    @Test func everyReasonHasALabelOfItsOwn() {
        let labels = DropReason.allCases.map(\.label)
        #expect(Set(labels).count == labels.count)
        #expect(labels.allSatisfy { $0.allSatisfy { $0.isLowercase || $0 == "_" } })
        #expect(DropReason.mediaBeforeDTLS.label == "media_before_dtls")
        #expect(DropReason.dtlsBeforeICE.label == "dtls_before_ice")
        #expect(DropReason.malformedRTCP.label == "malformed_rtcp")
        var counters = DropCounters()
        for reason in DropReason.allCases { counters.count(reason) }
        #expect(counters.nonZero.count == DropReason.allCases.count)
    }
}
