/*
 * household.h - a home for tests: members with their keys, things, a chain of
 * directory versions, keyring items. Everything that should be random follows
 * from a seed, so that golden files stay the same. Tests only.
 */
#ifndef MODEL_HOUSEHOLD_H
#define MODEL_HOUSEHOLD_H

#include "model/directory.h"
#include "model/keyring.h"

#define HOUSEHOLD_MAX 16

struct household_member {
	struct id id, grant;
	enum role role;
	const char *name;
	struct sign_pair sign;
	struct key kx;
};

struct household_hub {
	struct id id;
	uint8_t sign[SIGN_PUBLIC_OCTETS], kx[KX_OCTETS], spki[SHA256_OCTETS];
};

struct household_thing {
	struct id id, hub, stream;
	const char *name;
};

struct household {
	uint32_t seed, drawn;
	struct id home;
	uint8_t nonce[32], founder[SIGN_PUBLIC_OCTETS];
	uint32_t epoch;
	struct key home_key, people_key, hub_key;
	const char *name, *zone, *hub_json;
	const char *keep_json; /* NULL: none */
	struct household_member member[HOUSEHOLD_MAX];
	struct household_hub hub[HOUSEHOLD_MAX];
	struct household_thing thing[HOUSEHOLD_MAX];
	size_t member_count, hub_count, thing_count;
	uint64_t version;
	uint8_t hash[SHA256_OCTETS];
	uint64_t time_us;
	/* commits of hour lists, which are not derived here */
	struct commit extra[HOUSEHOLD_MAX];
	size_t extra_count;
};

/* Version 0: one owner, no things yet. */
void household_make(struct household *h, uint32_t seed);
void household_wipe(struct household *h);
void household_draw(struct household *h, void *to, size_t n);
struct household_member *
household_add(struct household *h, enum role role, const char *name);
struct household_thing *
household_thing_add(struct household *h, const char *name);
/* New home key and what follows from it. */
void household_epoch(struct household *h);

/* The next version, signed by a member: three sealed pieces. */
struct household_version {
	struct buf entry, people, hub;
	uint8_t hash[SHA256_OCTETS]; /* of the entry */
	uint32_t epoch;
};
MUST_USE enum err household_write(struct household *h,
    const struct household_member *author, struct household_version *ret);
void household_version_fini(struct household_version *v);
struct dir_sealed household_sealed(const struct household_version *v);
struct dir_keys household_keys(const struct household *h);

#endif
