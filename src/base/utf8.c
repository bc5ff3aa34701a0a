#include "base/utf8.h"

/* The octets of the character at the front, 0: not well formed. */
static size_t
character(struct slice in, uint32_t *ret)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	const uint8_t c = in.at[0];
	size_t n = 1;

	if (c >= 0xf0 && c < 0xf8)
		n = 4;
	else if (c >= 0xe0)
		n = 3;
	else if (c >= 0xc0)
		n = 2;
	else if (c >= 0x80)
		return 0;
	if (c >= 0xf8 || in.len < n)
		return 0;
	uint32_t v = n == 1 ? c : c & (0x7fu >> n);
	for (size_t i = 1; i < n; i++) {
		if ((in.at[i] & 0xc0) != 0x80)
			return 0;
		v = v << 6 | (in.at[i] & 0x3fu);
	}
	if (v < least[n] || v > 0x10ffff || (v >= 0xd800 && v < 0xe000))
		return 0;
	*ret = v;
	return n;
}

static bool
shown(uint32_t c)
{
	return c >= 0x20 && !(c >= 0x7f && c < 0xa0) &&
	       !(c >= 0x2028 && c <= 0x202e) && !(c >= 0x2066 && c <= 0x2069) &&
	       c != 0x200e && c != 0x200f && c != 0x61c && c != 0xfeff;
}

size_t
utf8_clean(struct slice in, char *to, size_t room)
{
	size_t len = 0;
	uint32_t c;

	assert(room > 0);
	while (in.len != 0) {
		const size_t n = character(in, &c);

		if (n != 0 && shown(c)) {
			if (len + n >= room)
				break;
			memcpy(to + len, in.at, n);
			len += n;
		}
		in = slice_skip(in, n == 0 ? 1 : n);
	}
	to[len] = '\0';
	return len;
}

bool
utf8_is_clean(struct slice in)
{
	uint32_t c;

	while (in.len != 0) {
		const size_t n = character(in, &c);

		if (n == 0 || !shown(c))
			return false;
		in = slice_skip(in, n);
	}
	return true;
}
