// A client that is brought to some point of a connection's life, and then does nothing or goes, politely or not.
// SPDX-License-Identifier: Apache-2.0
import Glibc
import NIOCore
import NIOPosix
import Signaling
import Synchronization
import Wire

/// It reads nothing but what it has to, so that much waits for it.
struct Bystander: Sendable {
    /// How far its connection comes.
    enum Stage: Int, CaseIterable, Sendable {
        case silent, halfHead, answered, halfBody, unread, upgrading, upgraded, joining, joined
        case flooding
    }

    /// What it does then.
    enum Departure: Int, CaseIterable, Sendable { case stays, closes, aborts, halfCloses }

    let stage: Stage
    let departure: Departure
    let number: Int

    /// One of all kinds.
    init(number: Int, using random: inout SeededRandom) {
        self.number = number
        stage = Stage.allCases.randomElement(using: &random) ?? .silent
        departure = Departure.allCases.randomElement(using: &random) ?? .stays
    }

    init(_ stage: Stage, _ departure: Departure = .stays, number: Int = 0) {
        self.stage = stage
        self.departure = departure
        self.number = number
    }

    /// Connects, comes to its stage and goes.
    /// - Parameter pauses: How often it lets others go first before it goes.
    /// - Returns: The connection; `nil` if there is none.
    func live(on port: Int, pauses: Int = 0) async -> (any Channel)? {
        let received = ReceivedBytes()
        let channel = try? await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelOption(.autoRead, value: bytesAwaited > 0)
            .channelOption(.socketOption(.so_rcvbuf), value: 4096)
            .channelInitializer { $0.pipeline.addHandler(received) }
            .connect(host: "127.0.0.1", port: port).get()
        guard let channel else { return nil }
        for text in opening { channel.writeAndFlush(ByteBuffer(bytes: text), promise: nil) }
        while received.count < bytesAwaited, channel.isActive {
            try? await Task.sleep(for: .milliseconds(1))
        }
        for _ in 0..<pauses { await Task.yield() }
        switch departure {
        case .stays: break
        case .closes: channel.close(promise: nil)
        case .aborts:
            if let options = channel as? any SocketOptionProvider {
                try? await options.setSoLinger(linger(l_onoff: 1, l_linger: 0)).get()
            }
            channel.close(promise: nil)
        case .halfCloses: channel.close(mode: .output, promise: nil)
        }
        return channel
    }

    /// What it waits for from the server before it goes on.
    private var bytesAwaited: Int {
        switch stage {
        case .answered, .upgraded: 1
        // More than the head of an answer.
        case .joined: 500
        default: 0
        }
    }

    /// What it sends.
    private var opening: [[UInt8]] {
        switch stage {
        case .silent: []
        case .halfHead: [Array("GET /healthz HTTP/1.1\r\nHo".utf8)]
        case .answered: [Array("GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n".utf8)]
        case .halfBody:
            [
                Array(
                    "POST /whip/demo HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\nv=0".utf8)
            ]
        case .unread:
            [[UInt8]](
                repeating: Array("GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n".utf8), count: 200)
        case .upgrading, .upgraded: [upgrade]
        case .joining, .joined: [upgrade, join]
        case .flooding: [upgrade, join] + [[UInt8]](repeating: ping, count: 150)
        }
    }

    private var upgrade: [UInt8] {
        let lines = [
            "GET /v1/signal HTTP/1.1", "Host: a", "Connection: Upgrade", "Upgrade: websocket",
            "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "", "",
        ]
        return Array(lines.joined(separator: "\r\n").utf8)
    }

    private var join: [UInt8] {
        let request = try? JoinRequest(
            room: RoomName("demo"), participant: ParticipantID("p\(number)"),
            offer: .plain(TestOffer.sdk()))
        guard let id = RequestID(1), let request else { return [] }
        return Self.frame(ClientMessage.join(id, request).encoded())
    }

    private var ping: [UInt8] { Self.frame(ServerMessage.ping.encoded()) }

    /// A text frame, masked with zeros.
    private static func frame(_ payload: [UInt8]) -> [UInt8] {
        let count = payload.count
        let length: [UInt8] =
            count < 126
            ? [0x80 | UInt8(count)]
            : [0x80 | 126, UInt8(count >> 8), UInt8(truncatingIfNeeded: count)]
        return [0x81] + length + [0, 0, 0, 0] + payload
    }
}

/// Counts what comes in.
private final class ReceivedBytes: ChannelInboundHandler, Sendable {
    typealias InboundIn = ByteBuffer

    private let total = Atomic(0)

    var count: Int { total.load(ordering: .relaxed) }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        total.add(unwrapInboundIn(data).readableBytes, ordering: .relaxed)
    }
}
