/*
 * sound_clock.h - when a camera's sound was taken, by our clock. Its RTP time
 * stamps run by a clock of the camera's own, a little fast or slow; its
 * packets come with delays that jump about. So a time is base + stamp / rate,
 * and base follows the packets that were delayed least, slowly: what jumps in
 * the network does not jump in the times, and the two clocks stay together.
 *
 * Times given never fall, and are never after the packet came. After a leap
 * (a camera that starts its stamps anew, a stall that was not made up for)
 * base starts anew. Pure: the clock is an argument.
 */
#ifndef HUB_SOUND_CLOCK_H
#define HUB_SOUND_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

#define SOUND_CLOCK_WINDOWS 5

struct sound_clock {
	uint32_t rate;
	bool begun;
	uint32_t stamp;  /* newest */
	int64_t samples; /* of the newest, since the first; does not wrap */
	int64_t base_us; /* our time of sample 0 */
	int64_t began_us, pulled_us;
	/* least base that the packets of each window would give */
	int64_t least[SOUND_CLOCK_WINDOWS];
	int64_t window_us; /* when the newest window began */
	int64_t last_us;   /* newest time given */
};

/* rate: stamps in a second, not 0. */
void sound_clock_init(struct sound_clock *c, uint32_t rate);
/*
 * A packet came at now_us (any clock that never falls): its first sample has
 * this stamp, and it holds so many.
 */
void sound_clock_packet(struct sound_clock *c, uint32_t stamp, uint32_t samples,
    int64_t now_us);
/* When the sample was taken that is so many after the packet's first. */
int64_t sound_clock_time(struct sound_clock *c, uint32_t after, int64_t now_us);

#endif
