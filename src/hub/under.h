/*
 * under.h - a folder in the hub's own folder.
 */
#ifndef HUB_UNDER_H
#define HUB_UNDER_H

#include <stdint.h>

#include "base/err.h"

/*
 * Opened, and made if need be (0700). uid: root gives it to that user, with
 * what lies in it; 0: it stays as it is.
 */
MUST_USE enum err
under_open(int folder_fd, const char *name, uint32_t uid, int *ret_fd);

#endif
