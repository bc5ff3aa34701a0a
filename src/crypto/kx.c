#include "crypto/kx.h"

#include <sodium.h>

void
kx_public(const struct key *private, uint8_t ret_public[static KX_OCTETS])
{
	(void)crypto_scalarmult_base(ret_public, private->octets);
}

enum err
kx_shared(const struct key *private, const uint8_t public[static KX_OCTETS],
    struct key *ret_shared)
{
	struct key got;

	/* libsodium refuses an all-zero result by itself */
	if (crypto_scalarmult(got.octets, private->octets, public) != 0)
		return ERR_CRYPTO;
	*ret_shared = got;
	octets_wipe(&got, sizeof got);
	return ERR_OK;
}
