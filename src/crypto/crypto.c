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

/* An EVP_MD_CTX under a name of ours. */
static EVP_MD_CTX *
context_of(struct sha256_sum *s)
{
	return (EVP_MD_CTX *)(void *)s;
}

struct sha256_sum *
sha256_begin(void)
{
	EVP_MD_CTX *c = EVP_MD_CTX_new();

	if (c != NULL && !EVP_DigestInit_ex(c, EVP_sha256(), NULL)) {
		EVP_MD_CTX_free(c);
		c = NULL;
	}
	return (struct sha256_sum *)(void *)c;
}

void
sha256_add(struct sha256_sum *s, struct slice more)
{
	if (!EVP_DigestUpdate(context_of(s), more.at, more.len))
		abort(); /* never with SHA-256 */
}

void
sha256_end(struct sha256_sum *s, uint8_t ret_digest[static SHA256_OCTETS])
{
	if (!EVP_DigestFinal_ex(context_of(s), ret_digest, NULL))
		abort();
}

void
sha256_drop(struct sha256_sum *s)
{
	EVP_MD_CTX_free(context_of(s));
}
