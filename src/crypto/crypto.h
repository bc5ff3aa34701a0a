/*
 * crypto.h - what every file of this room needs: random octets, wiping,
 * comparing, hashing. SHA-2 is OpenSSL's (SHA-NI), random and wiping are
 * libsodium's.
 */
#ifndef CRYPTO_CRYPTO_H
#define CRYPTO_CRYPTO_H

#include "base/err.h"
#include "base/slice.h"

#define KEY_OCTETS    32
#define SHA256_OCTETS 32
#define SHA512_OCTETS 64

/* Once per process, before anything else. ERR_CRYPTO when libsodium fails. */
MUST_USE enum err crypto_init(void);
void octets_random(void *to, size_t n);
/* Never optimised away. */
void octets_wipe(void *at, size_t n);
/* Time depends on n alone. */
MUST_USE bool octets_equal(const void *a, const void *b, size_t n);

void sha256(struct slice in, uint8_t ret_digest[static SHA256_OCTETS]);
/* The digest of all parts joined. */
void sha256_join(const struct slice *parts, size_t part_count,
    uint8_t ret_digest[static SHA256_OCTETS]);

/* A digest made bit by bit. */
struct sha256_sum;
struct sha256_sum *sha256_begin(void); /* NULL: no memory */
void sha256_add(struct sha256_sum *s, struct slice more);
/* Nothing can be added afterwards. */
void sha256_end(struct sha256_sum *s, uint8_t ret_digest[static SHA256_OCTETS]);
void sha256_drop(struct sha256_sum *s); /* wiped; NULL is fine */

/* A small secret on the stack: wiped at the end of its scope. */
struct key {
	uint8_t octets[KEY_OCTETS];
};
static inline void
key_wipe_auto(struct key *k)
{
	octets_wipe(k, sizeof *k);
}
#define AUTO_KEY __attribute__((cleanup(key_wipe_auto))) struct key

static inline struct slice
key_slice(const struct key *k)
{
	return slice_make(k->octets, KEY_OCTETS);
}

#endif
