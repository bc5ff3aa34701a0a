#include "proto/rtp.h"

#define START SLICE_LIT("\0\0\0\1")

enum {
	NAL_IDR = 5,
	NAL_SPS = 7,
	NAL_PPS = 8,
	NAL_STAP_A = 24,
	NAL_FU_A = 28
};

enum err
rtp_packet_parse(struct slice in, struct rtp_packet *ret)
{
	struct rtp_packet p;

	if (in.len < 12 || in.at[0] >> 6 != 2)
		return ERR_SYNTAX;
	const size_t sources = in.at[0] & 15;
	const bool extension = (in.at[0] & 0x10) != 0;
	const bool padding = (in.at[0] & 0x20) != 0;
	p.marker = (in.at[1] & 0x80) != 0;
	p.payload_type = in.at[1] & 0x7f;
	p.sequence = (uint16_t)slice_be(slice_skip(in, 2), 2);
	p.timestamp = (uint32_t)slice_be(slice_skip(in, 4), 4);
	p.ssrc = (uint32_t)slice_be(slice_skip(in, 8), 4);
	struct slice s = slice_skip(in, 12);
	if (s.len < 4 * sources)
		return ERR_SYNTAX;
	s = slice_skip(s, 4 * sources);
	if (extension) {
		if (s.len < 4)
			return ERR_SYNTAX;
		const size_t n = 4 + 4 * (size_t)slice_be(slice_skip(s, 2), 2);
		if (s.len < n)
			return ERR_SYNTAX;
		s = slice_skip(s, n);
	}
	if (padding) {
		if (s.len == 0 || s.at[s.len - 1] == 0 ||
		    s.at[s.len - 1] > s.len)
			return ERR_SYNTAX;
		s.len -= s.at[s.len - 1];
	}
	p.payload = s;
	*ret = p;
	return ERR_OK;
}

void
rtp_h264_init(struct rtp_h264 *r, size_t unit_octets_max)
{
	*r = (struct rtp_h264){ .begun = false };
	buf_init(&r->unit, unit_octets_max);
}

void
rtp_h264_fini(struct rtp_h264 *r)
{
	buf_fini(&r->unit);
}

void
rtp_h264_next(struct rtp_h264 *r)
{
	buf_clear(&r->unit);
	r->broken = r->in_fragment = false;
	r->key = r->has_sps = r->has_pps = false;
}

static enum err
nal_put(struct rtp_h264 *r, uint8_t head, struct slice body)
{
	enum err e;

	switch (head & 31) {
	case NAL_IDR:
		r->key = true;
		break;
	case NAL_SPS:
		r->has_sps = true;
		break;
	case NAL_PPS:
		r->has_pps = true;
		break;
	default:
		break;
	}
	if ((e = buf_append(&r->unit, START)) != ERR_OK ||
	    (e = buf_append(&r->unit, slice_make(&head, 1))) != ERR_OK)
		return e;
	return buf_append(&r->unit, body);
}

/* Section 5.7.1: u16 length, NAL unit, again and again. */
static enum err
stap_take(struct rtp_h264 *r, struct slice s)
{
	enum err e;

	while (s.len != 0) {
		if (s.len < 3)
			return ERR_SYNTAX;
		const size_t n = (size_t)slice_be(s, 2);
		s = slice_skip(s, 2);
		if (n == 0 || n > s.len)
			return ERR_SYNTAX;
		if ((e = nal_put(r, s.at[0], slice_make(s.at + 1, n - 1))) !=
		    ERR_OK)
			return e;
		s = slice_skip(s, n);
	}
	return ERR_OK;
}

/* Section 5.8: indicator, then S E R type, then a piece. */
static enum err
fragment_take(struct rtp_h264 *r, struct slice s)
{
	if (s.len < 3)
		return ERR_SYNTAX;
	const bool start = (s.at[1] & 0x80) != 0, end = (s.at[1] & 0x40) != 0;
	const uint8_t head = (uint8_t)((s.at[0] & 0xe0) | (s.at[1] & 0x1f));
	enum err e;

	if (start && end)
		return ERR_SYNTAX;
	if (start != !r->in_fragment)
		return ERR_SYNTAX; /* a piece without its start, or a second */
	e = start ? nal_put(r, head, slice_skip(s, 2))
		  : buf_append(&r->unit, slice_skip(s, 2));
	r->in_fragment = !end;
	return e;
}

static enum err
payload_take(struct rtp_h264 *r, struct slice s)
{
	if (s.len == 0)
		return ERR_OK; /* some cameras keep the line warm so */
	const unsigned type = s.at[0] & 31;

	if (type == NAL_FU_A)
		return fragment_take(r, s);
	if (r->in_fragment)
		return ERR_SYNTAX;
	if (type == NAL_STAP_A)
		return stap_take(r, slice_skip(s, 1));
	if (type == 0 || type > 23)
		return ERR_SYNTAX; /* STAP-B, MTAP, FU-B: mode 2 */
	return nal_put(r, s.at[0], slice_skip(s, 1));
}

static bool
is_hole(const struct rtp_h264 *r, const struct rtp_packet *p)
{
	return r->begun && p->ssrc == r->ssrc &&
	       p->sequence != (uint16_t)(r->sequence + 1);
}

/* A hole breaks the unit it is in. */
static void
sequence_check(struct rtp_h264 *r, const struct rtp_packet *p)
{
	if (is_hole(r, p)) {
		r->lost += (uint16_t)(p->sequence - r->sequence - 1);
		r->broken = true;
	}
	r->begun = true;
	r->ssrc = p->ssrc;
	r->sequence = p->sequence;
}

enum err
rtp_h264_take(struct rtp_h264 *r, const struct rtp_packet *p,
    enum rtp_state *ret_state)
{
	enum err e;

	*ret_state = RTP_GOING_ON;
	if (r->begun && p->timestamp != r->timestamp &&
	    (r->unit.len != 0 || r->broken)) {
		/*
		 * No marker came: the new time stamp ends what was there. A
		 * hole before it may have been its end: not given then.
		 */
		r->timestamp = p->timestamp;
		if (!r->broken && !r->in_fragment && !is_hole(r, p)) {
			*ret_state = RTP_WHOLE_AGAIN;
			return ERR_OK;
		}
		rtp_h264_next(r);
	}
	r->timestamp = p->timestamp;
	sequence_check(r, p);
	e = r->broken ? ERR_OK : payload_take(r, p->payload);
	if (e != ERR_OK)
		r->broken = true;
	if (!p->marker)
		return e;
	r->markers = true;
	if (r->broken || r->in_fragment || r->unit.len == 0)
		rtp_h264_next(r);
	else
		*ret_state = RTP_WHOLE;
	return e;
}
