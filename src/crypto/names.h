/*
 * names.h - the derivations of docs/FORMATS.md section 2, one function each,
 * so that the order of fields is written down once.
 */
#ifndef CRYPTO_NAMES_H
#define CRYPTO_NAMES_H

#include "base/id.h"
#include "crypto/kdf.h"
#include "crypto/kx.h"

#define HOUR_ID_OCTETS 8
#define HOUR_SPARE     UINT32_MAX

struct hour_id {
	uint8_t octets[HOUR_ID_OCTETS];
};

/* Where a run's records belong; in its key, so moved they do not open. */
struct place {
	struct id home, thing, stream, writer;
	uint8_t class;
};

void people_key(const struct key *home_key, const struct id *home,
    uint32_t epoch, struct key *ret_key);
void hub_key(const struct key *home_key, const struct id *home, uint32_t epoch,
    struct key *ret_key);
void thing_key(const struct key *home_key, const struct id *home,
    uint32_t epoch, const struct id *thing, struct key *ret_key);
void hour_private(const struct key *thing, uint32_t hour, struct key *ret_key);
void hour_id(const struct key *thing, uint32_t hour, struct hour_id *ret_id);
/* kind, id: docs/FORMATS.md section 5. */
void key_commit(const struct key *key, const struct id *home, uint32_t epoch,
    uint8_t kind, const struct id *id, struct key *ret_commit);
/* Never the same twice, also after a clone or a bad random source. */
void run_id_make(const struct id *stream, struct run_id *ret_run);
void run_base_key(const struct key *run_key, const struct place *place,
    const struct run_id *run, struct key *ret_key);
void account_kx_private(const struct key *root, const struct id *account,
    struct key *ret_key);
void home_id_make(const uint8_t founder[static 32],
    const uint8_t nonce[static 32], struct id *ret_home);

/* A link's L (32 octets) or a recovery code (16). */
struct link_keys {
	struct id id;
	struct key secret, blob, psk;
};
void link_keys_make(struct slice l, struct link_keys *ret_keys);

#endif
