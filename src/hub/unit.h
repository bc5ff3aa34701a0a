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
#include "proto/sound.h"

#define UNIT_HEAD_OCTETS 20
#define UNIT_OCTETS_MAX  ((size_t)4 << 20)

#define SOUND_HEAD_OCTETS       7
#define SOUND_CONFIG_OCTETS_MAX 64
#define SOUND_FRAME_OCTETS_MAX  8192
#define SOUND_RATE_MIN          8000
#define SOUND_RATE_MAX          96000
#define SOUND_CHANNELS_MAX      2

enum unit_kind {
	UNIT_H264 = 1,
	UNIT_SOUND = 2,
	UNIT_H265 = 3,
	UNIT_THUMB = 4,   /* a JPEG of the picture */
	UNIT_FOUND = 5,   /* hub/found.h: a camera */
	UNIT_PROFILE = 6, /* hub/found.h: one of its streams */
	UNIT_DEVICE = 7,  /* hub/found.h: a device of this machine */
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
	struct slice octets; /* H.264, H.265: one access unit, Annex-B */
};

/* One frame of sound; its unit's time is that of its first sample. */
struct unit_sound {
	enum sound_codec codec;
	uint32_t rate;       /* samples of one channel in a second */
	unsigned channels;   /* 1 or 2 */
	struct slice config; /* AAC: its AudioSpecificConfig; else empty */
	/* raw AAC access unit, Opus packet, or G.711 octets; never empty */
	struct slice frame;
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
	X(14, SAID_NO)                                                         \
	X(15, UNPLUGGED)                                                       \
	X(16, BUSY)                                                            \
	X(17, NOT_ALLOWED)                                                     \
	X(18, NOT_CAMERA)                                                      \
	X(19, NO_FORMAT)

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
/*
 * The octets of a unit of kind UNIT_SOUND; slices are borrowed. ERR_SYNTAX,
 * ERR_LIMIT: a rate, a number of channels or a size that is not allowed.
 */
MUST_USE enum err
unit_sound_parse(struct slice octets, struct unit_sound *ret_sound);

void unit_head(const struct unit *u, uint8_t to[static UNIT_HEAD_OCTETS]);
/*
 * Write it whole to a blocking descriptor. ERR_CLOSED: nobody reads there.
 * ERR_LIMIT: octets longer than allowed. ERR_IO.
 */
MUST_USE enum err unit_write(int fd, const struct unit *u);
/*
 * A frame with a time of its own. ERR_SYNTAX, ERR_LIMIT: unit_sound_parse
 * would refuse it.
 */
MUST_USE enum err
unit_write_sound(int fd, uint64_t time_us, const struct unit_sound *s);
MUST_USE enum err
unit_write_status(int fd, uint64_t time_us, enum reason r, uint32_t detail);

#endif
