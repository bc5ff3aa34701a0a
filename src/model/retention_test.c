/*
 * retention_test.c - what goes and what stays, on streams whose segments are
 * an octet each.
 */
#include "model/retention.h"
#include "unit/t.h"

#define TODAY 20000u

static struct retention_stream streams[2];
static struct retained segments[2 * RETENTION_STEP];
static struct retention home;
static size_t goes[RETENTION_STEP];

/* Two streams; nothing is over anything. */
static void
home_begin(uint64_t a_octets, uint64_t b_octets)
{
	streams[0] = (struct retention_stream){ .octets = a_octets };
	streams[1] = (struct retention_stream){ .octets = b_octets };
	home = (struct retention){ .streams = streams,
		.stream_count = 2,
		.segments = segments,
		.segment_octets = 1,
		.home_octets_max = 1000,
		.today = TODAY };
}

static void
segment_put(size_t stream, uint32_t days_ago)
{
	segments[home.segment_count++] = (struct retained){ stream,
		TODAY - days_ago };
}

static void
nothing_goes_within_all_limits(void **state)
{
	(void)state;
	home_begin(2, 1);
	streams[0].days = 7;
	streams[0].octets_max = 2;
	segment_put(0, 7);
	segment_put(0, 0);
	segment_put(1, 3000); /* keeps for ever */
	assert_int_equal(retention_pick(&home, goes), 0);
}

static void
a_day_goes_when_it_is_over_and_no_day_sooner(void **state)
{
	(void)state;
	home_begin(3, 0);
	streams[0].days = 7;
	segment_put(0, 9);
	segment_put(0, 8);
	segment_put(0, 7);
	assert_int_equal(retention_pick(&home, goes), 2);
	assert_int_equal(goes[0], 0);
	assert_int_equal(goes[1], 1);
	assert_int_equal(streams[0].octets, 1);
	/* a clock that was set back lets nothing go */
	assert_false(retention_over(TODAY + 5, 7, TODAY));
	assert_false(retention_over(UINT32_MAX, 7, TODAY));
}

static void
a_stream_over_its_octets_loses_its_own_oldest(void **state)
{
	(void)state;
	home_begin(5, 5);
	streams[1].octets_max = 3;
	segment_put(0, 6);
	segment_put(1, 2);
	segment_put(1, 1);
	segment_put(1, 0);
	assert_int_equal(retention_pick(&home, goes), 2);
	assert_int_equal(goes[0], 1);
	assert_int_equal(goes[1], 2);
}

static void
a_home_over_its_quota_loses_its_oldest_day(void **state)
{
	(void)state;
	home_begin(3, 2);
	home.home_octets_max = 3;
	segment_put(0, 2);
	segment_put(0, 1);
	segment_put(1, 3);
	segment_put(1, 2);
	assert_int_equal(retention_pick(&home, goes), 2);
	assert_int_equal(goes[0], 2);
	/* both have one of that day: who has more gives */
	assert_int_equal(goes[1], 0);
	assert_int_equal(retention_octets(&home), 3);
}

/* What is locked counts, but is not among what may go. */
static void
locked_octets_count_and_others_go_for_them(void **state)
{
	(void)state;
	home_begin(6, 0);
	home.home_octets_max = 4;
	segment_put(0, 0);
	segment_put(0, 0);
	segment_put(0, 0);
	assert_int_equal(retention_pick(&home, goes), 2);
	home_begin(6, 0);
	home.home_octets_max = 4;
	assert_int_equal(retention_pick(&home, goes), 0);
}

static void
a_step_is_bounded_and_the_order_kept(void **state)
{
	(void)state;
	home_begin(100, 0);
	streams[0].days = 1;
	for (uint32_t i = 0; i < RETENTION_STEP + 4; i++)
		segment_put(0, 50 - i);
	assert_int_equal(retention_pick(&home, goes), RETENTION_STEP);
	for (size_t i = 0; i < RETENTION_STEP; i++)
		assert_int_equal(goes[i], i);
}

/* A clock that went back: places, not days, order a stream. */
static void
a_stream_goes_in_its_own_order(void **state)
{
	(void)state;
	home_begin(3, 0);
	home.home_octets_max = 2;
	segment_put(0, 1);
	segment_put(0, 4);
	assert_int_equal(retention_pick(&home, goes), 1);
	assert_int_equal(goes[0], 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_goes_within_all_limits),
		cmocka_unit_test(a_day_goes_when_it_is_over_and_no_day_sooner),
		cmocka_unit_test(a_stream_over_its_octets_loses_its_own_oldest),
		cmocka_unit_test(a_home_over_its_quota_loses_its_oldest_day),
		cmocka_unit_test(locked_octets_count_and_others_go_for_them),
		cmocka_unit_test(a_step_is_bounded_and_the_order_kept),
		cmocka_unit_test(a_stream_goes_in_its_own_order),
	};

	return T_RUN(tests);
}
