// Fuzzing entry of trickle fragments: what a PATCH of WHIP and WHEP carries.
// SPDX-License-Identifier: Apache-2.0

import SDP

/// Feeds one input to the parser of fragments; what parses must serialise to something that parses again.
@c public func LLVMFuzzerTestOneInput(_ data: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    let buffer = unsafe UnsafeBufferPointer(start: data, count: count)
    let text = unsafe String(decoding: buffer, as: UTF8.self)
    guard let fragment = try? TrickleFragment.parse(text) else { return 0 }
    precondition((try? TrickleFragment.parse(fragment.serialized())) != nil, "no way back")
    return 0
}
