/*
 * gaps_when.h - days and times as a home has them, in and out. The home's
 * time zone is that of the process from gaps_zone() on.
 */
#ifndef CLI_GAPS_WHEN_H
#define CLI_GAPS_WHEN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

#define GAPS_WHEN_ROOM 32

/* A zone of the directory; one that is no name leaves UTC. */
void gaps_zone(struct slice zone);
/* "2026-11-24 09:41:07" */
const char *gaps_when(uint64_t us, char to[static GAPS_WHEN_ROOM]);
/* The same, seconds or the time of day left out; false: not understood. */
bool gaps_when_parse(const char *text, uint64_t *ret_us);
/* "2026-11-24": when that day begins and when the next one does. */
bool gaps_day_parse(const char *text, uint64_t *ret_from, uint64_t *ret_to);
/* When the day began in which us lies. */
uint64_t gaps_day_begin(uint64_t us);

#endif
