// One member who only signals: joins, answers pings, and notes what it is told.
// SPDX-License-Identifier: Apache-2.0
import NIOCore
import Signaling

/// A WebSocket client in one channel handler; parses no more than it needs.
final class SwarmClient: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private static let upgrade =
        "GET /v1/signal HTTP/1.1\r\nHost: benchmark\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        + "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    private static let ping = Array("{\"type\":\"ping\"}".utf8)
    private static let pong = frame(Array("{\"type\":\"pong\"}".utf8))
    private static let leave = frame(Array("{\"id\":2,\"type\":\"leave\"}".utf8))
    private static let joined = Array("\"type\":\"joined\"}".utf8)
    private static let participantJoined = Array("\"type\":\"participantJoined\"}".utf8)
    private static let error = Array("\"type\":\"error\"}".utf8)

    private let board: SwarmBoard
    private let join: [UInt8]
    private let leavesAtOnce: Bool
    private var received = ByteBuffer()
    private var isUpgraded = false
    private var hasJoined = false
    private var isLeaving = false
    /// How far it came, for who asks why it ended.
    private var lastWord = "nothing"

    /// - Parameter leavesAtOnce: Whether it leaves as soon as it has joined.
    init(board: SwarmBoard, room: String, name: String, leavesAtOnce: Bool) {
        self.board = board
        self.leavesAtOnce = leavesAtOnce
        join = Self.frame(
            Array(
                ("{\"type\":\"join\",\"id\":1,\"room\":\"\(room)\",\"participant\":\"\(name)\","
                    + "\"offer\":{\"sdp\":\"v=0\\r\\no=- 1 1 IN IP4 0.0.0.0\\r\\ns=-\\r\\nt=0 0\\r\\n\"}}")
                    .utf8))
    }

    /// A text frame under the mask 0, which changes nothing (RFC 6455 §5.3).
    private static func frame(_ text: [UInt8]) -> [UInt8] {
        var frame: [UInt8] = [0x81]
        if text.count < 126 {
            frame.append(0x80 | UInt8(text.count))
        } else {
            frame += [0x80 | 126, UInt8(text.count >> 8), UInt8(text.count & 255)]
        }
        return frame + [0, 0, 0, 0] + text
    }

    func channelActive(context: ChannelHandlerContext) {
        context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: Self.upgrade)), promise: nil)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var chunk = unwrapInboundIn(data)
        received.writeBuffer(&chunk)
        if !isUpgraded { takeUpgrade(context) }
        guard isUpgraded else { return }
        while let text = nextFrame() { take(text, context) }
        if received.readableBytes == 0 {
            // Idle clients hold no memory.
            received = ByteBuffer()
        } else {
            received.discardReadBytes()
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        let isExpected = isLeaving
        let lastWord = lastWord
        board.update { counts in
            counts.left += 1
            if !isExpected {
                counts.failed += 1
                counts.problem = counts.problem ?? "a connection was closed after \(lastWord)"
            }
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }

    /// Says goodbye; the server closes then.
    func sayGoodbye(on channel: any Channel) {
        isLeaving = true
        channel.writeAndFlush(ByteBuffer(bytes: Self.leave), promise: nil)
    }

    private func takeUpgrade(_ context: ChannelHandlerContext) {
        let view = received.readableBytesView
        guard
            let end = view.indices.dropLast(3).first(where: {
                view[$0] == 13 && view[$0 + 1] == 10 && view[$0 + 2] == 13 && view[$0 + 3] == 10
            })
        else { return }
        let head = String(decoding: view[view.startIndex..<end], as: UTF8.self)
        received.moveReaderIndex(forwardBy: end - view.startIndex + 4)
        guard head.hasPrefix("HTTP/1.1 101") else {
            board.update { $0.problem = $0.problem ?? "no upgrade: \(head.prefix(40))" }
            context.close(promise: nil)
            return
        }
        isUpgraded = true
        lastWord = "the upgrade"
        context.writeAndFlush(wrapOutboundOut(ByteBuffer(bytes: join)), promise: nil)
    }

    /// The text of the next whole frame; control frames are empty.
    private func nextFrame() -> ByteBufferView? {
        let view = received.readableBytesView
        guard view.count >= 2 else { return nil }
        let first = view.startIndex
        var count = Int(view[first + 1] & 0x7F)
        var head = 2
        if count == 126 {
            guard view.count >= 4 else { return nil }
            count = Int(view[first + 2]) << 8 | Int(view[first + 3])
            head = 4
        } else if count == 127 {
            guard view.count >= 10 else { return nil }
            count = (2..<10).reduce(0) { $0 << 8 | Int(view[first + $1]) }
            head = 10
        }
        guard view.count >= head + count else { return nil }
        received.moveReaderIndex(forwardBy: head + count)
        if view[first] & 0x0F == 8 {
            let reason = String(
                decoding: view[(first + head)..<(first + head + count)].dropFirst(2),
                as: UTF8.self)
            lastWord = "a close frame (\(reason))"
        }
        let isText = view[first] & 0x0F == 1
        return isText
            ? view[(first + head)..<(first + head + count)] : view[first..<first]
    }

    private func take(_ text: ByteBufferView, _ context: ChannelHandlerContext) {
        if text.elementsEqual(Self.ping) {
            context.writeAndFlush(wrapOutboundOut(ByteBuffer(bytes: Self.pong)), promise: nil)
        } else if text.suffix(Self.participantJoined.count).elementsEqual(Self.participantJoined) {
            board.update { if $0.isWatching { $0.told.append(SwarmBoard.now()) } }
        } else if !hasJoined, text.suffix(Self.joined.count).elementsEqual(Self.joined) {
            hasJoined = true
            lastWord = "it had joined"
            board.update { counts in
                counts.joined += 1
                counts.joinedAt = SwarmBoard.now()
            }
            if leavesAtOnce { sayGoodbye(on: context.channel) }
        } else if text.suffix(Self.error.count).elementsEqual(Self.error) {
            let words = String(decoding: text.prefix(200), as: UTF8.self)
            board.update { counts in
                counts.failed += 1
                counts.problem = counts.problem ?? words
            }
        }
    }
}
