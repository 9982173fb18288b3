// What a session was told and has not acknowledged, kept to be told again after a break.
// SPDX-License-Identifier: Apache-2.0
import Signaling

/// A message that is kept; one for all who were told it.
final class KeptMessage: Sendable {
    let message: ServerMessage
    /// About how much it takes.
    let byteCount: Int

    init(_ message: ServerMessage) {
        self.message = message
        byteCount = message.approximateBytes
    }
}

/// The numbered messages of one session. Its client counts them as well, so the number itself is not sent,
/// and a message to many stays the same bytes for all.
struct Outbox: Sendable {
    private let messagesMax: Int
    private let bytesMax: Int
    /// The number of the last message; the first is 1.
    private(set) var lastSequence: UInt64 = 0
    /// The client has all messages up to this number.
    private(set) var acknowledged: UInt64 = 0
    /// Whether more waited than is kept: the session cannot go on.
    private(set) var isOverflown = false
    /// Those after `acknowledged`, behind `head` that are not cleared away yet.
    private var kept: [KeptMessage] = []
    private var head = 0
    private var byteCount = 0

    init(messagesMax: Int, bytesMax: Int) {
        self.messagesMax = messagesMax
        self.bytesMax = bytesMax
    }

    /// How many messages are kept.
    var count: Int { kept.count - head }

    /// Numbers and keeps a message. Beyond the bounds nothing is kept any more, and the outbox overflows.
    mutating func append(_ message: KeptMessage) {
        guard !isOverflown else { return }
        guard count < messagesMax, byteCount + message.byteCount <= bytesMax else {
            isOverflown = true
            kept = []
            head = 0
            byteCount = 0
            return
        }
        lastSequence += 1
        kept.append(message)
        byteCount += message.byteCount
    }

    /// Forgets what the client has; false if it cannot have that.
    mutating func acknowledge(_ sequence: UInt64) -> Bool {
        guard !isOverflown, sequence >= acknowledged, sequence <= lastSequence else { return false }
        while acknowledged < sequence, head < kept.count {
            byteCount -= kept[head].byteCount
            head += 1
            acknowledged += 1
        }
        // Clears away in large steps, so that each message is moved at most once.
        if head * 2 >= kept.count {
            kept.removeFirst(head)
            head = 0
        }
        return true
    }

    /// What the client does not have, in order.
    var unacknowledged: [ServerMessage] { kept[head...].map(\.message) }
}
