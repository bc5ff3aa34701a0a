#include "hub/h264.h"

#include "base/codec.h"

enum nal_type {
	NAL_IDR = 5,
	NAL_SPS = 7,
	NAL_PPS = 8,
	NAL_DELIMITER = 9,
	NAL_END_SEQUENCE = 10,
	NAL_END_STREAM = 11,
	NAL_FILLER = 12
};

void
h264_setup_init(struct h264_setup *s)
{
	*s = (struct h264_setup){ 0 };
	buf_init(&s->sps, H264_SETUP_OCTETS_MAX);
	buf_init(&s->pps, H264_SETUP_OCTETS_MAX);
}

void
h264_setup_fini(struct h264_setup *s)
{
	buf_fini(&s->sps);
	buf_fini(&s->pps);
}

enum err
h264_setup_put(const struct h264_setup *s, struct buf *to)
{
	struct wr w;

	wr_init(&w, to);
	wr_sized(&w, buf_slice(&s->sps));
	wr_sized(&w, buf_slice(&s->pps));
	return wr_end(&w);
}

/* Where the next 00 00 01 begins; s.len when there is none. */
static size_t
start_find(struct slice s)
{
	size_t i = 0;

	while (i + 3 <= s.len) {
		/* a zero is rare: look for the one */
		const uint8_t *one = memchr(s.at + i + 2, 1, s.len - i - 2);
		if (one == NULL)
			return s.len;
		const size_t at = (size_t)(one - s.at);
		if (s.at[at - 1] == 0 && s.at[at - 2] == 0)
			return at - 2;
		i = at - 1;
	}
	return s.len;
}

/*
 * The next NAL unit; *rest moves behind it. Zeros before a start code and at
 * the end belong to no unit.
 */
static bool
nal_next(struct slice *rest, struct slice *ret_nal)
{
	const size_t start = start_find(*rest);

	if (start == rest->len)
		return false;
	*rest = slice_skip(*rest, start + 3);
	const size_t end = start_find(*rest);
	struct slice nal = slice_head(*rest, end);
	while (nal.len > 0 && nal.at[nal.len - 1] == 0)
		nal.len--;
	*rest = slice_skip(*rest, end);
	*ret_nal = nal;
	return true;
}

static enum err
setup_learn(struct h264_setup *s, struct buf *which, struct slice nal)
{
	if (slice_eq(buf_slice(which), nal))
		return ERR_OK;
	buf_clear(which);
	s->changed = true;
	return buf_append(which, nal);
}

static enum err
nal_put(struct buf *out, struct slice nal)
{
	struct wr w;

	wr_init(&w, out);
	wr_sized(&w, nal);
	return wr_end(&w);
}

/* What the unit holds; learns the first SPS and PPS on the way. */
struct contents {
	bool idr, picture, sps, pps;
};

static enum err
unit_look(struct slice annexb, struct h264_setup *setup, struct contents *c)
{
	struct slice rest = annexb, nal;
	unsigned count = 0;
	enum err e = ERR_OK;

	while (e == ERR_OK && nal_next(&rest, &nal)) {
		if (++count > H264_NALS_MAX)
			return ERR_LIMIT;
		const unsigned type = nal.len == 0 ? 0 : nal.at[0] & 31;
		c->idr |= type == NAL_IDR;
		c->picture |= type >= 1 && type <= NAL_IDR;
		if (type == NAL_SPS && !c->sps) {
			c->sps = true;
			e = setup_learn(setup, &setup->sps, nal);
		} else if (type == NAL_PPS && !c->pps) {
			c->pps = true;
			e = setup_learn(setup, &setup->pps, nal);
		}
	}
	return e;
}

enum err
h264_unit(struct slice annexb, struct h264_setup *setup, struct buf *out,
    bool *ret_key)
{
	struct contents c = { 0 };
	struct slice rest = annexb, nal;
	enum err e;

	if ((e = unit_look(annexb, setup, &c)) != ERR_OK)
		return e;
	if (!c.picture)
		return ERR_SYNTAX;
	if (c.idr && (setup->sps.len == 0 || setup->pps.len == 0))
		return ERR_MISSING;
	if (c.idr && !c.sps &&
	    (e = nal_put(out, buf_slice(&setup->sps))) != ERR_OK)
		return e;
	if (c.idr && !c.pps &&
	    (e = nal_put(out, buf_slice(&setup->pps))) != ERR_OK)
		return e;
	while (nal_next(&rest, &nal)) {
		const unsigned type = nal.len == 0 ? 0 : nal.at[0] & 31;
		if (type == 0 || (type >= NAL_DELIMITER && type <= NAL_FILLER))
			continue;
		if ((e = nal_put(out, nal)) != ERR_OK)
			return e;
	}
	*ret_key = c.idr;
	return ERR_OK;
}
