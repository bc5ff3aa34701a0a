/*
 * ticket.h - the only way in: docs/FORMATS.md section 8. A row opens only
 * with the bearer's secret and a row key; opening is the check.
 */
#ifndef CRYPTO_TICKET_H
#define CRYPTO_TICKET_H

#include "base/codec.h"
#include "crypto/kdf.h"

#define TICKET_SCOPES_MAX     6
#define TICKET_OWN_OCTETS_MAX 128
#define TICKET_ROW_OCTETS_MAX 600

enum ticket_kind {
	TICKET_SESSION = 1,
	TICKET_HOME,
	TICKET_LINK,
	TICKET_RECOVERY,
	TICKET_BROWSER,
	TICKET_GUEST,
	TICKET_INVITATION,
	TICKET__MAX
};

enum scope_type {
	SCOPE_GLOBAL = 1,
	SCOPE_KIND,
	SCOPE_HOME,
	SCOPE_GRANT,
	SCOPE_ACCOUNT,
	SCOPE_DEVICE,
	SCOPE__MAX
};

enum ticket_right {
	RIGHT_LIVE = 1,
	RIGHT_PAST = 2,
	RIGHT_WRITE = 4,
	RIGHT_MANAGE = 8
};

struct scope {
	uint8_t type;
	struct id id, generation;
};

struct claims {
	uint64_t expiry_s;
	struct scope scopes[TICKET_SCOPES_MAX];
	uint8_t scope_count;
	uint32_t rights;
	uint8_t own[TICKET_OWN_OCTETS_MAX];
	uint16_t own_octets;
};

/* Sealed under one version of the keeper's row key. */
struct row_key {
	uint8_t version;
	struct key key;
};

/* Appends the row. */
MUST_USE enum err ticket_make(enum ticket_kind kind, const struct id *id,
    const struct key *secret, const uint8_t revoke_hash[static SHA256_OCTETS],
    const struct claims *claims, const struct row_key *row_key,
    struct buf *out);
/*
 * Which version's key a row needs. ERR_SYNTAX: no row of that kind and id.
 * A row tells kind and id in clear; both must be what was asked for.
 */
MUST_USE enum err ticket_version(enum ticket_kind kind, const struct id *id,
    struct slice row, uint8_t *ret_version);
/*
 * ERR_CRYPTO: another secret, another key, another row. The caller still
 * checks expiry and generations: ticket_opened_check().
 */
MUST_USE enum err ticket_open(enum ticket_kind kind, const struct id *id,
    const struct key *secret, struct slice row, const struct row_key *row_key,
    struct claims *ret_claims);
/* The revoke hash, without the bearer (ends another browser's session). */
MUST_USE enum err
ticket_revoke_hash(enum ticket_kind kind, const struct id *id, struct slice row,
    const struct row_key *row_key, uint8_t ret_hash[static SHA256_OCTETS]);

MUST_USE enum err claims_write(const struct claims *claims, struct buf *out);
MUST_USE enum err claims_read(struct slice in, struct claims *ret_claims);

#endif
