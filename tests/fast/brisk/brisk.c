/* brisk.c - in place of hub/rhythm.c: who waits for heads waits less. */
#include "hub/rhythm.h"

const uint64_t heads_watched_ms = 2000;
