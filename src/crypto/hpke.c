#include "crypto/hpke.h"

#include "crypto/aead.h"
#include "crypto/kdf.h"

/* RFC 9180 section 7: KEM 0x0020, KDF 0x0001, AEAD 0x0002. */
#define KEM_SUITE  SLICE_LIT("KEM\x00\x20")
#define HPKE_SUITE SLICE_LIT("HPKE\x00\x20\x00\x01\x00\x02")
#define V1         SLICE_LIT("HPKE-v1")

void
hpke_wipe(struct hpke *h)
{
	octets_wipe(h, sizeof *h);
}

static void
labeled_extract(struct slice suite, struct slice salt, const char *label,
    struct slice ikm, uint8_t ret_prk[static 32])
{
	hkdf256_extract(salt, FIELDS(V1, suite, slice_str(label), ikm),
	    ret_prk);
}

static void
labeled_expand(struct slice suite, const uint8_t prk[static 32],
    const char *label, struct slice info, uint8_t *out, size_t n)
{
	const uint8_t length[2] = { (uint8_t)(n >> 8), (uint8_t)n };

	hkdf256_expand(prk,
	    FIELDS(SLICE_OF(length), V1, suite, slice_str(label), info), out,
	    n);
}

/* ExtractAndExpand of section 4.1. */
static void
kem_secret(const struct key *dh, const uint8_t enc[static 32],
    const uint8_t public[static 32], struct key *ret_secret)
{
	uint8_t prk[32], context[64];

	memcpy(context, enc, 32);
	memcpy(context + 32, public, 32);
	labeled_extract(KEM_SUITE, SLICE_LIT(""), "eae_prk", key_slice(dh),
	    prk);
	labeled_expand(KEM_SUITE, prk, "shared_secret", SLICE_OF(context),
	    ret_secret->octets, KEY_OCTETS);
	octets_wipe(prk, sizeof prk);
}

/* KeySchedule of section 5.1. */
static enum err
schedule(const struct key *shared, const struct hpke_info *info,
    struct hpke *ret_hpke)
{
	uint8_t context[65], secret[32];

	if ((info->psk.len == 0) != (info->psk_id.len == 0))
		return ERR_SYNTAX;
	context[0] = info->psk.len != 0;
	labeled_extract(HPKE_SUITE, SLICE_LIT(""), "psk_id_hash", info->psk_id,
	    context + 1);
	labeled_extract(HPKE_SUITE, SLICE_LIT(""), "info_hash", info->info,
	    context + 33);
	labeled_extract(HPKE_SUITE, key_slice(shared), "secret", info->psk,
	    secret);
	labeled_expand(HPKE_SUITE, secret, "key", SLICE_OF(context),
	    ret_hpke->key.octets, KEY_OCTETS);
	labeled_expand(HPKE_SUITE, secret, "base_nonce", SLICE_OF(context),
	    ret_hpke->nonce, sizeof ret_hpke->nonce);
	labeled_expand(HPKE_SUITE, secret, "exp", SLICE_OF(context),
	    ret_hpke->exporter.octets, KEY_OCTETS);
	octets_wipe(secret, sizeof secret);
	return ERR_OK;
}

enum err
hpke_send_with(const struct key *ephemeral,
    const uint8_t public[static KX_OCTETS], const struct hpke_info *info,
    uint8_t ret_enc[static HPKE_ENC_OCTETS], struct hpke *ret_hpke)
{
	AUTO_KEY dh, shared;
	enum err e;

	if ((e = kx_shared(ephemeral, public, &dh)) != ERR_OK)
		return e;
	kx_public(ephemeral, ret_enc);
	kem_secret(&dh, ret_enc, public, &shared);
	return schedule(&shared, info, ret_hpke);
}

enum err
hpke_send(const uint8_t public[static KX_OCTETS], const struct hpke_info *info,
    uint8_t ret_enc[static HPKE_ENC_OCTETS], struct hpke *ret_hpke)
{
	AUTO_KEY ephemeral;

	octets_random(&ephemeral, sizeof ephemeral);
	return hpke_send_with(&ephemeral, public, info, ret_enc, ret_hpke);
}

enum err
hpke_receive(const struct key *private,
    const uint8_t enc[static HPKE_ENC_OCTETS], const struct hpke_info *info,
    struct hpke *ret_hpke)
{
	AUTO_KEY dh, shared;
	uint8_t public[32];
	enum err e;

	if ((e = kx_shared(private, enc, &dh)) != ERR_OK)
		return e;
	kx_public(private, public);
	kem_secret(&dh, enc, public, &shared);
	return schedule(&shared, info, ret_hpke);
}

enum err
hpke_seal(const struct hpke *h, struct slice aad, struct slice plain,
    struct buf *out)
{
	return gcm_seal(&h->key, h->nonce, aad, plain, out);
}

enum err
hpke_open(const struct hpke *h, struct slice aad, struct slice sealed,
    struct buf *out)
{
	return gcm_open(&h->key, h->nonce, aad, sealed, out);
}

void
hpke_export(const struct hpke *h, struct slice context, struct key *ret_key)
{
	labeled_expand(HPKE_SUITE, h->exporter.octets, "sec", context,
	    ret_key->octets, KEY_OCTETS);
}

enum err
hpke_seal_to(const uint8_t public[static KX_OCTETS], struct slice info,
    struct slice aad, struct slice plain, struct buf *out)
{
	const struct hpke_info i = { .info = info };
	const size_t before = out->len;
	uint8_t enc[HPKE_ENC_OCTETS];
	struct hpke h;
	enum err e;

	if ((e = hpke_send(public, &i, enc, &h)) != ERR_OK)
		return e;
	if ((e = buf_append(out, SLICE_OF(enc))) == ERR_OK &&
	    (e = hpke_seal(&h, aad, plain, out)) != ERR_OK)
		out->len = before;
	hpke_wipe(&h);
	return e;
}

enum err
hpke_open_with(const struct key *private, struct slice info, struct slice aad,
    struct slice sealed, struct buf *out)
{
	const struct hpke_info i = { .info = info };
	struct hpke h;
	enum err e;

	if (sealed.len < HPKE_ENC_OCTETS + HPKE_TAG_OCTETS)
		return ERR_CRYPTO;
	if ((e = hpke_receive(private, sealed.at, &i, &h)) != ERR_OK)
		return e;
	e = hpke_open(&h, aad, slice_skip(sealed, HPKE_ENC_OCTETS), out);
	hpke_wipe(&h);
	return e;
}
