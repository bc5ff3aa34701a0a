/*
 * capture.h - the capture process: one per camera, the only one that touches
 * what a camera sends; also who looks for cameras (DISCOVER), who asks one
 * for its streams (PROBE), and who asks what is in the USB ports (DEVICES). It gets these descriptors and nothing else:
 *   3  where its units go (hub/unit.h)
 *   4  its settings, read to the end before anything else
 *   5  the camera: a connected socket, an open file, an open FIFO, an open
 *      video device; none for the demo; DISCOVER: a socket that only hears; PROBE: a channel to the
 *      parent, which connects to that one camera as often as it is asked to;
 *      DEVICES: the first of up to FOUND_DEVICES_MAX video devices
 * and for an RTSP camera, in case it sends by UDP alone (hub/ports.h),
 *   6  to 9: sockets for video and sound, RTP and RTCP each
 *   10 where it says which ports of the camera they are to be connected to
 * It can open nothing by itself and holds no key. When it ends, the hub
 * starts another one; its last unit says why.
 */
#ifndef HUB_CAPTURE_H
#define HUB_CAPTURE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/slice.h"
#include "hub/unit.h"

#define CAPTURE_OUT_FD      3
#define CAPTURE_SETTINGS_FD 4
#define CAPTURE_CAMERA_FD   5
#define CAPTURE_UDP_FD      6 /* the first of four */
#define CAPTURE_PORTS_FD    10

#define CAPTURE_SETTINGS_OCTETS_MAX 4096
#define CAPTURE_TEXT_OCTETS_MAX     1024

enum capture_kind {
	CAPTURE_DEMO,
	CAPTURE_FILE,
	CAPTURE_PIPE,
	CAPTURE_RTSP,
	CAPTURE_DISCOVER,
	CAPTURE_PROBE,
	CAPTURE_WEBCAM,
	CAPTURE_DEVICES,
	CAPTURE__MAX
};

struct capture_settings {
	enum capture_kind kind;
	uint32_t demo_seed, demo_speed_milli;
	int32_t zone_offset_s; /* of the clock in the demo's picture */
	uint32_t uid;          /* 0: stay */
	bool sound_off;        /* no sound is taken from the camera */
	bool udp_wanted;       /* RTSP: packets by UDP from the start */
	uint16_t udp_port[2];  /* RTSP: of 6 and 8; 0: there are none */
	/* RTSP, PROBE: without user and password; DEVICES: found_devices_put */
	struct slice url;
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
