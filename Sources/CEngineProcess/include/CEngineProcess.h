// What Linux has for a child process that shares memory with its parent, as plain functions.
// SPDX-License-Identifier: Apache-2.0
#ifndef MARTLET_ENGINE_PROCESS_H
#define MARTLET_ENGINE_PROCESS_H

#include <stddef.h>
#include <stdint.h>

/// The descriptors that an engine finds open: its socket, the memory it reads, the memory it writes.
#define MARTLET_ENGINE_SOCKET 3
#define MARTLET_ENGINE_READS 4
#define MARTLET_ENGINE_WRITES 5

/// Makes anonymous memory of a size that can never change (memfd_create(2), F_SEAL_SHRINK and F_SEAL_GROW).
/// Returns a descriptor that is closed on exec, or a negative errno.
int martlet_frames_make(size_t bytes);

/// The size of such memory in bytes; -1: it is none, or it could become shorter under a reader.
int64_t martlet_frames_size(int descriptor);

/// Maps it. Returns NULL where that fails.
void *martlet_frames_map(int descriptor, size_t bytes, int is_written);

/// Unmaps it.
void martlet_frames_unmap(void *base, size_t bytes);

/// Two ends of a stream that are closed on exec. Returns 0 or a negative errno.
int martlet_engine_pair(int *ours, int *theirs);

/// A copy of a descriptor that is closed on exec. Returns it or a negative errno.
int martlet_engine_duplicate(int descriptor);

/// Closes a descriptor.
void martlet_engine_close(int descriptor);

/// Whether a path names a file that may be executed.
int martlet_engine_may_run(const char *path);

/// The path of the running program, without a zero byte. Returns its length, at most `capacity`, or -1.
int64_t martlet_engine_own_path(char *path, size_t capacity);

/// The process of the caller.
int32_t martlet_engine_own_id(void);

/// Makes a file for a log that only its owner reads, and its folder if that is missing.
/// Returns a descriptor that is closed on exec, or a negative errno.
int martlet_engine_open_log(const char *folder, const char *path);

/// Renames a file; a log that keeps its first name is no failure.
void martlet_engine_rename(const char *from, const char *to);

/// Starts `path engine` with the descriptors in their places, /dev/null as its input, `log` as its output (-1: our stderr), in a
/// process group of its own (a Ctrl-C in a terminal is for the application alone) and with no signal blocked or ignored.
/// Returns the process, or a negative errno.
int32_t martlet_engine_start(const char *path, int socket, int reads, int writes, int log);

/// What has become of a child.
enum martlet_engine_ending {
    MARTLET_ENGINE_RUNS = 0,
    /// It ended by itself; `detail` is its status.
    MARTLET_ENGINE_EXITED = 1,
    /// A signal ended it; `detail` is which.
    MARTLET_ENGINE_SIGNALLED = 2,
    /// It is gone, and somebody else was told how.
    MARTLET_ENGINE_UNKNOWN = 3,
};

/// Asks, without waiting; once it has ended, its number means nothing any more.
int martlet_engine_poll(int32_t process, int *detail);

/// Ends a child at once. Only before `martlet_engine_poll` has told its end: numbers are used again.
void martlet_engine_kill(int32_t process);

/// The CPU time of a child so far and the most memory it had resident. Returns 0, or a negative errno where there is no such process.
int martlet_engine_figures(int32_t process, int64_t *cpu_microseconds, int64_t *resident_bytes);

/// Watches a socket in a thread of its own, and ends the process so many milliseconds after the other side is gone, whatever the
/// rest of the process is caught in. Returns 0 or a negative errno.
int martlet_engine_watch(int socket, int milliseconds);

/// Writes a line with the time to stderr.
void martlet_engine_say(const char *text);

#endif
