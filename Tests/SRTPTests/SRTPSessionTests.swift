// What senders and receivers promise each other and their callers.
// SPDX-License-Identifier: Apache-2.0
import MediaCrypto
import Testing
import Wire

@testable import SRTP

@Suite struct SRTPSessionTests {
    @Test(arguments: profiles)
    func whatIsSealedOpens(profile: SRTPProfile) throws {
        var sender = try makeSender(profile)
        var receiver = try makeReceiver(profile)
        for count in [0, 1, 15, 16, 17, 1172] {
            let plain = rtpPacket(ssrc: 7, index: UInt64(count), payloadCount: count)
            let sealed = try sender.seal(plain, index: UInt64(count))
            #expect(sealed.prefix(12) == plain.prefix(12))
            if count > 15 { #expect(!sealed.dropFirst(12).starts(with: plain.dropFirst(12))) }
            let opened = receiver.open(sealed)
            #expect(opened == .opened(plain, UInt64(count)))
        }
        let report = rtcpPacket(ssrc: 7)
        for _ in 0..<3 {
            let sealed = try sender.sealRTCP(report)
            let opened = receiver.openRTCP(sealed)
            #expect(opened == .opened(report, 0))
        }
    }

    @Test(arguments: profiles)
    func sealingInPlaceGivesTheSameBytes(profile: SRTPProfile) throws {
        var sender = try makeSender(profile)
        let plain = rtpPacket(ssrc: 7, index: 5, payloadCount: 77)
        let elsewhere = try sender.seal(plain, index: 5)
        var packet = plain + [UInt8](repeating: 0, count: profile.rtpOverhead)
        var span = packet.mutableSpan
        let count = try sender.sealRTP(
            &span, headerCount: 12, count: plain.count, ssrc: SSRC(7),
            index: ExtendedSequenceNumber(5))
        #expect(count == packet.count)
        #expect(packet == elsewhere)
    }

    @Test(arguments: profiles)
    func keysOfTheOtherDirectionOpenNothing(profile: SRTPProfile) throws {
        var sender = try makeSender(profile, seed: 1)
        var receiver = try makeReceiver(profile, seed: 2)
        let rtp = receiver.open(try sender.seal(rtpPacket(ssrc: 1, index: 1), index: 1))
        #expect(rtp == .failed(.authenticationFailed))
        let rtcp = receiver.openRTCP(try sender.sealRTCP(rtcpPacket(ssrc: 1)))
        #expect(rtcp == .failed(.authenticationFailed))
    }

    @Test(arguments: profiles)
    func keysOfOtherLengthsAreRefused(profile: SRTPProfile) {
        func failure(key: Int, salt: Int) -> SRTPError? {
            let key = material(key, seed: 1)
            let salt = material(salt, seed: 1)
            do throws(SRTPError) {
                _ = try SRTPSender(profile: profile, key: key.span, salt: salt.span)
                _ = try SRTPReceiver(profile: profile, key: key.span, salt: salt.span)
                return nil
            } catch { return error }
        }
        let (key, salt) = (profile.keyCount, profile.saltCount)
        #expect(failure(key: key, salt: salt) == nil)
        #expect(failure(key: key - 1, salt: salt) == .keyCount(expected: key, have: key - 1))
        #expect(failure(key: key, salt: salt + 1) == .saltCount(expected: salt, have: salt + 1))
        #expect(failure(key: 0, salt: 0) == .keyCount(expected: key, have: 0))
    }

    @Test(arguments: profiles)
    func everyLackOfRoomIsAnError(profile: SRTPProfile) throws {
        var sender = try makeSender(profile)
        let payload = [UInt8](repeating: 1, count: 30)
        let needed = 12 + payload.count + profile.rtpOverhead
        for room in 0..<needed {
            var packet = [UInt8](repeating: 0x80, count: room)
            var span = packet.mutableSpan
            do throws(SRTPError) {
                _ = try sender.sealRTP(
                    &span, headerCount: 12, payload: payload.span, ssrc: SSRC(1),
                    index: ExtendedSequenceNumber(1))
                Issue.record("sealed in \(room) bytes")
            } catch {
                #expect(
                    error == (room < 12 ? .headerCount(12) : .noRoom(needed: needed, have: room)))
            }
        }
        for count in 0..<40 {
            for room in 0..<(40 + profile.rtcpOverhead) where room < count + profile.rtcpOverhead {
                var packet = [UInt8](repeating: 0x80, count: room)
                var span = packet.mutableSpan
                do throws(SRTPError) {
                    _ = try sender.sealRTCP(&span, count: count)
                    Issue.record("sealed \(count) bytes in \(room)")
                } catch {
                    #expect(
                        error
                            == (count < 8
                                ? .truncated(needed: 8, have: count)
                                : .noRoom(needed: count + profile.rtcpOverhead, have: room)))
                }
            }
        }
    }

    @Test(arguments: profiles)
    func usedUpIndicesAreAnError(profile: SRTPProfile) throws {
        var sender = try makeSender(profile)
        #expect(throws: SRTPError.keyExhausted) {
            try sender.seal(rtpPacket(ssrc: 1, index: 1 << 48), index: 1 << 48)
        }
        _ = try sender.seal(rtpPacket(ssrc: 1, index: 1 << 48 - 1), index: 1 << 48 - 1)
        let keys = try SRTPSessionKeys(
            profile: profile, masterKey: material(profile.keyCount, seed: 1).span,
            masterSalt: material(profile.saltCount, seed: 101).span, use: .rtcp)
        var late = try SRTPSender(
            profile: profile, rtp: keys, rtcp: keys, nextRTCPIndex: 0x7FFF_FFFF)
        var receiver = try makeReceiver(profile)
        let opened = receiver.openRTCP(try late.sealRTCP(rtcpPacket(ssrc: 1)))
        #expect(opened == .opened(rtcpPacket(ssrc: 1), 0))
        #expect(throws: SRTPError.keyExhausted) { try late.sealRTCP(rtcpPacket(ssrc: 1)) }
    }

    @Test(arguments: profiles)
    func everyTruncationIsAnError(profile: SRTPProfile) throws {
        var sender = try makeSender(profile)
        var receiver = try makeReceiver(profile)
        let rtp = try sender.seal(rtpPacket(ssrc: 1, index: 1), index: 1)
        for count in 0..<rtp.count {
            let outcome = receiver.open(Array(rtp.prefix(count)))
            let needed = 12 + profile.rtpOverhead
            let expected: SRTPError =
                count < 12
                ? .headerCount(12)
                : count < needed ? .truncated(needed: needed, have: count) : .authenticationFailed
            #expect(outcome == .failed(expected))
        }
        let rtcp = try sender.sealRTCP(rtcpPacket(ssrc: 1))
        for count in 0..<rtcp.count {
            let outcome = receiver.openRTCP(Array(rtcp.prefix(count)))
            guard case .failed(let error) = outcome else {
                Issue.record("opened \(count) bytes")
                continue
            }
            let needed = 8 + profile.rtcpOverhead
            if count < needed { #expect(error == .truncated(needed: needed, have: count)) }
        }
        #expect(receiver.open(rtp) == .opened(rtpPacket(ssrc: 1, index: 1), 1))
        #expect(receiver.openRTCP(rtcp) == .opened(rtcpPacket(ssrc: 1), 0))
    }

    @Test(arguments: profiles)
    func everyChangedByteIsRefusedAndChangesNothing(profile: SRTPProfile) throws {
        var sender = try makeSender(profile)
        var receiver = try makeReceiver(profile)
        let rtp = try sender.seal(rtpPacket(ssrc: 1, index: 9), index: 9)
        let rtcp = try sender.sealRTCP(rtcpPacket(ssrc: 1))
        for flip in [0x01, 0x80, 0xFF] as [UInt8] {
            for index in rtp.indices {
                var changed = rtp
                changed[index] ^= flip
                let outcome = receiver.open(changed)
                #expect(outcome == .failed(.authenticationFailed))
            }
            for index in rtcp.indices {
                var changed = rtcp
                changed[index] ^= flip
                let outcome = receiver.openRTCP(changed)
                #expect(
                    outcome == .failed(.authenticationFailed)
                        || outcome == .failed(.unencryptedRTCP))
            }
        }
        #expect(receiver.open(rtp) == .opened(rtpPacket(ssrc: 1, index: 9), 9))
        #expect(receiver.openRTCP(rtcp) == .opened(rtcpPacket(ssrc: 1), 0))
    }

    @Test(arguments: profiles)
    func headerLengthsOutsideThePacketAreErrors(profile: SRTPProfile) throws {
        var sender = try makeSender(profile)
        var receiver = try makeReceiver(profile)
        let rtp = try sender.seal(rtpPacket(ssrc: 1, index: 1), index: 1)
        for count in [Int.min, -1, 0, 11, rtp.count + 1, .max] {
            let outcome = receiver.open(rtp, headerCount: count)
            #expect(outcome == .failed(.headerCount(count)))
        }
        let outcome = receiver.open(rtp, headerCount: rtp.count)
        #expect(
            outcome
                == .failed(.truncated(needed: rtp.count + profile.rtpOverhead, have: rtp.count)))
    }

    @Test(arguments: profiles)
    func unencryptedRTCPIsRefused(profile: SRTPProfile) throws {
        var sender = try makeSender(profile)
        var receiver = try makeReceiver(profile)
        var rtcp = try sender.sealRTCP(rtcpPacket(ssrc: 1))
        let word = profile == .aes128CMHMACSHA1_80 ? rtcp.count - 14 : rtcp.count - 4
        #expect(rtcp[word] & 0x80 != 0)
        rtcp[word] &= 0x7F
        let outcome = receiver.openRTCP(rtcp)
        #expect(outcome == .failed(.unencryptedRTCP))
    }
}
