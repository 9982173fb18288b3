// AES-GCM with a context kept between packets: IPsec-MB where it can run, OpenSSL everywhere else.
// SPDX-License-Identifier: Apache-2.0
#include "CMediaCrypto.h"

#include <limits.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#if __has_include(<intel-ipsec-mb.h>)
#define HAS_IPSEC_MB_HEADER 1
#include <dlfcn.h>
#include <intel-ipsec-mb.h>
#include <pthread.h>
#else
#define HAS_IPSEC_MB_HEADER 0
#endif

enum { TAG = 16, GCM_IV = 12 };

struct martlet_gcm_key {
#if HAS_IPSEC_MB_HEADER
    struct gcm_key_data schedule;  // First, so that it begins a cache line.
    struct gcm_context_data scratch;
    aes_gcm_enc_dec_t seal, open;
#endif
    EVP_CIPHER_CTX *context;  // NULL if the key runs on IPsec-MB.
};

#if HAS_IPSEC_MB_HEADER
static pthread_once_t ipsec_mb_once = PTHREAD_ONCE_INIT;
static IMB_MGR *ipsec_mb;  // Written once under ipsec_mb_once, then only read: its GCM functions keep no state.

static void ipsec_mb_load(void) {
    const char *forbidden = getenv("MARTLET_NO_IPSEC_MB");
    if (forbidden && *forbidden) return;
    void *library = dlopen("libIPSec_MB.so.1", RTLD_NOW | RTLD_LOCAL);
    if (!library) return;
    unsigned (*version)(void) = (unsigned (*)(void))dlsym(library, "imb_get_version");
    IMB_MGR *(*allocate)(uint64_t) = (IMB_MGR * (*)(uint64_t)) dlsym(library, "alloc_mb_mgr");
    void (*initialize)(IMB_MGR *, IMB_ARCH *) =
        (void (*)(IMB_MGR *, IMB_ARCH *))dlsym(library, "init_mb_mgr_auto");
    int (*error)(IMB_MGR *) = (int (*)(IMB_MGR *))dlsym(library, "imb_get_errno");
    void (*release)(IMB_MGR *) = (void (*)(IMB_MGR *))dlsym(library, "free_mb_mgr");
    // The manager's layout changes with the minor version; one that differs from the header is not ours to read.
    if (!version || !allocate || !initialize || !error || !release ||
        version() >> 8 != IMB_VERSION_NUM >> 8) {
        dlclose(library);
        return;
    }
    IMB_MGR *manager = allocate(0);
    if (!manager) {
        dlclose(library);
        return;
    }
    IMB_ARCH arch = IMB_ARCH_NONE;
    initialize(manager, &arch);
    // Below AVX2 its GCM is no faster than OpenSSL's; without AES instructions it is far slower.
    if (error(manager) != 0 || arch < IMB_ARCH_AVX2 || !(manager->features & IMB_FEATURE_AESNI) ||
        !(manager->features & IMB_FEATURE_PCLMULQDQ)) {
        release(manager);
        dlclose(library);
        return;
    }
    ipsec_mb = manager;
}

int martlet_gcm_has_ipsec_mb(void) {
    pthread_once(&ipsec_mb_once, ipsec_mb_load);
    return ipsec_mb != NULL;
}

int martlet_gcm_key_is_ipsec_mb(const martlet_gcm_key *key) { return key->seal != NULL; }

static void ipsec_mb_prepare(martlet_gcm_key *key, const uint8_t *bytes, size_t count) {
    if (count == 16) {
        ipsec_mb->gcm128_pre(bytes, &key->schedule);
        key->seal = ipsec_mb->gcm128_enc;
        key->open = ipsec_mb->gcm128_dec;
    } else {
        ipsec_mb->gcm256_pre(bytes, &key->schedule);
        key->seal = ipsec_mb->gcm256_enc;
        key->open = ipsec_mb->gcm256_dec;
    }
}
#else
int martlet_gcm_has_ipsec_mb(void) { return 0; }
int martlet_gcm_key_is_ipsec_mb(const martlet_gcm_key *key) {
    (void)key;
    return 0;
}
#endif

martlet_gcm_key *martlet_gcm_key_new(const uint8_t *bytes, size_t count, int backend) {
    const EVP_CIPHER *cipher =
        count == 16 ? EVP_aes_128_gcm() : count == 32 ? EVP_aes_256_gcm() : NULL;
    if (!cipher) return NULL;
    int accelerated = backend != MARTLET_GCM_OPENSSL && martlet_gcm_has_ipsec_mb();
    if (backend == MARTLET_GCM_IPSEC_MB && !accelerated) return NULL;
    size_t room = (sizeof(martlet_gcm_key) + 63) & ~(size_t)63;
    martlet_gcm_key *key = aligned_alloc(64, room);  // Aligned for the vector loads of the schedule.
    if (!key) return NULL;
    memset(key, 0, room);
#if HAS_IPSEC_MB_HEADER
    if (accelerated) {
        ipsec_mb_prepare(key, bytes, count);
        return key;
    }
#endif
    key->context = EVP_CIPHER_CTX_new();
    if (!key->context || !EVP_CipherInit_ex(key->context, cipher, NULL, bytes, NULL, 1)) {
        martlet_gcm_key_free(key);
        return NULL;
    }
    return key;
}

void martlet_gcm_key_free(martlet_gcm_key *key) {
    if (!key) return;
    EVP_CIPHER_CTX_free(key->context);
    OPENSSL_cleanse(key, sizeof *key);
    free(key);
}

int martlet_gcm_key_seal(martlet_gcm_key *key, const uint8_t *iv, const uint8_t *aad, size_t aad_count,
                         const uint8_t *in, size_t count, uint8_t *out, uint8_t *tag) {
#if HAS_IPSEC_MB_HEADER
    if (key->seal) {
        // With no bytes the pointers must still not be NULL.
        key->seal(&key->schedule, &key->scratch, count ? out : tag, count ? in : iv, count, iv,
                  aad_count ? aad : iv, aad_count, tag, TAG);
        return 1;
    }
#endif
    EVP_CIPHER_CTX *context = key->context;
    int written = 0;
    if (count > INT_MAX || aad_count > INT_MAX) return 0;
    return EVP_CipherInit_ex(context, NULL, NULL, NULL, iv, 1) &&
           (aad_count == 0 || EVP_CipherUpdate(context, NULL, &written, aad, (int)aad_count)) &&
           (count == 0 || EVP_CipherUpdate(context, out, &written, in, (int)count)) &&
           EVP_CipherFinal_ex(context, tag, &written) &&
           EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, TAG, tag);
}

static int open_unchecked(martlet_gcm_key *key, const uint8_t *iv, const uint8_t *aad, size_t aad_count,
                          uint8_t *bytes, size_t count, const uint8_t *tag) {
#if HAS_IPSEC_MB_HEADER
    if (key->open) {
        uint8_t computed[TAG];
        key->open(&key->schedule, &key->scratch, count ? bytes : computed, count ? bytes : iv, count, iv,
                  aad_count ? aad : iv, aad_count, computed, TAG);
        return CRYPTO_memcmp(computed, tag, TAG) == 0;
    }
#endif
    EVP_CIPHER_CTX *context = key->context;
    int written = 0;
    uint8_t unused[TAG];
    if (count > INT_MAX || aad_count > INT_MAX) return 0;
    return EVP_CipherInit_ex(context, NULL, NULL, NULL, iv, 0) &&
           (aad_count == 0 || EVP_CipherUpdate(context, NULL, &written, aad, (int)aad_count)) &&
           (count == 0 || EVP_CipherUpdate(context, bytes, &written, bytes, (int)count)) &&
           EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, TAG, (void *)tag) &&
           EVP_CipherFinal_ex(context, unused, &written);
}

int martlet_gcm_key_open(martlet_gcm_key *key, const uint8_t *iv, const uint8_t *aad, size_t aad_count,
                         uint8_t *bytes, size_t count, const uint8_t *tag) {
    int fits = open_unchecked(key, iv, aad, aad_count, bytes, count, tag);
    if (!fits && count) memset(bytes, 0, count);
    return fits;
}
