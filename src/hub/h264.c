#include "hub/h264.h"

#include "base/codec.h"
#include "proto/annexb.h"

/* What a NAL unit is there for. */
enum nal_role {
	NAL_OTHER,
	NAL_LEFT_OUT, /* delimiters, ends, filler */
	NAL_PICTURE,
	NAL_KEY, /* a picture that needs none before it */
	NAL_VPS,
	NAL_SPS,
	NAL_PPS
};

typedef enum nal_role (*nal_role_of)(struct slice nal);

/* ITU-T H.264 table 7-1 */
static enum nal_role
h264_role(struct slice nal)
{
	const unsigned type = nal.len == 0 ? 0 : nal.at[0] & 31;

	switch (type) {
	case 5:
		return NAL_KEY;
	case 7:
		return NAL_SPS;
	case 8:
		return NAL_PPS;
	case 0:
	case 9:
	case 10:
	case 11:
	case 12:
		return NAL_LEFT_OUT;
	default:
		return type < 5 ? NAL_PICTURE : NAL_OTHER;
	}
}

/* ITU-T H.265 table 7-1 */
static enum nal_role
h265_role(struct slice nal)
{
	const unsigned type = nal.len < 2 ? 35 : nal.at[0] >> 1 & 63;

	switch (type) {
	case 32:
		return NAL_VPS;
	case 33:
		return NAL_SPS;
	case 34:
		return NAL_PPS;
	case 35:
	case 36:
	case 37:
	case 38:
		return NAL_LEFT_OUT;
	default:
		if (type >= 16 && type <= 21)
			return NAL_KEY;
		return type < 32 ? NAL_PICTURE : NAL_OTHER;
	}
}

void
h264_setup_init(struct h264_setup *s)
{
	*s = (struct h264_setup){ 0 };
	buf_init(&s->vps, H264_SETUP_OCTETS_MAX);
	buf_init(&s->sps, H264_SETUP_OCTETS_MAX);
	buf_init(&s->pps, H264_SETUP_OCTETS_MAX);
}

void
h264_setup_fini(struct h264_setup *s)
{
	buf_fini(&s->vps);
	buf_fini(&s->sps);
	buf_fini(&s->pps);
}

enum err
h264_setup_put(const struct h264_setup *s, struct buf *to)
{
	struct wr w;

	wr_init(&w, to);
	if (s->vps.len > 0)
		wr_sized(&w, buf_slice(&s->vps));
	wr_sized(&w, buf_slice(&s->sps));
	wr_sized(&w, buf_slice(&s->pps));
	return wr_end(&w);
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

/* What the unit holds; learns the first of each set on the way. */
struct contents {
	bool key, picture, vps, sps, pps;
};

static enum err
nal_look(struct slice nal, enum nal_role role, struct h264_setup *setup,
    struct contents *c)
{
	struct {
		bool *seen;
		struct buf *set;
	} of = { NULL, NULL };

	c->key |= role == NAL_KEY;
	c->picture |= role == NAL_KEY || role == NAL_PICTURE;
	if (role == NAL_VPS)
		of.seen = &c->vps, of.set = &setup->vps;
	else if (role == NAL_SPS)
		of.seen = &c->sps, of.set = &setup->sps;
	else if (role == NAL_PPS)
		of.seen = &c->pps, of.set = &setup->pps;
	if (of.seen == NULL || *of.seen)
		return ERR_OK;
	*of.seen = true;
	return setup_learn(setup, of.set, nal);
}

static enum err
unit_look(struct slice annexb, nal_role_of role_of, struct h264_setup *setup,
    struct contents *c)
{
	struct slice rest = annexb, nal;
	unsigned count = 0;
	enum err e = ERR_OK;

	while (e == ERR_OK && annexb_next(&rest, &nal)) {
		if (++count > H264_NALS_MAX)
			return ERR_LIMIT;
		e = nal_look(nal, role_of(nal), setup, c);
	}
	return e;
}

/* The sets that a key frame lacks. */
static enum err
sets_put(const struct contents *c, const struct h264_setup *s, struct buf *out)
{
	enum err e = ERR_OK;

	if (!c->vps && s->vps.len > 0)
		e = nal_put(out, buf_slice(&s->vps));
	if (e == ERR_OK && !c->sps)
		e = nal_put(out, buf_slice(&s->sps));
	if (e == ERR_OK && !c->pps)
		e = nal_put(out, buf_slice(&s->pps));
	return e;
}

static enum err
unit_take(struct slice annexb, nal_role_of role_of, struct h264_setup *setup,
    struct buf *out, bool *ret_key)
{
	struct contents c = { 0 };
	struct slice rest = annexb, nal;
	enum err e;

	if ((e = unit_look(annexb, role_of, setup, &c)) != ERR_OK)
		return e;
	if (!c.picture)
		return ERR_SYNTAX;
	if (c.key && (setup->sps.len == 0 || setup->pps.len == 0 ||
			 (setup->vps.len == 0) != (role_of == h264_role)))
		return ERR_MISSING;
	if (c.key && (e = sets_put(&c, setup, out)) != ERR_OK)
		return e;
	while (annexb_next(&rest, &nal))
		if (role_of(nal) != NAL_LEFT_OUT &&
		    (e = nal_put(out, nal)) != ERR_OK)
			return e;
	*ret_key = c.key;
	return ERR_OK;
}

enum err
h264_unit(struct slice annexb, struct h264_setup *setup, struct buf *out,
    bool *ret_key)
{
	buf_clear(&setup->vps); /* it sent H.265 before */
	return unit_take(annexb, h264_role, setup, out, ret_key);
}

enum err
h265_unit(struct slice annexb, struct h264_setup *setup, struct buf *out,
    bool *ret_key)
{
	return unit_take(annexb, h265_role, setup, out, ret_key);
}
