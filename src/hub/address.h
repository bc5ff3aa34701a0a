/*
 * address.h - where a camera is, as a person writes it: demo, a path of a
 * file, pipe:PATH, rtsp://HOST[:PORT]/PATH, or a camera in a USB port:
 * v4l2:PATH, or its path alone, which begins with /dev/video or /dev/v4l/. A user name may stand in it, a
 * password may not: it would be seen in process lists and shell histories.
 * "?transport=udp" or "&transport=udp" at its end is ours, not the camera's.
 */
#ifndef HUB_ADDRESS_H
#define HUB_ADDRESS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "hub/capture/capture.h"

#define ADDRESS_OCTETS_MAX 1024
#define RTSP_PORT          554

struct address {
	enum capture_kind kind;
	char path[ADDRESS_OCTETS_MAX + 1]; /* file, pipe and device */
	char host[256];                    /* RTSP */
	uint16_t port;
	char user[256];
	char url[ADDRESS_OCTETS_MAX + 1]; /* RTSP, without user */
	bool udp; /* RTSP: packets by UDP from the start */
};

/* Of an address that the household named in the app: RTSP, or a device's. */
enum capture_kind address_kind(struct slice address);
/*
 * ERR_DENIED: a password stands in it. ERR_SYNTAX, ERR_LIMIT.
 */
MUST_USE enum err address_parse(const char *text, struct address *ret_address);
/* "HOST:PORT" or "[HOST]:PORT". ERR_SYNTAX. */
MUST_USE enum err
host_port_parse(const char *text, char host[static 256], uint16_t *ret_port);

#endif
