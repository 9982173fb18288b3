// Bytes written as hexadecimal text in the vectors.
// SPDX-License-Identifier: Apache-2.0

/// The bytes of pairs of hexadecimal digits; spaces and line breaks are left out.
func hex(_ text: String) -> [UInt8] {
    let digits = text.filter { !$0.isWhitespace }
    var bytes: [UInt8] = []
    var rest = digits[...]
    while !rest.isEmpty {
        bytes.append(UInt8(rest.prefix(2), radix: 16)!)
        rest = rest.dropFirst(2)
    }
    return bytes
}

/// The bytes of a span as an array.
func array(_ span: Span<UInt8>) -> [UInt8] {
    span.indices.map { span[$0] }
}
