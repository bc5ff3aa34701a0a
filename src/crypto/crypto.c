#include "crypto/crypto.h"

#include <openssl/evp.h>
#include <sodium.h>
#include <stdlib.h>

enum err
crypto_init(void)
{
	return sodium_init() < 0 ? ERR_CRYPTO : ERR_OK;
}

void
octets_random(void *to, size_t n)
{
	randombytes_buf(to, n);
}

void
octets_wipe(void *at, size_t n)
{
	sodium_memzero(at, n);
}

bool
octets_equal(const void *a, const void *b, size_t n)
{
	return sodium_memcmp(a, b, n) == 0;
}

void
sha256(struct slice in, uint8_t ret_digest[static SHA256_OCTETS])
{
	sha256_join(&in, 1, ret_digest);
}

void
sha256_join(const struct slice *parts, size_t part_count,
    uint8_t ret_digest[static SHA256_OCTETS])
{
	EVP_MD_CTX *c = EVP_MD_CTX_new();
	int ok = c != NULL && EVP_DigestInit_ex(c, EVP_sha256(), NULL);

	for (size_t i = 0; ok && i < part_count; i++)
		ok = EVP_DigestUpdate(c, parts[i].at, parts[i].len);
	/* a hash that cannot be made has no safe answer: out of memory only */
	if (!ok || !EVP_DigestFinal_ex(c, ret_digest, NULL))
		abort();
	EVP_MD_CTX_free(c);
}
