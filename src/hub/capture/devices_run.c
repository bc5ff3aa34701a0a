#include "hub/capture/devices_run.h"

#include "hub/capture/pace.h"
#include "hub/capture/webcam_device.h"
#include "hub/found.h"

/* A radio, or what went meanwhile, is nothing that a person wants to add. */
static bool
is_told(enum reason why)
{
	return why != REASON_NOT_CAMERA && why != REASON_NO_FORMAT &&
	       why != REASON_UNPLUGGED;
}

enum reason
devices_run(struct slice list, int first_fd, int out_fd)
{
	struct found_device all[FOUND_DEVICES_MAX] = { 0 };
	size_t count;

	if (found_devices_get(list, all, &count) != ERR_OK)
		return REASON_LIMIT;
	for (size_t i = 0; i < count; i++) {
		struct found_device *d = &all[i];

		if (d->why == REASON_RUNNING)
			d->why = webcam_name(first_fd + (int)i, d->name);
		if (is_told(d->why) &&
		    found_device_write(out_fd, pace_now_us(), d) != ERR_OK)
			return REASON_CLOSED;
	}
	return REASON_RUNNING;
}
