// One signalling WebSocket: a bounded queue towards the client, and a loop that reads its messages.
// SPDX-License-Identifier: Apache-2.0
import NIOCore
import NIOWebSocket
import Synchronization

/// A client's WebSocket as the hub sees it: messages go in without waiting, and a reader too slow for them is cut off.
final class SignalSocket: Sendable {
    /// How a connection came to its end.
    enum Ending: Sendable {
        /// The client sent a close frame.
        case closedByClient
        /// The connection broke, or this side closed it.
        case lost
    }

    private let channel: any Channel
    private let limits: ServerLimits
    private let queue: OutboundQueue
    private let onOverflow: @Sendable () -> Void

    /// - Parameter onOverflow: Called once if the client was cut off because it did not read.
    init(
        channel: any Channel, limits: ServerLimits, onOverflow: @escaping @Sendable () -> Void
    ) {
        self.channel = channel
        self.limits = limits
        self.onOverflow = onOverflow
        queue = OutboundQueue(
            messagesMax: limits.outboundMessagesMax, bytesMax: limits.outboundBytesMax)
    }

    /// Queues a text message; a client with too much waiting is disconnected instead.
    /// - Parameter isReplay: Whether it is part of what is told at once to who comes back, which has bounds of its
    ///   own and does not count here.
    /// - Returns: Whether it, and what comes after it this way, leaves only with `release`.
    func hold(_ text: ByteBuffer, isReplay: Bool = false) -> Bool {
        enqueue(isReplay ? .replay(text) : .text(text), held: true) == .held
    }

    /// Lets go what was held: many messages then leave in one write.
    func release() { queue.release() }

    /// Queues a text message that leaves at once; a client with too much waiting is disconnected instead.
    func send(_ text: ByteBuffer) { enqueue(.text(text)) }

    /// Queues a close frame behind what already waits; later messages are discarded.
    func close(_ code: WebSocketErrorCode, reason: String = "") {
        enqueue(.close(code, reason))
    }

    @discardableResult
    private func enqueue(
        _ item: OutboundQueue.Item, held isHeld: Bool = false
    ) -> OutboundQueue.Outcome {
        let outcome = queue.append(item, held: isHeld)
        if outcome == .overflown {
            onOverflow()
            channel.close(promise: nil)
        }
        return outcome
    }

    /// Reads messages until either side closes; returns how, when the connection is gone.
    func run(
        _ frames: HTTPAndWebSocketChannel.Frames,
        onMessage: @escaping @Sendable (WebSocketMessage) async -> Void
    ) async -> Ending {
        let ending = try? await frames.executeThenClose { inbound, outbound in
            async let written: Void = write(to: outbound)
            let ending = await read(inbound, onMessage: onMessage)
            // Whatever waits may still leave, a close frame behind it; then the writer ends.
            queue.finish()
            await written
            return ending
        }
        queue.finish()
        return ending ?? .lost
    }

    private func write(to outbound: NIOAsyncChannelOutboundWriter<WebSocketFrame>) async {
        while let batch = await queue.nextBatch() {
            do {
                try await outbound.write(contentsOf: batch.map(\.frame))
            } catch {
                channel.close(promise: nil)
                return
            }
            if case .close? = batch.last {
                // Give the client a moment to answer the close, then end without it.
                let channel = channel
                channel.eventLoop.scheduleTask(in: .milliseconds(500)) {
                    channel.close(promise: nil)
                }
                return
            }
        }
    }

    private func read(
        _ inbound: NIOAsyncChannelInboundStream<WebSocketFrame>,
        onMessage: @Sendable (WebSocketMessage) async -> Void
    ) async -> Ending {
        var assembler = WebSocketAssembler(
            messageBytesMax: limits.messageBytesMax, fragmentsMax: limits.fragmentsMax)
        var window = ContinuousClock.now
        var framesInWindow = 0
        var bytesInWindow = 0
        var isRefused = false
        do {
            for try await frame in inbound {
                // After a refusal the rest is read and forgotten until the client hangs up or the writer does:
                // closing with bytes unread would reset the connection and lose the close frame.
                if isRefused { continue }
                let now = ContinuousClock.now
                if now - window >= .seconds(1) {
                    window = now
                    framesInWindow = 0
                    bytesInWindow = 0
                }
                framesInWindow += 1
                bytesInWindow += frame.length
                guard framesInWindow <= limits.messagesPerSecondMax,
                    bytesInWindow <= limits.messageBytesPerSecondMax
                else {
                    close(.policyViolation, reason: "too many messages")
                    isRefused = true
                    continue
                }
                switch assembler.receive(frame) {
                case .wait: break
                case .message(let message): await onMessage(message)
                case .pong(let data): enqueue(.pong(data))
                case .closed:
                    close(.normalClosure)
                    return .closedByClient
                case .refuse(let code):
                    close(code)
                    isRefused = true
                }
            }
        } catch {
            // The pipeline has answered a broken frame with a close frame itself (1002 or 1009).
        }
        return .lost
    }
}
