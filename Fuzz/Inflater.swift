// libFuzzer entry: deflated offers.
// SPDX-License-Identifier: Apache-2.0
import Signaling

/// Inflates the input under the cap that descriptions have.
@c public func LLVMFuzzerTestOneInput(_ data: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    let bytes = unsafe [UInt8](UnsafeBufferPointer(start: data, count: count))
    if let text = try? Inflater.inflate(bytes, bytesMax: 256 * 1024) {
        precondition(text.count <= 256 * 1024)
    }
    return 0
}
