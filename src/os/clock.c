#include "os/clock.h"

#include <time.h>

static uint64_t
clock_us(clockid_t clock)
{
	struct timespec t = { 0 };

	(void)clock_gettime(clock, &t);
	return (uint64_t)t.tv_sec * 1000000u + (uint64_t)t.tv_nsec / 1000u;
}

uint64_t
clock_realtime_us(void)
{
	return clock_us(CLOCK_REALTIME);
}

uint64_t
clock_boottime_us(void)
{
	return clock_us(CLOCK_BOOTTIME);
}

uint64_t
clock_monotonic_ms(void)
{
	return clock_us(CLOCK_MONOTONIC) / 1000u;
}

int
clock_left_ms(uint64_t until_ms)
{
	const uint64_t now_ms = clock_monotonic_ms();

	return now_ms >= until_ms ? 0 : (int)(until_ms - now_ms);
}

uint64_t
clock_realtime_s(void)
{
	return clock_us(CLOCK_REALTIME) / 1000000u;
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
