// Random numbers for secrets.
// SPDX-License-Identifier: Apache-2.0
import CMediaCrypto

/// OpenSSL's generator for secrets, seeded by the operating system. Any thread may use any copy.
package struct SecureRandom: RandomNumberGenerator, Sendable {
    /// Makes a generator; all share the library's state.
    package init() {}

    /// The next 64 bits. Ends the process if the operating system gives no entropy: there is no
    /// safe way on.
    package mutating func next() -> UInt64 {
        var bytes = InlineArray<8, UInt8>(repeating: 0)
        var output = bytes.mutableSpan
        fill(&output)
        var number: UInt64 = 0
        for index in bytes.indices { number = number << 8 | UInt64(bytes[index]) }
        return number
    }

    /// Fills `output` with random bytes, under the same condition as `next()`.
    package mutating func fill(_ output: inout MutableSpan<UInt8>) {
        let filled = unsafe output.withUnsafeMutableBufferPointer { output in
            unsafe martlet_random(output.baseAddress, output.count)
        }
        precondition(filled == 1, "the operating system gives no entropy")
    }
}
