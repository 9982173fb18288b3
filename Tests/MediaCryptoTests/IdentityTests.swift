// What generated identities and random numbers promise.
// SPDX-License-Identifier: Apache-2.0
import MediaCrypto
import Testing

@Suite struct IdentityTests {
    @Test func anIdentityHasAFingerprintAsInSDP() throws {
        let identity = try CertificateIdentity.generateP256(commonName: "martlet")
        #expect(identity.certificateDER.first == 0x30)
        #expect(identity.privateKeyDER.first == 0x30)
        let pairs = identity.sha256Fingerprint.split(separator: ":")
        #expect(pairs.count == 32 && pairs.allSatisfy { $0.count == 2 && $0 == $0.uppercased() })
        let digest = Digest.digest(identity.certificateDER.span, by: .sha256)
        #expect(pairs.map { UInt8($0, radix: 16)! } == digest)
        let again = CertificateIdentity(
            certificateDER: identity.certificateDER, privateKeyDER: identity.privateKeyDER)
        #expect(again.sha256Fingerprint == identity.sha256Fingerprint)
    }

    @Test func twoIdentitiesDiffer() throws {
        let first = try CertificateIdentity.generateP256(commonName: "martlet")
        let second = try CertificateIdentity.generateP256(commonName: "martlet")
        #expect(first.sha256Fingerprint != second.sha256Fingerprint)
        #expect(first.privateKeyDER != second.privateKeyDER)
    }

    @Test func namesThatDoNotFitACertificateAreRefused() {
        for name in ["", String(repeating: "a", count: 65), "a\0b"] {
            #expect(throws: MediaCryptoError.commonName) {
                try CertificateIdentity.generateP256(commonName: name)
            }
        }
    }

    @Test func noTextOfAnIdentityShowsItsKey() throws {
        let identity = try CertificateIdentity.generateP256(commonName: "martlet")
        var dumped = ""
        dump(identity, to: &dumped)
        let text = "\(identity)" + String(reflecting: identity) + dumped
        #expect(!text.contains("\(identity.privateKeyDER[10]), \(identity.privateKeyDER[11])"))
        #expect(!text.contains("privateKey"))
    }

    @Test func randomNumbersDiffer() {
        var random = SecureRandom()
        let numbers = Set((0..<1000).map { _ in random.next() })
        #expect(numbers.count == 1000)
    }
}
