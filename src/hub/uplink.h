/*
 * uplink.h - the WebSocket that carries sealed records to the server
 * (docs/API.md, /device/uplink): streams are opened by name and answered with
 * a slot number; then records go out as binary messages.
 *
 *   down --uplink_connected--> upgrading --101--> greeting --welcome--> up
 *   any --closed--> down
 *
 * A server that does not answer what it was asked is as good as away: the line
 * is closed, and begun anew.
 *
 * What is not sent is bounded: uplink_backlog() tells, and the cameras wait
 * for a key frame when it grows (camera.h).
 */
#ifndef HUB_UPLINK_H
#define HUB_UPLINK_H

#include <jansson.h>

#include "hub/api.h"
#include "hub/keys.h"
#include "net/websocket.h"

/* Streams by number: whoever opens one says which is which. */
#define UPLINK_STREAMS_MAX (HUB_CAMERAS_MAX * TRACK__MAX)

/*
 * So long an answer may take: about a stream, or to a flush. What is asked
 * waits behind all that is not sent yet, and a disk may be slow.
 */
#define UPLINK_ANSWER_MS 120000

struct uplink_stream {
	bool asked, opened;
	uint64_t asked_ms;
	uint32_t slot;
	struct id id;
};

enum uplink_row_answer {
	UPLINK_ROW_TAKEN,
	UPLINK_ROW_LATER, /* not now */
	UPLINK_ROW_REFUSED
};

struct uplink {
	struct loop *loop;
	const struct server *server;
	const struct hub_keys *keys;
	void *owner;
	void (*up)(struct uplink *u, const struct id *home);
	void (*opened)(struct uplink *u, size_t n);
	/* it may not be written, or not any more: it is as if never asked for */
	void (*refused)(struct uplink *u, size_t n);
	/* the server has that row, or says why it will not */
	void (
	    *row)(struct uplink *u, uint64_t number, enum uplink_row_answer is);
	void (*clock)(struct uplink *u, json_int_t n, struct slice question);
	void (*command)(struct uplink *u, json_int_t n, struct slice sealed);
	/* slots of the past, and whether what was sent there is kept */
	void (*past_opened)(struct uplink *u, uint32_t slot);
	void (*past_refused)(struct uplink *u, const struct id *stream,
	    bool for_good);
	void (*kept)(struct uplink *u, bool kept);
	/* nothing of that stream is recorded since so long, or it is again */
	void (*recording)(struct uplink *u, const struct id *stream, bool on,
	    uint64_t ago_ms);
	void (*told)(struct uplink *u); /* the directory has changed */
	void (*watched)(struct uplink *u, bool on);
	/* why: ERR_DENIED when the server does not know this device */
	void (*down)(struct uplink *u, enum err why);
	enum uplink_state {
		UPLINK_DOWN,
		UPLINK_UPGRADING,
		UPLINK_GREETING,
		UPLINK_UP
	} state;
	bool fini, websocket;
	struct conn conn;
	struct websocket ws;
	char accept[WS_ACCEPT_OCTETS + 1];
	struct uplink_stream stream[UPLINK_STREAMS_MAX];
	struct loop_timer silence;
	uint64_t heard_ms;
	uint64_t answer_ms; /* UPLINK_ANSWER_MS */
	struct buf frame;
};

/* Callbacks are set before. */
void uplink_init(struct uplink *u, struct loop *loop,
    const struct server *server, const struct hub_keys *keys);
void uplink_fini(struct uplink *u);
/* Takes fd, which is connecting. Only when down. */
void uplink_connected(struct uplink *u, int fd);
void uplink_close(struct uplink *u);
/* The server does not answer what it was asked. */
void uplink_give_up(struct uplink *u);

/* Ask for a stream; opened() says that it can be written. */
void uplink_open(struct uplink *u, size_t n, const struct id *stream);
/* Forget it: the number may get another stream. */
void uplink_shut(struct uplink *u, size_t n);
/* ERR_LIMIT, ERR_CLOSED: not sent, and the link goes down. */
MUST_USE enum err
uplink_record(struct uplink *u, size_t n, struct slice record);
struct row_wait;
void uplink_row(struct uplink *u, const struct row_wait *row);
/* What was before, beside live: docs/API.md. */
void uplink_past_open(struct uplink *u, const struct id *stream);
MUST_USE enum err
uplink_past_record(struct uplink *u, uint32_t slot, struct slice record);
void uplink_past_flush(struct uplink *u, uint32_t slot);
size_t uplink_backlog(const struct uplink *u);
/* Messages that wait to be sent. */
size_t uplink_frames(const struct uplink *u);
void uplink_heads(struct uplink *u, struct slice sealed);
void uplink_clock(struct uplink *u, json_int_t n, struct slice reply);
/* To a command. */
void uplink_reply(struct uplink *u, json_int_t n, struct slice sealed);

#endif
