#include "log/log.h"
#include "unit/t.h"

/* A sentence for people: it begins like one and ends like one. */
static bool
is_sentence(const char *s)
{
	const size_t n = strlen(s);

	return n > 3 && s[0] != ' ' && (s[n - 1] == '.' || s[n - 1] == '?');
}

static void
every_event_says_what_happened_and_what_to_do(void **state)
{
	(void)state;
	for (int i = 0; i < EV__MAX; i++) {
		const struct event_text *t = event_text((enum event)i);

		if (!is_sentence(t->sentence) || !is_sentence(t->todo))
			fail_msg("%s lacks a sentence", t->name);
	}
}

static void
nobody_is_told_to_do_nothing_about_an_error(void **state)
{
	(void)state;
	for (int i = 0; i < EV__MAX; i++) {
		const struct event_text *t = event_text((enum event)i);

		if (strcmp(t->level, "ERROR") == 0)
			assert_string_not_equal(t->todo, "Nothing.");
	}
}

static void
every_event_is_found_by_its_name_alone(void **state)
{
	enum event found = EV__MAX;

	(void)state;
	for (int i = 0; i < EV__MAX; i++) {
		const char *name = event_text((enum event)i)->name;

		T_OK(event_find(slice_str(name), &found));
		assert_int_equal(found, i);
	}
	assert_int_equal(event_find(SLICE_LIT("READ"), &found), ERR_MISSING);
	assert_int_equal(event_find(SLICE_LIT(""), &found), ERR_MISSING);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_event_says_what_happened_and_what_to_do),
		cmocka_unit_test(nobody_is_told_to_do_nothing_about_an_error),
		cmocka_unit_test(every_event_is_found_by_its_name_alone),
	};

	return T_RUN(tests);
}
