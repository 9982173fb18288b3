// Digests, HMAC, comparison and randomness over OpenSSL.
// SPDX-License-Identifier: Apache-2.0

// The low-level SHA functions are used although OpenSSL 3 calls them deprecated: their state is a plain struct
// that lives on the stack and is copied by assignment, where EVP allocates for each message.
#define OPENSSL_SUPPRESS_DEPRECATED
#include "CMediaCrypto.h"

#include <openssl/crypto.h>
#include <openssl/md5.h>
#include <openssl/rand.h>
#include <openssl/sha.h>
#include <limits.h>
#include <string.h>

enum { BLOCK = 64, SHA1_COUNT = 20, SHA256_COUNT = 32 };

// One place for each algorithm's name: a digest that is HMAC's inner function, and HMAC over it.
#define DEFINE_HASH(NAME, CTX, INIT, UPDATE, FINAL)                                                    \
    void martlet_##NAME(const uint8_t *bytes, size_t count, uint8_t *out) {                            \
        CTX state;                                                                                     \
        INIT(&state);                                                                                  \
        if (count) UPDATE(&state, bytes, count);                                                       \
        FINAL(out, &state);                                                                            \
    }
DEFINE_HASH(md5, MD5_CTX, MD5_Init, MD5_Update, MD5_Final)
DEFINE_HASH(sha1, SHA_CTX, SHA1_Init, SHA1_Update, SHA1_Final)
DEFINE_HASH(sha256, SHA256_CTX, SHA256_Init, SHA256_Update, SHA256_Final)
DEFINE_HASH(sha384, SHA512_CTX, SHA384_Init, SHA384_Update, SHA384_Final)
DEFINE_HASH(sha512, SHA512_CTX, SHA512_Init, SHA512_Update, SHA512_Final)

struct martlet_hmac_sha1_key {
    SHA_CTX inner, outer;  // After the key block XOR ipad and XOR opad.
};

static void hmac_sha1_prepare(martlet_hmac_sha1_key *key, const uint8_t *bytes, size_t count) {
    uint8_t block[BLOCK] = {0};
    if (count > BLOCK) martlet_sha1(bytes, count, block);
    else if (count) memcpy(block, bytes, count);
    for (int i = 0; i < BLOCK; i++) block[i] ^= 0x36;
    SHA1_Init(&key->inner);
    SHA1_Update(&key->inner, block, BLOCK);
    for (int i = 0; i < BLOCK; i++) block[i] ^= 0x36 ^ 0x5C;
    SHA1_Init(&key->outer);
    SHA1_Update(&key->outer, block, BLOCK);
    OPENSSL_cleanse(block, BLOCK);
}

martlet_hmac_sha1_key *martlet_hmac_sha1_key_new(const uint8_t *bytes, size_t count) {
    martlet_hmac_sha1_key *key = OPENSSL_malloc(sizeof *key);
    if (key) hmac_sha1_prepare(key, bytes, count);
    return key;
}

void martlet_hmac_sha1_key_free(martlet_hmac_sha1_key *key) {
    OPENSSL_clear_free(key, sizeof *key);
}

void martlet_hmac_sha1_key_code(const martlet_hmac_sha1_key *key, const uint8_t *bytes, size_t count,
                                const uint8_t *suffix, size_t suffix_count, uint8_t *out) {
    SHA_CTX state = key->inner;
    if (count) SHA1_Update(&state, bytes, count);
    if (suffix_count) SHA1_Update(&state, suffix, suffix_count);
    uint8_t inner[SHA1_COUNT];
    SHA1_Final(inner, &state);
    state = key->outer;
    SHA1_Update(&state, inner, SHA1_COUNT);
    SHA1_Final(out, &state);
}

void martlet_hmac_sha1(const uint8_t *key, size_t key_count, const uint8_t *bytes, size_t count,
                       uint8_t *out) {
    martlet_hmac_sha1_key prepared;
    hmac_sha1_prepare(&prepared, key, key_count);
    martlet_hmac_sha1_key_code(&prepared, bytes, count, NULL, 0, out);
    OPENSSL_cleanse(&prepared, sizeof prepared);
}

void martlet_hmac_sha256(const uint8_t *key, size_t key_count, const uint8_t *bytes, size_t count,
                         uint8_t *out) {
    uint8_t block[BLOCK] = {0};
    uint8_t inner[SHA256_COUNT];
    SHA256_CTX state;
    if (key_count > BLOCK) martlet_sha256(key, key_count, block);
    else if (key_count) memcpy(block, key, key_count);
    for (int i = 0; i < BLOCK; i++) block[i] ^= 0x36;
    SHA256_Init(&state);
    SHA256_Update(&state, block, BLOCK);
    if (count) SHA256_Update(&state, bytes, count);
    SHA256_Final(inner, &state);
    for (int i = 0; i < BLOCK; i++) block[i] ^= 0x36 ^ 0x5C;
    SHA256_Init(&state);
    SHA256_Update(&state, block, BLOCK);
    SHA256_Update(&state, inner, SHA256_COUNT);
    SHA256_Final(out, &state);
    OPENSSL_cleanse(block, BLOCK);
    OPENSSL_cleanse(&state, sizeof state);
}

int martlet_is_equal(const uint8_t *a, const uint8_t *b, size_t count) {
    return count == 0 || CRYPTO_memcmp(a, b, count) == 0;
}

int martlet_random(uint8_t *out, size_t count) {
    if (count == 0) return 1;
    return count <= INT_MAX && RAND_bytes(out, (int)count) == 1;
}
