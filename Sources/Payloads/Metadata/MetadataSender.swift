// Which messages go out with which picture.
// SPDX-License-Identifier: Apache-2.0
package import Wire

/// Why a message was not taken.
package enum MetadataError: Error, Equatable, Sendable {
    /// A message has 1 to ``MetadataMessage/bytesMax`` bytes, not so many.
    case size(Int)
    /// A message goes out with 1 to ``MetadataSender/repeatsMax`` pictures, not with so many.
    case repeats(Int)
    /// A delay is 0 to ``MetadataSender/delayMax``.
    case delay
    /// So many messages wait already: pictures have stopped, or keyframes are waited for.
    case queueFull(Int)
}

/// The messages that wait for pictures. A message goes out with as many pictures as its sender wants, since pictures are lost
/// on the way; the receiver counts it once. H.264 alone can carry them (``H264UserData``).
package struct MetadataSender: Sendable {
    /// The most messages that wait.
    package static let queueMax = 64
    /// The most pictures a message goes out with.
    package static let repeatsMax = 30
    /// The longest delay.
    package static let delayMax = MediaDuration.seconds(60)
    /// The most messages in one picture.
    package static let frameMessagesMax = 4
    /// The most bytes of messages in one picture, unless one message alone has more.
    package static let frameBytesMax = 8_192

    private struct Waiting {
        var message: MetadataMessage
        var repeats: Int
        var due: MediaInstant
        var isForKeyframesOnly: Bool
    }

    private var waiting: [Waiting] = []
    private var nextID: UInt64

    /// Nothing waits.
    /// - Parameter firstID: Random, so that no two senders, and no two lives of one, have an id in common.
    package init(firstID: UInt64) { nextID = firstID }

    /// How many messages wait.
    package var count: Int { waiting.count }

    /// Takes a message to be sent.
    /// - Parameters:
    ///   - bytes: 1 to ``MetadataMessage/bytesMax``.
    ///   - repeats: With how many pictures it goes out: 1 to ``repeatsMax``. More than 1 against loss.
    ///   - delay: How long it waits before the first of them: 0 to ``delayMax``.
    ///   - isForKeyframesOnly: Whether it goes out with keyframes alone, of which calls have few: seconds may pass.
    package mutating func enqueue(
        _ bytes: [UInt8], repeats: Int = 1, delay: MediaDuration = .zero,
        isForKeyframesOnly: Bool = false, at now: MediaInstant
    ) throws(MetadataError) {
        guard 1...MetadataMessage.bytesMax ~= bytes.count else { throw .size(bytes.count) }
        guard 1...Self.repeatsMax ~= repeats else { throw .repeats(repeats) }
        guard .zero...Self.delayMax ~= delay else { throw .delay }
        guard waiting.count < Self.queueMax else { throw .queueFull(waiting.count) }
        waiting.append(
            Waiting(
                message: MetadataMessage(id: nextID, bytes: bytes), repeats: repeats,
                due: now + delay, isForKeyframesOnly: isForKeyframesOnly))
        nextID &+= 1
    }

    /// Forgets what waits.
    package mutating func removeAll() { waiting.removeAll() }

    /// Sends no message, and gives the next one the id that it had if one had been sent: for a size that is not sent
    /// while others are, whose messages have the same ids.
    package mutating func skip() {
        waiting.removeAll()
        nextID &+= 1
    }

    /// The picture with the messages that are to go out with it; nil if there are none or it has no slice, and then it is sent as it is.
    /// - Parameter accessUnit: A byte stream of H.264 (Annex B), which is about to be sent.
    package mutating func attach(
        to accessUnit: Span<UInt8>, isKeyframe: Bool, at now: MediaInstant
    ) -> [UInt8]? {
        guard !waiting.isEmpty else { return nil }
        var chosen: [Int] = []
        var byteCount = 0
        for index in waiting.indices {
            let candidate = waiting[index]
            guard candidate.due <= now, isKeyframe || !candidate.isForKeyframesOnly else {
                continue
            }
            let size = candidate.message.bytes.count
            guard chosen.isEmpty || byteCount + size <= Self.frameBytesMax else { continue }
            chosen.append(index)
            byteCount += size
            if chosen.count == Self.frameMessagesMax { break }
        }
        guard !chosen.isEmpty,
            let picture = H264UserData.inserting(
                chosen.map { waiting[$0].message.userData }, into: accessUnit)
        else { return nil }
        for index in chosen { waiting[index].repeats -= 1 }
        waiting.removeAll { $0.repeats == 0 }
        return picture
    }
}
