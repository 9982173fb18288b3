// docs/vectors/metadata.json is what metadata looks like in pictures: the SDK in TypeScript writes and reads the same.
// SPDX-License-Identifier: Apache-2.0
import FoundationEssentials
import Testing
import Wire

@testable import Payloads

@Suite struct MetadataVectorTests {
    private struct File: Encodable {
        var about = """
            Written by Tests/PayloadsTests/MetadataVectorTests.swift with MARTLET_WRITE_VECTORS=1. In `written` \
            the messages go into the picture, which is then the result (absent: it takes none); in `read` they \
            are what is found in it. Everything is hexadecimal.
            """
        var written: [Case]
        var read: [Case]
    }

    private struct Case: Encodable {
        struct Message: Encodable {
            var id: String
            var data: String
        }
        var name: String
        var picture: String
        var messages: [Message]
        var result: String?
    }

    private let parameterSets: [UInt8] = [0, 0, 0, 1, 0x67, 66, 0, 31, 0, 0, 1, 0x68, 0xCE]
    private let slice: [UInt8] = [0, 0, 0, 1, 0x65, 0x88, 0x84, 0x21, 0xA0]

    private func hexadecimal(_ bytes: [UInt8]) -> String {
        bytes.map { byte in
            (byte < 16 ? "0" : "") + String(byte, radix: 16)
        }.joined()
    }

    private func described(_ messages: [MetadataMessage]) -> [Case.Message] {
        messages.map {
            Case.Message(id: String($0.id, radix: 16), data: hexadecimal($0.bytes))
        }
    }

    private func written(
        _ name: String, _ picture: [UInt8], _ messages: [MetadataMessage]
    ) -> Case {
        let result = H264UserData.inserting(messages.map(\.userData), into: picture.span)
        return Case(
            name: name, picture: hexadecimal(picture), messages: described(messages),
            result: result.map(hexadecimal))
    }

    private func read(_ name: String, _ picture: [UInt8]) -> Case {
        let messages = H264UserData.messages(in: picture.span).compactMap(MetadataMessage.init)
        return Case(name: name, picture: hexadecimal(picture), messages: described(messages))
    }

    private func inserting(_ data: [H264UserData], into unit: [UInt8]) -> [UInt8] {
        H264UserData.inserting(data, into: unit.span) ?? []
    }

    private func render() throws -> String {
        let picture = parameterSets + slice
        let one = MetadataMessage(id: 0x0102_0304_0506_0708, bytes: [1, 0, 0, 0, 0, 2])
        let zeros = MetadataMessage(id: 0, bytes: [UInt8](repeating: 0, count: 300))
        let other = H264UserData(
            uuid: UserDataUUID(high: 1, low: 2), bytes: [UInt8](repeating: 7, count: 20))
        let written = [
            written("before the slice of a keyframe", picture, [one]),
            written("before a slice with a short start code", [0, 0, 1, 0x41, 0x9A, 3], [one]),
            written("before the prefix of a slice", [0, 0, 1, 14, 0xA2] + slice, [one]),
            written(
                "three in order", picture, [one, zeros, MetadataMessage(id: .max, bytes: [9])]),
            written(
                "a size of 255 bytes", slice, [.init(id: 5, bytes: .init(repeating: 3, count: 231))]
            ),
            written("threes and zeros", slice, [.init(id: 5, bytes: [0, 0, 3, 0, 0, 3, 3, 0, 0])]),
            written("no slice", parameterSets, [one]),
            written("not H.264", [0x9D, 1, 0x2A, 0x40, 1], [one]),
        ]
        let ours = Array(inserting([one.userData], into: slice)[5...].dropLast(slice.count + 1))
        let read = [
            read("nothing", picture),
            read("another's before ours", inserting([other, one.userData], into: picture)),
            read(
                "within a unit with others",
                [0, 0, 1, 6, 1, 2, 0xAA, 0xBB] + ours + [0xFF, 4, 1, 0xCC, 0x80] + slice),
            read("behind the slice", slice + [0, 0, 1, 6] + ours + [0x80]),
            read(
                "an id alone",
                inserting(
                    [H264UserData(uuid: .metadata, bytes: .init(repeating: 1, count: 8))],
                    into: slice)),
            read(
                "larger than any",
                inserting(
                    [H264UserData(uuid: .metadata, bytes: .init(repeating: 1, count: 4_105))],
                    into: slice)),
            read("a size that lies", [0, 0, 1, 6, 5, 200] + ours.dropFirst(2) + [0x80] + slice),
            read("a size without end", [0, 0, 1, 6, 5, 255, 255, 255, 255]),
            read("cut off", Array(inserting([one.userData], into: slice).prefix(30))),
            read("empty", []),
        ]
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .prettyPrinted]
        let file = File(written: written, read: read)
        return String(decoding: try encoder.encode(file), as: UTF8.self) + "\n"
    }

    @Test func D19_theFileOfPicturesIsWhatIsWrittenAndRead() throws {
        let path = URL(filePath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "docs/vectors/metadata.json")
        let text = try render()
        if ProcessInfo.processInfo.environment["MARTLET_WRITE_VECTORS"] != nil {
            try Data(text.utf8).write(to: path)
        }
        let file = try String(decoding: Data(contentsOf: path), as: UTF8.self)
        #expect(file == text, "MARTLET_WRITE_VECTORS=1 swift test --filter MetadataVectorTests")
    }
}
