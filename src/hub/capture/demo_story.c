#include "hub/capture/demo_story.h"

#include <math.h>
#include <stddef.h>

#include "base/obj.h"
#include "hub/capture/demo_art.h"
#include "hub/capture/demo_stage.h"

#define WALK_M_PER_S 1.25f
#define TURN_S       0.5f
#define STOOP_S      1.1f
#define RING_S       1.6f

struct place {
	float across, away;
};

/* From the pavement to the parcel's place on the porch. */
static const struct place steps[] = {
	{ WALK_DOOR_ACROSS, WALK_PAVEMENT_AWAY },
	{ WALK_DOOR_ACROSS, 11.2f },
	{ 1.58f, 12.2f },
};

/* A walk is a row of places; it stops for the stoop at number stop. */
struct walk {
	struct place at[8];
	int count, stop;
	float stop_s;
};

static float
place_distance(struct place a, struct place b)
{
	return hypotf(b.across - a.across, b.away - a.away);
}

static void
walk_plan(struct walk *w, float from, float to, float stop_s)
{
	*w = (struct walk){ .stop_s = stop_s };
	w->at[w->count++] = (struct place){ from, WALK_PAVEMENT_AWAY };
	for (size_t i = 0; i < COUNT(steps); i++)
		w->at[w->count++] = steps[i];
	w->stop = w->count - 1;
	for (size_t i = COUNT(steps) - 1; i-- > 0;)
		w->at[w->count++] = steps[i];
	w->at[w->count++] = (struct place){ to, WALK_PAVEMENT_AWAY };
}

static float
walk_s(const struct walk *w, int upto)
{
	float s = 0;

	for (int i = 1; i <= upto; i++)
		s += place_distance(w->at[i - 1], w->at[i]) / WALK_M_PER_S;
	return s;
}

static float
height_at(float away)
{
	if (away < 11.35f)
		return 0;
	if (away < 11.45f)
		return 0.15f * (away - 11.35f) / 0.1f;
	if (away < 11.8f)
		return 0.15f;
	if (away < 11.9f)
		return 0.15f + 0.15f * (away - 11.8f) / 0.1f;
	return WALK_PORCH_UP;
}

static float
heading(struct place a, struct place b)
{
	return atan2f(b.away - a.away, b.across - a.across);
}

/* The short way round from one heading to another. */
static float
heading_mix(float a, float b, float t)
{
	float d = b - a;

	while (d > 3.1415927f)
		d -= 6.2831853f;
	while (d < -3.1415927f)
		d += 6.2831853f;
	return a + d * t;
}

static void
person_walks(const struct walk *w, int leg, float into_s, float walked,
    struct story_person *p)
{
	const struct place a = w->at[leg], b = w->at[leg + 1];
	const float whole = place_distance(a, b);
	const float t = into_s * WALK_M_PER_S / whole;
	const float here = heading(a, b);

	p->across = art_mix(a.across, b.across, t);
	p->away = art_mix(a.away, b.away, t);
	p->turn = here;
	if (leg > 0 && leg != w->stop && into_s < TURN_S / 2)
		p->turn = heading_mix(heading(w->at[leg - 1], a), here,
		    0.5f + into_s / TURN_S);
	const float left = whole / WALK_M_PER_S - into_s;
	if (leg + 2 < w->count && leg + 1 != w->stop && left < TURN_S / 2)
		p->turn = heading_mix(here, heading(b, w->at[leg + 2]),
		    0.5f - left / TURN_S);
	p->stride = walked + into_s * WALK_M_PER_S;
	p->pace = 1;
}

static void
person_stops(const struct walk *w, float into_s, float walked,
    struct story_person *p)
{
	const int k = w->stop;

	p->across = w->at[k].across;
	p->away = w->at[k].away;
	p->turn = heading(w->at[k - 1], w->at[k]);
	if (into_s > w->stop_s - TURN_S)
		p->turn = heading_mix(p->turn, heading(w->at[k], w->at[k + 1]),
		    (into_s - w->stop_s + TURN_S) / TURN_S);
	p->stride = walked;
	p->pace = 0;
	/* down to the ground and up again */
	p->stoop = art_step(0, STOOP_S, into_s) *
		   (1 - art_step(STOOP_S, 2 * STOOP_S, into_s));
}

/* into_s seconds after the walk began; false before and after it. */
static bool
person_at(const struct walk *w, float into_s, struct story_person *p)
{
	float walked = 0;

	if (into_s < 0)
		return false;
	for (int leg = 0; leg + 1 < w->count; leg++) {
		if (leg == w->stop) {
			if (into_s < w->stop_s) {
				person_stops(w, into_s, walked, p);
				p->up = height_at(p->away);
				return true;
			}
			into_s -= w->stop_s;
		}
		const float whole = place_distance(w->at[leg], w->at[leg + 1]);
		if (into_s < whole / WALK_M_PER_S) {
			person_walks(w, leg, into_s, walked, p);
			p->up = height_at(p->away);
			return true;
		}
		into_s -= whole / WALK_M_PER_S;
		walked += whole;
	}
	return false;
}

static void
walks_plan(uint32_t seed, uint64_t round, struct walk *courier,
    struct walk *taker, double *ret_comes, double *ret_returns)
{
	const uint32_t h = art_hash(seed + 200, (uint32_t)round);
	const bool right = (h & 1) != 0, same = (h & 2) != 0;
	const float out = 6.2f;

	walk_plan(courier, right ? out : -out, same == right ? out : -out,
	    2 * STOOP_S + RING_S);
	walk_plan(taker, (h & 4) != 0 ? out : -out, (h & 8) != 0 ? out : -out,
	    2 * STOOP_S + 0.3f);
	*ret_comes = 8 + (double)art_noise(h, 1, 0) * 16;
	*ret_returns = 88 + (double)art_noise(h, 2, 0) * 40;
}

void
story_times(uint32_t seed, uint64_t round, struct story_times *ret_times)
{
	struct walk courier, taker;
	double comes, returns;

	walks_plan(seed, round, &courier, &taker, &comes, &returns);
	const double there = (double)walk_s(&courier, courier.stop);
	const double taking = (double)walk_s(&taker, taker.stop);
	*ret_times = (struct story_times){
		.comes = comes,
		.leaves_parcel = comes + there + (double)STOOP_S,
		.gone = comes + (double)walk_s(&courier, courier.count - 1) +
			(double)courier.stop_s,
		.returns = returns,
		.takes = returns + taking + (double)STOOP_S,
		.away = returns + (double)walk_s(&taker, taker.count - 1) +
			(double)taker.stop_s,
	};
}

void
story_at(uint32_t seed, double scene_s, struct story *ret_story)
{
	const uint64_t round = (uint64_t)(scene_s / STORY_ROUND_S);
	const double into = scene_s - (double)round * STORY_ROUND_S;
	struct walk courier, taker;
	struct story_times t;
	double comes, returns;
	struct story_person p = { 0 };

	walks_plan(seed, round, &courier, &taker, &comes, &returns);
	story_times(seed, round, &t);
	if (person_at(&courier, (float)(into - comes), &p)) {
		p.there = true;
		p.who = STORY_COURIER;
		p.parcel = into < t.leaves_parcel;
	} else if (person_at(&taker, (float)(into - returns), &p)) {
		p.there = true;
		p.who = STORY_TAKER;
		p.parcel = into >= t.takes;
	}
	*ret_story = (struct story){
		.person = p,
		.parcel_at_door = into >= t.leaves_parcel && into < t.takes,
		.round = (uint32_t)round,
	};
}
