#include "hub/capture/capture.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>

#include "hub/capture/demo_run.h"
#include "hub/capture/devices_run.h"
#include "hub/capture/discover_run.h"
#include "hub/capture/file_run.h"
#include "hub/capture/onvif_run.h"
#include "hub/capture/pace.h"
#include "hub/capture/pipe_run.h"
#include "hub/capture/rtsp_run.h"
#include "hub/capture/webcam_device.h"
#include "hub/capture/webcam_run.h"
#include "hub/unit.h"
#include "os/file.h"
#include "os/sandbox.h"
#include "os/sock.h"
#include "proto/onvif.h"
#include "proto/rtsp.h"

#define FDS_MAX    16
#define CONNECT_MS 10000

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

enum reason
capture_connect_wait(int fd, int wait_ms)
{
	struct pollfd p = { .fd = fd, .events = POLLOUT };
	int n;

	do {
		n = poll(&p, 1, wait_ms);
	} while (n == -1 && errno == EINTR);
	if (n == 0)
		return REASON_SLOW;
	switch (n == -1 ? ERR_IO : sock_error(fd)) {
	case ERR_OK:
		return REASON_RUNNING;
	case ERR_REFUSED:
		return REASON_REFUSED;
	case ERR_TIMEOUT:
		return REASON_SLOW;
	default:
		return REASON_NO_ROUTE;
	}
}

static enum err
rtsp_camera_run(const struct capture_settings *s, enum reason *ret_why,
    uint32_t *ret_detail)
{
	struct rtsp_source source = { .url = s->url,
		.user = s->user,
		.password = s->password,
		.sound_off = s->sound_off,
		.udp_wanted = s->udp_wanted,
		.udp = { .word_fd = -1 } };

	if (s->udp_port[0] != 0) {
		for (int i = 0; i < PORTS_COUNT; i++)
			source.udp.fd[i] = CAPTURE_UDP_FD + i;
		source.udp.word_fd = CAPTURE_PORTS_FD;
		source.udp.port[0] = s->udp_port[0];
		source.udp.port[1] = s->udp_port[1];
	}
	*ret_why = capture_connect_wait(CAPTURE_CAMERA_FD, CONNECT_MS);
	if (*ret_why == REASON_RUNNING)
		*ret_why = rtsp_run(&source, CAPTURE_CAMERA_FD, CAPTURE_OUT_FD,
		    ret_detail);
	return ERR_CLOSED;
}

static enum err
onvif_camera_run(const struct capture_settings *s, enum reason *ret_why,
    uint32_t *ret_detail)
{
	const struct onvif_source source = { s->url, s->user, s->password };

	*ret_why = onvif_run(&source, CAPTURE_CAMERA_FD, CAPTURE_OUT_FD,
	    ret_detail);
	return *ret_why == REASON_RUNNING ? ERR_OK : ERR_CLOSED;
}

static enum err
camera_run(const struct capture_settings *s, enum reason *ret_why,
    uint32_t *ret_detail)
{
	enum err e = ERR_UNSUPPORTED;

	*ret_why = REASON_NO_PROCESS;
	switch (s->kind) {
	case CAPTURE_DEMO:
		e = demo_run(s, CAPTURE_OUT_FD, 0);
		*ret_why = REASON_LIMIT;
		break;
	case CAPTURE_FILE:
		e = file_run(CAPTURE_CAMERA_FD, CAPTURE_OUT_FD, 0, s->sound_off,
		    ret_why);
		break;
	case CAPTURE_PIPE:
		e = pipe_run(CAPTURE_CAMERA_FD, CAPTURE_OUT_FD);
		*ret_why = reason_of(e);
		break;
	case CAPTURE_RTSP:
		return rtsp_camera_run(s, ret_why, ret_detail);
	case CAPTURE_DISCOVER:
		*ret_why = discover_run(CAPTURE_CAMERA_FD, CAPTURE_OUT_FD);
		return ERR_OK;
	case CAPTURE_PROBE:
		return onvif_camera_run(s, ret_why, ret_detail);
	case CAPTURE_WEBCAM:
		*ret_why = webcam_run(CAPTURE_CAMERA_FD, CAPTURE_OUT_FD);
		return ERR_CLOSED;
	case CAPTURE_DEVICES:
		*ret_why = devices_run(s->url, CAPTURE_CAMERA_FD,
		    CAPTURE_OUT_FD);
		return ERR_OK;
	case CAPTURE__MAX:
		break;
	}
	*ret_detail = (uint32_t)e;
	return e;
}

int
capture_main(void)
{
	struct sandbox sandbox = { .role = SANDBOX_CAPTURE,
		.folder_fd = -1,
		.fds_max = FDS_MAX };
	struct capture_settings settings;
	struct sandbox_missing missing;
	AUTO_BUF struct buf octets;
	enum reason why = REASON_NO_PROCESS;
	uint32_t detail = 0;
	enum err e;

	sandbox_begin();
	buf_init_secret(&octets, CAPTURE_SETTINGS_OCTETS_MAX);
	if ((e = fd_read_all(CAPTURE_SETTINGS_FD, &octets)) != ERR_OK ||
	    (e = capture_settings_get(buf_slice(&octets), &settings)) !=
		ERR_OK ||
	    (e = rtsp_prepare()) != ERR_OK || (e = onvif_prepare()) != ERR_OK)
		goto say;
	sandbox.uid = settings.uid;
	if (settings.kind == CAPTURE_WEBCAM)
		sandbox.device = &webcam_requests;
	if (settings.kind == CAPTURE_DEVICES)
		sandbox.device = &webcam_questions;
	if ((e = sandbox_enter(&sandbox, &missing)) != ERR_OK)
		goto say;
	(void)close(CAPTURE_SETTINGS_FD);
	e = camera_run(&settings, &why, &detail);
say:
	/* if the hub is gone, nobody hears it */
	(void)!unit_write_status(CAPTURE_OUT_FD, pace_now_us(), why, detail);
	return e == ERR_OK ? 0 : 1;
}
