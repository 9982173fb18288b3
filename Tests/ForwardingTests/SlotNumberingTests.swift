// That a slot's numbers go on without gap or repetition whatever it shows.
// SPDX-License-Identifier: Apache-2.0
import Payloads
import RTP
import Testing
import Wire

@testable import Forwarding

/// An entry as a publisher's VP8 packet would make it.
func entry(
    _ sequence: UInt64, timestamp: UInt32 = 0, codec: MediaCodec = .vp8, key: Bool = false,
    picture: UInt16 = 0, tl0: UInt8 = 0, keyIndex: UInt8 = 0
) -> HistoryEntry {
    var entry = HistoryEntry(
        sequence: ExtendedSequenceNumber(sequence), timestamp: RTPTimestamp(timestamp),
        codec: codec, marker: false, startsKeyframe: key)
    entry.descriptor.pictureID = picture
    entry.descriptor.tl0PictureIndex = tl0
    entry.descriptor.keyIndex = keyIndex
    return entry
}

func at(_ milliseconds: Int64) -> MediaInstant { .zero + .milliseconds(milliseconds) }

@Suite struct SlotNumberingTests {
    private func make(seed: UInt64 = 1) -> SlotNumbering {
        var random = SeededRandom(seed: seed)
        return SlotNumbering(using: &random)
    }

    private func send(
        _ entry: HistoryEntry, through numbering: inout SlotNumbering, at now: MediaInstant
    ) -> OutgoingNumbers? {
        guard let numbers = numbering.numbers(for: entry) else { return nil }
        numbering.noteSent(numbers, at: now)
        return numbers
    }

    @Test func theFirstNumberIsBelowTheFirstWrap() {
        for seed in UInt64(0)..<200 {
            var numbering = make(seed: seed)
            numbering.start(with: entry(50_000), clockRate: 90_000, at: at(0))
            let first = send(entry(50_000), through: &numbering, at: at(0))
            #expect((first?.sequence.rawValue ?? .max) <= 0x8000)
        }
    }

    @Test func oneSourceIsShiftedByAConstant() {
        var numbering = make()
        numbering.start(with: entry(100, timestamp: 900, picture: 5), clockRate: 90_000, at: at(0))
        let first = send(entry(100, timestamp: 900, picture: 5), through: &numbering, at: at(0))
        let third = send(entry(102, timestamp: 1_800, picture: 6), through: &numbering, at: at(10))
        let second = send(entry(101, timestamp: 900, picture: 5), through: &numbering, at: at(20))
        guard let first, let second, let third else {
            Issue.record("a packet was refused")
            return
        }
        #expect(second.sequence.rawValue == first.sequence.rawValue + 1)
        #expect(third.sequence.rawValue == first.sequence.rawValue + 2)
        #expect(second.timestamp == first.timestamp)
        #expect(third.timestamp.distance(from: first.timestamp) == 900)
        #expect(third.descriptor.pictureID == first.descriptor.pictureID + 1)
        #expect(numbering.highest == third.sequence)
    }

    @Test func aSwitchGoesOnByOneNumberAndTheTimeThatHasPassed() {
        var numbering = make()
        numbering.start(with: entry(7, timestamp: 10), clockRate: 90_000, at: at(0))
        let old = send(
            entry(7, timestamp: 10, picture: 300, tl0: 9, keyIndex: 30), through: &numbering,
            at: at(0))
        let next = entry(
            60_000, timestamp: 4_000_000_000, key: true, picture: 32_767, tl0: 255, keyIndex: 1)
        numbering.start(with: next, clockRate: 90_000, at: at(500))
        let new = send(next, through: &numbering, at: at(500))
        guard let old, let new else {
            Issue.record("a packet was refused")
            return
        }
        #expect(new.sequence.rawValue == old.sequence.rawValue + 1)
        #expect(new.timestamp.distance(from: old.timestamp) == 45_000)
        #expect(new.descriptor.pictureID & 0x7FFF == (old.descriptor.pictureID + 1) & 0x7FFF)
        #expect(new.descriptor.tl0PictureIndex == old.descriptor.tl0PictureIndex &+ 1)
        #expect(new.descriptor.keyIndex & 0x1F == (old.descriptor.keyIndex + 1) & 0x1F)
        // What is older than the new source's first packet here belongs to nobody.
        #expect(numbering.numbers(for: entry(59_999)) == nil)
        #expect(numbering.sourceSequence(of: old.sequence.sequenceNumber) == nil)
        #expect(numbering.sourceSequence(of: new.sequence.sequenceNumber) == next.sequence)
    }

    @Test func aSwitchAtTheSameInstantStillMovesTheClock() {
        var numbering = make()
        numbering.start(with: entry(1, timestamp: 5), clockRate: 48_000, at: at(3))
        let old = send(entry(1, timestamp: 5), through: &numbering, at: at(3))
        numbering.start(with: entry(1, timestamp: 5), clockRate: 48_000, at: at(3))
        let new = send(entry(1, timestamp: 5), through: &numbering, at: at(3))
        guard let old, let new else {
            Issue.record("a packet was refused")
            return
        }
        #expect(new.timestamp.distance(from: old.timestamp) == 1)
    }

    @Test func aPauseOfDaysDoesNotOverflow() {
        var numbering = make()
        numbering.start(with: entry(1), clockRate: 90_000, at: at(0))
        _ = send(entry(1), through: &numbering, at: at(0))
        let late = MediaInstant.zero + .seconds(100_000_000)
        numbering.start(with: entry(2), clockRate: 96_000, at: late)
        #expect(send(entry(2), through: &numbering, at: late) != nil)
    }

    @Test func everySentNumberIsFoundAgainAcrossTheWrap() {
        var numbering = make()
        numbering.start(with: entry(0), clockRate: 90_000, at: at(0))
        for sequence in UInt64(0)..<70_000 {
            guard let numbers = send(entry(sequence), through: &numbering, at: at(0)) else {
                Issue.record("a packet was refused")
                return
            }
            let found = numbering.sourceSequence(of: numbers.sequence.sequenceNumber)
            if found?.rawValue != sequence {
                Issue.record("\(sequence) is found as \(String(describing: found))")
                return
            }
        }
        let next = numbering.highest.rawValue + 1
        let unsent = SequenceNumber(UInt16(truncatingIfNeeded: next))
        #expect(numbering.sourceSequence(of: unsent) == nil)
    }

    @Test func numbersNeverRepeatOverManySwitches() {
        var numbering = make(seed: 9)
        var random = SeededRandom(seed: 9)
        var used: Set<UInt64> = []
        for round in 0..<200 {
            let base = random.next() % 60_000
            numbering.start(with: entry(base), clockRate: 90_000, at: at(Int64(round) * 10))
            for step in 0..<(random.next() % 20) {
                // Some never come.
                if random.next() % 5 == 0 { continue }
                let sent = send(entry(base + step), through: &numbering, at: at(Int64(round) * 10))
                if let sent { #expect(used.insert(sent.sequence.rawValue).inserted) }
            }
        }
    }
}
