// libFuzzer entry: whatever comes over the signalling WebSocket.
// SPDX-License-Identifier: Apache-2.0
import Signaling

/// Decodes the input as a client's message; what is accepted must survive a round trip, and what is
/// told by its bytes alone is the same message.
@c public func LLVMFuzzerTestOneInput(_ data: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    let bytes = unsafe [UInt8](UnsafeBufferPointer(start: data, count: count))
    if let message = try? ClientMessage.decode(bytes) {
        precondition((try? ClientMessage.decode(message.encoded())) == message)
    }
    if let brief = BriefMessage(bytes.span) {
        precondition((try? ClientMessage.decode(bytes)) == brief.message)
    }
    _ = try? ServerMessage.decode(bytes)
    return 0
}
