// That datagrams in a TCP stream come out whole however it is cut, and that what is no such stream is seen at once.
// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import Wire

@Suite struct StreamFramesTests {
    @Test func everySplitGivesTheSameDatagrams() {
        var random = SeededRandom(seed: 9)
        for _ in 0..<300 {
            let datagrams = (0..<20).map { _ in
                [UInt8](
                    repeating: UInt8.random(in: 0...255, using: &random),
                    count: Int.random(in: 1...2_048, using: &random))
            }
            let stream = datagrams.flatMap { [UInt8($0.count >> 8), UInt8($0.count & 0xFF)] + $0 }
            var frames = StreamFrames()
            var taken: [[UInt8]] = []
            var position = 0
            while position < stream.count {
                let room = frames.room()
                let count = min(
                    stream.count - position, room.count, Int.random(in: 1...5_000, using: &random))
                for index in 0..<count {
                    frames.bytes[room.lowerBound + index] = stream[position + index]
                }
                frames.fill(count)
                position += count
                while case .datagram(let range) = frames.next() {
                    taken.append(Array(frames.bytes[range]))
                }
            }
            #expect(taken == datagrams)
            #expect(frames.next() == .incomplete)
        }
    }

    @Test func lengthsThatCannotBeAreSeenAtOnce() {
        for head in [[0, 0], [8, 1], [255, 255]] as [[UInt8]] {
            var frames = StreamFrames()
            let room = frames.room()
            frames.bytes[room.lowerBound] = head[0]
            frames.fill(1)
            #expect(frames.next() == .incomplete)
            frames.bytes[frames.room().lowerBound] = head[1]
            frames.fill(1)
            #expect(frames.next() == .malformed)
        }
    }
}
