/*
 * webcam_device.h - what is said to a video device (V4L2, linux/videodev2.h),
 * and by no other ioctl() than those of webcam_requests. Reasons are why it
 * does not go: RUNNING is that it does.
 *
 *   opened --webcam_begin--> streams --webcam_take/give--> streams
 *   any --webcam_end--> opened
 */
#ifndef HUB_WEBCAM_DEVICE_H
#define HUB_WEBCAM_DEVICE_H

#include "base/slice.h"
#include "hub/capture/webcam_pick.h"
#include "hub/unit.h"
#include "os/sandbox.h"

#define WEBCAM_OFFERS_MAX 128
#define WEBCAM_NAME_ROOM  33

/* The only ioctl()s that a capture process may make, for the sandbox. */
extern const struct sandbox_device webcam_requests;
/* And one that asks devices for their names: FOUND_DEVICES_MAX of them. */
extern const struct sandbox_device webcam_questions;

struct webcam_device {
	int fd;
	struct webcam_offer choice; /* as the device took it */
	uint32_t line_octets;       /* of what is not compressed */
	bool is_full_range;         /* the same: 0 to 255 */
	struct {
		void *at;
		size_t octets;
	} buffer[WEBCAM_BUFFERS_MAX];
	size_t buffer_count;
	bool streams;
};

struct webcam_frame {
	struct slice octets; /* the device's memory, until it is given back */
	uint32_t index, sequence;
	uint64_t stamp_us;
	bool is_monotonic;
	bool is_broken; /* the device says so, or its size is nonsense */
};

/* Its name, in clean text. RUNNING: it may give pictures; else why not. */
enum reason webcam_name(int fd, char to[static WEBCAM_NAME_ROOM]);
/* What the device offers, of what we take; none is RUNNING and a count of 0. */
enum reason webcam_offers(int fd,
    struct webcam_offer to[static WEBCAM_OFFERS_MAX], size_t *ret_count);
/* *d is zeroed before, but for its fd. After it, webcam_end(). */
enum reason
webcam_begin(struct webcam_device *d, const struct webcam_offer *want);
void webcam_end(struct webcam_device *d);
/* The next picture; SLOW: none came in wait_ms. */
enum reason webcam_take(struct webcam_device *d, int wait_ms,
    struct webcam_frame *ret_frame);
/* Its memory goes back to the device. */
enum reason
webcam_give(struct webcam_device *d, const struct webcam_frame *frame);
/* H.264: asks for a key frame now. Not every camera can. */
void webcam_key_ask(struct webcam_device *d);

#endif
