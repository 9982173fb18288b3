// OpenSSL's TLS for clients behind memory BIOs.
// SPDX-License-Identifier: Apache-2.0
#include "CClientTLS.h"

#include <limits.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdlib.h>

struct CClientTLSContext {
    SSL_CTX *ssl;
};

struct CClientTLSSession {
    SSL *ssl;
    // Both belong to `ssl`.
    BIO *incoming;
    BIO *outgoing;
    const char *error;
};

CClientTLSContext *cclienttls_context_new(const char *file) {
    ERR_clear_error();
    CClientTLSContext *context = calloc(1, sizeof(CClientTLSContext));
    if (context == NULL) return NULL;
    SSL_CTX *ssl = SSL_CTX_new(TLS_client_method());
    context->ssl = ssl;
    if (ssl == NULL || SSL_CTX_set_min_proto_version(ssl, TLS1_2_VERSION) != 1
        || SSL_CTX_set_default_verify_paths(ssl) != 1
        || (file != NULL && SSL_CTX_load_verify_locations(ssl, file, NULL) != 1)) {
        cclienttls_context_free(context);
        ERR_clear_error();
        return NULL;
    }
    SSL_CTX_set_verify(ssl, SSL_VERIFY_PEER, NULL);
    SSL_CTX_set_options(ssl, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
    SSL_CTX_set_mode(ssl, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE
                              | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_session_cache_mode(ssl, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_max_cert_list(ssl, 65536);
    // WebSocket over HTTP/2 is another protocol: a proxy that offers both is to choose the former.
    static const unsigned char protocols[] = "\x08http/1.1";
    SSL_CTX_set_alpn_protos(ssl, protocols, sizeof(protocols) - 1);
    return context;
}

void cclienttls_context_free(CClientTLSContext *context) {
    SSL_CTX_free(context->ssl);
    free(context);
}

static bool expect_host(SSL *ssl, const char *host, bool is_address) {
    X509_VERIFY_PARAM *parameters = SSL_get0_param(ssl);
    // SNI names no addresses (RFC 6066 §3).
    if (is_address) return X509_VERIFY_PARAM_set1_ip_asc(parameters, host) == 1;
    X509_VERIFY_PARAM_set_hostflags(parameters, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    return X509_VERIFY_PARAM_set1_host(parameters, host, 0) == 1
        && SSL_set_tlsext_host_name(ssl, host) == 1;
}

CClientTLSSession *cclienttls_session_new(CClientTLSContext *context, const char *host,
                                          bool is_address) {
    ERR_clear_error();
    CClientTLSSession *session = calloc(1, sizeof(CClientTLSSession));
    if (session == NULL) return NULL;
    session->error = "";
    SSL *ssl = SSL_new(context->ssl);
    BIO *incoming = BIO_new(BIO_s_mem());
    BIO *outgoing = BIO_new(BIO_s_mem());
    if (ssl == NULL || incoming == NULL || outgoing == NULL
        || !expect_host(ssl, host, is_address)) {
        SSL_free(ssl);
        BIO_free(incoming);
        BIO_free(outgoing);
        free(session);
        ERR_clear_error();
        return NULL;
    }
    BIO_set_mem_eof_return(incoming, -1);
    BIO_set_mem_eof_return(outgoing, -1);
    SSL_set_bio(ssl, incoming, outgoing);
    SSL_set_connect_state(ssl);
    session->ssl = ssl;
    session->incoming = incoming;
    session->outgoing = outgoing;
    return session;
}

bool cclienttls_session_for_relay(CClientTLSSession *session) {
    static const unsigned char protocols[] = "\x09stun.turn";
    return SSL_set_alpn_protos(session->ssl, protocols, sizeof(protocols) - 1) == 0;
}

void cclienttls_session_free(CClientTLSSession *session) {
    SSL_free(session->ssl);
    free(session);
    ERR_clear_error();
}

static int32_t outcome(CClientTLSSession *session, int returned) {
    int error = SSL_get_error(session->ssl, returned);
    if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE) {
        ERR_clear_error();
        return CCLIENTTLS_NEEDS_MORE;
    }
    if (error == SSL_ERROR_ZERO_RETURN) {
        ERR_clear_error();
        return CCLIENTTLS_CLOSED;
    }
    long verified = SSL_get_verify_result(session->ssl);
    const char *reason = verified == X509_V_OK ? ERR_reason_error_string(ERR_peek_error())
                                               : X509_verify_cert_error_string(verified);
    session->error = reason == NULL ? "unknown error" : reason;
    ERR_clear_error();
    return CCLIENTTLS_FATAL;
}

bool cclienttls_give(CClientTLSSession *session, const uint8_t *bytes, size_t count) {
    ERR_clear_error();
    if (count == 0) return true;
    if (count > INT_MAX) return false;
    // A memory BIO takes all or nothing.
    return BIO_write(session->incoming, bytes, (int)count) == (int)count;
}

int32_t cclienttls_handshake(CClientTLSSession *session) {
    ERR_clear_error();
    int returned = SSL_do_handshake(session->ssl);
    return returned == 1 ? CCLIENTTLS_FINISHED : outcome(session, returned);
}

int32_t cclienttls_read(CClientTLSSession *session, uint8_t *output, size_t capacity) {
    ERR_clear_error();
    int returned = SSL_read(session->ssl, output, capacity > INT_MAX ? INT_MAX : (int)capacity);
    return returned > 0 ? returned : outcome(session, returned);
}

bool cclienttls_write(CClientTLSSession *session, const uint8_t *bytes, size_t count) {
    if (count > (size_t)1 << 30) return false;
    while (count > 0) {
        ERR_clear_error();
        int written = SSL_write(session->ssl, bytes, (int)count);
        if (written <= 0) {
            outcome(session, written);
            return false;
        }
        bytes += written;
        count -= (size_t)written;
    }
    return true;
}

void cclienttls_shutdown(CClientTLSSession *session) {
    ERR_clear_error();
    // During a handshake, and after a fatal error, there is nothing to say.
    if (SSL_is_init_finished(session->ssl)
        && (SSL_get_shutdown(session->ssl) & SSL_SENT_SHUTDOWN) == 0) {
        SSL_shutdown(session->ssl);
    }
    ERR_clear_error();
}

size_t cclienttls_outgoing_count(CClientTLSSession *session) {
    return BIO_ctrl_pending(session->outgoing);
}

size_t cclienttls_take(CClientTLSSession *session, uint8_t *output, size_t capacity) {
    if (capacity == 0) return 0;
    int taken = BIO_read(session->outgoing, output, capacity > INT_MAX ? INT_MAX : (int)capacity);
    return taken > 0 ? (size_t)taken : 0;
}

const char *cclienttls_error(const CClientTLSSession *session) { return session->error; }

int32_t cclienttls_certificate_fault(const CClientTLSSession *session) {
    switch (SSL_get_verify_result(session->ssl)) {
    case X509_V_OK:
        return CCLIENTTLS_CERTIFICATE_FINE;
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
        return CCLIENTTLS_CERTIFICATE_OTHER_HOST;
    case X509_V_ERR_CERT_HAS_EXPIRED:
    case X509_V_ERR_CERT_NOT_YET_VALID:
        return CCLIENTTLS_CERTIFICATE_EXPIRED;
    default:
        return CCLIENTTLS_CERTIFICATE_UNTRUSTED;
    }
}
