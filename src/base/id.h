/*
 * id.h - 16 random octets that name an account, a home, a thing, a stream.
 * Made by the client that creates the thing; never derived from a person.
 */
#ifndef BASE_ID_H
#define BASE_ID_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/slice.h"

#define ID_OCTETS     16
#define RUN_ID_OCTETS 8

struct id {
	uint8_t octets[ID_OCTETS];
};

struct run_id {
	uint8_t octets[RUN_ID_OCTETS];
};

static inline bool
id_eq(const struct id *a, const struct id *b)
{
	return memcmp(a->octets, b->octets, ID_OCTETS) == 0;
}

static inline bool
id_is_zero(const struct id *a)
{
	static const struct id zero;

	return id_eq(a, &zero);
}

static inline struct slice
id_slice(const struct id *a)
{
	return slice_make(a->octets, ID_OCTETS);
}

#endif
