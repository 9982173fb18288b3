// AES in counter mode over OpenSSL, with a context kept between packets.
// SPDX-License-Identifier: Apache-2.0
#include "CMediaCrypto.h"

#include <limits.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>

struct martlet_ctr_key {
    EVP_CIPHER_CTX *context;
};

martlet_ctr_key *martlet_ctr_key_new(const uint8_t *bytes, size_t count) {
    const EVP_CIPHER *cipher =
        count == 16 ? EVP_aes_128_ctr() : count == 32 ? EVP_aes_256_ctr() : NULL;
    if (!cipher) return NULL;
    martlet_ctr_key *key = OPENSSL_zalloc(sizeof *key);
    if (!key) return NULL;
    key->context = EVP_CIPHER_CTX_new();
    if (!key->context || !EVP_EncryptInit_ex(key->context, cipher, NULL, bytes, NULL)) {
        martlet_ctr_key_free(key);
        return NULL;
    }
    return key;
}

void martlet_ctr_key_free(martlet_ctr_key *key) {
    if (!key) return;
    EVP_CIPHER_CTX_free(key->context);  // Wipes the key schedule.
    OPENSSL_free(key);
}

int martlet_ctr_key_apply(martlet_ctr_key *key, const uint8_t *iv, const uint8_t *in, size_t count,
                          uint8_t *out) {
    int written = 0;
    if (count == 0) return 1;
    return count <= INT_MAX && EVP_EncryptInit_ex(key->context, NULL, NULL, NULL, iv) &&
           EVP_EncryptUpdate(key->context, out, &written, in, (int)count) && written == (int)count;
}
