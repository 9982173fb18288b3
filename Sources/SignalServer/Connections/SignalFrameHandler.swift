// The frames of one signalling WebSocket on its event loop: read, bounded, and written.
// SPDX-License-Identifier: Apache-2.0
import NIOCore
import NIOWebSocket
import Signaling
import Synchronization

/// What a signalling WebSocket brings that takes a task to be done.
enum SignalEvent: Sendable {
    /// A whole message.
    case message(WebSocketMessage)
    /// The client closes.
    case closed
    /// The client broke a rule: close with this code. Nothing more comes.
    case refused(WebSocketErrorCode, String)
}

/// Who is told on the event loop what needs no task.
protocol SignalListener: AnyObject, Sendable {
    /// A brief message came, and nothing before it is still at hand.
    /// - Returns: Whether it is done; if not, it comes again as any message.
    func hear(_ message: BriefMessage) -> Bool
    /// A ping of the WebSocket itself came (RFC 6455 §5.5.2).
    func answer(ping data: ByteBuffer)
    /// Time has passed.
    /// - Returns: How long until this is to be called again.
    func letTimePass() -> Duration
}

/// Takes frames apart, answers what can be answered at once, hands on the rest, and writes what is queued.
///
/// A client that does nothing sends and gets two short messages each second. They, and the clock behind them, go no
/// further than this: no task is woken for them.
final class SignalFrameHandler: ChannelInboundHandler {
    typealias InboundIn = WebSocketFrame
    typealias InboundOut = SignalEvent
    typealias OutboundOut = WebSocketFrame

    /// From writing a close frame to closing: a moment for the client to answer.
    private static let closeTimeout = TimeAmount.milliseconds(500)

    private let queue: OutboundQueue
    private var rate: MessageRate
    private var assembler: WebSocketAssembler
    /// Set before the first frame.
    var listener: (any SignalListener)?
    /// How many messages have been handed on and not been done.
    let atHand: MessagesAtHand
    /// Completed when everything queued has been written, or the connection is gone.
    private var written: EventLoopPromise<Void>?
    private var context: ChannelHandlerContext?
    private var isWriting = false
    /// After a refusal or a close the rest is read and forgotten until the client hangs up or we do: closing with
    /// bytes unread would reset the connection and lose the close frame.
    private var isRefusing = false

    init(
        queue: OutboundQueue, limits: ServerLimits, atHand: MessagesAtHand,
        written: EventLoopPromise<Void>
    ) {
        self.queue = queue
        self.atHand = atHand
        self.written = written
        rate = MessageRate(limits)
        assembler = WebSocketAssembler(
            messageBytesMax: limits.messageBytesMax, fragmentsMax: limits.fragmentsMax)
    }

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    func handlerRemoved(context: ChannelHandlerContext) { end() }

    func channelInactive(context: ChannelHandlerContext) {
        end()
        context.fireChannelInactive()
    }

    private func end() {
        context = nil
        listener = nil
        written?.succeed()
        written = nil
    }

    // MARK: Reading

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isRefusing else { return }
        let frame = unwrapInboundIn(data)
        guard rate.take(bytes: frame.length, at: .now) else {
            return refuse(.policyViolation, "too many messages", context)
        }
        if assembler.isBetweenMessages, atHand.isNone, let brief = frame.briefMessage,
            listener?.hear(brief) == true
        {
            return
        }
        switch assembler.receive(frame) {
        case .wait: break
        case .message(let message):
            atHand.begin()
            context.fireChannelRead(wrapInboundOut(.message(message)))
        case .pong(let data): listener?.answer(ping: data)
        case .closed:
            isRefusing = true
            context.fireChannelRead(wrapInboundOut(.closed))
        case .refuse(let code): refuse(code, "", context)
        }
    }

    private func refuse(
        _ code: WebSocketErrorCode, _ reason: String, _ context: ChannelHandlerContext
    ) {
        isRefusing = true
        context.fireChannelRead(wrapInboundOut(.refused(code, reason)))
    }

    // MARK: Writing

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        write()
        context.fireChannelWritabilityChanged()
    }

    /// Writes what is queued, as far as the socket takes it.
    func write() {
        // Writing may change whether more can be written, which comes back here.
        guard let context, !isWriting else { return }
        isWriting = true
        defer { isWriting = false }
        while context.channel.isWritable {
            switch queue.next() {
            case .wait: return
            case .end:
                written?.succeed()
                written = nil
                return
            case .write(let items):
                for item in items { context.write(wrapOutboundOut(item.frame), promise: nil) }
                context.flush()
                guard case .close? = items.last else { continue }
                let channel = context.channel
                context.eventLoop.scheduleTask(in: Self.closeTimeout) {
                    channel.close(promise: nil)
                }
                written?.succeed()
                written = nil
                return
            }
        }
    }
}

extension SignalFrameHandler: ClockListener {
    func letTimePass() -> Duration? { listener?.letTimePass() }
}

/// How many messages of a connection have been handed to its task and not been done.
final class MessagesAtHand: Sendable {
    private let count = Atomic(0)

    /// Whether there is none: what comes next may be answered at once.
    var isNone: Bool { count.load(ordering: .acquiring) == 0 }

    /// A message is handed on.
    func begin() { count.add(1, ordering: .relaxed) }

    /// A message has been done.
    func end() { count.subtract(1, ordering: .releasing) }
}
