/*
 * heads.h - what the hub signs each few seconds: its newest mark of each
 * stream and the directory version it goes by. docs/FORMATS.md section 3.
 * Readers find missing tails, forks and stale servers by it.
 */
#ifndef MODEL_HEADS_H
#define MODEL_HEADS_H

#include "crypto/sign.h"
#include "model/mark.h"
#include "model/run.h"

#define HEADS_STREAMS_MAX 256
#define HEADS_OCTETS_MAX  20480

struct head {
	struct id stream;
	uint8_t state; /* enum reason of hub/unit.h: why no pictures come */
	struct run_id run;
	uint32_t mark_number;
	uint8_t mark_hash[SHA256_OCTETS];
};

struct heads {
	struct id home, hub;
	uint64_t counter, time_us;
	uint32_t epoch;
	uint64_t directory_version;
	uint8_t directory_hash[SHA256_OCTETS];
	uint64_t log_size;
	uint8_t log_root[SHA256_OCTETS];
	size_t count;
	struct head head[HEADS_STREAMS_MAX];
};

/* Signed by the hub, sealed under people_key. Appends. */
MUST_USE enum err heads_seal(const struct heads *h, const struct sign_pair *by,
    const struct key *people_key, struct buf *to);
/* ERR_CRYPTO: not of this home, or not by that hub. ERR_SYNTAX, ... */
MUST_USE enum err heads_open(struct slice sealed, const struct id *home,
    const struct key *people_key, const uint8_t by[static SIGN_PUBLIC_OCTETS],
    struct heads *ret_heads);

#endif
