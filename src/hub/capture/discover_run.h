/*
 * discover_run.h - reads who answers to a search on the hub's networks. The
 * parent has sent the search and closed the socket for sending: this process
 * hears, and can say nothing to anybody.
 */
#ifndef HUB_DISCOVER_RUN_H
#define HUB_DISCOVER_RUN_H

#include "hub/unit.h"

#define DISCOVER_MS 4000

/*
 * Datagrams from fd for DISCOVER_MS; one unit to out_fd for each camera, at
 * most FOUND_CAMERAS_MAX. RUNNING: heard to the end.
 */
enum reason discover_run(int fd, int out_fd);

#endif
