// Channel handlers that end connections which dawdle: unfinished heads, endless bodies, readers that do not read.
// SPDX-License-Identifier: Apache-2.0
import HTTPTypes
import NIOCore
import NIOHTTPTypes

/// Closes a connection whose first request head is not complete in time, however slowly bytes trickle in.
///
/// Removed as soon as the head has been read.
final class FirstHeadDeadline: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    private let timeout: TimeAmount
    private let idle: IdleConnections
    private var deadline: Scheduled<Void>?
    private var place: IdleConnections.Place?

    init(timeout: TimeAmount, idle: IdleConnections) {
        self.timeout = timeout
        self.idle = idle
    }

    func handlerAdded(context: ChannelHandlerContext) {
        let channel = context.channel
        deadline = context.eventLoop.scheduleTask(in: timeout) { channel.close(promise: nil) }
        place = idle.enter(channel)
    }

    func handlerRemoved(context: ChannelHandlerContext) { end() }

    func channelInactive(context: ChannelHandlerContext) {
        end()
        context.fireChannelInactive()
    }

    private func end() {
        deadline?.cancel()
        if let place { idle.leave(place) }
        place = nil
    }
}

/// Closes a connection whose peer takes nothing of what waits for it in the socket.
final class WriteStallGuard: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    private let timeout: TimeAmount
    private var deadline: Scheduled<Void>?

    init(timeout: TimeAmount) { self.timeout = timeout }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        deadline?.cancel()
        deadline = nil
        if !context.channel.isWritable {
            let channel = context.channel
            deadline = context.eventLoop.scheduleTask(in: timeout) { channel.close(promise: nil) }
        }
        context.fireChannelWritabilityChanged()
    }

    func handlerRemoved(context: ChannelHandlerContext) { deadline?.cancel() }

    func channelInactive(context: ChannelHandlerContext) {
        deadline?.cancel()
        context.fireChannelInactive()
    }
}

/// Bounds each HTTP request of a connection: size of its body, time for its body, pause before the next.
///
/// A body that declares too many bytes is answered 413 before one of them is read. One that has more than it may
/// without declaring it is cut off there; the route that reads it sees the excess and answers 413 itself.
final class RequestGuard: ChannelDuplexHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    private let limits: ServerLimits
    private let tooLarge: ByteBuffer
    private let idle: IdleConnections
    private var place: IdleConnections.Place?
    private var deadline: Scheduled<Void>?
    private var requestsOpen = 0
    private var isReadingBody = false
    private var bodyBytes = 0
    /// Whether what still comes in is read and forgotten: closing with bytes unread would lose the answer.
    private var isRefusing = false
    private var isBodyOver = false
    private var isEnding = false

    /// - Parameter tooLarge: The JSON body of the answer 413.
    init(limits: ServerLimits, tooLarge: ByteBuffer, idle: IdleConnections) {
        self.limits = limits
        self.tooLarge = tooLarge
        self.idle = idle
    }

    func handlerAdded(context: ChannelHandlerContext) { wait(limits.idleTimeout, context) }

    func handlerRemoved(context: ChannelHandlerContext) { stopWaiting() }

    func channelInactive(context: ChannelHandlerContext) {
        stopWaiting()
        context.fireChannelInactive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let part = unwrapInboundIn(data)
        guard !isRefusing else {
            if case .end = part { isBodyOver = true }
            if isBodyOver, requestsOpen <= 0 { context.close(promise: nil) }
            return
        }
        switch part {
        case .head(let head):
            let declared = head.headerFields[.contentLength].map { Int($0) ?? .max } ?? 0
            guard declared <= limits.bodyBytesMax else { return refuse(context) }
            requestsOpen += 1
            isReadingBody = true
            bodyBytes = 0
            wait(limits.bodyTimeout, context)
        case .body(let part):
            bodyBytes += part.readableBytes
            if bodyBytes > limits.bodyBytesMax {
                // Pass this part on so that the reader finds the body too long, and nothing after it.
                isRefusing = true
                isEnding = true
            }
        case .end:
            isReadingBody = false
            stopWaiting()
        }
        context.fireChannelRead(data)
        if isRefusing { context.fireChannelRead(wrapInboundOut(.end(nil))) }
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        guard case .end = unwrapOutboundIn(data) else {
            context.write(data, promise: promise)
            return
        }
        requestsOpen -= 1
        if isEnding, requestsOpen <= 0 {
            context.writeAndFlush(data, promise: promise)
            closeSoon(context)
            return
        }
        context.write(data, promise: promise)
        if requestsOpen == 0, !isReadingBody { wait(limits.idleTimeout, context) }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if event is ChannelShouldQuiesceEvent {
            isEnding = true
            if requestsOpen == 0 { context.close(promise: nil) }
        }
        context.fireUserInboundEventTriggered(event)
    }

    private func refuse(_ context: ChannelHandlerContext) {
        isRefusing = true
        // Answers leave in the order of their requests: with one still open, only closing is left.
        guard requestsOpen == 0 else {
            context.close(promise: nil)
            return
        }
        var head = HTTPResponse(status: .contentTooLarge)
        head.headerFields[.contentType] = "application/json"
        head.headerFields[.contentLength] = String(tooLarge.readableBytes)
        head.headerFields[.connection] = "close"
        head.headerFields[.accessControlAllowOrigin] = "*"
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        context.write(wrapOutboundOut(.body(tooLarge)), promise: nil)
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        closeSoon(context)
    }

    private func closeSoon(_ context: ChannelHandlerContext) {
        wait(isRefusing && !isBodyOver ? .seconds(2) : .zero, context)
    }

    private func stopWaiting() {
        deadline?.cancel()
        deadline = nil
        if let place { idle.leave(place) }
        place = nil
    }

    /// Waits for the client: not longer than this, and not if too many others are waited for.
    private func wait(_ timeout: TimeAmount, _ context: ChannelHandlerContext) {
        stopWaiting()
        place = idle.enter(context.channel)
        let channel = context.channel
        deadline = context.eventLoop.scheduleTask(in: timeout) { channel.close(promise: nil) }
    }
}
