/*
 * retention_test.c - what goes and what stays, on streams whose segments are
 * an octet each.
 */
#include "model/retention.h"

#include "base/codec.h"
#include "model/keep.h"
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

/* --- what was signed --- */

#define US      UINT64_C(1000000)
#define DAY_US  (UINT64_C(86400) * US)
#define NOON(d) ((d)*DAY_US + DAY_US / 2)

static void
what_earlier_versions_let_go_a_later_one_does_not_bring_back(void **state)
{
	struct keep_past p = { 0 };

	(void)state;
	keep_take(&p, &(struct keep_thing){ .days = 7 }, NOON(1000));
	assert_int_equal(keep_begin(&p, NOON(1100)), 1093 * DAY_US);
	keep_take(&p, &(struct keep_thing){ .days = 2 }, NOON(1100));
	assert_int_equal(keep_begin(&p, NOON(1101)), 1099 * DAY_US);
	keep_take(&p, &(struct keep_thing){ .days = 30 }, NOON(1110));
	assert_int_equal(keep_begin(&p, NOON(1111)), 1108 * DAY_US);
	assert_int_equal(keep_begin(&p, NOON(1200)), 1170 * DAY_US);
	assert_int_equal(p.room_us, 0);
}

static void
where_octets_were_fewer_there_may_have_been_no_room(void **state)
{
	struct keep_past p = { 0 };

	(void)state;
	keep_take(&p, &(struct keep_thing){ .days = 7, .octets = 5 }, 1);
	keep_take(&p, &(struct keep_thing){ .days = 7, .octets = 4 }, 2);
	assert_int_equal(p.room_us, 0);
	keep_take(&p, &(struct keep_thing){ .days = 7, .octets = 6 }, 3);
	assert_int_equal(p.room_us, 3);
	keep_take(&p, &(struct keep_thing){ .days = 7, .quota = 9 }, 4);
	assert_int_equal(p.room_us, 4);
	keep_take(&p, &(struct keep_thing){ .days = 7 }, 5);
	assert_int_equal(p.room_us, 5);
	keep_take(&p, &(struct keep_thing){ .days = 7, .quota = 9 }, 6);
	assert_int_equal(p.room_us, 5);
}

static void
a_server_whose_clock_is_ahead_is_not_blamed_at_midnight(void **state)
{
	struct keep_past p = { 0 };

	(void)state;
	keep_take(&p, &(struct keep_thing){ .days = 7 }, 1);
	assert_int_equal(keep_begin(&p, 1000 * DAY_US - 700 * US),
	    992 * DAY_US);
	assert_int_equal(keep_begin(&p, 1000 * DAY_US - US), 993 * DAY_US);
}

static void
a_thing_that_nobody_chose_for_keeps_seven_days(void **state)
{
	struct id a = { { 1 } }, b = { { 2 } };
	struct span lock[KEEP_LOCKS_MAX];
	char at[B64_ROOM(ID_OCTETS)], bt[B64_ROOM(ID_OCTETS)];

	(void)state;
	b64_encode(id_slice(&a), at);
	b64_encode(id_slice(&b), bt);
	json_t *keep = json_pack("{s:i,s:[{s:s,s:i,s:i}],"
				 "s:[{s:s,s:[s,s],s:i,s:i},"
				 "{s:s,s:[s],s:i,s:i}]}",
	    "quota", 9, "things", "thing", at, "days", 30, "octets", 5, "locks",
	    "id", at, "things", bt, at, "from", 1, "to", 2, "id", bt, "things",
	    bt, "from", 3, "to", 4);
	assert_int_equal(keep_check(keep), ERR_OK);
	const struct keep_thing ours = keep_of(keep, &a);
	assert_int_equal(ours.days, 30);
	assert_int_equal(ours.octets, 5);
	assert_int_equal(ours.quota, 9);
	assert_int_equal(keep_of(keep, &b).days, RETENTION_DAYS);
	assert_int_equal(keep_of(NULL, &b).days, RETENTION_DAYS);
	assert_int_equal(keep_locks(keep, &a, lock), 1);
	assert_int_equal(lock[0].to_us, 2);
	assert_int_equal(keep_locks(keep, &b, lock), 2);
	json_decref(keep);
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
		cmocka_unit_test(
		    what_earlier_versions_let_go_a_later_one_does_not_bring_back),
		cmocka_unit_test(
		    where_octets_were_fewer_there_may_have_been_no_room),
		cmocka_unit_test(
		    a_server_whose_clock_is_ahead_is_not_blamed_at_midnight),
		cmocka_unit_test(
		    a_thing_that_nobody_chose_for_keeps_seven_days),
	};

	return T_RUN(tests);
}
