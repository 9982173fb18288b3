// Fuzzing entry of the STUN parser: any bytes are read or refused, never a trap.
// SPDX-License-Identifier: Apache-2.0

import STUN
import Wire

/// Feeds one input to everything that reads a STUN message from the network.
@c public func LLVMFuzzerTestOneInput(_ data: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    let buffer = unsafe UnsafeBufferPointer(start: data, count: count)
    // The fuzzer keeps the bytes alive during this call.
    let bytes = unsafe Span(_unsafeElements: buffer)
    _ = STUNMessage.isSTUN(bytes)
    _ = STUNMessage.localUsernameFragment(in: bytes)
    guard let message = try? STUNMessage.parse(bytes) else { return 0 }
    _ = message.username(in: bytes)
    _ = message.unknownAttributes
    _ = message.verifyIntegrity(in: bytes, key: bytes.extracting(0..<min(bytes.count, 64)))
    return 0
}
