/*
 * vault.h - what a person keeps on the server, sealed: account_root and the
 * homes that it opens. docs/FORMATS.md section 7. Reading only: apps write it.
 */
#ifndef MODEL_VAULT_H
#define MODEL_VAULT_H

#include "base/id.h"
#include "crypto/crypto.h"

#define VAULT_OCTETS_MAX ((size_t)256 << 10)
#define VAULT_HOMES_MAX  16

struct vault_home {
	struct id home, member, grant;
	uint64_t version; /* highest that was believed */
	uint8_t hash[SHA256_OCTETS];
};
struct vault {
	struct key root;
	uint64_t version;
	struct vault_home home[VAULT_HOMES_MAX];
	size_t home_count;
};
void vault_wipe(struct vault *v);

/*
 * secret: what its door's key follows from, OPAQUE's export key or a recovery
 * code. ERR_CRYPTO: not this account's, or no door that opens with it is
 * listed inside. ERR_SYNTAX, ERR_UNSUPPORTED, ERR_LIMIT, ERR_NOMEM.
 */
MUST_USE enum err vault_open(struct slice blob, const struct id *account,
    struct slice secret, struct vault *ret_vault);

#endif
