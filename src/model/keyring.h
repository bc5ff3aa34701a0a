/*
 * keyring.h - keys sealed to one reader: docs/FORMATS.md section 6. HPKE
 * proves no sender: until the directory version that the item belongs to
 * holds and commits to the key, the key opens that version and nothing else.
 */
#ifndef MODEL_KEYRING_H
#define MODEL_KEYRING_H

#include "crypto/names.h"
#include "model/people.h"

#define KEYRING_HOURS_MAX   2160 /* 90 days */
#define KEYRING_ITEM_OCTETS (2 + 32 + 16 + 23 + 40 * (KEYRING_HOURS_MAX + 1))

struct hour_public {
	struct hour_id id;
	uint8_t key[KX_OCTETS];
};

/* Hours first .. first + count - 1 of a thing, and one for when they end. */
struct hour_list {
	struct id thing;
	uint32_t first, count;
	struct hour_public hour[KEYRING_HOURS_MAX];
	struct hour_public spare;
	uint8_t hash[SHA256_OCTETS]; /* what the directory commits to */
};

/* One opened item: a key, or an hour list. */
struct keyring_item {
	uint8_t kind; /* enum key_kind */
	struct id id; /* thing; zeros for the other kinds */
	struct key key;
	struct hour_list *hours; /* kind KEY_HOURS; the caller frees it */
};

struct keyring_reader {
	struct id home;
	uint32_t epoch;
	uint64_t directory_version;
};

/* ERR_CRYPTO: not for this reader. ERR_SYNTAX, ERR_UNSUPPORTED, ERR_NOMEM. */
MUST_USE enum err
keyring_open(const struct keyring_reader *at, const struct key *reader_private,
    struct slice sealed, struct keyring_item *ret_item);
/* Appends. Only kind, id and key, or hours, are looked at. */
MUST_USE enum err keyring_seal(const struct keyring_reader *at,
    const uint8_t reader_public[static KX_OCTETS],
    const struct keyring_item *item, struct buf *to);
void keyring_item_fini(struct keyring_item *item);

/* Whether the directory of that home and epoch commits to the item. */
bool keyring_committed(const struct keyring_reader *at,
    const struct keyring_item *item, const struct people *p);

/* The key for an hour, or the spare when the list does not reach it. */
const struct hour_public *
hour_list_get(const struct hour_list *l, uint32_t hour);
/* What a member makes for the hub. */
void hour_list_make(const struct key *thing_key, const struct id *thing,
    uint32_t first, uint32_t count, struct hour_list *to);

#endif
