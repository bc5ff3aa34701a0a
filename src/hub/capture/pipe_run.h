/*
 * pipe_run.h - units that another program writes into a FIFO, as a camera.
 */
#ifndef HUB_PIPE_RUN_H
#define HUB_PIPE_RUN_H

#include "base/err.h"

/*
 * Pass on the access units that come from in_fd, with the time at which they
 * came, or their own where they say that it is the capture's. ERR_CLOSED: nobody reads out_fd, or the writer went. ERR_SYNTAX,
 * ERR_LIMIT: not the format of hub/unit.h. ERR_NOMEM, ERR_IO.
 */
MUST_USE enum err pipe_run(int in_fd, int out_fd);

#endif
