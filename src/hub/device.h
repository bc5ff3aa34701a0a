/*
 * device.h - a camera in a USB port: its device is opened by the parent, and
 * by it alone. What the kernel answers becomes a reason that a person reads.
 */
#ifndef HUB_DEVICE_H
#define HUB_DEVICE_H

#include "hub/unit.h"

/*
 * /dev/videoNUMBER or /dev/v4l/by-id/NAME: what a household may name in the
 * app. What they lead to is looked at when it is opened.
 */
bool device_path_allowed(const char *path);
/* The number of "video0" to "video255"; -1: another name. */
int device_number(const char *name);
/*
 * Why the kernel said no, by errno: UNPLUGGED, BUSY, NOT_ALLOWED, NOT_CAMERA,
 * LIMIT, else SAID_NO.
 */
enum reason device_reason(int error);
/*
 * RUNNING: *ret_fd is a video device, open for reading and writing; it waits
 * for nothing. What is none is not even opened.
 */
enum reason device_open(const char *path, int *ret_fd);

#endif
