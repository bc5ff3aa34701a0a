/*
 * device.h - a camera in a USB port: its device is opened by the parent, and
 * by it alone. What the kernel answers becomes a reason that a person reads.
 */
#ifndef HUB_DEVICE_H
#define HUB_DEVICE_H

#include "hub/unit.h"

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
