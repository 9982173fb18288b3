// TLS in a channel's pipeline: plaintext towards the WebSocket, ciphertext towards the socket.
// SPDX-License-Identifier: Apache-2.0
import NIOCore

/// Encrypts what is written and decrypts what is read; what is written before the handshake is complete waits.
///
/// To be added to a channel that is connected. Errors go up the pipeline as `WebSocketError`.
final class TLSClientHandler: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private enum State { case handshaking, open, over }

    /// The most that waits for the handshake, in bytes: a request head.
    static let earlyBytesMax = 64 * 1024

    private let session: TLSSession
    private var state = State.handshaking
    private var early: [(plaintext: ByteBuffer, promise: EventLoopPromise<Void>?)] = []
    private var earlyBytes = 0
    /// Promises of what was encrypted and not yet sent.
    private var written: [EventLoopPromise<Void>] = []

    init(session: TLSSession) { self.session = session }

    func handlerAdded(context: ChannelHandlerContext) {
        if context.channel.isActive { proceed(context) }
    }

    func handlerRemoved(context: ChannelHandlerContext) { failWrites(.broken) }

    func channelInactive(context: ChannelHandlerContext) {
        if state == .handshaking {
            fail(.tlsFailed(host: session.host, reason: "the connection was closed"), context)
        }
        state = .over
        failWrites(.broken)
        context.fireChannelInactive()
    }

    // MARK: Reading

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard state != .over else { return }
        guard session.give(unwrapInboundIn(data)) else {
            return fail(.tlsUnusable("there is no memory"), context)
        }
        if state == .handshaking { proceed(context) }
        if state == .open { readAll(context) }
    }

    private func proceed(_ context: ChannelHandlerContext) {
        switch session.handshake() {
        case .needsMore: send(context)
        case .failed:
            let error = session.error
            // The alert that tells the server why.
            send(context)
            fail(error, context)
        case .finished:
            state = .open
            let waiting = early
            early = []
            earlyBytes = 0
            for write in waiting { encrypt(write.plaintext, write.promise, context) }
            send(context)
        }
    }

    private func readAll(_ context: ChannelHandlerContext) {
        // No longer than what arrived at once and the record begun before.
        var plaintext = context.channel.allocator.buffer(capacity: 0)
        var reading = session.read(into: &plaintext)
        while reading == .data { reading = session.read(into: &plaintext) }
        // Keys may have been renewed, which is answered.
        send(context)
        if plaintext.readableBytes > 0 { context.fireChannelRead(wrapInboundOut(plaintext)) }
        // A reader may have closed.
        guard state == .open else { return }
        switch reading {
        case .data, .nothing: break
        case .closed: context.close(promise: nil)
        case .failed: fail(session.error, context)
        }
    }

    // MARK: Writing

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        let plaintext = unwrapOutboundIn(data)
        switch state {
        case .open: encrypt(plaintext, promise, context)
        case .handshaking:
            guard earlyBytes + plaintext.readableBytes <= Self.earlyBytesMax else {
                promise?.fail(WebSocketError.outgoingOverflow)
                return
            }
            earlyBytes += plaintext.readableBytes
            early.append((plaintext, promise))
        case .over: promise?.fail(ChannelError.ioOnClosedChannel)
        }
    }

    func flush(context: ChannelHandlerContext) { send(context) }

    private func encrypt(
        _ plaintext: ByteBuffer, _ promise: EventLoopPromise<Void>?,
        _ context: ChannelHandlerContext
    ) {
        guard session.write(plaintext) else {
            let error = session.error
            promise?.fail(error)
            return fail(error, context)
        }
        if let promise { written.append(promise) }
    }

    private func send(_ context: ChannelHandlerContext) {
        guard let ciphertext = session.takeOutgoing(context.channel.allocator) else { return }
        let promises = written
        written = []
        guard !promises.isEmpty else {
            return context.writeAndFlush(wrapOutboundOut(ciphertext), promise: nil)
        }
        let promise = context.eventLoop.makePromise(of: Void.self)
        for waiting in promises { promise.futureResult.cascade(to: waiting) }
        context.writeAndFlush(wrapOutboundOut(ciphertext), promise: promise)
    }

    // MARK: Ending

    func close(
        context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?
    ) {
        if mode == .all, state == .open {
            session.shutdown()
            send(context)
            state = .over
        }
        context.close(mode: mode, promise: promise)
    }

    private func fail(_ error: WebSocketError, _ context: ChannelHandlerContext) {
        guard state != .over else { return }
        state = .over
        failWrites(error)
        context.fireErrorCaught(error)
        context.close(promise: nil)
    }

    private func failWrites(_ error: WebSocketError) {
        let promises = written + early.compactMap(\.promise)
        written = []
        early = []
        for promise in promises { promise.fail(error) }
    }
}
