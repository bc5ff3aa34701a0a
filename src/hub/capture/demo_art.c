#include "hub/capture/demo_art.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

struct span {
	int x0, y0, x1, y1; /* x1, y1 are outside */
};

enum err
art_init(struct art *a, int width, int height)
{
	const size_t dots = (size_t)width * (size_t)height;

	*a = (struct art){ .width = width, .height = height };
	a->dot = calloc(dots * ART__CHANNELS, sizeof *a->dot);
	/* one float more: an edge at the right border spills there */
	a->mask = calloc(dots + 2, sizeof *a->mask);
	a->swap = calloc(dots + 2, sizeof *a->swap);
	if (a->dot == NULL || a->mask == NULL || a->swap == NULL) {
		art_fini(a);
		return ERR_NOMEM;
	}
	return ERR_OK;
}

void
art_fini(struct art *a)
{
	free(a->dot);
	free(a->mask);
	free(a->swap);
	*a = (struct art){ 0 };
}

uint32_t
art_hash(uint32_t a, uint32_t b)
{
	uint32_t h = a * 0x9e3779b1u ^ (b + 0x7f4a7c15u) * 0x85ebca6bu;

	h ^= h >> 15;
	h *= 0x2c1b3c6du;
	h ^= h >> 12;
	h *= 0x297a2d39u;
	return h ^ h >> 15;
}

float
art_noise(uint32_t seed, int x, int y)
{
	const uint32_t h = art_hash(art_hash(seed, (uint32_t)x), (uint32_t)y) >>
			   8;

	return (float)h * (1.0f / 16777216.0f);
}

static float
noise_smooth(uint32_t seed, float x, float y)
{
	const float fx = floorf(x), fy = floorf(y);
	const int ix = (int)fx, iy = (int)fy;
	const float tx = art_step(0, 1, x - fx), ty = art_step(0, 1, y - fy);

	return art_mix(art_mix(art_noise(seed, ix, iy),
			   art_noise(seed, ix + 1, iy), tx),
	    art_mix(art_noise(seed, ix, iy + 1),
		art_noise(seed, ix + 1, iy + 1), tx),
	    ty);
}

float
art_cloud(uint32_t seed, float x, float y)
{
	float sum = 0, part = 0.5f;

	for (uint32_t i = 0; i < 5; i++) {
		sum += part * noise_smooth(seed + i, x, y);
		x = x * 2.03f + 11.7f;
		y = y * 2.03f + 5.3f;
		part *= 0.5f;
	}
	return sum / 0.96875f;
}

void
shape_clear(struct art_shape *s)
{
	s->count = 0;
}

void
shape_point(struct art_shape *s, float x, float y)
{
	if (s->count == ART_POINTS)
		return;
	s->at[s->count].x = x;
	s->at[s->count].y = y;
	s->count++;
}

void
shape_curve(struct art_shape *s, float cx, float cy, float x, float y)
{
	const int steps = 16;

	if (s->count == 0)
		shape_point(s, cx, cy);
	const float x0 = s->at[s->count - 1].x, y0 = s->at[s->count - 1].y;
	for (int i = 1; i <= steps; i++) {
		const float t = (float)i / (float)steps, u = 1 - t;
		shape_point(s, u * u * x0 + 2 * u * t * cx + t * t * x,
		    u * u * y0 + 2 * u * t * cy + t * t * y);
	}
}

void
shape_box(struct art_shape *s, float x, float y, float w, float h)
{
	shape_clear(s);
	shape_point(s, x, y);
	shape_point(s, x + w, y);
	shape_point(s, x + w, y + h);
	shape_point(s, x, y + h);
}

static void
shape_arc(struct art_shape *s, float cx, float cy, float rx, float ry,
    float from, float to)
{
	const float r = rx > ry ? rx : ry;
	const int steps = r < 6 ? 10 : r < 40 ? 24 : 48;

	for (int i = 0; i <= steps; i++) {
		const float a = from + (to - from) * (float)i / (float)steps;
		shape_point(s, cx + rx * cosf(a), cy + ry * sinf(a));
	}
}

void
shape_oval(struct art_shape *s, float cx, float cy, float rx, float ry)
{
	shape_clear(s);
	shape_arc(s, cx, cy, rx, ry, 0, 6.2831853f);
}

void
shape_limb(struct art_shape *s, float x0, float y0, float r0, float x1,
    float y1, float r1)
{
	const float a = atan2f(y1 - y0, x1 - x0), half = 1.5707963f;

	shape_clear(s);
	shape_arc(s, x0, y0, r0, r0, a + half, a + 3 * half);
	shape_arc(s, x1, y1, r1, r1, a - half, a + half);
}

struct art_look
art_colour(float r, float g, float b)
{
	return (struct art_look){ .r = r, .g = g, .b = b, .sun = 1, .sky = 1 };
}

struct art_paint
art_plain(float r, float g, float b)
{
	const struct art_look l = art_colour(r, g, b);

	return (struct art_paint){ .from = l, .to = l, .bx = 1, .opacity = 1 };
}

struct art_paint
art_round(float r, float g, float b, float x0, float x1)
{
	struct art_paint p = art_plain(r, g, b);

	p.from.side = -0.9f;
	p.to.side = 0.9f;
	p.from.sky = p.to.sky = 0.9f;
	p.ax = x0;
	p.bx = x1;
	return p;
}

struct art_paint
art_fade(struct art_look top, float y0, struct art_look below, float y1)
{
	return (struct art_paint){ .from = top,
		.to = below,
		.ay = y0,
		.by = y1,
		.opacity = 1 };
}

/*
 * Cover by signed areas: each edge adds, to the row it crosses, how much of
 * each dot lies right of it; the running sum along the row is the cover.
 */
static void
edge_row(float *row, int width, float xa, float xb, float area)
{
	float x0 = xa < xb ? xa : xb, x1 = xa < xb ? xb : xa;

	x0 = x0 < 0 ? 0 : x0 > (float)width ? (float)width : x0;
	x1 = x1 < 0 ? 0 : x1 > (float)width ? (float)width : x1;
	const int i0 = (int)x0, i1 = (int)ceilf(x1);
	if (i1 <= i0 + 1) {
		const float mid = 0.5f * (x0 + x1) - (float)i0;
		row[i0] += area * (1 - mid);
		row[i0 + 1] += area * mid;
		return;
	}
	const float s = 1 / (x1 - x0), f0 = x0 - (float)i0;
	const float a0 = 0.5f * s * (1 - f0) * (1 - f0);
	const float f1 = x1 - (float)i1 + 1, am = 0.5f * s * f1 * f1;
	row[i0] += area * a0;
	if (i1 == i0 + 2) {
		row[i0 + 1] += area * (1 - a0 - am);
	} else {
		const float a1 = s * (1.5f - f0);
		row[i0 + 1] += area * (a1 - a0);
		for (int i = i0 + 2; i < i1 - 1; i++)
			row[i] += area * s;
		const float a2 = a1 + (float)(i1 - i0 - 3) * s;
		row[i1 - 1] += area * (1 - a2 - am);
	}
	row[i1] += area * am;
}

static void
edge_add(float *mask, int stride, const struct span *box, float x0, float y0,
    float x1, float y1)
{
	const float sign = y0 < y1 ? 1 : -1;
	float x = y0 < y1 ? x0 : x1;
	const float top = y0 < y1 ? y0 : y1, end = y0 < y1 ? y1 : y0;

	if (top == end || end <= (float)box->y0 || top >= (float)box->y1)
		return;
	const float dx = (x1 - x0) / (y1 - y0);
	const float first = top < (float)box->y0 ? (float)box->y0 : top;
	const float last = end > (float)box->y1 ? (float)box->y1 : end;
	x += (first - top) * dx;
	for (float y = first; y < last;) {
		const int row = (int)y;
		const float next = (float)(row + 1) < last ? (float)(row + 1)
							   : last;
		const float xn = x + (next - y) * dx;
		edge_row(mask + (size_t)row * (size_t)stride + box->x0,
		    box->x1 - box->x0, x - (float)box->x0, xn - (float)box->x0,
		    sign * (next - y));
		x = xn;
		y = next;
	}
}

/* The dots that the shape may touch, grown by pad; false when there are none.
 */
static bool
span_of(const struct art *a, const struct art_shape *s, int pad,
    struct span *ret_box)
{
	float x0 = 1e9f, y0 = 1e9f, x1 = -1e9f, y1 = -1e9f;

	for (int i = 0; i < s->count; i++) {
		x0 = fminf(x0, s->at[i].x);
		y0 = fminf(y0, s->at[i].y);
		x1 = fmaxf(x1, s->at[i].x);
		y1 = fmaxf(y1, s->at[i].y);
	}
	struct span b = { (int)floorf(x0) - pad, (int)floorf(y0) - pad,
		(int)ceilf(x1) + 1 + pad, (int)ceilf(y1) + 1 + pad };
	b.x0 = b.x0 < 0 ? 0 : b.x0;
	b.y0 = b.y0 < 0 ? 0 : b.y0;
	b.x1 = b.x1 > a->width ? a->width : b.x1;
	b.y1 = b.y1 > a->height ? a->height : b.y1;
	*ret_box = b;
	return s->count >= 3 && b.x0 < b.x1 && b.y0 < b.y1;
}

static void
blur_line(const float *from, float *to, int n, size_t step, int r)
{
	const float share = 1 / (float)(2 * r + 1);
	float sum = 0;

	for (int i = -r; i < n; i++) {
		if (i + r < n)
			sum += from[(size_t)(i + r) * step];
		if (i - r - 1 >= 0)
			sum -= from[(size_t)(i - r - 1) * step];
		if (i >= 0)
			to[(size_t)i * step] = sum * share;
	}
}

/* Three boxes in a row are nearly a bell. */
static void
mask_soften(struct art *a, const struct span *b, int r)
{
	const size_t w = (size_t)a->width;
	const int cols = b->x1 - b->x0, rows = b->y1 - b->y0;

	for (int pass = 0; pass < 3; pass++) {
		for (int y = b->y0; y < b->y1; y++) {
			const size_t at = (size_t)y * w + (size_t)b->x0;
			blur_line(a->mask + at, a->swap + at, cols, 1, r);
		}
		for (int x = b->x0; x < b->x1; x++) {
			const size_t at = (size_t)b->y0 * w + (size_t)x;
			blur_line(a->swap + at, a->mask + at, rows, w, r);
		}
	}
}

/* Cover of s in a->mask within *ret_box, rows at the canvas' stride. */
static bool
mask_make(struct art *a, const struct art_shape *s, float soft,
    struct span *ret_box)
{
	const int r = (int)(soft / 3 + 0.5f);
	const size_t w = (size_t)a->width;

	if (!span_of(a, s, 4 * r, ret_box))
		return false;
	for (int y = ret_box->y0; y < ret_box->y1; y++) {
		/*
		 * Row by row, because an edge at the right border spills one
		 * dot into the row below, which is cleared here first.
		 */
		const struct span one = { ret_box->x0, y, ret_box->x1, y + 1 };
		float *row = a->mask + (size_t)y * w;
		memset(row + one.x0, 0,
		    (size_t)(one.x1 - one.x0) * sizeof(float));
		for (int i = 0; i < s->count; i++) {
			const int j = i + 1 < s->count ? i + 1 : 0;
			edge_add(a->mask, a->width, &one, s->at[i].x,
			    s->at[i].y, s->at[j].x, s->at[j].y);
		}
		float sum = 0;
		for (int x = one.x0; x < one.x1; x++) {
			sum += row[x];
			const float cover = fabsf(sum);
			row[x] = cover > 1 ? 1 : cover;
		}
	}
	if (r > 0)
		mask_soften(a, ret_box, r);
	return true;
}

static void
dot_paint(float *dot, const struct art_paint *p, float t, float light,
    float cover)
{
	const struct art_look *f = &p->from, *to = &p->to;
	const float r = art_mix(f->r, to->r, t) * light;
	const float g = art_mix(f->g, to->g, t) * light;
	const float b = art_mix(f->b, to->b, t) * light;

	dot[ART_R] = art_mix(dot[ART_R], r * r, cover);
	dot[ART_G] = art_mix(dot[ART_G], g * g, cover);
	dot[ART_B] = art_mix(dot[ART_B], b * b, cover);
	dot[ART_SUN] = art_mix(dot[ART_SUN], art_mix(f->sun, to->sun, t),
	    cover);
	dot[ART_SIDE] = art_mix(dot[ART_SIDE], art_mix(f->side, to->side, t),
	    cover);
	dot[ART_SKY] = art_mix(dot[ART_SKY], art_mix(f->sky, to->sky, t),
	    cover);
	dot[ART_GLOW] = art_mix(dot[ART_GLOW], art_mix(f->glow, to->glow, t),
	    cover);
	dot[ART_COVER] = art_mix(dot[ART_COVER], 1, cover);
}

void
art_fill(struct art *a, const struct art_shape *s, const struct art_paint *p)
{
	const float dx = p->bx - p->ax, dy = p->by - p->ay;
	const float len2 = dx * dx + dy * dy;
	struct span b;

	if (!mask_make(a, s, p->soft, &b))
		return;
	for (int y = b.y0; y < b.y1; y++)
		for (int x = b.x0; x < b.x1; x++) {
			const size_t i = (size_t)y * (size_t)a->width +
					 (size_t)x;
			const float cover = a->mask[i] * p->opacity;
			if (cover < 0.002f)
				continue;
			const float
			    t = len2 == 0
				    ? 0
				    : art_clamp(
					  (((float)x + 0.5f - p->ax) * dx +
					      ((float)y + 0.5f - p->ay) * dy) /
					  len2);
			const float light = p->grain == 0
						? 1
						: 1 + p->grain *
							  (art_noise(7, x, y) -
							      0.5f);
			dot_paint(a->dot + i * ART__CHANNELS, p, t, light,
			    cover);
		}
}

void
art_shade(struct art *a, const struct art_shape *s, float soft, float sun,
    float sky)
{
	struct span b;

	if (!mask_make(a, s, soft, &b))
		return;
	for (int y = b.y0; y < b.y1; y++)
		for (int x = b.x0; x < b.x1; x++) {
			const size_t i = (size_t)y * (size_t)a->width +
					 (size_t)x;
			float *dot = a->dot + i * ART__CHANNELS;
			dot[ART_SUN] *= art_mix(1, sun, a->mask[i]);
			dot[ART_SKY] *= art_mix(1, sky, a->mask[i]);
		}
}
