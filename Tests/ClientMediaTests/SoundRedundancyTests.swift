// That native sound is sent with the packet before it, is worth that under loss, and makes room on narrow paths.
// SPDX-License-Identifier: Apache-2.0
import Negotiation
import NetworkImpairment
import Payloads
import RTP
import Testing
import Wire

@testable import ClientMedia

@Suite struct SoundRedundancyTests {
    private static let codecs: [MediaCodec] = [.red, .opus, .vp8]

    private func codec(_ codec: MediaCodec, _ type: UInt8) -> NegotiatedCodec {
        NegotiatedCodec(codec: codec, payloadType: type, clockRate: 48_000, channels: 2)
    }

    private func opus(_ number: UInt8, bytes: Int = 60) -> [UInt8] {
        [0xFC, number] + [UInt8](repeating: 7, count: bytes - 2)
    }

    private func made() throws -> SoundRedundancy {
        try #require(SoundRedundancy(codecs: [codec(.red, 63), codec(.opus, 111)]))
    }

    @Test func eachPacketRepeatsTheOneBefore() throws {
        var redundancy = try made()
        var sent: [(bytes: [UInt8], payloadType: UInt8)] = []
        // Across the wrap of the clock; a pause before the last one.
        let times: [UInt32] = [UInt32.max - 900, 59, 1_019, 9_000]
        for (number, time) in times.enumerated() {
            sent.append(
                redundancy.payload(
                    of: opus(UInt8(number)), timestamp: RTPTimestamp(time), payloadMax: 1_120))
        }
        #expect(sent.map(\.payloadType) == [63, 63, 63, 63])
        #expect(sent[0].bytes == [111] + opus(0))
        let second = sent[1].bytes
        let parsed = RedundantAudio.parse(second.span)
        let read = try #require(parsed)
        #expect(read.payloadType == 111 && read.blockCount == 1)
        let found = read.block(age: 0, in: second.span)
        let block = try #require(found)
        #expect(block.ticks == 960)
        #expect(Array(second[block.range]) == opus(0))
        #expect(Array(second[read.primaryOffset...]) == opus(1))
        #expect(sent[2].bytes.count == 5 + 120)
        #expect(sent[3].bytes == [111] + opus(3))
    }

    @Test func whatDoesNotFitGoesAlone() throws {
        var redundancy = try made()
        let large = opus(1, bytes: 1_024)
        for time in [0, 960] as [UInt32] {
            let sent = redundancy.payload(
                of: large, timestamp: RTPTimestamp(time), payloadMax: 1_120)
            #expect(sent.bytes == [111] + large)
        }
        let small = opus(2, bytes: 700)
        var sent = redundancy.payload(
            of: small, timestamp: RTPTimestamp(1_920), payloadMax: 1_120)
        sent = redundancy.payload(of: small, timestamp: RTPTimestamp(2_880), payloadMax: 1_120)
        #expect(sent.bytes == small && sent.payloadType == 111)
        #expect(SoundRedundancy(codecs: [codec(.opus, 111)]) == nil)
    }

    @Test func itMakesRoomForPicturesAndComesBack() throws {
        var redundancy = try made()
        for number in 0..<200 {
            _ = redundancy.payload(
                of: opus(0), timestamp: RTPTimestamp(UInt32(number * 960)), payloadMax: 1_120)
        }
        #expect((80_000...90_000).contains(redundancy.rate))
        func isOff(_ estimate: Double?, pictures: Bool) -> Bool {
            redundancy.choose(estimate: estimate, isBesidePictures: pictures)
            return redundancy.isOff
        }
        #expect(!isOff(nil, pictures: true))
        #expect(!isOff(360_000, pictures: true))
        #expect(isOff(320_000, pictures: true))
        // Not back and forth.
        #expect(isOff(360_000, pictures: true))
        #expect(!isOff(450_000, pictures: true))
        #expect(!isOff(120_000, pictures: false))
        #expect(isOff(100_000, pictures: false))
    }

    /// What of ten seconds had to be made up, where a tenth is lost and the round trip is too long to ask again.
    private func madeUp(_ codecs: [MediaCodec], seed: UInt64) throws -> Double {
        var lossy = ImpairmentPlan()
        lossy.up.delay = .milliseconds(30)
        lossy.down.delay = .milliseconds(30)
        lossy.up.loss = 0.1
        let call = try NativeCall(seed: seed, up: lossy, codecs: codecs, repairsAudio: false)
        call.run(seconds: 10, pictures: false)
        return 1 - Double(call.decodedSounds.count) / Double(call.sounds)
    }

    @Test(arguments: 1...3 as ClosedRange<UInt64>)
    func ofATenthLostNextToNothingIsMadeUp(seed: UInt64) throws {
        let plain = try madeUp([.opus, .vp8], seed: seed)
        let redundant = try madeUp(Self.codecs, seed: seed)
        #expect((0.07...0.14).contains(plain), "\(plain)")
        #expect(redundant < 0.035, "\(redundant)")
    }

    @Test func aNarrowPathIsLeftToPictures() throws {
        var narrow = ImpairmentPlan()
        narrow.up.delay = .milliseconds(20)
        narrow.up.bitsPerSecond = 250_000
        let call = try NativeCall(seed: 5, up: narrow, codecs: Self.codecs)
        call.pictureBytes = 500
        call.run(seconds: 6)
        let before = try #require(call.sendingSound)
        call.run(seconds: 3)
        let after = try #require(call.sendingSound)
        #expect(
            after.payloadBytes - before.payloadBytes == 60 * (after.packets - before.packets))
        let wide = try NativeCall(seed: 5, codecs: Self.codecs)
        wide.run(seconds: 3)
        let all = try #require(wide.sendingSound)
        #expect(all.payloadBytes > 120 * (all.packets - 1))
        #expect(zip(wide.decodedSounds, wide.decodedSounds.dropFirst()).allSatisfy { $1 == $0 + 1 })
    }
}
