// Random ids in letters and digits that are not taken for one another.
// SPDX-License-Identifier: Apache-2.0

/// Random text of 32 characters to choose from, so that each carries exactly five bits.
enum RandomText {
    private static let alphabet = Array("23456789abcdefghijkmnpqrstuvwxyz".utf8)

    /// `count` random characters: five bits each.
    static func make(count: Int, using generator: inout some RandomNumberGenerator) -> String {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(count)
        for _ in 0..<count {
            let index = Int(truncatingIfNeeded: generator.next() & 31)
            bytes.append(alphabet[index])
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
