// Messages out of pictures, each once.
// SPDX-License-Identifier: Apache-2.0

/// Finds the messages in the pictures of one sender and leaves out repetitions.
package struct MetadataReceiver: Sendable {
    /// How many messages are remembered: repetitions of messages older than these count as new. A sender has at most
    /// ``MetadataSender/queueMax`` under way.
    package static let rememberedMax = 256

    private var remembered: [UInt64] = []
    private var oldest = 0

    /// Has seen nothing.
    package init() {}

    /// The messages of a picture that were not in one before, in order.
    /// - Parameter accessUnit: A byte stream of H.264 (Annex B). It may be anything.
    package mutating func receive(_ accessUnit: Span<UInt8>) -> [MetadataMessage] {
        var messages: [MetadataMessage] = []
        for data in H264UserData.messages(in: accessUnit) {
            guard let message = MetadataMessage(data), isNew(message.id) else { continue }
            messages.append(message)
        }
        return messages
    }

    private mutating func isNew(_ id: UInt64) -> Bool {
        guard !remembered.contains(id) else { return false }
        if remembered.count < Self.rememberedMax {
            remembered.append(id)
        } else {
            remembered[oldest] = id
            oldest = (oldest + 1) % Self.rememberedMax
        }
        return true
    }
}
