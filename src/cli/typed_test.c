/*
 * typed_test.c - what is typed at a terminal is what the app makes of it.
 */
#include "cli/typed.h"

#include <string.h>

#include "base/obj.h"
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

/* As a browser's normalize('NFC') and toLowerCase() have it. */
static void
however_it_was_typed_it_is_the_same_name(void **state)
{
	static const struct {
		const char *typed, *kept;
	} names[] = {
		{ "E\xcc\x81lise", "\xc3\xa9lise" },
		{ "\xe1\x84\x80\xe1\x85\xa1", "\xea\xb0\x80" }, /* Hangul */
		{ "\xe0\xa7\x87\xe0\xa6\xbe", "\xe0\xa7\x8b" }, /* Bengali o */
		{ "\xe2\x84\xab", "\xc3\xa5" }, /* the unit Angstrom */
		{ "\xce\x9d\xce\x99\xce\x9a\xce\x9f\xce\xa3",
		    "\xce\xbd\xce\xb9\xce\xba\xce\xbf\xcf\x82" }, /* NIKOS */
		{ "\xc4\xb0nci", "i\xcc\x87nci" }, /* Turkish, dotted */
		{ "\xc2\xa0"
		  "ada\xe3\x80\x80",
		    "ada" }, /* wide spaces */
		{ "\xe5\x8f\xb6", "\xe5\x8f\xb6" },
	};
	uint8_t a[SHA256_OCTETS], b[SHA256_OCTETS];

	(void)state;
	for (size_t i = 0; i < COUNT(names); i++) {
		assert_int_equal(name(names[i].typed, a), ERR_OK);
		sha256(slice_make(names[i].kept, strlen(names[i].kept)), b);
		assert_memory_equal(a, b, sizeof a);
	}
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
	    ERR_OK);
	assert_int_equal(apart.len, 5);
	assert_memory_equal(apart.at, "caf\xc3\xa9", 5);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    a_name_is_in_small_letters_with_nothing_around_it),
		cmocka_unit_test(however_it_was_typed_it_is_the_same_name),
		cmocka_unit_test(a_passphrase_has_one_space_between_its_words),
	};

	if (crypto_init() != ERR_OK)
		return 1;
	return T_RUN(tests);
}
