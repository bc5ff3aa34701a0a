/*
 * demo_art.h - a small painter for the demo camera: shapes with smooth edges
 * on a canvas that keeps, for each dot, not a colour but what light does
 * there: the colour of the material, how much sun and sky reach it, which
 * side it faces, how much it glows by itself, and how much of it is not sky.
 * Light is added later (demo_light.h), so that one painting serves the whole
 * day.
 *
 * All lengths are dots of a 1280 x 720 picture; y grows downwards. Colours
 * are 0..1 as an eye sees them; light is added to their squares.
 * Pure arithmetic: the same calls give the same canvas.
 */
#ifndef HUB_DEMO_ART_H
#define HUB_DEMO_ART_H

#include <stdint.h>

#include "base/err.h"

enum art_channel {
	ART_R, /* squared, times cover */
	ART_G,
	ART_B,
	ART_SUN,   /* share of direct sun, 0..1 */
	ART_SIDE,  /* -1 faces left, 1 faces right */
	ART_SKY,   /* share of sky light, 0..1 */
	ART_GLOW,  /* light of its own when lamps burn */
	ART_COVER, /* 0: only sky is here */
	ART__CHANNELS
};

struct art {
	int width, height;
	float *dot;  /* width * height * ART__CHANNELS */
	float *mask; /* scratch: cover of the shape being filled */
	float *swap; /* scratch for softening */
};

/* What a place of a shape is made of. */
struct art_look {
	float r, g, b;
	float sun, side, sky, glow;
};

/* Two looks along a line from (ax, ay) to (bx, by); one if they are equal. */
struct art_paint {
	struct art_look from, to;
	float ax, ay, bx, by;
	float grain;   /* uneven brightness, 0..1 */
	float opacity; /* 0..1 */
	float soft;    /* edge blurred over that many dots */
};

#define ART_POINTS 640

struct art_shape {
	int count;
	struct {
		float x, y;
	} at[ART_POINTS];
};

/* ERR_NOMEM. */
MUST_USE enum err art_init(struct art *a, int width, int height);
void art_fini(struct art *a);

/* Shapes are one closed outline; points past ART_POINTS are left out. */
void shape_clear(struct art_shape *s);
void shape_point(struct art_shape *s, float x, float y);
/* A curve from the last point, bent towards (cx, cy). */
void shape_curve(struct art_shape *s, float cx, float cy, float x, float y);
void shape_box(struct art_shape *s, float x, float y, float w, float h);
void shape_oval(struct art_shape *s, float cx, float cy, float rx, float ry);
/* A limb with round ends of the two radii. */
void shape_limb(struct art_shape *s, float x0, float y0, float r0, float x1,
    float y1, float r1);

struct art_paint art_plain(float r, float g, float b);
/* One colour, rounded like a post from x0 to x1. */
struct art_paint art_round(float r, float g, float b, float x0, float x1);
/* From one colour at y0 to another at y1. */
struct art_paint
art_fade(struct art_look top, float y0, struct art_look below, float y1);
struct art_look art_colour(float r, float g, float b);

void
art_fill(struct art *a, const struct art_shape *s, const struct art_paint *p);
/* Shade: leave sun * what is left of the sun, sky likewise. */
void art_shade(struct art *a, const struct art_shape *s, float soft, float sun,
    float sky);

/* Numbers that look random and are the same everywhere, 0..1. */
float art_noise(uint32_t seed, int x, int y);
/* Smooth noise of several sizes, 0..1. */
float art_cloud(uint32_t seed, float x, float y);
uint32_t art_hash(uint32_t a, uint32_t b);

static inline float
art_mix(float a, float b, float t)
{
	return a + (b - a) * t;
}

static inline float
art_clamp(float v)
{
	return v < 0 ? 0 : v > 1 ? 1 : v;
}

/* 0 below lo, 1 above hi, a smooth step between. */
static inline float
art_step(float lo, float hi, float v)
{
	const float t = art_clamp((v - lo) / (hi - lo));

	return t * t * (3 - 2 * t);
}

#endif
