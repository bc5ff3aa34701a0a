/*
 * edge.h - the process that meets strangers: HTTP, WebSocket, TLS, fan-out.
 * It knows tickets for the time of a question, homes as random ids, records
 * as sealed octets. It opens no file and knows no person.
 */
#ifndef EDGE_EDGE_H
#define EDGE_EDGE_H

#include <jansson.h>

#include "crypto/crypto.h"
#include "ipc/ipc.h"
#include "log/fact.h"
#include "net/websocket.h"
#include "proto/http1.h"
#include "stream/fanout.h"

#define STREAMS_MAX      4096 /* live */
#define STREAMS_PAST_MAX 2048 /* beside them; live has its room for itself */
#define HOME_STREAMS_MAX 160  /* as core.h */
#define CLIENTS_MAX      20000
#define WATCHES_MAX      32
#define CLOCKS_MAX       256
/* of a viewer, that were not answered yet */
#define VIEWER_RANGES_MAX 4
#define VIEWER_GROUPS_MAX 32
#define BODY_OCTETS_MAX   (512u << 10)
#define TEXT_OCTETS_MAX   (64u << 10)
#define HEADS_OCTETS_MAX  (24u << 10)
#define HUB_HEADS_MAX     256 /* as many as the server has devices */
#define SPKI_OCTETS       32

enum door {
	DOOR_BROWSER,
	DOOR_DEVICE,
	DOOR_METRICS /* loopback: numbers alone */
};

struct edge;
struct client;

/* A stream that is written or watched. Lives while either is true. */
struct live_stream {
	struct fan_stream fan;
	struct id home;
	struct client *writer; /* the uplink, or NULL */
	/* What a hub's spool held, beside the one that is live. */
	bool past;
	uint64_t past_ms; /* when it was last used */
	/* its hub waits to hear that what came lies on the disk: after this */
	bool flush;
	uint64_t flush_sync;
	/* its hub was told that nothing is recorded of it */
	bool lost;
	struct recording *recording;
	struct live_stream *next;
};

struct watch {
	struct fan_view view;
	struct client *client;
	bool used;
};

/* A connection and what it has become. */
struct client {
	struct conn conn;
	struct edge *edge;
	enum door door;
	enum {
		CLIENT_HTTP,
		CLIENT_WAITING,
		CLIENT_VIEWER,
		CLIENT_UPLINK
	} is;
	uint64_t serial; /* tells a client from a later one at its address */
	uint8_t spki[SPKI_OCTETS];
	bool has_spki, keep;
	struct client *next, **place;
	struct websocket ws;
	struct loop_timer ping;
	/* viewer and uplink */
	bool welcome;
	struct id home, device;
	uint32_t rights;
	uint64_t expiry_s;
	struct client_stream {
		struct id id;
		uint8_t class; /* uplink */
	} * streams;
	size_t stream_count;
	struct watch *watches;   /* viewer: WATCHES_MAX, made at the first */
	unsigned ranges, groups; /* viewer: not answered yet */
	struct id ticket;        /* viewer: asked again when tickets died */
	struct key secret;
};

/* Of a viewer to a hub: its clock, or a command. */
struct clock_question {
	bool is_clock;
	uint32_t number; /* ours, told to the hub; 0: free */
	uint64_t viewer, hub;
	json_int_t n;
	uint64_t until_ms;
};

/* What a hub signed last. */
struct hub_heads {
	struct id home, hub;
	char *body;      /* b64; NULL: the place is free */
	uint64_t number; /* rises with each that comes */
};

struct edge {
	struct loop *loop;
	struct ipc *parent, *core;
	struct loop_fd browser, device, metrics;
	SSL_CTX *browser_tls, *device_tls;
	struct client *clients, *dead;
	size_t client_count;
	uint64_t next_serial;
	struct live_stream *streams;
	size_t stream_count, past_count; /* live ones, those of the past */
	uint32_t next_slot;
	struct clock_question clocks[CLOCKS_MAX];
	uint32_t next_clock;
	struct hub_heads heads[HUB_HEADS_MAX];
	uint64_t heads_number;
	struct loop_timer second;
	struct disk *disk;
	struct facts facts;
	bool stopped;
};

/* Counts one more of a DAY fact. */
void edge_count(struct edge *e, enum fact which);
/* The client of that number, or NULL when it has gone. */
struct client *client_find(struct edge *e, uint64_t serial);
void client_close(struct client *c, enum err why);
/* Room for so many streams; those before are forgotten. ERR_LIMIT, ERR_NOMEM. */
MUST_USE enum err client_streams(struct client *c, size_t count);

/* --- http.c --- */
enum err http_input(struct client *c);
/* --- live.c, uplink.c: from an upgraded connection --- */
void viewer_begin(struct client *c);
void uplink_begin(struct client *c);
void viewer_end(struct client *c);
void uplink_end(struct client *c);
void viewers_recheck(struct edge *e);
void viewers_tell_home(struct edge *e, const struct id *home);
void uplinks_tell_home(struct edge *e, const struct id *home);
void viewers_tell_online(struct edge *e, const struct live_stream *s);
void clock_answered(struct edge *e, uint32_t number, const char *body);
void clocks_sweep(struct edge *e);
void uplink_watched(struct edge *e, const struct id *home);

/* --- heads.c --- */
/* ERR_NOMEM. */
MUST_USE enum err heads_keep(struct edge *e, const struct id *home,
    const struct id *hub, const char *body);
/* All of its home's hubs; what one of them said just now, to all viewers. */
void viewer_tell_heads(struct client *c);
void
viewers_tell_heads(struct edge *e, const struct id *home, const struct id *hub);

/* --- streams.c --- */
/* The one that is live. */
struct live_stream *stream_find(struct edge *e, const struct id *id);
struct live_stream *stream_of_slot(struct edge *e, uint32_t slot);
struct live_stream *
stream_take(struct edge *e, const struct id *id, const struct id *home);
struct live_stream *
stream_take_past(struct edge *e, const struct id *id, const struct id *home);
/* Forgets it when nobody writes or watches. */
void stream_let_go(struct edge *e, struct live_stream *s);

/* --- text messages --- */
/* Formats one JSON object and sends it; dies with the client on overflow. */
void client_say(struct client *c, json_t *o);
MUST_USE bool json_id(const json_t *o, const char *name, struct id *to);
json_t *json_b64(struct slice s);

/* --- disk.c: recording and reading back --- */
struct disk *disk_create(struct edge *e);
void disk_destroy(struct disk *d);
/* A record of a media stream: kept, or dropped with its reason counted. */
void recording_add(struct edge *e, struct live_stream *s, struct slice record,
    const struct record_clear *clear);
void recording_end(struct edge *e, struct live_stream *s);
void recordings_second(struct edge *e);
/*
 * Onto the disk with what came on a stream of the past; its hub is told then,
 * by uplink_kept().
 */
void recording_flush(struct edge *e, struct live_stream *s);
/* What comes from now on is to be kept, whatever was before. */
void recording_anew(struct live_stream *s);
/* --- uplink.c: to the hub that writes it --- */
void uplink_kept(struct live_stream *s, bool kept);
/* Recording stands still since so long, or goes on again. */
void uplink_recording(struct live_stream *s, bool on, uint64_t ago_ms);
/* Answers groups and range by text and binary messages to the viewer. */
void reading_groups(struct client *c, json_int_t n, const struct id *stream,
    size_t most);
struct range_question {
	json_int_t n;
	struct id stream;
	struct run_id run;
	uint64_t index;
	size_t groups;
	uint64_t until; /* ends before that index of the run; 0: groups do */
	bool keys;      /* key frames and their marks alone */
	bool within;    /* index may be inside a group: it begins there */
};
void reading_range(struct client *c, const struct range_question *q);

#endif
