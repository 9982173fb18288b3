// Puts the frames of one WebSocket together into messages and refuses what a client may not send.
// SPDX-License-Identifier: Apache-2.0
import NIOCore
import NIOWebSocket

/// The receiving half of RFC 6455 for text messages from a client: masking, fragments, control frames, caps.
struct WebSocketAssembler {
    /// What a frame asks of the connection.
    enum Step: Equatable {
        /// More frames are needed.
        case wait
        /// A whole text message, not yet checked to be UTF-8.
        case message(ByteBuffer)
        /// A ping to be answered with the same bytes (RFC 6455 §5.5.2).
        case pong(ByteBuffer)
        /// The client closes; answer with a close frame and end.
        case closed
        /// The client broke a rule; close with this code (RFC 6455 §7.4.1).
        case refuse(WebSocketErrorCode)
    }

    private let messageBytesMax: Int
    private let fragmentsMax: Int
    private var partial: ByteBuffer?
    private var fragmentCount = 0

    init(messageBytesMax: Int, fragmentsMax: Int) {
        self.messageBytesMax = messageBytesMax
        self.fragmentsMax = fragmentsMax
    }

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
            return append(frame.unmaskedData, isLast: frame.fin)
        case .continuation:
            guard partial != nil else { return .refuse(.protocolError) }
            return append(frame.unmaskedData, isLast: frame.fin)
        default: return .refuse(.protocolError)
        }
    }

    private mutating func append(_ data: ByteBuffer, isLast: Bool) -> Step {
        fragmentCount += 1
        guard fragmentCount <= fragmentsMax else { return .refuse(.policyViolation) }
        var whole = partial ?? ByteBuffer()
        partial = nil
        guard whole.readableBytes + data.readableBytes <= messageBytesMax else {
            return .refuse(.messageTooLarge)
        }
        if whole.readableBytes == 0 {
            whole = data
        } else {
            whole.writeImmutableBuffer(data)
        }
        guard isLast else {
            partial = whole
            return .wait
        }
        fragmentCount = 0
        return .message(whole)
    }
}
