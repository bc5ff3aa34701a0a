#include "proto/bits.h"

static void
octet_take(struct bits *b)
{
	if (b->zeros >= 2 && b->rest.len > 0 && b->rest.at[0] == 3) {
		b->rest = slice_skip(b->rest, 1);
		b->zeros = 0;
	}
	if (b->rest.len == 0) {
		b->err = ERR_SYNTAX;
		return;
	}
	b->octet = b->rest.at[0];
	b->rest = slice_skip(b->rest, 1);
	b->zeros = b->octet == 0 ? b->zeros + 1 : 0;
	b->left = 8;
}

uint64_t
bits_u(struct bits *b, unsigned n)
{
	uint64_t v = 0;

	for (; n > 0; n--) {
		if (b->left == 0 && b->err == ERR_OK)
			octet_take(b);
		if (b->err != ERR_OK)
			return 0;
		b->left--;
		v = v << 1 | (b->octet >> b->left & 1);
	}
	return v;
}

uint64_t
bits_ue(struct bits *b)
{
	unsigned zeros = 0;

	while (b->err == ERR_OK && bits_u(b, 1) == 0)
		if (++zeros > 31)
			b->err = ERR_SYNTAX;
	if (b->err != ERR_OK)
		return 0;
	return ((uint64_t)1 << zeros) - 1 + bits_u(b, zeros);
}

int64_t
bits_se(struct bits *b)
{
	const uint64_t v = bits_ue(b);

	return v % 2 != 0 ? (int64_t)(v + 1) / 2 : -(int64_t)(v / 2);
}
