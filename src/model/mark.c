#include "model/mark.h"

#include "base/codec.h"

enum err
leaves_add(struct leaves *l, uint64_t index, uint8_t flags, uint64_t time_us,
    uint8_t kind, struct slice octets)
{
	uint8_t hash[SHA256_OCTETS];

	sha256(octets, hash);
	return leaves_add_digest(l, index, flags, time_us, kind, hash);
}

enum err
leaves_add_digest(struct leaves *l, uint64_t index, uint8_t flags,
    uint64_t time_us, uint8_t kind, const uint8_t digest[static SHA256_OCTETS])
{
	if (l->count == MARK_RECORDS_MAX)
		return ERR_LIMIT;
	const struct be64 i = be64_make(index), t = be64_make(time_us);
	const uint8_t zero = 0;
	const struct slice parts[] = { slice_make(&zero, 1), be64_tail(&i, 8),
		slice_make(&flags, 1), be64_tail(&t, 8), slice_make(&kind, 1),
		slice_make(digest, SHA256_OCTETS) };
	sha256_join(parts, 6, l->at[l->count]);
	if (l->count == 0) {
		l->first_index = index;
		l->first_us = time_us;
	}
	l->last_us = time_us;
	l->count++;
	return ERR_OK;
}

void
leaves_hash(const struct leaves *l, uint8_t ret_hash[static SHA256_OCTETS])
{
	sha256(slice_make(l->at, (size_t)l->count * SHA256_OCTETS), ret_hash);
}

static enum err
mark_fields(const struct mark *m, struct buf *to)
{
	struct wr w;

	wr_init(&w, to);
	wr_octets(&w, SLICE_OF(m->header_hash));
	wr_u32(&w, m->number);
	wr_u64(&w, m->first_index);
	wr_u32(&w, m->count);
	wr_u64(&w, m->first_us);
	wr_u64(&w, m->last_us);
	wr_octets(&w, SLICE_OF(m->leaves_hash));
	wr_octets(&w, SLICE_OF(m->before_hash));
	wr_u8(&w, m->flags);
	return wr_end(&w);
}

enum err
mark_put(const struct mark *m, const struct sign_pair *by, struct buf *to)
{
	const size_t from = to->len;
	uint8_t signature[SIGN_OCTETS];
	enum err e;

	if ((e = mark_fields(m, to)) != ERR_OK ||
	    (e = sign_make(by, LABEL_MARK,
		 FIELDS(slice_skip(buf_slice(to), from)), signature)) != ERR_OK)
		return e;
	return buf_append(to, SLICE_OF(signature));
}

enum err
mark_get(struct slice octets, const uint8_t by[static SIGN_PUBLIC_OCTETS],
    struct mark *ret_mark)
{
	struct mark m;
	struct rd r;
	enum err e;

	if (octets.len != MARK_OCTETS)
		return ERR_SYNTAX;
	if ((e = sign_check(by, LABEL_MARK,
		 FIELDS(slice_head(octets, MARK_OCTETS - SIGN_OCTETS)),
		 octets.at + MARK_OCTETS - SIGN_OCTETS)) != ERR_OK)
		return e;
	rd_init(&r, octets);
	rd_copy(&r, m.header_hash, SHA256_OCTETS);
	m.number = rd_u32(&r);
	m.first_index = rd_u64(&r);
	m.count = rd_u32(&r);
	m.first_us = rd_u64(&r);
	m.last_us = rd_u64(&r);
	rd_copy(&r, m.leaves_hash, SHA256_OCTETS);
	rd_copy(&r, m.before_hash, SHA256_OCTETS);
	m.flags = rd_u8(&r);
	(void)rd_octets(&r, SIGN_OCTETS);
	if ((e = rd_end(&r)) != ERR_OK)
		return e;
	if (m.flags > MARK_ENDS || m.count > MARK_RECORDS_MAX)
		return ERR_SYNTAX;
	*ret_mark = m;
	return ERR_OK;
}
