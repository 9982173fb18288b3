// Memory that an application and its engine share: one writes, the other reads.
// SPDX-License-Identifier: Apache-2.0
import CEngineProcess

/// A mapped piece of anonymous memory, unmapped with the object.
///
/// Its size is sealed: whoever else has it cannot take pages away from under a reader, which would end the process (SIGBUS).
@safe
final class SharedMemory: @unchecked Sendable {
    // The mapping is made in `init`, unmapped in `deinit`, and every access below is checked against its size, so the class is safe.
    // `base` and `count` never change. Who writes and reads which bytes at what time is the rings' affair; bytes that change while
    // they are copied are the other side's own loss, since nothing is decided by them before they were copied.

    /// Its size in bytes.
    let count: Int
    private let base: UnsafeMutableRawPointer

    /// Maps what a descriptor stands for.
    /// - Throws: A ``MartletError`` 6011 unless it is sealed memory of a size that is possible.
    init(descriptor: Int32, isWritten: Bool) throws(MartletError) {
        let size = martlet_frames_size(descriptor)
        guard 1...(1 << 30) ~= size else {
            throw MartletError(.engineFailed, "The memory for frames is none.")
        }
        count = Int(size)
        guard let mapped = unsafe martlet_frames_map(descriptor, Int(size), isWritten ? 1 : 0)
        else { throw MartletError(.engineFailed, "There is no memory for frames.") }
        unsafe base = mapped
    }

    deinit { unsafe martlet_frames_unmap(base, count) }

    /// Lends bytes for reading; `nil` where they are not all within. What the other side writes meanwhile may show.
    func read<Result>(
        at offset: Int, count: Int, _ body: (LentBytes) -> Result
    ) -> Result? {
        guard contains(offset, count) else { return nil }
        // Within the mapping, as just checked; it lives as long as `self`.
        return unsafe body(LentBytes(UnsafeRawBufferPointer(start: base + offset, count: count)))
    }

    /// Lends bytes for writing, which memory that was mapped for reading alone must not be asked for; `nil` where they are not all
    /// within.
    func write<Result>(
        at offset: Int, count: Int, _ body: (UnsafeMutableRawBufferPointer) -> Result
    ) -> Result? {
        guard contains(offset, count) else { return nil }
        return unsafe body(UnsafeMutableRawBufferPointer(start: base + offset, count: count))
    }

    private func contains(_ offset: Int, _ count: Int) -> Bool {
        offset >= 0 && count >= 0 && offset <= self.count && count <= self.count - offset
    }
}

/// Bytes that are lent for the length of one call, on one thread; nobody keeps them.
@safe  // Made where the bytes are known to be there, and used only to copy them.
struct LentBytes: @unchecked Sendable {
    // Sendable for calls that go on to an actor on the same thread, and return before the bytes are taken back.
    let pointer: UnsafeRawBufferPointer

    init(_ pointer: UnsafeRawBufferPointer) { unsafe self.pointer = pointer }

    var count: Int { unsafe pointer.count }

    /// A copy.
    var array: [UInt8] { unsafe [UInt8](pointer) }
}
