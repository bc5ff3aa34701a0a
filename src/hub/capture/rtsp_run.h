/*
 * rtsp_run.h - an RTSP camera over the one connection that the hub made: no
 * other address is ever spoken to. H.264 passes through as it is.
 */
#ifndef HUB_RTSP_RUN_H
#define HUB_RTSP_RUN_H

#include "base/slice.h"
#include "hub/unit.h"

struct rtsp_source {
	struct slice url; /* without user and password */
	struct slice user, password;
};

/*
 * Speaks on camera_fd (connected, blocking or not) and writes units to out_fd
 * until the camera or the reader goes. A unit's time is when its first packet
 * came. The answer is never RUNNING; ERR_CLOSED in *ret_err: nobody reads.
 */
enum reason rtsp_run(const struct rtsp_source *s, int camera_fd, int out_fd,
    uint32_t *ret_detail);

#endif
