/*
 * unit.h - access units on a pipe: docs/FORMATS.md section 1. What a capture
 * process says to the hub, and what `pipe:` cameras are fed with.
 */
#ifndef HUB_UNIT_H
#define HUB_UNIT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"

#define UNIT_HEAD_OCTETS 20
#define UNIT_OCTETS_MAX  ((size_t)4 << 20)

enum unit_kind {
	UNIT_H264 = 1,
	UNIT_THUMB = 4,   /* a JPEG of the picture */
	UNIT_FOUND = 5,   /* hub/found.h: a camera */
	UNIT_PROFILE = 6, /* hub/found.h: one of its streams */
	UNIT_STATUS = 127
};
enum unit_flag {
	UNIT_KEY = 1,
	UNIT_OWN_TIME = 2
};

struct unit {
	enum unit_kind kind;
	uint8_t flags;
	uint64_t time_us;
	struct slice octets; /* H.264: one access unit, Annex-B */
};

/*
 * Why a camera gives no pictures. What a person reads is the event CAMERA_name
 * in log/events.def, and the app's own words.
 */
#define REASON_LIST(X)                                                         \
	X(0, RUNNING)                                                          \
	X(1, NO_ROUTE)                                                         \
	X(2, REFUSED)                                                          \
	X(3, PASSWORD)                                                         \
	X(4, NO_PATH)                                                          \
	X(5, CODEC)                                                            \
	X(6, SLOW)                                                             \
	X(7, CLOSED)                                                           \
	X(8, NOT_RTSP)                                                         \
	X(9, NO_H264)                                                          \
	X(10, REDIRECT)                                                        \
	X(11, LIMIT)                                                           \
	X(12, FILE)                                                            \
	X(13, NO_PROCESS)                                                      \
	X(14, SAID_NO)

enum reason {
#define X(number, name) REASON_##name = number,
	REASON_LIST(X)
#undef X
	REASON__MAX
};

/*
 * The unit at the front of in, borrowed; *ret_octets is what it takes.
 * ERR_MORE: in is a proper prefix. ERR_SYNTAX: not this format. ERR_LIMIT:
 * longer than UNIT_OCTETS_MAX.
 */
MUST_USE enum err
unit_parse(struct slice in, struct unit *ret_unit, size_t *ret_octets);
/* Status octets. ERR_SYNTAX. */
MUST_USE enum err
unit_status(struct slice octets, enum reason *ret_reason, uint32_t *ret_detail);

void unit_head(const struct unit *u, uint8_t to[static UNIT_HEAD_OCTETS]);
/*
 * Write it whole to a blocking descriptor. ERR_CLOSED: nobody reads there.
 * ERR_LIMIT: octets longer than allowed. ERR_IO.
 */
MUST_USE enum err unit_write(int fd, const struct unit *u);
MUST_USE enum err
unit_write_status(int fd, uint64_t time_us, enum reason r, uint32_t detail);

#endif
