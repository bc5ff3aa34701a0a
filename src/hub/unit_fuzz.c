/*
 * A unit that parses must be written back to the same octets, and every
 * proper prefix of it must ask for more. So must a sound.
 */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/utf8.h"
#include "hub/device.h"
#include "hub/found.h"

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len);

/* What the hub keeps of a camera can be shown and put into an address. */
static void
found_check(const struct unit *u)
{
	struct found_camera c;
	struct found_profile p;
	struct found_device d;

	if (u->kind == UNIT_DEVICE &&
	    found_device_read(u->octets, &d) == ERR_OK)
		assert(device_path_allowed(d.path) &&
		       utf8_is_clean(slice_str(d.name)));
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

/* What is written of it is what was read; a pipe holds the longest. */
static void
sound_check(const struct unit *u)
{
	static uint8_t got[UNIT_HEAD_OCTETS + SOUND_HEAD_OCTETS +
			   SOUND_CONFIG_OCTETS_MAX + SOUND_FRAME_OCTETS_MAX];
	static int fd[2] = { -1, -1 };
	struct unit_sound s;

	if (unit_sound_parse(u->octets, &s) != ERR_OK)
		return;
	assert(s.config.at + s.config.len == s.frame.at);
	assert(s.frame.at + s.frame.len == u->octets.at + u->octets.len);
	assert(fd[0] != -1 || pipe2(fd, O_CLOEXEC) == 0);
	const enum err e = unit_write_sound(fd[1], u->time_us, &s);
	assert(e == ERR_OK);
	const ssize_t n = read(fd[0], got, sizeof got);
	assert(n == (ssize_t)(UNIT_HEAD_OCTETS + u->octets.len));
	assert(
	    memcmp(got + UNIT_HEAD_OCTETS, u->octets.at, u->octets.len) == 0);
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
		if (u.kind == UNIT_SOUND)
			sound_check(&u);
		rest = slice_skip(rest, took);
	}
	return 0;
}
