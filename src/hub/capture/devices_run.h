/*
 * devices_run.h - asks the video devices of this machine what they are, by one
 * question each (VIDIOC_QUERYCAP), which starts none of them.
 */
#ifndef HUB_DEVICES_RUN_H
#define HUB_DEVICES_RUN_H

#include "base/slice.h"
#include "hub/unit.h"

/*
 * list: found_devices_put; what is RUNNING there has the descriptor of its
 * place from first_fd on. A unit to out_fd for each that can give pictures, or
 * cannot now and why. RUNNING: that is all.
 */
enum reason devices_run(struct slice list, int first_fd, int out_fd);

#endif
