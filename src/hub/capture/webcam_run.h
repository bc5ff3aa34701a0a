/*
 * webcam_run.h - a camera in a USB port, by V4L2, as a camera: its pictures,
 * without sound. H.264 that it makes by itself passes through; JPEG and plain
 * pictures are encoded here.
 */
#ifndef HUB_WEBCAM_RUN_H
#define HUB_WEBCAM_RUN_H

#include "hub/unit.h"

/* Without a good picture for so long, it is ended, or tried in another format. */
#define WEBCAM_SILENT_MS 10000

/*
 * Until it ends; why. CLOSED: nobody reads out_fd. RUNNING is said behind
 * its first picture. The device is the caller's.
 */
enum reason webcam_run(int device_fd, int out_fd);

#endif
