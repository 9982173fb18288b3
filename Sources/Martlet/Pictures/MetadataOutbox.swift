// Messages of an application on their way into pictures (SEI).
// SPDX-License-Identifier: Apache-2.0
import Payloads
import Synchronization
import Wire

/// Keeps what an application wants to send with pictures of H.264, for each size that they are sent in.
final class MetadataOutbox: Sendable {
    /// One for each size; all give a message the same number, so that a receiver whose size changes takes it once.
    private let senders: Mutex<[MetadataSender]>
    /// Whether the pictures can carry any.
    let isPossible: Bool

    /// - Parameter layers: How many sizes there are.
    init(layers: Int, isPossible: Bool) {
        self.isPossible = isPossible
        let first = UInt64.random(in: 0 ... .max)
        senders = Mutex((0..<max(1, layers)).map { _ in MetadataSender(firstID: first) })
    }

    func enqueue(
        _ bytes: [UInt8], repeats: Int, delay: MediaDuration, isForKeyframesOnly: Bool
    ) throws(MartletError) {
        guard isPossible else {
            throw MartletError(
                .invalidArgument, "Only pictures of H.264 carry metadata: publish them as H.264.")
        }
        let now = MediaDriver.now
        let refusal: MetadataError? = senders.withLock { senders in
            for index in senders.indices {
                do throws(MetadataError) {
                    try senders[index].enqueue(
                        bytes, repeats: repeats, delay: delay,
                        isForKeyframesOnly: isForKeyframesOnly, at: now)
                } catch {
                    return error
                }
            }
            return nil
        }
        switch refusal {
        case nil: break
        case .size:
            throw MartletError(
                .invalidArgument, "Metadata has 1 to \(MetadataMessage.bytesMax) bytes.")
        case .repeats:
            throw MartletError(
                .invalidArgument, "Metadata is repeated 1 to \(MetadataSender.repeatsMax) times.")
        case .delay:
            throw MartletError(.invalidArgument, "Metadata waits 0 to 60 seconds.")
        case .queueFull:
            throw MartletError(
                code: 7003, "Too much metadata waits for pictures: send less.",
                retryAfter: .milliseconds(100))
        }
    }

    /// The picture with what goes out with it.
    func attached(to bytes: [UInt8], layer: Int, isKeyframe: Bool) -> [UInt8] {
        guard isPossible else { return bytes }
        let now = MediaDriver.now
        return senders.withLock { senders in
            guard senders.indices.contains(layer), senders[layer].count > 0 else { return bytes }
            return senders[layer].attach(to: bytes.span, isKeyframe: isKeyframe, at: now) ?? bytes
        }
    }
}
