// Bytes written as hexadecimal text in the vectors.
// SPDX-License-Identifier: Apache-2.0

/// The bytes of pairs of hexadecimal digits; spaces and line breaks are left out.
func hex(_ text: String) -> [UInt8] {
    let digits = text.filter { !$0.isWhitespace }
    var bytes: [UInt8] = []
    var rest = digits[...]
    while !rest.isEmpty {
        guard let byte = UInt8(rest.prefix(2), radix: 16) else { fatalError("not hexadecimal") }
        bytes.append(byte)
        rest = rest.dropFirst(2)
    }
    return bytes
}

/// The bytes of an inline array as an array.
func array<let count: Int>(_ bytes: InlineArray<count, UInt8>) -> [UInt8] {
    bytes.indices.map { bytes[$0] }
}

/// The first bytes of an array as an inline array, for IVs and counters.
func inline<let count: Int>(_ bytes: [UInt8]) -> InlineArray<count, UInt8> {
    InlineArray { bytes[$0] }
}
