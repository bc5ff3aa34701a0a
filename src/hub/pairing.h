/*
 * pairing.h - how a hub and a household meet: docs/FORMATS.md section 9. The
 * hub makes a secret L and tells it only through the link that it prints; the
 * browser proves with it that it read the link, and learns from the link's h
 * that it talks to this hub. The server in between learns neither.
 *
 *   pairing_begin -> m1, fragment
 *   m2 (up to 20 that do not open) -> pairing_open -> what the household says
 *   pairing_reply -> m3; L is burnt
 *
 * Pure: no clock, no I/O.
 */
#ifndef HUB_PAIRING_H
#define HUB_PAIRING_H

#include "base/codec.h"
#include "crypto/names.h"
#include "hub/keys.h"

#define PAIRING_M1_OCTETS       96
#define PAIRING_M2_OCTETS_MAX   ((size_t)64 << 10)
#define PAIRING_ITEMS_MAX       4
#define PAIRING_FAILURES_MAX    20
#define PAIRING_LIFE_MS         (15 * 60 * 1000)
#define PAIRING_FRAGMENT_OCTETS (6 + B64_ROOM(64))

struct pairing {
	struct key l, one_time;
	struct link_keys link;
	uint8_t m1[PAIRING_M1_OCTETS], h[SHA256_OCTETS];
	unsigned failures;
	/* after an m2 that opened */
	struct key reply_key;
	uint8_t said_hash[SHA256_OCTETS]; /* of m1 ‖ m2 */
	uint8_t nonce[32];
};

/* What the household said in m2. */
struct pairing_home {
	struct id home, member;
	uint64_t version;
	uint8_t hash[SHA256_OCTETS];
	uint32_t epoch;
	uint8_t sign[SIGN_PUBLIC_OCTETS], kx[KX_OCTETS]; /* the member's */
	struct key people_key, hub_key;
};

/* What the hub says about a camera in m3. */
struct pairing_camera {
	struct hub_camera_ids ids;
	const char *name; /* UTF-8 */
};

void pairing_begin(const struct hub_keys *keys, struct pairing *ret_pairing);
void pairing_wipe(struct pairing *p);
/* "#pair=…" */
void pairing_fragment(const struct pairing *p,
    char to[static PAIRING_FRAGMENT_OCTETS]);

/*
 * ERR_CRYPTO: m2 does not open: wait for another one. ERR_LIMIT: too many did
 * not; make a new link. ERR_SYNTAX: it opened, and says nothing we know.
 */
MUST_USE enum err pairing_open(struct pairing *p, const struct hub_keys *keys,
    struct slice m2, struct pairing_home *ret_home);
/* Appends m3. clock_set: whether the hub's clock was ever set. */
MUST_USE enum err pairing_reply(const struct pairing *p,
    const struct hub_keys *keys, const struct pairing_camera *cameras,
    size_t camera_count, bool clock_set, struct buf *m3);

#endif
