/*
 * onvif_run.h - asks one camera by ONVIF what streams it has. The only
 * connections are those that the parent makes, on request, to that camera's
 * address and port.
 */
#ifndef HUB_ONVIF_RUN_H
#define HUB_ONVIF_RUN_H

#include "base/slice.h"
#include "hub/unit.h"

#define ONVIF_RUN_MS 9000

struct onvif_source {
	struct slice url; /* http://HOST[:PORT][/PATH] of its device service */
	struct slice user, password;
};

/*
 * Asks for connections on channel_fd (hub/channel.h, CHANNEL_CONNECT). Writes
 * one UNIT_FOUND and a UNIT_PROFILE each to out_fd, in ONVIF_RUN_MS at most.
 * RUNNING: that is all. *ret_detail: the HTTP status of the last answer.
 */
enum reason onvif_run(const struct onvif_source *s, int channel_fd, int out_fd,
    uint32_t *ret_detail);

#endif
