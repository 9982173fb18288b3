// Makes the key and self-signed certificate that a DTLS endpoint shows.
// SPDX-License-Identifier: Apache-2.0
#include "CMediaCrypto.h"

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <string.h>

// Peers compare the fingerprint and ignore the dates (RFC 8122 §6.2); ten years outlive any process.
enum { VALID_DAYS = 3650 };

// Writes `key` and a certificate over it into the caller's room; takes ownership of nothing.
static int write_identity(EVP_PKEY *key, X509 *certificate, const char *common_name,
                          uint8_t *certificate_out, size_t *certificate_count,
                          uint8_t *key_out, size_t *key_count) {
    uint8_t random[8];
    if (RAND_bytes(random, sizeof random) != 1) return 0;
    uint64_t serial = 0;
    memcpy(&serial, random, sizeof serial);
    serial = (serial >> 1) | 1;  // Positive, as RFC 5280 §4.1.2.2 asks.

    X509_NAME *name = X509_get_subject_name(certificate);
    if (!X509_set_version(certificate, 2) ||
        !ASN1_INTEGER_set_uint64(X509_get_serialNumber(certificate), serial) ||
        !X509_gmtime_adj(X509_getm_notBefore(certificate), -24L * 3600) ||
        !X509_gmtime_adj(X509_getm_notAfter(certificate), VALID_DAYS * 24L * 3600) ||
        !X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, (const unsigned char *)common_name,
                                    -1, -1, 0) ||
        !X509_set_issuer_name(certificate, name) || !X509_set_pubkey(certificate, key) ||
        X509_sign(certificate, key, EVP_sha256()) <= 0)
        return 0;

    int certificate_needs = i2d_X509(certificate, NULL), key_needs = i2d_PrivateKey(key, NULL);
    if (certificate_needs <= 0 || (size_t)certificate_needs > *certificate_count || key_needs <= 0 ||
        (size_t)key_needs > *key_count)
        return 0;
    *certificate_count = (size_t)i2d_X509(certificate, &certificate_out);
    *key_count = (size_t)i2d_PrivateKey(key, &key_out);
    return 1;
}

int martlet_identity_generate(const char *common_name, uint8_t *certificate_out,
                              size_t *certificate_count, uint8_t *key_out, size_t *key_count) {
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *certificate = X509_new();
    int done = key && certificate &&
               write_identity(key, certificate, common_name, certificate_out, certificate_count,
                              key_out, key_count);
    X509_free(certificate);
    EVP_PKEY_free(key);
    return done;
}
