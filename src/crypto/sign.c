#include "crypto/sign.h"

#include <sodium.h>

#define SIGNED_OCTETS_MAX (64u << 10)

void
sign_pair_make(const struct key *seed, struct sign_pair *ret_pair)
{
	(void)crypto_sign_seed_keypair(ret_pair->public, ret_pair->secret,
	    seed->octets);
}

void
sign_pair_wipe(struct sign_pair *pair)
{
	octets_wipe(pair, sizeof *pair);
}

static enum err
message_make(enum label label, const struct fields *fields, struct buf *to)
{
	enum err e = label_info(label, to);

	for (size_t i = 0; e == ERR_OK && i < fields->count; i++)
		e = buf_append(to, fields->at[i]);
	return e;
}

enum err
sign_make(const struct sign_pair *pair, enum label label,
    const struct fields *fields, uint8_t ret_signature[static SIGN_OCTETS])
{
	AUTO_BUF struct buf m;
	enum err e;

	buf_init(&m, SIGNED_OCTETS_MAX);
	if ((e = message_make(label, fields, &m)) != ERR_OK)
		return e;
	(void)crypto_sign_detached(ret_signature, NULL, m.at, m.len,
	    pair->secret);
	return ERR_OK;
}

enum err
sign_check(const uint8_t public[static SIGN_PUBLIC_OCTETS], enum label label,
    const struct fields *fields, const uint8_t signature[static SIGN_OCTETS])
{
	AUTO_BUF struct buf m;
	enum err e;

	buf_init(&m, SIGNED_OCTETS_MAX);
	if ((e = message_make(label, fields, &m)) != ERR_OK)
		return e;
	return crypto_sign_verify_detached(signature, m.at, m.len, public) == 0
		   ? ERR_OK
		   : ERR_CRYPTO;
}
