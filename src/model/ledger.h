/*
 * ledger.h - every second that is missing of a camera, and why: computed by
 * the reader, from rows that the hub signed, so that a server can hide
 * nothing by leaving something out. The same rules as web/src/model/ledger.ts;
 * they share tests/vectors/eaves/ledger.json.
 *
 * A stretch of time belongs to the first of these that covers it: let go, as
 * the home's policy says; not kept (the disk), or the camera silent in the
 * middle of a run; recorded, and let go though the policy keeps it; not given
 * out when asked; recorded, so not missing; what the hub said went on;
 * withheld; after the hub's last word; the rest: it was off.
 *
 * Pure. Times are µs since 1970.
 */
#ifndef MODEL_LEDGER_H
#define MODEL_LEDGER_H

#include "crypto/crypto.h"
#include "model/index_read.h"

#define CAUSE_LIST(X)                                                          \
	X(CAMERA, "camera") /* no pictures; the state is its reason */         \
	X(HUB, "hub")       /* the hub was off */                              \
	X(AWAY, "away")     /* the server was, for the hub */                  \
	X(SLOW, "slow")     /* the way to the server was */                    \
	X(DISK, "disk")     /* the server had no room, or was too slow */      \
	X(SERVER, "server") /* it does not give out what it was given */       \
	X(GONE, "gone")     /* let go; state 1: it had no room, it says */     \
	X(SILENT, "silent") /* the hub has not said anything since */
enum cause {
#define X(name, word) CAUSE_##name,
	CAUSE_LIST(X)
#undef X
	CAUSE__MAX
};
const char *cause_word(enum cause c);

struct span {
	uint64_t from_us, to_us;
};
struct gap {
	struct span at;
	enum cause cause;
	uint8_t state; /* of the camera, for its words */
};

/* A row as it was read: which run of the index it is, which record and mark. */
struct ledger_row {
	struct run_id run;
	uint32_t index, mark;
	uint8_t mark_hash[SHA256_OCTETS];
	const struct index_hour *hour;
};

/* The newest row that the server has, by heads that the hub signed then. */
struct ledger_named {
	struct run_id run;
	uint32_t mark;
	uint8_t mark_hash[SHA256_OCTETS];
	uint64_t time_us; /* 0: there are no heads */
};

struct ledger_question {
	const struct ledger_row *row;
	size_t row_count;
	const uint32_t
	    *day; /* whose rows were asked for: all of at, and more */
	size_t day_count;
	struct span at;     /* ends not after now */
	uint64_t born_us;   /* the directory first listed it; 0: not known */
	uint64_t oldest_us; /* the server says that older ones went; 0: none */
	uint64_t keep_us; /* by the home's policy they may; 0: there is none */
	/* what is older may have gone for want of room: by the server's word */
	uint64_t room_us;
	const struct span *lock; /* stays, by the policy */
	size_t lock_count;
	const struct span *lost; /* listed, and the server did not give it */
	size_t lost_count;
	struct ledger_named named;
};

/* In order. The caller frees *ret_gaps. ERR_NOMEM. */
MUST_USE enum err ledger_make(const struct ledger_question *q,
    struct gap **ret_gaps, size_t *ret_count);

#endif
