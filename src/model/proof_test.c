/*
 * A film that the app exported (tests/vectors/eaves/film.mp4, and one in H.265
 * beside it) is as it was signed; with any octet changed, wherever, it is not. What a forger who knows
 * the format may try is in tests/web/export.test.mjs.
 */
#include <stdio.h>

#include "base/obj.h"
#include "crypto/crypto.h"
#include "model/proof.h"
#include "model/words5.h"
#include "proto/hevc.h"
#include "proto/mp4.h"
#include "unit/t.h"

#define FILM      "/tests/vectors/eaves/film.mp4"
#define FILM_H265 "/tests/vectors/eaves/film_h265.mp4"

struct told {
	size_t count;
	struct proof_wrong first;
};

static struct slice film, film_h265;

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
a_film_in_h265_is_as_it_was_signed(void **state)
{
	struct proof_said said;
	struct told told;

	(void)state;
	T_OK(check(film_h265, &told, &said));
	assert_int_equal(told.count, 0);
	assert_int_equal(said.pictures, 4);
	assert_int_equal(said.sounds, 2);
}

static void
octets_change(struct slice of)
{
	uint8_t *at = malloc(of.len);
	struct proof_said said;
	struct told told;

	assert_non_null(at);
	memcpy(at, of.at, of.len);
	for (size_t i = 0; i < of.len; i++) {
		at[i] ^= (uint8_t)(1 << i % 8);
		if (check(slice_make(at, of.len), &told, &said) == ERR_OK &&
		    told.count == 0)
			fail_msg("octet %zu may be changed", i);
		at[i] = of.at[i];
	}
	free(at);
}

static void
no_octet_of_a_film_can_be_changed(void **state)
{
	(void)state;
	octets_change(film);
	octets_change(film_h265);
}

/* Whose pictures are of the other kind than its version says. */
static void
a_film_is_of_the_codec_that_its_version_says(void **state)
{
	const struct slice films[] = { film, film_h265 };
	struct mp4_parts parts;
	struct proof_said said;
	struct told told;

	(void)state;
	for (size_t i = 0; i < COUNT(films); i++) {
		const size_t n = films[i].len;
		uint8_t *at = malloc(n);
		assert_non_null(at);
		memcpy(at, films[i].at, n);
		T_OK(mp4_parts_get(films[i], &parts));
		uint8_t *proof = at + n - parts.proof.len;
		assert_int_equal(proof[0], i + 1);
		proof[0] = (uint8_t)(2 - i);
		sha256(slice_make(proof, parts.proof.len - SHA256_OCTETS),
		    at + n - SHA256_OCTETS);
		T_OK(check(slice_make(at, n), &told, &said));
		assert_int_equal(told.first.what, PROOF_EXTRA);
		proof[0] = 3;
		sha256(slice_make(proof, parts.proof.len - SHA256_OCTETS),
		    at + n - SHA256_OCTETS);
		T_ERR(ERR_UNSUPPORTED, check(slice_make(at, n), &told, &said));
		free(at);
	}
}

/* ‖ length ‖ octets: of the first picture of a film in H.265 */
static void
a_setup_of_h265_is_hostile_at_every_bit(void **state)
{
	struct avc_size size = { 0 };
	struct mp4_parts parts;
	uint8_t sample[256];
	struct buf setup;
	size_t bad = 0;

	(void)state;
	T_OK(mp4_parts_get(film_h265, &parts));
	memcpy(sample, parts.media.at, sizeof sample);
	size_t n = 0; /* its sets */
	for (size_t i = 0; i < 3; i++)
		n += 4 + (size_t)slice_be(slice_skip(SLICE_OF(sample), n), 4);
	assert_true(n < sizeof sample);
	buf_init(&setup, 4096);
	T_OK(hevc_setup(slice_make(sample, n), &setup, &size));
	assert_int_equal(size.width, 64);
	assert_int_equal(size.height, 50);
	for (size_t i = 0; i < n; i++) {
		assert_int_not_equal(hevc_setup(t_edge(sample, i), &setup,
					 &size),
		    ERR_OK);
		for (unsigned bit = 0; bit < 8; bit++) {
			sample[i] ^= (uint8_t)(1 << bit);
			buf_clear(&setup);
			bad += hevc_setup(t_edge(sample, n), &setup, &size) !=
			       ERR_OK;
			assert_true(
			    size.width <= 16384 && size.height <= 16384);
			sample[i] ^= (uint8_t)(1 << bit);
		}
	}
	assert_true(bad > 100);
	buf_fini(&setup);
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
		cmocka_unit_test(a_film_in_h265_is_as_it_was_signed),
		cmocka_unit_test(no_octet_of_a_film_can_be_changed),
		cmocka_unit_test(a_film_is_of_the_codec_that_its_version_says),
		cmocka_unit_test(a_setup_of_h265_is_hostile_at_every_bit),
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
	(void)snprintf(path, sizeof path, "%s" FILM_H265, argv[1]);
	film_h265 = t_file(path);
	return T_RUN(tests);
}
