#include "proto/rtcp.h"

enum {
	RTCP_SR = 200,
	RTCP_RR = 201,
	RTCP_SDES = 202,
	SDES_CNAME = 1
};

/* --- what came --- */

void
rtcp_seen_init(struct rtcp_seen *s, uint32_t rate)
{
	*s = (struct rtcp_seen){ .rate = rate };
}

/* Section 6.4.1, interarrival jitter; appendix A.8. */
static void
jitter_take(struct rtcp_seen *s, uint32_t timestamp, uint64_t now_us)
{
	const int64_t arrival = (int64_t)(now_us / 1000 * s->rate / 1000);
	const int64_t transit = (int32_t)((uint32_t)arrival - timestamp);
	int64_t by = transit - s->transit;

	by = by < 0 ? -by : by;
	/* a leap of the stamps is no jitter */
	if (s->received > 1 && by < s->rate)
		s->jitter += by - (s->jitter + 8) / 16;
	s->transit = transit;
}

void
rtcp_seen_packet(struct rtcp_seen *s, const struct rtp_packet *p,
    uint64_t now_us)
{
	if (!s->begun || p->ssrc != s->ssrc) {
		const uint32_t rate = s->rate;

		*s = (struct rtcp_seen){ .begun = true,
			.ssrc = p->ssrc,
			.rate = rate,
			.base = p->sequence,
			.newest = p->sequence };
	}
	const int16_t by = (int16_t)(p->sequence - (uint16_t)s->newest);
	if (by > 0)
		s->newest += (uint16_t)by;
	s->received++;
	jitter_take(s, p->timestamp, now_us);
}

void
rtcp_seen_report(struct rtcp_seen *s, struct slice in, uint64_t now_us)
{
	if (in.len < 28 || in.at[0] >> 6 != 2 || in.at[1] != RTCP_SR)
		return;
	/* the middle of its 64-bit time */
	s->sender_time = (uint32_t)slice_be(slice_skip(in, 10), 4);
	s->sender_came_us = now_us;
}

/* --- what is said of it --- */

static uint8_t *
be_put(uint8_t *to, uint64_t v, size_t n)
{
	for (size_t i = n; i > 0; i--) {
		to[i - 1] = (uint8_t)v;
		v >>= 8;
	}
	return to + n;
}

/* Lost since the last report, in 256ths, then since the start, 24 bits. */
static uint32_t
lost_of(struct rtcp_seen *s)
{
	const uint32_t expected = s->newest - s->base + 1;
	const uint32_t expected_now = expected - s->expected_before;
	const uint32_t received_now = s->received - s->received_before;
	const uint32_t lost = expected > s->received ? expected - s->received
						     : 0;
	uint32_t share = 0;

	s->expected_before = expected;
	s->received_before = s->received;
	if (expected_now > received_now)
		share = (uint32_t)(((uint64_t)(expected_now - received_now)
				       << 8) /
				   expected_now);
	return (share > 255 ? 255 : share) << 24 |
	       (lost > 0x7fffff ? 0x7fffff : lost);
}

void
rtcp_report(struct rtcp_seen *s, uint32_t own_ssrc, uint64_t now_us,
    uint8_t to[static RTCP_REPORT_OCTETS])
{
	const uint64_t since_us = s->sender_time == 0
				      ? 0
				      : now_us - s->sender_came_us;
	uint8_t *at = to;

	*at++ = 0x81; /* one block */
	*at++ = RTCP_RR;
	at = be_put(at, 7, 2);
	at = be_put(at, own_ssrc, 4);
	at = be_put(at, s->ssrc, 4);
	at = be_put(at, lost_of(s), 4);
	at = be_put(at, s->newest, 4);
	at = be_put(at, (uint64_t)s->jitter / 16, 4);
	at = be_put(at, s->sender_time, 4);
	at = be_put(at, since_us * 65536 / 1000000, 4);
	/* section 6.5: a name must be there; ours says nothing */
	*at++ = 0x81;
	*at++ = RTCP_SDES;
	at = be_put(at, 4, 2);
	at = be_put(at, own_ssrc, 4);
	*at++ = SDES_CNAME;
	*at++ = 8;
	memcpy(at, "receiver\0\0", 10);
	assert(at + 10 == to + RTCP_REPORT_OCTETS);
}

/* --- order --- */

void
rtp_order_init(struct rtp_order *o)
{
	*o = (struct rtp_order){ .begun = false };
	for (size_t i = 0; i < RTP_ORDER_PACKETS_MAX; i++)
		buf_init(&o->packet[i], RTP_PACKET_OCTETS_MAX);
}

void
rtp_order_fini(struct rtp_order *o)
{
	for (size_t i = 0; i < RTP_ORDER_PACKETS_MAX; i++)
		buf_fini(&o->packet[i]);
}

static struct buf *
slot_of(struct rtp_order *o, uint16_t sequence)
{
	return &o->packet[sequence % RTP_ORDER_PACKETS_MAX];
}

/* A leap: what was held is lost, and this one is due. */
static void
order_begin(struct rtp_order *o, uint16_t sequence)
{
	for (size_t i = 0; i < RTP_ORDER_PACKETS_MAX; i++)
		buf_clear(&o->packet[i]);
	o->held = 0;
	o->begun = true;
	o->next = sequence;
}

enum err
rtp_order_put(struct rtp_order *o, struct slice octets, uint64_t now_ms)
{
	struct rtp_packet p;
	enum err e;

	if (rtp_packet_parse(octets, &p) != ERR_OK ||
	    octets.len > RTP_PACKET_OCTETS_MAX)
		return ERR_OK;
	const int16_t ahead = (int16_t)(p.sequence - o->next);
	if (!o->begun || ahead >= RTP_ORDER_PACKETS_MAX ||
	    ahead < -RTP_ORDER_PACKETS_MAX)
		order_begin(o, p.sequence);
	else if (ahead < 0)
		return ERR_OK;
	struct buf *slot = slot_of(o, p.sequence);
	if (slot->len != 0)
		return ERR_OK;
	if ((e = buf_append(slot, octets)) != ERR_OK)
		return e;
	if (o->held++ == 0)
		o->waits_since_ms = now_ms;
	return ERR_OK;
}

bool
rtp_order_take(struct rtp_order *o, uint64_t now_ms, struct slice *ret_octets)
{
	if (o->held == 0)
		return false;
	if (slot_of(o, o->next)->len == 0) {
		if (o->held < RTP_ORDER_PACKETS_MAX / 2 &&
		    now_ms - o->waits_since_ms < RTP_ORDER_WAIT_MS)
			return false;
		while (slot_of(o, o->next)->len == 0)
			o->next++;
	}
	struct buf *slot = slot_of(o, o->next);
	*ret_octets = buf_slice(slot);
	slot->len = 0; /* its octets stay until the next put */
	o->next++;
	o->held--;
	o->waits_since_ms = now_ms;
	return true;
}
