/*
 * demo_sound.h - what the demo camera hears: a little wind, and the door's
 * chime when the parcel has come. G.711 (mu-law), 8000 samples a second, one
 * channel. When it chimes is a function of (seed, time), as the pictures are.
 */
#ifndef HUB_DEMO_SOUND_H
#define HUB_DEMO_SOUND_H

#include <stdbool.h>
#include <stdint.h>

#define DEMO_SOUND_RATE    8000
#define DEMO_SOUND_SAMPLES 320 /* of a frame: 40 ms */

struct demo_sound {
	uint32_t seed, speed_milli;
	int32_t offset_s;
	uint64_t next;   /* sample since 1970 that comes next; 0: none yet */
	uint32_t random; /* the wind's */
	float low, lower;
};

void demo_sound_init(struct demo_sound *d, uint32_t seed, uint32_t speed_milli,
    int32_t offset_s);
/*
 * The next frame that is over by now_us, and when its first sample was taken;
 * false: none is. Who comes late hears what is now.
 */
bool demo_sound_frame(struct demo_sound *d, uint64_t now_us,
    uint8_t to[static DEMO_SOUND_SAMPLES], uint64_t *ret_time_us);
/* Linear to mu-law (ITU-T G.711). */
uint8_t mulaw_of(int sample);

#endif
