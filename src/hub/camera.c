#include "hub/camera.h"

#define SILENT_US    3000000u
#define APART_TIMES  4 /* a camera may be slow by itself */
#define APART_MAX_US 60000000u

void
camera_init(struct camera *c, const struct hub_camera_ids *ids,
    const struct hub_keys *keys, const struct hub_home *home,
    const struct index_before *before, const struct camera_ends *ends)
{
	*c = (struct camera){ .ids = ids, .state = REASON_NO_PROCESS };
	c->index.row = ends->row;
	c->index.to = c;
	index_writer_init(&c->index, keys, home, &ids->thing,
	    &ids->stream[TRACK_INDEX], before);
	for (enum track_kind as = TRACK_MAIN; as < TRACK_INDEX; as++) {
		const struct track_place place = { &ids->thing,
			&ids->stream[as], as };
		const struct run_sink sink = { ends->record, &c->track[as] };
		track_init(&c->track[as], &place, keys, home, &c->index, sink,
		    ends->backlog);
	}
}

void
camera_fini(struct camera *c)
{
	for (enum track_kind as = TRACK_MAIN; as < TRACK_INDEX; as++)
		track_fini(&c->track[as]);
	index_writer_fini(&c->index);
	octets_wipe(c, sizeof *c);
}

/* A camera that gives no pictures is the cause, if they would be kept. */
static uint8_t
said_state(const struct camera *c)
{
	if (c->cut && (c->state == REASON_RUNNING || !c->spooling))
		return INDEX_SERVER_AWAY;
	if (c->unrecorded && c->state == REASON_RUNNING)
		return INDEX_SERVER_DISK;
	return (uint8_t)c->state;
}

void
camera_state(struct camera *c, enum reason state, struct hub_now now)
{
	if (c->state == state)
		return;
	c->state = state;
	index_writer_state(&c->index, said_state(c), now.real_us);
}

void
camera_cut(struct camera *c, bool cut, bool spooling, struct hub_now now)
{
	c->cut = cut;
	c->spooling = spooling;
	c->unrecorded = false;
	index_writer_state(&c->index, said_state(c), now.real_us);
}

void
camera_recorded(struct camera *c, bool on, struct hub_now since)
{
	c->unrecorded = !on;
	index_writer_state_since(&c->index, said_state(c), since.real_us);
}

static void
picture_came(struct camera *c, struct hub_now now)
{
	if (c->picture_us != 0 && now.real_us > c->picture_us) {
		const uint64_t apart_us = now.real_us - c->picture_us;
		c->apart_us = (3 * c->apart_us + (apart_us < APART_MAX_US
							 ? apart_us
							 : APART_MAX_US)) /
			      4;
	}
	c->picture_us = now.real_us;
	camera_state(c, REASON_RUNNING, now);
}

/* No pictures, and its process does not say why: since the last one. */
static void
silence_look(struct camera *c, struct hub_now now)
{
	const uint64_t most_us = APART_TIMES * c->apart_us > SILENT_US
				     ? APART_TIMES * c->apart_us
				     : SILENT_US;

	if (c->state != REASON_RUNNING || c->picture_us == 0 ||
	    now.real_us < c->picture_us + most_us)
		return;
	c->state = REASON_SLOW;
	index_writer_state_since(&c->index, said_state(c), c->picture_us);
}

enum err
camera_unit(struct camera *c, enum track_kind from, const struct unit *u,
    struct hub_now now)
{
	enum reason state;
	uint32_t detail;
	enum err e;

	if (u->kind == UNIT_STATUS) {
		e = unit_status(u->octets, &state, &detail);
		if (e == ERR_OK && from == TRACK_MAIN)
			camera_state(c, state, now);
		return e;
	}
	if (u->kind == UNIT_FOUND || u->kind == UNIT_PROFILE ||
	    u->kind == UNIT_DEVICE)
		return ERR_SYNTAX; /* it was not asked for that */
	if (from == TRACK_MAIN &&
	    (u->kind == UNIT_H264 || u->kind == UNIT_H265))
		picture_came(c, now);
	return track_unit(&c->track[u->kind == UNIT_THUMB ? TRACK_THUMB : from],
	    u, now);
}

void
camera_tick(struct camera *c, struct hub_now now)
{
	for (enum track_kind as = TRACK_MAIN; as < TRACK_INDEX; as++)
		track_tick(&c->track[as], now);
	silence_look(c, now);
	index_writer_tick(&c->index, now.real_us);
}

void
camera_pause(struct camera *c, enum track_kind of, struct hub_now now)
{
	track_end(&c->track[of], now);
	if (of == TRACK_MAIN)
		track_end(&c->track[TRACK_THUMB], now);
}

void
camera_end(struct camera *c, struct hub_now now)
{
	camera_pause(c, TRACK_MAIN, now);
	camera_pause(c, TRACK_SUB, now);
	index_writer_flush(&c->index, now.real_us);
}
