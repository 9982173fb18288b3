// That byte streams are cut into what can be pushed, whatever they are and however they come.
// SPDX-License-Identifier: Apache-2.0
import MediaCodecs
import Testing
import Wire

@testable import Martlet

/// An ADTS frame of some content.
private func adts(_ content: [UInt8], rateIndex: UInt8 = 4, blocks: UInt8 = 1) -> [UInt8] {
    let length = content.count + 7
    return [
        0xFF, 0xF1, 0x40 | rateIndex << 2, 0x80 | UInt8(length >> 11),
        UInt8(truncatingIfNeeded: length >> 3), UInt8(truncatingIfNeeded: length << 5) | 0x1F,
        0xFC | (blocks - 1),
    ] + content
}

/// Gives a stream in pieces of a length and takes what comes out.
private func cut<Splitter: ByteStreamSplitter>(
    _ bytes: [UInt8], by splitter: Splitter, pieces: Int
) -> [Splitter.Frame] {
    var splitter = splitter
    var frames: [Splitter.Frame] = []
    for start in stride(from: 0, to: bytes.count, by: pieces) {
        splitter.append(Array(bytes[start..<min(start + pieces, bytes.count)]))
        while let frame = splitter.next() { frames.append(frame) }
    }
    splitter.finish()
    while let frame = splitter.next() { frames.append(frame) }
    return frames
}

@Suite struct ADTSSplitterTests {
    private let contents: [[UInt8]] = (0..<20).map { [UInt8](repeating: UInt8($0), count: $0 + 1) }

    @Test(arguments: [1, 2, 7, 64, 100_000])
    func aStreamInPiecesOfAnyLengthGivesItsFrames(_ pieces: Int) {
        let frames = contents.map { adts($0) }
        let found = cut(frames.flatMap { $0 }, by: ADTSSplitter(), pieces: pieces)
        #expect(found.map(\.bytes) == frames)
        #expect(found[1].timestampMicroseconds == 1_024 * 1_000_000 / 44_100)
        #expect(found[19].timestampMicroseconds == 19 * 1_024 * 1_000_000 / 44_100)
    }

    @Test func anotherRateAndMoreBlocksHaveTheirTimes() {
        var splitter = ADTSSplitter(startMicroseconds: 500)
        let found = splitter.frames(
            of: adts([1], rateIndex: 3, blocks: 3) + adts([2], rateIndex: 8) + adts([3]))
        #expect(found.map(\.timestampMicroseconds) == [500, 64_500, 128_500])
        #expect(splitter.skippedBytes == 0)
    }

    @Test func whatIsNoFrameIsLeftOutAndCounted() {
        let frames = contents.map { adts($0) }
        // Junk with a header in it that leads nowhere.
        let junk: [UInt8] = [1, 2, 0xFF, 0xF1, 0x50, 0x80, 5, 0x1F, 0xFC, 9]
        let bytes = junk + frames[5] + frames[6] + junk + frames[7] + frames[8]
        for pieces in [1, 5, 1_000] {
            let found = cut(bytes, by: ADTSSplitter(), pieces: pieces)
            #expect(found.map(\.bytes) == Array(frames[5...8]))
        }
        var splitter = ADTSSplitter()
        _ = splitter.frames(of: bytes)
        #expect(splitter.skippedBytes == 20)
    }

    @Test func everyTruncationGivesTheWholeFrames() {
        let bytes = contents.map { adts($0) }.flatMap { $0 }
        for count in 0..<bytes.count {
            var splitter = ADTSSplitter()
            let found = splitter.frames(of: Array(bytes[..<count]))
            let taken = found.reduce(0) { $0 + $1.bytes.count }
            #expect(taken + Int(splitter.skippedBytes) == count)
            #expect(bytes.starts(with: found.flatMap(\.bytes)))
        }
    }

    @Test func noiseGivesNoMoreThanItHas() {
        var random = SeededRandom(seed: 3)
        for _ in 0..<300 {
            let bytes = (0..<200).map { _ -> UInt8 in
                random.next() % 3 == 0
                    ? [0xFF, 0xF1, 0xF9, 0x50][Int(random.next() % 4)]
                    : UInt8(truncatingIfNeeded: random.next())
            }
            var splitter = ADTSSplitter(startMicroseconds: .max)
            let found = splitter.frames(of: bytes)
            let taken = found.reduce(0) { $0 + $1.bytes.count }
            #expect(taken + Int(splitter.skippedBytes) == bytes.count)
        }
    }
}

@Suite struct AnnexBSplitterTests {
    private static let code: [UInt8] = [0, 0, 0, 1]
    private static let sets: [[UInt8]] = [[0x67, 66, 1], [0x68, 2]]

    /// A picture of two slices, as it comes out.
    private static func picture(_ number: UInt8, isKeyframe: Bool) -> [UInt8] {
        let type: UInt8 = isKeyframe ? 0x65 : 0x41
        let units = (isKeyframe ? sets : []) + [[type, 0x88, number], [type, 0x40, number, 0, 3]]
        return units.flatMap { code + $0 }
    }

    private static let pictures = (0..<9).map { picture(UInt8($0 + 1), isKeyframe: $0 % 4 == 0) }

    @Test(arguments: [1, 3, 64, 100_000])
    func aStreamInPiecesOfAnyLengthGivesItsPictures(_ pieces: Int) {
        let bytes = Self.pictures.flatMap { $0 }
        let found = cut(bytes, by: AnnexBSplitter(framesPerSecond: 30), pieces: pieces)
        #expect(found.map(\.bytes) == Self.pictures)
        #expect(found.map(\.isKeyframe) == (0..<9).map { $0 % 4 == 0 })
        #expect(found.map(\.timestampMicroseconds).prefix(4) == [0, 33_333, 66_666, 100_000])
    }

    @Test func startCodesOfThreeBytesFillersAndDelimitersAreUnderstood() {
        let bytes: [UInt8] =
            [7, 7, 0, 0, 1, 9, 0x10, 0, 0, 0, 1, 0x65, 0x88, 4, 0, 0, 0, 0, 0, 1, 9, 0x30, 0, 0, 1]
            + [0x41, 0x9A, 5, 0, 0]
        var splitter = AnnexBSplitter(framesPerSecond: 25)
        let found = splitter.frames(of: bytes)
        #expect(
            found.map(\.bytes) == [
                Self.code + [9, 0x10] + Self.code + [0x65, 0x88, 4],
                Self.code + [9, 0x30] + Self.code + [0x41, 0x9A, 5],
            ])
        #expect(splitter.skippedBytes == 2)
    }

    @Test func aPictureComesWithTheStartOfTheNext() {
        var splitter = AnnexBSplitter(framesPerSecond: 25)
        splitter.append(Self.pictures[0] + Self.code)
        #expect(splitter.next() == nil)
        splitter.append([0x41, 0x88])
        #expect(splitter.next()?.bytes == Self.pictures[0])
        #expect(splitter.next() == nil)
    }

    @Test func aPictureThatIsTooLargeIsLeftOutUpToTheNextKeyframe() {
        let piece = [UInt8](repeating: 7, count: 1 << 20)
        var splitter = AnnexBSplitter(framesPerSecond: 25)
        var found: [EncodedVideoFrame] = []
        func take() { while let frame = splitter.next() { found.append(frame) } }
        splitter.append(Self.pictures[0] + Self.code + [0x41, 0x88])
        for _ in 0..<40 {
            splitter.append(piece)
            take()
        }
        splitter.append(Self.pictures[1] + Self.pictures[2] + Self.pictures[4] + Self.pictures[5])
        splitter.finish()
        take()
        #expect(found.map(\.bytes) == [0, 4, 5].map { Self.pictures[$0] })
        // Those that were left out had their times.
        #expect(found.map(\.timestampMicroseconds) == [0, 160_000, 200_000])
        #expect(splitter.skippedBytes > 40 << 20)
    }

    @Test func everyTruncationGivesTheWholePictures() {
        let bytes = Self.pictures.flatMap { $0 }
        for count in 0..<bytes.count {
            var splitter = AnnexBSplitter(framesPerSecond: 25)
            let found = splitter.frames(of: Array(bytes[..<count]))
            #expect(
                found.dropLast().map(\.bytes)
                    == Array(Self.pictures.prefix(max(0, found.count - 1))))
        }
    }

    @Test func noiseGivesNoMoreThanItHas() {
        var random = SeededRandom(seed: 4)
        for _ in 0..<300 {
            let bytes = (0..<300).map { _ in
                [0, 0, 0, 1, 0x65, 0x41, 0x67, 0x88, 3][Int(random.next() % 9)] as UInt8
            }
            let whole = cut(bytes, by: AnnexBSplitter(framesPerSecond: .nan), pieces: 1_000)
            let pieces = cut(bytes, by: AnnexBSplitter(framesPerSecond: 0), pieces: 7)
            #expect(whole == pieces)
            #expect(whole.allSatisfy { $0.bytes.starts(with: Self.code) })
        }
    }

    @Test func anAsynchronousStreamIsCutAsItComes() async throws {
        let (stream, continuation) = AsyncStream.makeStream(of: [UInt8].self)
        for picture in Self.pictures { continuation.yield(picture) }
        continuation.finish()
        var found: [[UInt8]] = []
        for await frame in stream.split(by: AnnexBSplitter(framesPerSecond: 25)) {
            found.append(frame.bytes)
        }
        #expect(found == Self.pictures)
    }
}

@Suite struct WAVFileTests {
    private static func chunk(_ name: String, _ body: [UInt8]) -> [UInt8] {
        let count = UInt32(body.count)
        return Array(name.utf8) + (0..<4).map { UInt8(truncatingIfNeeded: count >> (8 * $0)) }
            + body
            + (body.count % 2 == 1 ? [0] : [])
    }

    private static func format(
        tag: UInt16 = 1, channels: UInt16 = 2, rate: UInt32 = 44_100, bits: UInt16 = 16,
        extra: [UInt8] = []
    ) -> [UInt8] {
        func little(_ value: some FixedWidthInteger) -> [UInt8] {
            (0..<value.bitWidth / 8).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
        }
        let block = channels * bits / 8
        return chunk(
            "fmt ",
            little(tag) + little(channels) + little(rate) + little(rate * UInt32(block))
                + little(block) + little(bits) + extra)
    }

    private static func file(_ chunks: [UInt8]) -> [UInt8] {
        chunk("RIFF", Array("WAVE".utf8) + chunks)
    }

    @Test func samplesAreReadWithTheirTimes() throws {
        let data: [UInt8] = [1, 0, 0xFF, 0xFF, 0, 0x80, 0xFF, 0x7F, 9]
        let file = try WAVFile(
            Self.file(Self.chunk("LIST", [1, 2, 3]) + Self.format() + Self.chunk("data", data)))
        #expect(file.format == SoundFormat(sampleRate: 44_100, channels: 2))
        #expect(file.sampleCount == 2)
        #expect(file.piece(from: 0, count: 100).samples == [1, -1, -32_768, 32_767])
        let second = file.piece(from: 1, count: 1)
        #expect(second.samples == [-32_768, 32_767] && second.timestampMicroseconds == 22)
        for (first, count) in [(2, 1), (.max, .max), (.min, .min), (5, -1)] {
            #expect(file.piece(from: first, count: count).samples.isEmpty)
        }
        // Written to a pipe, and extensible.
        let inner: [UInt8] = [22, 0, 16, 0, 3, 0, 0, 0, 1, 0] + [UInt8](repeating: 0, count: 14)
        let piped =
            Array("RIFF".utf8) + [0xFF, 0xFF, 0xFF, 0xFF] + Array("WAVE".utf8)
            + Self.format(tag: 0xFFFE, channels: 1, rate: 8_000, extra: inner)
            + Array("data".utf8) + [0xFF, 0xFF, 0xFF, 0xFF, 4, 0, 5, 0, 6]
        #expect(try WAVFile(piped).piece(from: 0, count: 9).samples == [4, 5])
    }

    @Test func whatIsNotTakenSaysWhy() {
        let data = Self.chunk("data", [0, 0])
        for (bytes, word) in [
            ([], "begin"), (Self.file([]), "samples"), (Self.file(data), "format"),
            (Self.file(Self.chunk("fmt ", [1, 0]) + data), "cut off"),
            (Self.file(Self.format(tag: 3, bits: 32) + data), "16 bits"),
            (Self.file(Self.format(bits: 24) + data), "16 bits"),
            (Self.file(Self.format(channels: 6) + data), "6 channels"),
            (Self.file(Self.format(channels: 0) + data), "0 channels"),
            (Self.file(Self.format(rate: 192_000) + data), "192000"),
        ] as [([UInt8], String)] {
            let error = #expect(throws: MartletError.self) { try WAVFile(bytes) }
            #expect(error?.code == 1004 && error?.message.contains(word) == true)
        }
    }

    @Test func everyTruncationAndNoiseIsReadOrRefused() {
        var random = SeededRandom(seed: 5)
        let whole = Self.file(
            Self.chunk("LIST", [1, 2, 3]) + Self.format() + Self.chunk("data", [1, 2, 3, 4, 5, 6]))
        for count in 0..<whole.count {
            if let file = try? WAVFile(Array(whole[..<count])) {
                #expect(file.piece(from: 0, count: .max).sampleCount == file.sampleCount)
            }
        }
        for _ in 0..<2_000 {
            var bytes = whole
            for _ in 0..<3 {
                bytes[Int(random.next() % UInt64(bytes.count))] = UInt8(
                    truncatingIfNeeded: random.next())
            }
            if let file = try? WAVFile(bytes) {
                #expect(file.piece(from: 0, count: .max).sampleCount == file.sampleCount)
            }
        }
    }
}
