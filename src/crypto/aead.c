#include "crypto/aead.h"

#include <openssl/evp.h>
#include <stdlib.h>

const uint8_t gcm_zero_nonce[GCM_NONCE_OCTETS];

struct gcm {
	EVP_CIPHER_CTX *seal, *open;
};

struct gcm *
gcm_create(const struct key *key)
{
	struct gcm *g = calloc(1, sizeof *g);

	if (g == NULL)
		return NULL;
	g->seal = EVP_CIPHER_CTX_new();
	g->open = EVP_CIPHER_CTX_new();
	if (g->seal == NULL || g->open == NULL ||
	    !EVP_EncryptInit_ex(g->seal, EVP_aes_256_gcm(), NULL, key->octets,
		NULL) ||
	    !EVP_DecryptInit_ex(g->open, EVP_aes_256_gcm(), NULL, key->octets,
		NULL)) {
		gcm_destroy(g);
		return NULL;
	}
	return g;
}

void
gcm_destroy(struct gcm *g)
{
	if (g == NULL)
		return;
	EVP_CIPHER_CTX_free(g->seal); /* wipes its key schedule */
	EVP_CIPHER_CTX_free(g->open);
	free(g);
}

enum err
gcm_seal_with(struct gcm *g, const uint8_t nonce[static GCM_NONCE_OCTETS],
    const struct slice *aad, size_t aad_count, const struct slice *plain,
    size_t plain_count, struct buf *out)
{
	size_t len = 0, at_octets = 0;
	uint8_t *at;
	enum err e;
	int n;

	for (size_t i = 0; i < plain_count; i++)
		len += plain[i].len;
	if (len > INT32_MAX)
		return ERR_LIMIT;
	if ((e = buf_reserve(out, len + GCM_TAG_OCTETS, &at)) != ERR_OK)
		return e;
	int ok = EVP_EncryptInit_ex(g->seal, NULL, NULL, NULL, nonce);
	for (size_t i = 0; ok && i < aad_count; i++)
		ok = aad[i].len == 0 || EVP_EncryptUpdate(g->seal, NULL, &n,
					    aad[i].at, (int)aad[i].len);
	for (size_t i = 0; ok && i < plain_count; i++) {
		if (plain[i].len == 0)
			continue;
		ok = EVP_EncryptUpdate(g->seal, at + at_octets, &n, plain[i].at,
		    (int)plain[i].len);
		at_octets += plain[i].len;
	}
	if (!ok || !EVP_EncryptFinal_ex(g->seal, at + len, &n) ||
	    !EVP_CIPHER_CTX_ctrl(g->seal, EVP_CTRL_GCM_GET_TAG, GCM_TAG_OCTETS,
		at + len))
		return ERR_NOMEM;
	out->len += len + GCM_TAG_OCTETS;
	return ERR_OK;
}

enum err
gcm_open_with(struct gcm *g, const uint8_t nonce[static GCM_NONCE_OCTETS],
    const struct slice *aad, size_t aad_count, struct slice sealed,
    struct buf *out)
{
	uint8_t tag[GCM_TAG_OCTETS], *at;
	enum err e;
	int n;

	if (sealed.len < GCM_TAG_OCTETS)
		return ERR_CRYPTO;
	const size_t len = sealed.len - GCM_TAG_OCTETS;
	if (len > INT32_MAX)
		return ERR_LIMIT;
	if ((e = buf_reserve(out, len + 1, &at)) != ERR_OK)
		return e;
	memcpy(tag, sealed.at + len, sizeof tag);
	int ok = EVP_DecryptInit_ex(g->open, NULL, NULL, NULL, nonce);
	for (size_t i = 0; ok && i < aad_count; i++)
		ok = aad[i].len == 0 || EVP_DecryptUpdate(g->open, NULL, &n,
					    aad[i].at, (int)aad[i].len);
	if (ok && len != 0)
		ok = EVP_DecryptUpdate(g->open, at, &n, sealed.at, (int)len);
	if (!ok ||
	    !EVP_CIPHER_CTX_ctrl(g->open, EVP_CTRL_GCM_SET_TAG, GCM_TAG_OCTETS,
		tag) ||
	    EVP_DecryptFinal_ex(g->open, at + len, &n) <= 0) {
		octets_wipe(at, len);
		return ERR_CRYPTO;
	}
	out->len += len;
	return ERR_OK;
}

enum err
gcm_seal(const struct key *key, const uint8_t nonce[static GCM_NONCE_OCTETS],
    struct slice aad, struct slice plain, struct buf *out)
{
	struct gcm *g = gcm_create(key);

	if (g == NULL)
		return ERR_NOMEM;
	const enum err e = gcm_seal_with(g, nonce, &aad, 1, &plain, 1, out);
	gcm_destroy(g);
	return e;
}

enum err
gcm_open(const struct key *key, const uint8_t nonce[static GCM_NONCE_OCTETS],
    struct slice aad, struct slice sealed, struct buf *out)
{
	struct gcm *g = gcm_create(key);

	if (g == NULL)
		return ERR_NOMEM;
	const enum err e = gcm_open_with(g, nonce, &aad, 1, sealed, out);
	gcm_destroy(g);
	return e;
}

enum err
ctr_xor(const struct key *key, uint64_t offset_octets, uint8_t *octets,
    size_t n)
{
	uint8_t block[16] = { 0 }, skip[16] = { 0 };
	const size_t skip_octets = offset_octets % 16;
	EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
	int got;

	for (int i = 0; i < 8; i++)
		block[8 + i] = (uint8_t)(offset_octets / 16 >> (56 - 8 * i));
	if (n > INT32_MAX || c == NULL ||
	    !EVP_EncryptInit_ex(c, EVP_aes_256_ctr(), NULL, key->octets,
		block) ||
	    (skip_octets != 0 &&
		!EVP_EncryptUpdate(c, skip, &got, skip, (int)skip_octets)) ||
	    (n != 0 && !EVP_EncryptUpdate(c, octets, &got, octets, (int)n))) {
		EVP_CIPHER_CTX_free(c);
		return ERR_NOMEM;
	}
	EVP_CIPHER_CTX_free(c);
	octets_wipe(skip, sizeof skip);
	return ERR_OK;
}
