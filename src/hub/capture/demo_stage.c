#include "hub/capture/demo_stage.h"

#include <math.h>

#include "hub/capture/demo_house.h"

#define FOCAL  1100.0f
#define HEIGHT 2.1f

float
stage_scale(float away)
{
	return FOCAL / away;
}

float
stage_x(float across, float away)
{
	return (float)STAGE_WIDTH / 2 + across * stage_scale(away);
}

float
stage_y(float up, float away)
{
	return STAGE_HORIZON + (HEIGHT - up) * stage_scale(away);
}

/* A flat four-cornered piece of ground. */
static void
shape_ground(struct art_shape *s, float x0, float x1, float near, float far,
    float up)
{
	shape_clear(s);
	shape_point(s, stage_x(x0, far), stage_y(up, far));
	shape_point(s, stage_x(x1, far), stage_y(up, far));
	shape_point(s, stage_x(x1, near), stage_y(up, near));
	shape_point(s, stage_x(x0, near), stage_y(up, near));
}

static void
box(struct art *a, float x, float y, float w, float h, struct art_paint p)
{
	struct art_shape s;

	shape_box(&s, x, y, w, h);
	art_fill(a, &s, &p);
}

static void
box_shade(struct art *a, float x, float y, float w, float h, float soft,
    float left)
{
	struct art_shape s;

	shape_box(&s, x, y, w, h);
	art_shade(a, &s, soft, left, left);
}

static void
oval(struct art *a, float x, float y, float rx, float ry, struct art_paint p)
{
	struct art_shape s;

	shape_oval(&s, x, y, rx, ry);
	art_fill(a, &s, &p);
}

static void
oval_shade(struct art *a, float x, float y, float rx, float ry, float soft,
    float left)
{
	struct art_shape s;

	shape_oval(&s, x, y, rx, ry);
	art_shade(a, &s, soft, left, left);
}

static void
paint_hills(struct art *a)
{
	static const float ridge[][2] = { { 0, 262 }, { 150, 246 },
		{ 330, 270 }, { 520, 292 }, { 760, 270 }, { 1000, 248 },
		{ 1180, 262 }, { 1280, 252 } };
	struct art_shape s;

	shape_clear(&s);
	shape_point(&s, 0, ridge[0][1]);
	for (int i = 1; i < 8; i++)
		shape_curve(&s, (ridge[i - 1][0] + ridge[i][0]) / 2,
		    (ridge[i - 1][1] + ridge[i][1]) / 2 - 14, ridge[i][0],
		    ridge[i][1]);
	shape_point(&s, 1280, 440);
	shape_point(&s, 0, 440);
	struct art_paint p = art_fade(art_colour(0.58f, 0.68f, 0.74f), 245,
	    art_colour(0.66f, 0.74f, 0.72f), 350);
	p.from.sun = p.to.sun = 0.55f;
	art_fill(a, &s, &p);
}

/* A row of round tree tops, back to front, lower ones darker. */
static void
paint_woods(struct art *a, uint32_t seed)
{
	for (int row = 0; row < 3; row++)
		for (int i = 0; i < 46; i++) {
			const float n = art_noise(seed + 40, i, row);
			const float x = (float)i * 29 + n * 22 - 20;
			const float r = 17 + 18 * art_noise(seed + 41, i, row);
			const float y = 322 + (float)row * 17 - 10 * n -
					r * 0.35f;
			const float g = 0.50f - 0.055f * (float)row +
					0.05f * art_noise(seed + 42, i, row);
			struct art_paint p = art_fade(art_colour(g * 0.84f, g,
							  g * 0.72f),
			    y - r, art_colour(g * 0.52f, g * 0.68f, g * 0.55f),
			    y + r);
			p.grain = 0.14f;
			p.from.sun = 0.8f;
			p.to.sun = 0.35f;
			oval(a, x, y, r, r * 0.9f, p);
			box(a, x - r, y, 2 * r, 400 - y,
			    art_plain(g * 0.5f, g * 0.66f, g * 0.52f));
		}
}

static void
paint_lawn(struct art *a, uint32_t seed)
{
	struct art_shape s;
	struct art_paint p = art_fade(art_colour(0.53f, 0.65f, 0.33f), 372,
	    art_colour(0.38f, 0.55f, 0.22f), 720);

	p.grain = 0.07f;
	box(a, 0, 372, 1280, 348, p);
	/* stripes that the mower left, running away from the camera */
	for (int i = -8; i < 9; i++) {
		shape_ground(&s, (float)i * 1.5f - 0.1f,
		    (float)i * 1.5f + 0.65f, 5, 30, 0);
		struct art_paint stripe = art_plain(0.57f, 0.70f, 0.35f);
		stripe.opacity = 0.28f;
		stripe.soft = 3;
		art_fill(a, &s, &stripe);
	}
	for (int i = 0; i < 9000; i++) {
		const float n = art_noise(seed + 50, i, 0);
		const float away = 5.6f + 16 * n * n;
		const float x = 1280 * art_noise(seed + 51, i, 0);
		const float y = stage_y(0, away);
		const float h = (0.03f + 0.05f * art_noise(seed + 52, i, 0)) *
				stage_scale(away);
		const float lean = (art_noise(seed + 53, i, 0) - 0.5f) * h *
				   0.9f;
		const float g = art_noise(seed + 54, i, 0);
		struct art_paint blade = art_plain(0.34f + 0.24f * g,
		    0.50f + 0.20f * g, 0.19f + 0.14f * g);
		blade.opacity = 0.55f;
		shape_clear(&s);
		shape_point(&s, x - 0.008f * stage_scale(away), y);
		shape_point(&s, x + lean, y - h);
		shape_point(&s, x + 0.008f * stage_scale(away), y);
		art_fill(a, &s, &blade);
	}
}

static void
paint_fence(struct art *a)
{
	const float top = stage_y(0.95f, 15), foot = stage_y(0, 15);
	struct art_paint rail = art_plain(0.90f, 0.89f, 0.85f);

	box_shade(a, 0, foot - 6, 506, 12, 8, 0.6f);
	rail.from.sky = rail.to.sky = 0.85f;
	box(a, 0, top + 16, 508, 6, rail);
	box(a, 0, foot - 20, 508, 6, rail);
	for (int i = 0; i < 34; i++) {
		const float x = (float)i * 15 + 2;
		struct art_shape s;
		struct art_paint p = art_round(0.95f, 0.94f, 0.90f, x - 3,
		    x + 12);
		shape_clear(&s);
		shape_point(&s, x, foot);
		shape_point(&s, x, top + 7);
		shape_point(&s, x + 4.5f, top);
		shape_point(&s, x + 9, top + 7);
		shape_point(&s, x + 9, foot);
		art_fill(a, &s, &p);
	}
	box_shade(a, 0, foot - 12, 506, 12, 6, 0.85f);
}

static void
paint_pavement(struct art *a, uint32_t seed)
{
	struct art_shape s;
	const float up = stage_y(0, 7.6f), low = stage_y(0, 6.3f);
	struct art_paint p = art_fade(art_colour(0.72f, 0.70f, 0.66f), up,
	    art_colour(0.78f, 0.76f, 0.72f), low);

	p.grain = 0.07f;
	box(a, 0, up, 1280, low - up, p);
	for (int i = -7; i < 8; i++) { /* joints between the slabs */
		shape_ground(&s, (float)i * 1.1f, (float)i * 1.1f + 0.02f, 6.3f,
		    7.6f, 0);
		art_shade(a, &s, 0, 0.7f, 0.7f);
	}
	box_shade(a, 0, up - 2, 1280, 4, 3, 0.75f);
	struct art_paint kerb = art_plain(0.66f, 0.65f, 0.62f);
	kerb.grain = 0.1f;
	box(a, 0, low, 1280, 7, kerb);
	box_shade(a, 0, low + 5, 1280, 4, 2, 0.55f);
	struct art_paint road = art_plain(0.36f, 0.37f, 0.39f);
	road.grain = 0.25f;
	box(a, 0, low + 8, 1280, 720 - low, road);
	for (int i = 0; i < 40; i++) { /* stains */
		struct art_paint stain = art_plain(0.62f, 0.60f, 0.57f);
		stain.opacity = 0.12f + 0.14f * art_noise(seed + 61, i, 1);
		stain.soft = 5;
		oval(a, 1280 * art_noise(seed + 62, i, 2),
		    art_mix(up, low, art_noise(seed + 63, i, 3)),
		    10 + 34 * art_noise(seed + 64, i, 4), 3, stain);
	}
}

static void
paint_path(struct art *a, uint32_t seed)
{
	struct art_shape s;
	const float x0 = WALK_DOOR_ACROSS - 0.62f;
	const float x1 = WALK_DOOR_ACROSS + 0.62f;
	struct art_paint p = art_fade(art_colour(0.74f, 0.69f, 0.61f),
	    stage_y(0, 11.3f), art_colour(0.80f, 0.75f, 0.67f),
	    stage_y(0, 7.6f));

	shape_ground(&s, x0 - 0.09f, x1 + 0.09f, 7.58f, 11.5f, 0);
	art_shade(a, &s, 6, 0.7f, 0.7f);
	p.grain = 0.08f;
	shape_ground(&s, x0, x1, 7.58f, 11.5f, 0);
	art_fill(a, &s, &p);
	/* stones: rows of two or three, each of its own shade */
	int row = 0;
	for (float z = 7.62f; z < 11.3f; z += 0.42f, row++) {
		const int stones = row % 2 == 0 ? 2 : 3;
		const float w = (x1 - x0) / (float)stones;
		for (int i = 0; i < stones; i++) {
			const float n = art_noise(seed + 70, row, i);
			struct art_paint stone = art_plain(0.72f + 0.14f * n,
			    0.67f + 0.14f * n, 0.59f + 0.14f * n);
			stone.grain = 0.09f;
			const float left = x0 + (float)i * w;
			shape_ground(&s, left + 0.015f, left + w - 0.015f, z,
			    z + 0.385f, 0);
			art_shade(a, &s, 2, 0.82f, 0.82f);
			shape_ground(&s, left + 0.025f, left + w - 0.025f,
			    z + 0.02f, z + 0.375f, 0);
			art_fill(a, &s, &stone);
		}
	}
}

/* Leaves of a bush or a tree: many small ovals, dark ones first. */
static void
paint_leaves(struct art *a, uint32_t seed, float cx, float cy, float rx,
    float ry, int count, float leaf, float r, float g, float b)
{
	for (int i = 0; i < count; i++) {
		const float depth = (float)i / (float)count;
		const float turn = 6.2831853f * art_noise(seed, i, 1);
		const float n = art_noise(seed, i, 2);
		const float out = sqrtf(n) * (1 - 0.22f * depth);
		const float x = cx + rx * out * cosf(turn) - rx * 0.05f * depth;
		const float y = cy + ry * out * sinf(turn) - ry * 0.16f * depth;
		const float high = art_clamp(0.5f - (y - cy) / (2 * ry));
		const float light = 0.62f + 0.24f * depth + 0.20f * high +
				    0.16f * (art_noise(seed, i, 3) - 0.5f);
		const float size = leaf *
				   (0.65f + 0.7f * art_noise(seed, i, 4));
		struct art_paint p = art_plain(r * light, g * light, b * light);
		p.grain = 0.10f;
		p.from.side = p.to.side = art_clamp(
					      0.5f + 0.5f * (x - cx) / rx) *
					      1.8f -
					  0.9f;
		p.from.sun = p.to.sun = 0.25f + 0.35f * depth + 0.4f * high;
		p.from.sky = p.to.sky = 0.45f + 0.3f * depth + 0.25f * high;
		oval(a, x, y, size, size * 0.72f, p);
	}
}

static void
paint_trunk(struct art *a, uint32_t seed)
{
	struct art_shape s;
	struct art_paint p = art_round(0.44f, 0.34f, 0.26f, 208, 254);

	oval_shade(a, 232, 552, 92, 15, 14, 0.62f);
	p.grain = 0.22f;
	shape_clear(&s);
	shape_point(&s, 203, 556);
	shape_curve(&s, 217, 530, 216, 470);
	shape_curve(&s, 216, 400, 196, 310);
	shape_point(&s, 212, 305);
	shape_curve(&s, 228, 360, 233, 380);
	shape_curve(&s, 240, 350, 262, 296);
	shape_point(&s, 276, 302);
	shape_curve(&s, 252, 390, 249, 470);
	shape_curve(&s, 249, 530, 266, 557);
	shape_curve(&s, 248, 552, 236, 559);
	shape_curve(&s, 222, 551, 203, 556);
	art_fill(a, &s, &p);
	for (int i = 0; i < 60; i++) { /* bark */
		const float x = 212 + 40 * art_noise(seed + 80, i, 1);
		const float y = 360 + 185 * art_noise(seed + 80, i, 2);
		shape_limb(&s, x, y, 0.9f, x + 2, y + 16, 0.5f);
		art_shade(a, &s, 0, 0.72f, 0.78f);
	}
	box_shade(a, 190, 290, 92, 90, 40, 0.55f);
}

static void
paint_bushes(struct art *a, uint32_t seed)
{
	static const float bush[][4] = { { 560, 488, 62, 40 },
		{ 648, 494, 44, 32 }, { 986, 492, 58, 38 },
		{ 1068, 482, 66, 46 }, { 1168, 486, 70, 50 },
		{ 1262, 474, 66, 60 }, { 478, 486, 46, 42 } };

	for (uint32_t i = 0; i < 7; i++) {
		const float *b = bush[i];
		oval_shade(a, b[0], b[1] + b[3] * 0.8f, b[2] * 1.05f,
		    b[3] * 0.35f, 12, 0.5f);
		paint_leaves(a, seed + 90 + i, b[0], b[1], b[2], b[3],
		    (int)(b[2] * 5), 6.5f, 0.46f, 0.62f, 0.32f);
	}
	for (int i = 0; i < 150; i++) { /* flowers */
		const float *b = bush[i % 4];
		const float turn = 6.2831853f * art_noise(seed + 99, i, 0);
		const float out = 0.92f * sqrtf(art_noise(seed + 99, i, 1));
		const float n = art_noise(seed + 99, i, 2);
		struct art_paint p = n < 0.5f ? art_plain(0.93f, 0.55f, 0.62f)
				     : n < 0.8f
					 ? art_plain(0.97f, 0.93f, 0.90f)
					 : art_plain(0.95f, 0.76f, 0.40f);
		const float size = 2.2f + 1.6f * art_noise(seed + 99, i, 3);
		oval(a, b[0] + b[2] * out * cosf(turn),
		    b[1] - 4 + b[3] * 0.85f * out * sinf(turn), size, size, p);
	}
}

static void
paint_mailbox(struct art *a)
{
	const float x = 1118, foot = stage_y(0, 8.3f);
	struct art_shape s;

	oval_shade(a, x, foot, 26, 6, 6, 0.55f);
	box(a, x - 5, foot - 118, 10, 118,
	    art_round(0.88f, 0.86f, 0.81f, x - 5, x + 5));
	struct art_paint p = art_fade(art_colour(0.30f, 0.43f, 0.52f),
	    foot - 158, art_colour(0.20f, 0.30f, 0.38f), foot - 112);
	shape_clear(&s);
	shape_point(&s, x - 31, foot - 112);
	shape_point(&s, x - 31, foot - 138);
	shape_curve(&s, x - 31, foot - 159, x - 10, foot - 159);
	shape_point(&s, x + 14, foot - 159);
	shape_curve(&s, x + 35, foot - 159, x + 35, foot - 138);
	shape_point(&s, x + 35, foot - 112);
	art_fill(a, &s, &p);
	box_shade(a, x - 31, foot - 118, 66, 6, 4, 0.7f);
	box(a, x + 28, foot - 172, 4, 34, art_plain(0.80f, 0.26f, 0.20f));
	box(a, x + 28, foot - 172, 16, 11, art_plain(0.80f, 0.26f, 0.20f));
	box(a, x - 24, foot - 134, 30, 2.5f, art_plain(0.13f, 0.20f, 0.26f));
}

void
stage_paint(struct art *a, uint32_t seed)
{
	paint_hills(a);
	paint_woods(a, seed);
	paint_lawn(a, seed);
	paint_fence(a);
	house_paint(a, seed);
	paint_path(a, seed);
	paint_bushes(a, seed);
	paint_pavement(a, seed);
	paint_trunk(a, seed);
	paint_mailbox(a);
}

void
stage_paint_crown(struct art *a, uint32_t seed)
{
	static const float part[][4] = { { 200, 215, 120, 105 },
		{ 110, 220, 86, 76 }, { 288, 226, 88, 76 },
		{ 140, 140, 96, 84 }, { 262, 140, 94, 82 }, { 200, 88, 92, 68 },
		{ 200, 176, 104, 82 } };

	for (uint32_t i = 0; i < 7; i++) {
		const float *p = part[i];
		const float shade = 0.88f + 0.04f * (float)i;
		paint_leaves(a, seed + 110 + i, p[0], p[1], p[2], p[3],
		    (int)(p[2] * 6.5f), 8.5f, 0.47f * shade, 0.64f * shade,
		    0.29f * shade);
	}
}
