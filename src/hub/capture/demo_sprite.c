#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "hub/capture/demo_lit.h"
#include "hub/capture/demo_stage.h"

enum err
sprite_init(struct sprite *s, int width, int height)
{
	const size_t dots = (size_t)width * (size_t)height;

	*s = (struct sprite){ .width = width, .height = height };
	/* y, cover, and three planes of a quarter; one octet of slack */
	if ((s->y = calloc(dots * 11 / 4 + 16, 1)) == NULL)
		return ERR_NOMEM;
	s->cover = s->y + dots;
	s->u = s->cover + dots;
	s->v = s->u + dots / 4;
	s->cover2 = s->v + dots / 4;
	return ERR_OK;
}

void
sprite_fini(struct sprite *s)
{
	free(s->y);
	*s = (struct sprite){ 0 };
}

struct dot {
	float y, u, v, cover; /* all times cover, video range 0..255 */
};

static inline float
eye(float v)
{
	v = v * 1.12f / (1 + 0.20f * v);
	return sqrtf(v < 0 ? 0 : v);
}

static struct dot
dot_light(const float *d, const struct light *l, const float *lamp, float shade)
{
	const float cover = d[ART_COVER];
	const float sun = d[ART_SUN] * (1 + 0.75f * d[ART_SIDE] * l->side) *
			  shade;
	float c[3];

	if (cover < 0.004f)
		return (struct dot){ 0 };
	for (int i = 0; i < 3; i++)
		c[i] = eye(
		    d[ART_R + i] / cover *
		    (sun * l->sun[i] + d[ART_SKY] * (l->sky[i] + lamp[i])));
	const float y = 0.2126f * c[0] + 0.7152f * c[1] + 0.0722f * c[2];
	return (struct dot){
		.y = cover * (16 + 219 * (y > 1 ? 1 : y)),
		.u = cover * (128 + 224 * (c[2] - y) / 1.8556f),
		.v = cover * (128 + 224 * (c[0] - y) / 1.5748f),
		.cover = cover,
	};
}

static inline uint8_t
octet(float v)
{
	return (uint8_t)(v <= 0 ? 0 : v >= 255 ? 255 : v + 0.5f);
}

void
sprite_light(struct sprite *s, const struct art *a, int width, int height,
    int x, int y, const struct light *l, float shade)
{
	const size_t wide = (size_t)s->width;

	for (int row = 0; row < height; row += 2)
		for (int col = 0; col < width; col += 2) {
			const float dx = ((float)(x + col) - LAMP_X) / 96;
			const float dy = ((float)(y + row) - LAMP_Y) / 96;
			const float reach = l->lamps * 1.5f /
					    (1 + dx * dx + dy * dy);
			const float lamp[3] = { reach * light_of_lamps[0],
				reach * light_of_lamps[1],
				reach * light_of_lamps[2] };
			struct dot sum = { 0 };
			for (int k = 0; k < 4; k++) {
				const size_t r = (size_t)(row + k / 2);
				const size_t c = (size_t)(col + k % 2);
				const struct dot
				    d = dot_light(a->dot +
						      (r * (size_t)a->width +
							  c) *
							  ART__CHANNELS,
					l, lamp, shade);
				s->y[r * wide + c] = octet(d.y);
				s->cover[r * wide + c] = octet(d.cover * 255);
				sum.u += d.u;
				sum.v += d.v;
				sum.cover += d.cover;
			}
			const size_t half = (size_t)(row / 2) * (wide / 2) +
					    (size_t)(col / 2);
			s->u[half] = octet(sum.u / 4);
			s->v[half] = octet(sum.v / 4);
			s->cover2[half] = octet(sum.cover * 255 / 4);
		}
}

/* out = out * (1 - cover) + from, with from moved right by part / 256. */
static void
row_lay(uint8_t *restrict to, const uint8_t *restrict from,
    const uint8_t *restrict cover, int n, unsigned part)
{
	const uint32_t p1 = part, p0 = 256 - part;

	for (int i = 0; i < n; i++) {
		const uint32_t v = (from[i] * p1 + from[i + 1] * p0) >> 8;
		const uint32_t c = (cover[i] * p1 + cover[i + 1] * p0) >> 8;
		const uint32_t left = (255 - c) * 257 + 1;
		const uint32_t sum = ((to[i] * left + 32768) >> 16) + v;
		to[i] = (uint8_t)(sum > 255 ? 255 : sum);
	}
}

/* The same, weakened where the sky is hidden. step: 1 for luma, 2. */
static void
row_lay_open(uint8_t *restrict to, const uint8_t *restrict from,
    const uint8_t *restrict cover, int n, unsigned part,
    const uint8_t *restrict open, int step)
{
	const uint32_t p1 = part, p0 = 256 - part;

	for (int i = 0; i < n; i++) {
		const uint32_t o = open[i * step] + 1u;
		const uint32_t v = (from[i] * p1 + from[i + 1] * p0) * o >> 16;
		const uint32_t c = (cover[i] * p1 + cover[i + 1] * p0) * o >>
				   16;
		const uint32_t left = (255 - c) * 257 + 1;
		const uint32_t sum = ((to[i] * left + 32768) >> 16) + v;
		to[i] = (uint8_t)(sum > 255 ? 255 : sum);
	}
}

struct plane {
	uint8_t *to;
	const uint8_t *from, *cover, *open;
	int to_width, to_height, from_width;
	int width, height, x, y;
	int halved; /* 0 luma, 1 chroma */
};

static void
plane_lay(const struct plane *p, const int *shift)
{
	for (int row = 0; row < p->height; row++) {
		const int y = p->y + row;
		if (y < 0 || y >= p->to_height)
			continue;
		const int move = shift == NULL
				     ? 0
				     : shift[row << p->halved] >> p->halved;
		/* whole dots to the right, then back by what is left of one */
		int x = p->x + (move >> 8), at = 0, n = p->width - 1;
		const unsigned part = (unsigned)(move & 255);
		if (x < 0) {
			at = -x;
			n += x;
			x = 0;
		}
		if (n > p->to_width - x)
			n = p->to_width - x;
		if (n <= 0)
			continue;
		uint8_t *to = p->to + (size_t)y * (size_t)p->to_width + x;
		const size_t from = (size_t)row * (size_t)p->from_width +
				    (size_t)at;
		if (p->open == NULL)
			row_lay(to, p->from + from, p->cover + from, n, part);
		else
			row_lay_open(to, p->from + from, p->cover + from, n,
			    part,
			    p->open +
				((size_t)y << p->halved) *
				    ((size_t)p->to_width << p->halved) +
				((size_t)x << p->halved),
			    1 << p->halved);
	}
}

void
sprite_lay(const struct sprite *s, int width, int height, int x, int y,
    const int *shift, const uint8_t *open, struct picture *to)
{
	const struct plane luma = { to->y, s->y, s->cover, open, to->width,
		to->height, s->width, width, height, x, y, 0 };
	struct plane half = { to->u, s->u, s->cover2, open, to->width / 2,
		to->height / 2, s->width / 2, width / 2, height / 2, x / 2,
		y / 2, 1 };

	plane_lay(&luma, shift);
	plane_lay(&half, shift);
	half.to = to->v;
	half.from = s->v;
	plane_lay(&half, shift);
}
