#include "proto/avc.h"

#include "base/codec.h"
#include "base/obj.h"
#include "proto/bits.h"

#define SPS            7
#define PPS            8
#define SIDE_MAX       16384
#define REFERENCES_MAX 255 /* in a cycle of picture order count type 1 */

static void
list_skip(struct bits *b, int count)
{
	int64_t last = 8, next = 8;

	for (int i = 0; i < count && b->err == ERR_OK; i++) {
		if (next != 0)
			next = (last + bits_se(b) % 256 + 256) % 256;
		last = next == 0 ? last : next;
	}
}

/* The chroma format: 0 none, 1 4:2:0, 2 4:2:2, 3 4:4:4. */
static uint64_t
chroma_get(struct bits *b)
{
	const uint64_t format = bits_ue(b);

	if (format > 3)
		b->err = ERR_SYNTAX;
	if (format == 3)
		(void)bits_u(b, 1);
	(void)bits_ue(b);
	(void)bits_ue(b);
	(void)bits_u(b, 1);
	if (bits_u(b, 1) != 0)
		for (int i = 0; i < (format == 3 ? 12 : 8); i++)
			if (bits_u(b, 1) != 0)
				list_skip(b, i < 6 ? 16 : 64);
	return format;
}

static void
order_skip(struct bits *b)
{
	const uint64_t type = bits_ue(b);

	if (type == 0)
		(void)bits_ue(b);
	if (type != 1)
		return;
	(void)bits_u(b, 1);
	(void)bits_ue(b);
	(void)bits_ue(b);
	const uint64_t count = bits_ue(b);
	if (count > REFERENCES_MAX)
		b->err = ERR_SYNTAX;
	for (uint64_t i = 0; i < count && b->err == ERR_OK; i++)
		(void)bits_ue(b);
}

static bool
has_chroma(uint64_t profile)
{
	static const uint8_t with[] = { 100, 110, 122, 244, 44, 83, 86, 118,
		128, 138, 139, 134, 135 };

	for (size_t i = 0; i < COUNT(with); i++)
		if (with[i] == profile)
			return true;
	return false;
}

static enum err
sps_size(struct slice sps, struct avc_size *ret_size)
{
	struct bits b = { .rest = slice_skip(sps, 1) };
	uint64_t crop[4] = { 0 };

	const uint64_t profile = bits_u(&b, 8);
	(void)bits_u(&b, 16);
	(void)bits_ue(&b);
	const uint64_t format = has_chroma(profile) ? chroma_get(&b) : 1;
	(void)bits_ue(&b);
	order_skip(&b);
	(void)bits_ue(&b);
	(void)bits_u(&b, 1);
	const uint64_t across = bits_ue(&b) + 1, down = bits_ue(&b) + 1;
	const uint64_t fields = 2 - bits_u(&b, 1);
	if (fields == 2)
		(void)bits_u(&b, 1);
	(void)bits_u(&b, 1);
	if (bits_u(&b, 1) != 0)
		for (size_t i = 0; i < 4; i++)
			crop[i] = bits_ue(&b);
	if (b.err != ERR_OK)
		return b.err;
	const uint64_t x = format == 1 || format == 2 ? 2 : 1;
	const uint64_t y = (format == 1 ? 2 : 1) * fields;
	const uint64_t width = across * 16 - x * (crop[0] + crop[1]);
	const uint64_t height = down * 16 * fields - y * (crop[2] + crop[3]);
	/* less than nothing is more than all */
	if (width < 1 || width > SIDE_MAX || height < 1 || height > SIDE_MAX)
		return ERR_SYNTAX;
	*ret_size = (struct avc_size){ (uint16_t)width, (uint16_t)height };
	return ERR_OK;
}

struct sets {
	struct slice sps[AVC_SETS_MAX], pps[AVC_SETS_MAX];
	size_t sps_count, pps_count;
};

static enum err
set_add(struct slice set, struct slice list[static AVC_SETS_MAX], size_t *count)
{
	if (*count == AVC_SETS_MAX - 1 || set.len > UINT16_MAX)
		return ERR_LIMIT;
	list[(*count)++] = set;
	return ERR_OK;
}

static enum err
sets_find(struct slice sample, struct sets *s)
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
		if ((nal.at[0] & 31) == SPS)
			e = set_add(nal, s->sps, &s->sps_count);
		else if ((nal.at[0] & 31) == PPS)
			e = set_add(nal, s->pps, &s->pps_count);
	}
	return e;
}

static void
sets_put(struct wr *w, const struct slice *list, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		wr_u16(w, (uint16_t)list[i].len);
		wr_octets(w, list[i]);
	}
}

enum err
avc_setup(struct slice sample, struct buf *to, struct avc_size *ret_size)
{
	struct sets s = { .sps_count = 0 };
	struct wr w;
	enum err e;

	if ((e = sets_find(sample, &s)) != ERR_OK)
		return e;
	if (s.sps_count == 0 || s.pps_count == 0 || s.sps[0].len < 4)
		return ERR_MISSING;
	if ((e = sps_size(s.sps[0], ret_size)) != ERR_OK)
		return e;
	const uint8_t profile = s.sps[0].at[1];
	wr_init(&w, to);
	wr_u8(&w, 1);
	wr_octets(&w, slice_head(slice_skip(s.sps[0], 1), 3));
	wr_u8(&w, 0xff);
	wr_u8(&w, (uint8_t)(0xe0 | s.sps_count));
	sets_put(&w, s.sps, s.sps_count);
	wr_u8(&w, (uint8_t)s.pps_count);
	sets_put(&w, s.pps, s.pps_count);
	/* 4:2:0 with 8 bits: what the app plays */
	if (profile == 100 || profile == 110 || profile == 122 ||
	    profile == 144)
		wr_octets(&w, SLICE_LIT("\xfd\xf8\xf8\0"));
	return wr_end(&w);
}
