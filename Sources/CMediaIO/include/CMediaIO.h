// The Linux calls of the media loops, behind types that Swift can import without _GNU_SOURCE.
// SPDX-License-Identifier: Apache-2.0
//
// Nothing here allocates after mediaio_inbox_create. Functions that can fail return a negative errno.
#ifndef MARTLET_CMEDIAIO_H
#define MARTLET_CMEDIAIO_H

#include <stdint.h>

/// The layout of Wire's NetworkAddress: IPv4 in the low 32 bits of `low`, host order.
typedef struct mediaio_address {
    uint64_t high;
    uint64_t low;
    uint16_t port;
    uint8_t is_ipv6;
} mediaio_address;

// ---- Sockets

/// Opens a bound, non-blocking UDP socket; buffer sizes in bytes, 0 keeps the kernel's. Returns the descriptor.
int mediaio_udp_open(const mediaio_address *local, int receive_buffer_bytes, int send_buffer_bytes);
/// The address and port a socket is bound to.
int mediaio_local_address(int descriptor, mediaio_address *address);
/// Whether the kernel knows UDP_SEGMENT.
int mediaio_has_segmentation(int descriptor);
/// Datagrams the kernel dropped because this socket's receive buffer was full; 0 if unknown.
uint32_t mediaio_kernel_drops(int descriptor);
void mediaio_close(int descriptor);
/// Waits until the socket takes more; 1 if it does, 0 after the time.
int mediaio_wait_writable(int descriptor, int timeout_milliseconds);

// ---- Receiving

enum { MEDIAIO_BATCH = 64 };

/// What stands in one slot of an inbox.
typedef struct mediaio_datagram {
    mediaio_address remote;
    uint32_t count;
    /// Not 0 if the datagram was longer than a slot.
    uint8_t is_truncated;
} mediaio_datagram;

/// Slots for received datagrams with their prepared message headers.
typedef struct mediaio_inbox mediaio_inbox;
/// NULL without memory.
mediaio_inbox *mediaio_inbox_create(uint32_t slot_count, uint32_t slot_bytes);
void mediaio_inbox_destroy(mediaio_inbox *inbox);
/// Reads up to MEDIAIO_BATCH datagrams into the slots from `first_slot` on. Returns how many.
int mediaio_inbox_receive(mediaio_inbox *inbox, int descriptor, uint32_t first_slot);
/// The slots' descriptions and bytes; both stay where they are for the inbox's life.
const mediaio_datagram *mediaio_inbox_datagrams(const mediaio_inbox *inbox);
uint8_t *mediaio_inbox_bytes(mediaio_inbox *inbox);

// ---- Sending

/// One datagram, or one run of datagrams of `segment_bytes` each (the last may be shorter).
typedef struct mediaio_message {
    mediaio_address remote;
    uint64_t offset;
    uint32_t count;
    /// 0: one datagram.
    uint16_t segment_bytes;
} mediaio_message;

/// Sends up to MEDIAIO_BATCH messages whose bytes stand in `slab`. Returns how many the kernel took; a negative
/// errno if it refused the first.
int mediaio_send(
    int descriptor, const uint8_t *slab, const mediaio_message *messages, uint32_t count);

// ---- Waiting

/// Returns an epoll descriptor.
int mediaio_poller_open(void);
/// Reports `token` while `descriptor` is readable.
int mediaio_poller_add(int poller, int descriptor, uint32_t token);
/// Waits for readable descriptors; timeout in nanoseconds, negative: none. Writes at most MEDIAIO_BATCH tokens and
/// returns how many.
int mediaio_poller_wait(int poller, int64_t timeout_nanoseconds, uint32_t *tokens);
/// Returns an eventfd.
int mediaio_wake_open(void);
/// Makes an eventfd readable. May be called in a signal handler.
void mediaio_wake_signal(int descriptor);
/// Makes an eventfd unreadable again.
void mediaio_wake_clear(int descriptor);

// ---- Clocks, threads, addresses

/// CLOCK_MONOTONIC in nanoseconds.
int64_t mediaio_monotonic_nanoseconds(void);
/// CPU time of the calling thread in nanoseconds.
int64_t mediaio_thread_cpu_nanoseconds(void);

/// Starts a joinable thread with all asynchronous signals blocked. `name` is cut to 15 bytes; `cpu` -1: not pinned.
int mediaio_thread_start(
    uint64_t *thread, const char *name, int cpu, void (*body)(void *), void *context);
void mediaio_thread_join(uint64_t thread);
int mediaio_thread_is_current(uint64_t thread);

/// One address of one interface that is up.
typedef struct mediaio_interface_address {
    mediaio_address address;
    uint8_t is_loopback;
    uint8_t is_link_local;
} mediaio_interface_address;

/// Lists the addresses of this machine in the kernel's order. Returns how many were written.
int mediaio_interface_addresses(mediaio_interface_address *addresses, uint32_t capacity);


#include "CMediaIOStreams.h"

#endif
