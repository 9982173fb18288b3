// That packets of sound are heard at their times in a file, and that what is missing is as long as it was.
// SPDX-License-Identifier: Apache-2.0
import MediaCodecs
import Testing

@testable import MediaFiles

@Suite struct PacketPlacementTests {
    private static let second: Int64 = 48_000

    @Test func whatGoesOnHasItsOwnTimes() {
        var placement = PacketPlacement(isTimed: true, filledMax: 10 * Self.second)
        // A clock that is known better with each report.
        for (time, gap) in [(100, false), (1_060, false), (2_023, false), (2_980, false)] {
            #expect(
                placement.place(Int64(time), length: 960, isBehindGap: gap)
                    == [PacketPlacement.Piece(ticks: Int64(time))])
        }
    }

    @Test func whatIsMissingIsSilence() {
        var placement = PacketPlacement(isTimed: true, filledMax: 10 * Self.second)
        _ = placement.place(0, length: 960, isBehindGap: false)
        // Two packets were lost; times differ by a little from what counting gives.
        let pieces = placement.place(2_890, length: 960, isBehindGap: true)
        #expect(pieces.map(\.ticks) == [960, 1_920, 2_890])
        #expect(pieces.map { $0.silence?.count } == [3, 3, nil])
        // Nobody said that something is missing, but it is.
        #expect(placement.place(2_890 + 960 + 2_881, length: 960, isBehindGap: false).count == 4)
        // A pause that is too long to be filled stays one.
        let late = 60 * Self.second
        #expect(
            placement.place(late, length: 960, isBehindGap: true)
                == [PacketPlacement.Piece(ticks: late)])
    }

    @Test(arguments: [-1, 0, 1])
    func packetsWithoutTimesStayNearTheirs(_ drift: Int64) {
        var placement = PacketPlacement(isTimed: false, filledMax: 86_400 * Self.second)
        var expected: Int64 = 0
        var (silences, left) = (0, 0)
        for number in 0..<5_000 as Range<Int64> {
            // A clock that is a thousandth slow or fast.
            let time = number * (960 + drift)
            let pieces = placement.place(time, length: 960, isBehindGap: false)
            for piece in pieces {
                #expect(piece.ticks == expected)
                expected += 960
                if piece.silence != nil { silences += 1 }
            }
            if pieces.isEmpty { left += 1 }
            #expect(abs(expected - time - 960) < 2_000)
        }
        #expect((silences > 0) == (drift > 0) && (left > 0) == (drift < 0))
    }

    @Test func gapsOfAnyLengthAreFilledWhereThereAreNoTimes() {
        var placement = PacketPlacement(isTimed: false, filledMax: 86_400 * Self.second)
        _ = placement.place(0, length: 960, isBehindGap: false)
        let pieces = placement.place(100 * Self.second + 1_000, length: 960, isBehindGap: true)
        let packet = pieces.last?.ticks ?? 0
        #expect((0..<120) ~= 100 * Self.second + 1_000 - packet)
        #expect(pieces.count == 100 * 50 + 1)
    }

    @Test func silenceOfEachLengthIsSilentAndAsLong() throws {
        var decoder = try OpusDecoder(channels: 2)
        for (count, lengths) in [(960, [960]), (1_800, [960, 480, 240, 120]), (119, [])] {
            let pieces = PacketPlacement.silence(from: 7, count: Int64(count))
            #expect(pieces.count == lengths.count)
            var at: Int64 = 7
            for (piece, length) in zip(pieces, lengths) {
                let packet = try #require(piece.silence)
                var samples = [Int16](repeating: 9, count: 5_760 * 2)
                var span = samples.mutableSpan
                #expect(try decoder.decode(packet.span, into: &span) == length)
                #expect(samples.prefix(length * 2).allSatisfy { $0 == 0 })
                #expect(piece.ticks == at)
                at += Int64(length)
            }
        }
    }
}
