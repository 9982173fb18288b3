// Counts the heap allocations of a thread, for tests and benchmarks.
// SPDX-License-Identifier: Apache-2.0
#ifndef MARTLET_CALLOCATIONCOUNTER_H
#define MARTLET_CALLOCATIONCOUNTER_H

#include <stdint.h>

/// What one thread asked of the heap between start and stop.
typedef struct allocation_count {
    /// Calls of malloc, calloc, realloc and the aligned forms.
    uint64_t allocations;
    /// Bytes asked for by those calls.
    uint64_t bytes;
    /// Calls of free with something to free.
    uint64_t frees;
} allocation_count;

/// Whether this process counts; 0 under a sanitizer, which has a heap of its own.
int allocation_counter_is_active(void);
/// Sets the calling thread's counters to zero and lets them count.
void allocation_counter_start(void);
/// The calling thread's counters since start; goes on counting.
allocation_count allocation_counter_read(void);
/// Ends counting on the calling thread and gives the counters.
allocation_count allocation_counter_stop(void);

#endif
