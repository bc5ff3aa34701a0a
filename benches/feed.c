/*
 * feed.c - a camera from a file, in real time: access units of an Annex-B
 * H.264 file, each with the time at which it is given out, in the format of a
 * `pipe:` camera (docs/FORMATS.md section 1), again and again.
 *
 *   feed FILE FPS [LOG]
 *
 * LOG gets a line `given N US` for each picture of the file, from 0 again each
 * time that it begins.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "hub/unit.h"
#include "os/clock.h"
#include "os/file.h"
#include "os/sandbox.h"

#define CLIP_OCTETS (64u << 20)

/* Octets up to the next access unit delimiter; *ret_key: it holds an IDR. */
static size_t
unit_octets(struct slice s, bool *ret_key)
{
	*ret_key = false;
	for (size_t i = 0; i + 4 < s.len; i++) {
		if (s.at[i] != 0 || s.at[i + 1] != 0 || s.at[i + 2] != 1)
			continue;
		if ((s.at[i + 3] & 31) == 5)
			*ret_key = true;
		if ((s.at[i + 3] & 31) == 9 && i > 1)
			return s.at[i - 1] == 0 ? i - 1 : i;
	}
	return s.len;
}

int
main(int argc, char **argv)
{
	struct timespec next;
	unsigned picture = 0;
	FILE *log = NULL;
	struct buf clip;

	if (argc != 3 && argc != 4)
		return 2;
	if (argc == 4 && (log = fopen(argv[3], "we")) == NULL)
		return 1;
	sandbox_begin();
	const long step_ns = 1000000000L / atol(argv[2]);
	buf_init(&clip, CLIP_OCTETS);
	if (file_read(AT_FDCWD, argv[1], &clip) != ERR_OK)
		return 1;
	(void)clock_gettime(CLOCK_MONOTONIC, &next);
	for (struct slice rest = buf_slice(&clip);;) {
		struct unit u = { .kind = UNIT_H264 };
		bool key;

		if (rest.len == 0) {
			rest = buf_slice(&clip);
			picture = 0;
		}
		const size_t n = unit_octets(rest, &key);
		u.octets = slice_head(rest, n);
		u.flags = (uint8_t)(UNIT_OWN_TIME | (key ? UNIT_KEY : 0));
		rest = slice_skip(rest, n);
		if ((next.tv_nsec += step_ns) >= 1000000000L) {
			next.tv_nsec -= 1000000000L;
			next.tv_sec++;
		}
		(void)clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &next,
		    NULL);
		u.time_us = clock_realtime_us();
		if (log != NULL) {
			(void)fprintf(log, "given %u %llu\n", picture++,
			    (unsigned long long)u.time_us);
			(void)fflush(log);
		}
		if (unit_write(STDOUT_FILENO, &u) != ERR_OK)
			return 0;
	}
}
