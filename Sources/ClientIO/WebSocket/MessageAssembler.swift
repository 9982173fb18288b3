// Puts the frames of a server together into messages and refuses what a server may not send.
// SPDX-License-Identifier: Apache-2.0
import NIOCore
import NIOWebSocket

/// The receiving half of RFC 6455 for text messages from a server: fragments, control frames, caps.
struct MessageAssembler {
    /// What a frame asks of the connection.
    enum Step: Equatable {
        /// More frames are needed, or nothing.
        case wait
        /// A whole text message; not yet checked to be UTF-8.
        case message(ByteBuffer)
        /// A ping to be answered with the same bytes (RFC 6455 §5.5.2).
        case pong(ByteBuffer)
        /// The server closes; its code (1005: none) and its words.
        case closed(code: Int, reason: String)
        /// The server broke a rule: close with this code.
        case refuse(WebSocketErrorCode, WebSocketError)
    }

    private let messageBytesMax: Int
    private let fragmentsMax: Int
    private var partial: (text: ByteBuffer, frameCount: Int)?

    init(messageBytesMax: Int, fragmentsMax: Int) {
        self.messageBytesMax = messageBytesMax
        self.fragmentsMax = fragmentsMax
    }

    /// Takes the next frame, whose declared length the decoder has capped.
    mutating func receive(_ frame: WebSocketFrame) -> Step {
        // RFC 6455 §5.1: a client closes the connection upon a masked frame.
        guard frame.maskKey == nil else { return Self.broken("a server's frames are not masked") }
        guard !frame.rsv1, !frame.rsv2, !frame.rsv3 else {
            return Self.broken("a reserved bit is set")
        }
        switch frame.opcode {
        case .ping: return .pong(frame.data)
        case .pong: return .wait
        case .connectionClose: return Self.closed(frame.data)
        case .binary:
            return .refuse(
                .unacceptableData, .protocolViolation("the server sends text and no bytes"))
        case .text:
            guard partial == nil else { return Self.broken("a message within a message") }
            return append(frame)
        case .continuation:
            guard partial != nil else { return Self.broken("the end of no message") }
            return append(frame)
        default: return Self.broken("an unknown kind of frame")
        }
    }

    private mutating func append(_ frame: WebSocketFrame) -> Step {
        var data = frame.data
        var message = partial ?? (ByteBuffer(), 0)
        partial = nil
        message.frameCount += 1
        if message.frameCount == 1 {
            message.text = data
        } else {
            guard message.text.readableBytes + data.readableBytes <= messageBytesMax else {
                return .refuse(.messageTooLarge, .messageTooLarge(limit: messageBytesMax))
            }
            message.text.writeBuffer(&data)
        }
        if frame.fin { return .message(message.text) }
        guard message.frameCount < fragmentsMax else {
            return .refuse(.policyViolation, .protocolViolation("a message in too many pieces"))
        }
        partial = message
        return .wait
    }

    private static func broken(_ what: String) -> Step {
        .refuse(.protocolError, .protocolViolation(what))
    }

    private static func closed(_ payload: ByteBuffer) -> Step {
        var payload = payload
        guard let code = payload.readInteger(as: UInt16.self) else {
            return .closed(code: 1005, reason: "")
        }
        // Control frames have at most 125 bytes, which the decoder has checked.
        let reason = String(decoding: payload.readableBytesView, as: UTF8.self)
        return .closed(
            code: Int(code), reason: reason.filter { !$0.unicodeScalars.contains { $0.value < 32 } }
        )
    }
}
