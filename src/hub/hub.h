/*
 * hub.h - the hub process: it holds the keys, seals what cameras say, and
 * talks to the server. No file but its folder's, no socket of its own, no
 * other program (parent.h does these for it).
 *
 *   enroll --> not paired: link, mailbox, m2, m3 --+
 *      |                                           v
 *      +----> paired: ------------------------> home (directory, keys)
 *                ^                                 | lists this hub
 *                |                                 v
 *                +----------- link lost -------- uplink
 *
 * A directory that no longer lists the hub sends it back to "not paired".
 * Each step that fails is tried again after 1, 2, 4 ... 30 s.
 */
#ifndef HUB_HUB_H
#define HUB_HUB_H

#include "hub/camera.h"
#include "hub/channel.h"
#include "hub/feed.h"
#include "hub/finding.h"
#include "hub/index_keep.h"
#include "hub/rows.h"
#include "hub/settings.h"
#include "hub/spool.h"
#include "hub/tail.h"
#include "hub/trying.h"
#include "hub/uplink.h"
#include "log/log.h"
#include "model/sources.h"

enum hub_step {
	STEP_ENROLL,
	STEP_LINK,
	STEP_MAILBOX,
	STEP_M2,
	STEP_REFUSE,
	STEP_M3,
	STEP_HOME,
	STEP_UPLINK
};

/* Two capture processes for a camera: its main address and its sub one. */
#define HUB_FEEDS_MAX (2 * HUB_CAMERAS_MAX)

/* Where a camera comes from: the command line, or the home's directory. */
struct hub_slot {
	bool used, by_hand;
	struct hub_camera_ids ids;
	struct source source; /* of the directory */
};

/* What was spooled, on its way: hub_spool.c. */
struct catching {
	enum catching_state {
		CATCHING_IDLE,
		CATCHING_OPENING,
		CATCHING_SENDING,
		CATCHING_FLUSHING
	} state;
	struct loop_timer timer;
	struct spool_file *file;
	struct spool_reader reader;
	uint32_t slot;
	uint64_t from;    /* offset of the first record that is not flushed */
	bool ended;       /* all of it is sent */
	bool busy;        /* files were there since it was caught up */
	uint64_t rest_ms; /* before the next try */
	bool waits_told;  /* that the server has no room, on this line */
	/* "not kept" in a row, since a file was kept whole */
	unsigned again;
	uint64_t anew_ms; /* those passed over have their turn again */
};

/* Where a stream's records go: hub_way.c. */
struct hub_way {
	bool spooling, leaving;
	struct tail tail;
};

/* The newest time that a member's command had. */
struct hub_asker {
	struct id member;
	uint64_t time_us;
};

struct hub {
	struct loop *loop;
	int folder_fd;
	struct settings settings;
	struct hub_keys *keys;
	struct hub_home home;
	bool newer; /* what lies in the folder is */
	struct server server;
	struct api api;
	struct uplink uplink;
	struct hub_slot slot[HUB_CAMERAS_MAX];
	struct camera camera[HUB_CAMERAS_MAX];
	struct feed feed[HUB_FEEDS_MAX];
	struct trying trying;
	struct hub_way way[UPLINK_STREAMS_MAX];
	struct spool spool;
	struct catching catching;
	struct hub_asker asker[16];
	/* the parent's answers come in the order of the questions */
	struct loop_fd channel;
	bool server_for_uplink[4];
	unsigned server_asked;
	struct findings findings;
	/* where we are */
	enum hub_step step;
	struct loop_timer retry, tick, heads;
	uint64_t rest_ms, told_ms;
	bool home_again; /* the directory changed while it was being read */
	struct hub_items *items; /* of it so far; NULL: none */
	struct pairing pairing;
	struct pairing_home paired;
	uint64_t pairing_ms;
	struct buf m3;
	/* heads */
	bool watched;
	uint64_t heads_counter, heads_sent_ms;
	uint8_t said_state[HUB_CAMERAS_MAX];
	unsigned ticks;
	bool spool_fails;
	uint64_t spool_again_ms;
	/* indexes */
	struct rows rows;
	uint64_t rows_rest_ms;  /* none is sent before */
	uint64_t open_again_ms; /* a stream was refused; 0: none */
	struct index_keep index_keep;
};

/* --- hub_pair.c, hub_home.c: the steps --- */
void hub_step(struct hub *h, enum hub_step step);
/* The step failed; again after a rest. */
void hub_retry(struct hub *h);
/* The same step again, after that time; it did not fail. */
void hub_again(struct hub *h, uint64_t in_ms);
void hub_pair_step(struct hub *h);
void hub_home_step(struct hub *h);
/* Forgets what came of an answer in pieces. */
void hub_items_drop(struct hub *h);
/* --- hub_stream.c: cameras, uplink, heads --- */
MUST_USE enum err hub_streams_init(struct hub *h);
void hub_streams_fini(struct hub *h);
void hub_uplink_step(struct hub *h);
void hub_streams_refresh(struct hub *h);
void hub_camera_start(struct hub *h, size_t i);
/* Its sound is written or not, as was asked for. */
void hub_camera_hear(struct hub *h, size_t i);
/* Its stream on the uplink; records of it go nowhere any more. */
void hub_camera_stop(struct hub *h, size_t i);
/* The main address, or the sub one, is another now. */
void hub_feed_again(struct hub *h, size_t feed);
/* The parent's answer for a camera's capture process. */
void hub_feed_answered(struct hub *h, const struct channel_answer *a, int fd);
/* --- hub_cameras.c: which cameras there are --- */
void hub_cameras_init(struct hub *h);
void hub_cameras_fini(struct hub *h);
/* As the directory has them now. */
void hub_cameras_refresh(struct hub *h);
/* --- hub_spool.c --- */
void hub_spool_init(struct hub *h);
void hub_spool_fini(struct hub *h);
void hub_spool_up(struct hub *h);
void hub_spool_down(struct hub *h);
void hub_spool_opened(struct hub *h, uint32_t slot);
void hub_spool_refused(struct hub *h, const struct id *stream, bool for_good);
void hub_spool_kept(struct hub *h, bool kept);
/* --- hub_way.c --- */
void hub_ways_init(struct hub *h);
/* A record of the stream with that number on the uplink. */
void
hub_way_record(struct hub *h, size_t n, uint8_t flags, struct slice record);
/* The server is away, or its stream is open again. */
void hub_ways_down(struct hub *h);
/* It takes this stream not now, or not any more. */
void hub_way_shut(struct hub *h, size_t n);
void hub_way_open(struct hub *h, size_t n);
void hub_ways_tick(struct hub *h); /* each second */
/* The camera's runs have ended. */
void hub_ways_end(struct hub *h, size_t camera);
/* The home is not ours any more: nor is what is kept for it. */
void hub_ways_forget(struct hub *h);
/* --- hub_command.c --- */
void hub_command(struct hub *h, json_int_t n, struct slice sealed);
/* Ask the parent for a connection to the server. */
void hub_connect(struct hub *h, bool for_uplink);

/* The whole process, with the descriptors of parent.h. */
int hub_main(void);

#endif
