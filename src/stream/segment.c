#include "stream/segment.h"

#include "base/codec.h"

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
segment_entry_put(struct buf *to, const struct segment_entry *e)
{
	struct wr w;

	wr_init(&w, to);
	wr_octets(&w, SLICE_OF(e->run.octets));
	wr_u32(&w, e->index);
	wr_u32(&w, e->offset);
	return wr_end(&w);
}

struct segment_entry
segment_entry_at(struct slice entries, size_t i)
{
	struct slice s = slice_skip(entries, i * SEGMENT_ENTRY_OCTETS);
	struct segment_entry e;

	assert(s.len >= SEGMENT_ENTRY_OCTETS);
	memcpy(e.run.octets, s.at, RUN_ID_OCTETS);
	s = slice_skip(s, RUN_ID_OCTETS);
	e.index = (uint32_t)slice_be(s, 4);
	e.offset = (uint32_t)slice_be(slice_skip(s, 4), 4);
	return e;
}

enum err
segment_count_put(struct buf *entries)
{
	struct wr w;

	const uint32_t n = (uint32_t)(entries->len / SEGMENT_ENTRY_OCTETS);

	wr_init(&w, entries);
	wr_u32(&w, n);
	return wr_end(&w);
}

/* Offsets rise and lie before the entries: random octets do not do that. */
static bool
entries_hold(struct slice entries)
{
	const size_t n = entries.len / SEGMENT_ENTRY_OCTETS;
	uint32_t least = SEGMENT_HEAD_OCTETS;

	for (size_t i = 0; i < n; i++) {
		const uint32_t at = segment_entry_at(entries, i).offset;

		if (at < least || at > SEGMENT_ROOM - entries.len)
			return false;
		least = at + 1;
	}
	return n > 0;
}

enum err
segment_entries_parse(struct slice end, struct slice *ret_entries)
{
	if (end.len < SEGMENT_TAIL_OCTETS)
		return ERR_SYNTAX;
	const struct slice tail = slice_skip(end,
	    end.len - SEGMENT_TAIL_OCTETS);
	const uint64_t n = slice_be(tail, 4);
	const size_t room = end.len - SEGMENT_TAIL_OCTETS;

	if (n > SEGMENT_ENTRIES_MAX || n * SEGMENT_ENTRY_OCTETS > room)
		return ERR_SYNTAX;
	const size_t octets = (size_t)n * SEGMENT_ENTRY_OCTETS;
	const struct slice entries = slice_head(slice_skip(end, room - octets),
	    octets);
	if (!entries_hold(entries))
		return ERR_SYNTAX;
	*ret_entries = entries;
	return ERR_OK;
}

enum err
segment_frames_scan(struct slice frames,
    enum err (*each)(void *ctx, const struct record_clear *clear,
	struct slice record),
    void *ctx)
{
	while (frames.len >= 4) {
		const uint64_t n = slice_be(frames, 4);
		struct record_clear clear;
		enum err e;

		frames = slice_skip(frames, 4);
		if (n == 0 || n > frames.len ||
		    record_clear_parse(slice_head(frames, (size_t)n), &clear) !=
			ERR_OK)
			break;
		if ((e = each(ctx, &clear, slice_head(frames, (size_t)n))) !=
		    ERR_OK)
			return e;
		frames = slice_skip(frames, (size_t)n);
	}
	return ERR_OK;
}

enum err
segment_scan(struct slice segment,
    enum err (*each)(void *ctx, const struct record_clear *clear,
	struct slice record),
    void *ctx)
{
	if (!slice_starts(segment, MAGIC))
		return ERR_SYNTAX;
	return segment_frames_scan(slice_skip(segment, SEGMENT_HEAD_OCTETS),
	    each, ctx);
}
