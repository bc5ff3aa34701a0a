#include "hub/rhythm.h"

const uint64_t heads_watched_ms = 10000;
