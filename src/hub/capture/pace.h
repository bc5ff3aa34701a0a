/*
 * pace.h - clocks of a capture process, and waiting for the next picture.
 */
#ifndef HUB_PACE_H
#define HUB_PACE_H

#include <stdint.h>

struct pace {
	uint64_t next_us; /* monotonic */
};

/* Microseconds since 1970. */
uint64_t pace_now_us(void);
void pace_start(struct pace *p);
/*
 * Sleep until step_us after the moment of the last call. Who is late by more
 * than half a second starts anew instead of hurrying after.
 */
void pace_wait(struct pace *p, uint64_t step_us);
/* Microseconds since 1970 of the moment that was last waited for. */
uint64_t pace_due_us(const struct pace *p);

#endif
