#include "proto/rtp.h"

#define START SLICE_LIT("\0\0\0\1")

enum {
	NAL_IDR = 5,
	NAL_SPS = 7,
	NAL_PPS = 8,
	NAL_STAP_A = 24,
	NAL_FU_A = 28
};
enum {
	H265_KEY_FIRST = 16, /* pictures that need none before them */
	H265_KEY_LAST = 21,
	H265_VPS = 32,
	H265_SPS = 33,
	H265_PPS = 34,
	H265_AP = 48,
	H265_FU = 49
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
rtp_video_init(struct rtp_video *r, enum rtp_codec codec,
    size_t unit_octets_max)
{
	*r = (struct rtp_video){ .codec = codec };
	buf_init(&r->unit, unit_octets_max);
}

void
rtp_video_fini(struct rtp_video *r)
{
	buf_fini(&r->unit);
}

void
rtp_video_next(struct rtp_video *r)
{
	buf_clear(&r->unit);
	r->broken = r->in_fragment = false;
	r->key = r->has_vps = r->has_sps = r->has_pps = false;
}

static void
h264_note(struct rtp_video *r, unsigned type)
{
	r->key |= type == NAL_IDR;
	r->has_sps |= type == NAL_SPS;
	r->has_pps |= type == NAL_PPS;
}

static void
h265_note(struct rtp_video *r, unsigned type)
{
	r->key |= type >= H265_KEY_FIRST && type <= H265_KEY_LAST;
	r->has_vps |= type == H265_VPS;
	r->has_sps |= type == H265_SPS;
	r->has_pps |= type == H265_PPS;
}

static unsigned
h265_type(uint8_t head)
{
	return (head >> 1) & 63u;
}

/* The front of a NAL unit: its head, whole, and what came with it. */
static enum err
nal_put(struct rtp_video *r, struct slice head, struct slice body)
{
	enum err e;

	if (r->codec == RTP_H264)
		h264_note(r, head.at[0] & 31u);
	else
		h265_note(r, h265_type(head.at[0]));
	if ((e = buf_append(&r->unit, START)) != ERR_OK ||
	    (e = buf_append(&r->unit, head)) != ERR_OK)
		return e;
	return buf_append(&r->unit, body);
}

static size_t
head_octets(const struct rtp_video *r)
{
	return r->codec == RTP_H264 ? 1 : 2;
}

/*
 * RFC 6184 section 5.7.1, RFC 7798 section 4.4.2: u16 length, NAL unit, again
 * and again.
 */
static enum err
aggregate_take(struct rtp_video *r, struct slice s)
{
	const size_t head = head_octets(r);
	enum err e;

	while (s.len != 0) {
		if (s.len < 2 + head)
			return ERR_SYNTAX;
		const size_t n = (size_t)slice_be(s, 2);
		s = slice_skip(s, 2);
		if (n < head || n > s.len)
			return ERR_SYNTAX;
		if ((e = nal_put(r, slice_head(s, head),
			 slice_skip(slice_head(s, n), head))) != ERR_OK)
			return e;
		s = slice_skip(s, n);
	}
	return ERR_OK;
}

/* flags: S E, then the type. head is what the pieces' NAL unit begins with. */
static enum err
fragment_take(struct rtp_video *r, uint8_t flags, struct slice head,
    struct slice piece)
{
	const bool start = (flags & 0x80) != 0, end = (flags & 0x40) != 0;
	enum err e;

	if (start && end)
		return ERR_SYNTAX;
	if (start != !r->in_fragment)
		return ERR_SYNTAX; /* a piece without its start, or a second */
	e = start ? nal_put(r, head, piece) : buf_append(&r->unit, piece);
	r->in_fragment = !end;
	return e;
}

static enum err
h264_take(struct rtp_video *r, struct slice s)
{
	const unsigned type = s.at[0] & 31;

	if (type == NAL_FU_A) {
		if (s.len < 3)
			return ERR_SYNTAX;
		const uint8_t head = (uint8_t)((s.at[0] & 0xe0) |
					       (s.at[1] & 0x1f));
		return fragment_take(r, s.at[1], slice_make(&head, 1),
		    slice_skip(s, 2));
	}
	if (r->in_fragment)
		return ERR_SYNTAX;
	if (type == NAL_STAP_A)
		return aggregate_take(r, slice_skip(s, 1));
	if (type == 0 || type > 23)
		return ERR_SYNTAX; /* STAP-B, MTAP, FU-B: mode 2 */
	return nal_put(r, slice_head(s, 1), slice_skip(s, 1));
}

static enum err
h265_take(struct rtp_video *r, struct slice s)
{
	if (s.len < 2)
		return ERR_SYNTAX;
	const unsigned type = h265_type(s.at[0]);

	if (type == H265_FU) {
		if (s.len < 4)
			return ERR_SYNTAX;
		const uint8_t head[2] = { (uint8_t)((s.at[0] & 0x81) |
						    (s.at[2] & 63) << 1),
			s.at[1] };
		return fragment_take(r, s.at[2], SLICE_OF(head),
		    slice_skip(s, 3));
	}
	if (r->in_fragment)
		return ERR_SYNTAX;
	if (type == H265_AP)
		return aggregate_take(r, slice_skip(s, 2));
	if (type > H265_AP)
		return ERR_SYNTAX; /* PACI, and what is not known yet */
	return nal_put(r, slice_head(s, 2), slice_skip(s, 2));
}

static enum err
payload_take(struct rtp_video *r, struct slice s)
{
	if (s.len == 0)
		return ERR_OK; /* some cameras keep the line warm so */
	return r->codec == RTP_H264 ? h264_take(r, s) : h265_take(r, s);
}

static bool
is_hole(const struct rtp_video *r, const struct rtp_packet *p)
{
	return r->begun && p->ssrc == r->ssrc &&
	       p->sequence != (uint16_t)(r->sequence + 1);
}

/* A hole breaks the unit it is in. */
static void
sequence_check(struct rtp_video *r, const struct rtp_packet *p)
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
rtp_video_take(struct rtp_video *r, const struct rtp_packet *p,
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
		rtp_video_next(r);
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
		rtp_video_next(r);
	else
		*ret_state = RTP_WHOLE;
	return e;
}
