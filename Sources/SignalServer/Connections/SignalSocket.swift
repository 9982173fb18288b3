// One signalling WebSocket: a bounded queue towards the client, and a loop that reads its messages.
// SPDX-License-Identifier: Apache-2.0
import NIOCore
import NIOWebSocket

/// A client's WebSocket as the hub sees it: messages go in without waiting, and a reader too slow for them is cut off.
final class SignalSocket: Sendable {
    /// How a connection came to its end.
    enum Ending: Sendable {
        /// The client sent a close frame.
        case closedByClient
        /// The connection broke, or this side closed it.
        case lost
    }

    let channel: any Channel
    private let events: NIOAsyncChannel<SignalEvent, Never>
    private let handler: NIOLoopBound<SignalFrameHandler>
    private let atHand = MessagesAtHand()
    private let written: EventLoopFuture<Void>
    private let queue: OutboundQueue
    private let onOverflow: @Sendable () -> Void

    /// Takes over a channel that speaks WebSocket from now on; on its event loop.
    /// - Parameter onOverflow: Called once if the client was cut off because it did not read.
    init(
        channel: any Channel, limits: ServerLimits, onOverflow: @escaping @Sendable () -> Void
    ) throws {
        self.channel = channel
        self.onOverflow = onOverflow
        queue = OutboundQueue(
            messagesMax: limits.outboundMessagesMax, bytesMax: limits.outboundBytesMax)
        let promise = channel.eventLoop.makePromise(of: Void.self)
        written = promise.futureResult
        let frames = SignalFrameHandler(
            queue: queue, limits: limits, atHand: atHand, written: promise)
        handler = NIOLoopBound(frames, eventLoop: channel.eventLoop)
        do {
            try channel.pipeline.syncOperations.addHandler(frames)
            events = try NIOAsyncChannel(wrappingChannelSynchronously: channel)
        } catch {
            promise.succeed()
            throw error
        }
    }

    /// Names who is told what needs no task, and lets its time pass; on the event loop, before anything is read.
    func listen(_ listener: any SignalListener, clock: ConnectionClock) {
        handler.value.listener = listener
        clock.add(handler.value)
    }

    /// Queues a text message; a client with too much waiting is disconnected instead.
    /// - Parameter isReplay: Whether it is part of what is told at once to who comes back, which has bounds of its
    ///   own and does not count here.
    /// - Returns: Whether it, and what comes after it this way, leaves only with `release`.
    func hold(_ text: ByteBuffer, isReplay: Bool = false) -> Bool {
        enqueue(isReplay ? .replay(text) : .text(text), held: true) == .held
    }

    /// Lets go what was held: many messages then leave in one write.
    func release() {
        if queue.release() { wake() }
    }

    /// Queues a text message that leaves at once; a client with too much waiting is disconnected instead.
    func send(_ text: ByteBuffer) { enqueue(.text(text)) }

    /// Queues the answer to a ping of the WebSocket itself.
    func sendPong(_ data: ByteBuffer) { enqueue(.pong(data)) }

    /// Queues a close frame behind what already waits; later messages are discarded.
    func close(_ code: WebSocketErrorCode, reason: String = "") {
        enqueue(.close(code, reason))
    }

    @discardableResult
    private func enqueue(
        _ item: OutboundQueue.Item, held isHeld: Bool = false
    ) -> OutboundQueue.Outcome {
        let outcome = queue.append(item, held: isHeld)
        switch outcome {
        case .due: wake()
        case .overflown: cutOff()
        case .queued, .held, .discarded: break
        }
        return outcome
    }

    private func cutOff() {
        onOverflow()
        channel.close(promise: nil)
    }

    private func wake() {
        let handler = handler
        if channel.eventLoop.inEventLoop {
            handler.value.write()
        } else {
            channel.eventLoop.execute { handler.value.write() }
        }
    }

    /// Reads messages until either side closes; returns how, when the connection is gone.
    func run(onMessage: @escaping @Sendable (WebSocketMessage) async -> Void) async -> Ending {
        let ending = try? await events.executeThenClose { inbound in
            let ending = await read(inbound, onMessage: onMessage)
            // Whatever waits may still leave, a close frame behind it.
            queue.finish()
            await writeRest()
            return ending
        }
        queue.finish()
        return ending ?? .lost
    }

    private func read(
        _ inbound: NIOAsyncChannelInboundStream<SignalEvent>,
        onMessage: @Sendable (WebSocketMessage) async -> Void
    ) async -> Ending {
        do {
            for try await event in inbound {
                switch event {
                case .message(let message):
                    await onMessage(message)
                    atHand.end()
                case .closed:
                    close(.normalClosure)
                    return .closedByClient
                case .refused(let code, let reason): close(code, reason: reason)
                }
            }
        } catch {
            // The pipeline has answered a broken frame with a close frame itself (1002 or 1009).
        }
        return .lost
    }

    private func writeRest() async {
        let (channel, handler) = (channel, handler)
        wake()
        await withTaskCancellationHandler {
            try? await written.get()
        } onCancel: {
            // What the socket takes at once may still leave.
            channel.eventLoop.execute {
                handler.value.write()
                channel.close(promise: nil)
            }
        }
    }
}
