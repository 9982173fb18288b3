// OpenSSL's TLS for clients without a socket: ciphertext in and out through memory.
// SPDX-License-Identifier: Apache-2.0
#ifndef CCLIENTTLS_H
#define CCLIENTTLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#pragma clang assume_nonnull begin

/// Versions, ciphers and trust: made once, then shared by sessions on any thread.
typedef struct CClientTLSContext CClientTLSContext;
/// One connection. Used by one thread at a time.
typedef struct CClientTLSSession CClientTLSSession;

/// What a call of a session came to, where it is no byte count.
enum {
    /// The handshake is complete.
    CCLIENTTLS_FINISHED = 1,
    /// Nothing to do until more arrives.
    CCLIENTTLS_NEEDS_MORE = 0,
    /// The session cannot go on; `cclienttls_error` says why.
    CCLIENTTLS_FATAL = -1,
    /// The peer has said that nothing more comes.
    CCLIENTTLS_CLOSED = -2,
};

/// Why a peer's certificate was refused.
enum {
    /// It was not, or there was none.
    CCLIENTTLS_CERTIFICATE_FINE = 0,
    /// It is for another host.
    CCLIENTTLS_CERTIFICATE_OTHER_HOST = 1,
    /// It is not valid at this time.
    CCLIENTTLS_CERTIFICATE_EXPIRED = 2,
    /// Nobody that is trusted vouches for it, or another rule was broken.
    CCLIENTTLS_CERTIFICATE_UNTRUSTED = 3,
};

/// Makes a context that trusts whom the system trusts and, unless `file` is NULL, the certificates
/// of that PEM file as well. NULL without memory or if the file cannot be used.
CClientTLSContext *_Nullable cclienttls_context_new(const char *_Nullable file);
void cclienttls_context_free(CClientTLSContext *context);

/// Makes a session with the server `host`, a name or the text of an IP address: its certificate must
/// be for it. NULL without memory.
CClientTLSSession *_Nullable cclienttls_session_new(CClientTLSContext *context, const char *host,
                                                    bool is_address);
/// Before the handshake: it is with a TURN server (RFC 7443), not over HTTP. False without memory.
bool cclienttls_session_for_relay(CClientTLSSession *session);
void cclienttls_session_free(CClientTLSSession *session);

/// Takes ciphertext that arrived; it is kept until it is read. False without memory.
bool cclienttls_give(CClientTLSSession *session, const uint8_t *bytes, size_t count);
/// Carries the handshake on. Returns CCLIENTTLS_FINISHED, CCLIENTTLS_NEEDS_MORE or
/// CCLIENTTLS_FATAL.
int32_t cclienttls_handshake(CClientTLSSession *session);
/// Reads plaintext. Returns its byte count (above 0), CCLIENTTLS_NEEDS_MORE, CCLIENTTLS_CLOSED or
/// CCLIENTTLS_FATAL.
int32_t cclienttls_read(CClientTLSSession *session, uint8_t *output, size_t capacity);
/// Encrypts all of `bytes`, at most 1 GiB. False if the session cannot go on.
bool cclienttls_write(CClientTLSSession *session, const uint8_t *bytes, size_t count);
/// Writes a close_notify alert, once.
void cclienttls_shutdown(CClientTLSSession *session);

/// How much ciphertext waits to be sent, in bytes.
size_t cclienttls_outgoing_count(CClientTLSSession *session);
/// Takes ciphertext to be sent. Returns its byte count.
size_t cclienttls_take(CClientTLSSession *session, uint8_t *output, size_t capacity);

/// Why the last call was fatal, as text that lives as long as the program.
const char *cclienttls_error(const CClientTLSSession *session);
/// Why the peer's certificate was refused: one of the numbers above.
int32_t cclienttls_certificate_fault(const CClientTLSSession *session);

#pragma clang assume_nonnull end

#endif
