/*
 * sframe.h - SFrame (RFC 9605), cipher suite 5: AES_256_GCM_SHA512_128.
 */
#ifndef CRYPTO_SFRAME_H
#define CRYPTO_SFRAME_H

#include "base/buf.h"
#include "crypto/crypto.h"

#define SFRAME_HEAD_OCTETS_MAX 17
#define SFRAME_TAG_OCTETS      16

struct sframe_head {
	uint64_t kid, ctr;
	size_t octets;
};

/*
 * Section 4.3. ERR_MORE: in is a proper prefix. ERR_SYNTAX: a number that is
 * not written in its shortest form.
 */
MUST_USE enum err
sframe_head_parse(struct slice in, struct sframe_head *ret_head);
/* 1 to 17 octets. */
size_t sframe_head_write(uint64_t kid, uint64_t ctr,
    uint8_t to[static SFRAME_HEAD_OCTETS_MAX]);

/* One key id's key and salt; made once, used for many frames. */
struct sframe;
struct sframe *sframe_create(struct slice base_key, uint64_t kid);
void sframe_destroy(struct sframe *s);

/* Appends header ‖ ciphertext ‖ tag. A ctr seals once, ever. */
MUST_USE enum err
sframe_seal(struct sframe *s, uint64_t ctr, struct slice metadata,
    const struct slice *plain, size_t plain_count, struct buf *out);
/*
 * Appends the plaintext; *ret_ctr says at which index. ERR_SYNTAX for the
 * header, ERR_MISSING for another key id, ERR_CRYPTO.
 */
MUST_USE enum err sframe_open(struct sframe *s, struct slice metadata,
    struct slice frame, struct buf *out, uint64_t *ret_ctr);

#endif
