#include "crypto/share.h"

/* Eight steps whatever the octets are; x^8 + x^4 + x^3 + x + 1. */
uint8_t
field_multiply(uint8_t a, uint8_t b)
{
	unsigned product = 0, x = a;

	for (unsigned bit = 0; bit < 8; bit++) {
		product ^= x & (0u - ((unsigned)b >> bit & 1u));
		x = x << 1 ^ (0x11bu & (0u - (x >> 7)));
	}
	return (uint8_t)product;
}

/* a^254: the field has 255 octets that are not 0. */
uint8_t
field_invert(uint8_t a)
{
	uint8_t power = a, product = 1;

	for (unsigned i = 1; i < 8; i++) {
		power = field_multiply(power, power);
		product = field_multiply(product, power);
	}
	return product;
}

void
key_point(const struct key *key, const struct key *slope, unsigned number,
    struct key *ret_point)
{
	for (size_t i = 0; i < KEY_OCTETS; i++)
		ret_point->octets[i] = key->octets[i] ^
				       field_multiply(slope->octets[i],
					   (uint8_t)number);
}

void
key_split(const struct key *key, struct key ret_share[static SHARES])
{
	AUTO_KEY slope;

	octets_random(slope.octets, sizeof slope.octets);
	for (unsigned n = 1; n <= SHARES; n++)
		key_point(key, &slope, n, &ret_share[n - 1]);
}

/*
 * The line at 0: a * bn / (an + bn) + b * an / (an + bn), where + is also -.
 */
enum err
key_join(const struct key *a, unsigned a_number, const struct key *b,
    unsigned b_number, struct key *ret_key)
{
	if (a_number == 0 || a_number > SHARES || b_number == 0 ||
	    b_number > SHARES || a_number == b_number)
		return ERR_RANGE;
	const uint8_t over = field_invert((uint8_t)(a_number ^ b_number));
	const uint8_t of_a = field_multiply((uint8_t)b_number, over);
	const uint8_t of_b = field_multiply((uint8_t)a_number, over);
	for (size_t i = 0; i < KEY_OCTETS; i++)
		ret_key->octets[i] = field_multiply(a->octets[i], of_a) ^
				     field_multiply(b->octets[i], of_b);
	return ERR_OK;
}
