// That messages travel inside H.264, whatever bytes they have, once each, and that nothing in a stream does harm.
// SPDX-License-Identifier: Apache-2.0
import Testing
import Wire

@testable import Payloads

@Suite struct UserDataTests {
    private let other = UserDataUUID(high: 0, low: 0x0000_0100_0000_0003)
    private let parameterSets: [UInt8] = [0, 0, 0, 1, 0x67, 66, 0, 31, 0, 0, 1, 0x68, 0xCE]
    private let slice: [UInt8] = [0, 0, 0, 1, 0x65, 0x88, 0x84, 0x21, 0xA0]
    private var picture: [UInt8] { parameterSets + slice }

    private func inserting(_ data: [H264UserData], into unit: [UInt8]) -> [UInt8]? {
        H264UserData.inserting(data, into: unit.span)
    }

    private func messages(in unit: [UInt8], _ uuid: UserDataUUID? = .metadata) -> [H264UserData] {
        H264UserData.messages(in: unit.span, uuid: uuid)
    }

    private func data(_ bytes: [UInt8]) -> H264UserData {
        H264UserData(uuid: .metadata, bytes: bytes)
    }

    /// As the standard writes it, bit for bit.
    @Test func aMessageStandsBehindParameterSetsAndBeforeTheSlice() throws {
        let written = try #require(inserting([data([1, 0, 0, 0, 0, 2])], into: picture))
        let uuid = bytes("9891ac7fbe8740d3 9e0435aa18c22086".filter { $0 != " " })
        let unit: [UInt8] = [0, 0, 0, 1, 6, 5, 22] + uuid + [1, 0, 0, 3, 0, 0, 3, 2, 0x80]
        #expect(written == parameterSets + unit + slice)
    }

    static let awkward: [[UInt8]] = [
        [], [0], [0, 0], [0, 0, 0], [0, 0, 1], [0, 0, 2], [0, 0, 3], [0, 0, 3, 0, 0, 3],
        [0, 0, 4], [0, 0, 0, 0, 0, 0, 1], [0, 0, 0, 3], [0, 0, 3, 3], [3, 0, 0], [0x80, 0, 0],
        [0xFF], [UInt8](repeating: 0, count: 4_096), [UInt8](repeating: 3, count: 4_096),
        [UInt8](repeating: 0xFF, count: 4_096), [UInt8](repeating: 7, count: 255 - 16),
        [UInt8](repeating: 7, count: 254 - 16), [UInt8](repeating: 7, count: 510 - 16),
    ]

    @Test(arguments: awkward) func anyBytesComeBack(payload: [UInt8]) throws {
        for uuid in [UserDataUUID.metadata, other] {
            let given = H264UserData(uuid: uuid, bytes: payload)
            let written = try #require(inserting([given], into: picture))
            #expect(messages(in: written, uuid) == [given])
            #expect(messages(in: written, nil) == [given])
            // No start code but the four that belong there.
            let codes = (2..<written.count).filter { index in
                written[index] == 1 && written[index - 1] == 0 && written[index - 2] == 0
            }
            #expect(codes.count == 4)
            let hasThreeZeros = (2..<written.count).contains { index in
                (written[(index - 2)...index]).allSatisfy { $0 == 0 }
                    && !(index + 1 < written.count && written[index + 1] == 1)
            }
            #expect(!hasThreeZeros)
        }
    }

    @Test func eachIsFoundByItsUUID() throws {
        let given = [
            data([1]), H264UserData(uuid: other, bytes: [2]), data([3]),
        ]
        let written = try #require(inserting(given, into: picture))
        #expect(messages(in: written) == [data([1]), data([3])])
        #expect(messages(in: written, other).map(\.bytes) == [[2]])
        #expect(messages(in: written, nil) == given)
    }

    /// Encoders put other messages into a unit, before and behind.
    @Test func oneAmongOthersOfAUnitIsFound() throws {
        let alone = try #require(inserting([data([9])], into: slice))
        // From its type to the last byte before the trailing bits: what a unit holds between others.
        let ours = Array(alone[5..<(5 + 2 + 16 + 1)])
        let unit: [UInt8] = [0, 0, 1, 6] + [1, 2, 0xAA, 0xBB] + ours + [0xFF, 4, 1, 0xCC, 0x80]
        #expect(messages(in: unit + slice) == [data([9])])
        // Behind the slice it is of no picture.
        #expect(messages(in: slice + unit) == [])
    }

    @Test func whatDoesNotFitIsNotWritten() {
        #expect(inserting([data([1])], into: parameterSets) == nil)
        #expect(inserting([data([1])], into: []) == nil)
        #expect(inserting([data([UInt8](repeating: 1, count: 8_193))], into: picture) == nil)
        #expect(inserting([H264UserData](repeating: data([1]), count: 33), into: picture) == nil)
        #expect(inserting([], into: picture) == picture)
    }

    @Test func sizesThatLieAreNotBelieved() {
        for head in [
            [5, 255, 255, 255, 255], [5, 200], [5], [255], [255, 255, 255], [5, 15], [5, 0],
            [5, 16], [4, 250], [],
        ] as [[UInt8]] {
            let unit = [0, 0, 1, 6] + head + [UInt8](repeating: 0xAA, count: 14) + [0x80]
            #expect(messages(in: unit + slice, nil) == [])
        }
        // Of a thousand messages not more are taken than anybody sends.
        let many = (0..<1_000).flatMap { _ in [5, 16] + [UInt8](repeating: 9, count: 16) }
        #expect(messages(in: [0, 0, 1, 6] + many + [0x80] + slice, nil).count == 32)
        // A message larger than anybody's, and a unit larger than any.
        let large = [UInt8](repeating: 255, count: 40) + [0] + [UInt8](repeating: 9, count: 10_200)
        #expect(messages(in: [0, 0, 1, 6, 5] + large + [0x80] + slice, nil) == [])
        let huge = [UInt8](repeating: 9, count: 70_000)
        #expect(messages(in: [0, 0, 1, 6, 5, 16] + huge + [0x80] + slice, nil) == [])
    }

    @Test func damageDoesNoHarm() throws {
        let written = try #require(inserting([data([1, 0, 0, 1, 2])], into: picture))
        forEachDamage(of: written) { damaged in
            for message in messages(in: damaged, nil) { #expect(message.bytes.count <= 8_192) }
            var receiver = MetadataReceiver()
            _ = receiver.receive(damaged.span)
        }
    }
}

/// D19 to D24 of docs/features.md, below the SDK.
@Suite struct MetadataTests {
    private let picture: [UInt8] = [0, 0, 0, 1, 0x41, 0x9A, 1, 2, 3]
    private let start = MediaInstant(nanoseconds: 5_000_000_000)

    /// The bytes of the messages that a picture brings at this time.
    private func sent(
        _ sender: inout MetadataSender, _ receiver: inout MetadataReceiver,
        after milliseconds: Int64 = 0, isKeyframe: Bool = false
    ) -> [[UInt8]] {
        let now = start + .milliseconds(milliseconds)
        guard let unit = sender.attach(to: picture.span, isKeyframe: isKeyframe, at: now) else {
            return []
        }
        return receiver.receive(unit.span).map(\.bytes)
    }

    @Test func aMessageArrivesOnceThoughItIsRepeatedAndTheFirstIsLost() throws {
        var sender = MetadataSender(firstID: .max)
        var receiver = MetadataReceiver()
        var lossy = MetadataReceiver()
        try sender.enqueue([1, 2], repeats: 3, at: start)
        try sender.enqueue([3], at: start)
        var heard: [[[UInt8]]] = []
        var heardWithLoss: [[[UInt8]]] = []
        for index in 0..<4 {
            let unit = sender.attach(to: picture.span, isKeyframe: false, at: start)
            #expect((unit == nil) == (index == 3))
            let span = unit ?? picture
            heard.append(receiver.receive(span.span).map(\.bytes))
            if index > 0 { heardWithLoss.append(lossy.receive(span.span).map(\.bytes)) }
        }
        #expect(heard == [[[1, 2], [3]], [], [], []])
        #expect(heardWithLoss == [[[1, 2]], [], []])
        #expect(sender.count == 0)
    }

    @Test func delaysAndKeyframesAreWaitedFor() throws {
        var sender = MetadataSender(firstID: 7)
        var receiver = MetadataReceiver()
        try sender.enqueue([1], delay: .milliseconds(100), at: start)
        try sender.enqueue([2], isForKeyframesOnly: true, at: start)
        try sender.enqueue([3], at: start)
        #expect(sent(&sender, &receiver) == [[3]])
        #expect(sent(&sender, &receiver, after: 99) == [])
        #expect(sent(&sender, &receiver, after: 100) == [[1]])
        #expect(sent(&sender, &receiver, after: 5_000) == [])
        #expect(sent(&sender, &receiver, after: 5_000, isKeyframe: true) == [[2]])
    }

    @Test func sizesRepeatsDelaysAndTheQueueAreBounded() throws {
        var sender = MetadataSender(firstID: 0)
        var receiver = MetadataReceiver()
        let largest = [UInt8](repeating: 0, count: 4_096)
        #expect(throws: MetadataError.size(4_097)) { try sender.enqueue(largest + [0], at: start) }
        #expect(throws: MetadataError.size(0)) { try sender.enqueue([], at: start) }
        for repeats in [0, -1, 31, Int.max] {
            #expect(throws: MetadataError.repeats(repeats)) {
                try sender.enqueue([1], repeats: repeats, at: start)
            }
        }
        for delay in [-1, 60_001] as [Int64] {
            #expect(throws: MetadataError.delay) {
                try sender.enqueue([1], delay: .milliseconds(delay), at: start)
            }
        }
        for _ in 0..<64 { try sender.enqueue(largest, at: start) }
        #expect(throws: MetadataError.queueFull(64)) { try sender.enqueue([1], at: start) }
        #expect(sent(&sender, &receiver) == [largest, largest])
        #expect(sender.count == 62)
        sender.removeAll()
        for index in 0..<6 { try sender.enqueue([UInt8(index)], at: start) }
        #expect(sent(&sender, &receiver) == [[0], [1], [2], [3]])
        #expect(sent(&sender, &receiver) == [[4], [5]])
    }

    @Test func aPictureWithoutASliceTakesNoMessageWithIt() throws {
        var sender = MetadataSender(firstID: 0)
        var receiver = MetadataReceiver()
        try sender.enqueue([1], at: start)
        let empty: [UInt8] = [0, 0, 1, 0x67, 1]
        let unit = sender.attach(to: empty.span, isKeyframe: true, at: start)
        #expect(unit == nil)
        #expect(sent(&sender, &receiver) == [[1]])
    }

    @Test func theReceiverRemembersNoMoreThanItSays() throws {
        var receiver = MetadataReceiver()
        func receive(_ id: UInt64) -> Int {
            let message = MetadataMessage(id: id, bytes: [1]).userData
            let unit = H264UserData.inserting([message], into: picture.span) ?? []
            return receiver.receive(unit.span).count
        }
        for id in 0..<256 as Range<UInt64> { #expect(receive(id) == 1) }
        #expect(receive(0) == 0)
        #expect(receive(256) == 1)
        #expect(receive(0) == 1, "the oldest was forgotten")
        #expect(receive(255) == 0)
    }
}
