/*
 * file_run.h - a video file, again and again, as a camera. Its H.264 passes
 * through as it is; other formats are refused. So does its first sound, when it
 * is AAC, Opus or G.711; other sound is left out.
 */
#ifndef HUB_FILE_RUN_H
#define HUB_FILE_RUN_H

#include <stdint.h>

#include "base/err.h"
#include "hub/unit.h"

/*
 * Read from file_fd, which can be sought, until nobody reads out_fd
 * (ERR_CLOSED) or rounds through the file are done (0: forever; ERR_OK).
 * ERR_SYNTAX and ERR_UNSUPPORTED put the reason into *reterr_reason.
 */
MUST_USE enum err file_run(int file_fd, int out_fd, uint64_t rounds,
    bool sound_off, enum reason *reterr_reason);

#endif
