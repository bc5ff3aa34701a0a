/*
 * bits.h - reads the bits of a NAL unit (ITU-T H.264 section 7.2, H.265
 * section 7.2): without the 03 that stands after 00 00. Pure.
 */
#ifndef PROTO_BITS_H
#define PROTO_BITS_H

#include "base/err.h"
#include "base/slice.h"

/* { .rest = what is behind the unit's header }; err: the first one. */
struct bits {
	struct slice rest;
	unsigned zeros; /* octets just before */
	unsigned left;  /* bits of octet */
	uint8_t octet;
	enum err err; /* ERR_SYNTAX; only zeros come behind it */
};

/* n <= 32 */
uint64_t bits_u(struct bits *b, unsigned n);
/* Exp-Golomb, 63 bits at most. */
uint64_t bits_ue(struct bits *b);
int64_t bits_se(struct bits *b);

#endif
