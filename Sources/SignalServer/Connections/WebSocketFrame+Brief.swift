// What a frame says, where that can be told without taking anything apart.
// SPDX-License-Identifier: Apache-2.0
import NIOCore
import NIOWebSocket
import Signaling

extension WebSocketFrame {
    /// The brief message that this frame, unmasked, is the whole of; `nil` for any other. Only between messages may a
    /// frame be one.
    var briefMessage: BriefMessage? {
        guard fin, opcode == .text, length <= BriefMessage.bytesMax, let maskKey,
            !rsv1, !rsv2, !rsv3
        else { return nil }
        var text = InlineArray<64, UInt8>(repeating: 0)
        var count = 0
        for byte in data.readableBytesView {
            // The frame is no longer than that, so this is within its bounds.
            text[count] = byte ^ maskKey[count & 3]
            count &+= 1
        }
        return BriefMessage(text.span.extracting(first: count))
    }
}
