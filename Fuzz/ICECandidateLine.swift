// Fuzzing entry of the candidate parser: what is read comes back the same when it is written.
// SPDX-License-Identifier: Apache-2.0

import ICE
import Wire

/// Feeds one input to the parsers of candidate lines and of addresses as text.
@c public func LLVMFuzzerTestOneInput(_ data: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    let buffer = unsafe UnsafeBufferPointer(start: data, count: count)
    // The fuzzer keeps the bytes alive during this call.
    let bytes = unsafe Span(_unsafeElements: buffer)
    if let address = NetworkAddress(hostBytes: bytes, port: 1) {
        precondition(NetworkAddress(host: address.hostText, port: 1) == address)
    }
    _ = NetworkAddress(unsafe String(decoding: buffer, as: UTF8.self))
    _ = try? ICECandidate(parsing: unsafe String(decoding: buffer, as: UTF8.self))
    if let candidate = try? ICECandidate(bytes: bytes) {
        precondition((try? ICECandidate(parsing: candidate.line)) == candidate)
    }
    return 0
}
