#include "hub/capture/capture.h"

#include <fcntl.h>

#include "hub/capture/demo_run.h"
#include "hub/capture/file_run.h"
#include "hub/capture/pace.h"
#include "hub/capture/pipe_run.h"
#include "hub/capture/rtsp_run.h"
#include "hub/unit.h"
#include "os/file.h"
#include "os/sandbox.h"
#include "proto/rtsp.h"

#define FDS_MAX 16

/* Why a run ended, for those kinds of camera that do not say it themselves. */
static enum reason
reason_of(enum err e)
{
	switch (e) {
	case ERR_LIMIT:
		return REASON_LIMIT;
	case ERR_CLOSED:
		return REASON_CLOSED;
	default:
		return REASON_FILE;
	}
}

static enum err
camera_run(const struct capture_settings *s, enum reason *ret_why)
{
	enum err e = ERR_UNSUPPORTED;
	uint32_t detail;

	*ret_why = REASON_NO_PROCESS;
	switch (s->kind) {
	case CAPTURE_DEMO:
		e = demo_run(s, CAPTURE_OUT_FD, 0);
		*ret_why = REASON_LIMIT;
		break;
	case CAPTURE_FILE:
		e = file_run(CAPTURE_CAMERA_FD, CAPTURE_OUT_FD, 0, ret_why);
		break;
	case CAPTURE_PIPE:
		e = pipe_run(CAPTURE_CAMERA_FD, CAPTURE_OUT_FD);
		*ret_why = reason_of(e);
		break;
	case CAPTURE_RTSP:
		*ret_why = rtsp_run(&(const struct rtsp_source){ s->url,
					s->user, s->password },
		    CAPTURE_CAMERA_FD, CAPTURE_OUT_FD, &detail);
		e = ERR_CLOSED;
		break;
	case CAPTURE__MAX:
		break;
	}
	return e;
}

int
capture_main(void)
{
	const struct sandbox sandbox = { .role = SANDBOX_CAPTURE,
		.folder_fd = -1,
		.fds_max = FDS_MAX };
	struct capture_settings settings;
	struct sandbox_missing missing;
	AUTO_BUF struct buf octets;
	enum reason why = REASON_NO_PROCESS;
	enum err e;

	sandbox_begin();
	buf_init_secret(&octets, CAPTURE_SETTINGS_OCTETS_MAX);
	if ((e = fd_read_all(CAPTURE_SETTINGS_FD, &octets)) != ERR_OK ||
	    (e = capture_settings_get(buf_slice(&octets), &settings)) !=
		ERR_OK ||
	    (e = rtsp_prepare()) != ERR_OK ||
	    (e = sandbox_enter(&sandbox, &missing)) != ERR_OK)
		goto say;
	(void)close(CAPTURE_SETTINGS_FD);
	e = camera_run(&settings, &why);
say:
	/* if the hub is gone, nobody hears it */
	(void)!unit_write_status(CAPTURE_OUT_FD, pace_now_us(), why,
	    (uint32_t)e);
	return e == ERR_OK ? 0 : 1;
}
