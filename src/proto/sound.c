#include "proto/sound.h"

#include "base/codec.h"

static bool
sound_is_fine(const struct sound *s)
{
	return s->codec >= SOUND_AAC && s->codec <= SOUND_PCMA &&
	       (s->codec == SOUND_AAC) == (s->config.len > 0) &&
	       s->config.len <= SOUND_CONFIG_MAX && s->rate >= 8000 &&
	       s->rate <= 96000 && s->channels >= 1 && s->channels <= 2;
}

static enum err
head_get(struct rd *r, struct sound_head *ret_head)
{
	struct sound_head h = { 0 };

	const uint8_t codec = rd_u8(r);
	h.sound.rate = rd_u32(r);
	h.sound.channels = rd_u8(r);
	h.sound.config = rd_octets(r, rd_u8(r));
	h.count = rd_u8(r);
	h.sizes = rd_octets(r, (size_t)2 * h.count);
	h.sound.codec = (enum sound_codec)codec;
	if (r->err != ERR_OK)
		return r->err;
	if (!sound_is_fine(&h.sound) || h.count == 0 ||
	    h.count > SOUND_FRAMES_MAX)
		return ERR_SYNTAX;
	for (size_t i = 0; i < h.sizes.len; i += 2) {
		const uint64_t n = slice_be(slice_skip(h.sizes, i), 2);
		if (n == 0 || n > SOUND_FRAME_MAX)
			return ERR_SYNTAX;
		h.octets += (uint32_t)n;
	}
	*ret_head = h;
	return ERR_OK;
}

enum err
sound_head_parse(struct slice head, struct sound_head *ret_head)
{
	struct sound_head h;
	struct rd r;
	enum err e;

	rd_init(&r, head);
	if ((e = head_get(&r, &h)) != ERR_OK || (e = rd_end(&r)) != ERR_OK)
		return e;
	*ret_head = h;
	return ERR_OK;
}

enum err
sound_frame_next(struct sound_head *head, struct slice *frames,
    struct slice *ret_frame)
{
	if (head->count == 0)
		return ERR_SYNTAX;
	const size_t n = (size_t)slice_be(head->sizes, 2);
	if (n > frames->len)
		return ERR_SYNTAX;
	head->count--;
	head->sizes = slice_skip(head->sizes, 2);
	*ret_frame = slice_head(*frames, n);
	*frames = slice_skip(*frames, n);
	return ERR_OK;
}

bool
sound_same(const struct sound *a, const struct sound *b)
{
	return a->codec == b->codec && a->rate == b->rate &&
	       a->channels == b->channels && slice_eq(a->config, b->config);
}

/* Samples at 48 kHz in a packet (RFC 6716 section 3.1). */
static uint32_t
opus_length(struct slice packet)
{
	static const uint16_t low[] = { 480, 960, 1920, 2880 };
	static const uint16_t high[] = { 120, 240, 480, 960 };
	const unsigned toc = packet.at[0], c = toc >> 3;
	const uint32_t one = c < 12   ? low[c & 3]
			     : c < 16 ? low[c & 1]
				      : high[c & 3];

	switch (toc & 3) {
	case 0:
		return one;
	case 3:
		return packet.len < 2 ? 0 : one * (packet.at[1] & 63);
	default:
		return 2 * one;
	}
}

enum err
sound_frame_length(const struct sound *s, struct slice frame,
    uint32_t *ret_samples)
{
	uint32_t n;

	if (frame.len == 0)
		return ERR_SYNTAX;
	switch (s->codec) {
	case SOUND_AAC:
		/* twice as many where bands are made up */
		n = s->config.at[0] >> 3 == 5 || s->config.at[0] >> 3 == 29
			? 2048
			: 1024;
		break;
	case SOUND_OPUS:
		n = opus_length(frame);
		break;
	case SOUND_PCMU:
	case SOUND_PCMA:
	default:
		n = (uint32_t)(frame.len / s->channels);
	}
	if (n == 0)
		return ERR_SYNTAX;
	*ret_samples = n;
	return ERR_OK;
}

uint32_t
sound_scale(const struct sound *s)
{
	return s->codec == SOUND_OPUS ? 48000 : s->rate;
}

size_t
sound_padding(size_t octets)
{
	return (SOUND_PADDED_TO - octets % SOUND_PADDED_TO) % SOUND_PADDED_TO;
}

enum err
sound_parse(struct slice octets, struct sound_head *ret_head,
    struct slice *ret_frames)
{
	struct sound_head h;
	struct rd r;
	enum err e;

	rd_init(&r, octets);
	if ((e = head_get(&r, &h)) != ERR_OK)
		return e;
	const struct slice frames = rd_octets(&r, h.octets);
	if (r.err != ERR_OK)
		return r.err;
	if (r.rest.len != sound_padding(octets.len - r.rest.len))
		return ERR_SYNTAX;
	for (size_t i = 0; i < r.rest.len; i++)
		if (r.rest.at[i] != 0)
			return ERR_SYNTAX;
	*ret_head = h;
	*ret_frames = frames;
	return ERR_OK;
}

enum err
sound_put(const struct sound *s, const uint16_t *sizes, size_t count,
    struct slice frames, struct buf *to)
{
	const size_t octets = 7 + s->config.len + 1 + 2 * count + frames.len;
	size_t sum = 0;
	struct wr w;

	if (!sound_is_fine(s) || count == 0)
		return ERR_SYNTAX;
	if (count > SOUND_FRAMES_MAX)
		return ERR_LIMIT;
	for (size_t i = 0; i < count; i++) {
		if (sizes[i] == 0 || sizes[i] > SOUND_FRAME_MAX)
			return ERR_LIMIT;
		sum += sizes[i];
	}
	if (sum != frames.len)
		return ERR_SYNTAX;
	wr_init(&w, to);
	wr_u8(&w, (uint8_t)s->codec);
	wr_u32(&w, s->rate);
	wr_u8(&w, s->channels);
	wr_u8(&w, (uint8_t)s->config.len);
	wr_octets(&w, s->config);
	wr_u8(&w, (uint8_t)count);
	for (size_t i = 0; i < count; i++)
		wr_u16(&w, sizes[i]);
	wr_octets(&w, frames);
	wr_zeros(&w, sound_padding(octets));
	return wr_end(&w);
}
