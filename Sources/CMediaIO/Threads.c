// The threads that media loops run on.
// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE
#include "CMediaIO.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

_Static_assert(sizeof(pthread_t) <= sizeof(uint64_t), "a thread's handle travels as 64 bits");

typedef struct thread_start {
    void (*body)(void *);
    void *context;
    char name[16];
} thread_start;

static void *run_thread(void *argument) {
    thread_start start = *(thread_start *)argument;
    free(argument);
    if (start.name[0]) (void)pthread_setname_np(pthread_self(), start.name);
    start.body(start.context);
    return NULL;
}

int mediaio_thread_start(
    uint64_t *thread, const char *name, int cpu, void (*body)(void *), void *context) {
    thread_start *start = calloc(1, sizeof *start);
    if (!start) return -ENOMEM;
    start->body = body;
    start->context = context;
    strncpy(start->name, name, sizeof start->name - 1);

    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    int reason = 0;
    if (cpu >= 0) {
        cpu_set_t set;
        CPU_ZERO(&set);
        if (cpu < CPU_SETSIZE) CPU_SET(cpu, &set);
        reason = pthread_attr_setaffinity_np(&attributes, sizeof set, &set);
    }
    if (reason == 0) {
        // The process's signals belong to its main thread; faults stay unblocked, so that they are reported.
        sigset_t blocked, previous;
        sigfillset(&blocked);
        const int faults[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP, SIGSYS, SIGPROF};
        for (unsigned index = 0; index < sizeof faults / sizeof *faults; index++)
            sigdelset(&blocked, faults[index]);
        pthread_sigmask(SIG_BLOCK, &blocked, &previous);
        pthread_t handle;
        reason = pthread_create(&handle, &attributes, run_thread, start);
        if (reason == 0) *thread = (uint64_t)handle;
        pthread_sigmask(SIG_SETMASK, &previous, NULL);
    }
    pthread_attr_destroy(&attributes);
    if (reason != 0) free(start);
    return -reason;
}

void mediaio_thread_join(uint64_t thread) { (void)pthread_join((pthread_t)thread, NULL); }

int mediaio_thread_is_current(uint64_t thread) {
    return pthread_equal((pthread_t)thread, pthread_self());
}
