/*
 * run_read.h - the reader's side of a run: opens the header with the hour's
 * private key, opens records, and checks the marks over them.
 *
 * A record that opens is genuine as to its place, but only a mark says that
 * the writer signed it: what was read since the newest good mark is
 * "unverified" and is shown with that word. A reader may join at any key
 * frame; it follows from there.
 */
#ifndef MODEL_RUN_READ_H
#define MODEL_RUN_READ_H

#include "model/mark.h"
#include "model/run.h"

struct run_reader;

/* What one record said. */
struct run_said {
	uint64_t index, time_us;
	uint8_t flags;       /* enum run_flag */
	uint8_t kind;        /* enum run_kind */
	struct slice octets; /* dies with the next call */
	/* of a mark: the records first .. last are verified now; else 0, 0 */
	uint64_t verified_first, verified_last;
	bool ends;
};

/*
 * expected is where the caller found the header: a header of another place is
 * refused, for it does not open. by is the writer's key in the directory.
 * ERR_SYNTAX, ERR_UNSUPPORTED, ERR_NOMEM; ERR_CRYPTO: not for this hour, this
 * place or this writer.
 */
MUST_USE enum err
run_read_open(struct slice header, const struct place *expected,
    const struct key *hour_private, const uint8_t by[static SIGN_PUBLIC_OCTETS],
    struct run_info *ret_info, struct run_reader **ret_reader);
void run_read_close(struct run_reader *r);

/*
 * ERR_CRYPTO: not of this run, or changed. ERR_EXISTS: an index that was read
 * before. ERR_MISSING: after a gap, and no key frame. ERR_CORRUPT: a mark
 * that does not fit what was read: nothing since the mark before it may be
 * believed. ERR_SYNTAX, ERR_UNSUPPORTED, ERR_CLOSED: after the end.
 */
MUST_USE enum err
run_read(struct run_reader *r, struct slice record, struct run_said *ret_said);

#endif
