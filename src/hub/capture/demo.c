#include "hub/capture/demo.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

#include "base/obj.h"
#include "hub/capture/demo_people.h"
#include "hub/capture/demo_stage.h"
#include "hub/capture/demo_stamp.h"

#define DEMO_MAGIC   0xde3000cau
#define KEY_MS       480000 /* light is computed at these times, mixed between */
#define KEYS         3      /* now, next, and the one after, on its way */
#define PAIRS        (DEMO_HEIGHT / 2)
#define DAY_MS       86400000
#define LIT_MS       120000 /* crown and clouds are lit anew that often */
#define CLOUDS       4
#define CLOUD_WIDTH  520
#define CLOUD_HEIGHT 150

/* The whole still picture in the light of one moment, perhaps in part. */
struct key {
	uint64_t number; /* moment / KEY_MS */
	int pairs;       /* rows done so far, by twos */
	struct picture picture;
};

struct demo {
	uint32_t magic;
	uint32_t seed;
	struct stage stage;
	struct key key[KEYS];
	struct art crown, figure;
	struct sprite crown_lit, figure_lit;
	uint64_t lit_at[1 + CLOUDS]; /* moment / LIT_MS + 1; 0: never */
	struct art cloud[CLOUDS];
	struct sprite cloud_lit[CLOUDS];
};

uint64_t
demo_scene_ms(uint64_t time_us, uint32_t speed_milli, int32_t offset_s)
{
	const uint64_t ms = (uint64_t)((int64_t)(time_us / 1000) +
				       (int64_t)offset_s * 1000);

	return ms / 1000 * speed_milli + ms % 1000 * speed_milli / 1000;
}

static void
light_of(uint64_t scene_ms, struct light *ret_light)
{
	light_at((float)(scene_ms % DAY_MS) / 3600000.0f, ret_light);
}

/* Soft heaps: bright above, grey below, ragged by noise. */
static void
cloud_paint(struct art *a, uint32_t seed)
{
	for (int y = 0; y < a->height; y++)
		for (int x = 0; x < a->width; x++) {
			const float fx = (float)x, fy = (float)y;
			const float dx = (fx - CLOUD_WIDTH / 2.0f) /
					 (CLOUD_WIDTH / 2.0f);
			const float dy = (fy - CLOUD_HEIGHT * 0.62f) /
					 (CLOUD_HEIGHT *
					     (fy < CLOUD_HEIGHT * 0.62f
						     ? 0.60f
						     : 0.36f));
			const float heap = 1 - sqrtf(dx * dx + dy * dy);
			const float n = art_cloud(seed, fx / 74, fy / 50);
			const float cover = art_step(0.05f, 0.62f,
						heap * 1.15f + n - 0.52f) *
					    art_step(0, 0.22f, heap);
			const float bright = art_mix(0.86f, 1.0f,
			    art_clamp(0.75f - 0.55f * dy + 0.5f * (n - 0.5f)));
			float *d = a->dot +
				   ((size_t)y * (size_t)a->width + (size_t)x) *
				       ART__CHANNELS;
			const float c = cover * 0.88f;
			d[ART_R] = d[ART_G] = bright * bright * c;
			d[ART_B] = art_mix(1, bright, 0.85f) * bright * c;
			d[ART_COVER] = c;
			d[ART_SKY] = 1;
		}
}

static enum err
demo_paint(struct demo *d)
{
	struct art a;
	enum err e;

	if ((e = art_init(&a, DEMO_WIDTH, DEMO_HEIGHT)) != ERR_OK)
		return e;
	stage_paint(&a, d->seed);
	e = stage_init(&d->stage, &a, d->seed);
	art_fini(&a);
	if (e != ERR_OK)
		return e;
	for (size_t i = 0; i < KEYS; i++) {
		d->key[i].number = UINT64_MAX;
		if ((e = picture_init(&d->key[i].picture, DEMO_WIDTH,
			 DEMO_HEIGHT)) != ERR_OK)
			return e;
	}
	for (uint32_t i = 0; i < CLOUDS; i++) {
		if ((e = art_init(&d->cloud[i], CLOUD_WIDTH, CLOUD_HEIGHT)) !=
			ERR_OK ||
		    (e = sprite_init(&d->cloud_lit[i], CLOUD_WIDTH,
			 CLOUD_HEIGHT)) != ERR_OK)
			return e;
		cloud_paint(&d->cloud[i], d->seed + 300 + 17 * i);
	}
	if ((e = art_init(&d->crown, CROWN_WIDTH, CROWN_HEIGHT)) != ERR_OK ||
	    (e = sprite_init(&d->crown_lit, CROWN_WIDTH, CROWN_HEIGHT)) !=
		ERR_OK ||
	    (e = art_init(&d->figure, FIGURE_WIDTH, FIGURE_HEIGHT)) != ERR_OK ||
	    (e = sprite_init(&d->figure_lit, FIGURE_WIDTH, FIGURE_HEIGHT)) !=
		ERR_OK)
		return e;
	stage_paint_crown(&d->crown, d->seed);
	return ERR_OK;
}

enum err
demo_open(uint32_t seed, struct demo **ret_demo)
{
	struct demo *d = calloc(1, sizeof *d);
	enum err e;

	if (d == NULL)
		return ERR_NOMEM;
	d->magic = DEMO_MAGIC;
	d->seed = seed;
	if ((e = demo_paint(d)) != ERR_OK) {
		demo_close(d);
		return e;
	}
	*ret_demo = d;
	return ERR_OK;
}

void
demo_close(struct demo *d)
{
	if (d == NULL)
		return;
	OBJ_CHECK(d, DEMO_MAGIC);
	stage_fini(&d->stage);
	for (size_t i = 0; i < KEYS; i++)
		picture_fini(&d->key[i].picture);
	for (size_t i = 0; i < CLOUDS; i++) {
		art_fini(&d->cloud[i]);
		sprite_fini(&d->cloud_lit[i]);
	}
	art_fini(&d->crown);
	sprite_fini(&d->crown_lit);
	art_fini(&d->figure);
	sprite_fini(&d->figure_lit);
	d->magic = 0;
	free(d);
}

/* The key of that number, lit as far as pairs of rows; PAIRS: wholly. */
static struct key *
key_get(struct demo *d, uint64_t number, int pairs)
{
	struct key *k = &d->key[number % KEYS];
	struct light l;

	if (k->number != number) {
		k->number = number;
		k->pairs = 0;
	}
	if (k->pairs < pairs) {
		light_of(number * KEY_MS, &l);
		stage_light(&d->stage, &l, k->pairs, pairs - k->pairs,
		    &k->picture);
		k->pairs = pairs;
	}
	return k;
}

static void
draw_still(struct demo *d, uint64_t scene_ms, struct picture *to)
{
	const uint64_t number = scene_ms / KEY_MS;
	const uint64_t into = scene_ms % KEY_MS;
	const struct key *a = key_get(d, number, PAIRS);
	const struct key *b = key_get(d, number + 1, PAIRS);

	/* the third is made row by row, to be whole when its time comes */
	const int done = (int)(PAIRS * into * 8 / KEY_MS / 7);
	(void)key_get(d, number + 2, done > PAIRS ? PAIRS : done);
	picture_mix(to, &a->picture, &b->picture,
	    (unsigned)(into * 256 / KEY_MS));
}

static void
light_cloud(const struct light *l, struct light *ret_light)
{
	*ret_light = (struct light){ 0 };
	for (int i = 0; i < 3; i++) /* a cloud has its own colour; undo eye() */
		ret_light->sky[i] = l->cloud[i] * l->cloud[i] * 1.08f;
}

static void
draw_clouds(struct demo *d, uint64_t scene_ms, struct picture *to)
{
	static const struct {
		float x, y, speed;
	} drift[CLOUDS] = { { 120, 36, 2.1f }, { 620, -22, 3.2f },
		{ 980, 96, 1.5f }, { 1500, 20, 2.6f } };
	int shift[CLOUD_HEIGHT];

	for (size_t i = 0; i < CLOUDS; i++) {
		const double way = (double)drift[i].x +
				   (double)scene_ms / 1000 *
				       (double)drift[i].speed;
		const double x = fmod(way, DEMO_WIDTH + 2 * CLOUD_WIDTH) -
				 CLOUD_WIDTH;
		const int left = (int)floor(x / 2) * 2;
		const int move = (int)((x - left) * 256);
		for (int k = 0; k < CLOUD_HEIGHT; k++)
			shift[k] = move;
		sprite_lay(&d->cloud_lit[i], CLOUD_WIDTH, CLOUD_HEIGHT, left,
		    (int)drift[i].y, shift, d->stage.plane[STAGE_OPEN], to);
	}
}

/*
 * Whether sprite i is due, and its light if so. Each has its own phase, so
 * that no picture pays for all of them.
 */
static bool
sprite_due(struct demo *d, size_t i, uint64_t scene_ms, struct light *ret_light)
{
	const uint64_t phase = i * (LIT_MS / (1 + CLOUDS));
	const uint64_t at = (scene_ms + phase) / LIT_MS;

	if (d->lit_at[i] == at + 1)
		return false;
	d->lit_at[i] = at + 1;
	light_of(at * LIT_MS + DAY_MS - phase, ret_light);
	return true;
}

static void
sprites_light(struct demo *d, uint64_t scene_ms)
{
	struct light l, cloud;

	if (sprite_due(d, 0, scene_ms, &l))
		sprite_light(&d->crown_lit, &d->crown, CROWN_WIDTH,
		    CROWN_HEIGHT, CROWN_X, CROWN_Y, &l, 1);
	for (size_t i = 0; i < CLOUDS; i++) {
		if (!sprite_due(d, 1 + i, scene_ms, &l))
			continue;
		light_cloud(&l, &cloud);
		sprite_light(&d->cloud_lit[i], &d->cloud[i], CLOUD_WIDTH,
		    CLOUD_HEIGHT, 0, 0, &cloud, 1);
	}
}

/* The wind bends the crown: most at its top, not at all at the trunk. */
static void
draw_crown(struct demo *d, uint64_t scene_ms, struct picture *to)
{
	const double s = (double)(scene_ms % 3600000) / 1000;
	const float gust = (float)(0.6 + 0.4 * sin(s * 0.31));
	const float sway = (float)sin(s * 0.97) * gust;
	int shift[CROWN_HEIGHT];

	for (int y = 0; y < CROWN_HEIGHT; y++) {
		const float high = 1 - (float)y / CROWN_HEIGHT;
		const float ripple = (float)sin(s * 1.9 + (double)y * 0.035) *
				     0.35f * gust;
		shift[y] = (int)((sway * 3.4f * high + ripple) * 256);
	}
	sprite_lay(&d->crown_lit, CROWN_WIDTH, CROWN_HEIGHT, CROWN_X, CROWN_Y,
	    shift, NULL, to);
}

static void
figure_lay(struct demo *d, const struct figure *f, const struct light *l,
    float shade, struct picture *to)
{
	sprite_light(&d->figure_lit, &d->figure, f->width, f->height, f->x,
	    f->y, l, shade);
	sprite_lay(&d->figure_lit, f->width, f->height, f->x, f->y, NULL, NULL,
	    to);
}

static void
draw_story(struct demo *d, uint64_t scene_ms, struct picture *to)
{
	struct story s;
	struct light l;
	struct figure f;

	story_at(d->seed, (double)scene_ms / 1000, &s);
	light_of(scene_ms, &l);
	if (s.parcel_at_door) {
		figure_parcel(&d->figure, s.round, &f);
		figure_lay(d, &f, &l, 0.55f, to);
	}
	if (s.person.there) {
		figure_person(&d->figure, &s.person, s.round, &l, &f);
		figure_lay(d, &f, &l, s.person.up > 0.2f ? 0.6f : 1, to);
	}
}

void
demo_draw(struct demo *d, uint64_t scene_ms, uint64_t time_us, int32_t offset_s,
    uint16_t count, struct picture *to)
{
	OBJ_CHECK(d, DEMO_MAGIC);
	assert(to->width == DEMO_WIDTH && to->height == DEMO_HEIGHT);
	sprites_light(d, scene_ms);
	draw_still(d, scene_ms, to);
	draw_clouds(d, scene_ms, to);
	draw_crown(d, scene_ms, to);
	draw_story(d, scene_ms, to);
	stamp_clock(to, 22, DEMO_HEIGHT - 40, time_us, offset_s);
	stamp_blocks(to, time_us, count);
}
