/*
 * codec.h - octet formats, written and read field by field. Integers are
 * big-endian.
 *
 * A writer and a reader carry their first error, so that a whole message is
 * written or read with one check at its end: put, put, put, then
 * wr_end(); get, get, get, then rd_end(), which refuses left-over octets.
 * After an error gets yield zeros and empty slices.
 */
#ifndef BASE_CODEC_H
#define BASE_CODEC_H

#include "base/buf.h"
#include "base/err.h"
#include "base/id.h"
#include "base/slice.h"

struct wr {
	struct buf *to;
	enum err err;
};

void wr_init(struct wr *w, struct buf *to);
void wr_u8(struct wr *w, uint8_t v);
void wr_u16(struct wr *w, uint16_t v);
void wr_u32(struct wr *w, uint32_t v);
void wr_u64(struct wr *w, uint64_t v);
void wr_octets(struct wr *w, struct slice s);
void wr_id(struct wr *w, const struct id *id);
/* u32 length, then the octets. */
void wr_sized(struct wr *w, struct slice s);
void wr_zeros(struct wr *w, size_t n);
MUST_USE enum err wr_end(const struct wr *w);

struct rd {
	struct slice rest;
	enum err err;
};

void rd_init(struct rd *r, struct slice from);
uint8_t rd_u8(struct rd *r);
uint16_t rd_u16(struct rd *r);
uint32_t rd_u32(struct rd *r);
uint64_t rd_u64(struct rd *r);
/* Exactly n octets, borrowed from the input. */
struct slice rd_octets(struct rd *r, size_t n);
/* n octets copied to to. */
void rd_copy(struct rd *r, uint8_t *to, size_t n);
void rd_id(struct rd *r, struct id *to);
/* u32 length (at most max: else ERR_LIMIT), then the octets. */
struct slice rd_sized(struct rd *r, size_t max);
/* ERR_SYNTAX when octets are left over; else the first error. */
MUST_USE enum err rd_end(const struct rd *r);

/*
 * Text forms. hex is lower case; b64 is base64url without padding (RFC 4648
 * section 5), strict: no white space, no padding, unused bits are zero.
 * Both run in time that depends on the length alone.
 * Encoders write a final NUL; room for hex is 2 n + 1, for b64 B64_ROOM(n).
 */
#define B64_ROOM(n) (((n)*4 + 2) / 3 + 1)
void hex_encode(struct slice in, char *to);
MUST_USE enum err hex_decode(struct slice text, uint8_t *to, size_t exactly);
void b64_encode(struct slice in, char *to);
/* *ret_len octets at most room. ERR_SYNTAX, ERR_LIMIT. */
MUST_USE enum err
b64_decode(struct slice text, uint8_t *to, size_t room, size_t *ret_len);
/* ERR_SYNTAX unless it is exactly n octets. */
MUST_USE enum err b64_decode_exactly(struct slice text, uint8_t *to, size_t n);

#endif
