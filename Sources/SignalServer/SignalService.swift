// The server's HTTP port: page, signalling WebSocket, WHIP, WHEP, admin interface, health and metrics.
// SPDX-License-Identifier: Apache-2.0
import Glibc
import HTTPTypes
import Hummingbird
import HummingbirdCore
package import Logging
import NIOCore
import NIOPosix
import Signaling

/// A signalling server over a media plane: made, run once, and stopped.
package struct SignalService: Sendable {
    private let configuration: SignalServerConfiguration
    private let hub: RoomHub
    private let metrics: ServerMetrics
    private let idle: IdleConnections
    private let connections = OpenConnections()
    private let clocks = ConnectionClocks()
    private let logger: Logger

    /// Makes a server; `run` starts it.
    package init(
        configuration: SignalServerConfiguration, plane: any MediaPlane, logger: Logger
    ) {
        self.configuration = configuration
        self.logger = logger
        let metrics = ServerMetrics()
        self.metrics = metrics
        idle = IdleConnections(countMax: configuration.limits.idleConnectionsMax) {
            metrics.update { $0.idleConnectionsDropped += 1 }
        }
        hub = RoomHub(configuration: configuration, plane: plane, metrics: metrics)
    }

    /// The connections that are open now, of whichever kind.
    package var connectionsOpen: Int { connections.count }

    /// Serves until `stop` returns or the task is cancelled; then tells every client and closes. Whatever connections do,
    /// that takes `shutdownTimeout` and `closingTimeout` of the limits at most.
    /// - Parameters:
    ///   - onRunning: Called once with the port that connections are accepted on.
    ///   - stop: Returns when it is time to stop.
    /// - Throws: What keeps the port from being opened.
    package func run(
        onRunning: @escaping @Sendable (Int) async -> Void,
        until stop: @escaping @Sendable () async -> Void
    ) async throws {
        let application = makeApplication { port in
            // Hummingbird accepts nobody before this returns: what follows must not wait for us.
            await onRunning(port)
        }
        hub.start()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await serve(application) }
            group.addTask { await hub.run() }
            group.addTask {
                await stop()
                if !Task.isCancelled { await drain() }
            }
            // Whichever ends first ends all: the port, by an error; the rest, by being told to.
            defer {
                group.cancelAll()
                closeSoon()
            }
            try await group.next()
        }
    }

    private func serve(_ application: some ApplicationProtocol) async throws {
        let (host, port) = (configuration.host, configuration.port)
        do {
            try await application.run()
        } catch let error as IOError {
            switch error.errnoCode {
            case EADDRINUSE: throw SignalServiceError.portInUse(host: host, port: port)
            case EADDRNOTAVAIL: throw SignalServiceError.noSuchAddress(host: host)
            default:
                throw SignalServiceError.cannotListen(
                    host: host, port: port, code: error.errnoCode)
            }
        } catch is SocketAddressError {
            throw SignalServiceError.noSuchAddress(host: host)
        }
    }

    /// Tells everybody in a room and waits, not for long, until they have taken it.
    private func drain() async {
        await hub.shutDown()
        let deadline = ContinuousClock.now + configuration.limits.shutdownTimeout
        while metrics.snapshot().webSocketsOpen > 0, ContinuousClock.now < deadline {
            try? await Task.sleep(for: .milliseconds(20))
        }
    }

    /// Who serves a connection ends it by itself; what is still open a moment later waits for its client.
    private func closeSoon() {
        MultiThreadedEventLoopGroup.singleton.any().scheduleTask(
            in: configuration.limits.closingTimeout
        ) { [connections] in connections.closeAll() }
    }

    private func makeApplication(
        onRunning: @escaping @Sendable (Int) async -> Void
    ) -> some ApplicationProtocol {
        let limits = configuration.limits
        let tooLarge = SignalingError(.messageTooLarge).body
        var quiet = logger
        // Its own lines at lower levels repeat what the caller is told by errors.
        quiet.logLevel = max(logger.logLevel, .critical)
        return Application(
            router: makeRouter(),
            server: HTTPServerBuilder { responder in
                HTTPAndWebSocketChannel(
                    responder: responder, limits: limits, origins: configuration.allowedOrigins,
                    tooLarge: tooLarge, idle: idle, connections: connections,
                    openWebSocket: { try open($0) }, serveWebSocket: { await serve($0) })
            },
            configuration: ApplicationConfiguration(
                address: .hostname(configuration.host, port: configuration.port),
                backlog: limits.backlog,
                availableConnectionsDelegate: .maximum(limits.connectionsMax, logger: quiet)),
            onServerRunning: { channel in
                await onRunning(channel.localAddress?.port ?? configuration.port)
            },
            logger: quiet)
    }

    private func makeRouter() -> Router<BasicRequestContext> {
        let router = Router()
        router.add(middleware: RefusalMiddleware(metrics: metrics))
        if let webRoot = configuration.webRoot {
            // Files are looked up anew with each request (a cheap 304 with an ETag): a rebuilt page shows at once.
            router.add(
                middleware: FileMiddleware(
                    webRoot, cacheControl: CacheControl([(MediaType(type: .any), [.noCache])]),
                    searchForIndexHtml: true, logger: logger))
        }
        router.get("/healthz") { _, _ in
            Response(
                status: .ok, headers: [.contentType: "text/plain", .cacheControl: "no-store"],
                body: .init(byteBuffer: ByteBuffer(string: "ok\n")))
        }
        router.get("/metrics") { _, _ in
            Response(
                status: .ok,
                headers: [.contentType: PrometheusText.contentType, .cacheControl: "no-store"],
                body: .init(byteBuffer: ByteBuffer(string: await hub.metricsText())))
        }
        let origins = configuration.allowedOrigins
        router.get("\(HTTPAndWebSocketChannel.signalPath)") { request, _ in
            guard origins.allow(request.headers[values: .origin]) else {
                throw SignalingError(
                    .permissionDenied, detail: "Pages of this origin may not join here.")
            }
            var response = SignalingError(
                .invalidArgument, detail: "This address speaks WebSocket only."
            ).response(status: .upgradeRequired)
            response.headers[.upgrade] = "websocket"
            return response
        }
        for direction in [SessionDescriptionRoutes.Direction.whip, .whep] {
            SessionDescriptionRoutes(
                direction: direction, hub: hub, limits: configuration.limits
            ).add(to: router)
        }
        AdminRoutes(hub: hub).add(to: router)
        return router
    }

    /// Makes the client of a signalling WebSocket that has just been opened.
    private func open(_ channel: any Channel) throws -> SignalClient {
        let socket = try SignalSocket(channel: channel, limits: configuration.limits) {
            [metrics] in metrics.update { $0.slowReadersDropped += 1 }
        }
        let client = SignalClient(socket: socket, hub: hub, idle: idle)
        socket.listen(client, clock: clocks.clock(of: channel.eventLoop))
        return client
    }

    /// Serves one signalling WebSocket from its opening to its end.
    private func serve(_ client: SignalClient) async {
        metrics.update {
            $0.webSocketsOpened += 1
            $0.webSocketsOpen += 1
        }
        await client.run()
        metrics.update { $0.webSocketsOpen -= 1 }
    }
}
