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

/* --- the text format, version 0.0.4, as strictly as it can be read --- */

/* The next line without its end; fails the test when it has none. */
static struct slice
line_take(struct slice *rest)
{
	size_t n = 0;

	while (n < rest->len && rest->at[n] != '\n')
		n++;
	assert_true(n < rest->len);
	const struct slice line = slice_head(*rest, n);
	*rest = slice_skip(*rest, n + 1);
	return line;
}

/* What stands behind a start that must be there. */
static struct slice
after(struct slice line, const char *start)
{
	assert_true(slice_starts(line, slice_str(start)));
	return slice_skip(line, strlen(start));
}

static struct slice
name_take(struct slice *line)
{
	size_t n = 0;

	while (n < line->len && line->at[n] != ' ')
		n++;
	const struct slice name = slice_head(*line, n);
	assert_true(slice_starts(name, SLICE_LIT("eaves_")) && n < line->len);
	for (size_t i = 0; i < n; i++)
		assert_true((name.at[i] >= 'a' && name.at[i] <= 'z') ||
			    name.at[i] == '_');
	*line = slice_skip(*line, n + 1);
	return name;
}

static struct slice
family_take(struct slice *rest)
{
	struct slice help = after(line_take(rest), "# HELP ");
	struct slice type = after(line_take(rest), "# TYPE ");
	struct slice value = line_take(rest);
	const struct slice name = name_take(&help);

	for (size_t i = 0; i < help.len; i++)
		assert_true(help.at[i] >= ' ' && help.at[i] <= '~' &&
			    help.at[i] != '\\');
	assert_true(help.len > 10);
	T_SLICE_EQ(name_take(&type), name);
	T_SLICE_EQ(type, SLICE_LIT("gauge"));
	T_SLICE_EQ(name_take(&value), name);
	assert_true(value.len > 0 && value.len <= 20);
	for (size_t i = 0; i < value.len; i++)
		assert_true(value.at[i] >= '0' && value.at[i] <= '9');
	return name;
}

static void
all_is_as_prometheus_reads_it(void **state)
{
	const struct count most = { UINT64_MAX };
	struct facts f = { .day = 100 };
	struct slice names[FACT__MAX], rest;
	AUTO_BUF struct buf b;

	(void)state;
	fact_set(&f, FACT_viewers, most);
	buf_init(&b, 65536);
	T_OK(facts_write(&f, (struct day){ 100 }, &b));
	rest = buf_slice(&b);
	for (size_t i = 0; i < FACT__MAX; i++) {
		names[i] = family_take(&rest);
		for (size_t k = 0; k < i; k++)
			assert_false(slice_eq(names[i], names[k]));
	}
	assert_int_equal(rest.len, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_count_is_told_when_its_day_is_over),
		cmocka_unit_test(
		    days_without_a_look_are_not_taken_for_yesterday),
		cmocka_unit_test(a_state_is_told_as_it_is),
		cmocka_unit_test(all_is_as_prometheus_reads_it),
	};

	return T_RUN(tests);
}
