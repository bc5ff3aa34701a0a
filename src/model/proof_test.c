/*
 * A film that the app exported (tests/vectors/eaves/film.mp4) is as it was
 * signed; with any octet changed, wherever, it is not. What a forger who knows
 * the format may try is in tests/web/export.test.mjs.
 */
#include <stdio.h>

#include "base/obj.h"
#include "crypto/crypto.h"
#include "model/proof.h"
#include "model/words5.h"
#include "proto/mp4.h"
#include "unit/t.h"

#define FILM "/tests/vectors/eaves/film.mp4"

struct told {
	size_t count;
	struct proof_wrong first;
};

static struct slice film;

static void
wrong_take(void *to, const struct proof_wrong *w)
{
	struct told *t = to;

	if (t->count++ == 0)
		t->first = *w;
}

static enum err
check(struct slice file, struct told *ret_told, struct proof_said *ret_said)
{
	*ret_told = (struct told){ 0 };
	return proof_check(file, (struct proof_sink){ wrong_take, ret_told },
	    ret_said);
}

static void
a_film_is_as_it_was_signed(void **state)
{
	struct proof_said said;
	struct told told;

	(void)state;
	T_OK(check(film, &told, &said));
	assert_int_equal(told.count, 0);
	assert_int_equal(said.wrongs, 0);
	assert_int_equal(said.pictures, 9);
	assert_true(said.sounds > 2);
	assert_int_equal(said.left_out, 0);
	assert_int_equal(said.runs, 2);
	assert_int_equal(said.unknown, 0);
	assert_int_equal(said.first_us, 1795513267200000);
	assert_true(said.last_us > said.first_us);
}

static void
no_octet_of_a_film_can_be_changed(void **state)
{
	uint8_t *at = malloc(film.len);
	struct proof_said said;
	struct told told;

	(void)state;
	assert_non_null(at);
	memcpy(at, film.at, film.len);
	for (size_t i = 0; i < film.len; i++) {
		at[i] ^= (uint8_t)(1 << i % 8);
		if (check(slice_make(at, film.len), &told, &said) == ERR_OK &&
		    told.count == 0)
			fail_msg("octet %zu may be changed", i);
		at[i] = film.at[i];
	}
	free(at);
}

/* The digest at the end keeps nobody away who can make another. */
static void
no_octet_of_a_proof_can_be_changed_with_its_digest(void **state)
{
	uint8_t *at = malloc(film.len);
	struct mp4_parts parts;
	struct proof_said said;
	struct told told;

	(void)state;
	assert_non_null(at);
	memcpy(at, film.at, film.len);
	T_OK(mp4_parts_get(film, &parts));
	const size_t from = film.len - parts.proof.len;
	const size_t to = film.len - SHA256_OCTETS;
	for (size_t i = from; i < to; i++) {
		at[i] ^= (uint8_t)(1 << i % 8);
		sha256(slice_make(at + from, to - from), at + to);
		if (check(slice_make(at, film.len), &told, &said) == ERR_OK &&
		    told.count == 0)
			fail_msg("octet %zu of the proof may be changed",
			    i - from);
		at[i] = film.at[i];
	}
	free(at);
}

static void
a_film_that_is_cut_is_refused_at_every_length(void **state)
{
	struct proof_said said;
	struct told told;

	(void)state;
	for (size_t n = 0; n < film.len; n += n < 200 ? 1 : 13)
		assert_int_not_equal(check(t_edge(film.at, n), &told, &said),
		    ERR_OK);
	T_ERR(ERR_MORE, check(slice_head(film, film.len - 1), &told, &said));
}

static void
a_changed_picture_is_told_with_its_time_and_number(void **state)
{
	uint8_t *at = malloc(film.len);
	struct proof_said said;
	struct told told;

	(void)state;
	assert_non_null(at);
	memcpy(at, film.at, film.len);
	at[52 + 40] ^= 1;
	T_OK(check(slice_make(at, film.len), &told, &said));
	assert_int_equal(told.count, 1);
	assert_int_equal(told.first.what, PROOF_PICTURE_CHANGED);
	assert_int_equal(told.first.from_us, 1795513267200000);
	assert_int_equal(told.first.sample, 1);
	at[52 + 40] ^= 1;
	at[film.len - 1] ^= 1;
	T_OK(check(slice_make(at, film.len), &told, &said));
	assert_int_equal(told.count, 1);
	assert_int_equal(told.first.what, PROOF_CHANGED);
	free(at);
}

static void
five_words_are_those_of_the_app(void **state)
{
	char words[WORDS5_OCTETS];

	(void)state;
	words5_put(0, words);
	assert_string_equal(words, "baba baba baba baba baba");
	words5_put(UINT64_MAX, words);
	assert_string_equal(words, "lohum jogo puben saden zuzen");
	words5_put(7131, words);
	assert_string_equal(words, "zuzis baba baba baba baba");
}

int
main(int argc, char **argv)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_film_is_as_it_was_signed),
		cmocka_unit_test(no_octet_of_a_film_can_be_changed),
		cmocka_unit_test(
		    no_octet_of_a_proof_can_be_changed_with_its_digest),
		cmocka_unit_test(a_film_that_is_cut_is_refused_at_every_length),
		cmocka_unit_test(
		    a_changed_picture_is_told_with_its_time_and_number),
		cmocka_unit_test(five_words_are_those_of_the_app),
	};
	char path[4096];

	if (argc != 2 || crypto_init() != ERR_OK)
		return 2;
	(void)snprintf(path, sizeof path, "%s" FILM, argv[1]);
	film = t_file(path);
	return T_RUN(tests);
}
