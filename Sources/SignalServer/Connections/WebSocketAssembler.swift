// Puts the frames of one WebSocket together into messages and refuses what a client may not send.
// SPDX-License-Identifier: Apache-2.0
import NIOCore
import NIOWebSocket

/// A whole text message as it came: its frames still masked, since undoing that takes time where it is long.
struct WebSocketMessage: Sendable, Equatable {
    fileprivate var frames: [WebSocketFrame]
    /// Its size in bytes.
    fileprivate(set) var byteCount: Int

    /// The unmasked bytes, not yet checked to be UTF-8; O(bytes).
    var bytes: [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(byteCount)
        for frame in frames { bytes.append(contentsOf: frame.unmaskedData.readableBytesView) }
        return bytes
    }
}

/// The receiving half of RFC 6455 for text messages from a client: masking, fragments, control frames, caps.
struct WebSocketAssembler {
    /// What a frame asks of the connection.
    enum Step: Equatable {
        /// More frames are needed.
        case wait
        /// A whole text message.
        case message(WebSocketMessage)
        /// A ping to be answered with the same bytes (RFC 6455 §5.5.2).
        case pong(ByteBuffer)
        /// The client closes; answer with a close frame and end.
        case closed
        /// The client broke a rule; close with this code (RFC 6455 §7.4.1).
        case refuse(WebSocketErrorCode)
    }

    private let messageBytesMax: Int
    private let fragmentsMax: Int
    private var partial: WebSocketMessage?

    init(messageBytesMax: Int, fragmentsMax: Int) {
        self.messageBytesMax = messageBytesMax
        self.fragmentsMax = fragmentsMax
    }

    /// Whether the next frame of text begins a message.
    var isBetweenMessages: Bool { partial == nil }

    /// Takes the next frame, whose declared length the decoder has already capped.
    mutating func receive(_ frame: WebSocketFrame) -> Step {
        // RFC 6455 §5.1: a server closes the connection upon a frame that is not masked.
        guard frame.maskKey != nil, !frame.rsv1, !frame.rsv2, !frame.rsv3 else {
            return .refuse(.protocolError)
        }
        switch frame.opcode {
        case .ping: return .pong(frame.unmaskedData)
        case .pong: return .wait
        case .connectionClose: return .closed
        case .binary: return .refuse(.unacceptableData)
        case .text:
            guard partial == nil else { return .refuse(.protocolError) }
            return append(frame)
        case .continuation:
            guard partial != nil else { return .refuse(.protocolError) }
            return append(frame)
        default: return .refuse(.protocolError)
        }
    }

    private mutating func append(_ frame: WebSocketFrame) -> Step {
        var message = partial ?? WebSocketMessage(frames: [], byteCount: 0)
        partial = nil
        message.byteCount += frame.length
        message.frames.append(frame)
        guard message.frames.count <= fragmentsMax else { return .refuse(.policyViolation) }
        guard message.byteCount <= messageBytesMax else { return .refuse(.messageTooLarge) }
        guard frame.fin else {
            partial = message
            return .wait
        }
        return .message(message)
    }
}
