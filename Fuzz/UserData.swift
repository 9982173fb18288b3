// Fuzzes the reading of user data from H.264 access units, and writes what was read again.
// SPDX-License-Identifier: Apache-2.0

import Payloads
import Wire

/// libFuzzer's entry: reads one input as an access unit, puts what is found before its slice, and reads that.
@c public func LLVMFuzzerTestOneInput(_ data: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    let input = unsafe Array(UnsafeBufferPointer(start: data, count: count))
    let found = H264UserData.messages(in: input.span, uuid: nil)
    precondition(found.count <= H264UserData.messagesMax)
    precondition(found.allSatisfy { $0.bytes.count <= H264UserData.bytesMax })
    var receiver = MetadataReceiver()
    let messages = receiver.receive(input.span)
    precondition(messages.count <= found.count)
    let repetitions = receiver.receive(input.span)
    precondition(repetitions.isEmpty)
    // The input itself is a message too.
    let payload = Array(input.prefix(H264UserData.bytesMax))
    let slice: [UInt8] = [0, 0, 0, 1, 0x65, 0x88]
    let given = found.prefix(4) + [H264UserData(uuid: .metadata, bytes: payload)]
    guard let written = H264UserData.inserting(Array(given), into: slice.span) else {
        preconditionFailure("what was read cannot be written")
    }
    precondition(H264UserData.messages(in: written.span, uuid: nil) == Array(given))
    if let joined = H264UserData.inserting(Array(given), into: input.span) {
        precondition(joined.count > input.count)
    }
    return 0
}
