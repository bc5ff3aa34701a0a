/*
 * parent.h - the first process of eaves-hub. It starts the hub process and
 * the capture processes, opens files and sockets for them, and replaces those
 * that end. It holds no key, and reads nothing that comes from a network.
 */
#ifndef HUB_PARENT_H
#define HUB_PARENT_H

#include "hub/settings.h"

/* The word behind -x that makes a process the hub process. */
#define PARENT_HUB_WORD "hub"
/* Descriptors that the hub process is given. */
#define HUB_CHANNEL_FD  3
#define HUB_FOLDER_FD   4
#define HUB_SETTINGS_FD 5

/*
 * Exit status of the hub process: what lies in its folder is of a newer Eaves,
 * and is left alone. The parent then ends with the other.
 */
#define HUB_STATUS_NEWER    100
#define PARENT_STATUS_NEWER 4

/* Until SIGTERM or SIGINT; returns the exit status. */
int parent_main(const struct settings *s);

#endif
