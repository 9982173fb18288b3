// Published vectors of SRTP, and packets that libsrtp made.
// SPDX-License-Identifier: Apache-2.0
import MediaCrypto
import Testing
import Wire

@testable import SRTP

@Suite struct SRTPVectorTests {
    /// RFC 3711 appendix B.3.
    @Test func keyDerivationGivesRFC3711AppendixB3() throws {
        let keys = try SRTPSessionKeys(
            profile: .aes128CMHMACSHA1_80, masterKey: hex("e1f97a0d3e018be0d64fa32c06de4139").span,
            masterSalt: hex("0ec675ad498afeebb6960b3aabe6").span, use: .rtp)
        #expect(keys.key == hex("c61e7a93744f39ee10734afe3ff7a087"))
        #expect(keys.salt == hex("30cbbc08863d8c85d49db34a9ae1"))
        #expect(keys.authenticationKey == hex("cebe321f6ff7716b6fd4ab49af256a156d38baa4"))
    }

    struct Vector: Sendable {
        let section: String
        let profile: SRTPProfile
        let rtp: String
        let rtcp: String
    }

    static let plainRTP = """
        8040f17b8041f8d35501a0b247616c6c696120657374206f6d6e697320646976
        69736120696e207061727465732074726573
        """
    static let plainRTCP = """
        81c8000d4d6172734e5450314e545032525450200000042a0000e9304c756e61
        deadbeefdeadbeefdeadbeefdeadbeefdeadbeef
        """

    /// RFC 7714 §16.1 with §17.1, and §16.2 with §17.2: session key 00 01 02..., salt "Quid pro
    /// quo".
    static let rfc7714 = [
        Vector(
            section: "128", profile: .aeadAES128GCM,
            rtp: """
                8040f17b8041f8d35501a0b2f24de3a3fb34de6cacba861c9d7e4bcabe633bd5
                0d294e6f42a5f47a51c7d19b36de3adf8833899d7f27beb16a9152cf765ee4390cce
                """,
            rtcp: """
                81c8000d4d61727363e94885dcdab67ca727d7662f6b7e997ff5c0f76c06f32d
                c676a5f1730d6fda4ce09b4686303ded0bb9275bc84aa45896cf4d2fc5abf872
                45d9eade800005d4
                """),
        Vector(
            section: "256", profile: .aeadAES256GCM,
            rtp: """
                8040f17b8041f8d35501a0b232b1de78a822fe12ef9f78fa332e33aab1801238
                9a58e2f3b50b2a0276ffae0f1ba63799b87b7aa3db36dfffd6b0f9bb7878d7a76c13
                """,
            rtcp: """
                81c8000d4d617273d50ae4d1f5ce5d304ba297e47d470c282c3ece5dbffe0a50
                a2eaa5c1110555be8415f658c61de0476f1b6fad1d1eb30c4446839f57ff6f6c
                b26ac3be800005d4
                """),
    ]

    @Test(
        arguments: rfc7714.indices, [GCMBackend.openSSL, .ipsecMB].filter(\.isAvailable))
    func gcmGivesRFC7714(index: Int, backend: GCMBackend) throws {
        let vector = Self.rfc7714[index]
        let keys = SRTPSessionKeys(
            key: (0..<vector.profile.keyCount).map { UInt8($0) }, salt: [UInt8]("Quid pro quo".utf8)
        )
        var sender = try SRTPSender(
            profile: vector.profile, rtp: keys, rtcp: keys, nextRTCPIndex: 0x5D4, backend: backend)
        var receiver = try SRTPReceiver(
            profile: vector.profile, rtp: keys, rtcp: keys, backend: backend)
        let rtp = try sender.seal(hex(Self.plainRTP), index: 0xF17B)
        #expect(rtp == hex(vector.rtp))
        let rtcp = try sender.sealRTCP(hex(Self.plainRTCP))
        #expect(rtcp == hex(vector.rtcp))
        let openedRTP = receiver.open(hex(vector.rtp))
        #expect(openedRTP == .opened(hex(Self.plainRTP), 0xF17B))
        let openedRTCP = receiver.openRTCP(hex(vector.rtcp))
        #expect(openedRTCP == .opened(hex(Self.plainRTCP), 0))
    }

    struct Capture: Sendable {
        let profile: SRTPProfile
        let seed: Int
        let rtpAtFFFE: String
        let rtpAt10000: String
        let rtcp: [String]
    }

    /// Made by libsrtp 2.5.0: master key and salt are one run of bytes `i * 7 + seed`; a header
    /// with a one-byte extension of 20 bytes, indices FFFE and 1 0000; receiver report and BYE with
    /// SRTCP indices 1 to 3.
    static let libsrtp = [
        Capture(
            profile: .aes128CMHMACSHA1_80, seed: 1,
            rtpAtFFFE: """
                9060fffe01020304cafebabebede000110aa00007f23492abb6a7a304040e3cc
                92ca470ba0ef12eeb2aaae81fc5f16e17c84b3
                """,
            rtpAt10000: """
                9060000001020306cafebabebede000110aa00006ec57be270ca9fcf88611189
                cd07fe96ef7e9cb69ec87e42d1ccef949ce8a775ca
                """,
            rtcp: [
                "80c90001cafebabe2656f823f0e5dcb780000001e064d4b23d2d7ced9c51",
                "80c90001cafebabeade998a3be17566b80000002bf36acc16ca6e6eebfb1",
                "80c90001cafebabeea1c2c805355bf658000000316437bc84368472bdfd3",
            ]),
        Capture(
            profile: .aeadAES128GCM, seed: 2,
            rtpAtFFFE: """
                9060fffe01020304cafebabebede000110aa000058a3b5eb07086dac786364d0
                aa83a4519c88d5be6aae9ecf547fdeeb11ba8d392740d00b3a
                """,
            rtpAt10000: """
                9060000001020306cafebabebede000110aa000012fb23ae219f60f6b65b4d3e
                dc24c50f917c59dd01c2c1a41811e6af1db3890253fffee77217be
                """,
            rtcp: [
                "80c90001cafebabe0aff4747c083c23048c3011dd0a26bc3a9c21fee8a9aa7be80000001",
                "80c90001cafebabe4324005ba6d3fb5ece32819bbd1181c91a4f8eca108e9bd180000002",
                "80c90001cafebabedec79ed1ba9e31b33c0c5ce5dbce5698d9bcd51d493ea0f680000003",
            ]),
        Capture(
            profile: .aeadAES256GCM, seed: 3,
            rtpAtFFFE: """
                9060fffe01020304cafebabebede000110aa0000fd8ecb56ff5964322e65a96b
                934e37a60e3d6e13f88eb2b87a1eac89cff7bb4339b2d0aa70
                """,
            rtpAt10000: """
                9060000001020306cafebabebede000110aa00009ae56d25553a98de19fb370c
                31c45782a6ab65763b626ce80570da2a16252765fd31a93723d3c6
                """,
            rtcp: [
                "80c90001cafebabe85bb422400eb1acbff0cb58535363f6982be4fee4a6c734080000001",
                "80c90001cafebabe0de5ffb0c8832b4b59b6be1fa203c95aeb8d3457be374eeb80000002",
                "80c90001cafebabe38d6dd3f127ded6e4efb226cabf532885b30867c3bf329df80000003",
            ]),
    ]

    @Test(arguments: libsrtp.indices)
    func libsrtpMakesTheSamePackets(index: Int) throws {
        let capture = Self.libsrtp[index]
        let profile = capture.profile
        let master = material(profile.keyCount + profile.saltCount, seed: capture.seed)
        let key = Array(master.prefix(profile.keyCount))
        let salt = Array(master.suffix(profile.saltCount))
        var sender = try SRTPSender(profile: profile, key: key.span, salt: salt.span)
        var receiver = try SRTPReceiver(profile: profile, key: key.span, salt: salt.span)
        let header = hex("9060fffe01020304cafebabebede000110aa0000")
        let first = header + (0..<21).map { UInt8($0 * 3) }
        var second = header + (0..<23).map { UInt8($0 * 3 + 2) }
        second.replaceSubrange(2..<8, with: hex("000001020306"))

        let sealedFirst = try sender.seal(first, headerCount: 20, index: 0xFFFE)
        #expect(sealedFirst == hex(capture.rtpAtFFFE))
        let sealedSecond = try sender.seal(second, headerCount: 20, index: 0x1_0000)
        #expect(sealedSecond == hex(capture.rtpAt10000))
        let openedFirst = receiver.open(hex(capture.rtpAtFFFE), headerCount: 20)
        #expect(openedFirst == .opened(first, 0xFFFE))
        let openedSecond = receiver.open(hex(capture.rtpAt10000), headerCount: 20)
        #expect(openedSecond == .opened(second, 0x1_0000))

        let report = hex("80c90001cafebabe81cb000111223344")
        _ = try sender.sealRTCP(report)
        for packet in capture.rtcp {
            let sealed = try sender.sealRTCP(report)
            #expect(sealed == hex(packet))
            let opened = receiver.openRTCP(hex(packet))
            #expect(opened == .opened(report, 0))
        }
    }
}
