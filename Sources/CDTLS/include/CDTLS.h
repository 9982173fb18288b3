// OpenSSL's DTLS 1.2 without a socket and without its clock: one record in, datagrams out.
// SPDX-License-Identifier: Apache-2.0
#ifndef CDTLS_H
#define CDTLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#pragma clang assume_nonnull begin

/// Certificate, ciphers and SRTP profiles: made once, then shared by sessions on any thread.
typedef struct CDTLSContext CDTLSContext;
/// One handshake and what follows it. Used by one thread at a time.
typedef struct CDTLSSession CDTLSSession;

/// What a call of a session came to.
enum {
    /// The handshake is complete.
    CDTLS_FINISHED = 1,
    /// Nothing to do until more arrives.
    CDTLS_NEEDS_MORE = 0,
    /// The session cannot go on; `cdtls_session_error` says why.
    CDTLS_FATAL = -1,
    /// The peer has closed the session.
    CDTLS_CLOSED = -2,
};

/// Makes a context. The certificate is X.509 DER, the key PKCS #8 or traditional DER; `profiles`
/// are the SRTP profiles by their OpenSSL names, best first, separated by colons. NULL if OpenSSL
/// refuses any of them.
CDTLSContext *_Nullable cdtls_context_new(const uint8_t *certificate, size_t certificate_count,
                                          const uint8_t *key, size_t key_count,
                                          const char *profiles);
void cdtls_context_free(CDTLSContext *context);

/// Makes a session whose datagrams hold at most `mtu` bytes during the handshake. NULL without
/// memory.
CDTLSSession *_Nullable cdtls_session_new(CDTLSContext *context, bool is_server, uint16_t mtu);
void cdtls_session_free(CDTLSSession *session);

/// Takes one record (or none, to let a client begin) and carries the handshake on.
/// Returns CDTLS_FINISHED, CDTLS_NEEDS_MORE or CDTLS_FATAL. `bytes` is not kept.
int32_t cdtls_session_handshake(CDTLSSession *session, const uint8_t *_Nullable bytes,
                                size_t count);

/// Takes one record (or none) of a connected session and reads application data of it into
/// `output`. Returns its byte count (above 0), CDTLS_NEEDS_MORE, CDTLS_CLOSED or CDTLS_FATAL. Call
/// again without a record until it returns no more data.
int32_t cdtls_session_read(CDTLSSession *session, const uint8_t *_Nullable bytes, size_t count,
                           uint8_t *output, size_t capacity);

/// Encrypts application data into one datagram.
bool cdtls_session_write(CDTLSSession *session, const uint8_t *bytes, size_t count);

/// Queues a close_notify alert.
void cdtls_session_shutdown(CDTLSSession *session);

/// Lets OpenSSL retransmit its flight with fresh record numbers if its own, slow timer ran out
/// (clients only).
void cdtls_session_retransmit_if_due(CDTLSSession *session);

/// The byte count of the next outgoing datagram; 0 if there is none.
size_t cdtls_session_next_count(const CDTLSSession *session);
/// Takes the next outgoing datagram. Returns its byte count, 0 if there is none; one that does not
/// fit is lost.
size_t cdtls_session_next_datagram(CDTLSSession *session, uint8_t *output, size_t capacity);
/// Forgets all outgoing datagrams.
void cdtls_session_discard_datagrams(CDTLSSession *session);

/// Why the last call was fatal, as text that lives as long as the program.
const char *cdtls_session_error(const CDTLSSession *session);
/// The IANA number of the negotiated SRTP profile; 0 for none.
uint16_t cdtls_session_srtp_profile(CDTLSSession *session);
/// RFC 5764 §4.2 keying material. False if the session is not connected.
bool cdtls_session_export_keys(CDTLSSession *session, uint8_t *output, size_t count);
/// The DER of the certificate the peer presented. Returns its byte count; 0 if there is none or it
/// does not fit.
size_t cdtls_session_peer_certificate(CDTLSSession *session, uint8_t *output, size_t capacity);
/// How many bytes of application data fit in one datagram of the session's size; 0 if not
/// connected.
size_t cdtls_session_data_max(CDTLSSession *session);
/// The fewest bytes a genuine encrypted record of the negotiated cipher can have after its header.
size_t cdtls_session_record_min(CDTLSSession *session);

#pragma clang assume_nonnull end

#endif
