/*
 * rhythm.h - how often the hub says what its newest marks are while somebody
 * watches. It stands alone so that tests/fast can hurry it.
 */
#ifndef HUB_RHYTHM_H
#define HUB_RHYTHM_H

#include <stdint.h>

extern const uint64_t heads_watched_ms;

#endif
