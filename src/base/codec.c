#include "base/codec.h"

void
wr_init(struct wr *w, struct buf *to)
{
	*w = (struct wr){ .to = to, .err = ERR_OK };
}

void
wr_octets(struct wr *w, struct slice s)
{
	if (w->err == ERR_OK)
		w->err = buf_append(w->to, s);
}

static void
wr_be(struct wr *w, uint64_t v, size_t n)
{
	uint8_t octets[8];

	for (size_t i = 0; i < n; i++)
		octets[i] = (uint8_t)(v >> (8 * (n - 1 - i)));
	wr_octets(w, slice_make(octets, n));
}

void
wr_u8(struct wr *w, uint8_t v)
{
	wr_be(w, v, 1);
}

void
wr_u16(struct wr *w, uint16_t v)
{
	wr_be(w, v, 2);
}

void
wr_u32(struct wr *w, uint32_t v)
{
	wr_be(w, v, 4);
}

void
wr_u64(struct wr *w, uint64_t v)
{
	wr_be(w, v, 8);
}

void
wr_id(struct wr *w, const struct id *id)
{
	wr_octets(w, id_slice(id));
}

void
wr_sized(struct wr *w, struct slice s)
{
	if (s.len > UINT32_MAX) {
		w->err = w->err == ERR_OK ? ERR_LIMIT : w->err;
		return;
	}
	wr_u32(w, (uint32_t)s.len);
	wr_octets(w, s);
}

void
wr_zeros(struct wr *w, size_t n)
{
	static const uint8_t zeros[64];

	for (; n > sizeof zeros; n -= sizeof zeros)
		wr_octets(w, SLICE_OF(zeros));
	wr_octets(w, slice_make(zeros, n));
}

enum err
wr_end(const struct wr *w)
{
	return w->err;
}

void
rd_init(struct rd *r, struct slice from)
{
	*r = (struct rd){ .rest = from, .err = ERR_OK };
}

struct slice
rd_octets(struct rd *r, size_t n)
{
	if (r->err == ERR_OK && r->rest.len < n)
		r->err = ERR_SYNTAX;
	if (r->err != ERR_OK)
		return (struct slice){ NULL, 0 };
	const struct slice got = slice_head(r->rest, n);
	r->rest = slice_skip(r->rest, n);
	return got;
}

static uint64_t
rd_be(struct rd *r, size_t n)
{
	const struct slice s = rd_octets(r, n);

	return slice_be(s, s.len);
}

uint8_t
rd_u8(struct rd *r)
{
	return (uint8_t)rd_be(r, 1);
}

uint16_t
rd_u16(struct rd *r)
{
	return (uint16_t)rd_be(r, 2);
}

uint32_t
rd_u32(struct rd *r)
{
	return (uint32_t)rd_be(r, 4);
}

uint64_t
rd_u64(struct rd *r)
{
	return rd_be(r, 8);
}

void
rd_copy(struct rd *r, uint8_t *to, size_t n)
{
	const struct slice s = rd_octets(r, n);

	if (s.len == n && n != 0)
		memcpy(to, s.at, n);
	else
		memset(to, 0, n);
}

void
rd_id(struct rd *r, struct id *to)
{
	rd_copy(r, to->octets, ID_OCTETS);
}

struct slice
rd_sized(struct rd *r, size_t max)
{
	const uint32_t n = rd_u32(r);

	if (r->err == ERR_OK && n > max)
		r->err = ERR_LIMIT;
	return rd_octets(r, n);
}

enum err
rd_end(const struct rd *r)
{
	if (r->err != ERR_OK)
		return r->err;
	return r->rest.len == 0 ? ERR_OK : ERR_SYNTAX;
}
