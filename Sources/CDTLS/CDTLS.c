// OpenSSL's DTLS 1.2 behind a BIO that keeps datagrams apart.
// SPDX-License-Identifier: Apache-2.0
#include "CDTLS.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>

/// Datagrams that may wait to be taken; a flight of 16 KB in pieces of 300 bytes still fits.
enum { DATAGRAMS_MAX = 64 };

typedef struct {
    uint16_t count;
    uint8_t bytes[];
} Datagram;

struct CDTLSContext {
    SSL_CTX *ssl;
    BIO_METHOD *bio_method;
};

struct CDTLSSession {
    SSL *ssl;
    bool is_server;
    uint16_t mtu;
    // The one record being taken; it points into the caller's memory and is NULL between calls.
    const uint8_t *incoming;
    size_t incoming_count;
    Datagram *outgoing[DATAGRAMS_MAX];
    uint32_t first;
    uint32_t waiting;
    const char *error;
    // OpenSSL's record buffers are released; it does not set them up again to write.
    bool has_no_buffers;
};

// ---- the datagram BIO

static int bio_write(BIO *bio, const char *bytes, int count) {
    CDTLSSession *session = BIO_get_data(bio);
    BIO_clear_retry_flags(bio);
    if (session == NULL || count <= 0 || count > UINT16_MAX) return count;
    if (session->waiting >= DATAGRAMS_MAX) return count;  // lost, as any datagram may be
    Datagram *datagram = malloc(sizeof(Datagram) + (size_t)count);
    if (datagram == NULL) return count;
    datagram->count = (uint16_t)count;
    memcpy(datagram->bytes, bytes, (size_t)count);
    session->outgoing[(session->first + session->waiting) % DATAGRAMS_MAX] = datagram;
    session->waiting += 1;
    return count;
}

static int bio_read(BIO *bio, char *output, int capacity) {
    CDTLSSession *session = BIO_get_data(bio);
    BIO_clear_retry_flags(bio);
    if (session == NULL || session->incoming == NULL || capacity <= 0) {
        BIO_set_retry_read(bio);
        return -1;
    }
    size_t count = session->incoming_count;
    if (count > (size_t)capacity) count = (size_t)capacity;
    memcpy(output, session->incoming, count);
    session->incoming = NULL;
    session->incoming_count = 0;
    return (int)count;
}

static long bio_ctrl(BIO *bio, int command, long number, void *pointer) {
    CDTLSSession *session = BIO_get_data(bio);
    (void)number;
    (void)pointer;
    switch (command) {
    case BIO_CTRL_FLUSH:
        return 1;
    case BIO_CTRL_DGRAM_QUERY_MTU:
    case BIO_CTRL_DGRAM_GET_FALLBACK_MTU:
        return session == NULL ? 1200 : session->mtu;
    default:
        return 0;
    }
}

static int bio_create(BIO *bio) {
    BIO_set_init(bio, 1);
    return 1;
}

static int bio_destroy(BIO *bio) {
    (void)bio;
    return 1;
}

static BIO_METHOD *make_bio_method(void) {
    int type = BIO_get_new_index() | BIO_TYPE_SOURCE_SINK;
    BIO_METHOD *method = BIO_meth_new(type, "martlet datagrams");
    if (method == NULL) return NULL;
    BIO_meth_set_write(method, bio_write);
    BIO_meth_set_read(method, bio_read);
    BIO_meth_set_ctrl(method, bio_ctrl);
    BIO_meth_set_create(method, bio_create);
    BIO_meth_set_destroy(method, bio_destroy);
    return method;
}

// ---- context

// WebRTC certificates are self-signed: nobody vouches for them but the fingerprint, which the
// caller compares.
static int accept_certificate(X509_STORE_CTX *store, void *argument) {
    (void)argument;
    X509_STORE_CTX_set_error(store, X509_V_OK);
    return 1;
}

static bool use_identity(SSL_CTX *ssl, const uint8_t *certificate, size_t certificate_count,
                         const uint8_t *key, size_t key_count) {
    if (certificate_count > 65536 || key_count > 65536) return false;
    X509 *x509 = d2i_X509(NULL, &certificate, (long)certificate_count);
    EVP_PKEY *pkey = d2i_AutoPrivateKey(NULL, &key, (long)key_count);
    bool done = x509 != NULL && pkey != NULL && SSL_CTX_use_certificate(ssl, x509) == 1
        && SSL_CTX_use_PrivateKey(ssl, pkey) == 1 && SSL_CTX_check_private_key(ssl) == 1;
    X509_free(x509);
    EVP_PKEY_free(pkey);
    return done;
}

CDTLSContext *cdtls_context_new(const uint8_t *certificate, size_t certificate_count,
                                const uint8_t *key, size_t key_count, const char *profiles) {
    ERR_clear_error();
    CDTLSContext *context = calloc(1, sizeof(CDTLSContext));
    if (context == NULL) return NULL;
    context->bio_method = make_bio_method();
    context->ssl = SSL_CTX_new(DTLS_method());
    SSL_CTX *ssl = context->ssl;
    static const char ciphers[] =
        "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:"
        "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:"
        "ECDHE-ECDSA-AES128-SHA:ECDHE-RSA-AES128-SHA";
    // SSL_CTX_set_tlsext_use_srtp alone returns 0 for success.
    if (context->bio_method == NULL || ssl == NULL
        || SSL_CTX_set_min_proto_version(ssl, DTLS1_2_VERSION) != 1
        || SSL_CTX_set_max_proto_version(ssl, DTLS1_2_VERSION) != 1
        || SSL_CTX_set_cipher_list(ssl, ciphers) != 1
        || SSL_CTX_set1_groups_list(ssl, "X25519:P-256:P-384") != 1
        || SSL_CTX_set_tlsext_use_srtp(ssl, profiles) != 0
        || !use_identity(ssl, certificate, certificate_count, key, key_count)) {
        cdtls_context_free(context);
        ERR_clear_error();
        return NULL;
    }
    SSL_CTX_set_options(ssl, SSL_OP_NO_QUERY_MTU | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_TICKET
                                 | SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE);
    SSL_CTX_set_session_cache_mode(ssl, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_verify(ssl, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
    SSL_CTX_set_cert_verify_callback(ssl, accept_certificate, NULL);
    SSL_CTX_set_max_cert_list(ssl, 16384);
    // Nothing larger than a datagram is ever sent: the write buffer needs no 16 KB.
    SSL_CTX_set_max_send_fragment(ssl, 2048);
    return context;
}

void cdtls_context_free(CDTLSContext *context) {
    SSL_CTX_free(context->ssl);
    BIO_meth_free(context->bio_method);
    free(context);
}

// ---- session

// OpenSSL retransmits inside every read once its timer has run out, and nothing but the real clock
// moves that timer. So a server's never runs out: the caller keeps the flight and repeats it. A
// client's is a slow safety net: only OpenSSL can put a fresh record number under an encrypted
// Finished.
static unsigned int server_timer(SSL *ssl, unsigned int microseconds) {
    (void)ssl;
    (void)microseconds;
    return 4000000000u;
}

static unsigned int client_timer(SSL *ssl, unsigned int microseconds) {
    (void)ssl;
    if (microseconds == 0) return 1000000u;
    return microseconds >= 4000000u ? 8000000u : microseconds * 2;
}

CDTLSSession *cdtls_session_new(CDTLSContext *context, bool is_server, uint16_t mtu) {
    ERR_clear_error();
    CDTLSSession *session = calloc(1, sizeof(CDTLSSession));
    if (session == NULL) return NULL;
    session->mtu = mtu;
    session->is_server = is_server;
    session->error = "";
    session->ssl = SSL_new(context->ssl);
    BIO *bio = BIO_new(context->bio_method);
    if (session->ssl == NULL || bio == NULL) {
        SSL_free(session->ssl);
        BIO_free(bio);
        free(session);
        return NULL;
    }
    BIO_set_data(bio, session);
    SSL_set_bio(session->ssl, bio, bio);
    SSL_set_mtu(session->ssl, mtu);
    DTLS_set_timer_cb(session->ssl, is_server ? server_timer : client_timer);
    if (is_server) {
        SSL_set_accept_state(session->ssl);
    } else {
        SSL_set_connect_state(session->ssl);
    }
    return session;
}

void cdtls_session_free(CDTLSSession *session) {
    SSL_free(session->ssl);
    cdtls_session_discard_datagrams(session);
    free(session);
    ERR_clear_error();
}

static void give_record(CDTLSSession *session, const uint8_t *bytes, size_t count) {
    ERR_clear_error();
    session->incoming = count == 0 ? NULL : bytes;
    session->incoming_count = session->incoming == NULL ? 0 : count;
}

static int32_t outcome(CDTLSSession *session, int returned) {
    session->incoming = NULL;
    session->incoming_count = 0;
    int error = SSL_get_error(session->ssl, returned);
    if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE) {
        ERR_clear_error();
        return CDTLS_NEEDS_MORE;
    }
    if (error == SSL_ERROR_ZERO_RETURN) {
        ERR_clear_error();
        return CDTLS_CLOSED;
    }
    const char *reason = ERR_reason_error_string(ERR_peek_error());
    session->error = reason == NULL ? "unknown error" : reason;
    ERR_clear_error();
    return CDTLS_FATAL;
}

// A connected session is idle nearly always, and its record buffers are a third of what it costs
// (19 of 58 KB). Only reading sets them up again, so whatever writes must read first.
static void release_buffers(CDTLSSession *session) {
    if (SSL_is_init_finished(session->ssl) && SSL_free_buffers(session->ssl) == 1) {
        session->has_no_buffers = true;
    }
}

static bool set_up_buffers(CDTLSSession *session) {
    if (!session->has_no_buffers) return true;
    uint8_t byte;
    session->incoming = NULL;
    session->incoming_count = 0;
    int returned = SSL_peek(session->ssl, &byte, 1);
    bool done = returned > 0 || SSL_get_error(session->ssl, returned) == SSL_ERROR_WANT_READ;
    ERR_clear_error();
    session->has_no_buffers = !done;
    return done;
}

int32_t cdtls_session_handshake(CDTLSSession *session, const uint8_t *bytes, size_t count) {
    give_record(session, bytes, count);
    int returned = SSL_do_handshake(session->ssl);
    if (returned == 1) {
        session->incoming = NULL;
        session->incoming_count = 0;
        return CDTLS_FINISHED;
    }
    int32_t result = outcome(session, returned);
    return result == CDTLS_CLOSED ? CDTLS_FATAL : result;
}

int32_t cdtls_session_read(CDTLSSession *session, const uint8_t *bytes, size_t count,
                           uint8_t *output, size_t capacity) {
    give_record(session, bytes, count);
    // Reading sets the buffers up, but not after the peer's close_notify.
    if (SSL_get_shutdown(session->ssl) & SSL_RECEIVED_SHUTDOWN) return outcome(session, 0);
    session->has_no_buffers = false;
    int returned = SSL_read(session->ssl, output, capacity > INT32_MAX ? INT32_MAX : (int)capacity);
    if (returned > 0) {
        session->incoming = NULL;
        session->incoming_count = 0;
        return returned;
    }
    int32_t result = outcome(session, returned);
    if (result == CDTLS_NEEDS_MORE) release_buffers(session);
    return result;
}

bool cdtls_session_write(CDTLSSession *session, const uint8_t *bytes, size_t count) {
    if (count == 0 || count > INT32_MAX || !SSL_is_init_finished(session->ssl)) return false;
    ERR_clear_error();
    if (!set_up_buffers(session)) return false;
    int returned = SSL_write(session->ssl, bytes, (int)count);
    ERR_clear_error();
    release_buffers(session);
    return returned == (int)count;
}

void cdtls_session_shutdown(CDTLSSession *session) {
    if (!SSL_is_init_finished(session->ssl)) return;
    ERR_clear_error();
    if (set_up_buffers(session)) SSL_shutdown(session->ssl);
    ERR_clear_error();
}

void cdtls_session_retransmit_if_due(CDTLSSession *session) {
    ERR_clear_error();
    if (!session->is_server) DTLSv1_handle_timeout(session->ssl);
    ERR_clear_error();
}

size_t cdtls_session_next_count(const CDTLSSession *session) {
    return session->waiting == 0 ? 0 : session->outgoing[session->first]->count;
}

size_t cdtls_session_next_datagram(CDTLSSession *session, uint8_t *output, size_t capacity) {
    while (session->waiting > 0) {
        Datagram *datagram = session->outgoing[session->first];
        size_t count = datagram->count;
        session->outgoing[session->first] = NULL;
        session->first = (session->first + 1) % DATAGRAMS_MAX;
        session->waiting -= 1;
        bool fits = count <= capacity;
        if (fits) memcpy(output, datagram->bytes, count);
        free(datagram);
        if (fits) return count;
    }
    return 0;
}

void cdtls_session_discard_datagrams(CDTLSSession *session) {
    while (session->waiting > 0) {
        free(session->outgoing[session->first]);
        session->outgoing[session->first] = NULL;
        session->first = (session->first + 1) % DATAGRAMS_MAX;
        session->waiting -= 1;
    }
}

const char *cdtls_session_error(const CDTLSSession *session) { return session->error; }

uint16_t cdtls_session_srtp_profile(CDTLSSession *session) {
    SRTP_PROTECTION_PROFILE *profile = SSL_get_selected_srtp_profile(session->ssl);
    return profile == NULL ? 0 : (uint16_t)profile->id;
}

bool cdtls_session_export_keys(CDTLSSession *session, uint8_t *output, size_t count) {
    static const char label[] = "EXTRACTOR-dtls_srtp";
    if (SSL_is_init_finished(session->ssl) != 1) return false;
    ERR_clear_error();
    int done = SSL_export_keying_material(session->ssl, output, count, label, sizeof(label) - 1,
                                          NULL, 0, 0);
    ERR_clear_error();
    return done == 1;
}

size_t cdtls_session_peer_certificate(CDTLSSession *session, uint8_t *output, size_t capacity) {
    X509 *certificate = SSL_get1_peer_certificate(session->ssl);
    if (certificate == NULL) return 0;
    ERR_clear_error();
    int count = i2d_X509(certificate, NULL);
    if (count > 0 && (size_t)count <= capacity) count = i2d_X509(certificate, &output);
    else count = 0;
    X509_free(certificate);
    ERR_clear_error();
    return count > 0 ? (size_t)count : 0;
}

size_t cdtls_session_data_max(CDTLSSession *session) { return DTLS_get_data_mtu(session->ssl); }

size_t cdtls_session_record_min(CDTLSSession *session) {
    const SSL_CIPHER *cipher = SSL_get_current_cipher(session->ssl);
    // GCM: nonce 8, tag 16 and at least one byte. CBC: initialisation vector 16, one byte with MAC
    // 20 and padding.
    return cipher == NULL || SSL_CIPHER_is_aead(cipher) ? 25 : 48;
}
