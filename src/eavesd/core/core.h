/*
 * core.h - the API and the store. One thread, one turn at a time: what came
 * in is handled, then committed, then answered. It holds no key: what it
 * reads of a row the keeper opened for it.
 */
#ifndef CORE_CORE_H
#define CORE_CORE_H

#include <jansson.h>

#include "crypto/ticket.h"
#include "ipc/tell.h"
#include "schema/types.h"
#include "store/store.h"

/* Whom core talks to without being asked is less trusted: tell_x() only. */
#pragma GCC poison ipc_reply ipc_notice

#define MAILBOXES        8
#define HOME_STREAMS_MAX 160
/* of a home: members and their browsers, hubs, versions of its list on a day */
#define HOME_GRANTS_MAX  64u
#define HOME_DEVICES_MAX 32u
#define HOME_WRITES_MAX  256u
/* of a stream that is rows, on a day that they are about */
#define STREAM_ROWS_MAX 1024u
/* of the server: hubs and things, taken in or not */
#define SERVER_DEVICES_MAX 256u
/* of a home's list and keyring: one piece of it */
#define HOME_ENTRY_OCTETS 1024u
#define HOME_PART_OCTETS  (64u << 10)
#define HOME_ITEM_OCTETS  (96u << 10)
#define MAILBOX_OCTETS    8192
#define NONCES            256
#define LOGINS            256
#define ANSWERS_MAX       512
#define SEGMENT_NAMES     1024
#define BODY_OCTETS       (600u << 10)

enum table {
	TABLE_ACCOUNT = 1,
	TABLE_RECORD, /* OPAQUE record, under the account's slot */
	TABLE_VAULT,
	TABLE_GRANT,
	TABLE_ENTRY,
	TABLE_KEYITEM,
	TABLE_DEVICE,
	TABLE_STREAM,
	TABLE_HOME,
	TABLE_HOLDS,
	TABLE_SPAN,
	TABLE_TALLY,
	TABLE_LOCK
};

struct mailbox {
	bool used;
	struct id id;
	uint8_t spki[SHA256_OCTETS]; /* whose it is */
	uint64_t until_ms;
	struct buf m1, m2, m3;
	unsigned tries;
	uint32_t m2_waiter, m3_waiter; /* questions of edge kept open, or 0 */
	uint64_t m2_until_ms, m3_until_ms;
};

/* A link that a hub printed: one for each device, as few as mailboxes. */
struct link {
	struct id id; /* of its ticket */
	uint8_t spki[SHA256_OCTETS];
	uint64_t until_ms; /* past: free */
};

struct nonce {
	uint8_t octets[32];
	struct id session;
	uint64_t until_ms;
};

struct login {
	uint32_t id;       /* the keeper's; 0: free */
	struct id account; /* zeros: no such name */
	uint64_t until_ms;
};

struct answer {
	uint32_t id;
	enum ipc_type type;
	struct tell body;
	int fds[IPC_FDS_MAX];
	size_t fd_count;
};

/* Files that come or go with the commit of this turn. */
struct segment_names {
	struct id at[SEGMENT_NAMES];
	size_t count;
};

/*
 * Spans as they were last read, by name: a range looks up a dozen of them,
 * and each is a question to the keeper. Forgotten with every write of one,
 * all of them when a turn or a part of it is undone.
 */
#define SPANS_KNOWN 2048u
struct span {
	struct id segment;
	uint64_t from;
};
struct known_span {
	bool used;
	struct index16 name;
	struct span span;
};

/* The daily look at all homes, one after the other. */
struct retention_pass {
	uint64_t day;   /* of the last one that was begun */
	bool under_way; /* it goes on behind home */
	struct id home;
};

/*
 * Whose the streams are that have files, in the order of their ids, as the
 * store told when room was made last: the keeper alone opens the row that says
 * it, and a stream has one home for life. Then the homes, and how many files
 * each has.
 */
struct stream_homes {
	struct stream_home {
		struct id stream;
		uint32_t share; /* its home's number there */
	} * at;
	size_t count, room;
};
struct shares {
	struct share {
		struct id home;
		uint64_t files;
	} * at;
	size_t count, room;
};

struct core {
	struct loop *loop;
	struct ipc *parent, *edge, *keeper;
	struct store *store;
	int store_fd, segments_fd; /* folders: they may lie on two disks */
	uint64_t media_octets_max;
	struct segment_names made, gone;
	struct known_span spans[SPANS_KNOWN];
	struct retention_pass pass;
	struct stream_homes stream_homes;
	struct shares shares;
	bool stopped;
	struct answer answers[ANSWERS_MAX];
	size_t answer_count;
	struct mailbox mailboxes[MAILBOXES];
	struct link links[MAILBOXES];
	struct nonce nonces[NONCES];
	size_t nonce_next;
	struct login logins[LOGINS];
	size_t login_next;
	struct id first_link; /* of the ticket for the first account */
	struct loop_timer mailbox_timer;
	uint64_t status_due_ms; /* when status is written again */
	uint64_t expired_day;   /* expired tickets went on that day */
};

/* --- one question of the API --- */

struct call {
	struct core *core;
	uint32_t id; /* of the question */
	uint16_t route;
	bool device_door, has_ticket, has_spki;
	struct id ticket;
	struct key secret;
	uint8_t spki[SHA256_OCTETS], origin[SHA256_OCTETS];
	struct claims claims;    /* of the ticket, once opened */
	struct id account, home; /* from the claims */
	json_t *in, *out;
	unsigned status; /* 200 until something is wrong */
	bool later;      /* answered by another turn */
};

/* Says what is wrong, once; the first word stands. Returns false. */
bool
call_fail(struct call *c, unsigned status, const char *code, struct words text);
bool call_fail_err(struct call *c, enum err e);

/* Body fields: false (and the call failed) unless just so. */
bool in_only(struct call *c, const json_t *o, const char *const *names);
bool in_octets(struct call *c, const json_t *o, const char *name, uint8_t *to,
    size_t n);
bool in_id(struct call *c, const json_t *o, const char *name, struct id *to);
/* At most the buf's cap. */
bool in_blob(struct call *c, const json_t *o, const char *name, struct buf *to);
bool in_number(struct call *c, const json_t *o, const char *name, uint64_t max,
    uint64_t *ret);
const json_t *in_object(struct call *c, const json_t *o, const char *name);
const json_t *
in_list(struct call *c, const json_t *o, const char *name, size_t max);
#define ONLY(...) ((const char *const[]){ __VA_ARGS__, NULL })

/*
 * Fields of the answer: edge sees them, so only the types of the schema go in.
 * A failure fails the call.
 */
void out_id(struct call *c, json_t *o, const char *name, const struct id *id);
void out_sealed(struct call *c, json_t *o, const char *name, struct sealed s);
void out_shown(struct call *c, json_t *o, const char *name, struct shown s);
void
out_run(struct call *c, json_t *o, const char *name, const struct run_id *run);
void out_count(struct call *c, json_t *o, const char *name, struct count count);
void out_words(struct call *c, json_t *o, const char *name, struct words w);

/* The new ticket that a bearer made for himself. */
struct ticket_in {
	struct id id;
	struct key secret;
	uint8_t revoke_hash[SHA256_OCTETS];
};
bool in_ticket(struct call *c, const json_t *o, const char *name,
    struct ticket_in *to);

/* --- keeper --- */

/* Asks; the answer without its err octet is appended to out (may be NULL). */
MUST_USE enum err keeper_ask(struct core *core, enum ipc_type type,
    struct slice question, struct buf *out);
MUST_USE enum err row_seal(struct core *core, enum table table, uint32_t slot,
    const struct id *key, struct slice plain, struct buf *out);
MUST_USE enum err row_open(struct core *core, enum table table, uint32_t slot,
    const struct id *key, struct slice sealed, struct buf *out);

/* --- tickets (ticket.c) --- */

/* Opens the call's ticket; fails the call with 401 unless it is of kind. */
bool ticket_need(struct call *c, enum ticket_kind kind);
MUST_USE enum err ticket_claims(struct core *core, enum ticket_kind kind,
    const struct id *id, const struct key *secret, struct claims *ret);
MUST_USE enum err ticket_add(struct core *core, enum ticket_kind kind,
    const struct ticket_in *t, const struct claims *claims);
MUST_USE enum err ticket_drop(struct core *core, const struct id *id);
/* And every home ticket that was made with it. */
MUST_USE enum err session_drop(struct core *core, const struct id *id);
void claims_scope(struct claims *c, enum scope_type type, const struct id *id);
void edge_tickets_died(struct core *core);

/* --- what an account holds: tally.c --- */

/*
 * Before a session is made: beyond SESSIONS_MAX the one that was made first
 * ends, so that nobody is kept out of his own account.
 */
MUST_USE enum err tally_session(struct core *core, const struct id *account,
    const struct id *session);
/* Before a home is. ERR_LIMIT. */
MUST_USE enum err tally_home(struct core *core, const struct id *account);
/* Before a home ticket is. ERR_LIMIT: enough for today. */
MUST_USE enum err tally_open(struct core *core, const struct id *account);

/* --- answers --- */

/* Kept until the turn's commit. Takes body and descriptors. */
void answer_keep(struct core *core, uint32_t id, enum ipc_type type,
    struct tell *body, const int *fds, size_t fd_count);
/* Those of this turn; what could not be committed is answered "not done". */
void answers_send(struct core *core, enum err committed);
/* err alone. */
void answer_err(struct core *core, const struct ipc_msg *m, enum err e);
/* Ends a call: its JSON and status become an answer. */
void call_answer(struct call *c);

/* --- handlers, by route (call.c has the table) --- */
typedef void (*handler)(struct call *c);
void info_get(struct call *c);
void mailbox_m1_get(struct call *c);
void mailbox_m2_post(struct call *c);
void mailbox_m3_get(struct call *c);
void device_mailbox_post(struct call *c);
void device_m2_get(struct call *c);
void device_m3_post(struct call *c);
void device_refuse_post(struct call *c);
void account_start(struct call *c);
void account_finish(struct call *c);
void session_start(struct call *c);
void session_finish(struct call *c);
void session_recover(struct call *c);
void session_delete(struct call *c);
void session_end(struct call *c);
void password_start(struct call *c);
void password_finish(struct call *c);
void vault_get(struct call *c);
void vault_put(struct call *c);
void home_post(struct call *c);
void home_nonce(struct call *c);
void home_open(struct call *c);
void home_read(struct call *c);
void home_write(struct call *c);
void row_post(struct call *c);
void rows_post(struct call *c);
void keep_read(struct call *c);
void keep_write(struct call *c);
void lock_post(struct call *c);
void unlock_post(struct call *c);
void device_enroll(struct call *c);
void device_link(struct call *c);
void device_home(struct call *c);

void core_call(struct core *core, uint32_t id, struct slice body);
void mailboxes_sweep(struct core *core);

/* --- devices and streams (device.c, stream.c) --- */
struct device {
	struct id id, home; /* zeros: enrolled, not taken in */
	struct {
		struct id id;
		uint8_t class;
	} streams[HOME_STREAMS_MAX];
	size_t stream_count;
};
MUST_USE enum err device_get(struct core *core,
    const uint8_t spki[static SHA256_OCTETS], struct device *ret);
MUST_USE enum err device_put(struct core *core,
    const uint8_t spki[static SHA256_OCTETS], const struct device *d);

#define STREAM_LOG 2 /* its class */
struct stream {
	struct id home, writer; /* a device, or a member's grant */
	uint32_t slot;
	uint8_t class;
	/* what its members chose to keep; 0: they did not choose */
	uint16_t days;
	uint64_t octets_max;
};
MUST_USE enum err
stream_get(struct core *core, const struct id *id, struct stream *ret);
MUST_USE enum err
stream_add(struct core *core, const struct id *id, const struct stream *s);
MUST_USE enum err
stream_set(struct core *core, const struct id *id, const struct stream *s);
struct home {
	uint32_t slot;
	uint64_t newest;
	uint64_t quota; /* what its members chose for recordings; 0: nothing */
	uint16_t lock_count;
	struct id streams[HOME_STREAMS_MAX];
	size_t stream_count;
	uint16_t grants, devices; /* that it has */
	uint16_t writes;          /* versions written on that day */
	uint32_t day;
};
MUST_USE enum err
home_get(struct core *core, const struct id *id, struct home *ret);
/* A log for what a member writes himself: the only one of his grant. */
MUST_USE enum err member_stream_add(struct call *c, const struct id *stream,
    const struct id *grant, struct stream *ret);
/* n: SQL_HOME_ADD or SQL_HOME_NEXT. */
MUST_USE enum err home_put(struct core *core, enum statement n,
    const struct id *id, const struct home *h);

/*
 * Which runs a segment holds, and which segments a run: span.c. The segment
 * holds the run from that index on (from its beginning: 0).
 */
MUST_USE enum err span_add(struct core *core, const struct id *stream,
    const struct id *segment, const struct run_id *run, uint64_t index);
/* The segment goes. */
MUST_USE enum err spans_drop(struct core *core, const struct id *stream,
    const struct id *segment);
/* Those that hold some of the records first to last, oldest first. */
MUST_USE enum err spans_each(struct core *core, const struct id *stream,
    const struct run_id *run, uint64_t first, uint64_t last,
    enum err (*each)(void *ctx, const struct id *segment), void *ctx);
/* The first run that a segment holds, and from which record on. */
MUST_USE enum err span_first(struct core *core, const struct id *stream,
    const struct id *segment, struct run_id *ret_run, uint64_t *ret_index);
/* What was read may have been undone. */
void spans_forget(struct core *core);
/* The segment that holds that record. ERR_MISSING. */
MUST_USE enum err span_find(struct core *core, const struct id *stream,
    const struct run_id *run, uint64_t index, struct id *ret_segment);

/* ERR_LIMIT: fewer octets are free. */
MUST_USE enum err disk_has(int folder_fd, uint64_t octets);
/* Questions of edge that are not API calls. */
MUST_USE enum err edge_question(struct core *core, struct ipc_msg *m);
MUST_USE enum err row_append(struct core *core, struct ipc_msg *m);

/* --- segment.c: the files --- */

struct id_list {
	struct id at[64];
	size_t count;
};
/* For store_each(): the first column, as many as there is room for. */
enum err id_take(void *ctx, const struct row *row);

#define SEGMENT_NAME_ROOM (2 * ID_OCTETS + 1)
void segment_name(const struct id *segment, char to[static SEGMENT_NAME_ROOM]);
/* A new, empty file, locked for its writer; gone when the turn fails. */
MUST_USE enum err
segment_make(struct core *core, struct id *ret_segment, int *ret_fd);
/* Its rows go now, its file when they are gone for good. */
MUST_USE enum err segment_drop(struct core *core, const struct id *stream,
    const struct id *segment);
/* What became of the turn: removes the files that no row names now. */
void segments_settle(struct core *core, enum err committed);
/* What a part of the turn made and dropped is undone: how many there were. */
void segments_undo(struct core *core, size_t made, size_t gone);
/* At start: what a crash left open, and what no row names. */
MUST_USE enum err segments_tidy(struct core *core);
void segments_strays_drop(struct core *core);
/* The same for one stream, before it gets another file. */
MUST_USE enum err segments_of_tidy(struct core *core, const struct id *stream);

/* --- retention.c: what goes --- */

/* How many days a stream keeps; 0: for ever. */
uint32_t stream_days(const struct stream *s);
/* What a home may keep, and how much of that may be locked. */
uint64_t home_octets_max(const struct core *core, const struct home *h);
uint64_t home_locked_max(const struct core *core, const struct home *h);
MUST_USE enum err stream_octets(struct core *core, const struct id *stream,
    enum statement count, uint64_t *ret_octets);
/*
 * Lets go what has to, a few at a time, so that one more file fits in.
 * ERR_LIMIT: it does not.
 */
MUST_USE enum err retention_make_room(struct core *core,
    const struct id *stream, const struct stream *s);
/* A step of the daily look; what fails is left for the next one. */
void retention_second(struct core *core);
/* Limits of a home are new: what is over them goes soon. */
void retention_again(struct core *core);
/* What it knows of who has how much. */
void retention_end(struct core *core);

/* --- status.c --- */

/* Writes the file `status` when its time has come. Nothing depends on it. */
void status_write(struct core *core);
/* Where a row of a log or state stream stands. */
struct record_place {
	uint8_t class;
	struct run_id run;
	uint64_t index;
	uint32_t day; /* what it is about; 0: today */
};
MUST_USE enum err record_append(struct core *core, const struct id *stream,
    const struct stream *s, const struct record_place *at, struct slice sealed);

#endif
