/*
 * devices.h - the cameras that may be in the USB ports of this machine, as the
 * parent opens them for a process that asks what they are.
 */
#ifndef HUB_DEVICES_H
#define HUB_DEVICES_H

#include "hub/found.h"

struct devices {
	size_t count;
	struct found_device at[FOUND_DEVICES_MAX]; /* without names */
	int fd[FOUND_DEVICES_MAX]; /* -1: at[].why says why not */
};

/*
 * Those of the folder, which is /dev but for tests. One that has a name of its
 * own there (v4l/by-id) is called by that, which stays when cameras are plugged
 * in in another order, and comes first; all else by its number. What cannot be
 * opened because another program has it, or because it is not ours to open, is
 * in it with its reason; what is no camera is not.
 */
void devices_open(const char *folder, struct devices *ret);
void devices_close(struct devices *d);

#endif
