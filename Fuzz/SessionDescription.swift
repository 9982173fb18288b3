// Feeds bytes from anybody to the parser of session descriptions and of trickle fragments.
// SPDX-License-Identifier: Apache-2.0
import SDP

/// Reads the bytes as a description and, if it is one, writes it and reads it back.
@c public func LLVMFuzzerTestOneInput(_ data: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    // libFuzzer owns `data` for the length of this call.
    let bytes = unsafe Array(UnsafeBufferPointer(start: data, count: count))
    if let description = try? SessionDescription.parse(bytes) {
        let text = description.serialized()
        // What was written is longer than what was read at most by lines left out before.
        if text.utf8.count <= SDPLimits.descriptionBytesMax {
            let again = try? SessionDescription.parse(text)
            precondition(again == description)
        }
    }
    if let fragment = try? TrickleFragment.parse(String(decoding: bytes, as: UTF8.self)) {
        _ = fragment.serialized()
    }
    return 0
}
