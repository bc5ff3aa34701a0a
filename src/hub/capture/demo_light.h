/*
 * demo_light.h - daylight of the demo camera: what shines at an hour of the
 * day. Colours of light are multipliers of squared colours; colours of the
 * sky are as an eye sees them.
 */
#ifndef HUB_DEMO_LIGHT_H
#define HUB_DEMO_LIGHT_H

struct light {
	float zenith[3], horizon[3]; /* sky */
	float sun[3], sky[3];        /* light from the sun, from the sky */
	float cloud[3];
	float side;  /* where the sun stands: -1 left, 1 right */
	float lamps; /* 0 off, 1 burning */
	float stars; /* 0 by day */
	float dusk;  /* warm glow about the place of the sun */
};

/* hour is 0..24. Lamps are warm white. */
void light_at(float hour, struct light *ret_light);
extern const float light_of_lamps[3];

#endif
