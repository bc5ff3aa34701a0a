#include "hub/capture/pace.h"

#include <time.h>

#include "os/clock.h"

#define LATE_US 500000

static uint64_t
clock_us(clockid_t id)
{
	struct timespec t;

	(void)clock_gettime(id, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

uint64_t
pace_now_us(void)
{
	return clock_realtime_us();
}

void
pace_start(struct pace *p)
{
	p->next_us = clock_us(CLOCK_MONOTONIC);
}

void
pace_wait(struct pace *p, uint64_t step_us)
{
	const uint64_t now = clock_us(CLOCK_MONOTONIC);

	p->next_us += step_us;
	if (now > p->next_us + LATE_US)
		p->next_us = now;
	const struct timespec until = {
		.tv_sec = (time_t)(p->next_us / 1000000),
		.tv_nsec = (long)(p->next_us % 1000000 * 1000),
	};
	(void)clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL);
}

uint64_t
pace_due_us(const struct pace *p)
{
	return clock_us(CLOCK_REALTIME) - clock_us(CLOCK_MONOTONIC) +
	       p->next_us;
}
