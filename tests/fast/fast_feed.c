/*
 * fast_feed.c - the camera to fast_clock.c: an Annex-B film again and again,
 * by the fast clock, in the format of a `pipe:` camera.
 *
 *   fast_feed FILE FPS >FIFO
 *
 * It says when the clock has caught up.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "hub/unit.h"
#include "os/clock.h"
#include "os/file.h"

#define FILM_OCTETS (64u << 20)

uint64_t clock_behind_us(void);

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
	const struct timespec rest = { .tv_nsec = 200000 };
	bool told = false;
	struct buf film;
	struct slice left;
	uint64_t due;

	if (argc != 3)
		return 2;
	buf_init(&film, FILM_OCTETS);
	if (file_read(AT_FDCWD, argv[1], &film) != ERR_OK)
		return 1;
	const uint64_t step_us = 1000000u / (uint64_t)atol(argv[2]);
	left = buf_slice(&film);
	for (due = clock_realtime_us();; due += step_us) {
		struct unit u = { .kind = UNIT_H264 };
		bool key;

		if (left.len == 0)
			left = buf_slice(&film);
		const size_t n = unit_octets(left, &key);
		u.octets = slice_head(left, n);
		u.flags = key ? UNIT_KEY : 0;
		left = slice_skip(left, n);
		while (clock_realtime_us() < due)
			(void)nanosleep(&rest, NULL);
		if (!told && clock_behind_us() == 0) {
			told = true;
			(void)fputs("caught up\n", stderr);
		}
		u.time_us = clock_realtime_us();
		if (unit_write(STDOUT_FILENO, &u) != ERR_OK)
			return 0;
	}
}
