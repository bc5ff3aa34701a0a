/*
 * fast_clock.c - in place of os/clock.c, for tests that need a long past: the
 * clock begins BACK_S seconds ago and runs SPEED times as fast until it has
 * caught up; from then on it is the real one.
 */
#include <time.h>

#include "os/clock.h"

static uint64_t
read_us(clockid_t clock)
{
	struct timespec t = { 0 };

	(void)clock_gettime(clock, &t);
	return (uint64_t)t.tv_sec * 1000000u + (uint64_t)t.tv_nsec / 1000u;
}

uint64_t clock_behind_us(void);

/* How far behind the real clocks ours are now. */
uint64_t
clock_behind_us(void)
{
	static uint64_t began;
	const uint64_t now = read_us(CLOCK_MONOTONIC);

	if (began == 0)
		began = now;
	const uint64_t won = (now - began) * (SPEED - 1);
	return won >= BACK_S * UINT64_C(1000000)
		   ? 0
		   : BACK_S * UINT64_C(1000000) - won;
}

uint64_t
clock_realtime_us(void)
{
	return read_us(CLOCK_REALTIME) - clock_behind_us();
}

/* A machine may be up for less than that. */
uint64_t
clock_boottime_us(void)
{
	return read_us(CLOCK_BOOTTIME) + BACK_S * UINT64_C(1000000) -
	       clock_behind_us();
}

uint64_t
clock_monotonic_ms(void)
{
	return read_us(CLOCK_MONOTONIC) / 1000u;
}

uint64_t
clock_realtime_s(void)
{
	return clock_realtime_us() / 1000000u;
}

uint32_t
clock_day(void)
{
	return (uint32_t)(clock_realtime_s() / 86400u);
}

uint32_t
clock_hour(void)
{
	return (uint32_t)(clock_realtime_s() / 3600u);
}
