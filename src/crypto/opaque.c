#include "crypto/opaque.h"

#include <sodium.h>
#include <stdlib.h>

#define PAIR_INFO "OPAQUE-DeriveDiffieHellmanKeyPair"

void
opaque_draw(struct opaque_draw *ret_draw)
{
	octets_random(ret_draw, sizeof *ret_draw);
}

void
opaque_mac(const uint8_t key[static 64], const struct fields *message,
    uint8_t ret_mac[static 64])
{
	hkdf512_extract(slice_make(key, 64), message, ret_mac); /* HMAC */
}

static void
sha512_fields(const struct fields *in, uint8_t ret[static 64])
{
	crypto_hash_sha512_state s;

	(void)crypto_hash_sha512_init(&s);
	for (size_t i = 0; i < in->count; i++)
		(void)crypto_hash_sha512_update(&s, in->at[i].at,
		    in->at[i].len);
	(void)crypto_hash_sha512_final(&s, ret);
	octets_wipe(&s, sizeof s);
}

void
opaque_xmd(const char *dst_prefix, const struct fields *message,
    uint8_t ret[static 64])
{
	static const uint8_t zeros[128], length[3] = { 0, 64, 0 }, one = 1;
	const struct slice suite = SLICE_LIT("OPRFV1-\0-ristretto255-SHA512");
	const struct slice prefix = slice_str(dst_prefix);
	const uint8_t dst_octets = (uint8_t)(prefix.len + suite.len);
	struct fields in = { .count = 0 };
	uint8_t first[64];

	assert(message->count + 5 <= FIELDS_MAX);
	in.at[in.count++] = SLICE_OF(zeros);
	for (size_t i = 0; i < message->count; i++)
		in.at[in.count++] = message->at[i];
	in.at[in.count++] = SLICE_OF(length);
	in.at[in.count++] = prefix;
	in.at[in.count++] = suite;
	in.at[in.count++] = slice_make(&dst_octets, 1);
	sha512_fields(&in, first);
	sha512_fields(FIELDS(SLICE_OF(first), slice_make(&one, 1), prefix,
			  suite, slice_make(&dst_octets, 1)),
	    ret);
	octets_wipe(first, sizeof first);
}

/* RFC 9497 section 3.2.1, DeriveKeyPair without the public half. */
static void
scalar_derive(const uint8_t seed[static 32], const char *info,
    uint8_t ret_scalar[static 32])
{
	const uint8_t length[2] = { 0, (uint8_t)strlen(info) };
	uint8_t wide[64];

	for (unsigned n = 0; n < 256; n++) {
		const uint8_t counter = (uint8_t)n;

		opaque_xmd("DeriveKeyPair",
		    FIELDS(slice_make(seed, 32), SLICE_OF(length),
			slice_str(info), slice_make(&counter, 1)),
		    wide);
		crypto_core_ristretto255_scalar_reduce(ret_scalar, wide);
		if (!sodium_is_zero(ret_scalar, 32))
			break;
	}
	octets_wipe(wide, sizeof wide);
}

void
opaque_key_pair(const uint8_t seed[static 32], const char *info,
    uint8_t ret_private[static 32], uint8_t ret_public[static 32])
{
	scalar_derive(seed, info, ret_private);
	if (crypto_scalarmult_ristretto255_base(ret_public, ret_private) != 0)
		abort(); /* only a zero scalar, excluded above */
}

void
opaque_server_make(const uint8_t oprf_seed[static 64],
    const uint8_t seed[static 32], struct opaque_server *ret_server)
{
	memcpy(ret_server->oprf_seed, oprf_seed, 64);
	opaque_key_pair(seed, PAIR_INFO, ret_server->private,
	    ret_server->public);
}

static bool
point_valid(const uint8_t point[static 32])
{
	return crypto_core_ristretto255_is_valid_point(point) == 1 &&
	       !sodium_is_zero(point, 32);
}

/* Section 5.2.2 and 6.3.2.2: the OPRF under the credential's own key. */
static enum err
evaluate(const struct opaque_server *server, struct slice credential_id,
    const uint8_t blinded[static 32], uint8_t ret[static 32])
{
	uint8_t seed[32], key[32];

	if (!point_valid(blinded))
		return ERR_CRYPTO;
	hkdf512_expand(server->oprf_seed,
	    FIELDS(credential_id, SLICE_LIT("OprfKey")), seed, sizeof seed);
	scalar_derive(seed, "OPAQUE-DeriveKeyPair", key);
	const int bad = crypto_scalarmult_ristretto255(ret, key, blinded);
	octets_wipe(seed, sizeof seed);
	octets_wipe(key, sizeof key);
	return bad == 0 ? ERR_OK : ERR_CRYPTO;
}

enum err
opaque_register(const struct opaque_server *server, struct slice credential_id,
    const uint8_t request[static OPAQUE_POINT_OCTETS],
    uint8_t ret_response[static OPAQUE_RESPONSE_OCTETS])
{
	uint8_t point[32];
	enum err e;

	if ((e = evaluate(server, credential_id, request, point)) != ERR_OK)
		return e;
	memcpy(ret_response, point, 32);
	memcpy(ret_response + 32, server->public, 32);
	return ERR_OK;
}

/* Expand-Label of section 6.4.2, 64 octets. */
static void
expand_label(const uint8_t secret[static 64], const char *label,
    struct slice context, uint8_t ret[static 64])
{
	const uint8_t head[3] = { 0, 64, (uint8_t)(7 + strlen(label)) };
	const uint8_t context_octets = (uint8_t)context.len;

	hkdf512_expand(secret,
	    FIELDS(SLICE_OF(head), SLICE_LIT("OPAQUE-"), slice_str(label),
		slice_make(&context_octets, 1), context),
	    ret, 64);
}

static enum err
shared_make(const struct opaque_tdh *dh, uint8_t ret_prk[static 64])
{
	uint8_t ikm[96];
	int bad = 0;

	for (size_t i = 0; i < 3; i++)
		bad |= crypto_scalarmult_ristretto255(ikm + 32 * i,
		    dh->secret[i], dh->public[i]);
	hkdf512_extract(SLICE_LIT(""), FIELDS(SLICE_OF(ikm)), ret_prk);
	octets_wipe(ikm, sizeof ikm);
	return bad == 0 ? ERR_OK : ERR_CRYPTO;
}

/* Two octets of length before a string (I2OSP(len, 2)). */
struct length2 {
	uint8_t octets[2];
};
static struct length2
length2_of(struct slice s)
{
	return (struct length2){ { (uint8_t)(s.len >> 8), (uint8_t)s.len } };
}

enum err
opaque_tdh(const struct opaque_tdh *dh, const struct opaque_ids *ids,
    const uint8_t ke1[static OPAQUE_KE1_OCTETS],
    uint8_t ke2[static OPAQUE_KE2_OCTETS], struct opaque_login *ret_login)
{
	const struct slice client = ids->client.len != 0
					? ids->client
					: slice_make(dh->client_public, 32);
	const struct slice server = ids->server.len != 0
					? ids->server
					: slice_make(dh->server_public, 32);
	const struct length2 lx = length2_of(ids->context);
	const struct length2 lc = length2_of(client), ls = length2_of(server);
	struct fields preamble = {
		.at = { SLICE_LIT("OPAQUEv1-"), SLICE_OF(lx.octets),
		    ids->context, SLICE_OF(lc.octets), client,
		    slice_make(ke1, OPAQUE_KE1_OCTETS), SLICE_OF(ls.octets),
		    server, slice_make(ke2, 256) },
		.count = 9
	};
	uint8_t prk[64], hash[64], handshake[64], mac_key[64];
	enum err e;

	if ((e = shared_make(dh, prk)) != ERR_OK)
		return e;
	sha512_fields(&preamble, hash);
	expand_label(prk, "HandshakeSecret", SLICE_OF(hash), handshake);
	expand_label(prk, "SessionKey", SLICE_OF(hash), ret_login->session_key);
	expand_label(handshake, "ServerMAC", SLICE_LIT(""), mac_key);
	opaque_mac(mac_key, FIELDS(SLICE_OF(hash)), ke2 + 256);
	preamble.at[preamble.count++] = slice_make(ke2 + 256, 64);
	sha512_fields(&preamble, hash);
	expand_label(handshake, "ClientMAC", SLICE_LIT(""), mac_key);
	opaque_mac(mac_key, FIELDS(SLICE_OF(hash)), ret_login->client_mac);
	octets_wipe(prk, sizeof prk);
	octets_wipe(handshake, sizeof handshake);
	octets_wipe(mac_key, sizeof mac_key);
	return ERR_OK;
}

/* Section 6.3.2.2: server key and envelope under a pad of the masking key. */
static void
response_mask(const struct opaque_server *server,
    const uint8_t record[static OPAQUE_RECORD_OCTETS], uint8_t *ke2)
{
	uint8_t pad[128];

	hkdf512_expand(record + 32,
	    FIELDS(slice_make(ke2 + 32, 32),
		SLICE_LIT("CredentialResponsePad")),
	    pad, sizeof pad);
	for (size_t i = 0; i < 32; i++)
		ke2[64 + i] = pad[i] ^ server->public[i];
	for (size_t i = 0; i < 96; i++)
		ke2[96 + i] = pad[32 + i] ^ record[96 + i];
	octets_wipe(pad, sizeof pad);
}

enum err
opaque_ke2(const struct opaque_server *server, const struct opaque_ids *ids,
    struct slice credential_id,
    const uint8_t record[static OPAQUE_RECORD_OCTETS],
    const uint8_t ke1[static OPAQUE_KE1_OCTETS], const struct opaque_draw *draw,
    uint8_t ret_ke2[static OPAQUE_KE2_OCTETS], struct opaque_login *ret_login)
{
	uint8_t ephemeral[32];
	enum err e;

	if (!point_valid(ke1 + 64) || !point_valid(record))
		return ERR_CRYPTO;
	if ((e = evaluate(server, credential_id, ke1, ret_ke2)) != ERR_OK)
		return e;
	memcpy(ret_ke2 + 32, draw->masking_nonce, 32);
	response_mask(server, record, ret_ke2);
	memcpy(ret_ke2 + 192, draw->nonce, 32);
	opaque_key_pair(draw->keyshare_seed, PAIR_INFO, ephemeral,
	    ret_ke2 + 224);
	const struct opaque_tdh dh = {
		.secret = { ephemeral, server->private, ephemeral },
		.public = { ke1 + 64, ke1 + 64, record },
		.client_public = record,
		.server_public = server->public,
	};
	e = opaque_tdh(&dh, ids, ke1, ret_ke2, ret_login);
	octets_wipe(ephemeral, sizeof ephemeral);
	return e;
}

enum err
opaque_finish(const struct opaque_login *login,
    const uint8_t ke3[static OPAQUE_KE3_OCTETS])
{
	return octets_equal(login->client_mac, ke3, OPAQUE_KE3_OCTETS)
		   ? ERR_OK
		   : ERR_DENIED;
}

void
opaque_fake_record(const struct key *fake_key, struct slice credential_id,
    uint8_t ret_record[static OPAQUE_RECORD_OCTETS])
{
	AUTO_KEY low, high, seed;
	uint8_t private[32];

	key_derive(key_slice(fake_key), LABEL_FAKE,
	    FIELDS(SLICE_LIT("\1"), credential_id), &low);
	key_derive(key_slice(fake_key), LABEL_FAKE,
	    FIELDS(SLICE_LIT("\2"), credential_id), &high);
	key_derive(key_slice(fake_key), LABEL_FAKE,
	    FIELDS(SLICE_LIT("\3"), credential_id), &seed);
	opaque_key_pair(seed.octets, PAIR_INFO, private, ret_record);
	memcpy(ret_record + 32, low.octets, 32);
	memcpy(ret_record + 64, high.octets, 32);
	memset(ret_record + 96, 0,
	    96); /* an envelope of zeros, section 6.3.2.2 */
	octets_wipe(private, sizeof private);
}
