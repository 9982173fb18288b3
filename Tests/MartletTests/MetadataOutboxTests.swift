// That messages for sizes which are not sent neither pile up nor keep others from leaving.
// SPDX-License-Identifier: Apache-2.0
import Payloads
import Testing
import Wire

@testable import Martlet

@Suite struct MetadataOutboxTests {
    private let picture: [UInt8] = [0, 0, 0, 1, 0x41, 0x9A, 1, 2, 3]

    private func messages(_ bytes: [UInt8]) -> [MetadataMessage] {
        H264UserData.messages(in: bytes.span).compactMap(MetadataMessage.init)
    }

    @Test func D19_aSizeThatNobodyWatchesDoesNotFillUp() throws {
        let outbox = MetadataOutbox(layers: 2, isPossible: true)
        var now = MediaInstant(nanoseconds: 9_000_000_000)
        for layer in 0..<2 {
            _ = outbox.attached(to: picture, layer: layer, isKeyframe: true, at: now)
        }
        for number in 0..<200 {
            now = now + .milliseconds(33)
            try outbox.enqueue(
                [UInt8(number)], repeats: 1, delay: .zero, isForKeyframesOnly: false, at: now)
            let sent = outbox.attached(to: picture, layer: 0, isKeyframe: false, at: now)
            #expect(messages(sent).map(\.bytes) == [[UInt8(number)]])
        }
        // It is sent again, with nothing that is old, and under the same ids.
        _ = outbox.attached(to: picture, layer: 1, isKeyframe: true, at: now)
        try outbox.enqueue([201], repeats: 1, delay: .zero, isForKeyframesOnly: false, at: now)
        let both = (0..<2).map { layer in
            messages(outbox.attached(to: picture, layer: layer, isKeyframe: false, at: now))
        }
        #expect(both[0] == both[1])
        #expect(both[0].map(\.bytes) == [[201]])
    }

    @Test func D19_beforeAnyPictureMessagesWaitForAllSizes() throws {
        let outbox = MetadataOutbox(layers: 2, isPossible: true)
        let now = MediaInstant(nanoseconds: 9_000_000_000)
        try outbox.enqueue([1], repeats: 1, delay: .zero, isForKeyframesOnly: false, at: now)
        for layer in 0..<2 {
            let sent = outbox.attached(to: picture, layer: layer, isKeyframe: true, at: now)
            #expect(messages(sent).map(\.bytes) == [[1]])
        }
    }
}
