/*
 * rtsp_run.h - an RTSP camera over the one connection that the hub made, or
 * with its packets by UDP when it will not send them there: no other address
 * is ever spoken to. H.264 or H.265 passes through as it is, and
 * so does sound that is AAC, Opus or G.711.
 */
#ifndef HUB_RTSP_RUN_H
#define HUB_RTSP_RUN_H

#include "base/slice.h"
#include "hub/capture/rtsp_udp.h"
#include "hub/unit.h"

struct rtsp_source {
	struct slice url; /* without user and password */
	struct slice user, password;
	bool sound_off;  /* its track is never asked for */
	bool udp_wanted; /* not only when the camera refuses the connection */
	struct rtsp_udp_given udp;
};

/*
 * Speaks on camera_fd (connected, blocking or not) and writes units to out_fd
 * until the camera or the reader goes. A picture's time is when its first
 * packet came, a sound's when it was taken. The answer is never RUNNING.
 */
enum reason rtsp_run(const struct rtsp_source *s, int camera_fd, int out_fd,
    uint32_t *ret_detail);

#endif
