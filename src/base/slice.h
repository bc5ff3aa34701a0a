/*
 * slice.h - borrowed octets. A slice owns nothing; it lives as long as what
 * it points into.
 */
#ifndef BASE_SLICE_H
#define BASE_SLICE_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct slice {
	const uint8_t *at;
	size_t len;
};

/* A string literal, without its final NUL. */
#define SLICE_LIT(s)                                                           \
	((struct slice){ (const uint8_t *)("" s ""), sizeof(s) - 1 })
/* A whole array. */
#define SLICE_OF(a) ((struct slice){ (const uint8_t *)(a), sizeof(a) })

static inline struct slice
slice_make(const void *at, size_t len)
{
	return (struct slice){ (const uint8_t *)at, len };
}

static inline struct slice
slice_str(const char *s)
{
	return (struct slice){ (const uint8_t *)s, strlen(s) };
}

/* All but the first n octets; n <= s.len. */
static inline struct slice
slice_skip(struct slice s, size_t n)
{
	assert(n <= s.len);
	return (struct slice){ s.at + n, s.len - n };
}

/* The first n octets; n <= s.len. */
static inline struct slice
slice_head(struct slice s, size_t n)
{
	assert(n <= s.len);
	return (struct slice){ s.at, n };
}

/* Big-endian integer of the first n octets; n <= 8, n <= s.len. */
static inline uint64_t
slice_be(struct slice s, size_t n)
{
	uint64_t v = 0;

	assert(n <= s.len && n <= 8);
	for (size_t i = 0; i < n; i++)
		v = v << 8 | s.at[i];
	return v;
}

/* Not constant-time: never for secrets. */
static inline bool
slice_eq(struct slice a, struct slice b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.at, b.at, a.len) == 0);
}

static inline bool
slice_starts(struct slice s, struct slice with)
{
	return s.len >= with.len && slice_eq(slice_head(s, with.len), with);
}

#endif
