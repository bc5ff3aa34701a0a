#include "hub/capture/sound_clock.h"

#include <assert.h>

#define WINDOW_US  2000000
#define BEGIN_US   2000000 /* the first packets are often of a queue */
#define LEAP_US    200000
#define FAR_US     10000000 /* no delay: the stamps went back */
#define DOWN_SHARE 20       /* at most a 20th of the time that went by, */
#define STEP_US    1000     /* and this at once */
#define UP_SHARE   500      /* 2 ms in a second: clocks differ by far less */

void
sound_clock_init(struct sound_clock *c, uint32_t rate)
{
	assert(rate != 0);
	*c = (struct sound_clock){ .rate = rate };
}

static int64_t
us_of(const struct sound_clock *c, int64_t samples)
{
	const int64_t rate = c->rate;

	return samples / rate * 1000000 + samples % rate * 1000000 / rate;
}

/* Sample 0 becomes the newest packet's first, so that the count stays small. */
static void
clock_begin(struct sound_clock *c, int64_t base_us, int64_t now_us)
{
	base_us += us_of(c, c->samples);
	c->samples = 0;
	c->base_us = base_us;
	c->began_us = c->pulled_us = c->window_us = now_us;
	for (int i = 0; i < SOUND_CLOCK_WINDOWS; i++)
		c->least[i] = base_us;
}

/* The least of the last ten seconds. */
static int64_t
least_take(struct sound_clock *c, int64_t base_us, int64_t now_us)
{
	int64_t least = base_us;

	for (int n = 0;
	     n < SOUND_CLOCK_WINDOWS && now_us - c->window_us >= WINDOW_US;
	     n++) {
		for (int i = SOUND_CLOCK_WINDOWS - 1; i > 0; i--)
			c->least[i] = c->least[i - 1];
		c->least[0] = base_us;
		c->window_us += WINDOW_US;
	}
	if (now_us - c->window_us >= WINDOW_US)
		c->window_us = now_us; /* it was silent for long */
	if (base_us < c->least[0])
		c->least[0] = base_us;
	for (int i = 0; i < SOUND_CLOCK_WINDOWS; i++)
		if (c->least[i] < least)
			least = c->least[i];
	return least;
}

static int64_t
limited(int64_t v, int64_t lo, int64_t hi)
{
	return v < lo ? lo : v > hi ? hi : v;
}

void
sound_clock_packet(struct sound_clock *c, uint32_t stamp, uint32_t samples,
    int64_t now_us)
{
	/* stamps wrap: they are read as the nearest to the one before */
	c->samples += c->begun ? (int32_t)(stamp - c->stamp) : 0;
	c->stamp = stamp;
	/* a packet comes when its last sample has been taken, not its first */
	const int64_t base = now_us - us_of(c, c->samples + samples);
	if (!c->begun) {
		c->begun = true;
		clock_begin(c, base, now_us);
		return;
	}
	const int64_t least = least_take(c, base, now_us);
	const int64_t by = least - c->base_us;
	const int64_t went = now_us - c->pulled_us;
	if (by < -LEAP_US || by > LEAP_US || base - c->base_us > FAR_US) {
		clock_begin(c, base - c->base_us > FAR_US ? base : least,
		    now_us);
		return;
	}
	c->pulled_us = now_us;
	if (now_us - c->began_us < BEGIN_US && by < 0)
		c->base_us += by;
	else
		c->base_us += limited(by,
		    -limited(went / DOWN_SHARE, 0, STEP_US), went / UP_SHARE);
}

int64_t
sound_clock_time(struct sound_clock *c, uint32_t after, int64_t now_us)
{
	int64_t t = c->base_us + us_of(c, c->samples + after);

	if (t < c->last_us)
		t = c->last_us;
	if (t > now_us)
		t = now_us;
	c->last_us = t;
	return t;
}
