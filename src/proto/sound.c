#include "proto/sound.h"

#include "base/codec.h"

enum err
sound_head_parse(struct slice head, struct sound *ret_sound)
{
	struct sound s;
	struct rd r;
	enum err e;

	rd_init(&r, head);
	const uint8_t codec = rd_u8(&r);
	s.rate = rd_u32(&r);
	s.channels = rd_u8(&r);
	s.config = rd_octets(&r, rd_u8(&r));
	if ((e = rd_end(&r)) != ERR_OK)
		return e;
	if (codec < SOUND_AAC || codec > SOUND_PCMA ||
	    (codec == SOUND_AAC) != (s.config.len > 0) ||
	    head.len > SOUND_HEAD_MAX || s.rate < 8000 || s.rate > 96000 ||
	    s.channels < 1 || s.channels > 2)
		return ERR_SYNTAX;
	s.codec = (enum sound_codec)codec;
	*ret_sound = s;
	return ERR_OK;
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
