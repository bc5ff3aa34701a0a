/*
 * kdf.h - HKDF (RFC 5869) and the one function that makes every symmetric
 * key of the project. HMAC runs in time that depends on lengths alone.
 */
#ifndef CRYPTO_KDF_H
#define CRYPTO_KDF_H

#include "base/buf.h"
#include "crypto/crypto.h"

enum label {
#define LABEL(name, text) LABEL_##name,
#include "crypto/labels.def"
#undef LABEL
	LABEL__MAX
};

/* "hour id" and so on; never NULL. */
const char *label_text(enum label label);
/* Appends "eaves/1/" ‖ text ‖ 00. */
MUST_USE enum err label_info(enum label label, struct buf *to);

#define FIELDS_MAX 12
struct fields {
	struct slice at[FIELDS_MAX];
	size_t count;
};
/* FIELDS(slice, slice, ...): at most FIELDS_MAX. */
#define FIELDS(...)                                                            \
	(&(const struct fields){ .at = { __VA_ARGS__ },                        \
	    .count = sizeof((const struct slice[]){ __VA_ARGS__ }) /           \
		     sizeof(struct slice) })
#define NO_FIELDS (&(const struct fields){ .count = 0 })

/* K(key, label, fields): 32 octets. key may have any length. */
void key_derive(struct slice key, enum label label, const struct fields *fields,
    struct key *ret_key);

/* RFC 5869. prk is 32 or 64 octets; out at most 255 times that. */
void hkdf256_extract(struct slice salt, const struct fields *ikm,
    uint8_t ret_prk[static 32]);
void hkdf256_expand(const uint8_t prk[static 32], const struct fields *info,
    uint8_t *out, size_t out_octets);
void hkdf512_extract(struct slice salt, const struct fields *ikm,
    uint8_t ret_prk[static 64]);
void hkdf512_expand(const uint8_t prk[static 64], const struct fields *info,
    uint8_t *out, size_t out_octets);

/* Big-endian integers as fields: they live as long as the block. */
struct be64 {
	uint8_t octets[8];
};
static inline struct be64
be64_make(uint64_t v)
{
	struct be64 b;

	for (int i = 0; i < 8; i++)
		b.octets[i] = (uint8_t)(v >> (56 - 8 * i));
	return b;
}
/* The low n octets. */
static inline struct slice
be64_tail(const struct be64 *b, size_t n)
{
	return slice_make(b->octets + 8 - n, n);
}

#endif
