#include "model/index.h"

#include <stdlib.h>

#include "base/codec.h"
#include "base/obj.h"

#define HOUR_US      UINT64_C(3600000000)
#define PER_S        16
#define STEP_MAX     255
#define GROUP_OCTETS 4
#define RUN_OCTETS   19
#define STATE_OCTETS 3
#define HEAD_OCTETS  31

/* In the hour, cut to it. */
static uint16_t
time_of(const struct index *x, uint64_t us)
{
	const uint64_t begin = x->hour * HOUR_US;

	if (us <= begin)
		return 0;
	if (us - begin >= HOUR_US)
		return 3600 * PER_S;
	return (uint16_t)((us - begin) * PER_S / 1000000);
}

enum err
index_begin(struct index *x, uint64_t now_us, uint8_t state,
    const struct index_before *before)
{
	struct index_run *run = calloc(INDEX_RUNS_MAX, sizeof *run);

	if (run == NULL)
		return ERR_NOMEM;
	*x = (struct index){ .hour = (uint32_t)(now_us / HOUR_US),
		.before = *before,
		.run = run,
		.octets = HEAD_OCTETS };
	x->from = x->to = time_of(x, now_us);
	index_state(x, state, now_us);
	return ERR_OK;
}

void
index_fini(struct index *x)
{
	for (size_t i = 0; i < x->run_count; i++)
		buf_fini(&x->run[i].groups);
	free(x->run);
	*x = (struct index){ 0 };
}

static struct index_run *
run_find(struct index *x, const struct run_id *run)
{
	for (size_t i = x->run_count; i-- > 0;)
		if (memcmp(x->run[i].run.octets, run->octets, RUN_ID_OCTETS) ==
		    0)
			return &x->run[i];
	return NULL;
}

bool
index_run_begin(struct index *x, enum track_kind as, const struct run_id *run,
    uint64_t time_us)
{
	if (x->run_count == INDEX_RUNS_MAX ||
	    x->octets + RUN_OCTETS > INDEX_OCTETS_MAX)
		return false;
	struct index_run *r = &x->run[x->run_count++];
	*r = (struct index_run){ .as = as,
		.run = *run,
		.first = time_of(x, time_us) };
	r->last = r->first;
	buf_init(&r->groups, INDEX_OCTETS_MAX);
	x->octets += RUN_OCTETS;
	return true;
}

void
index_record(struct index *x, const struct run_id *run, uint64_t index,
    uint64_t time_us)
{
	struct index_run *r = run_find(x, run);

	if (r == NULL)
		return;
	const uint16_t t = time_of(x, time_us);
	if (t > r->last)
		r->last = t;
	r->last_index = (uint32_t)index;
}

/* One entry; time moves at most STEP_MAX with each. */
static bool
entry_put(struct index *x, struct index_run *r, uint8_t step, uint32_t records)
{
	const uint8_t octets[GROUP_OCTETS] = { step, 0, (uint8_t)(records >> 8),
		(uint8_t)records };

	if (x->octets + GROUP_OCTETS > INDEX_OCTETS_MAX ||
	    r->group_count == UINT16_MAX ||
	    buf_append(&r->groups, SLICE_OF(octets)) != ERR_OK)
		return false;
	x->octets += GROUP_OCTETS;
	r->group_count++;
	return true;
}

void
index_group(struct index *x, const struct run_id *run, uint64_t index,
    uint64_t time_us)
{
	struct index_run *r = run_find(x, run);

	if (r == NULL ||
	    (r->group_index != 0 && time_us < r->group_us + INDEX_APART_US))
		return;
	const uint16_t t = time_of(x, time_us);
	/* counted from just before the run, so that a step is never 0 */
	int before = r->group_index == 0 ? (int)r->first - 1
					 : (int)r->group_time;
	while (t - before > STEP_MAX) {
		if (!entry_put(x, r, 0, 0))
			return;
		before += STEP_MAX;
	}
	const uint64_t records = index - r->group_index;
	if (t <= before || records > UINT16_MAX ||
	    !entry_put(x, r, (uint8_t)(t - before), (uint32_t)records)) {
		if (before >= 0)
			r->group_time = (uint16_t)before;
		return;
	}
	r->group_time = t;
	r->group_us = time_us;
	r->group_index = (uint32_t)index;
	r->motion_at = r->groups.len - GROUP_OCTETS + 1;
}

void
index_motion(struct index *x, const struct run_id *run, uint8_t motion)
{
	struct index_run *r = run_find(x, run);

	if (r != NULL && r->motion_at != 0 &&
	    r->groups.at[r->motion_at] < motion)
		r->groups.at[r->motion_at] = motion;
}

void
index_state(struct index *x, uint8_t state, uint64_t time_us)
{
	const size_t n = x->state_count;

	if (n > 0 && x->state[n - 1].state == state)
		return;
	/* too much to and fro: the newest one counts */
	if (n == INDEX_STATES_MAX ||
	    x->octets + STATE_OCTETS > INDEX_OCTETS_MAX) {
		x->state[n - 1].state = state;
		return;
	}
	x->state[n].time = time_of(x, time_us);
	if (n > 0 && x->state[n].time < x->state[n - 1].time)
		x->state[n].time = x->state[n - 1].time;
	x->state[n].state = state;
	x->state_count++;
	x->octets += STATE_OCTETS;
}

static void
run_put(struct wr *w, const struct index_run *r)
{
	wr_u8(w, (uint8_t)r->as);
	wr_octets(w, SLICE_OF(r->run.octets));
	wr_u16(w, r->first);
	wr_u16(w, r->last);
	wr_u32(w, r->last_index);
	wr_u16(w, r->group_count);
	wr_octets(w, buf_slice(&r->groups));
}

enum err
index_put(struct index *x, uint64_t now_us, struct buf *to)
{
	struct wr w;

	x->to = time_of(x, now_us);
	wr_init(&w, to);
	wr_u8(&w, INDEX_VERSION);
	wr_u32(&w, x->hour);
	wr_u16(&w, x->from);
	wr_u16(&w, x->to);
	wr_octets(&w, SLICE_OF(x->before.run.octets));
	wr_u32(&w, x->before.index);
	wr_u32(&w, x->before.hour);
	wr_u16(&w, x->before.to);
	wr_u16(&w, (uint16_t)x->state_count);
	for (size_t i = 0; i < x->state_count; i++) {
		wr_u16(&w, x->state[i].time);
		wr_u8(&w, x->state[i].state);
	}
	wr_u16(&w, (uint16_t)x->run_count);
	for (size_t i = 0; i < x->run_count; i++)
		run_put(&w, &x->run[i]);
	return wr_end(&w);
}
