// RTCP that is to leave at the end of the turn.
// SPDX-License-Identifier: Apache-2.0
import BasicContainers
import Wire

/// Plain RTCP packets by receiver, in a fixed block of bytes.
struct ControlQueue: ~Copyable {
    /// Room for all RTCP of one turn; what does not fit is dropped (RTCP repeats itself).
    static let capacity = 256 * 1_024

    /// One packet.
    struct Entry {
        var peer: Int
        var start: Int
        var count: Int
    }

    var bytes = UniqueArray<UInt8>(repeating: 0, count: Self.capacity)
    private(set) var used = 0
    private(set) var entries: [Entry] = []

    /// Appends a packet for a peer, written by `write` into at most `room` bytes.
    /// - Returns: Whether it fitted; `write` returning `false` appends nothing.
    @discardableResult
    mutating func append(
        to peer: Int, room: Int, _ write: (inout OutputSpan<UInt8>) -> Bool
    ) -> Bool {
        guard used + room <= Self.capacity else { return false }
        var count = 0
        let start = used
        var span = bytes.mutableSpan
        unsafe span.withUnsafeMutableBufferPointer { buffer in
            // The range start..<start+room was checked just above; the span does not leave this
            // closure.
            let part = unsafe UnsafeMutableBufferPointer(rebasing: buffer[start..<start + room])
            var output = unsafe OutputSpan(buffer: part, initializedCount: 0)
            if write(&output) { count = output.count }
            _ = unsafe output.finalize(for: part)
        }
        guard count > 0 else { return false }
        entries.append(Entry(peer: peer, start: start, count: count))
        used += count
        return true
    }

    /// Forgets everything.
    mutating func removeAll() {
        entries.removeAll(keepingCapacity: true)
        used = 0
    }
}
