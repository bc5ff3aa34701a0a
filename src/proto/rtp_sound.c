#include "proto/rtp_sound.h"

#include "proto/sound.h"

#define OPUS_SAMPLES_MAX 5760 /* 120 ms, RFC 6716 section 3.2.5 */

void
rtp_sound_init(struct rtp_sound *r, const struct sdp_track *track,
    const struct sdp_aac *aac)
{
	*r = (struct rtp_sound){ .track = *track, .aac = *aac };
	buf_init(&r->part, RTP_SOUND_FRAME_OCTETS_MAX);
}

void
rtp_sound_fini(struct rtp_sound *r)
{
	buf_fini(&r->part);
}

/* --- AAC --- */

struct bits {
	struct slice s;
	size_t at;
};

/* n <= 16; the caller knows that so many are there. */
static unsigned
bits_take(struct bits *b, unsigned n)
{
	unsigned v = 0;

	for (; n > 0; n--, b->at++)
		v = v << 1 | ((b->s.at[b->at / 8] >> (7 - b->at % 8)) & 1u);
	return v;
}

static void
part_drop(struct rtp_sound *r)
{
	buf_clear(&r->part);
	r->part_octets = 0;
}

static enum err
frame_put(struct slice octets, uint32_t samples, struct rtp_sound_frames *to)
{
	const size_t n = to->count;

	if (n == RTP_SOUND_FRAMES_MAX ||
	    octets.len > RTP_SOUND_FRAME_OCTETS_MAX)
		return ERR_LIMIT;
	const uint32_t after = n == 0 ? 0
				      : to->at[n - 1].after +
					    to->at[n - 1].samples;
	to->at[n] = (struct rtp_sound_frame){ octets, after, samples };
	to->count++;
	return ERR_OK;
}

/* Section 3.2.3: one frame in several packets, each says its whole size. */
static enum err
part_take(struct rtp_sound *r, const struct rtp_packet *p, size_t whole,
    struct slice piece, struct rtp_sound_frames *to)
{
	enum err e;

	if (whole > RTP_SOUND_FRAME_OCTETS_MAX)
		return ERR_LIMIT;
	if (r->part_octets == 0) {
		buf_clear(&r->part);
		r->part_octets = whole;
	} else if (r->part_octets != whole || p->timestamp != r->timestamp ||
		   p->sequence != (uint16_t)(r->sequence + 1))
		return ERR_SYNTAX;
	r->sequence = p->sequence;
	r->timestamp = p->timestamp;
	if (r->part.len + piece.len > whole)
		return ERR_SYNTAX;
	if ((e = buf_append(&r->part, piece)) != ERR_OK)
		return e;
	if (r->part.len < whole)
		return ERR_OK;
	r->part_octets = 0;
	return frame_put(buf_slice(&r->part), r->aac.samples, to);
}

/* Section 3.2.1: u16 bits of headers, the headers, the frames. */
static enum err
aac_take(struct rtp_sound *r, const struct rtp_packet *p,
    struct rtp_sound_frames *to)
{
	const struct sdp_aac *a = &r->aac;
	struct slice s = p->payload;

	if (s.len < 2)
		return ERR_SYNTAX;
	size_t left = (size_t)slice_be(s, 2);
	struct bits heads = { slice_skip(s, 2), 0 };
	if (heads.s.len < (left + 7) / 8)
		return ERR_SYNTAX;
	s = slice_skip(heads.s, (left + 7) / 8);
	for (bool first = true; left != 0; first = false) {
		const unsigned index_bits = first ? a->index_bits
						  : a->delta_bits;
		enum err e;

		if (left < a->size_bits + index_bits)
			return ERR_SYNTAX;
		left -= a->size_bits + index_bits;
		const size_t n = bits_take(&heads, a->size_bits);
		if (bits_take(&heads, index_bits) != 0 || n == 0)
			return ERR_SYNTAX; /* interleaved, or nothing */
		if (r->part_octets != 0 || (first && left == 0 && n > s.len))
			return part_take(r, p, n, s, to);
		if (n > s.len)
			return ERR_SYNTAX;
		if ((e = frame_put(slice_head(s, n), a->samples, to)) != ERR_OK)
			return e;
		s = slice_skip(s, n);
	}
	return ERR_OK;
}

/* --- all --- */

enum err
rtp_sound_take(struct rtp_sound *r, const struct rtp_packet *p,
    struct rtp_sound_frames *ret_frames)
{
	uint32_t samples;
	enum err e;

	ret_frames->count = 0;
	if (p->payload.len == 0)
		return ERR_OK;
	if (r->track.codec == SDP_AAC) {
		/* a frame whose rest did not come makes room for the next */
		if (p->timestamp != r->timestamp)
			part_drop(r);
		if ((e = aac_take(r, p, ret_frames)) != ERR_OK) {
			part_drop(r);
			ret_frames->count = 0;
		}
		return e;
	}
	const struct sound s = {
		.codec = r->track.codec == SDP_OPUS ? SOUND_OPUS : SOUND_PCMU,
		.channels = (uint8_t)r->track.channels,
	};
	if ((e = sound_frame_length(&s, p->payload, &samples)) != ERR_OK)
		return e;
	if (s.codec == SOUND_OPUS && samples > OPUS_SAMPLES_MAX)
		return ERR_SYNTAX;
	return frame_put(p->payload, samples, ret_frames);
}
