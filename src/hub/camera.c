#include "hub/camera.h"

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
	for (enum track_kind as = TRACK_MAIN;
	     cut && !spooling && as < TRACK_INDEX; as++)
		track_close(&c->track[as]);
	index_writer_state(&c->index, said_state(c), now.real_us);
}

void
camera_recorded(struct camera *c, bool on, struct hub_now since)
{
	c->unrecorded = !on;
	index_writer_state_since(&c->index, said_state(c), since.real_us);
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
	if (u->kind == UNIT_FOUND || u->kind == UNIT_PROFILE)
		return ERR_SYNTAX; /* it was not asked for that */
	if (from == TRACK_MAIN &&
	    (u->kind == UNIT_H264 || u->kind == UNIT_H265))
		camera_state(c, REASON_RUNNING, now);
	return track_unit(&c->track[u->kind == UNIT_THUMB ? TRACK_THUMB : from],
	    u, now);
}

void
camera_tick(struct camera *c, struct hub_now now)
{
	for (enum track_kind as = TRACK_MAIN; as < TRACK_INDEX; as++)
		track_tick(&c->track[as], now);
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
