// Messages of an application on their way into pictures (SEI).
// SPDX-License-Identifier: Apache-2.0
import Payloads
import Synchronization
import Wire

/// Keeps what an application wants to send with pictures of H.264, for each size that they are sent in.
final class MetadataOutbox: Sendable {
    /// One for each size; all give a message the same number, so that a receiver whose size changes takes it once.
    private let senders: Mutex<[Layer]>
    /// A size that has sent no picture for so long, while others have, gets no messages.
    private static let rest = MediaDuration.seconds(1)

    /// One size.
    private struct Layer {
        var sender: MetadataSender
        /// When it last sent a picture.
        var sentAt: MediaInstant?
    }

    /// Whether the pictures can carry any.
    let isPossible: Bool

    /// - Parameter layers: How many sizes there are.
    init(layers: Int, isPossible: Bool) {
        self.isPossible = isPossible
        let first = UInt64.random(in: 0 ... .max)
        senders = Mutex(
            (0..<max(1, layers)).map { _ in Layer(sender: MetadataSender(firstID: first)) })
    }

    func enqueue(
        _ bytes: [UInt8], repeats: Int, delay: MediaDuration, isForKeyframesOnly: Bool,
        at now: MediaInstant = MediaDriver.now
    ) throws(MartletError) {
        guard isPossible else {
            throw MartletError(
                .invalidArgument, "Only pictures of H.264 carry metadata: publish them as H.264.")
        }
        let refusal: MetadataError? = senders.withLock { senders in
            let resting = Self.resting(senders, at: now)
            for index in senders.indices {
                // Sizes that nobody watches are not encoded: what waited for their pictures would fill them.
                guard !resting[index] else {
                    senders[index].sender.skip()
                    continue
                }
                do throws(MetadataError) {
                    try senders[index].sender.enqueue(
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
    func attached(
        to bytes: [UInt8], layer: Int, isKeyframe: Bool, at now: MediaInstant = MediaDriver.now
    ) -> [UInt8] {
        guard isPossible else { return bytes }
        return senders.withLock { senders in
            guard senders.indices.contains(layer) else { return bytes }
            senders[layer].sentAt = now
            guard senders[layer].sender.count > 0 else { return bytes }
            return senders[layer].sender.attach(to: bytes.span, isKeyframe: isKeyframe, at: now)
                ?? bytes
        }
    }

    /// Which sizes are not sent while others are.
    private static func resting(_ layers: [Layer], at now: MediaInstant) -> [Bool] {
        let isSent = layers.map { layer in layer.sentAt.map { now - $0 <= rest } ?? false }
        return isSent.map { !$0 && isSent.contains(true) }
    }
}
