// Published vectors of the digests and message authentication codes.
// SPDX-License-Identifier: Apache-2.0
import MediaCrypto
import Testing

@Suite struct HashVectorTests {
    /// RFC 2202 §3: key, data, digest.
    static let rfc2202: [(key: [UInt8], data: [UInt8], code: String)] = [
        (
            [UInt8](repeating: 0x0B, count: 20), [UInt8]("Hi There".utf8),
            "b617318655057264e28bc0b6fb378c8ef146be00"
        ),
        (
            [UInt8]("Jefe".utf8), [UInt8]("what do ya want for nothing?".utf8),
            "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79"
        ),
        (
            [UInt8](repeating: 0xAA, count: 20), [UInt8](repeating: 0xDD, count: 50),
            "125d7342b9ac11cd91a39af48aa17b4f63f175d3"
        ),
        (
            [UInt8](1...25), [UInt8](repeating: 0xCD, count: 50),
            "4c9007f4026250c6bc8414f9bf50c86c2d7235da"
        ),
        (
            [UInt8](repeating: 0x0C, count: 20), [UInt8]("Test With Truncation".utf8),
            "4c1a03424b55e07fe7f27be1d58bb9324a9a5a04"
        ),
        (
            [UInt8](repeating: 0xAA, count: 80),
            [UInt8]("Test Using Larger Than Block-Size Key - Hash Key First".utf8),
            "aa4ae5e15272d00e95705637ce8a3b55ed402112"
        ),
        (
            [UInt8](repeating: 0xAA, count: 80),
            [UInt8](
                "Test Using Larger Than Block-Size Key and Larger Than One Block-Size Data".utf8),
            "e8e99d0f45237d786d6bbaa7965c7808bbff1a91"
        ),
    ]

    /// RFC 4231 §4.2-4.8 (case 5 is truncated to 128 bits).
    static let rfc4231: [(key: [UInt8], data: [UInt8], code: String)] = [
        (
            [UInt8](repeating: 0x0B, count: 20), [UInt8]("Hi There".utf8),
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"
        ),
        (
            [UInt8]("Jefe".utf8), [UInt8]("what do ya want for nothing?".utf8),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        ),
        (
            [UInt8](repeating: 0xAA, count: 20), [UInt8](repeating: 0xDD, count: 50),
            "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"
        ),
        (
            [UInt8](1...25), [UInt8](repeating: 0xCD, count: 50),
            "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b"
        ),
        (
            [UInt8](repeating: 0x0C, count: 20), [UInt8]("Test With Truncation".utf8),
            "a3b6167473100ee06e0c796c2955552b"
        ),
        (
            [UInt8](repeating: 0xAA, count: 131),
            [UInt8]("Test Using Larger Than Block-Size Key - Hash Key First".utf8),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"
        ),
        (
            [UInt8](repeating: 0xAA, count: 131),
            [UInt8](
                """
                This is a test using a larger than block-size key and a larger than block-size data. \
                The key needs to be hashed before being used by the HMAC algorithm.
                """.utf8),
            "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2"
        ),
    ]

    @Test(arguments: rfc2202.indices)
    func hmacSHA1GivesRFC2202(index: Int) throws {
        let (key, data, expected) = Self.rfc2202[index]
        let code = MessageAuthentication.hmacSHA1(key: key.span, message: data.span)
        #expect(array(code) == hex(expected))
        let kept = try HMACSHA1Key(key: key.span)
        for _ in 0..<2 {
            let code = kept.code(of: data.span)
            #expect(array(code) == hex(expected))
        }
    }

    @Test(arguments: rfc4231.indices)
    func hmacSHA256GivesRFC4231(index: Int) {
        let (key, data, expected) = Self.rfc4231[index]
        let code = MessageAuthentication.hmacSHA256(key: key.span, message: data.span)
        let bytes = hex(expected)
        #expect(Array(array(code).prefix(bytes.count)) == bytes)
    }

    @Test func theKeptKeyAppendsTheWordBigEndian() throws {
        let key = [UInt8](1...20)
        let kept = try HMACSHA1Key(key: key.span)
        let split = kept.code(of: ([1, 2, 3] as [UInt8]).span, followedBy: 0x0405_0607)
        let whole = kept.code(of: ([1, 2, 3, 4, 5, 6, 7] as [UInt8]).span)
        #expect(array(split) == array(whole))
    }

    @Test func emptyKeyAndMessageAreTaken() {
        let empty: [UInt8] = []
        let sha1 = MessageAuthentication.hmacSHA1(key: empty.span, message: empty.span)
        #expect(array(sha1) == hex("fbdb1d1b18aa6c08324b7d64b71fb76370690e1d"))
        let sha256 = MessageAuthentication.hmacSHA256(key: empty.span, message: empty.span)
        #expect(
            array(sha256)
                == hex("b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad"))
    }

    /// FIPS 180 example "abc".
    @Test func digestsGiveTheABCExamples() {
        let abc = [UInt8]("abc".utf8)
        func digest(_ algorithm: DigestAlgorithm) -> [UInt8] {
            Digest.digest(abc.span, by: algorithm)
        }
        let sha256 = Digest.sha256(abc.span)
        let expected = hex("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
        #expect(array(sha256) == expected)
        #expect(digest(.sha256) == expected)
        #expect(
            digest(.sha1) == hex("a9993e364706816aba3e25717850c26c9cd0d89d"))
        #expect(
            digest(.sha384)
                == hex(
                    """
                    cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed
                    8086072ba1e7cc2358baeca134c825a7
                    """))
        #expect(
            digest(.sha512)
                == hex(
                    """
                    ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a
                    2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f
                    """))
    }

    @Test func codesAreEqualOnlyIfEveryByteIs() {
        func isEqual(_ a: [UInt8], _ b: [UInt8]) -> Bool {
            MessageAuthentication.isEqual(a.span, b.span)
        }
        let code = [UInt8](0..<20)
        #expect(isEqual(code, code))
        for index in code.indices {
            var other = code
            other[index] ^= 0x80
            #expect(!isEqual(code, other))
        }
        #expect(!isEqual(code, Array(code.dropLast())))
        #expect(isEqual([], []))
    }
}
