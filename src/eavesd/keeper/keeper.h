/*
 * keeper.h - what the keeper holds: its secret, the slots of rest keys, the
 * raised generations and the stamp. All of it lies in one folder that is
 * never the store's.
 *
 *   keeper.secret  magic ‖ keys, written once
 *   rest.keys      32 octets a slot, slot n at 32 n; zeros: erased
 *   generations    journal of (type u8 ‖ id ‖ generation ‖ check 15), a torn
 *                  tail is cut off
 *   stamp          current 16 ‖ pending 16
 */
#ifndef KEEPER_KEEPER_H
#define KEEPER_KEEPER_H

#include "crypto/opaque.h"
#include "crypto/ticket.h"
#include "ipc/ipc.h"

#define STAMP_OCTETS   16
#define KEEPER_LOGINS  1024
#define KEEPER_BUCKETS 4096

struct keeper_secret {
	struct key index_key, name_key, fake_key, root_key;
	struct opaque_server opaque;
	struct row_key row_key;
};

struct generation_table {
	struct scope *at;
	size_t count, room;
};

/* A passphrase may be tried in bursts, then slowly. */
struct bucket {
	struct id credential;
	uint64_t full_at_ms;
};

struct keeper {
	int folder_fd, slots_fd, generations_fd;
	struct keeper_secret *secret; /* guarded memory */
	struct generation_table generations;
	uint8_t stamp[STAMP_OCTETS], pending[STAMP_OCTETS];
	uint32_t slot_count;
	struct opaque_login *logins; /* guarded memory, a ring */
	uint32_t login_ids[KEEPER_LOGINS], login_next;
	struct bucket buckets[KEEPER_BUCKETS], everybody;
};

/* Opens or makes everything. ERR_CORRUPT: a file is not ours. */
MUST_USE enum err keeper_open(struct keeper *k, int folder_fd);
void keeper_close(struct keeper *k);

/* Zeros when never raised. */
void keeper_generation(const struct keeper *k, uint8_t type,
    const struct id *id, struct id *ret_generation);
/* On the disk when it returns. */
MUST_USE enum err
keeper_raise(struct keeper *k, uint8_t type, const struct id *id);
MUST_USE enum err keeper_slot_new(struct keeper *k, uint32_t *ret_slot);
MUST_USE enum err keeper_slot_erase(struct keeper *k, uint32_t slot);
/* ERR_MISSING: never made or erased. */
MUST_USE enum err
keeper_slot_key(const struct keeper *k, uint32_t slot, struct key *ret_key);
/*
 * KEYS: keeper pending -> store -> keeper current. *ret_raised: the store's
 * stamp was not ours, so one of the two was restored; global is raised.
 */
MUST_USE enum err
keeper_stamp_open(struct keeper *k, const uint8_t store[static STAMP_OCTETS],
    uint8_t ret_new[static STAMP_OCTETS], bool *ret_raised);
MUST_USE enum err keeper_stamp_done(struct keeper *k);
/* ERR_LIMIT: too many tries; with each try charged. */
MUST_USE enum err keeper_charge(struct keeper *k, const struct id *credential,
    bool known_browser, uint64_t now_ms);

/* One verb of messages.def: body in, answer appended (err octet first). */
MUST_USE enum err keeper_serve(struct keeper *k, enum ipc_type type,
    struct slice body, struct buf *answer);

#endif
