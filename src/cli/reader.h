/*
 * reader.h - a member on the command line: signs in, reads the home's list
 * and the keys of its epochs, checks every signature as the app does, and
 * opens what hubs wrote. Writes nothing, and keeps nothing when it is done.
 */
#ifndef CLI_READER_H
#define CLI_READER_H

#include "cli/door.h"
#include "model/directory.h"
#include "model/heads.h"
#include "model/keep.h"
#include "model/keyring.h"
#include "model/ledger.h"
#include "model/run_read.h"
#include "model/vault.h"

#define READER_EPOCHS_MAX 512

/* A home key, and the version that its keyring item belongs to. */
struct reader_epoch {
	uint32_t epoch;
	uint64_t version;
	struct key home_key;
};
/* When a thing was listed first, and how long it was to be kept since. */
struct reader_birth {
	struct id thing;
	uint64_t time_us;
	struct keep_past keep;
};

struct reader {
	struct door door;
	bool signed_in;
	struct ticket session, ticket;
	struct id account;
	struct vault vault;
	const struct vault_home *home;
	struct directory directory;
	struct reader_epoch epoch[READER_EPOCHS_MAX];
	size_t epoch_count;
	struct reader_birth birth[PEOPLE_THINGS_MAX];
	size_t birth_count;
};

/* The door is open; r is zeroed else. r->door.why says what went wrong. */
MUST_USE enum err
reader_enter(struct reader *r, struct slice name, struct slice phrase);
/* The n-th home's whole chain and keys; what was read of another one goes. */
MUST_USE enum err reader_home(struct reader *r, size_t n);
/* Ends the session at the server; closes the door; wipes. */
void reader_leave(struct reader *r);

struct reader_camera {
	const struct thing *thing;
	const struct people_hub *hub;
	struct id main, index; /* streams; index zeros: it keeps none */
	uint64_t born_us;
	const struct keep_past *keep;
};
/* The n-th camera of the home; false: there are not so many. */
bool reader_camera(struct reader *r, size_t n, struct reader_camera *ret);

/*
 * A run of a camera's stream, by its header; about when it was. As
 * run_read_open(); ERR_MISSING: no key of ours opens it.
 */
MUST_USE enum err reader_run(const struct reader *r,
    const struct reader_camera *c, const struct id *stream, uint8_t class,
    uint64_t about_us, struct slice header, struct run_info *ret_info,
    struct run_reader **ret_run);

/* Rows of a camera's index, as they were read: reader_rows.c. */
struct reader_rows {
	struct ledger_row *row;
	struct index_hour *hour; /* as many; row[i].hour points to hour[i] */
	size_t count, room;
	uint32_t *day; /* those that were asked for */
	size_t day_count, day_room;
	size_t shut; /* rows that did not open, or were not signed */
};
void reader_rows_fini(struct reader_rows *rows);
/* A day that was read already is not asked for again. */
MUST_USE enum err reader_rows_day(struct reader *r,
    const struct reader_camera *c, uint32_t day, struct reader_rows *rows);
/* The day of the newest row; 0: there is none. */
MUST_USE enum err reader_rows_newest(struct reader *r,
    const struct reader_camera *c, uint32_t *ret_day);

/* What of a camera's recordings is to be there still: reader_kept.c. */
struct reader_kept {
	uint64_t oldest_us, keep_us, room_us; /* as the ledger's */
	struct span lock[KEEP_LOCKS_MAX];
	size_t lock_count;
};
/*
 * What was signed, and what the server says; reads rows of the days that it
 * names. A server that does not say it says nothing.
 */
MUST_USE enum err reader_kept(struct reader *r, const struct reader_camera *c,
    uint64_t now_us, struct reader_rows *rows, struct reader_kept *ret);

/* What hubs sign, and what is recorded, over the live line: reader_live.c. */
struct reader_live {
	struct reader *reader;
	struct wire wire;
	struct buf octets;
	struct heads *heads; /* of PEOPLE_HUBS_MAX hubs; time 0: none came */
	json_int_t n;
};
MUST_USE enum err reader_live_open(struct reader *r, struct reader_live *ret);
void reader_live_close(struct reader_live *l);
/* The newest word of a camera's hub; waits for it for a moment. */
const struct heads *
reader_live_heads(struct reader_live *l, const struct reader_camera *c);
/*
 * Whether the server gives the group that begins there, and its mark holds.
 * ERR_MISSING: it does not. Other errors: the line broke.
 */
MUST_USE enum err
reader_live_group(struct reader_live *l, const struct reader_camera *c,
    const struct run_id *run, const struct index_group *group);
/*
 * How far the server has that run behind a group of it, by marks that hold: a
 * hub that was cut off could not write down its last minute.
 */
MUST_USE enum err reader_live_tail(struct reader_live *l,
    const struct reader_camera *c, const struct run_id *run,
    const struct index_group *group, uint64_t *ret_us);

#endif
