// What the kernel alone takes: the datagrams that a forwarder of evenly spread packets sends, and nothing else.
// SPDX-License-Identifier: Apache-2.0
//
//   floor ADDRESS RECEIVERS SECONDS
//
// One process sends, another receives, as a server and its load do: 150 packets of pictures and 50 of sound a second,
// each to every receiver in one sendmmsg() the moment it is due. There is no media, no cipher and no forwarding, so no
// server that sends a datagram for each packet can take less. Prints CPU time of the sending thread for each datagram
// that arrived, in microseconds.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { RECEIVERS_MAX = 64, TICKS = 200, PICTURE_BYTES = 1255, SOUND_BYTES = 160, BATCH = 32 };

static volatile sig_atomic_t is_over;
static void end(int signal) { (void)signal, is_over = 1; }

static void check(int result, const char *what) {
    if (result >= 0) return;
    perror(what);
    exit(1);
}

static int opened(struct sockaddr_in *address) {
    int descriptor = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    check(descriptor, "socket");
    int size = 4 << 20;
    setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
    setsockopt(descriptor, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
    check(bind(descriptor, (struct sockaddr *)address, sizeof *address), "bind");
    socklen_t length = sizeof *address;
    check(getsockname(descriptor, (struct sockaddr *)address, &length), "getsockname");
    return descriptor;
}

/// Reads whatever comes until it is told to end; writes how many datagrams there were to `result`.
static void receive(const int *sockets, int count, int result) {
    static uint8_t bytes[BATCH][2048];
    struct iovec parts[BATCH];
    struct mmsghdr messages[BATCH];
    memset(messages, 0, sizeof messages);
    for (int i = 0; i < BATCH; i++) {
        parts[i] = (struct iovec){bytes[i], sizeof bytes[i]};
        messages[i].msg_hdr.msg_iov = &parts[i], messages[i].msg_hdr.msg_iovlen = 1;
    }
    int poller = epoll_create1(0);
    check(poller, "epoll_create1");
    for (int i = 0; i < count; i++) {
        struct epoll_event event = {.events = EPOLLIN, .data.fd = sockets[i]};
        check(epoll_ctl(poller, EPOLL_CTL_ADD, sockets[i], &event), "epoll_ctl");
    }
    uint64_t received = 0;
    while (!is_over) {
        struct epoll_event ready[RECEIVERS_MAX];
        int found = epoll_wait(poller, ready, RECEIVERS_MAX, 100);
        for (int i = 0; i < found; i++) {
            int taken = recvmmsg(ready[i].data.fd, messages, BATCH, 0, NULL);
            if (taken > 0) received += taken;
        }
    }
    check(write(result, &received, sizeof received), "write");
    _exit(0);
}

int main(int count, char **arguments) {
    struct sockaddr_in own = {.sin_family = AF_INET}, receivers[RECEIVERS_MAX];
    int wanted = count > 2 ? atoi(arguments[2]) : 0, seconds = count > 3 ? atoi(arguments[3]) : 0;
    if (count != 4 || inet_pton(AF_INET, arguments[1], &own.sin_addr) != 1 || wanted < 1 || wanted > RECEIVERS_MAX
        || seconds < 1 || seconds > 600) {
        fprintf(stderr, "usage: floor ADDRESS RECEIVERS SECONDS (up to %d receivers and 600 s)\n", RECEIVERS_MAX);
        return 2;
    }
    int sockets[RECEIVERS_MAX], result[2];
    for (int i = 0; i < wanted; i++) receivers[i] = own, sockets[i] = opened(&receivers[i]);
    check(pipe(result), "pipe");
    pid_t load = fork();
    check(load, "fork");
    if (load == 0) {
        signal(SIGTERM, end);
        receive(sockets, wanted, result[1]);
    }
    for (int i = 0; i < wanted; i++) close(sockets[i]);

    static uint8_t payload[PICTURE_BYTES];
    struct iovec part = {payload, 0};
    struct mmsghdr messages[RECEIVERS_MAX];
    memset(messages, 0, sizeof messages);
    for (int i = 0; i < wanted; i++) {
        messages[i].msg_hdr = (struct msghdr){
            .msg_name = &receivers[i], .msg_namelen = sizeof receivers[i], .msg_iov = &part, .msg_iovlen = 1};
    }
    int sender = opened(&own);
    struct timespec due;
    clock_gettime(CLOCK_MONOTONIC, &due);
    for (int tick = 0; tick < TICKS * seconds; tick++) {
        part.iov_len = tick % 4 ? PICTURE_BYTES : SOUND_BYTES;
        for (int sent = 0; sent < wanted;) {
            int taken = sendmmsg(sender, messages + sent, wanted - sent, 0);
            if (taken < 0 && errno != EAGAIN && errno != EINTR) check(taken, "sendmmsg");
            if (taken > 0) sent += taken;
        }
        due.tv_nsec += 1000000000 / TICKS;
        if (due.tv_nsec >= 1000000000) due.tv_nsec -= 1000000000, due.tv_sec++;
        clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &due, NULL);
    }
    struct rusage used;
    getrusage(RUSAGE_SELF, &used);
    usleep(200000);
    kill(load, SIGTERM);
    uint64_t received = 0;
    check(read(result[0], &received, sizeof received), "read");
    waitpid(load, NULL, 0);
    double micros = (used.ru_utime.tv_sec + used.ru_stime.tv_sec) * 1e6 + used.ru_utime.tv_usec + used.ru_stime.tv_usec;
    printf("%.3f us for each of %llu datagrams, %lld lost\n", micros / (received ? received : 1),
        (unsigned long long)received, (long long)TICKS * seconds * wanted - (long long)received);
    return 0;
}
