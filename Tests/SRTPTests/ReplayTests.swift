// Replays, rollovers and the bounded table of streams.
// SPDX-License-Identifier: Apache-2.0
import Testing
import Wire

@testable import SRTP

@Suite struct ReplayTests {
    @Test(arguments: profiles)
    func aPacketIsTakenOnce(profile: SRTPProfile) throws {
        var sender = try makeSender(profile)
        var receiver = try makeReceiver(profile)
        let indices: [UInt64] = [0, 2, 1, 500, 499, 3, 1400, 401]
        for index in indices {
            let plain = rtpPacket(ssrc: 1, index: index)
            let opened = receiver.open(try sender.seal(plain, index: index))
            #expect(opened == .opened(plain, index))
        }
        for index in indices {
            let again = receiver.open(
                try sender.seal(rtpPacket(ssrc: 1, index: index), index: index))
            #expect(again == .failed(1400 - index < 1024 ? .replayed : .tooOld))
        }
        let rtcp = try sender.sealRTCP(rtcpPacket(ssrc: 1))
        #expect(receiver.openRTCP(rtcp) == .opened(rtcpPacket(ssrc: 1), 0))
        #expect(receiver.openRTCP(rtcp) == .failed(.replayed))
    }

    @Test(arguments: profiles)
    func eachSSRCHasItsOwnWindows(profile: SRTPProfile) throws {
        var first = try makeSender(profile)
        var second = try makeSender(profile)
        var receiver = try makeReceiver(profile)
        for index in [70_000, 3, 70_001] as [UInt64] {
            let ssrc: UInt32 = index < 65_536 ? 2 : 1
            // The rollover counter of SSRC 1 begins at 0 as well.
            if index == 70_000 {
                let start = rtpPacket(ssrc: 1, index: 60_000)
                let opened = receiver.open(try first.seal(start, index: 60_000))
                #expect(opened == .opened(start, 60_000))
            }
            let plain = rtpPacket(ssrc: ssrc, index: index)
            let opened = receiver.open(try first.seal(plain, index: index))
            #expect(opened == .opened(plain, index))
        }
        // Both count their SRTCP indices from 0.
        for _ in 0..<3 {
            let one = receiver.openRTCP(try first.sealRTCP(rtcpPacket(ssrc: 1)))
            #expect(one == .opened(rtcpPacket(ssrc: 1), 0))
            let two = receiver.openRTCP(try second.sealRTCP(rtcpPacket(ssrc: 2)))
            #expect(two == .opened(rtcpPacket(ssrc: 2), 0))
        }
    }

    @Test(arguments: profiles)
    func aPacketSealedAgainIsTheSamePacket(profile: SRTPProfile) throws {
        var sender = try makeSender(profile)
        let plain = rtpPacket(ssrc: 1, index: 65_537)
        let first = try sender.seal(plain, index: 65_537)
        _ = try sender.seal(rtpPacket(ssrc: 1, index: 65_538), index: 65_538)
        let again = try sender.seal(plain, index: 65_537)
        #expect(first == again)
    }

    @Test func theWindowIsExactly1024Packets() {
        func verdict(_ window: ReplayWindow, _ index: UInt64) -> SRTPError? {
            do throws(SRTPError) {
                try window.check(index)
                return nil
            } catch { return error }
        }
        var window = ReplayWindow()
        window.take(5000)
        #expect(verdict(window, 5000) == .replayed)
        #expect(verdict(window, 5001) == nil)
        #expect(verdict(window, 5000 - 1023) == nil)
        #expect(verdict(window, 5000 - 1024) == .tooOld)
        window.take(5000 - 1023)
        #expect(verdict(window, 5000 - 1023) == .replayed)
        #expect(verdict(window, 5001) == nil, "the same bit, one round on")
        window.take(5001)
        #expect(verdict(window, 5000 - 1023) == .tooOld)
        #expect(verdict(window, 5001) == .replayed)
    }

    /// Against a set that forgets nothing.
    @Test(arguments: 0..<20 as Range<UInt64>)
    func theWindowAgreesWithAPlainModel(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        var window = ReplayWindow()
        var taken: Set<UInt64> = []
        var highest: UInt64 = 0
        for _ in 0..<3000 {
            let reach: UInt64 = [3, 70, 1100, 3000][Int.random(in: 0..<4, using: &random)]
            let index =
                highest &+ UInt64.random(in: 0...reach, using: &random)
                &- min(highest, UInt64.random(in: 0...reach, using: &random))
            let expected: SRTPError? =
                taken.isEmpty || index > highest
                ? nil
                : highest - index >= 1024 ? .tooOld : taken.contains(index) ? .replayed : nil
            var verdict: SRTPError?
            do throws(SRTPError) { try window.check(index) } catch { verdict = error }
            #expect(verdict == expected)
            if verdict == nil {
                window.take(index)
                taken.insert(index)
                highest = max(highest, index)
            }
        }
    }

    @Test(arguments: profiles)
    func aForgedPacketDoesNotMoveTheWindow(profile: SRTPProfile) throws {
        var sender = try makeSender(profile)
        var receiver = try makeReceiver(profile)
        let first = rtpPacket(ssrc: 1, index: 10)
        _ = receiver.open(try sender.seal(first, index: 10))
        var forged = try sender.seal(rtpPacket(ssrc: 1, index: 30_000), index: 30_000)
        forged[20] ^= 1
        #expect(receiver.open(forged) == .failed(.authenticationFailed))
        let next = rtpPacket(ssrc: 1, index: 11)
        #expect(receiver.open(try sender.seal(next, index: 11)) == .opened(next, 11))
    }

    /// RFC 3711 appendix A, as its text computes it.
    @Test func theIndexIsEstimatedAsInAppendixA() {
        func index(_ number: UInt16, _ highest: UInt64?) -> UInt64 {
            SRTPReceiver.index(of: SequenceNumber(number), after: highest)
        }
        #expect(index(65_535, nil) == 65_535)
        #expect(index(0, 65_535) == 0x1_0000)
        #expect(index(32_766, 65_535) == 0x1_7FFE)
        #expect(index(32_767, 65_535) == 32_767)
        #expect(index(65_535, 0x1_0000) == 65_535)
        #expect(index(32_768, 0x1_0000) == 0x1_8000)
        #expect(index(32_769, 0x1_0000) == 0x0_8001)
        #expect(index(65_535, 0x5_7FFF) == 0x5_FFFF)
        #expect(index(0, 0x5_8000) == 0x5_0000)
        #expect(index(0, 0x5_8001) == 0x6_0000)
        #expect(index(65_000, 5) == 65_000, "there is nothing before a counter of 0")
        #expect(index(0, 0xFFFF_FFFF_FFFF) == 1 << 48)
    }

    @Test(arguments: profiles)
    func lossAcross65535KeepsTheRolloverCounter(profile: SRTPProfile) throws {
        for gap in [1, 2, 100, 20_000, 32_766] as [UInt64] {
            var sender = try makeSender(profile)
            var receiver = try makeReceiver(profile)
            var index: UInt64 = 65_535 - gap / 2
            for _ in 0..<8 {
                let plain = rtpPacket(ssrc: 1, index: index)
                let opened = receiver.open(try sender.seal(plain, index: index))
                #expect(opened == .opened(plain, index))
                // A straggler from before the last step, of the counter before the wrap as well.
                if index > 65_540 {
                    let late = rtpPacket(ssrc: 1, index: index - min(gap, 1000) + 1)
                    let lateIndex = index - min(gap, 1000) + 1
                    if lateIndex < index {
                        let opened = receiver.open(try sender.seal(late, index: lateIndex))
                        #expect(opened == .opened(late, lateIndex))
                    }
                }
                index += gap
            }
        }
    }

    @Test func anIdleStreamRetiresAndCannotBeReplayed() throws {
        var sender = try makeSender(.aeadAES128GCM)
        var receiver = try makeReceiver(.aeadAES128GCM)
        let limit = UInt32(SRTPStreamTable.activeLimit)
        // Stream 0 wraps once, then idles while 64 others come.
        let old = try [65_500, 65_540, 65_545].map { index in
            try sender.seal(rtpPacket(ssrc: 0, index: index), index: index)
        }
        for packet in old {
            guard case .opened = receiver.open(packet) else {
                Issue.record("not opened")
                return
            }
        }
        for ssrc in 1...limit {
            let plain = rtpPacket(ssrc: ssrc, index: 1)
            #expect(receiver.open(try sender.seal(plain, index: 1)) == .opened(plain, 1))
        }
        for packet in old { #expect(receiver.open(packet) == .failed(.tooOld)) }
        let next = rtpPacket(ssrc: 0, index: 65_546)
        #expect(receiver.open(try sender.seal(next, index: 65_546)) == .opened(next, 65_546))
        for packet in old { #expect(receiver.open(packet) == .failed(.replayed)) }
        // Stream 1 was the idlest by then; stream 2 kept its window.
        let first = try sender.seal(rtpPacket(ssrc: 1, index: 1), index: 1)
        #expect(receiver.open(first) == .failed(.tooOld))
        let second = try sender.seal(rtpPacket(ssrc: 2, index: 0), index: 0)
        #expect(receiver.open(second) == .opened(rtpPacket(ssrc: 2, index: 0), 0))
    }

    @Test func moreStreamsThanTheLimitAreRefused() throws {
        var sender = try makeSender(.aeadAES128GCM)
        var receiver = try makeReceiver(.aeadAES128GCM)
        let limit = UInt32(SRTPReceiver.streamLimit)
        for ssrc in 0..<limit {
            let plain = rtpPacket(ssrc: ssrc, index: 1)
            #expect(receiver.open(try sender.seal(plain, index: 1)) == .opened(plain, 1))
        }
        let more = try sender.seal(rtpPacket(ssrc: limit, index: 1), index: 1)
        #expect(receiver.open(more) == .failed(.tooManyStreams))
        // Every stream of the session goes on, retired or not.
        for ssrc in [0, 1, limit / 2, limit - 1] {
            let plain = rtpPacket(ssrc: ssrc, index: 2)
            #expect(receiver.open(try sender.seal(plain, index: 2)) == .opened(plain, 2))
        }
    }

    @Test func forgedPacketsPutNoStreamIntoTheTable() throws {
        var sender = try makeSender(.aes128CMHMACSHA1_80)
        var receiver = try makeReceiver(.aes128CMHMACSHA1_80)
        for ssrc in 0..<3000 as Range<UInt32> {
            var packet = try sender.seal(rtpPacket(ssrc: ssrc, index: 1), index: 1)
            packet[15] ^= 1
            #expect(receiver.open(packet) == .failed(.authenticationFailed))
        }
    }
}
