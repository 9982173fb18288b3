// Whole handshakes: profiles, certificates, sizes, losses, and what must fail.
// SPDX-License-Identifier: Apache-2.0
import MediaCrypto
import Testing
import Wire

@testable import DTLS

struct DTLSHandshakeTests {
    @Test(arguments: [(1, 16, 14), (7, 16, 12), (8, 32, 12)] as [(UInt16, Int, Int)])
    func everyProfileYieldsMatchingKeys(profile: UInt16, keyCount: Int, saltCount: Int) {
        let pair = DTLSPair(client: Fixture.context(Fixture.clientIdentity, [profile]))
        pair.run()
        #expect(pair.isConnected)
        #expect(pair.serverKeys?.profile == profile)
        #expect(pair.clientKeys?.localKey.count == keyCount)
        #expect(pair.clientKeys?.localSalt.count == saltCount)
        #expect(pair.client.nextDeadline == nil)
        #expect(pair.server.nextDeadline == nil)
    }

    @Test func theServersOrderOfProfilesDecides() {
        let pair = DTLSPair(
            client: Fixture.context(Fixture.clientIdentity, [1, 7, 8]),
            server: Fixture.context(Fixture.serverIdentity, [8, 1]))
        pair.run()
        #expect(pair.serverKeys?.profile == 8)
        #expect(pair.clientKeys?.profile == 8)
    }

    @Test func anUndisturbedHandshakeTakesTwoRoundTripsAndRepeatsNothing() {
        let pair = DTLSPair()
        pair.run()
        #expect(pair.isConnected)
        #expect(pair.now < .zero + .milliseconds(20))
        #expect(pair.client.counters == DTLSCounters())
        #expect(pair.server.counters == DTLSCounters())
        #expect(pair.sent.allSatisfy { $0.bytes.count <= DTLSLimits.pathBytesMax })
    }

    @Test func aSmallPathFragmentsEveryFlight() {
        let pair = DTLSPair(pathBytesMax: 300)
        pair.run()
        #expect(pair.isConnected)
        #expect(pair.sent.count > 5)
        #expect(pair.sent.allSatisfy { $0.bytes.count <= 300 })
    }

    @Test(arguments: [true, false]) func aPeerMayHaveAnRSACertificate(isClient: Bool) {
        let rsa = Fixture.context(RSAIdentity.identity)
        let fingerprint = [Fixture.fingerprint(RSAIdentity.identity)]
        let pair =
            isClient
            ? DTLSPair(client: rsa, serverAccepts: fingerprint)
            : DTLSPair(server: rsa, clientAccepts: fingerprint)
        pair.run()
        #expect(pair.isConnected)
    }

    @Test(arguments: [DigestAlgorithm.sha1, .sha256, .sha384, .sha512])
    func everyDigestMayVouchForAPeer(algorithm: DigestAlgorithm) {
        var fingerprint = Fixture.fingerprint(Fixture.clientIdentity, algorithm)
        fingerprint = DTLSFingerprint(
            algorithm: fingerprint.algorithm.uppercased(), bytes: fingerprint.bytes)
        let pair = DTLSPair(serverAccepts: [fingerprint])
        pair.run()
        #expect(pair.isConnected)
    }

    @Test func aWeakDigestDoesNotVouchBesideAStrongOne() {
        let pair = DTLSPair(serverAccepts: [
            Fixture.fingerprint(Fixture.clientIdentity, .sha1),
            Fixture.fingerprint(Fixture.serverIdentity, .sha256),
        ])
        pair.run()
        #expect(pair.serverEvents == [.failed(.fingerprintMismatch)])
    }

    @Test func anyFingerprintOfTheStrongestDigestVouches() {
        let pair = DTLSPair(serverAccepts: [
            Fixture.fingerprint(Fixture.serverIdentity),
            Fixture.fingerprint(Fixture.clientIdentity),
        ])
        pair.run()
        #expect(pair.isConnected)
    }

    @Test func theServerRefusesAnotherCertificateThanAnnounced() {
        let pair = DTLSPair(serverAccepts: [Fixture.fingerprint(Fixture.serverIdentity)])
        pair.run()
        #expect(pair.serverEvents == [.failed(.fingerprintMismatch)])
        #expect(pair.clientEvents == [.failed(.peerAlert(42))])
        #expect(pair.server.nextDeadline == nil)
    }

    @Test func theClientRefusesAnotherCertificateThanAnnounced() {
        let pair = DTLSPair(clientAccepts: [Fixture.fingerprint(Fixture.clientIdentity)])
        pair.run()
        #expect(pair.clientEvents == [.failed(.fingerprintMismatch)])
        #expect(pair.clientKeys == nil)
    }

    @Test func noProfileInCommonIsSaidOnBothSides() {
        let pair = DTLSPair(
            client: Fixture.context(Fixture.clientIdentity, [8]),
            server: Fixture.context(Fixture.serverIdentity, [1, 7]))
        pair.run()
        #expect(pair.serverEvents == [.failed(.noCommonSRTPProfile)])
        #expect(pair.clientEvents == [.failed(.noCommonSRTPProfile)])
    }

    @Test func aSilentPeerTimesOutAfterThirtySeconds() {
        let pair = DTLSPair()
        pair.run { _ in [] }
        #expect(pair.clientEvents == [.failed(.timedOut)])
        #expect(pair.serverEvents == [.failed(.timedOut)])
        #expect(pair.now == MediaInstant.zero + DTLSLimits.handshakeTimeMax)
        // 50, 100, 200, 400, 800 ms, then each second.
        #expect((30...40).contains(pair.sent.count))
    }

    @Test func nothingUsableIsRefusedAtOnce() {
        #expect(throws: DTLSError.noKnownProfile) {
            try DTLSContext(identity: Fixture.clientIdentity, srtpProfiles: [2, 99])
        }
        #expect(throws: DTLSError.identityRefused) {
            try DTLSContext(
                identity: CertificateIdentity(
                    certificateDER: Fixture.clientIdentity.certificateDER,
                    privateKeyDER: Fixture.serverIdentity.privateKeyDER), srtpProfiles: [7])
        }
        #expect(throws: DTLSError.identityRefused) {
            try DTLSContext(
                identity: CertificateIdentity(certificateDER: [], privateKeyDER: [1, 2]),
                srtpProfiles: [7])
        }
        for fingerprints in [
            [], [DTLSFingerprint(algorithm: "md5", bytes: [UInt8](repeating: 0, count: 16))],
            [DTLSFingerprint(algorithm: "sha-256", bytes: [1, 2, 3])],
        ] {
            #expect(throws: DTLSError.noUsableFingerprint) {
                _ = try DTLSEndpoint(
                    role: .server, context: Fixture.serverContext,
                    acceptedFingerprints: fingerprints, at: .zero)
            }
        }
    }

    @Test(arguments: [1200, 300]) func eachSingleLossIsRepaired(pathBytesMax: Int) {
        let undisturbed = DTLSPair(pathBytesMax: pathBytesMax)
        undisturbed.run()
        for lost in undisturbed.sent.indices {
            let pair = DTLSPair(pathBytesMax: pathBytesMax)
            pair.run { $0.index == lost ? [] : [$0.bytes] }
            #expect(pair.isConnected, "datagram \(lost) lost")
            #expect(pair.now < .zero + .milliseconds(200), "datagram \(lost) lost")
        }
    }

    @Test func heavyLossReorderingAndDuplicationAreSurvived() {
        var connected = 0
        for seed in UInt64(1)...40 {
            var random = SeededRandom(seed: seed)
            var held: [(toServer: Bool, bytes: [UInt8])] = []
            let pair = DTLSPair(pathBytesMax: seed.isMultiple(of: 2) ? 300 : 1200)
            pair.run { datagram in
                switch Int.random(in: 0..<10, using: &random) {
                case 0...2:
                    return []
                case 3:
                    return [datagram.bytes, datagram.bytes]
                case 4:
                    held.append((datagram.isFromClient, datagram.bytes))
                    return []
                default:
                    let late = held.filter { $0.toServer == datagram.isFromClient }.map(\.bytes)
                    held.removeAll { $0.toServer == datagram.isFromClient }
                    return [datagram.bytes] + late
                }
            }
            if pair.isConnected { connected += 1 }
        }
        #expect(connected == 40)
    }

    @Test func anEndpointSaysNothingOfItsKeys() {
        let pair = DTLSPair()
        pair.run()
        guard let keys = pair.serverKeys else {
            Issue.record("not connected")
            return
        }
        #expect("\(keys)" == "DTLSKeyingMaterial(profile: 7)")
        #expect(String(reflecting: keys) == "DTLSKeyingMaterial(profile: 7)")
    }
}
