/*
 * A unit that parses must be written back to the same octets, and every
 * proper prefix of it must ask for more.
 */
#include <string.h>

#include "base/utf8.h"
#include "hub/found.h"

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len);

/* What the hub keeps of a camera can be shown and put into an address. */
static void
found_check(const struct unit *u)
{
	struct found_camera c;
	struct found_profile p;

	if (u->kind == UNIT_FOUND && found_camera_read(u->octets, &c) == ERR_OK)
		assert(c.path[0] == '/' && c.port != 0 &&
		       utf8_is_clean(slice_str(c.name)) &&
		       utf8_is_clean(slice_str(c.hardware)) &&
		       utf8_is_clean(slice_str(c.endpoint)));
	if (u->kind == UNIT_PROFILE &&
	    found_profile_read(u->octets, &p) == ERR_OK)
		assert(p.path[0] == '/' && strchr(p.path, ' ') == NULL &&
		       p.codec < FOUND_CODEC__MAX &&
		       utf8_is_clean(slice_str(p.name)));
}

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
		found_check(&u);
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
