/*
 * share_test.c - the field by its laws and by AES' own example, shares by
 * another implementation's (tables of logarithms), and that one share says
 * nothing: for each octet that it may be, every key fits equally well.
 */
#include "crypto/share.h"
#include "unit/t.h"

static void
the_field_is_that_of_aes(void **state)
{
	(void)state;
	assert_int_equal(field_multiply(0x57, 0x83), 0xc1);
	assert_int_equal(field_multiply(0x57, 0x13), 0xfe);
	for (unsigned a = 0; a < 256; a++) {
		const uint8_t over = field_invert((uint8_t)a);

		assert_int_equal(field_multiply((uint8_t)a, over), a != 0);
		assert_int_equal(field_multiply((uint8_t)a, 1), a);
		for (unsigned b = 0; b < 256; b++)
			assert_int_equal(field_multiply((uint8_t)a, (uint8_t)b),
			    field_multiply((uint8_t)b, (uint8_t)a));
	}
}

static void
shares_are_those_of_another_implementation(void **state)
{
	static const char *const want[] = { "c9c5d3e30561578f311dfb6bcd49ff47"
					    "b915635315f1a7bfa14d4bbbddf98f57",
		"8a89ace72daed35329fa24047e764030"
		"faa24737a65ee398b95154b4f5a66bdb",
		"4244701235ebafee21a79821e663dc1d"
		"32cf5be23e3bdf85b1aca8b1ed933756" };
	struct key key, slope, point;

	(void)state;
	for (unsigned i = 0; i < KEY_OCTETS; i++) {
		key.octets[i] = (uint8_t)(i * 7 + 1);
		slope.octets[i] = (uint8_t)(i * i * 5 + 200);
	}
	for (unsigned n = 1; n <= SHARES; n++) {
		key_point(&key, &slope, n, &point);
		T_SLICE_EQ(key_slice(&point), t_hex(want[n - 1]));
	}
}

static void
any_two_give_the_key_back(void **state)
{
	(void)state;
	for (unsigned round = 0; round < 100; round++) {
		struct key key, share[SHARES], back;

		octets_random(key.octets, sizeof key.octets);
		key_split(&key, share);
		for (unsigned a = 1; a <= SHARES; a++)
			for (unsigned b = 1; b <= SHARES; b++) {
				if (a == b)
					continue;
				T_OK(key_join(&share[a - 1], a, &share[b - 1],
				    b, &back));
				assert_memory_equal(&back, &key, sizeof key);
			}
		/* not with the wrong number, nor with a changed octet */
		T_OK(key_join(&share[0], 1, &share[1], 3, &back));
		assert_memory_not_equal(&back, &key, sizeof key);
		share[0].octets[round % KEY_OCTETS] ^= 1;
		T_OK(key_join(&share[0], 1, &share[1], 2, &back));
		assert_memory_not_equal(&back, &key, sizeof key);
	}
}

static void
one_alone_fits_every_key_equally_well(void **state)
{
	(void)state;
	for (unsigned number = 1; number <= SHARES; number++)
		for (unsigned octet = 0; octet < 256; octet++) {
			unsigned char seen[256] = { 0 };
			struct key key = { { (uint8_t)octet } }, slope, point;

			/* from this key each share comes by one slope */
			for (unsigned s = 0; s < 256; s++) {
				slope = (struct key){ { (uint8_t)s } };
				key_point(&key, &slope, number, &point);
				seen[point.octets[0]]++;
			}
			for (unsigned s = 0; s < 256; s++)
				assert_int_equal(seen[s], 1);
		}
}

static void
two_splits_of_a_key_have_nothing_in_common(void **state)
{
	struct key key = { { 1, 2, 3 } }, first[SHARES], second[SHARES];

	(void)state;
	key_split(&key, first);
	key_split(&key, second);
	for (unsigned i = 0; i < SHARES; i++)
		assert_memory_not_equal(&first[i], &second[i], sizeof key);
}

static void
a_number_that_is_none_is_refused(void **state)
{
	const struct key a = { { 1 } }, b = { { 2 } };
	struct key key;

	(void)state;
	T_ERR(ERR_RANGE, key_join(&a, 0, &b, 1, &key));
	T_ERR(ERR_RANGE, key_join(&a, 1, &b, 4, &key));
	T_ERR(ERR_RANGE, key_join(&a, 2, &b, 2, &key));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_field_is_that_of_aes),
		cmocka_unit_test(shares_are_those_of_another_implementation),
		cmocka_unit_test(any_two_give_the_key_back),
		cmocka_unit_test(one_alone_fits_every_key_equally_well),
		cmocka_unit_test(two_splits_of_a_key_have_nothing_in_common),
		cmocka_unit_test(a_number_that_is_none_is_refused),
	};

	if (crypto_init() != ERR_OK)
		return 1;
	return T_RUN(tests);
}
