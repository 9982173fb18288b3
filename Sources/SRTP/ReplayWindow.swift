// Remembers which of the last packets of a stream were taken (RFC 3711 §3.3.2).
// SPDX-License-Identifier: Apache-2.0

/// A window of 1,024 indices below the highest one taken. A fixed-size value: it never allocates.
struct ReplayWindow {
    /// How far back an index may lie, itself included.
    static let indexCount: UInt64 = 1024

    /// The highest index taken; `nil` before the first.
    private(set) var highest: UInt64?
    /// One bit for each index of the window, at the index modulo 1,024.
    private var taken: InlineArray<16, UInt64>

    /// A window that has taken nothing.
    init() {
        highest = nil
        taken = InlineArray(repeating: 0)
    }

    /// A window that has taken `highest` and counts everything below it as taken too.
    init(everythingUpTo highest: UInt64) {
        self.highest = highest
        taken = InlineArray(repeating: .max)
    }

    /// Whether `index` is new; changes nothing, since the packet is not authenticated yet.
    /// - Throws: `.replayed` or `.tooOld`.
    func check(_ index: UInt64) throws(SRTPError) {
        guard let highest, index <= highest else { return }
        guard highest - index < Self.indexCount else { throw .tooOld }
        let (word, bit) = Self.place(of: index)
        guard taken[word] & bit == 0 else { throw .replayed }
    }

    /// Takes an index that `check` found new, after its packet was authenticated.
    mutating func take(_ index: UInt64) {
        if let highest, index <= highest {
            mark(index)
            return
        }
        if let highest, index - highest < Self.indexCount {
            var skipped = highest + 1
            while skipped < index {
                let (word, bit) = Self.place(of: skipped)
                taken[word] &= ~bit
                skipped += 1
            }
        } else {
            taken = InlineArray(repeating: 0)
        }
        highest = index
        mark(index)
    }

    private mutating func mark(_ index: UInt64) {
        let (word, bit) = Self.place(of: index)
        taken[word] |= bit
    }

    private static func place(of index: UInt64) -> (word: Int, bit: UInt64) {
        (Int(truncatingIfNeeded: index >> 6) & 15, 1 << (index & 63))
    }
}
