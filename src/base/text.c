/*
 * text.c - hex and base64url. Keys and tickets pass through here, so no
 * branch and no table look-up depends on their octets; only on the length.
 */
#include "base/codec.h"

/* 0xff..ff when lo <= c <= hi, else 0. All below 256. */
static unsigned
in_range(unsigned c, unsigned lo, unsigned hi)
{
	return 0u - (((c - lo) | (hi - c)) >> 31 ^ 1u);
}

static unsigned
hex_digit(unsigned v)
{
	return v + '0' + (in_range(v, 10, 15) & ('a' - '0' - 10));
}

/* *bad gets bits when c is no digit. */
static unsigned
hex_value(unsigned c, unsigned *bad)
{
	const unsigned num = in_range(c, '0', '9');
	const unsigned low = in_range(c, 'a', 'f');

	*bad |= ~(num | low);
	return (num & (c - '0')) | (low & (c - 'a' + 10));
}

void
hex_encode(struct slice in, char *to)
{
	for (size_t i = 0; i < in.len; i++) {
		*to++ = (char)hex_digit(in.at[i] >> 4);
		*to++ = (char)hex_digit(in.at[i] & 15);
	}
	*to = '\0';
}

enum err
hex_decode(struct slice text, uint8_t *to, size_t exactly)
{
	unsigned bad = 0;

	if (text.len != exactly * 2)
		return ERR_SYNTAX;
	for (size_t i = 0; i < exactly; i++)
		to[i] = (uint8_t)(hex_value(text.at[2 * i], &bad) << 4 |
				  hex_value(text.at[2 * i + 1], &bad));
	return bad == 0 ? ERR_OK : ERR_SYNTAX;
}

static unsigned
b64_digit(unsigned v)
{
	return (in_range(v, 0, 25) & (v + 'A')) |
	       (in_range(v, 26, 51) & (v - 26 + 'a')) |
	       (in_range(v, 52, 61) & (v - 52 + '0')) |
	       (in_range(v, 62, 62) & '-') | (in_range(v, 63, 63) & '_');
}

static unsigned
b64_value(unsigned c, unsigned *bad)
{
	const unsigned up = in_range(c, 'A', 'Z'), low = in_range(c, 'a', 'z');
	const unsigned num = in_range(c, '0', '9');
	const unsigned dash = in_range(c, '-', '-');
	const unsigned under = in_range(c, '_', '_');

	*bad |= ~(up | low | num | dash | under);
	return (up & (c - 'A')) | (low & (c - 'a' + 26)) |
	       (num & (c - '0' + 52)) | (dash & 62) | (under & 63);
}

void
b64_encode(struct slice in, char *to)
{
	unsigned bits = 0, have = 0;

	for (size_t i = 0; i < in.len; i++) {
		bits = (bits << 8 | in.at[i]) & 0xffff;
		for (have += 8; have >= 6; have -= 6)
			*to++ = (char)b64_digit(bits >> (have - 6) & 63);
	}
	if (have != 0)
		*to++ = (char)b64_digit(bits << (6 - have) & 63);
	*to = '\0';
}

enum err
b64_decode(struct slice text, uint8_t *to, size_t room, size_t *ret_len)
{
	const size_t len = text.len / 4 * 3 + text.len % 4 * 3 / 4;
	unsigned bits = 0, have = 0, bad = 0;

	if (text.len % 4 == 1)
		return ERR_SYNTAX;
	if (len > room)
		return ERR_LIMIT;
	for (size_t i = 0; i < text.len; i++) {
		bits = (bits << 6 | b64_value(text.at[i], &bad)) & 0xffff;
		if ((have += 6) < 8)
			continue;
		have -= 8;
		*to++ = (uint8_t)(bits >> have);
	}
	/* one text for each value: what is left of the last digit is zero */
	bad |= bits & ((1u << have) - 1);
	if (bad != 0)
		return ERR_SYNTAX;
	*ret_len = len;
	return ERR_OK;
}

enum err
b64_decode_exactly(struct slice text, uint8_t *to, size_t n)
{
	size_t len = 0;
	const enum err e = b64_decode(text, to, n, &len);

	if (e != ERR_OK)
		return ERR_SYNTAX;
	return len == n ? ERR_OK : ERR_SYNTAX;
}
