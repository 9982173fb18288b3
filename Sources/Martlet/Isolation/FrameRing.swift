// Frames in shared memory: where the next one goes, and what a reader believes of where one is said to be.
// SPDX-License-Identifier: Apache-2.0

/// The places of frames in a memory of fixed size, told by positions that count from 0 and never go back; a frame never wraps round
/// the memory's end. This is the writer's half. A value without memory: it is asked and told.
struct FrameRingWriter: Sendable {
    /// The size of the memory in bytes.
    let capacity: Int
    /// Behind the last frame.
    private(set) var head: UInt64 = 0
    /// Everything before it can be written over.
    private(set) var released: UInt64 = 0

    /// How much may be under way: memory that was never touched costs nothing.
    private let waitingMax: UInt64

    /// - Parameters:
    ///   - capacity: The size of the memory, at least 1: the largest frame.
    ///   - waitingMax: How many bytes may be under way; one frame always may.
    init(capacity: Int, waitingMax: Int = .max) {
        self.capacity = max(1, capacity)
        self.waitingMax = UInt64(clamping: waitingMax)
    }

    /// Takes the place of a frame.
    /// - Returns: Its position; `nil`: there is no room until something was released.
    mutating func reserve(_ count: Int) -> UInt64? {
        guard 0...capacity ~= count else { return nil }
        let size = UInt64(capacity)
        var start = head
        if head == released {
            // Nothing is under way: the memory that was written last is the warmest.
            start = Self.next(head, multipleOf: size)
            released = start
        } else if head - released + UInt64(count) > waitingMax {
            return nil
        } else if head % size + UInt64(count) > size {
            start = Self.next(head, multipleOf: size)
        }
        guard start + UInt64(count) - released <= size else { return nil }
        head = start + UInt64(count)
        return start
    }

    /// Learns that the reader is done with everything before a position.
    /// - Returns: Whether that can be.
    mutating func release(_ position: UInt64) -> Bool {
        // What was reserved after an empty ring may have moved `released` past what the reader says now.
        guard position <= head else { return false }
        released = max(released, position)
        return true
    }

    private static func next(_ position: UInt64, multipleOf size: UInt64) -> UInt64 {
        (position + size - 1) / size * size
    }
}

/// The reader's half: it trusts nothing that it is told.
struct FrameRingReader: Sendable {
    /// The size of the memory in bytes.
    let capacity: Int
    /// Behind the last frame that was read.
    private(set) var position: UInt64 = 0

    /// - Parameter capacity: At least 1.
    init(capacity: Int) { self.capacity = max(1, capacity) }

    /// Where in the memory a frame lies that is said to be at a position.
    /// - Returns: Its offset; `nil`: there can be none.
    mutating func take(_ start: UInt64, _ count: Int) -> Int? {
        let size = UInt64(capacity)
        // A writer skips less than the memory at a time; 2^62 bytes are more than anybody writes.
        guard 0...capacity ~= count, start < 1 << 62, start >= position,
            start - position <= 2 * size
        else { return nil }
        let offset = start % size
        guard offset + UInt64(count) <= size else { return nil }
        position = start + UInt64(count)
        return Int(offset)
    }
}
