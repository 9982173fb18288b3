// That redundant audio is read, cut and renumbered, and that nothing damaged is.
// SPDX-License-Identifier: Apache-2.0

import RTP
import Testing
import Wire

@testable import Payloads

/// Two repeated blocks (960 and 1,920 ticks old) of three and two bytes, and a primary of four, of payload type
/// 111.
private let sample = bytes("EF1E0003 EF0F0002 6F A1A2A3 B1B2 C1C2C3C4")

private func block(_ audio: RedundantAudio, age: Int) -> (ticks: UInt32, range: Range<Int>)? {
    audio.block(age: age, in: sample.span)
}

private func kept(_ audio: RedundantAudio, within ticks: UInt32) -> Int {
    audio.blocks(within: ticks, in: sample.span)
}

private func parse(_ payload: [UInt8]) -> RedundantAudio? { RedundantAudio.parse(payload.span) }

private func write(
    _ payload: [UInt8], keeping kept: Int, payloadType: UInt8, room: Int = 64
) -> [UInt8]? {
    var target = [UInt8](repeating: 0xEE, count: room)
    var span = target.mutableSpan
    guard
        let count = parse(payload)?.write(
            payload.span, keeping: kept, payloadType: payloadType, to: &span, at: 2)
    else { return nil }
    return Array(target[2..<(2 + count)])
}

@Test func blocksOfRedundantAudioAreFound() throws {
    let audio = try #require(parse(sample))
    #expect(audio.blockCount == 2)
    #expect(audio.payloadType == 111)
    #expect(Array(sample[audio.primaryOffset...]) == bytes("C1C2C3C4"))
    let young = try #require(block(audio, age: 0))
    #expect(young.ticks == 960)
    #expect(Array(sample[young.range]) == bytes("B1B2"))
    let old = try #require(block(audio, age: 1))
    #expect(old.ticks == 1_920)
    #expect(Array(sample[old.range]) == bytes("A1A2A3"))
    #expect(block(audio, age: 2) == nil)
    #expect(block(audio, age: -1) == nil)
    let alone = try #require(parse(bytes("6F C1")))
    #expect(alone.blockCount == 0 && alone.primaryOffset == 1)
}

@Test func redundancyThatReachesBackTooFarIsTold() throws {
    let audio = try #require(parse(sample))
    #expect(kept(audio, within: 0) == 0)
    #expect(kept(audio, within: 959) == 0)
    #expect(kept(audio, within: 960) == 1)
    #expect(kept(audio, within: 1_919) == 1)
    #expect(kept(audio, within: 1_920) == 2)
    #expect(kept(audio, within: .max) == 2)
}

@Test func redundantAudioIsWrittenWithFewerBlocksAndAnotherType() {
    #expect(
        write(sample, keeping: 2, payloadType: 96)
            == bytes("E01E0003 E00F0002 60 A1A2A3 B1B2 C1C2C3C4"))
    #expect(write(sample, keeping: 1, payloadType: 96) == bytes("E00F0002 60 B1B2 C1C2C3C4"))
    #expect(write(sample, keeping: 0, payloadType: 96) == bytes("60 C1C2C3C4"))
    #expect(write(sample, keeping: 3, payloadType: 96) == nil)
    #expect(write(sample, keeping: -1, payloadType: 96) == nil)
    #expect(write(sample, keeping: 2, payloadType: 96, room: 19) == nil)
    #expect(write(sample, keeping: 2, payloadType: 96, room: 20) != nil)
}

@Test func damagedRedundantAudioIsRefused() {
    #expect(parse([]) == nil)
    // No primary, and an empty one.
    #expect(parse(bytes("EF1E0003 A1A2A3")) == nil)
    #expect(parse(bytes("6F")) == nil)
    #expect(parse(bytes("EF1E0003 6F A1A2A3")) == nil)
    // A block longer than the payload, and blocks of two codecs.
    #expect(parse(bytes("EF1E03FF 6F A1A2A3")) == nil)
    #expect(parse(bytes("E01E0001 6F A1 C1")) == nil)
    // As many blocks as there may be, and one more.
    let heads = (0..<15).flatMap { _ in bytes("EF000000") }
    #expect(parse(heads + bytes("6F C1"))?.blockCount == 15)
    #expect(parse(bytes("EF000000") + heads + bytes("6F C1")) == nil)
    forEachDamage(of: sample) { damaged in
        guard let audio = parse(damaged) else { return }
        #expect(audio.primaryOffset < damaged.count)
        for kept in 0...audio.blockCount {
            let written = write(damaged, keeping: kept, payloadType: 5, room: 2_048)
            #expect(written.flatMap(parse)?.blockCount == kept)
            #expect(written.flatMap(parse)?.payloadType == 5)
        }
        for age in 0..<audio.blockCount {
            let range = audio.block(age: age, in: damaged.span)?.range
            #expect(range.map { $0.upperBound <= damaged.count } == true)
        }
    }
}

@Test func redundantAudioIsMadeOfTwoPackets() throws {
    let made = RedundantAudio.payload(
        primary: bytes("C1C2C3C4"), repeating: (bytes("B1B2"), 960), payloadType: 111)
    #expect(made == bytes("EF0F0002 6F B1B2 C1C2C3C4"))
    let alone = bytes("6F C1")
    #expect(RedundantAudio.payload(primary: [0xC1], repeating: nil, payloadType: 111) == alone)
    // Nothing that the fields of a head cannot say is written.
    let large = [UInt8](repeating: 1, count: 1_024)
    for (repeated, ticks) in [(large, 960), ([], 960), ([1], 0), ([1], 16_384)]
        as [([UInt8], UInt32)]
    {
        #expect(
            RedundantAudio.payload(
                primary: [0xC1], repeating: (repeated, ticks), payloadType: 111) == alone)
    }
    let most = RedundantAudio.payload(
        primary: [0xC1], repeating: (Array(large.dropLast()), 16_383), payloadType: 127)
    let read = try #require(parse(most))
    #expect(read.blockCount == 1 && read.payloadType == 127)
    let found = read.block(age: 0, in: most.span)
    #expect(found?.ticks == 16_383 && found?.range == 5..<1_028)
}
