#include "hub/capture/demo_house.h"

#include "hub/capture/demo_stage.h"

/* The wall stands parallel to the picture, WALK_WALL_AWAY metres away. */
#define WALL_LEFT  507.0f
#define WALL_RIGHT 1132.0f
#define EAVES      263.0f
#define RIDGE      118.0f
#define FOOT       505.0f

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
boards(struct art *a, float x, float y, float w, float h, float step)
{
	for (float at = y; at < y + h; at += step) {
		struct art_paint edge = art_plain(0.86f, 0.92f, 0.93f);
		box_shade(a, x, at - 2.4f, w, 2.4f, 0, 0.72f);
		edge.opacity = 0.28f;
		box(a, x, at, w, 1.2f, edge);
	}
}

static void
paint_chimney(struct art *a, uint32_t seed)
{
	const float x = 1010, y = 78, w = 44, h = 84;

	box(a, x, y, w, h, art_round(0.60f, 0.36f, 0.29f, x - 8, x + w + 8));
	for (int row = 0; row < 11; row++)
		for (int i = -1; i < 4; i++) {
			const float n = art_noise(seed + 5, row, i);
			const float left = x + (float)i * 15 +
					   (row % 2 == 0 ? 0 : 7.5f);
			const float x0 = left < x ? x : left + 1;
			const float x1 = left + 14 > x + w ? x + w : left + 14;
			struct art_paint p = art_round(0.56f + 0.14f * n,
			    0.33f + 0.08f * n, 0.27f + 0.06f * n, x - 8,
			    x + w + 8);
			p.grain = 0.1f;
			if (x1 > x0)
				box(a, x0, y + 1 + (float)row * 7.6f, x1 - x0,
				    6.4f, p);
		}
	box(a, x - 5, y - 9, w + 10, 10, art_plain(0.70f, 0.67f, 0.63f));
	box_shade(a, x, y, w, 7, 4, 0.55f);
	box(a, x + 13, y - 20, 18, 12,
	    art_round(0.62f, 0.40f, 0.31f, x + 13, x + 31));
}

static void
paint_roof(struct art *a, uint32_t seed)
{
	struct art_shape s;
	struct art_paint p = art_fade(art_colour(0.37f, 0.40f, 0.46f), RIDGE,
	    art_colour(0.46f, 0.48f, 0.53f), EAVES);

	p.grain = 0.08f;
	shape_clear(&s);
	shape_point(&s, WALL_LEFT + 62, RIDGE);
	shape_point(&s, WALL_RIGHT - 62, RIDGE);
	shape_point(&s, WALL_RIGHT + 34, EAVES + 6);
	shape_point(&s, WALL_LEFT - 34, EAVES + 6);
	art_fill(a, &s, &p);
	for (int row = 0; row < 14; row++) { /* shingles */
		const float t = ((float)row + 1) / 14.2f;
		const float y = art_mix(RIDGE, EAVES + 6, t);
		const float in = art_mix(62, -34, t);
		const float x0 = WALL_LEFT + in, x1 = WALL_RIGHT - in;
		box_shade(a, x0, y - 1.8f, x1 - x0, 1.8f, 0, 0.72f);
		for (int i = 0; i < 44; i++) {
			const float n = art_noise(seed + 6, row, i);
			const float x = x0 +
					((float)i + (row % 2 == 0 ? 0 : 0.5f)) *
					    (x1 - x0) / 44;
			struct art_paint tile = art_plain(0.34f + 0.22f * n,
			    0.37f + 0.20f * n, 0.43f + 0.18f * n);
			tile.opacity = 0.32f;
			if (x + 13 < x1)
				box(a, x + 1, y - 11, 12.5f, 9, tile);
			box_shade(a, x, y - 11, 1, 10, 0, 0.85f);
		}
	}
	box(a, WALL_LEFT + 58, RIDGE - 5, WALL_RIGHT - WALL_LEFT - 116, 8,
	    art_plain(0.40f, 0.43f, 0.48f));
	/* gutter */
	box(a, WALL_LEFT - 36, EAVES + 3, WALL_RIGHT - WALL_LEFT + 72, 9,
	    art_fade(art_colour(0.96f, 0.95f, 0.92f), EAVES + 3,
		art_colour(0.70f, 0.70f, 0.70f), EAVES + 12));
}

static void
paint_wall(struct art *a)
{
	const float w = WALL_RIGHT - WALL_LEFT;
	struct art_paint p = art_fade(art_colour(0.55f, 0.68f, 0.72f), EAVES,
	    art_colour(0.60f, 0.73f, 0.76f), FOOT);
	struct art_paint stone = art_plain(0.58f, 0.56f, 0.53f);

	p.grain = 0.03f;
	box(a, WALL_LEFT, EAVES, w, FOOT - EAVES, p);
	boards(a, WALL_LEFT, EAVES + 12, w, FOOT - EAVES - 22, 12.5f);
	stone.grain = 0.18f;
	box(a, WALL_LEFT, FOOT - 22, w, 24, stone);
	box(a, WALL_LEFT, FOOT - 26, w, 4, art_plain(0.93f, 0.92f, 0.89f));
	box(a, WALL_LEFT - 2, EAVES, 11, FOOT - EAVES - 22,
	    art_round(0.94f, 0.93f, 0.90f, WALL_LEFT - 8, WALL_LEFT + 14));
	box(a, WALL_RIGHT - 9, EAVES, 11, FOOT - EAVES - 22,
	    art_round(0.94f, 0.93f, 0.90f, WALL_RIGHT - 14, WALL_RIGHT + 8));
	/* the eaves' shadow */
	box_shade(a, WALL_LEFT, EAVES - 10, w, 36, 18, 0.42f);
	box_shade(a, WALL_LEFT, FOOT - 8, w, 14, 12, 0.6f);
}

static void
paint_curtain(struct art *a, float x, float y, float w, float h, float out)
{
	struct art_shape s;
	struct art_paint p = art_round(0.86f, 0.80f, 0.70f, x, x + w);

	p.from.sun = p.to.sun = 0.35f;
	p.from.glow = p.to.glow = 0.85f;
	p.opacity = 0.9f;
	shape_clear(&s);
	shape_point(&s, x, y);
	shape_point(&s, x + w, y);
	shape_curve(&s, x + w * 0.5f * (1 + out), y + h * 0.6f,
	    x + w * 0.5f * (1 - out) + w * 0.35f * out, y + h);
	shape_point(&s, out > 0 ? x : x + w, y + h);
	if (out < 0)
		shape_point(&s, x + w, y);
	art_fill(a, &s, &p);
}

static void
paint_window(struct art *a, float cx, float y, float w, float h)
{
	const float x = cx - w / 2;
	struct art_paint frame = art_plain(0.97f, 0.96f, 0.93f);
	struct art_paint glass = art_fade(art_colour(0.50f, 0.62f, 0.70f), y,
	    art_colour(0.22f, 0.29f, 0.34f), y + h);
	struct art_shape s;

	glass.from.sun = glass.to.sun = 0.45f;
	glass.from.glow = 0.62f;
	glass.to.glow = 1.0f;
	box_shade(a, x - 9, y - 7, w + 22, h + 20, 6, 0.7f);
	box(a, x - 9, y - 9, w + 18, h + 18, frame);
	box(a, x, y, w, h, glass);
	paint_curtain(a, x, y, w * 0.30f, h, 1);
	paint_curtain(a, x + w * 0.70f, y, w * 0.30f, h, -1);
	/* a slanted gleam */
	struct art_paint gleam = art_plain(0.95f, 0.98f, 1.0f);
	gleam.opacity = 0.16f;
	shape_clear(&s);
	shape_point(&s, x + w * 0.28f, y);
	shape_point(&s, x + w * 0.52f, y);
	shape_point(&s, x + w * 0.22f, y + h);
	shape_point(&s, x, y + h);
	shape_point(&s, x, y + h * 0.9f);
	art_fill(a, &s, &gleam);
	box_shade(a, x, y, w, 6, 4, 0.6f);
	box(a, cx - 2.2f, y, 4.4f, h, frame);
	box(a, x, y + h * 0.42f, w, 4, frame);
	box(a, x - 13, y + h + 8, w + 26, 6, frame);
	box_shade(a, x - 11, y + h + 13, w + 22, 5, 3, 0.6f);
}

static void
paint_flower_box(struct art *a, uint32_t seed, float cx, float y, float w)
{
	const float x = cx - w / 2;

	for (int i = 0; i < 90; i++) {
		const float n = art_noise(seed, i, 0);
		struct art_paint p = art_plain(0.28f + 0.2f * n,
		    0.44f + 0.22f * n, 0.22f + 0.1f * n);
		oval(a, x + w * art_noise(seed, i, 1),
		    y - 1 - 11 * art_noise(seed, i, 2), 4.5f, 3.2f, p);
	}
	for (int i = 0; i < 34; i++) {
		const float n = art_noise(seed, i, 3);
		struct art_paint p = n < 0.6f ? art_plain(0.88f, 0.28f, 0.26f)
					      : art_plain(0.96f, 0.62f, 0.64f);
		oval(a, x + w * art_noise(seed, i, 4),
		    y - 4 - 11 * art_noise(seed, i, 5), 2.8f, 2.6f, p);
	}
	box(a, x - 2, y, w + 4, 16,
	    art_fade(art_colour(0.56f, 0.40f, 0.28f), y,
		art_colour(0.42f, 0.29f, 0.20f), y + 16));
	box_shade(a, x, y + 16, w, 5, 4, 0.65f);
}

static void
door_pane(struct art *a, float x, float y, float w, float h)
{
	struct art_paint glass = art_fade(art_colour(0.46f, 0.55f, 0.58f), y,
	    art_colour(0.28f, 0.34f, 0.36f), y + h);

	glass.from.glow = glass.to.glow = 0.9f;
	glass.from.sun = glass.to.sun = 0.4f;
	box_shade(a, x - 3, y - 3, w + 6, h + 6, 2, 0.7f);
	box(a, x, y, w, h, glass);
}

static void
door_panel(struct art *a, float x, float y, float w, float h)
{
	struct art_paint rim = art_plain(0.85f, 0.38f, 0.30f);

	rim.opacity = 0.6f;
	box_shade(a, x, y, w, h, 0, 0.72f);
	box(a, x + 2, y + h - 1.5f, w - 2, 1.5f, rim);
	box(a, x + w - 1.5f, y + 2, 1.5f, h - 2, rim);
	box(a, x + 3, y + 3, w - 6, h - 6, art_plain(0.75f, 0.26f, 0.20f));
}

static void
paint_door(struct art *a)
{
	const float x = 763, y = 309, w = 74, h = 171;
	struct art_paint leaf = art_fade(art_colour(0.70f, 0.23f, 0.18f), y,
	    art_colour(0.76f, 0.27f, 0.20f), y + h);

	box(a, x - 12, y - 13, w + 24, h + 13, art_plain(0.97f, 0.96f, 0.93f));
	box_shade(a, x - 2, y - 2, w + 4, h + 2, 2, 0.5f);
	box(a, x, y, w, h, leaf);
	box_shade(a, x, y, w, 8, 6, 0.6f);
	for (int i = 0; i < 3; i++)
		door_pane(a, x + 9 + (float)i * 20, y + 12, 16, 40);
	door_panel(a, x + 9, y + 64, 25, 42);
	door_panel(a, x + 40, y + 64, 25, 42);
	door_panel(a, x + 9, y + 116, 25, 42);
	door_panel(a, x + 40, y + 116, 25, 42);
	oval(a, x + w - 8, y + 98, 4, 4, art_plain(0.90f, 0.75f, 0.40f));
	oval(a, x + w - 9, y + 97, 1.6f, 1.6f, art_plain(1, 0.95f, 0.8f));
	box(a, x + w - 10, y + 106, 4, 9, art_plain(0.80f, 0.64f, 0.32f));
	box(a, x, y + h - 6, w, 6, art_plain(0.80f, 0.66f, 0.36f));
}

static void
paint_lantern(struct art *a)
{
	struct art_shape s;
	const float x = LAMP_X, y = LAMP_Y;
	struct art_paint glass = art_plain(0.98f, 0.92f, 0.75f);

	glass.from.glow = glass.to.glow = 3.2f;
	box(a, x - 3, y - 21, 6, 10, art_plain(0.16f, 0.17f, 0.18f));
	box(a, x - 7, y - 10, 14, 22, glass);
	shape_clear(&s);
	shape_point(&s, x - 11, y - 9);
	shape_point(&s, x, y - 19);
	shape_point(&s, x + 11, y - 9);
	struct art_paint iron = art_plain(0.16f, 0.17f, 0.18f);
	art_fill(a, &s, &iron);
	box(a, x - 9, y + 11, 18, 4, iron);
	box(a, x - 8, y - 10, 2, 22, iron);
	box(a, x + 6, y - 10, 2, 22, iron);
	/* the number of the house, on a plate below */
	box(a, x - 14, y + 30, 28, 21, art_plain(0.95f, 0.94f, 0.90f));
	box(a, x - 9, y + 34, 3, 13, iron);
	box(a, x - 1, y + 34, 9, 2.6f, iron);
	box(a, x + 5.4f, y + 34, 2.6f, 7, iron);
	box(a, x - 1, y + 39.2f, 9, 2.6f, iron);
	box(a, x - 1, y + 39.2f, 2.6f, 7, iron);
	box(a, x - 1, y + 44.4f, 9, 2.6f, iron);
}

/* One slab of the steps: its top, then its front. */
static void
paint_slab(struct art *a, float near, float far, float up, float half)
{
	struct art_shape s;
	const float x0 = WALK_DOOR_ACROSS - half, x1 = WALK_DOOR_ACROSS + half;
	struct art_paint top = art_plain(0.80f, 0.77f, 0.72f);
	struct art_paint front = art_plain(0.62f, 0.59f, 0.55f);

	top.grain = front.grain = 0.07f;
	shape_clear(&s);
	shape_point(&s, stage_x(x0, far), stage_y(up, far));
	shape_point(&s, stage_x(x1, far), stage_y(up, far));
	shape_point(&s, stage_x(x1, near), stage_y(up, near));
	shape_point(&s, stage_x(x0, near), stage_y(up, near));
	art_fill(a, &s, &top);
	const float left = stage_x(x0, near), y = stage_y(up, near);
	const float w = stage_x(x1, near) - left;
	const float h = stage_y(up - 0.15f, near) - y;
	box(a, left, y, w, h, front);
	box(a, left, y, w, 2.4f, art_plain(0.88f, 0.85f, 0.80f));
	box_shade(a, left - 4, y + h - 2, w + 8, 6, 5, 0.55f);
}

static void
paint_post(struct art *a, float x, float top, float foot)
{
	box(a, x - 7, top, 14, foot - top,
	    art_round(0.96f, 0.95f, 0.92f, x - 9, x + 9));
	box(a, x - 11, top, 22, 9, art_plain(0.97f, 0.96f, 0.93f));
	box_shade(a, x - 8, top + 9, 16, 5, 4, 0.6f);
	box(a, x - 11, foot - 11, 22, 11, art_plain(0.93f, 0.92f, 0.89f));
	box_shade(a, x - 12, foot - 2, 24, 4, 3, 0.6f);
}

static void
paint_gable(struct art *a, uint32_t seed)
{
	const float mid = 816, top = 168, base = 272, half = 158;
	struct art_shape s;
	struct art_paint field = art_fade(art_colour(0.66f, 0.77f, 0.79f), top,
	    art_colour(0.60f, 0.73f, 0.76f), base);
	struct art_paint trim = art_plain(0.97f, 0.96f, 0.93f);
	struct art_paint tiles = art_plain(0.40f, 0.43f, 0.49f);

	shape_clear(&s); /* tiles that look over the rim */
	shape_point(&s, mid, top - 18);
	shape_point(&s, mid + half + 18, base + 2);
	shape_point(&s, mid - half - 18, base + 2);
	tiles.grain = 0.14f;
	art_fill(a, &s, &tiles);
	shape_clear(&s);
	shape_point(&s, mid, top - 8);
	shape_point(&s, mid + half + 8, base + 2);
	shape_point(&s, mid - half - 8, base + 2);
	art_fill(a, &s, &trim);
	shape_clear(&s);
	shape_point(&s, mid, top + 8);
	shape_point(&s, mid + half - 18, base);
	shape_point(&s, mid - half + 18, base);
	art_fill(a, &s, &field);
	for (float y = top + 22; y < base; y += 12) {
		const float w = (half - 18) * (y - top - 8) / (base - top - 8);
		box_shade(a, mid - w, y, 2 * w, 2, 0, 0.75f);
	}
	oval(a, mid, 231, 23, 23, trim);
	struct art_paint glass = art_fade(art_colour(0.52f, 0.64f, 0.71f), 212,
	    art_colour(0.25f, 0.32f, 0.37f), 250);
	glass.from.glow = glass.to.glow = 0.55f;
	glass.from.sun = glass.to.sun = 0.5f;
	oval(a, mid, 231, 17.5f, 17.5f, glass);
	box(a, mid - 1.4f, 213, 2.8f, 36, trim);
	box(a, mid - 18, 229.6f, 36, 2.8f, trim);
	box(a, mid - half + 8, base - 2, 2 * half - 16, 15, trim);
	box_shade(a, mid - half + 8, base + 10, 2 * half - 16, 4, 3, 0.75f);
	(void)seed;
}

void
house_paint(struct art *a, uint32_t seed)
{
	box_shade(a, WALL_LEFT - 20, FOOT - 4, WALL_RIGHT - WALL_LEFT + 40, 18,
	    16, 0.6f);
	paint_chimney(a, seed);
	paint_wall(a);
	paint_roof(a, seed);
	paint_window(a, 600, 322, 98, 98);
	paint_window(a, 1020, 322, 98, 98);
	paint_flower_box(a, seed + 20, 600, 430, 100);
	paint_flower_box(a, seed + 21, 1020, 430, 100);
	paint_door(a);
	paint_lantern(a);
	/* it is dim under the porch roof */
	box_shade(a, 694, 270, 246, 130, 44, 0.62f);
	box_shade(a, 690, 250, 252, 40, 20, 0.55f);
	paint_slab(a, 11.45f, 13.2f, 0.15f, 1.75f);
	paint_slab(a, 11.9f, 13.2f, WALK_PORCH_UP, 1.5f);
	struct art_shape s;
	struct art_paint mat = art_plain(0.40f, 0.33f, 0.26f);
	mat.grain = 0.3f;
	shape_clear(&s);
	shape_point(&s, stage_x(1.5f, 13), stage_y(WALK_PORCH_UP, 13));
	shape_point(&s, stage_x(2.34f, 13), stage_y(WALK_PORCH_UP, 13));
	shape_point(&s, stage_x(2.34f, 12.5f), stage_y(WALK_PORCH_UP, 12.5f));
	shape_point(&s, stage_x(1.5f, 12.5f), stage_y(WALK_PORCH_UP, 12.5f));
	art_fill(a, &s, &mat);
	paint_gable(a, seed);
	paint_post(a, stage_x(WALK_DOOR_ACROSS - 1.32f, 12), 285,
	    stage_y(WALK_PORCH_UP, 12));
	paint_post(a, stage_x(WALK_DOOR_ACROSS + 1.32f, 12), 285,
	    stage_y(WALK_PORCH_UP, 12));
}
