#include "hub/capture/demo_people.h"

#include <math.h>
#include <string.h>

#include "base/obj.h"
#include "hub/capture/demo_stage.h"

#define PARTS        40
#define STEP_M       0.74f
#define FAR_SHADE    0.86f
#define PARCEL_WIDE  0.40f
#define PARCEL_DEEP  0.30f
#define PARCEL_HIGH  0.28f
#define PARCEL_PLACE 1.16f
#define PARCEL_AWAY  12.45f

struct colour {
	float r, g, b;
};

static const struct colour skins[] = { { .84f, .64f, .52f },
	{ .70f, .50f, .38f }, { .48f, .33f, .25f }, { .88f, .70f, .60f } };
static const struct colour jackets[] = { { .16f, .36f, .55f },
	{ .90f, .52f, .18f }, { .50f, .30f, .16f }, { .80f, .18f, .20f },
	{ .12f, .44f, .38f } };
static const struct colour hoodies[] = { { .46f, .47f, .50f },
	{ .42f, .28f, .44f }, { .33f, .40f, .34f }, { .62f, .54f, .40f } };
static const struct colour trousers[] = { { .20f, .22f, .28f },
	{ .24f, .32f, .45f }, { .36f, .32f, .27f } };
static const struct colour hairs[] = { { .20f, .14f, .10f },
	{ .42f, .28f, .16f }, { .12f, .11f, .12f }, { .66f, .52f, .32f } };
static const struct colour dark = { .15f, .14f, .15f };
static const struct colour carton = { .76f, .59f, .40f };

/* A limb or a box on the picture, with how far away it is. */
struct part {
	float x0, y0, r0, x1, y1, r1, away;
	struct colour c;
	bool box;
};

struct body {
	float x, y, scale, tilt; /* feet on the canvas; dots per metre */
	float ahead, beside;     /* cosine and sine of the turn */
	struct part part[PARTS];
	size_t count;
};

struct spot {
	float front, left, up; /* metres from between the feet */
};

static void
spot_place(const struct body *b, struct spot s, float *x, float *y, float *away)
{
	*away = s.front * b->beside + s.left * b->ahead;
	*x = b->x + (s.front * b->ahead - s.left * b->beside) * b->scale;
	*y = b->y - s.up * b->scale - *away * b->scale * b->tilt;
}

static void
body_limb(struct body *b, struct spot s0, float r0, struct spot s1, float r1,
    struct colour c, float nearer)
{
	struct part *p = &b->part[b->count++];
	float away0, away1;

	assert(b->count <= PARTS);
	*p = (struct part){ .r0 = r0 * b->scale, .r1 = r1 * b->scale, .c = c };
	spot_place(b, s0, &p->x0, &p->y0, &away0);
	spot_place(b, s1, &p->x1, &p->y1, &away1);
	p->away = (away0 + away1) / 2 - nearer;
}

/* A point ahead of from: length metres at an angle from straight down. */
static struct spot
swing(struct spot from, float length, float angle)
{
	return (struct spot){ from.front + length * sinf(angle), from.left,
		from.up - length * cosf(angle) };
}

struct pose {
	float phase, pace, lean, bend, hip;
	bool carries;
};

static void
leg_angles(const struct pose *p, float side, float *thigh, float *shin)
{
	const float phase = p->phase + (side > 0 ? 0 : 3.1415927f);
	const float flex = 0.10f + 0.85f * fmaxf(0, cosf(phase));

	*thigh = p->pace * 0.46f * sinf(phase) + p->bend * 1.15f;
	*shin = *thigh - p->pace * flex - p->bend * 2.0f;
}

static void
body_leg(struct body *b, const struct pose *p, float side, struct colour cloth)
{
	float thigh, shin;

	leg_angles(p, side, &thigh, &shin);
	const struct spot hip = { 0, 0.095f * side, p->hip };
	const struct spot knee = swing(hip, 0.43f, thigh);
	const struct spot foot = swing(knee, 0.41f, shin);
	const struct spot toe = { foot.front + 0.15f, foot.left,
		foot.up - 0.035f };

	body_limb(b, foot, 0.052f, toe, 0.038f, dark, 0);
	body_limb(b, hip, 0.098f, knee, 0.070f, cloth, 0.01f);
	body_limb(b, knee, 0.070f, foot, 0.050f, cloth, 0.012f);
}

static void
body_arm(struct body *b, const struct pose *p, float side, struct spot neck,
    struct colour sleeve, struct colour skin)
{
	const float phase = p->phase + (side > 0 ? 3.1415927f : 0);
	const float hang = p->pace * 0.42f * sinf(phase) + p->lean * 0.9f;
	const float upper = p->carries ? 0.35f + p->lean * 0.55f : hang;
	const float lower = p->carries ? 1.35f - p->lean * 0.35f
				       : hang + 0.28f * p->pace;
	const struct spot shoulder = { neck.front - 0.01f, 0.185f * side,
		neck.up - 0.09f };
	struct spot elbow = swing(shoulder, 0.29f, upper);
	struct spot hand = swing(elbow, 0.26f, lower);

	if (p->carries)
		hand.left *= 0.80f;
	body_limb(b, shoulder, 0.066f, elbow, 0.052f, sleeve, 0.02f);
	body_limb(b, elbow, 0.052f, hand, 0.040f, sleeve, 0.025f);
	body_limb(b, hand, 0.044f, swing(hand, 0.05f, lower), 0.040f, skin,
	    0.03f);
}

static struct spot
spot_add(struct spot s, float front, float up)
{
	return (struct spot){ s.front + front, s.left, s.up + up };
}

static void
body_head(struct body *b, struct spot neck, float lean, bool cap,
    struct colour skin, struct colour hair, struct colour cloth)
{
	const struct spot head = spot_add(neck,
	    0.16f * sinf(lean * 0.7f) + 0.01f, 0.16f * cosf(lean * 0.7f));
	const struct spot face = spot_add(head, 0.032f, -0.012f);
	const struct spot crown = spot_add(head, -0.012f, 0.022f);

	body_limb(b, neck, 0.062f, head, 0.060f, skin, 0);
	body_limb(b, spot_add(face, 0, 0.012f), 0.090f,
	    spot_add(face, 0.004f, -0.035f), 0.076f, skin, 0.05f);
	if (!cap) { /* a hood, open in front */
		body_limb(b, crown, 0.128f, spot_add(neck, -0.05f, 0.02f),
		    0.120f, cloth, 0.02f);
		body_limb(b, spot_add(face, 0.002f, 0.052f), 0.082f,
		    spot_add(face, 0, 0.06f), 0.07f, hair, 0.062f);
		return;
	}
	body_limb(b, crown, 0.104f, spot_add(crown, -0.02f, -0.035f), 0.092f,
	    hair, 0.03f);
	body_limb(b, spot_add(head, 0, 0.050f), 0.098f,
	    spot_add(head, -0.008f, 0.066f), 0.090f, cloth, 0.09f);
	body_limb(b, spot_add(head, 0.05f, 0.040f), 0.030f,
	    spot_add(head, 0.150f, 0.026f), 0.020f, cloth, 0.10f);
}

static void
body_parcel(struct body *b, struct spot neck, float lean)
{
	struct part *p = &b->part[b->count++];
	const struct spot at = { neck.front + 0.34f + 0.1f * lean, 0,
		neck.up - 0.36f - 0.42f * lean };
	const float wide = fabsf(b->ahead) * PARCEL_DEEP +
			   fabsf(b->beside) * PARCEL_WIDE;

	assert(b->count <= PARTS);
	*p = (struct part){ .c = carton, .box = true };
	spot_place(b, at, &p->x0, &p->y0, &p->away);
	p->r0 = wide * b->scale / 2;
	p->r1 = PARCEL_HIGH * b->scale / 2;
}

static void
carton_paint(struct art *a, float x, float y, float w, float h)
{
	struct art_shape s;
	struct art_paint p = art_fade(art_colour(.78f, .61f, .42f), y,
	    art_colour(.68f, .51f, .34f), y + h);
	struct art_paint tape = art_plain(.88f, .77f, .58f);
	struct art_paint label = art_plain(.96f, .95f, .92f);

	shape_box(&s, x, y, w, h);
	art_fill(a, &s, &p);
	shape_box(&s, x + w * 0.43f, y, w * 0.14f, h * 0.45f);
	art_fill(a, &s, &tape);
	shape_box(&s, x + w * 0.62f, y + h * 0.48f, w * 0.28f, h * 0.34f);
	art_fill(a, &s, &label);
	shape_box(&s, x + w * 0.66f, y + h * 0.58f, w * 0.20f, h * 0.05f);
	art_shade(a, &s, 0, 0.3f, 0.3f);
	shape_box(&s, x + w * 0.66f, y + h * 0.69f, w * 0.14f, h * 0.05f);
	art_shade(a, &s, 0, 0.3f, 0.3f);
}

static void
part_paint(struct art *a, const struct part *p)
{
	struct art_shape s;

	if (p->box) {
		carton_paint(a, p->x0 - p->r0, p->y0 - p->r1, 2 * p->r0,
		    2 * p->r1);
		return;
	}
	const float lo = fminf(p->x0 - p->r0, p->x1 - p->r1);
	const float hi = fmaxf(p->x0 + p->r0, p->x1 + p->r1);
	const float far = p->away > 0.12f ? FAR_SHADE : 1;
	struct art_paint paint = art_round(p->c.r * far, p->c.g * far,
	    p->c.b * far, lo, hi);

	shape_limb(&s, p->x0, p->y0, p->r0, p->x1, p->y1, p->r1);
	art_fill(a, &s, &paint);
}

static void
body_paint(struct body *b, struct art *a)
{
	for (size_t i = 1; i < b->count; i++) { /* far ones first */
		const struct part p = b->part[i];
		size_t k = i;
		for (; k > 0 && b->part[k - 1].away < p.away; k--)
			b->part[k] = b->part[k - 1];
		b->part[k] = p;
	}
	for (size_t i = 0; i < b->count; i++)
		part_paint(a, &b->part[i]);
}

static void
shadow_paint(struct art *a, const struct body *b, const struct light *l,
    bool roofed)
{
	const float s = b->scale;
	struct art_shape shape;
	struct art_paint p = art_plain(0, 0, 0);

	p.soft = 0.09f * s;
	p.opacity = 0.42f;
	shape_oval(&shape, b->x, b->y + 0.01f * s, 0.30f * s, 0.07f * s);
	art_fill(a, &shape, &p);
	if (roofed || l->sun[0] < 0.06f)
		return;
	p.opacity = 0.40f * art_clamp(l->sun[0]);
	shape_limb(&shape, b->x, b->y, 0.08f * s, b->x - l->side * 0.72f * s,
	    b->y - 0.16f * s, 0.10f * s);
	art_fill(a, &shape, &p);
}

static void
art_clear(struct art *a, int width, int height)
{
	for (int y = 0; y < height; y++)
		memset(a->dot + (size_t)y * (size_t)a->width * ART__CHANNELS, 0,
		    (size_t)width * ART__CHANNELS * sizeof *a->dot);
}

static void
body_pose(const struct story_person *p, struct pose *ret_pose)
{
	*ret_pose = (struct pose){
		.phase = p->stride / STEP_M * 3.1415927f,
		.pace = p->pace,
		.lean = p->stoop * 1.05f,
		.bend = p->stoop * 0.75f,
		.carries = p->parcel,
	};
	/* the lower foot stands on the ground */
	float low = 0;
	for (int side = -1; side <= 1; side += 2) {
		float thigh, shin;
		leg_angles(ret_pose, (float)side, &thigh, &shin);
		low = fmaxf(low, 0.43f * cosf(thigh) + 0.41f * cosf(shin));
	}
	ret_pose->hip = low + 0.075f;
}

static void
body_make(struct body *b, const struct story_person *p, uint32_t round)
{
	const bool courier = p->who == STORY_COURIER;
	const uint32_t h = art_hash(round, courier ? 31 : 32);
	const struct colour skin = skins[h % COUNT(skins)];
	const struct colour hair = hairs[(h >> 4) % COUNT(hairs)];
	const struct colour cloth = courier
					? jackets[(h >> 8) % COUNT(jackets)]
					: hoodies[(h >> 8) % COUNT(hoodies)];
	const struct colour legs = trousers[(h >> 12) % COUNT(trousers)];
	struct pose pose;

	body_pose(p, &pose);
	const float reach = 0.56f;
	const struct spot hips = { 0, 0, pose.hip };
	const struct spot neck = { reach * sinf(pose.lean), 0,
		pose.hip + reach * cosf(pose.lean) };
	const float wide = art_mix(0.135f, 0.195f, fabsf(b->beside));
	const struct spot chest = spot_add(neck, -wide * 0.8f * sinf(pose.lean),
	    -wide * 0.8f * cosf(pose.lean));
	for (int side = -1; side <= 1; side += 2) {
		body_leg(b, &pose, (float)side, legs);
		body_arm(b, &pose, (float)side, neck, cloth, skin);
	}
	body_limb(b, spot_add(hips, 0, 0.02f), wide * 0.86f, chest, wide, cloth,
	    0.12f); /* the jacket hangs over the legs */
	body_head(b, neck, pose.lean, courier, skin, hair, cloth);
	if (p->parcel)
		body_parcel(b, neck, pose.lean);
}

void
figure_person(struct art *a, const struct story_person *p, uint32_t round,
    const struct light *l, struct figure *ret_where)
{
	const float scale = stage_scale(p->away);
	const float x = stage_x(p->across, p->away);
	const float y = stage_y(p->up, p->away);
	/* room: 1.25 m to either side, 2 m up, 0.14 m below the feet */
	const int half = ((int)(1.25f * scale) + 1) & ~1;
	const int high = ((int)(1.92f * scale) + 1) & ~1;
	const int low = ((int)(0.2f * scale) + 1) & ~1;
	const int left = ((int)floorf(x) - half) & ~1;
	const int top = ((int)floorf(y) - high) & ~1;

	*ret_where = (struct figure){ left, top, 2 * half, high + low };
	assert(ret_where->width <= a->width && ret_where->height <= a->height);
	art_clear(a, ret_where->width, ret_where->height);
	struct body b = { .x = x - (float)left,
		.y = y - (float)top,
		.scale = scale,
		.tilt = (2.1f - p->up) / p->away * 0.5f,
		.ahead = cosf(p->turn),
		.beside = sinf(p->turn) };
	shadow_paint(a, &b, l, p->up > 0.2f);
	body_make(&b, p, round);
	body_paint(&b, a);
}

void
figure_parcel(struct art *a, uint32_t round, struct figure *ret_where)
{
	const float s = stage_scale(PARCEL_AWAY);
	const float x = stage_x(PARCEL_PLACE, PARCEL_AWAY);
	const float y = stage_y(WALK_PORCH_UP, PARCEL_AWAY);
	const int left = ((int)x - 40) & ~1, top = ((int)y - 50) & ~1;
	const float cx = x - (float)left, cy = y - (float)top;
	const float w = PARCEL_WIDE * s, h = PARCEL_HIGH * s;
	const float up = s * PARCEL_DEEP * 0.16f;
	struct art_shape shape;
	struct art_paint p = art_plain(0, 0, 0);

	*ret_where = (struct figure){ left, top, 80, 60 };
	art_clear(a, 80, 60);
	p.soft = 6;
	p.opacity = 0.5f;
	shape_oval(&shape, cx, cy - 1, w * 0.62f, 4.5f);
	art_fill(a, &shape, &p);
	carton_paint(a, cx - w / 2, cy - h, w, h);
	struct art_paint lid = art_plain(.86f, .69f, .50f);
	shape_clear(&shape);
	shape_point(&shape, cx - w / 2, cy - h);
	shape_point(&shape, cx - w / 2 + 4, cy - h - up);
	shape_point(&shape, cx + w / 2 - 4, cy - h - up);
	shape_point(&shape, cx + w / 2, cy - h);
	art_fill(a, &shape, &lid);
	struct art_paint tape = art_plain(.92f, .81f, .62f);
	shape_clear(&shape);
	shape_point(&shape, cx - w * 0.07f, cy - h);
	shape_point(&shape, cx - w * 0.06f, cy - h - up);
	shape_point(&shape, cx + w * 0.06f, cy - h - up);
	shape_point(&shape, cx + w * 0.07f, cy - h);
	art_fill(a, &shape, &tape);
	(void)round;
}
