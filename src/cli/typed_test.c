/*
 * typed_test.c - what is typed at a terminal is what the app makes of it.
 */
#include "cli/typed.h"

#include <locale.h>
#include <string.h>

#include "unit/t.h"

static enum err
name(const char *text, uint8_t to[static SHA256_OCTETS])
{
	return typed_name(slice_make(text, strlen(text)), to);
}

static void
a_name_is_in_small_letters_with_nothing_around_it(void **state)
{
	uint8_t a[SHA256_OCTETS], b[SHA256_OCTETS];

	(void)state;
	assert_int_equal(name(" \xc3\x89lise ", a), ERR_OK);
	sha256(SLICE_LIT("\xc3\xa9lise"), b);
	assert_memory_equal(a, b, sizeof a);
	assert_int_equal(name(" ", a), ERR_SYNTAX);
	assert_int_equal(name("\xff", a), ERR_SYNTAX);
}

static void
a_mark_that_stands_apart_is_refused(void **state)
{
	static const char *const apart[] = { "e\xcc\x81lise",
		"\xe1\x84\x80\xe1\x85\xa1", /* Hangul, by its parts */
		"\xe0\xa7\x87\xe0\xa6\xbe", /* Bengali e and aa: o */
		"\xe2\x84\xab" /* the unit Angstrom */ };
	uint8_t hash[SHA256_OCTETS];

	(void)state;
	for (size_t i = 0; i < sizeof apart / sizeof apart[0]; i++)
		assert_int_equal(name(apart[i], hash), ERR_UNSUPPORTED);
}

static void
scripts_whose_marks_always_stand_apart_are_none_of_that(void **state)
{
	static const char *const whole[] = { "\xea\xb0\x80",
		"\xe0\xa6\xb0\xe0\xa6\xbe\xe0\xa6\xae",
		"\xe0\xa4\xae\xe0\xa5\x80\xe0\xa4\xb0\xe0\xa4\xbe",
		"\xe5\x8f\xb6" };
	uint8_t hash[SHA256_OCTETS];

	(void)state;
	for (size_t i = 0; i < sizeof whole / sizeof whole[0]; i++)
		assert_int_equal(name(whole[i], hash), ERR_OK);
}

static void
a_passphrase_has_one_space_between_its_words(void **state)
{
	AUTO_BUF struct buf to, apart;

	(void)state;
	buf_init_secret(&to, 64);
	buf_init_secret(&apart, 64);
	assert_int_equal(typed_phrase(SLICE_LIT("  two \t words "), &to),
	    ERR_OK);
	assert_int_equal(to.len, 9);
	assert_memory_equal(to.at, "two words", 9);
	assert_int_equal(typed_phrase(SLICE_LIT("cafe\xcc\x81"), &apart),
	    ERR_UNSUPPORTED);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    a_name_is_in_small_letters_with_nothing_around_it),
		cmocka_unit_test(a_mark_that_stands_apart_is_refused),
		cmocka_unit_test(
		    scripts_whose_marks_always_stand_apart_are_none_of_that),
		cmocka_unit_test(a_passphrase_has_one_space_between_its_words),
	};

	(void)setlocale(LC_CTYPE, "C.UTF-8");
	if (crypto_init() != ERR_OK)
		return 1;
	return T_RUN(tests);
}
