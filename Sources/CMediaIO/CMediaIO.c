// Sockets, batches of datagrams, epoll and clocks over Linux.
// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE
#include "CMediaIO.h"
#include "Addresses.h"

#include <errno.h>
#include <linux/sock_diag.h>
#include <net/if.h>
#include <ifaddrs.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif
#ifndef SO_MEMINFO
#define SO_MEMINFO 55
#endif

/// Room for one UDP_SEGMENT control message.
typedef union segment_control {
    struct cmsghdr alignment;
    uint8_t bytes[CMSG_SPACE(sizeof(uint16_t))];
} segment_control;

static uint64_t load_big_endian(const uint8_t *bytes) {
    uint64_t value = 0;
    for (int index = 0; index < 8; index++) value = value << 8 | bytes[index];
    return value;
}

static void store_big_endian(uint64_t value, uint8_t *bytes) {
    for (int index = 7; index >= 0; index--, value >>= 8) bytes[index] = (uint8_t)value;
}

socklen_t mediaio_to_sockaddr(const mediaio_address *address, struct sockaddr_in6 *storage) {
    if (!address->is_ipv6) {
        struct sockaddr_in *ipv4 = (struct sockaddr_in *)storage;
        memset(ipv4, 0, sizeof *ipv4);
        ipv4->sin_family = AF_INET;
        ipv4->sin_port = htons(address->port);
        ipv4->sin_addr.s_addr = htonl((uint32_t)address->low);
        return sizeof *ipv4;
    }
    memset(storage, 0, sizeof *storage);
    storage->sin6_family = AF_INET6;
    storage->sin6_port = htons(address->port);
    store_big_endian(address->high, storage->sin6_addr.s6_addr);
    store_big_endian(address->low, storage->sin6_addr.s6_addr + 8);
    return sizeof *storage;
}

void mediaio_from_sockaddr(const struct sockaddr_in6 *storage, mediaio_address *address) {
    memset(address, 0, sizeof *address);
    if (storage->sin6_family == AF_INET) {
        const struct sockaddr_in *ipv4 = (const struct sockaddr_in *)storage;
        address->low = ntohl(ipv4->sin_addr.s_addr);
        address->port = ntohs(ipv4->sin_port);
    } else if (storage->sin6_family == AF_INET6) {
        address->high = load_big_endian(storage->sin6_addr.s6_addr);
        address->low = load_big_endian(storage->sin6_addr.s6_addr + 8);
        address->port = ntohs(storage->sin6_port);
        address->is_ipv6 = 1;
    }
}

// ---- Sockets

static void set_buffer(int descriptor, int forced, int ordinary, int bytes) {
    // The forced form passes net.core.?mem_max but needs CAP_NET_ADMIN; the ordinary one takes what it may.
    if (bytes > 0 && setsockopt(descriptor, SOL_SOCKET, forced, &bytes, sizeof bytes) != 0)
        (void)setsockopt(descriptor, SOL_SOCKET, ordinary, &bytes, sizeof bytes);
}

int mediaio_udp_open(
    const mediaio_address *local, int receive_buffer_bytes, int send_buffer_bytes) {
    int family = local->is_ipv6 ? AF_INET6 : AF_INET;
    int descriptor = socket(family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (descriptor < 0) return -errno;
    if (local->is_ipv6) {
        int on = 1;
        (void)setsockopt(descriptor, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
    }
    set_buffer(descriptor, SO_RCVBUFFORCE, SO_RCVBUF, receive_buffer_bytes);
    set_buffer(descriptor, SO_SNDBUFFORCE, SO_SNDBUF, send_buffer_bytes);
    struct sockaddr_in6 storage;
    socklen_t size = mediaio_to_sockaddr(local, &storage);
    if (bind(descriptor, (struct sockaddr *)&storage, size) != 0) {
        int reason = errno;
        close(descriptor);
        return -reason;
    }
    return descriptor;
}

int mediaio_local_address(int descriptor, mediaio_address *address) {
    struct sockaddr_in6 storage;
    socklen_t size = sizeof storage;
    memset(&storage, 0, sizeof storage);
    if (getsockname(descriptor, (struct sockaddr *)&storage, &size) != 0) return -errno;
    mediaio_from_sockaddr(&storage, address);
    return 0;
}

int mediaio_has_segmentation(int descriptor) {
    int segment = 0;
    socklen_t size = sizeof segment;
    return getsockopt(descriptor, SOL_UDP, UDP_SEGMENT, &segment, &size) == 0;
}

uint32_t mediaio_kernel_drops(int descriptor) {
    uint32_t memory[SK_MEMINFO_VARS];
    socklen_t size = sizeof memory;
    memset(memory, 0, sizeof memory);
    if (getsockopt(descriptor, SOL_SOCKET, SO_MEMINFO, memory, &size) != 0) return 0;
    return memory[SK_MEMINFO_DROPS];
}

void mediaio_close(int descriptor) { close(descriptor); }

int mediaio_wait_writable(int descriptor, int timeout_milliseconds) {
    struct pollfd entry = {.fd = descriptor, .events = POLLOUT};
    return poll(&entry, 1, timeout_milliseconds) == 1 && (entry.revents & POLLOUT) != 0;
}

// ---- Receiving

struct mediaio_inbox {
    uint32_t slot_count;
    uint32_t slot_bytes;
    uint8_t *bytes;
    mediaio_datagram *datagrams;
    struct mmsghdr *headers;
    struct iovec *vectors;
    struct sockaddr_in6 *sources;
};

void mediaio_inbox_destroy(mediaio_inbox *inbox) {
    if (!inbox) return;
    free(inbox->bytes);
    free(inbox->datagrams);
    free(inbox->headers);
    free(inbox->vectors);
    free(inbox->sources);
    free(inbox);
}

mediaio_inbox *mediaio_inbox_create(uint32_t slot_count, uint32_t slot_bytes) {
    mediaio_inbox *inbox = calloc(1, sizeof *inbox);
    if (!inbox) return NULL;
    inbox->slot_count = slot_count;
    inbox->slot_bytes = slot_bytes;
    inbox->bytes = calloc(slot_count, slot_bytes);
    inbox->datagrams = calloc(slot_count, sizeof *inbox->datagrams);
    inbox->headers = calloc(slot_count, sizeof *inbox->headers);
    inbox->vectors = calloc(slot_count, sizeof *inbox->vectors);
    inbox->sources = calloc(slot_count, sizeof *inbox->sources);
    if (!inbox->bytes || !inbox->datagrams || !inbox->headers || !inbox->vectors
        || !inbox->sources) {
        mediaio_inbox_destroy(inbox);
        return NULL;
    }
    for (uint32_t slot = 0; slot < slot_count; slot++) {
        inbox->vectors[slot].iov_base = inbox->bytes + (size_t)slot * slot_bytes;
        inbox->vectors[slot].iov_len = slot_bytes;
        inbox->headers[slot].msg_hdr.msg_iov = &inbox->vectors[slot];
        inbox->headers[slot].msg_hdr.msg_iovlen = 1;
        inbox->headers[slot].msg_hdr.msg_name = &inbox->sources[slot];
    }
    return inbox;
}

int mediaio_inbox_receive(mediaio_inbox *inbox, int descriptor, uint32_t first_slot) {
    if (first_slot >= inbox->slot_count) return 0;
    uint32_t room = inbox->slot_count - first_slot;
    if (room > MEDIAIO_BATCH) room = MEDIAIO_BATCH;
    struct mmsghdr *headers = inbox->headers + first_slot;
    for (uint32_t index = 0; index < room; index++)
        headers[index].msg_hdr.msg_namelen = sizeof(struct sockaddr_in6);
    int received = recvmmsg(descriptor, headers, room, MSG_DONTWAIT, NULL);
    if (received < 0) return -errno;
    for (int index = 0; index < received; index++) {
        mediaio_datagram *datagram = &inbox->datagrams[first_slot + (uint32_t)index];
        mediaio_from_sockaddr(&inbox->sources[first_slot + (uint32_t)index], &datagram->remote);
        datagram->count = headers[index].msg_len;
        datagram->is_truncated = (headers[index].msg_hdr.msg_flags & MSG_TRUNC) != 0;
    }
    return received;
}

const mediaio_datagram *mediaio_inbox_datagrams(const mediaio_inbox *inbox) {
    return inbox->datagrams;
}

uint8_t *mediaio_inbox_bytes(mediaio_inbox *inbox) { return inbox->bytes; }

// ---- Sending

int mediaio_send(
    int descriptor, const uint8_t *slab, const mediaio_message *messages, uint32_t count) {
    struct mmsghdr headers[MEDIAIO_BATCH];
    struct iovec vectors[MEDIAIO_BATCH];
    struct sockaddr_in6 destinations[MEDIAIO_BATCH];
    segment_control controls[MEDIAIO_BATCH];
    if (count > MEDIAIO_BATCH) count = MEDIAIO_BATCH;
    for (uint32_t index = 0; index < count; index++) {
        const mediaio_message *message = &messages[index];
        struct msghdr *header = &headers[index].msg_hdr;
        vectors[index].iov_base = (void *)(slab + message->offset);
        vectors[index].iov_len = message->count;
        header->msg_name = &destinations[index];
        header->msg_namelen = mediaio_to_sockaddr(&message->remote, &destinations[index]);
        header->msg_iov = &vectors[index];
        header->msg_iovlen = 1;
        header->msg_control = NULL;
        header->msg_controllen = 0;
        header->msg_flags = 0;
        headers[index].msg_len = 0;
        if (message->segment_bytes != 0) {
            memset(&controls[index], 0, sizeof controls[index]);
            header->msg_control = &controls[index];
            header->msg_controllen = sizeof controls[index].bytes;
            struct cmsghdr *control = CMSG_FIRSTHDR(header);
            control->cmsg_level = SOL_UDP;
            control->cmsg_type = UDP_SEGMENT;
            control->cmsg_len = CMSG_LEN(sizeof(uint16_t));
            memcpy(CMSG_DATA(control), &message->segment_bytes, sizeof(uint16_t));
        }
    }
    int sent = sendmmsg(descriptor, headers, count, MSG_DONTWAIT | MSG_NOSIGNAL);
    return sent < 0 ? -errno : sent;
}

// ---- Waiting

int mediaio_poller_open(void) {
    int poller = epoll_create1(EPOLL_CLOEXEC);
    return poller < 0 ? -errno : poller;
}

int mediaio_poller_add(int poller, int descriptor, uint32_t token) {
    struct epoll_event event = {.events = EPOLLIN, .data.u64 = token};
    return epoll_ctl(poller, EPOLL_CTL_ADD, descriptor, &event) == 0 ? 0 : -errno;
}

static int wait_milliseconds(
    int poller, struct epoll_event *events, int64_t timeout_nanoseconds) {
    int64_t milliseconds = -1;
    if (timeout_nanoseconds >= 0) {
        // Rounded up: waking early would only turn the loop once for nothing.
        milliseconds = timeout_nanoseconds / 1000000 + (timeout_nanoseconds % 1000000 != 0);
        if (milliseconds > 60000) milliseconds = 60000;
    }
    return epoll_wait(poller, events, MEDIAIO_BATCH, (int)milliseconds);
}

int mediaio_poller_wait(int poller, int64_t timeout_nanoseconds, uint32_t *tokens) {
    struct epoll_event events[MEDIAIO_BATCH];
    int ready;
#if defined(__GLIBC__) && __GLIBC_PREREQ(2, 35)
    struct timespec timeout = {
        .tv_sec = timeout_nanoseconds / 1000000000, .tv_nsec = timeout_nanoseconds % 1000000000};
    ready = epoll_pwait2(
        poller, events, MEDIAIO_BATCH, timeout_nanoseconds < 0 ? NULL : &timeout, NULL);
    // Kernels before 5.11, and sandboxes that do not know the call.
    if (ready < 0 && (errno == ENOSYS || errno == EPERM))
        ready = wait_milliseconds(poller, events, timeout_nanoseconds);
#else
    ready = wait_milliseconds(poller, events, timeout_nanoseconds);
#endif
    if (ready < 0) return -errno;
    for (int index = 0; index < ready; index++) tokens[index] = (uint32_t)events[index].data.u64;
    return ready;
}

int mediaio_wake_open(void) {
    int descriptor = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    return descriptor < 0 ? -errno : descriptor;
}

void mediaio_wake_signal(int descriptor) {
    int saved = errno;
    uint64_t one = 1;
    // It fails only when the counter is full, and then the descriptor is readable already.
    ssize_t written = write(descriptor, &one, sizeof one);
    (void)written;
    errno = saved;
}

void mediaio_wake_clear(int descriptor) {
    uint64_t count;
    ssize_t taken = read(descriptor, &count, sizeof count);
    (void)taken;
}

// ---- Clocks, addresses

static int64_t nanoseconds_of(clockid_t clock) {
    struct timespec time = {0};
    clock_gettime(clock, &time);
    return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

int64_t mediaio_monotonic_nanoseconds(void) { return nanoseconds_of(CLOCK_MONOTONIC); }

int64_t mediaio_thread_cpu_nanoseconds(void) { return nanoseconds_of(CLOCK_THREAD_CPUTIME_ID); }

static int is_link_local(const mediaio_address *address) {
    return address->is_ipv6 ? address->high >> 54 == 0xFE80 >> 6
                            : address->low >> 16 == 0xA9FE;
}

int mediaio_interface_addresses(mediaio_interface_address *addresses, uint32_t capacity) {
    struct ifaddrs *list = NULL;
    if (getifaddrs(&list) != 0) return -errno;
    uint32_t count = 0;
    for (struct ifaddrs *entry = list; entry && count < capacity; entry = entry->ifa_next) {
        if (!entry->ifa_addr || !(entry->ifa_flags & IFF_UP)) continue;
        int family = entry->ifa_addr->sa_family;
        if (family != AF_INET && family != AF_INET6) continue;
        struct sockaddr_in6 storage;
        memset(&storage, 0, sizeof storage);
        memcpy(
            &storage, entry->ifa_addr,
            family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6));
        mediaio_interface_address *found = &addresses[count++];
        mediaio_from_sockaddr(&storage, &found->address);
        found->address.port = 0;
        found->is_loopback = (entry->ifa_flags & IFF_LOOPBACK) != 0;
        found->is_link_local = (uint8_t)is_link_local(&found->address);
    }
    freeifaddrs(list);
    return (int)count;
}
