#include "hub/capture/demo_sound.h"

#include <math.h>

#include "hub/capture/demo.h"
#include "hub/capture/demo_art.h"
#include "hub/capture/demo_story.h"

#define LATE_SAMPLES DEMO_SOUND_RATE
#define WIND         1400.0f /* of 32767, before it is made soft */
#define CHIME        5000.0f
#define CHIME_S      2.0
#define CHIME_SECOND 0.55 /* when the lower tone follows */
#define TURN         6.2831853

void
demo_sound_init(struct demo_sound *d, uint32_t seed, uint32_t speed_milli,
    int32_t offset_s)
{
	*d = (struct demo_sound){ .seed = seed,
		.speed_milli = speed_milli,
		.offset_s = offset_s,
		.random = art_hash(seed, 77) };
}

/* G.711: 14 bits, sign, three bits of size, four of the rest, all inverted. */
uint8_t
mulaw_of(int sample)
{
	const unsigned sign = sample < 0 ? 0x80 : 0;
	unsigned v = (unsigned)(sample < 0 ? -sample : sample);
	unsigned size = 7;

	v = (v > 32635 ? 32635 : v) + 132;
	for (unsigned bit = 0x4000; size > 0 && (v & bit) == 0; bit >>= 1)
		size--;
	return (uint8_t) ~(sign | size << 4 | ((v >> (size + 3)) & 15));
}

/* Noise with its high part taken away, stronger and weaker as gusts come. */
static float
wind_next(struct demo_sound *d, float gust)
{
	d->random = d->random * 1664525u + 1013904223u;
	const float white = (float)(d->random >> 8) / 8388608.0f - 1.0f;
	d->low += (white - d->low) * 0.18f;
	d->lower += (d->low - d->lower) * 0.18f;
	return d->lower * gust * WIND;
}

/* How long ago it chimed, by our clock; negative: it has not. */
static double
chime_since_s(const struct demo_sound *d, uint64_t time_us)
{
	const double scene_s = (double)demo_scene_ms(time_us, d->speed_milli,
				   d->offset_s) /
			       1000;
	const uint64_t round = (uint64_t)(scene_s / STORY_ROUND_S);
	struct story_times t;

	story_times(d->seed, round, &t);
	return (scene_s - (double)round * STORY_ROUND_S - t.leaves_parcel) *
	       1000 / (double)d->speed_milli;
}

static double
tone(double since_s, double hertz)
{
	if (since_s < 0)
		return 0;
	return exp(-3.5 * since_s) * (sin(TURN * hertz * since_s) +
					 0.3 * sin(2 * TURN * hertz * since_s));
}

static float
chime(double since_s)
{
	if (since_s < 0 || since_s > CHIME_S)
		return 0;
	return CHIME * (float)(tone(since_s, 659.26) +
			       tone(since_s - CHIME_SECOND, 523.25));
}

bool
demo_sound_frame(struct demo_sound *d, uint64_t now_us,
    uint8_t to[static DEMO_SOUND_SAMPLES], uint64_t *ret_time_us)
{
	const uint64_t now = now_us / 1000000 * DEMO_SOUND_RATE +
			     now_us % 1000000 * DEMO_SOUND_RATE / 1000000;

	if (d->next == 0 || d->next + LATE_SAMPLES < now || d->next > now)
		d->next = now;
	if (now - d->next < DEMO_SOUND_SAMPLES)
		return false;
	*ret_time_us = d->next * (1000000 / DEMO_SOUND_RATE);
	const double since_s = chime_since_s(d, *ret_time_us);
	const float gust = 0.3f +
			   art_cloud(d->seed + 5,
			       (float)(d->next / DEMO_SOUND_SAMPLES % 1000000) *
				   0.02f,
			       0);
	for (int i = 0; i < DEMO_SOUND_SAMPLES; i++)
		to[i] = mulaw_of(
		    (int)(wind_next(d, gust) +
			  chime(since_s + (double)i / DEMO_SOUND_RATE)));
	d->next += DEMO_SOUND_SAMPLES;
	return true;
}
