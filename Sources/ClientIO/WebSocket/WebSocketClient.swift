// A WebSocket to a server, on one event loop: opened once, closed once, bounded in all it keeps.
// SPDX-License-Identifier: Apache-2.0
import Glibc
package import NIOCore
import NIOHTTP1
import NIOPosix
import NIOWebSocket

/// One WebSocket of a client (RFC 6455), from looking up a name to the close handshake.
///
/// It belongs to its event loop: made, called and heard there alone. After `close` it says nothing more.
package final class WebSocketClient {
    /// What it tells.
    package enum Event: Sendable {
        /// Messages can be sent.
        case opened
        /// A whole text message, not yet checked to be UTF-8.
        case received(ByteBuffer)
        /// It could not be opened, or is over; the last event.
        case closed(WebSocketError)
    }

    private enum State { case idle, connecting, open, over }

    private let eventLoop: any EventLoop
    private let address: WebSocketAddress
    private let options: WebSocketOptions
    private var onEvent: ((Event) -> Void)?
    private var state = State.idle
    private var channel: (any Channel)?
    private var deadline: Scheduled<Void>?
    private var waiting = (messages: 0, bytes: 0)
    /// The proxy it goes through.
    private var proxy: HTTPProxy?

    /// - Parameter onEvent: Called on the event loop, one event at a time.
    package init(
        _ address: WebSocketAddress, options: WebSocketOptions, on eventLoop: any EventLoop,
        onEvent: @escaping (Event) -> Void
    ) {
        self.address = address
        self.options = options
        self.eventLoop = eventLoop
        self.onEvent = onEvent
    }

    // MARK: Opening

    /// Begins to connect; what comes of it is told. Called once.
    package func connect() {
        eventLoop.preconditionInEventLoop()
        guard state == .idle else { return }
        state = .connecting
        let timedOut = WebSocketError.connectTimedOut(host: address.host, port: address.port)
        deadline = eventLoop.assumeIsolated().scheduleTask(in: options.connectTimeout) {
            [weak self] in self?.end(timedOut)
        }
        do throws(WebSocketError) {
            proxy = try options.proxy.proxy(for: address)
        } catch {
            return end(error)
        }
        let (host, port) = peer
        let bootstrap = ClientBootstrap(group: eventLoop)
            .connectTimeout(options.connectTimeout)
            // Nothing is read before there is somebody to read it.
            .channelOption(.autoRead, value: false)
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
        let connecting: EventLoopFuture<any Channel>
        if let number = try? SocketAddress(ipAddress: host, port: port) {
            connecting = bootstrap.connect(to: number)
        } else {
            connecting =
                bootstrap
                .resolver(SharedResolver(host, port: port, on: eventLoop))
                .connect(host: host, port: port)
        }
        connecting.assumeIsolated().whenComplete { [self] result in
            switch result {
            case .success(let channel): connected(channel)
            case .failure(let error): end(explain(error))
            }
        }
    }

    /// Who is connected to: the server, or the proxy before it.
    private var peer: (host: String, port: Int) {
        proxy.map { ($0.host, $0.port) } ?? (address.host, address.port)
    }

    private func connected(_ channel: any Channel) {
        guard state == .connecting else { return channel.close(promise: nil) }
        self.channel = channel
        guard let proxy else { return upgrade(channel) }
        do {
            let tunnel = ProxyTunnel(
                to: address, through: proxy, headerBytesMax: options.headerBytesMax
            ) { [self] result in
                guard state == .connecting else { return }
                switch result {
                case .success: upgrade(channel)
                case .failure(let error): end(error)
                }
            }
            try channel.pipeline.syncOperations.addHandler(tunnel)
            try channel.syncOptions?.setOption(.autoRead, value: true)
        } catch {
            end(explain(error))
        }
    }

    private func upgrade(_ channel: any Channel) {
        do {
            let upgraded = try makePipeline(channel)
            upgraded.assumeIsolated().whenComplete { [self] result in
                switch result {
                case .success: opened()
                case .failure(let error): end(explain(error))
                }
            }
            try channel.syncOptions?.setOption(.autoRead, value: true)
        } catch {
            end(explain(error))
        }
    }

    private func makePipeline(_ channel: any Channel) throws -> EventLoopFuture<Void> {
        let pipeline = channel.pipeline.syncOperations
        if address.isSecure {
            guard let tls = options.tls ?? TLSContext.system else {
                throw WebSocketError.tlsUnusable("OpenSSL cannot read the system's certificates")
            }
            let session = try TLSSession(
                context: tls, host: address.host, isIPAddress: address.isIPAddress)
            try pipeline.addHandler(TLSClientHandler(session: session))
        }
        let me = NIOLoopBound(self, eventLoop: eventLoop)
        let upgrader = NIOTypedWebSocketClientUpgrader<Void>(
            maxFrameSize: options.messageBytesMax, enableAutomaticErrorHandling: false
        ) { channel, _ in
            channel.eventLoop.makeCompletedFuture {
                try channel.pipeline.syncOperations.addHandler(
                    WebSocketFrames(of: me.value, options: me.value.options))
            }
        }
        var head = HTTPRequestHead(version: .http1_1, method: .GET, uri: address.target)
        head.headers.add(name: "Host", value: address.hostField)
        var configuration = NIOUpgradableHTTPClientPipelineConfiguration(
            upgradeConfiguration: NIOTypedHTTPClientUpgradeConfiguration(
                upgradeRequestHead: head, upgraders: [upgrader],
                notUpgradingCompletionHandler: { $0.eventLoop.makeSucceededVoidFuture() }))
        // A server's first frames may come with its answer.
        configuration.leftOverBytesStrategy = .forwardBytes
        configuration.decoderConfiguration.maxHeaderFieldSize = options.headerBytesMax
        configuration.decoderConfiguration.maxHeaderListSize = options.headerBytesMax
        let upgraded = try pipeline.configureUpgradableHTTPClientPipeline(
            configuration: configuration)
        let upgradeHandler = try pipeline.handler(type: NIOTypedHTTPClientUpgradeHandler<Void>.self)
        try pipeline.addHandler(
            AnswerStatus { [weak self] status in self?.end(.httpStatus(status)) },
            position: .before(upgradeHandler))
        return upgraded
    }

    private func opened() {
        guard state == .connecting else { return }
        deadline?.cancel()
        deadline = nil
        state = .open
        onEvent?(.opened)
    }

    // MARK: Sending

    /// Queues a text message, to leave with the next `flush`. With too much waiting the connection ends.
    package func send(_ text: [UInt8]) {
        guard state == .open, let channel else { return }
        let count = text.count
        waiting.messages += 1
        waiting.bytes += count
        guard waiting.messages <= options.outgoingMessagesMax,
            waiting.bytes <= options.outgoingBytesMax
        else { return end(.outgoingOverflow) }
        let promise = channel.eventLoop.makePromise(of: Void.self)
        promise.futureResult.assumeIsolated().whenComplete { [weak self] _ in
            self?.waiting.messages -= 1
            self?.waiting.bytes -= count
        }
        let frame = WebSocketFrame(
            fin: true, opcode: .text, maskKey: .random(),
            data: channel.allocator.buffer(bytes: text))
        channel.pipeline.syncOperations.write(NIOAny(frame), promise: promise)
    }

    /// Lets go what was queued.
    package func flush() {
        if state == .open { channel?.pipeline.syncOperations.flush() }
    }

    // MARK: Ending

    /// Closes, or gives up opening: nothing more is told. A server that does not answer the close is not waited for.
    package func close() {
        let wasOpen = state == .open
        state = .over
        onEvent = nil
        deadline?.cancel()
        deadline = nil
        if let channel, wasOpen {
            Self.sendClose(.normalClosure, on: channel, timeout: options.closeTimeout)
        } else {
            channel?.close(promise: nil)
        }
        channel = nil
    }

    /// The end that nobody here wanted.
    func end(_ error: WebSocketError, answering code: WebSocketErrorCode? = nil) {
        guard state != .over else { return }
        state = .over
        deadline?.cancel()
        deadline = nil
        if let channel {
            if let code {
                Self.sendClose(code, on: channel, timeout: options.closeTimeout)
            } else {
                channel.close(promise: nil)
            }
        }
        channel = nil
        let tell = onEvent
        onEvent = nil
        tell?(.closed(error))
    }

    var hasEnded: Bool { state == .over }

    func received(_ message: ByteBuffer) {
        if state == .open { onEvent?(.received(message)) }
    }

    /// Says goodbye, and closes when the server has answered or time is up.
    private static func sendClose(
        _ code: WebSocketErrorCode, on channel: any Channel, timeout: TimeAmount
    ) {
        var data = channel.allocator.buffer(capacity: 2)
        data.write(webSocketErrorCode: code)
        let frame = WebSocketFrame(
            fin: true, opcode: .connectionClose, maskKey: .random(), data: data)
        channel.pipeline.syncOperations.writeAndFlush(NIOAny(frame), promise: nil)
        let timer = channel.eventLoop.scheduleTask(in: timeout) { channel.close(promise: nil) }
        channel.closeFuture.whenComplete { _ in timer.cancel() }
    }

    // MARK: Explaining

    func explain(_ error: any Error) -> WebSocketError {
        let (host, port) = peer
        switch error {
        case let error as WebSocketError: return error
        case let error as NIOConnectionError:
            guard let first = error.connectionErrors.last?.error else {
                return .unresolvable(host: host)
            }
            return explain(first)
        case let error as IOError:
            switch error.errnoCode {
            case ECONNREFUSED: return .refused(host: host, port: port)
            case ETIMEDOUT: return .connectTimedOut(host: host, port: port)
            case ECONNRESET, EPIPE: return .broken
            default:
                return .unreachable(host: host, port: port, errorNumber: error.errnoCode)
            }
        case ChannelError.connectTimeout: return .connectTimedOut(host: host, port: port)
        case is SocketAddressError: return .unresolvable(host: host)
        case is HTTPParserError, is NIOHTTPClientUpgradeError: return .notWebSocket
        case NIOWebSocketError.invalidFrameLength:
            return .messageTooLarge(limit: options.messageBytesMax)
        case is NIOWebSocketError: return .protocolViolation("a control frame that is none")
        default: return .broken
        }
    }
}
