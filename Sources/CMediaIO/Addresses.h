// Addresses between this library's form and the kernel's, for its own files.
// SPDX-License-Identifier: Apache-2.0
#ifndef MARTLET_CMEDIAIO_ADDRESSES_H
#define MARTLET_CMEDIAIO_ADDRESSES_H

#include "CMediaIO.h"
#include <netinet/in.h>
#include <sys/socket.h>

/// Writes the kernel's form into `storage`; returns its size.
socklen_t mediaio_to_sockaddr(const mediaio_address *address, struct sockaddr_in6 *storage);
/// Reads the kernel's form; all zero for another family.
void mediaio_from_sockaddr(const struct sockaddr_in6 *storage, mediaio_address *address);

#endif
