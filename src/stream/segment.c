#include "stream/segment.h"

#define RUN_HEADER_CLEAR 103
#define MAGIC            SLICE_LIT("EAVESEG1\0\0\0\0\0\0\0\0")

/* The two numbers of an SFrame header (RFC 9605 4.3), shortest form only. */
static enum err
number_read(unsigned bits, struct slice *rest, uint64_t *ret)
{
	const size_t n = (bits & 7) + 1;

	if ((bits & 8) == 0) {
		*ret = bits & 7;
		return ERR_OK;
	}
	if (rest->len < n)
		return ERR_SYNTAX;
	*ret = slice_be(*rest, n);
	*rest = slice_skip(*rest, n);
	return *ret < 8 || (n > 1 && *ret >> (8 * (n - 1)) == 0) ? ERR_SYNTAX
								 : ERR_OK;
}

static enum err
sframe_read(struct slice s, struct record_clear *ret)
{
	uint64_t kid;
	enum err e;

	if (s.len == 0)
		return ERR_SYNTAX;
	struct slice rest = slice_skip(s, 1);
	if ((e = number_read(s.at[0] >> 4, &rest, &kid)) != ERR_OK ||
	    (e = number_read(s.at[0] & 15, &rest, &ret->index)) != ERR_OK)
		return e;
	for (int i = 0; i < RUN_ID_OCTETS; i++)
		ret->run.octets[i] = (uint8_t)(kid >> (56 - 8 * i));
	return rest.len < 16 ? ERR_SYNTAX : ERR_OK;
}

enum err
record_clear_parse(struct slice record, struct record_clear *ret)
{
	struct record_clear c;
	enum err e;

	if (record.len < RECORD_OCTETS_MIN || record.len > RECORD_OCTETS_MAX ||
	    record.at[0] != 1)
		return ERR_SYNTAX;
	c.flags = record.at[1];
	switch (c.flags) {
	case 0:
	case RECORD_KEY:
	case RECORD_MARK:
	case RECORD_MARK | RECORD_END:
		e = sframe_read(slice_skip(record, 2), &c);
		if (e == ERR_OK && c.index == 0)
			e = ERR_SYNTAX;
		break;
	case RECORD_HEADER:
		if (record.len < RUN_HEADER_CLEAR + 1)
			return ERR_SYNTAX;
		e = sframe_read(slice_skip(record, RUN_HEADER_CLEAR), &c);
		if (e == ERR_OK &&
		    (c.index != 0 || memcmp(c.run.octets, record.at + 15,
					 RUN_ID_OCTETS) != 0))
			e = ERR_SYNTAX;
		break;
	default:
		return ERR_SYNTAX;
	}
	if (e == ERR_OK)
		*ret = c;
	return e;
}

enum err
segment_head_put(struct buf *to)
{
	return buf_append(to, MAGIC);
}

enum err
segment_frame_put(struct buf *to, struct slice record)
{
	uint8_t length[4];
	const size_t before = to->len;
	enum err e;

	for (int i = 0; i < 4; i++)
		length[i] = (uint8_t)(record.len >> (24 - 8 * i));
	if ((e = buf_append(to, SLICE_OF(length))) == ERR_OK &&
	    (e = buf_append(to, record)) != ERR_OK)
		to->len = before;
	return e;
}

enum err
segment_scan(struct slice segment,
    enum err (*each)(void *ctx, const struct record_clear *clear,
	struct slice record),
    void *ctx)
{
	if (!slice_starts(segment, MAGIC))
		return ERR_SYNTAX;
	segment = slice_skip(segment, SEGMENT_HEAD_OCTETS);
	while (segment.len >= 4) {
		const uint64_t n = slice_be(segment, 4);
		struct record_clear clear;
		enum err e;

		segment = slice_skip(segment, 4);
		if (n == 0 || n > segment.len ||
		    record_clear_parse(slice_head(segment, (size_t)n),
			&clear) != ERR_OK)
			break;
		if ((e = each(ctx, &clear, slice_head(segment, (size_t)n))) !=
		    ERR_OK)
			return e;
		segment = slice_skip(segment, (size_t)n);
	}
	return ERR_OK;
}
