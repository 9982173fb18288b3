// What Linux has for a child process that shares memory with its parent, as plain functions.
// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE
#include "CEngineProcess.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

// Above every place that a child finds its descriptors at, so that putting one there closes no other.
#define FIRST_FREE 16

int martlet_frames_make(size_t bytes) {
    int descriptor = memfd_create("martlet-frames", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (descriptor < 0) return -errno;
    if (ftruncate(descriptor, (off_t)bytes) != 0 ||
        fcntl(descriptor, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0) {
        int failure = -errno;
        close(descriptor);
        return failure;
    }
    return descriptor;
}

int64_t martlet_frames_size(int descriptor) {
    int seals = fcntl(descriptor, F_GET_SEALS);
    struct stat found;
    if (seals < 0 || !(seals & F_SEAL_SHRINK) || fstat(descriptor, &found) != 0) return -1;
    return found.st_size;
}

void *martlet_frames_map(int descriptor, size_t bytes, int is_written) {
    int protection = is_written ? PROT_READ | PROT_WRITE : PROT_READ;
    void *base = mmap(NULL, bytes, protection, MAP_SHARED, descriptor, 0);
    return base == MAP_FAILED ? NULL : base;
}

void martlet_frames_unmap(void *base, size_t bytes) { munmap(base, bytes); }

int martlet_engine_pair(int *ours, int *theirs) {
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) return -errno;
    *ours = ends[0];
    *theirs = ends[1];
    return 0;
}

int martlet_engine_duplicate(int descriptor) {
    int copy = fcntl(descriptor, F_DUPFD_CLOEXEC, FIRST_FREE);
    return copy < 0 ? -errno : copy;
}

void martlet_engine_close(int descriptor) { close(descriptor); }

int martlet_engine_may_run(const char *path) {
    struct stat found;
    return stat(path, &found) == 0 && S_ISREG(found.st_mode) && access(path, X_OK) == 0;
}

int64_t martlet_engine_own_path(char *path, size_t capacity) {
    return readlink("/proc/self/exe", path, capacity);
}

int32_t martlet_engine_own_id(void) { return getpid(); }

int martlet_engine_open_log(const char *folder, const char *path) {
    if (mkdir(folder, 0700) != 0 && errno != EEXIST) return -errno;
    int descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0600);
    return descriptor < 0 ? -errno : descriptor;
}

void martlet_engine_rename(const char *from, const char *to) { (void)!rename(from, to); }

int32_t martlet_engine_start(const char *path, int socket, int reads, int writes, int log) {
    int given[3] = {socket, reads, writes};
    int copies[4] = {-1, -1, -1, -1};
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t signals;
    pid_t process = -1;
    int failure = posix_spawn_file_actions_init(&actions);
    if (failure) return -failure;
    failure = posix_spawnattr_init(&attributes);
    if (failure) {
        posix_spawn_file_actions_destroy(&actions);
        return -failure;
    }
    for (int index = 0; index < 3 && !failure; index += 1) {
        copies[index] = fcntl(given[index], F_DUPFD_CLOEXEC, FIRST_FREE);
        if (copies[index] < 0) failure = errno;
    }
    if (!failure && log >= 0) {
        copies[3] = fcntl(log, F_DUPFD_CLOEXEC, FIRST_FREE);
        if (copies[3] < 0) failure = errno;
    }
    if (!failure) failure = posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    if (!failure && log >= 0) failure = posix_spawn_file_actions_adddup2(&actions, copies[3], 2);
    if (!failure) failure = posix_spawn_file_actions_adddup2(&actions, 2, 1);
    for (int index = 0; index < 3 && !failure; index += 1) {
        failure = posix_spawn_file_actions_adddup2(
            &actions, copies[index], MARTLET_ENGINE_SOCKET + index);
    }
#if defined(__GLIBC__) && __GLIBC_PREREQ(2, 34)
    // What else the application has open is none of the child's.
    if (!failure) {
        failure = posix_spawn_file_actions_addclosefrom_np(&actions, MARTLET_ENGINE_WRITES + 1);
    }
#endif
    if (!failure) {
        failure = posix_spawnattr_setflags(
            &attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
    }
    if (!failure) failure = posix_spawnattr_setpgroup(&attributes, 0);
    sigemptyset(&signals);
    if (!failure) failure = posix_spawnattr_setsigmask(&attributes, &signals);
    sigfillset(&signals);
    if (!failure) failure = posix_spawnattr_setsigdefault(&attributes, &signals);
    if (!failure) {
        char *arguments[] = {(char *)path, "engine", NULL};
        failure = posix_spawn(&process, path, &actions, &attributes, arguments, environ);
    }
    for (int index = 0; index < 4; index += 1) {
        if (copies[index] >= 0) close(copies[index]);
    }
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    return failure ? -failure : process;
}

int martlet_engine_poll(int32_t process, int *detail) {
    int status = 0;
    pid_t found;
    do {
        found = waitpid(process, &status, WNOHANG);
    } while (found < 0 && errno == EINTR);
    if (found == 0) return MARTLET_ENGINE_RUNS;
    if (found < 0) return MARTLET_ENGINE_UNKNOWN;
    if (WIFSIGNALED(status)) {
        *detail = WTERMSIG(status);
        return MARTLET_ENGINE_SIGNALLED;
    }
    *detail = WEXITSTATUS(status);
    return MARTLET_ENGINE_EXITED;
}

void martlet_engine_kill(int32_t process) {
    if (process > 0) kill(process, SIGKILL);
}

struct watch {
    int socket;
    int milliseconds;
};

static struct watch watched;

static void *watch(void *unused) {
    (void)unused;
    struct pollfd found = {.fd = watched.socket, .events = POLLRDHUP};
    // Asked for nothing else, poll tells only that the other side is gone, or that the descriptor is.
    while (poll(&found, 1, -1) < 0 && errno == EINTR) {
    }
    struct timespec pause = {
        .tv_sec = watched.milliseconds / 1000,
        .tv_nsec = (long)(watched.milliseconds % 1000) * 1000000,
    };
    nanosleep(&pause, NULL);
    _exit(0);
}

int martlet_engine_watch(int socket, int milliseconds) {
    int copy = fcntl(socket, F_DUPFD_CLOEXEC, FIRST_FREE);
    if (copy < 0) return -errno;
    watched.socket = copy;
    watched.milliseconds = milliseconds;
    pthread_t thread;
    int failure = pthread_create(&thread, NULL, watch, NULL);
    if (failure) {
        close(copy);
        return -failure;
    }
    pthread_detach(thread);
    return 0;
}

void martlet_engine_say(const char *text) {
    struct timespec now;
    struct tm parts;
    char date[32];
    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &parts);
    if (strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%S", &parts) == 0) date[0] = 0;
    dprintf(2, "%s.%03dZ %s\n", date, (int)(now.tv_nsec / 1000000), text);
}
