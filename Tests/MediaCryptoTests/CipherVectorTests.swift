// Published vectors of AES-GCM and AES in counter mode, and equality of the two backends.
// SPDX-License-Identifier: Apache-2.0
import MediaCrypto
import Testing
import Wire

/// The backends that can run here.
let backends = [GCMBackend.openSSL, .ipsecMB].filter(\.isAvailable)

/// Seals into a fresh packet: AAD, ciphertext, tag.
func sealed(
    _ key: inout GCMKey, aad: [UInt8], plaintext: [UInt8], iv: [UInt8]
) -> [UInt8] {
    var packet = aad + [UInt8](repeating: 0xEE, count: plaintext.count + GCMKey.tagCount)
    var span = packet.mutableSpan
    key.seal(plaintext: plaintext.span, aadCount: aad.count, packet: &span, iv: inline(iv))
    return packet
}

/// Opens a packet of AAD, ciphertext and tag; `nil` if the tag does not fit.
func opened(_ key: inout GCMKey, packet: [UInt8], aadCount: Int, iv: [UInt8]) -> [UInt8]? {
    var packet = packet
    var span = packet.mutableSpan
    let fits = key.open(packet: &span, aadCount: aadCount, count: span.count, iv: inline(iv))
    let body = Array(packet[aadCount..<packet.count - GCMKey.tagCount])
    if !fits { #expect(body.allSatisfy { $0 == 0 }, "forged plaintext must not be left readable") }
    return fits ? body : nil
}

@Suite struct CipherVectorTests {
    struct GCMVector: Sendable {
        let name: String
        let key: String
        let iv: String
        var aad = ""
        var plaintext = ""
        var ciphertext = ""
        let tag: String
    }

    static let plaintext64 = """
        d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72
        1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b391aafd255
        """
    static let ciphertext64By128 = """
        42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e
        21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac973d58e091473f5985
        """
    static let ciphertext64By256 = """
        522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa
        8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662898015ad
        """
    static let rtcp = """
        81c8000d4d6172734e5450314e545032525450200000042a0000e9304c756e61
        deadbeefdeadbeefdeadbeefdeadbeefdeadbeef
        """

    /// "The Galois/Counter Mode of Operation (GCM)", submission to NIST, appendix B, the cases with
    /// IVs of 96 bits and keys of 128 and 256; RFC 7714 §17.3 and §17.4 (tagging alone).
    static let gcm: [GCMVector] = [
        GCMVector(
            name: "NIST case 1", key: String(repeating: "00", count: 16),
            iv: String(repeating: "00", count: 12), tag: "58e2fccefa7e3061367f1d57a4e7455a"),
        GCMVector(
            name: "NIST case 2", key: String(repeating: "00", count: 16),
            iv: String(repeating: "00", count: 12),
            plaintext: String(repeating: "00", count: 16),
            ciphertext: "0388dace60b6a392f328c2b971b2fe78", tag: "ab6e47d42cec13bdf53a67b21257bddf"
        ),
        GCMVector(
            name: "NIST case 3", key: "feffe9928665731c6d6a8f9467308308",
            iv: "cafebabefacedbaddecaf888", plaintext: plaintext64,
            ciphertext: ciphertext64By128, tag: "4d5c2af327cd64a62cf35abd2ba6fab4"),
        GCMVector(
            name: "NIST case 4", key: "feffe9928665731c6d6a8f9467308308",
            iv: "cafebabefacedbaddecaf888", aad: "feedfacedeadbeeffeedfacedeadbeefabaddad2",
            plaintext: String(plaintext64.dropLast(8)),
            ciphertext: String(ciphertext64By128.dropLast(8)),
            tag: "5bc94fbc3221a5db94fae95ae7121a47"),
        GCMVector(
            name: "NIST case 13", key: String(repeating: "00", count: 32),
            iv: String(repeating: "00", count: 12), tag: "530f8afbc74536b9a963b4f1c4cb738b"),
        GCMVector(
            name: "NIST case 14", key: String(repeating: "00", count: 32),
            iv: String(repeating: "00", count: 12),
            plaintext: String(repeating: "00", count: 16),
            ciphertext: "cea7403d4d606b6e074ec5d3baf39d18", tag: "d0d1c8a799996bf0265b98b5d48ab919"
        ),
        GCMVector(
            name: "NIST case 15",
            key: "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308",
            iv: "cafebabefacedbaddecaf888", plaintext: plaintext64,
            ciphertext: ciphertext64By256, tag: "b094dac5d93471bdec1a502270e3cc6c"),
        GCMVector(
            name: "NIST case 16",
            key: "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308",
            iv: "cafebabefacedbaddecaf888", aad: "feedfacedeadbeeffeedfacedeadbeefabaddad2",
            plaintext: String(plaintext64.dropLast(8)),
            ciphertext: String(ciphertext64By256.dropLast(8)),
            tag: "76fc6ece0f4e1768cddf8853bb2d551b"),
        GCMVector(
            name: "RFC 7714 §17.3", key: "000102030405060708090a0b0c0d0e0f",
            iv: "517524055203726f207170bb", aad: rtcp + "000005d4",
            tag: "841dd9683dd78ec92ae58790125f62b3"),
        GCMVector(
            name: "RFC 7714 §17.4",
            key: "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
            iv: "517524055203726f207170bb", aad: rtcp + "000005d4",
            tag: "91db4afbfeee5a978fab4393ed2615fe"),
    ]

    @Test(arguments: gcm.indices, backends)
    func gcmGivesPublishedVectors(index: Int, backend: GCMBackend) throws {
        let vector = Self.gcm[index]
        let aad = hex(vector.aad)
        let plaintext = hex(vector.plaintext)
        let iv = hex(vector.iv)
        var key = try GCMKey(key: hex(vector.key).span, backend: backend)
        let packet = sealed(&key, aad: aad, plaintext: plaintext, iv: iv)
        #expect(packet == aad + hex(vector.ciphertext) + hex(vector.tag), "\(vector.name)")
        // Twice, since the context is kept: opening must leave nothing behind for sealing.
        let again = opened(&key, packet: packet, aadCount: aad.count, iv: iv)
        #expect(again == plaintext, "\(vector.name)")
        let third = sealed(&key, aad: aad, plaintext: plaintext, iv: iv)
        #expect(third == packet, "\(vector.name)")
    }

    /// RFC 3711 appendix B.2, with the keystream's end at counters FEFF to FF01.
    @Test func counterModeGivesRFC3711AppendixB2() throws {
        var key = try CTRKey(key: hex("2b7e151628aed2a6abf7158809cf4f3c").span)
        var keystream = [UInt8](repeating: 0, count: 0xFF02 * 16)
        var span = keystream.mutableSpan
        key.apply(
            to: &span, at: 0, count: span.count,
            counter: inline(hex("f0f1f2f3f4f5f6f7f8f9fafbfcfd0000")))
        #expect(
            Array(keystream.prefix(48))
                == hex(
                    """
                    e03ead0935c95e80e166b16dd92b4eb4d23513162b02d0f72a43a2fe4a5f97ab
                    41e95b3bb0a2e8dd477901e4fca894c0
                    """))
        #expect(
            Array(keystream.suffix(48))
                == hex(
                    """
                    ec8cdf7398607cb0f2d21675ea9ea1e4362b7c3c6773516318a077d7fc5073ae
                    6a2cc3787889374fbeb4c81b17ba6c44
                    """))
        let zeros = [UInt8](repeating: 0, count: 48)
        var elsewhere = [UInt8](repeating: 0xEE, count: 50)
        var output = elsewhere.mutableSpan
        key.apply(
            to: zeros.span, into: &output, at: 1,
            counter: inline(hex("f0f1f2f3f4f5f6f7f8f9fafbfcfd0000")))
        #expect(elsewhere == [0xEE] + keystream.prefix(48) + [0xEE])
    }

    @Test(.enabled(if: GCMBackend.ipsecMB.isAvailable), arguments: [16, 32])
    func bothBackendsGiveTheSameBytes(keyCount: Int) throws {
        var random = SeededRandom(seed: 0x6763_6D00 + UInt64(keyCount))
        func bytes(_ count: Int) -> [UInt8] {
            (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }
        }
        let secret = bytes(keyCount)
        var portable = try GCMKey(key: secret.span, backend: .openSSL)
        var fast = try GCMKey(key: secret.span, backend: .ipsecMB)
        #expect(portable.backend == .openSSL)
        #expect(fast.backend == .ipsecMB)
        for count in Array(0...300) + [511, 512, 513, 1172, 1200, 1460, 4097] {
            let aad = bytes(Int.random(in: 0...40, using: &random))
            let plaintext = bytes(count)
            let iv = bytes(12)
            let one = sealed(&portable, aad: aad, plaintext: plaintext, iv: iv)
            let two = sealed(&fast, aad: aad, plaintext: plaintext, iv: iv)
            #expect(one == two)
            #expect(opened(&fast, packet: one, aadCount: aad.count, iv: iv) == plaintext)
            #expect(opened(&portable, packet: two, aadCount: aad.count, iv: iv) == plaintext)
        }
    }

    @Test(arguments: backends)
    func allWaysOfSealingAgree(backend: GCMBackend) throws {
        var key = try GCMKey(key: [UInt8](0..<16).span, backend: backend)
        let aad = [UInt8](50..<62)
        let plaintext = [UInt8](100..<137)
        let iv = [UInt8](1...12)
        let expected = sealed(&key, aad: aad, plaintext: plaintext, iv: iv)

        var inPlace = aad + plaintext + [UInt8](repeating: 0, count: 16)
        var span = inPlace.mutableSpan
        key.seal(packet: &span, aadCount: 12, count: 49, iv: inline(iv))
        #expect(inPlace == expected)

        var separate = [7, 8] + plaintext + [UInt8](repeating: 0, count: 16) + [9]
        span = separate.mutableSpan
        key.seal(packet: &span, offset: 2, count: plaintext.count, aad: aad.span, iv: inline(iv))
        #expect(separate == [7, 8] + expected.dropFirst(12) + [9])

        span = separate.mutableSpan
        let fits = key.open(
            packet: &span, offset: 2, count: plaintext.count + 16, aad: aad.span, iv: inline(iv))
        #expect(fits)
        #expect(Array(separate[2..<39]) == plaintext)
    }

    @Test(arguments: backends)
    func oneChangedBitAnywhereIsRefused(backend: GCMBackend) throws {
        var key = try GCMKey(key: [UInt8](0..<32).span, backend: backend)
        let iv = [UInt8](1...12)
        let packet = sealed(&key, aad: [UInt8](0..<12), plaintext: [UInt8](0..<33), iv: iv)
        for index in packet.indices {
            var changed = packet
            changed[index] ^= 1
            #expect(opened(&key, packet: changed, aadCount: 12, iv: iv) == nil)
        }
        #expect(opened(&key, packet: packet, aadCount: 12, iv: [UInt8](2...13)) == nil)
        #expect(opened(&key, packet: packet, aadCount: 12, iv: iv) == [UInt8](0..<33))
    }

    @Test func keysOfOtherLengthsAreRefused() {
        func made(_ count: Int) -> [MediaCryptoError?] {
            let bytes = [UInt8](repeating: 0, count: count)
            var errors: [MediaCryptoError?] = []
            do throws(MediaCryptoError) {
                _ = try GCMKey(key: bytes.span)
                errors.append(nil)
            } catch { errors.append(error) }
            do throws(MediaCryptoError) {
                _ = try CTRKey(key: bytes.span)
                errors.append(nil)
            } catch { errors.append(error) }
            return errors
        }
        for count in 0...64 {
            let expected: MediaCryptoError? = count == 16 || count == 32 ? nil : .keyCount(count)
            #expect(made(count) == [expected, expected])
        }
    }
}
