/*
 * A unit that parses must be written back to the same octets, and every
 * proper prefix of it must ask for more.
 */
#include <string.h>

#include "hub/unit.h"

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len);

int
LLVMFuzzerTestOneInput(const uint8_t *at, size_t len)
{
	struct slice rest = slice_make(at, len);
	struct unit u;
	size_t took;

	while (unit_parse(rest, &u, &took) == ERR_OK) {
		uint8_t head[UNIT_HEAD_OCTETS];
		struct unit again;
		size_t more;
		assert(took <= rest.len);
		unit_head(&u, head);
		assert(memcmp(head, rest.at, sizeof head) == 0);
		assert(u.octets.at == rest.at + UNIT_HEAD_OCTETS);
		assert(unit_parse(slice_head(rest, took - 1), &again, &more) ==
		       ERR_MORE);
		if (u.kind == UNIT_STATUS) {
			enum reason r;
			uint32_t detail;
			if (unit_status(u.octets, &r, &detail) == ERR_OK)
				assert(r < REASON__MAX);
		}
		rest = slice_skip(rest, took);
	}
	return 0;
}
