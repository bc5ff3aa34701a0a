/*
 * demo_run.h - the demo camera as a capture process: draws, encodes with
 * libx264 (H.264 High, a key frame each 2 s), writes units, and what it hears
 * (demo_sound.h) beside them.
 */
#ifndef HUB_DEMO_RUN_H
#define HUB_DEMO_RUN_H

#include "base/err.h"
#include "hub/capture/capture.h"

#define DEMO_FPS      15
#define DEMO_GROUP    (2 * DEMO_FPS)
#define DEMO_KBIT_MAX 1500

/*
 * Until nobody reads out_fd (ERR_CLOSED), or until pictures have been written
 * (0: forever; ERR_OK). ERR_NOMEM.
 */
MUST_USE enum err
demo_run(const struct capture_settings *s, int out_fd, uint64_t pictures);

#endif
