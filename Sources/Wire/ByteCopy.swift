// Copying bytes between spans in one pass.
// SPDX-License-Identifier: Apache-2.0

extension MutableSpan<UInt8> {
    /// Copies all of `source` to `offset`.
    ///
    /// - Returns: `false`, with nothing written, if it does not fit.
    @inlinable
    package mutating func copy(_ source: Span<UInt8>, to offset: Int) -> Bool {
        guard offset >= 0, offset <= count, source.count <= count - offset else { return false }
        if source.isEmpty { return true }
        // Both pointers are used only inside the closures, and the range was checked above.
        unsafe source.withUnsafeBufferPointer { from in
            unsafe self.withUnsafeMutableBufferPointer { to in
                guard let start = from.baseAddress, let target = to.baseAddress else { return }
                unsafe (target + offset).update(from: start, count: from.count)
            }
        }
        return true
    }
}
