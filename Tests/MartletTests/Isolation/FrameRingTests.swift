// That frames in shared memory never lie over each other, and that nobody is believed who says where one lies.
// SPDX-License-Identifier: Apache-2.0
import CEngineProcess
import Foundation
import Testing
import Wire

@testable import Martlet

@Suite struct FrameRingTests {
    @Test func framesInFlightNeverOverlapAndAReaderFindsThem() {
        var random = SeededRandom(seed: 7)
        for capacity in [1, 7, 64, 1_000] {
            var writer = FrameRingWriter(capacity: capacity)
            var reader = FrameRingReader(capacity: capacity)
            // What was written and not read: positions, and offsets of bytes.
            var flying: [(start: UInt64, count: Int)] = []
            var written = 0
            for _ in 0..<4_000 {
                if random.next() % 2 == 0 || flying.isEmpty {
                    let count = Int(random.next() % UInt64(capacity + 1))
                    guard let start = writer.reserve(count) else { continue }
                    let range =
                        Int(start % UInt64(capacity))..<Int(start % UInt64(capacity)) + count
                    #expect(range.upperBound <= capacity)
                    for other in flying {
                        let offset = Int(other.start % UInt64(capacity))
                        #expect(
                            count == 0 || other.count == 0
                                || !range.overlaps(offset..<offset + other.count))
                    }
                    flying.append((start, count))
                    written += 1
                } else {
                    let frame = flying.removeFirst()
                    #expect(
                        reader.take(frame.start, frame.count)
                            == Int(frame.start % UInt64(capacity)))
                    #expect(writer.release(reader.position) == true)
                }
            }
            #expect(written > 1_000)
        }
    }

    @Test func anEmptyRingTakesTheLargestFrameFromItsBeginning() {
        var writer = FrameRingWriter(capacity: 100)
        var reader = FrameRingReader(capacity: 100)
        for count in [60, 100, 1, 100] {
            let start = writer.reserve(count)
            #expect(start.map { $0 % 100 } == 0)
            #expect(reader.take(start ?? 0, count) == 0)
            #expect(writer.release(reader.position) == true)
        }
        #expect(writer.reserve(101) == nil)
        #expect(writer.reserve(-1) == nil)
    }

    @Test func noMoreIsUnderWayThanMayBe() {
        var writer = FrameRingWriter(capacity: 1_000, waitingMax: 100)
        // One frame always may.
        let first = writer.reserve(400)
        #expect(first == 0 && writer.reserve(1) == nil)
        #expect(writer.release(400) == true)
        #expect(writer.reserve(60) != nil && writer.reserve(40) != nil && writer.reserve(1) == nil)
    }

    @Test func whoReleasesWhatWasNotWrittenIsNotBelieved() {
        var writer = FrameRingWriter(capacity: 100)
        #expect(writer.reserve(10) == 0)
        #expect(writer.release(11) == false && writer.release(.max) == false)
        #expect(writer.release(0) == true && writer.release(10) == true)
    }

    @Test func whoSaysThatAFrameLiesElsewhereIsNotBelieved() {
        for (start, count) in [
            (UInt64(0), 101), (0, -1), (99, 2), (50, 51), (.max, 1), (.max, 0), (1 << 62, 0),
            (301, 1), (UInt64(Int64.max), 1),
        ] {
            var reader = FrameRingReader(capacity: 100)
            #expect(reader.take(start, count) == nil, "\(start), \(count)")
        }
        var reader = FrameRingReader(capacity: 100)
        #expect(reader.take(10, 20) == 10)
        // Back to where it was.
        #expect(reader.take(0, 5) == nil && reader.take(29, 1) == nil)
        #expect(reader.take(30, 5) == 30)
    }

    @Test func memoryIsReadWithinItsBoundsAndCannotShrink() throws {
        let descriptor = martlet_frames_make(8_192)
        defer { martlet_engine_close(descriptor) }
        let writer = try SharedMemory(descriptor: descriptor, isWritten: true)
        let reader = try SharedMemory(descriptor: descriptor, isWritten: false)
        #expect(writer.count == 8_192 && reader.count == 8_192)
        #expect(
            unsafe writer.write(at: 8_190, count: 2) {
                unsafe $0.storeBytes(of: 7, as: UInt16.self)
            } != nil)
        #expect(reader.read(at: 8_190, count: 2) { $0.array } == [7, 0])
        for (offset, count) in [
            (8_191, 2), (-1, 2), (0, 8_193), (8_193, 0), (Int.max, 1), (1, .max),
        ] {
            #expect(reader.read(at: offset, count: count) { _ in true } == nil)
            #expect(unsafe writer.write(at: offset, count: count) { _ in true } == nil)
        }
        // Whoever has the descriptor cannot take pages away.
        #expect(ftruncate(descriptor, 10) == -1 && ftruncate(descriptor, 10_000) == -1)
        // A descriptor that is no sealed memory: a socket.
        var (ours, theirs): (Int32, Int32) = (-1, -1)
        #expect(unsafe martlet_engine_pair(&ours, &theirs) == 0)
        #expect(throws: MartletError.self) { try SharedMemory(descriptor: ours, isWritten: false) }
        #expect(throws: MartletError.self) { try SharedMemory(descriptor: -1, isWritten: false) }
        martlet_engine_close(ours)
        martlet_engine_close(theirs)
    }
}
