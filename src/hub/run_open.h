/*
 * run_open.h - a new run of one of the hub's streams: its key is drawn,
 * sealed to the hour's public key, and forgotten by all but the writer.
 */
#ifndef HUB_RUN_OPEN_H
#define HUB_RUN_OPEN_H

#include "hub/home.h"
#include "model/run_write.h"

/* Both clocks, read once per unit. */
struct hub_now {
	uint64_t real_us, boot_us;
};

struct run_wish {
	const struct id *thing, *stream;
	enum run_class class;
	uint64_t start_us;
	const struct run_before *before;
	uint8_t setup_hash[SHA256_OCTETS];
};

/* ERR_MISSING: there is no key for this hour yet. ERR_NOMEM, ... */
MUST_USE enum err hub_run_open(const struct hub_keys *keys,
    const struct hub_home *home, const struct run_wish *wish,
    struct run_sink sink, struct run_writer **ret_run);

#endif
