/*
 * buf.h - owned octets that grow up to a cap given at birth.
 *
 * A buf is init'd into the caller's memory and must be fini'd; a zeroed buf
 * may be fini'd. Appending beyond the cap is ERR_LIMIT and leaves the buf as
 * it was. Slices into a buf die with the next append.
 */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include "base/err.h"
#include "base/slice.h"

struct buf {
	uint8_t *at;
	size_t len;
	size_t room; /* allocated octets */
	size_t cap;  /* never more than this */
	bool wipe;   /* zero before free and before each move */
};

void buf_init(struct buf *b, size_t cap_octets);
/* As buf_init, and its octets are wiped whenever they are let go. */
void buf_init_secret(struct buf *b, size_t cap_octets);
void buf_fini(struct buf *b);
/* len becomes 0; the memory stays. */
void buf_clear(struct buf *b);
/* ERR_LIMIT past the cap, ERR_NOMEM. */
MUST_USE enum err buf_append(struct buf *b, struct slice s);
/*
 * Make sure that n more octets fit at at + len; *ret_at points there. The
 * caller writes at most n and adds what it wrote to len.
 */
MUST_USE enum err buf_reserve(struct buf *b, size_t n, uint8_t **ret_at);
/* Drop the first n octets; n <= len. */
void buf_consume(struct buf *b, size_t n);

static inline struct slice
buf_slice(const struct buf *b)
{
	return (struct slice){ b->at, b->len };
}

static inline void
buf_fini_auto(struct buf *b)
{
	buf_fini(b);
}
#define AUTO_BUF __attribute__((cleanup(buf_fini_auto)))

#endif
