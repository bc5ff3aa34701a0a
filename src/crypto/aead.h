/*
 * aead.h - AES-256-GCM and AES-256-CTR, by OpenSSL (AES-NI: constant time).
 * A key and nonce may seal once, ever: callers make keys for one use or draw
 * the nonce at random.
 */
#ifndef CRYPTO_AEAD_H
#define CRYPTO_AEAD_H

#include "base/buf.h"
#include "crypto/crypto.h"

#define GCM_NONCE_OCTETS 12
#define GCM_TAG_OCTETS   16

extern const uint8_t gcm_zero_nonce[GCM_NONCE_OCTETS];

/* Appends ciphertext ‖ tag. ERR_LIMIT, ERR_NOMEM; out is then as before. */
MUST_USE enum err
gcm_seal(const struct key *key, const uint8_t nonce[static GCM_NONCE_OCTETS],
    struct slice aad, struct slice plain, struct buf *out);
/*
 * Appends the plaintext. ERR_CRYPTO: it does not open, and out is as before
 * (no unauthenticated octet is ever left in it).
 */
MUST_USE enum err
gcm_open(const struct key *key, const uint8_t nonce[static GCM_NONCE_OCTETS],
    struct slice aad, struct slice sealed, struct buf *out);

/* A key set up once, for many records. */
struct gcm;
struct gcm *gcm_create(const struct key *key); /* NULL: out of memory */
void gcm_destroy(struct gcm *g);
MUST_USE enum err
gcm_seal_with(struct gcm *g, const uint8_t nonce[static GCM_NONCE_OCTETS],
    const struct slice *aad, size_t aad_count, const struct slice *plain,
    size_t plain_count, struct buf *out);
MUST_USE enum err gcm_open_with(struct gcm *g,
    const uint8_t nonce[static GCM_NONCE_OCTETS], const struct slice *aad,
    size_t aad_count, struct slice sealed, struct buf *out);

/*
 * XOR n octets with the key stream at an octet offset (the counter block is
 * the u128 offset / 16). Used for what lies in segments: each offset of one
 * key is written once.
 */
MUST_USE enum err ctr_xor(const struct key *key, uint64_t offset_octets,
    uint8_t *octets, size_t n);

#endif
