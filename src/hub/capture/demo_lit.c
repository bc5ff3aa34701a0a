#include "hub/capture/demo_lit.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "hub/capture/demo_stage.h"

#define WIDTH_MAX 1280
#define STARS     170
#define MOON_X    1150.0f
#define MOON_Y    84.0f

enum err
picture_init(struct picture *p, int width, int height)
{
	const size_t dots = (size_t)width * (size_t)height;

	*p = (struct picture){ .width = width, .height = height };
	if ((p->y = malloc(dots * 3 / 2)) == NULL)
		return ERR_NOMEM;
	p->u = p->y + dots;
	p->v = p->u + dots / 4;
	return ERR_OK;
}

void
picture_fini(struct picture *p)
{
	free(p->y);
	*p = (struct picture){ 0 };
}

void
picture_mix(struct picture *to, const struct picture *a,
    const struct picture *b, unsigned share)
{
	const size_t n = picture_octets(to);
	const uint8_t *restrict from = a->y, *restrict towards = b->y;
	uint8_t *restrict out = to->y;
	const uint16_t w1 = (uint16_t)share, w0 = (uint16_t)(256 - share);

	if (share == 0) {
		memcpy(out, from, n);
		return;
	}
	for (size_t i = 0; i < n; i++)
		out[i] = (uint8_t)((uint16_t)(from[i] * w0 + towards[i] * w1 +
					      128) >>
				   8);
}

static uint8_t
octet_of(float v)
{
	return v <= 0 ? 0 : v >= 1 ? 255 : (uint8_t)(v * 255 + 0.5f);
}

/* How much of the lamp's light reaches a place. */
static float
lamp_reach(float x, float y)
{
	/* beyond the foot of the wall the ground runs towards the camera */
	const float low = y > 490 ? (y - 490) * 1.5f : 0;
	const float dx = (x - LAMP_X) / 96, dy = (y + low - LAMP_Y) / 96;

	return 1 / (1 + dx * dx + dy * dy);
}

enum err
stage_init(struct stage *s, const struct art *from, uint32_t seed)
{
	const size_t dots = (size_t)from->width * (size_t)from->height;

	*s = (struct stage){ .width = from->width,
		.height = from->height,
		.seed = seed };
	if ((s->plane[0] = malloc(dots * STAGE__PLANES)) == NULL)
		return ERR_NOMEM;
	for (size_t i = 1; i < STAGE__PLANES; i++)
		s->plane[i] = s->plane[0] + i * dots;
	for (size_t i = 0; i < dots; i++) {
		const float *d = from->dot + i * ART__CHANNELS;
		const float lamp = lamp_reach((float)(i % (size_t)from->width),
		    (float)(i / (size_t)from->width));
		s->plane[STAGE_R][i] = octet_of(sqrtf(d[ART_R]));
		s->plane[STAGE_G][i] = octet_of(sqrtf(d[ART_G]));
		s->plane[STAGE_B][i] = octet_of(sqrtf(d[ART_B]));
		s->plane[STAGE_SUN][i] = octet_of(d[ART_SUN]);
		s->plane[STAGE_SIDE][i] = octet_of(d[ART_SIDE] * 0.5f + 0.5f);
		s->plane[STAGE_SKY][i] = octet_of(d[ART_SKY]);
		s->plane[STAGE_GLOW][i] = octet_of(d[ART_GLOW] * 0.25f);
		s->plane[STAGE_LAMP][i] = octet_of(lamp * d[ART_SKY]);
		s->plane[STAGE_OPEN][i] = octet_of(1 - d[ART_COVER]);
	}
	return ERR_OK;
}

void
stage_fini(struct stage *s)
{
	free(s->plane[0]);
	*s = (struct stage){ 0 };
}

struct row {
	float r[WIDTH_MAX], g[WIDTH_MAX], b[WIDTH_MAX];
};

/* The tree's shadow, which falls away from the sun. */
static float
shadow_at(const struct stage *s, const struct light *l, float x, float y)
{
	const float dx = (x - (231 - l->side * 190)) / 215;
	const float dy = (y - 540) / 27;
	const float d = dx * dx + dy * dy;

	if (d >= 1)
		return 1;
	const float leaves = art_step(0.30f, 0.62f,
	    art_cloud(s->seed + 3, x / 26, y / 7));
	return 1 - 0.85f * leaves * art_step(0, 0.5f, 1 - d);
}

static void
row_shadow(const struct stage *s, const struct light *l, int y, float *to)
{
	for (int x = 0; x < s->width; x++)
		to[x] = 1;
	if (y < 513 || y > 567)
		return;
	for (int x = 0; x < s->width; x++)
		to[x] = shadow_at(s, l, (float)x, (float)y);
}

static void
row_sky(const struct stage *s, const struct light *l, int y, struct row *to)
{
	const float t = art_clamp((float)y / STAGE_HORIZON);
	const float low = t * t * (1.6f - 0.6f * t);
	const float sun_x = 640 + l->side * 560;
	float c[3];

	for (int i = 0; i < 3; i++)
		c[i] = art_mix(l->zenith[i], l->horizon[i], low);
	for (int x = 0; x < s->width; x++) {
		const float dx = ((float)x - sun_x) / 420;
		const float warm = l->dusk * 0.30f * (0.25f + 0.75f * t) /
				   (1 + dx * dx);
		to->r[x] = c[0] + warm;
		to->g[x] = c[1] + warm * 0.52f;
		to->b[x] = c[2] + warm * 0.10f;
	}
}

/* Dot after dot by distance: a disc with a halo. */
static void
row_moon(const struct stage *s, const struct light *l, int y, struct row *to)
{
	const float dy = (float)y - MOON_Y;

	if (l->stars < 0.02f || dy * dy > 130 * 130)
		return;
	for (int x = (int)MOON_X - 130; x < s->width; x++) {
		const float dx = (float)x - MOON_X;
		const float d = sqrtf(dx * dx + dy * dy);
		const float bx = dx + 9, by = dy - 5;
		const float bite = sqrtf(bx * bx + by * by);
		const float disc = (1 - art_step(18.4f, 19.8f, d)) *
				   art_step(16.6f, 18.4f, bite);
		const float halo = 0.16f * (1 - art_step(10, 128, d));
		const float v = l->stars * (halo * halo * 5 + disc * 0.86f);
		to->r[x] = to->r[x] + v;
		to->g[x] = to->g[x] + v * 0.97f;
		to->b[x] = to->b[x] + v * 0.86f;
	}
}

static void
row_stars(const struct stage *s, const struct light *l, int y, struct row *to)
{
	if (l->stars < 0.02f)
		return;
	for (int i = 0; i < STARS; i++) {
		const float sy = 20 + 290 * art_noise(s->seed + 9, i, 0);
		const float sx = 1278 * art_noise(s->seed + 9, i, 1);
		const float n = art_noise(s->seed + 9, i, 2);
		const float high = 1 - sy / 340;
		const float v = l->stars * high * (0.18f + 0.6f * n * n * n);
		const int x = (int)sx;
		if ((int)sy == y) {
			to->r[x] += v;
			to->g[x] += v;
			to->b[x] += v * 1.1f;
			to->r[x + 1] += v * 0.4f;
			to->g[x + 1] += v * 0.4f;
			to->b[x + 1] += v * 0.4f;
		}
	}
}

/* Squares of light are summed, then rolled off softly towards white. */
static inline float
eye(float v)
{
	v = v * 1.12f / (1 + 0.20f * v);
	return sqrtf(v < 0 ? 0 : v);
}

static void
row_light(const struct stage *s, const struct light *l, int y,
    const float *restrict shadow, struct row *restrict to)
{
	const size_t at = (size_t)y * (size_t)s->width;
	const uint8_t *restrict pr = s->plane[STAGE_R] + at;
	const uint8_t *restrict pg = s->plane[STAGE_G] + at;
	const uint8_t *restrict pb = s->plane[STAGE_B] + at;
	const uint8_t *restrict psun = s->plane[STAGE_SUN] + at;
	const uint8_t *restrict pside = s->plane[STAGE_SIDE] + at;
	const uint8_t *restrict psky = s->plane[STAGE_SKY] + at;
	const uint8_t *restrict pglow = s->plane[STAGE_GLOW] + at;
	const uint8_t *restrict plamp = s->plane[STAGE_LAMP] + at;
	const uint8_t *restrict popen = s->plane[STAGE_OPEN] + at;
	const float u = 1.0f / 255, u2 = u * u;
	const float lr = l->lamps * light_of_lamps[0] * 1.5f;
	const float lg = l->lamps * light_of_lamps[1] * 1.5f;
	const float lb = l->lamps * light_of_lamps[2] * 1.5f;

	for (int x = 0; x < s->width; x++) {
		const float side = ((float)pside[x] * (2 * u) - 1) * l->side;
		const float sun = (float)psun[x] * u * (1 + 0.75f * side) *
				  shadow[x];
		const float sky = (float)psky[x] * u;
		const float lamp = (float)plamp[x] * u;
		const float glow = (float)pglow[x] * (4 * u);
		const float ar = (float)pr[x] * (float)pr[x] * u2;
		const float ag = (float)pg[x] * (float)pg[x] * u2;
		const float ab = (float)pb[x] * (float)pb[x] * u2;
		const float open = (float)popen[x] * u;
		const float r = ar * (sun * l->sun[0] + sky * l->sky[0] +
					 lamp * lr) +
				glow * lr * 0.6f;
		const float g = ag * (sun * l->sun[1] + sky * l->sky[1] +
					 lamp * lg) +
				glow * lg * 0.6f;
		const float b = ab * (sun * l->sun[2] + sky * l->sky[2] +
					 lamp * lb) +
				glow * lb * 0.6f;
		to->r[x] = to->r[x] * open + eye(r) * (1 - open);
		to->g[x] = to->g[x] * open + eye(g) * (1 - open);
		to->b[x] = to->b[x] * open + eye(b) * (1 - open);
	}
}

static inline uint8_t
video(float v, float lo, float hi)
{
	return (uint8_t)(v < lo ? lo : v > hi ? hi : v);
}

static void
row_luma(const struct row *row, int width, int y, uint8_t *restrict to)
{
	/* unevenness below one step keeps soft skies from banding */
	for (int x = 0; x < width; x++) {
		const uint32_t h = ((uint32_t)x * 0x9e3779b1u ^
				       (uint32_t)y * 0x85ebca6bu) *
				   0x2c1b3c6du;
		const float uneven = (float)(h >> 24) * (1.0f / 256);
		const float v = 0.2126f * row->r[x] + 0.7152f * row->g[x] +
				0.0722f * row->b[x];
		to[x] = video(16 + 219 * v + uneven, 16, 235);
	}
}

static void
rows_chroma(const struct row *a, const struct row *b, int width,
    uint8_t *restrict u, uint8_t *restrict v)
{
	for (int x = 0; x < width / 2; x++) {
		const int i = 2 * x;
		const float cr = (a->r[i] + a->r[i + 1] + b->r[i] +
				     b->r[i + 1]) /
				 4;
		const float cg = (a->g[i] + a->g[i + 1] + b->g[i] +
				     b->g[i + 1]) /
				 4;
		const float cb = (a->b[i] + a->b[i + 1] + b->b[i] +
				     b->b[i + 1]) /
				 4;
		const float y = 0.2126f * cr + 0.7152f * cg + 0.0722f * cb;
		u[x] = video(128.5f + 224 * (cb - y) / 1.8556f, 16, 240);
		v[x] = video(128.5f + 224 * (cr - y) / 1.5748f, 16, 240);
	}
}

void
stage_light(const struct stage *s, const struct light *l, int pair, int count,
    struct picture *to)
{
	struct row rows[2];
	float shadow[WIDTH_MAX];

	for (int i = pair; i < pair + count && 2 * i + 1 < s->height; i++) {
		for (int k = 0; k < 2; k++) {
			const int y = 2 * i + k;
			row_sky(s, l, y, &rows[k]);
			row_stars(s, l, y, &rows[k]);
			row_moon(s, l, y, &rows[k]);
			row_shadow(s, l, y, shadow);
			row_light(s, l, y, shadow, &rows[k]);
			row_luma(&rows[k], s->width, y,
			    to->y + (size_t)y * (size_t)to->width);
		}
		rows_chroma(&rows[0], &rows[1], s->width,
		    to->u + (size_t)i * (size_t)(to->width / 2),
		    to->v + (size_t)i * (size_t)(to->width / 2));
	}
}
