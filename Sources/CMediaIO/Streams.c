// TCP connections that carry datagrams in frames.
// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE
#include "CMediaIOStreams.h"
#include "Addresses.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/uio.h>
#include <unistd.h>

int mediaio_tcp_listen(const mediaio_address *local) {
    int family = local->is_ipv6 ? AF_INET6 : AF_INET;
    int descriptor = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (descriptor < 0) return -errno;
    int on = 1;
    // A server started anew must not wait for the last connections of the one before.
    (void)setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (local->is_ipv6) (void)setsockopt(descriptor, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
    struct sockaddr_in6 storage;
    socklen_t size = mediaio_to_sockaddr(local, &storage);
    if (bind(descriptor, (struct sockaddr *)&storage, size) != 0 || listen(descriptor, 512) != 0) {
        int reason = errno;
        close(descriptor);
        return -reason;
    }
    return descriptor;
}

int mediaio_tcp_accept(int listener, mediaio_address *remote) {
    struct sockaddr_in6 storage;
    socklen_t size = sizeof storage;
    memset(&storage, 0, sizeof storage);
    int descriptor =
        accept4(listener, (struct sockaddr *)&storage, &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (descriptor < 0) return -errno;
    int on = 1;
    (void)setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    mediaio_from_sockaddr(&storage, remote);
    return descriptor;
}

int mediaio_tcp_connect(const mediaio_address *remote) {
    int family = remote->is_ipv6 ? AF_INET6 : AF_INET;
    int descriptor = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (descriptor < 0) return -errno;
    struct sockaddr_in6 storage;
    socklen_t size = mediaio_to_sockaddr(remote, &storage);
    if (connect(descriptor, (struct sockaddr *)&storage, size) != 0) {
        int reason = errno;
        close(descriptor);
        return -reason;
    }
    return descriptor;
}

int mediaio_tcp_receive(int descriptor, uint8_t *bytes, uint32_t capacity) {
    ssize_t count = recv(descriptor, bytes, capacity, 0);
    return count < 0 ? -errno : (int)count;
}

int mediaio_tcp_send(
    int descriptor, const uint8_t *head, uint32_t head_count, const uint8_t *body,
    uint32_t body_count) {
    struct iovec parts[2] = {
        {.iov_base = (void *)head, .iov_len = head_count},
        {.iov_base = (void *)body, .iov_len = body_count}};
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = 2};
    ssize_t count = sendmsg(descriptor, &message, MSG_NOSIGNAL);
    return count < 0 ? -errno : (int)count;
}

int mediaio_poller_change(int poller, int descriptor, uint32_t token, int wants_write) {
    struct epoll_event event = {
        .events = EPOLLIN | (wants_write ? EPOLLOUT : 0), .data.u64 = token};
    return epoll_ctl(poller, EPOLL_CTL_MOD, descriptor, &event) == 0 ? 0 : -errno;
}
