#ifndef PARENT_ROOM_H
#define PARENT_ROOM_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

/*
 * What recordings may take when nobody said it; decided once for the store's
 * folder. ERR_IO: it cannot be kept there.
 */
MUST_USE enum err media_room(int folder_fd, uint64_t *ret_octets);

#endif
