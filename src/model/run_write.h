/*
 * run_write.h - the writer's side of a run: makes the header, seals records,
 * and sets the marks where docs/FORMATS.md section 3 wants them.
 *
 *   run_write_open -> header
 *   run_write_media, again and again -> [mark] record [mark]
 *   run_write_tick, at least each second -> [mark]
 *   run_write_end -> mark with its flag END; then run_write_close
 *
 * The run's key lives in the writer alone and is wiped at its close; nothing
 * else can read what the run said but the holder of the hour's private key.
 */
#ifndef MODEL_RUN_WRITE_H
#define MODEL_RUN_WRITE_H

#include "crypto/kx.h"
#include "model/mark.h"
#include "model/run.h"

#define RUN_RECORDS_MAX    ((uint64_t)1 << 20)
#define RUN_ALL_OCTETS_MAX ((uint64_t)64 << 30)

struct run_writer;

/* Where records go, in order. record is borrowed for the call. */
struct run_sink {
	void (*record)(void *to, uint64_t index, uint8_t flags,
	    struct slice record);
	void *to;
};

/*
 * Secrets of a run: both random, but for golden vectors. The writer wipes
 * neither; the caller does.
 */
struct run_secrets {
	const struct key *run_key;
	const struct key *ephemeral; /* NULL: HPKE makes its own */
};

/*
 * hour_public is the hour's key; by signs and is borrowed until the close.
 * The header goes to the sink. ERR_CRYPTO: hour_public is no key. ERR_NOMEM.
 */
MUST_USE enum err run_write_open(const struct run_info *info,
    const uint8_t hour_public[static KX_OCTETS], const struct sign_pair *by,
    const struct run_secrets *secrets, struct run_sink sink,
    struct run_writer **ret_writer);
/* Wipes the run's key. NULL is fine. */
void run_write_close(struct run_writer *w);

/* ERR_LIMIT: octets are too long, or the run is full. ERR_NOMEM. */
MUST_USE enum err run_write_media(struct run_writer *w, bool key,
    uint64_t time_us, enum run_kind kind, struct slice octets);
/* A mark if records have waited for one for a second. */
MUST_USE enum err run_write_tick(struct run_writer *w, uint64_t now_us);
/* The last mark; nothing can be written afterwards. */
MUST_USE enum err run_write_end(struct run_writer *w, uint64_t now_us);

/* Whether a new run is due for the sake of the limits above. */
bool run_write_full(const struct run_writer *w);
/* Newest mark: its number and hash; false before the first one. */
bool run_write_mark(const struct run_writer *w, uint32_t *ret_number,
    uint8_t ret_hash[static SHA256_OCTETS]);
/* What the next run's header says about this one. */
void
run_write_before(const struct run_writer *w, struct run_before *ret_before);
const struct run_info *run_write_info(const struct run_writer *w);

#endif
