// The allocation counter counts, and only its own thread.
// SPDX-License-Identifier: Apache-2.0
import CAllocationCounter
import Glibc
import Testing

@Suite(.enabled(if: allocation_counter_is_active() != 0, "a sanitizer has its own heap"))
struct AllocationCounterTests {
    @Test func oneDeliberateAllocationIsCounted() {
        allocation_counter_start()
        let memory = unsafe malloc(1234)
        let one = allocation_counter_read()
        unsafe free(memory)
        let all = allocation_counter_stop()
        #expect(one.allocations == 1)
        #expect(one.bytes == 1234)
        #expect(one.frees == 0)
        #expect(all.frees == 1)
    }

    @Test func everyDoorToTheHeapIsWatched() {
        allocation_counter_start()
        var aligned: UnsafeMutableRawPointer?
        let result = unsafe posix_memalign(&aligned, 64, 100)
        let cleared = unsafe realloc(calloc(3, 5), 50)
        let array = [UInt8](repeating: 1, count: Int(result) + 999)
        let counted = allocation_counter_stop()
        unsafe free(aligned)
        unsafe free(cleared)
        #expect(array.count == 999)
        #expect(counted.allocations == 4)
        #expect(counted.bytes >= 100 + 15 + 50 + 999)
    }

    @Test func nothingIsCountedAfterStop() {
        allocation_counter_start()
        let before = allocation_counter_stop()
        let memory = unsafe malloc(10)
        unsafe free(memory)
        #expect(allocation_counter_read().allocations == before.allocations)
    }
}
