// Stands before the C library's heap in whatever executable links it, and counts per thread.
// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE
#include "CAllocationCounter.h"

#include <dlfcn.h>
#include <errno.h>
#include <stddef.h>
#include <string.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) \
    || __has_feature(memory_sanitizer)
#define HEAP_BELONGS_TO_A_SANITIZER 1
#endif
#endif

// initial-exec: the storage exists with the thread, so reaching it never allocates.
static __thread allocation_count counters __attribute__((tls_model("initial-exec")));
static __thread int is_counting __attribute__((tls_model("initial-exec")));

void allocation_counter_start(void) {
    memset(&counters, 0, sizeof counters);
    is_counting = 1;
}

allocation_count allocation_counter_read(void) { return counters; }

allocation_count allocation_counter_stop(void) {
    is_counting = 0;
    return counters;
}

#ifdef HEAP_BELONGS_TO_A_SANITIZER

int allocation_counter_is_active(void) { return 0; }

#else

int allocation_counter_is_active(void) { return 1; }

static void count(size_t bytes) {
    if (is_counting) {
        counters.allocations++;
        counters.bytes += bytes;
    }
}

static void *(*next_malloc)(size_t);
static void *(*next_calloc)(size_t, size_t);
static void *(*next_realloc)(void *, size_t);
static int (*next_posix_memalign)(void **, size_t, size_t);
static void *(*next_aligned_alloc)(size_t, size_t);
static void *(*next_memalign)(size_t, size_t);
static void (*next_free)(void *);

// dlsym may itself allocate before it has told us where to: that little comes from here and is never given back.
static _Alignas(16) uint8_t early_bytes[16384];
static size_t early_used;
static __thread int is_resolving __attribute__((tls_model("initial-exec")));

static int is_early(const void *pointer) {
    return (const uint8_t *)pointer >= early_bytes
        && (const uint8_t *)pointer < early_bytes + sizeof early_bytes;
}

static void *allocate_early(size_t bytes) {
    size_t rounded = (bytes + 15) & ~(size_t)15;
    size_t start = __atomic_fetch_add(&early_used, rounded, __ATOMIC_RELAXED);
    if (bytes > sizeof early_bytes || start > sizeof early_bytes - rounded) return NULL;
    return early_bytes + start;
}

static void resolve(void) {
    is_resolving = 1;
    // Every thread finds the same addresses, so a race between two writes one value twice.
    next_calloc = (void *(*)(size_t, size_t))dlsym(RTLD_NEXT, "calloc");
    next_realloc = (void *(*)(void *, size_t))dlsym(RTLD_NEXT, "realloc");
    next_posix_memalign =
        (int (*)(void **, size_t, size_t))dlsym(RTLD_NEXT, "posix_memalign");
    next_aligned_alloc = (void *(*)(size_t, size_t))dlsym(RTLD_NEXT, "aligned_alloc");
    next_memalign = (void *(*)(size_t, size_t))dlsym(RTLD_NEXT, "memalign");
    next_free = (void (*)(void *))dlsym(RTLD_NEXT, "free");
    __atomic_store_n(
        &next_malloc, (void *(*)(size_t))dlsym(RTLD_NEXT, "malloc"), __ATOMIC_RELEASE);
    is_resolving = 0;
}

/// Whether the real heap may be called; resolves it the first time.
static int is_ready(void) {
    if (__atomic_load_n(&next_malloc, __ATOMIC_ACQUIRE)) return 1;
    if (is_resolving) return 0;
    resolve();
    return 1;
}

void *malloc(size_t bytes) {
    if (!is_ready()) return allocate_early(bytes);
    count(bytes);
    return next_malloc(bytes);
}

void *calloc(size_t number, size_t bytes) {
    if (!is_ready()) {
        size_t total;
        return __builtin_mul_overflow(number, bytes, &total) ? NULL : allocate_early(total);
    }
    count(number * bytes);
    return next_calloc(number, bytes);
}

void *realloc(void *pointer, size_t bytes) {
    if (!is_ready() || is_early(pointer)) {
        void *moved = malloc(bytes);
        if (moved && pointer) {
            // The old length is unknown; what lies behind it in the early bytes may be copied too.
            size_t readable = (size_t)(early_bytes + sizeof early_bytes - (uint8_t *)pointer);
            memcpy(moved, pointer, bytes < readable ? bytes : readable);
        }
        return moved;
    }
    count(bytes);
    return next_realloc(pointer, bytes);
}

int posix_memalign(void **pointer, size_t alignment, size_t bytes) {
    if (!is_ready()) return ENOMEM;
    count(bytes);
    return next_posix_memalign(pointer, alignment, bytes);
}

void *aligned_alloc(size_t alignment, size_t bytes) {
    if (!is_ready()) return NULL;
    count(bytes);
    return next_aligned_alloc(alignment, bytes);
}

void *memalign(size_t alignment, size_t bytes) {
    if (!is_ready()) return NULL;
    count(bytes);
    return next_memalign(alignment, bytes);
}

void free(void *pointer) {
    if (!pointer || is_early(pointer) || !is_ready()) return;
    if (is_counting) counters.frees++;
    next_free(pointer);
}

#endif
