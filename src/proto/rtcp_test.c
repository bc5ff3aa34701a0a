#include "proto/rtcp.h"

#include "unit/t.h"

static const uint8_t *
packet_of(uint16_t sequence)
{
	static uint8_t packet[13] = { 0x80, 96 };

	packet[2] = (uint8_t)(sequence >> 8);
	packet[3] = (uint8_t)sequence;
	packet[12] = (uint8_t)sequence;
	return packet;
}

/* What comes out after these went in, as sequence numbers. */
static size_t
order(struct rtp_order *o, const uint16_t *in, size_t n, uint64_t now_ms,
    uint16_t *out)
{
	struct slice s;
	size_t count = 0;

	for (size_t i = 0; i < n; i++) {
		T_OK(rtp_order_put(o, t_edge(packet_of(in[i]), 13), now_ms));
		while (rtp_order_take(o, now_ms, &s)) {
			assert_int_equal(s.len, 13);
			out[count++] = (uint16_t)slice_be(slice_skip(s, 2), 2);
		}
	}
	return count;
}

static void
packets_are_put_back_in_order(void **state)
{
	static const uint16_t in[] = { 65533, 65535, 65534, 65534, 2, 0, 1, 1,
		65535 };
	uint16_t out[16];
	struct rtp_order o;

	(void)state;
	rtp_order_init(&o);
	assert_int_equal(order(&o, in, 9, 0, out), 6);
	for (uint16_t i = 0; i < 6; i++)
		assert_int_equal(out[i], (uint16_t)(65533 + i));
	assert_int_equal(o.held, 0);
	rtp_order_fini(&o);
}

static void
a_hole_is_waited_for_so_long_and_no_longer(void **state)
{
	static const uint16_t in[] = { 1, 3, 4 };
	uint16_t out[200], more[100];
	struct rtp_order o;
	struct slice s;

	(void)state;
	rtp_order_init(&o);
	assert_int_equal(order(&o, in, 3, 1000, out), 1);
	assert_false(rtp_order_take(&o, 1000 + RTP_ORDER_WAIT_MS - 1, &s));
	assert_true(rtp_order_take(&o, 1000 + RTP_ORDER_WAIT_MS, &s));
	assert_int_equal(s.at[3], 3);
	assert_true(rtp_order_take(&o, 1000 + RTP_ORDER_WAIT_MS, &s));
	/* 2 comes after all: too late */
	assert_int_equal(order(&o, (const uint16_t[]){ 2 }, 1, 2000, out), 0);
	/* and no more than so many are held, however fast they come */
	for (uint16_t i = 0; i < 100; i++)
		more[i] = (uint16_t)(6 + i);
	assert_int_equal(order(&o, more, 100, 2000, out), 100);
	assert_int_equal(out[0], 6);
	assert_int_equal(out[99], 105);
	rtp_order_fini(&o);
}

static void
a_leap_of_the_sequence_is_followed(void **state)
{
	static const uint16_t in[] = { 1, 2, 5000, 5001, 10, 11 };
	uint16_t out[16];
	struct rtp_order o;

	(void)state;
	rtp_order_init(&o);
	assert_int_equal(order(&o, in, 6, 0, out), 6);
	assert_int_equal(out[2], 5000);
	assert_int_equal(out[5], 11);
	T_OK(rtp_order_put(&o, SLICE_LIT("no packet"), 0));
	assert_int_equal(o.held, 0);
	rtp_order_fini(&o);
}

/* RFC 3550 section 6.4.2 */
static void
a_report_says_what_was_lost(void **state)
{
	uint8_t to[RTCP_REPORT_OCTETS], sender[28] = { 0x80, 200, 0, 6 };
	struct rtcp_seen s;

	(void)state;
	rtcp_seen_init(&s, 90000);
	for (uint16_t i = 0; i < 8; i++) {
		const struct rtp_packet p = { .sequence = (uint16_t)(65534 + i),
			.ssrc = 0x01020304,
			.timestamp = 3000u * i };

		if (i != 3 && i != 4)
			rtcp_seen_packet(&s, &p, i * UINT64_C(33333));
	}
	for (uint8_t i = 8; i < 16; i++)
		sender[i] = i;
	rtcp_seen_report(&s, SLICE_OF(sender), 1000000);
	rtcp_seen_report(&s, slice_make(sender, 27), 3000000);
	rtcp_report(&s, 0x0a0b0c0d, 1500000, to);
	T_SLICE_EQ(slice_make(to, 20),
	    SLICE_LIT("\x81\xc9\0\7\x0a\x0b\x0c\x0d\1\2\3\4"
		      "\x40\0\0\2\0\1\0\5"));
	assert_true(slice_be(slice_make(to + 20, 4), 4) < 90); /* 1 ms */
	T_SLICE_EQ(slice_make(to + 24, 8),
	    SLICE_LIT("\x0a\x0b\x0c\x0d\0\0\x80\0"));
	T_SLICE_EQ(slice_make(to + 32, 20),
	    SLICE_LIT("\x81\xca\0\4\x0a\x0b\x0c\x0d\1\x08receiver\0\0"));
	/* nothing was lost since then */
	rtcp_report(&s, 0, 1500000, to);
	T_SLICE_EQ(slice_make(to + 12, 4), SLICE_LIT("\0\0\0\2"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(packets_are_put_back_in_order),
		cmocka_unit_test(a_hole_is_waited_for_so_long_and_no_longer),
		cmocka_unit_test(a_leap_of_the_sequence_is_followed),
		cmocka_unit_test(a_report_says_what_was_lost),
	};

	return T_RUN(tests);
}
