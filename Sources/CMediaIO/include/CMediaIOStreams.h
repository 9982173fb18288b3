// TCP connections that carry datagrams in frames.
// SPDX-License-Identifier: Apache-2.0
//
// Functions that can fail return a negative errno. Nothing here allocates.
#ifndef MARTLET_CMEDIAIO_STREAMS_H
#define MARTLET_CMEDIAIO_STREAMS_H

#include "CMediaIO.h"

/// Opens a non-blocking listener. Returns the descriptor.
int mediaio_tcp_listen(const mediaio_address *local);
/// Takes the next connection, non-blocking and without Nagle's delay. Returns its descriptor.
int mediaio_tcp_accept(int listener, mediaio_address *remote);
/// Opens a blocking connection from an address of this machine, for tests. Returns its descriptor.
int mediaio_tcp_connect(const mediaio_address *remote);
/// Reads what is there, at most `capacity`; 0: the other side has closed.
int mediaio_tcp_receive(int descriptor, uint8_t *bytes, uint32_t capacity);
/// Writes `head` and then `body` as far as there is room; returns how many bytes of the two together.
int mediaio_tcp_send(
    int descriptor, const uint8_t *head, uint32_t head_count, const uint8_t *body,
    uint32_t body_count);

/// Reports `token` while `descriptor` is readable, or with `wants_write` while it is writable as well.
int mediaio_poller_change(int poller, int descriptor, uint32_t token, int wants_write);

#endif
