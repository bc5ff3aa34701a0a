/*
 * demo_lit.h - light added to what demo_art painted, as I420 pictures
 * (BT.709, 16..235). A stage is the whole still picture, packed small and
 * lit a few rows at a time; a sprite is a piece with soft edges that is laid
 * over a picture.
 */
#ifndef HUB_DEMO_LIT_H
#define HUB_DEMO_LIT_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "hub/capture/demo_art.h"
#include "hub/capture/demo_light.h"

/* Planes follow each other without padding. */
struct picture {
	int width, height;
	uint8_t *y, *u, *v;
};

/* ERR_NOMEM. */
MUST_USE enum err picture_init(struct picture *p, int width, int height);
void picture_fini(struct picture *p);
static inline size_t
picture_octets(const struct picture *p)
{
	return (size_t)p->width * (size_t)p->height * 3 / 2;
}
/* to = a + (b - a) * share / 256. */
void picture_mix(struct picture *to, const struct picture *a,
    const struct picture *b, unsigned share);

enum stage_plane {
	STAGE_R, /* not squared: eight bits go further */
	STAGE_G,
	STAGE_B,
	STAGE_SUN,
	STAGE_SIDE,
	STAGE_SKY,
	STAGE_GLOW,
	STAGE_LAMP,
	STAGE_OPEN, /* how much open sky shows */
	STAGE__PLANES
};

struct stage {
	int width, height;
	uint8_t *plane[STAGE__PLANES];
	uint32_t seed;
};

/* ERR_NOMEM. */
MUST_USE enum err
stage_init(struct stage *s, const struct art *from, uint32_t seed);
void stage_fini(struct stage *s);
/* Rows 2 * pair and 2 * pair + 1 of the picture, for each of count pairs. */
void stage_light(const struct stage *s, const struct light *l, int pair,
    int count, struct picture *to);

/* Colours are multiplied by cover; a and the chroma planes at half size. */
struct sprite {
	int width, height; /* even */
	uint8_t *y, *cover, *u, *v, *cover2;
};

MUST_USE enum err sprite_init(struct sprite *s, int width, int height);
void sprite_fini(struct sprite *s);
/*
 * Light the first width x height dots of a, which hang at (x, y) of the
 * picture (for the lamp's distance), into s, at most its size.
 */
void sprite_light(struct sprite *s, const struct art *a, int width, int height,
    int x, int y, const struct light *l, float shade);
/*
 * Lay s over to at (x, y), both even; row i is moved right by shift[i] / 256
 * dots (NULL: none). What lies outside is left out. open, when not NULL, is a
 * plane of the picture's size that says where s shows.
 */
void sprite_lay(const struct sprite *s, int width, int height, int x, int y,
    const int *shift, const uint8_t *open, struct picture *to);

#endif
