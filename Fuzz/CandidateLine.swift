// Feeds bytes from anybody to the parsers of candidates and of addresses as text.
// SPDX-License-Identifier: Apache-2.0
import SDP
import Wire

/// What is read comes back the same when it is written.
@c public func LLVMFuzzerTestOneInput(_ data: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    // libFuzzer owns `data` for the length of this call.
    let bytes = unsafe Array(UnsafeBufferPointer(start: data, count: count))
    let text = String(decoding: bytes, as: UTF8.self)
    if let address = NetworkAddress(hostBytes: bytes.span, port: 1) {
        precondition(NetworkAddress(host: address.hostText, port: 1) == address)
    }
    if let address = NetworkAddress(text) {
        precondition(NetworkAddress(address.description) == address)
    }
    // Descriptions are refused as a whole where they are not UTF-8.
    let valid = Array(text.utf8)
    if let line = CandidateLine(valid.span, 0..<valid.count),
        line.text.utf8.count <= CandidateLine.valueBytesMax
    {
        let again = Array(line.text.utf8)
        precondition(CandidateLine(again.span, 0..<again.count) == line)
    }
    return 0
}
