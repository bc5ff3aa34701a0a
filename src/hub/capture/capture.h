/*
 * capture.h - the capture process: one per camera, the only one that touches
 * what a camera sends; also who looks for cameras (DISCOVER) and who asks one
 * for its streams (PROBE). It gets three descriptors and nothing else:
 *   3  where its units go (hub/unit.h)
 *   4  its settings, read to the end before anything else
 *   5  the camera: a connected socket, an open file, an open FIFO; none for
 *      the demo; DISCOVER: a socket that only hears; PROBE: a channel to the
 *      parent, which connects to that one camera as often as it is asked to
 * It can open nothing by itself and holds no key. When it ends, the hub
 * starts another one; its last unit says why.
 */
#ifndef HUB_CAPTURE_H
#define HUB_CAPTURE_H

#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/slice.h"
#include "hub/unit.h"

#define CAPTURE_OUT_FD      3
#define CAPTURE_SETTINGS_FD 4
#define CAPTURE_CAMERA_FD   5

#define CAPTURE_SETTINGS_OCTETS_MAX 4096
#define CAPTURE_TEXT_OCTETS_MAX     1024

enum capture_kind {
	CAPTURE_DEMO,
	CAPTURE_FILE,
	CAPTURE_PIPE,
	CAPTURE_RTSP,
	CAPTURE_DISCOVER,
	CAPTURE_PROBE,
	CAPTURE__MAX
};

struct capture_settings {
	enum capture_kind kind;
	uint32_t demo_seed, demo_speed_milli;
	int32_t zone_offset_s; /* of the clock in the demo's picture */
	uint32_t uid;          /* 0: stay */
	struct slice url;      /* RTSP, PROBE: without user and password */
	struct slice user, password;
};

/* ERR_LIMIT for a text longer than CAPTURE_TEXT_OCTETS_MAX; ERR_NOMEM. */
MUST_USE enum err
capture_settings_put(const struct capture_settings *s, struct buf *to);
/* Texts are borrowed from in. ERR_SYNTAX, ERR_LIMIT. */
MUST_USE enum err
capture_settings_get(struct slice in, struct capture_settings *ret_settings);

/*
 * A socket that was handed over while it was still connecting: RUNNING when
 * it is connected, else why not.
 */
enum reason capture_connect_wait(int fd, int wait_ms);
/* The whole process; returns its exit status. */
int capture_main(void);

#endif
