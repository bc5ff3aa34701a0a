/*
 * clock.h - the clocks. Times that leave the process are UTC since 1970.
 */
#ifndef OS_CLOCK_H
#define OS_CLOCK_H

#include <stdint.h>

uint64_t clock_realtime_us(void);
uint64_t clock_boottime_us(void);
uint64_t clock_monotonic_ms(void);
/* What is left until then, for poll(); 0: nothing. */
int clock_left_ms(uint64_t until_ms);
uint64_t clock_realtime_s(void);
/* Days and hours since 1970, UTC. */
uint32_t clock_day(void);
uint32_t clock_hour(void);

#endif
