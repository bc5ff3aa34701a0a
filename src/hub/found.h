/*
 * found.h - what a capture process that looks for cameras tells the hub, one
 * unit each: docs/FORMATS.md section 1, kinds 5 to 7. Texts are clean
 * (base/utf8.h) and end with a NUL; a reader refuses others.
 */
#ifndef HUB_FOUND_H
#define HUB_FOUND_H

#include "base/buf.h"
#include "hub/unit.h"

#define FOUND_CAMERAS_MAX  64
#define FOUND_PROFILES_MAX 16
#define FOUND_DEVICES_MAX  16
#define FOUND_NAME_OCTETS  128
#define FOUND_PATH_OCTETS  255
#define FOUND_UNIT_OCTETS  1024 /* more than any of them takes */

/* A camera: that answered to a search, or the one that was asked. */
struct found_camera {
	char address[64]; /* numeric; empty: the one that was asked */
	uint16_t port;    /* of its device service, plain HTTP */
	char path[FOUND_PATH_OCTETS + 1];
	/* a search: its name and hardware; else its maker and model */
	char name[FOUND_NAME_OCTETS + 1];
	char hardware[FOUND_NAME_OCTETS + 1];
	char endpoint[FOUND_NAME_OCTETS + 1]; /* stays when the address moves */
};

enum found_codec {
	FOUND_OTHER,
	FOUND_H264,
	FOUND_H265,
	FOUND_JPEG,
	FOUND_CODEC__MAX
};
/* One of the streams of the camera that was asked. */
struct found_profile {
	uint16_t port;                    /* rtsp://ADDRESS:port path */
	char path[FOUND_PATH_OCTETS + 1]; /* begins with / */
	char name[FOUND_NAME_OCTETS + 1];
	enum found_codec codec;
	uint16_t width, height, fps; /* 0: the camera does not say */
	uint32_t kbit_s;
	bool audio;
};

/* A video device of the hub's own machine. */
struct found_device {
	enum reason
	    why; /* RUNNING: it can be asked for pictures; else why not */
	char
	    path[FOUND_PATH_OCTETS + 1]; /* hub/device.h: one that is allowed */
	char name[FOUND_NAME_OCTETS + 1]; /* as it says; empty: not known */
};

/* To a descriptor, as unit_write. */
MUST_USE enum err
found_camera_write(int fd, uint64_t time_us, const struct found_camera *c);
MUST_USE enum err
found_profile_write(int fd, uint64_t time_us, const struct found_profile *p);
MUST_USE enum err
found_device_write(int fd, uint64_t time_us, const struct found_device *d);
/* The octets of a unit of that kind. ERR_SYNTAX, ERR_LIMIT. */
MUST_USE enum err
found_camera_read(struct slice octets, struct found_camera *ret_camera);
MUST_USE enum err
found_profile_read(struct slice octets, struct found_profile *ret_profile);
MUST_USE enum err
found_device_read(struct slice octets, struct found_device *ret_device);
/* Several, one behind the other, for the process that shall name them. */
MUST_USE enum err
found_devices_put(const struct found_device *all, size_t count, struct buf *to);
MUST_USE enum err found_devices_get(struct slice in,
    struct found_device to[static FOUND_DEVICES_MAX], size_t *ret_count);

#endif
