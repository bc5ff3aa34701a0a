#include "proto/hevc.h"

#include "base/codec.h"
#include "base/obj.h"
#include "proto/bits.h"

#define VPS            32
#define KINDS          3  /* VPS, SPS, PPS */
#define HEADER_OCTETS  2  /* of a NAL unit */
#define PROFILE_OCTETS 12 /* from its space to its level */
#define LAYERS_MORE    6  /* of time, over the first */
#define DEPTH_MORE     7  /* bits over 8 */
#define SIDE_MAX       16384

/* What the first SPS says. */
struct sps {
	uint8_t profile[PROFILE_OCTETS]; /* as hvcC has it */
	uint8_t layers, nested, chroma, luma_more, chroma_more;
	struct avc_size size;
};

static void
layers_skip(struct bits *b, unsigned more)
{
	unsigned present[LAYERS_MORE] = { 0 };

	for (unsigned i = 0; i < more; i++)
		present[i] = (unsigned)bits_u(b, 2);
	for (unsigned i = more; more > 0 && i < 8; i++)
		(void)bits_u(b, 2);
	for (unsigned i = 0; i < more; i++) {
		for (unsigned n = 0; (present[i] & 2) != 0 && n < 11; n++)
			(void)bits_u(b, 8);
		if ((present[i] & 1) != 0)
			(void)bits_u(b, 8);
	}
}

static void
size_get(struct bits *b, struct sps *s)
{
	uint64_t crop[4] = { 0 };
	const uint64_t x = s->chroma == 1 || s->chroma == 2 ? 2 : 1;
	const uint64_t y = s->chroma == 1 ? 2 : 1;
	const uint64_t across = bits_ue(b), down = bits_ue(b);

	if (bits_u(b, 1) != 0)
		for (size_t i = 0; i < COUNT(crop); i++)
			crop[i] = bits_ue(b);
	const uint64_t width = across - x * (crop[0] + crop[1]);
	const uint64_t height = down - y * (crop[2] + crop[3]);
	/* less than nothing is more than all */
	if (width < 1 || width > SIDE_MAX || height < 1 || height > SIDE_MAX)
		b->err = ERR_SYNTAX;
	s->size = (struct avc_size){ (uint16_t)width, (uint16_t)height };
}

static enum err
sps_read(struct slice sps, struct sps *ret_sps)
{
	struct sps s;
	struct bits b;

	if (sps.len < HEADER_OCTETS)
		return ERR_SYNTAX;
	b = (struct bits){ .rest = slice_skip(sps, HEADER_OCTETS) };
	(void)bits_u(&b, 4);
	const unsigned more = (unsigned)bits_u(&b, 3);
	s.nested = (uint8_t)bits_u(&b, 1);
	if (more > LAYERS_MORE)
		return ERR_SYNTAX;
	s.layers = (uint8_t)(more + 1);
	for (size_t i = 0; i < PROFILE_OCTETS; i++)
		s.profile[i] = (uint8_t)bits_u(&b, 8);
	layers_skip(&b, more);
	(void)bits_ue(&b);
	const uint64_t chroma = bits_ue(&b);
	if (chroma > 3)
		return ERR_SYNTAX;
	if (chroma == 3)
		(void)bits_u(&b, 1);
	s.chroma = (uint8_t)chroma;
	size_get(&b, &s);
	const uint64_t luma = bits_ue(&b), colour = bits_ue(&b);
	if (b.err != ERR_OK || luma > DEPTH_MORE || colour > DEPTH_MORE)
		return ERR_SYNTAX;
	s.luma_more = (uint8_t)luma;
	s.chroma_more = (uint8_t)colour;
	*ret_sps = s;
	return ERR_OK;
}

struct sets {
	struct slice list[HEVC_SETS_MAX];
	uint16_t count;
};

static enum err
set_add(struct slice set, struct sets *to)
{
	if (to->count == HEVC_SETS_MAX || set.len > UINT16_MAX)
		return ERR_LIMIT;
	to->list[to->count++] = set;
	return ERR_OK;
}

static enum err
sets_find(struct slice sample, struct sets sets[static KINDS])
{
	enum err e = ERR_OK;

	for (; sample.len > 0 && e == ERR_OK;) {
		if (sample.len < 5)
			return ERR_SYNTAX;
		const uint64_t n = slice_be(sample, 4);
		sample = slice_skip(sample, 4);
		if (n == 0 || n > sample.len)
			return ERR_SYNTAX;
		const struct slice nal = slice_head(sample, (size_t)n);
		sample = slice_skip(sample, (size_t)n);
		const unsigned type = nal.at[0] >> 1 & 63;
		if (type >= VPS && type < VPS + KINDS)
			e = set_add(nal, &sets[type - VPS]);
	}
	return e;
}

static void
sets_put(struct wr *w, const struct sets sets[static KINDS])
{
	wr_u8(w, KINDS);
	for (size_t k = 0; k < KINDS; k++) {
		wr_u8(w, (uint8_t)(0x80 | (VPS + k)));
		wr_u16(w, sets[k].count);
		for (size_t i = 0; i < sets[k].count; i++) {
			wr_u16(w, (uint16_t)sets[k].list[i].len);
			wr_octets(w, sets[k].list[i]);
		}
	}
}

enum err
hevc_setup(struct slice sample, struct buf *to, struct avc_size *ret_size)
{
	struct sets sets[KINDS];
	struct sps s;
	struct wr w;
	enum err e;

	for (size_t k = 0; k < KINDS; k++)
		sets[k].count = 0;
	if ((e = sets_find(sample, sets)) != ERR_OK)
		return e;
	for (size_t k = 0; k < KINDS; k++)
		if (sets[k].count == 0)
			return ERR_MISSING;
	if ((e = sps_read(sets[1].list[0], &s)) != ERR_OK)
		return e;
	wr_init(&w, to);
	wr_u8(&w, 1);
	wr_octets(&w, SLICE_OF(s.profile));
	wr_u16(&w, 0xf000); /* segments, and how to decode in parallel: */
	wr_u8(&w, 0xfc);    /* nothing is said of it */
	wr_u8(&w, 0xfc | s.chroma);
	wr_u8(&w, 0xf8 | s.luma_more);
	wr_u8(&w, 0xf8 | s.chroma_more);
	wr_u16(&w, 0); /* nor of the rate */
	wr_u8(&w, (uint8_t)(s.layers << 3 | s.nested << 2 | 3));
	sets_put(&w, sets);
	if ((e = wr_end(&w)) == ERR_OK)
		*ret_size = s.size;
	return e;
}
