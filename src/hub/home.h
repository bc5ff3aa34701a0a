/*
 * home.h - the household that this hub belongs to: what it was told when it
 * was paired, the directory version that it goes by, the keys of its epoch,
 * and the public hour keys of its cameras. Kept in D/hub/home, mode 0600.
 *
 *   none --home_begin (pairing)--> told --first version that holds--> taken in
 *   taken in --a version without this hub--> none
 *
 * Nothing here opens a recording: of hours the hub has only the public halves.
 */
#ifndef HUB_HOME_H
#define HUB_HOME_H

#include "hub/pairing.h"
#include "model/directory.h"
#include "model/keyring.h"

struct hub_home {
	bool told; /* paired; the directory may not be here yet */
	struct id home;
	uint32_t epoch;
	uint64_t told_version;
	uint8_t told_hash[SHA256_OCTETS];
	struct key people_key, hub_key;
	struct directory directory;    /* version 0: not yet */
	struct buf entry, people, hub; /* its sealed pieces, to begin from */
	/* of its things, in no order; NULL: room for one */
	struct hour_list *hours[HUB_CAMERAS_MAX];
};

/* One version and one item as the server hands them out. */
struct home_version {
	uint32_t epoch;
	struct dir_sealed sealed;
};
struct home_item {
	uint32_t epoch;
	uint64_t version;
	struct slice sealed;
};

void hub_home_init(struct hub_home *h);
void hub_home_fini(struct hub_home *h);
/* Also forgets what was there. */
void hub_home_begin(struct hub_home *h, const struct pairing_home *from);

/* ERR_MISSING: none is kept there. ERR_CORRUPT. */
MUST_USE enum err hub_home_load(struct hub_home *h, int dir_fd);
MUST_USE enum err hub_home_save(const struct hub_home *h, int dir_fd);

/* From which version the server is to be asked. */
uint64_t hub_home_since(const struct hub_home *h);
/*
 * Take one more version, with the items that came along. An error leaves h as
 * it was. ERR_CRYPTO, ERR_CONFLICT, ERR_DENIED, ERR_CORRUPT, ...: see
 * directory_take(). ERR_MISSING: keys for its epoch are not among the items.
 */
MUST_USE enum err hub_home_take(struct hub_home *h, const struct hub_keys *keys,
    const struct home_version *v, const struct home_item *items,
    size_t item_count);

/* Items that came without a new version: hour lists only. */
void hub_home_items(struct hub_home *h, const struct hub_keys *keys,
    const struct home_item *items, size_t item_count);

/* NULL: none, so that nothing can be sealed for that thing. */
const struct hour_list *
hub_home_hours(const struct hub_home *h, const struct id *thing);

/* A home that told us its keys takes us in within that time, or never. */
#define HUB_TAKE_IN_MS ((uint64_t)15 * 60 * 1000)
/*
 * Whether a home that the server does not give us is forgotten, after that
 * time. Who lists us said so under his signature; only the same way can he
 * take us off: a server that lost its rows, or wants them lost, cannot.
 */
bool hub_home_gives_up(const struct hub_home *h, const struct hub_keys *keys,
    uint64_t waited_ms);
/* Whether the directory lists this hub, and this stream of its camera. */
bool hub_home_lists_hub(const struct hub_home *h, const struct hub_keys *keys);
bool hub_home_lists_track(const struct hub_home *h, const struct hub_keys *keys,
    const struct hub_camera_ids *camera, enum track_kind as);

#endif
