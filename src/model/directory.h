/*
 * directory.h - the household's list as a signed chain of whole snapshots:
 * docs/FORMATS.md section 5. Who holds the newest good version checks the
 * next one against it; nothing that a server says is believed for itself.
 *
 *   no version --entry 1, signed by the founder--> version 1
 *   version n --entry n + 1, signed by a member of n whose role in n allows
 *   the difference--> version n + 1
 *
 * What a role may change: owner: all, but there is always an owner. Adult:
 * guests, names, zone, what is kept, epochs (with their commits), own keys.
 * Child, carer: own keys. Hubs: nothing. Founder and nonce never change.
 *
 * Pure: no clock, no I/O.
 */
#ifndef MODEL_DIRECTORY_H
#define MODEL_DIRECTORY_H

#include "model/people.h"

#define DIR_ENTRY_OCTETS    212
#define DIR_HUB_OCTETS_MAX  ((size_t)64 << 10)
#define DIR_SEALED_OVERHEAD 34 /* version, suite, salt, tag */
#define DIR_PAD_OCTETS      4096

struct dir_entry {
	struct id home;
	uint64_t version;
	uint8_t before_hash[SHA256_OCTETS];
	uint32_t epoch;
	struct id author;
	uint64_t time_us;
	uint8_t people_hash[SHA256_OCTETS], hub_hash[SHA256_OCTETS];
};

/* A version as it travels: three sealed pieces. */
struct dir_sealed {
	struct slice entry, people, hub;
};

/* The newest version that its holder believes. Zeroed: none. */
struct directory {
	struct id home;
	uint64_t version; /* 0: none */
	uint32_t epoch;
	uint8_t hash[SHA256_OCTETS]; /* of the entry */
	uint64_t time_us;            /* when its author wrote it */
	struct people *people;
	struct buf hub_json; /* the hub part; padding cut off */
};
void directory_fini(struct directory *d);

/*
 * Keys of the epoch that the new version is sealed under. Who may not know
 * the hub part has no hub_key (NULL) and cannot see whether it changed. Who
 * may not change it repeats it octet for octet.
 */
struct dir_keys {
	const struct key *people_key, *hub_key;
};

/*
 * Check a version against d and take it. On ERR_OK d is the new version; on
 * an error d stays as it was.
 * ERR_CRYPTO: does not open, or is not signed by the author. ERR_CONFLICT: not
 * the next of this chain (another home, number, hash or epoch). ERR_DENIED:
 * the author may not change that. ERR_CORRUPT: pieces do not belong together.
 * ERR_SYNTAX, ERR_LIMIT, ERR_UNSUPPORTED, ERR_NOMEM.
 */
MUST_USE enum err directory_take(struct directory *d, const struct id *home,
    const struct dir_keys *keys, const struct dir_sealed *sealed);

/*
 * Take a version as a beginning without its past: its hash must be the one
 * that a member told in the pairing. Roles cannot be checked; what comes
 * after it is.
 */
MUST_USE enum err directory_begin(struct directory *d, const struct id *home,
    const struct dir_keys *keys, uint64_t version,
    const uint8_t hash[static SHA256_OCTETS], const struct dir_sealed *sealed);

/* Whether author may turn before into after. hub_same: the hub part is equal. */
MUST_USE enum err
directory_allows(const struct people *before, const struct people *after,
    const struct id *author, bool hub_same, bool epoch_same);

/* Entries, for writers and tests. Appends DIR_ENTRY_OCTETS. */
MUST_USE enum err dir_entry_put(const struct dir_entry *e,
    const struct sign_pair *by, struct buf *to);
MUST_USE enum err
dir_entry_get(struct slice octets, struct dir_entry *ret_entry);
MUST_USE enum err dir_entry_check(struct slice octets,
    const uint8_t by[static SIGN_PUBLIC_OCTETS]);

/* Pieces. label: LABEL_DIRECTORY_ENTRY, _PEOPLE or _HUB. Append. */
MUST_USE enum err dir_piece_seal(const struct key *key, enum label label,
    const struct id *home, uint64_t version, const uint8_t salt[static 16],
    struct slice plain, struct buf *to);
MUST_USE enum err
dir_piece_open(const struct key *key, enum label label, const struct id *home,
    uint64_t version, struct slice sealed, struct buf *to);

#endif
