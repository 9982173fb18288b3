// What a child process takes of the machine, out of /proc.
// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "CEngineProcess.h"

// Reads a small file of /proc; the text ends with a zero byte.
static int read_text(int32_t process, const char *name, char *text, size_t capacity) {
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/%s", (int)process, name);
    int descriptor = open(path, O_RDONLY | O_CLOEXEC);
    if (descriptor < 0) return -errno;
    ssize_t count = read(descriptor, text, capacity - 1);
    int failure = count < 0 ? -errno : 0;
    close(descriptor);
    if (count >= 0) text[count] = 0;
    return failure;
}

int martlet_engine_figures(int32_t process, int64_t *cpu_microseconds, int64_t *resident_bytes) {
    char text[4096];
    int failure = read_text(process, "stat", text, sizeof text);
    if (failure) return failure;
    // The name in parentheses may hold anything; behind it the 14th and 15th fields of all are user and system time.
    const char *rest = strrchr(text, ')');
    unsigned long long user = 0, system = 0;
    if (!rest || sscanf(rest + 1, " %*c %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %llu %llu", &user, &system) != 2)
        return -EINVAL;
    long ticks = sysconf(_SC_CLK_TCK);
    *cpu_microseconds = (int64_t)(user + system) * 1000000 / (ticks > 0 ? ticks : 100);
    failure = read_text(process, "status", text, sizeof text);
    if (failure) return failure;
    const char *most = strstr(text, "VmHWM:");
    *resident_bytes = most ? strtoll(most + 6, NULL, 10) * 1024 : 0;
    return 0;
}
