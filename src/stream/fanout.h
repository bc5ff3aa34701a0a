/*
 * fanout.h - one writer, many viewers. A record becomes one counted
 * WebSocket frame that every viewer's queue refers to; there is no work and no
 * memory per viewer and record but a reference.
 *
 * Who comes late gets the run header and the newest group at once. Who is slow
 * loses the rest of the group and goes on at the next: told once, disturbing
 * nobody. A viewer's queue is its connection's.
 */
#ifndef STREAM_FANOUT_H
#define STREAM_FANOUT_H

#include "base/id.h"
#include "net/conn.h"
#include "stream/segment.h"

#define FAN_GROUP_RECORDS_MAX 1024
#define FAN_GROUP_OCTETS_MAX  (4u << 20)

struct fan_view {
	struct fan_stream *stream;
	struct conn *conn;
	struct fan_view *next, **place;
	bool skipping;
	/* told once when it begins to skip */
	void (*skipped)(struct fan_view *v);
};

struct fan_stream {
	struct id id;
	uint32_t slot;
	bool online;
	bool alone; /* nobody will watch: no group is kept */
	struct run_id run;
	struct blob *header; /* of the run, as a frame */
	struct blob **group;
	size_t group_count, group_octets;
	bool group_whole; /* begins with its key frame */
	struct fan_view *views;
	size_t view_count;
};

void fan_stream_init(struct fan_stream *s, const struct id *id, uint32_t slot);
void fan_stream_fini(struct fan_stream *s); /* its views are let go */
/*
 * A record from the writer. ERR_SYNTAX: no record, or the first of a run is
 * no header. *ret_clear says what it was.
 */
MUST_USE enum err fan_publish(struct fan_stream *s, struct slice record,
    struct record_clear *ret_clear);
/* Adds the viewer and sends it what is there. The view is the caller's. */
void fan_view_add(struct fan_stream *s, struct fan_view *v, struct conn *conn);
void fan_view_remove(struct fan_view *v);

#endif
