// What MediaCrypto needs of OpenSSL 3 and, where it is installed and the processor fits, Intel IPsec-MB.
// SPDX-License-Identifier: Apache-2.0
#ifndef MARTLET_CMEDIACRYPTO_H
#define MARTLET_CMEDIACRYPTO_H

#include <stddef.h>
#include <stdint.h>

// Functions that can fail return 1 for success and 0 for failure. A pointer may be NULL if its count is 0.
// No function but the `_new` ones and martlet_identity_generate allocates.

// Digests (FIPS 180-4). `out` takes 20, 32, 48 or 64 bytes.
void martlet_sha1(const uint8_t *bytes, size_t count, uint8_t *out);
void martlet_sha256(const uint8_t *bytes, size_t count, uint8_t *out);
void martlet_sha384(const uint8_t *bytes, size_t count, uint8_t *out);
void martlet_sha512(const uint8_t *bytes, size_t count, uint8_t *out);
// MD5 (RFC 1321), which keys of TURN are made with; `out` takes 16 bytes.
void martlet_md5(const uint8_t *bytes, size_t count, uint8_t *out);

// HMAC (RFC 2104) with a key used once.
void martlet_hmac_sha1(const uint8_t *key, size_t key_count, const uint8_t *bytes, size_t count,
                       uint8_t *out);
void martlet_hmac_sha256(const uint8_t *key, size_t key_count, const uint8_t *bytes, size_t count,
                         uint8_t *out);

// HMAC-SHA-1 whose two padded key blocks are hashed once, when the key is made.
typedef struct martlet_hmac_sha1_key martlet_hmac_sha1_key;
martlet_hmac_sha1_key *martlet_hmac_sha1_key_new(const uint8_t *key, size_t key_count);
void martlet_hmac_sha1_key_free(martlet_hmac_sha1_key *key);
// The code of `bytes` followed by `suffix`.
void martlet_hmac_sha1_key_code(const martlet_hmac_sha1_key *key, const uint8_t *bytes, size_t count,
                                const uint8_t *suffix, size_t suffix_count, uint8_t *out);

// Whether the bytes are equal, in time that depends on `count` alone.
int martlet_is_equal(const uint8_t *a, const uint8_t *b, size_t count);

// Bytes from OpenSSL's generator for secrets.
int martlet_random(uint8_t *out, size_t count);

// AES in counter mode with a key of 16 or 32 bytes; NULL for any other count.
typedef struct martlet_ctr_key martlet_ctr_key;
martlet_ctr_key *martlet_ctr_key_new(const uint8_t *key, size_t key_count);
void martlet_ctr_key_free(martlet_ctr_key *key);
// out = in XOR keystream from the 16-byte counter block `iv`; `in` and `out` are one place or do not overlap.
int martlet_ctr_key_apply(martlet_ctr_key *key, const uint8_t *iv, const uint8_t *in, size_t count,
                          uint8_t *out);

// AES-GCM (NIST SP 800-38D) with a key of 16 or 32 bytes, an IV of 12 and a tag of 16.
enum martlet_gcm_backend {
    MARTLET_GCM_AUTOMATIC = 0,
    MARTLET_GCM_OPENSSL = 1,
    MARTLET_GCM_IPSEC_MB = 2,
};
typedef struct martlet_gcm_key martlet_gcm_key;
// NULL for another key count, or if the backend asked for is not there.
martlet_gcm_key *martlet_gcm_key_new(const uint8_t *key, size_t key_count, int backend);
void martlet_gcm_key_free(martlet_gcm_key *key);
// Whether IPsec-MB can be used in this process: never if the environment sets MARTLET_NO_IPSEC_MB.
int martlet_gcm_has_ipsec_mb(void);
// Whether this key runs on IPsec-MB.
int martlet_gcm_key_is_ipsec_mb(const martlet_gcm_key *key);
// `in` and `out` are one place or do not overlap.
int martlet_gcm_key_seal(martlet_gcm_key *key, const uint8_t *iv, const uint8_t *aad, size_t aad_count,
                         const uint8_t *in, size_t count, uint8_t *out, uint8_t *tag);
// 0 if the tag does not fit; the bytes are then zeroed, so that nobody reads forged plaintext.
int martlet_gcm_key_open(martlet_gcm_key *key, const uint8_t *iv, const uint8_t *aad, size_t aad_count,
                         uint8_t *bytes, size_t count, const uint8_t *tag);

// A fresh P-256 key and a certificate signed by itself, both in DER. The counts go in as room and come out
// as used.
int martlet_identity_generate(const char *common_name, uint8_t *certificate, size_t *certificate_count,
                              uint8_t *private_key, size_t *private_key_count);

#endif
