#include "log/fact.h"
#include "unit/t.h"

static bool
says(struct facts *f, uint32_t day, const char *line)
{
	const struct day today = { day };
	struct buf b;

	buf_init(&b, 65536);
	T_OK(facts_write(f, today, &b));
	T_OK(buf_append(&b, SLICE_OF("")));
	const bool found = strstr((const char *)b.at, line) != NULL;
	buf_fini(&b);
	return found;
}

static void
a_count_is_told_when_its_day_is_over(void **state)
{
	const struct day today = { 100 };
	const struct count three = { 3 };
	struct facts f = { .day = 100 };

	(void)state;
	fact_add(&f, FACT_records, three, today);
	assert_true(says(&f, 100, "\neaves_records_day 0\n"));
	assert_true(says(&f, 101, "\neaves_records_day 3\n"));
	assert_true(says(&f, 102, "\neaves_records_day 0\n"));
}

static void
days_without_a_look_are_not_taken_for_yesterday(void **state)
{
	const struct day today = { 100 };
	const struct count three = { 3 };
	struct facts f = { .day = 100 };

	(void)state;
	fact_add(&f, FACT_records, three, today);
	assert_true(says(&f, 105, "\neaves_records_day 0\n"));
}

static void
a_state_is_told_as_it_is(void **state)
{
	const struct count two = { 2 }, none = { 0 };
	struct facts f = { .day = 100 };

	(void)state;
	fact_set(&f, FACT_viewers, two);
	assert_true(says(&f, 100, "\neaves_viewers 2\n"));
	fact_set(&f, FACT_viewers, none);
	assert_true(says(&f, 101, "\neaves_viewers 0\n"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_count_is_told_when_its_day_is_over),
		cmocka_unit_test(
		    days_without_a_look_are_not_taken_for_yesterday),
		cmocka_unit_test(a_state_is_told_as_it_is),
	};

	return T_RUN(tests);
}
