#include "crypto/opaque_client.h"

#include <sodium.h>

#define PAIR_INFO "OPAQUE-DeriveDiffieHellmanKeyPair"

void
opaque_client_wipe(struct opaque_client *c)
{
	octets_wipe(c, sizeof *c);
}

void
opaque_blind_draw(uint8_t ret_blind[static 32])
{
	crypto_core_ristretto255_scalar_random(ret_blind);
}

enum err
opaque_argon2id(const uint8_t in[static 64], uint8_t ret[static 64])
{
	static const uint8_t salt[crypto_pwhash_SALTBYTES];

	return crypto_pwhash(ret, 64, (const char *)in, 64, salt, 3, 64u << 20,
		   crypto_pwhash_ALG_ARGON2ID13) == 0
		   ? ERR_OK
		   : ERR_NOMEM;
}

enum err
opaque_client_request(const struct opaque_client *c,
    uint8_t ret_request[static OPAQUE_POINT_OCTETS])
{
	uint8_t wide[64], point[32];

	opaque_xmd("HashToGroup-", FIELDS(c->password), wide);
	(void)crypto_core_ristretto255_from_hash(point, wide);
	const int bad = crypto_scalarmult_ristretto255(ret_request, c->blind,
	    point);
	octets_wipe(wide, sizeof wide);
	octets_wipe(point, sizeof point);
	return bad == 0 ? ERR_OK : ERR_CRYPTO;
}

/* RFC 9497 Finalize, stretched: randomized_password of section 5.2.3. */
static enum err
password_randomize(const struct opaque_client *c,
    const uint8_t evaluated[static 32], uint8_t ret[static 64])
{
	const uint8_t l1[2] = { (uint8_t)(c->password.len >> 8),
		(uint8_t)c->password.len };
	static const uint8_t l2[2] = { 0, 32 };
	uint8_t inverse[32], point[32], y[64], slow[64];
	enum err e;

	if (crypto_core_ristretto255_scalar_invert(inverse, c->blind) != 0 ||
	    crypto_scalarmult_ristretto255(point, inverse, evaluated) != 0)
		return ERR_CRYPTO;
	crypto_hash_sha512_state s;
	(void)crypto_hash_sha512_init(&s);
	(void)crypto_hash_sha512_update(&s, l1, 2);
	(void)crypto_hash_sha512_update(&s, c->password.at, c->password.len);
	(void)crypto_hash_sha512_update(&s, l2, 2);
	(void)crypto_hash_sha512_update(&s, point, 32);
	(void)crypto_hash_sha512_update(&s, (const uint8_t *)"Finalize", 8);
	(void)crypto_hash_sha512_final(&s, y);
	if ((e = c->stretch(y, slow)) == ERR_OK)
		hkdf512_extract(SLICE_LIT(""),
		    FIELDS(SLICE_OF(y), SLICE_OF(slow)), ret);
	octets_wipe(inverse, sizeof inverse);
	octets_wipe(point, sizeof point);
	octets_wipe(y, sizeof y);
	octets_wipe(slow, sizeof slow);
	octets_wipe(&s, sizeof s);
	return e;
}

struct envelope {
	uint8_t tag[64], private[32], public[32];
};

/* Section 4.1.2: keys and tag from the randomized password. */
static void
envelope_make(const struct opaque_client *c, const uint8_t rwd[static 64],
    const uint8_t nonce[static 32], const uint8_t server[static 32],
    struct envelope *ret, uint8_t ret_export[static 64])
{
	const struct slice n = slice_make(nonce, 32);
	uint8_t auth[64], seed[32];

	hkdf512_expand(rwd, FIELDS(n, SLICE_LIT("AuthKey")), auth, 64);
	hkdf512_expand(rwd, FIELDS(n, SLICE_LIT("ExportKey")), ret_export, 64);
	hkdf512_expand(rwd, FIELDS(n, SLICE_LIT("PrivateKey")), seed, 32);
	opaque_key_pair(seed, PAIR_INFO, ret->private, ret->public);
	const struct slice si = c->ids.server.len != 0 ? c->ids.server
						       : slice_make(server, 32);
	const struct slice ci = c->ids.client.len != 0 ? c->ids.client
						       : SLICE_OF(ret->public);
	const uint8_t sl[2] = { (uint8_t)(si.len >> 8), (uint8_t)si.len };
	const uint8_t cl[2] = { (uint8_t)(ci.len >> 8), (uint8_t)ci.len };
	opaque_mac(auth,
	    FIELDS(n, slice_make(server, 32), SLICE_OF(sl), si, SLICE_OF(cl),
		ci),
	    ret->tag);
	octets_wipe(auth, sizeof auth);
	octets_wipe(seed, sizeof seed);
}

enum err
opaque_client_record(const struct opaque_client *c,
    const uint8_t response[static OPAQUE_RESPONSE_OCTETS],
    const uint8_t envelope_nonce[static 32],
    uint8_t ret_record[static OPAQUE_RECORD_OCTETS],
    uint8_t ret_export[static OPAQUE_EXPORT_OCTETS])
{
	struct envelope env;
	uint8_t rwd[64];
	enum err e;

	if ((e = password_randomize(c, response, rwd)) != ERR_OK)
		return e;
	envelope_make(c, rwd, envelope_nonce, response + 32, &env, ret_export);
	memcpy(ret_record, env.public, 32);
	hkdf512_expand(rwd, FIELDS(SLICE_LIT("MaskingKey")), ret_record + 32,
	    64);
	memcpy(ret_record + 96, envelope_nonce, 32);
	memcpy(ret_record + 128, env.tag, 64);
	octets_wipe(rwd, sizeof rwd);
	octets_wipe(&env, sizeof env);
	return ERR_OK;
}

enum err
opaque_client_ke1(struct opaque_client *c, const uint8_t nonce[static 32],
    const uint8_t keyshare_seed[static 32])
{
	const enum err e = opaque_client_request(c, c->ke1);

	if (e != ERR_OK)
		return e;
	memcpy(c->ke1 + 32, nonce, 32);
	opaque_key_pair(keyshare_seed, PAIR_INFO, c->ephemeral, c->ke1 + 64);
	return ERR_OK;
}

/* Opens the envelope behind the pad; clear = server key ‖ nonce ‖ tag. */
static enum err
envelope_open(const struct opaque_client *c,
    const uint8_t ke2[static OPAQUE_KE2_OCTETS], uint8_t ret_server[static 32],
    struct envelope *ret, uint8_t *ret_export)
{
	uint8_t rwd[64], masking[64], clear[128];
	enum err e;

	if ((e = password_randomize(c, ke2, rwd)) != ERR_OK)
		return e;
	hkdf512_expand(rwd, FIELDS(SLICE_LIT("MaskingKey")), masking, 64);
	hkdf512_expand(masking,
	    FIELDS(slice_make(ke2 + 32, 32),
		SLICE_LIT("CredentialResponsePad")),
	    clear, sizeof clear);
	for (size_t i = 0; i < sizeof clear; i++)
		clear[i] ^= ke2[64 + i];
	memcpy(ret_server, clear, 32);
	envelope_make(c, rwd, clear + 32, clear, ret, ret_export);
	e = octets_equal(ret->tag, clear + 64, 64) ? ERR_OK : ERR_DENIED;
	octets_wipe(rwd, sizeof rwd);
	octets_wipe(masking, sizeof masking);
	octets_wipe(clear, sizeof clear);
	return e;
}

enum err
opaque_client_ke3(const struct opaque_client *c,
    const uint8_t ke2[static OPAQUE_KE2_OCTETS],
    uint8_t ret_ke3[static OPAQUE_KE3_OCTETS],
    uint8_t ret_session[static OPAQUE_SESSION_OCTETS],
    uint8_t ret_export[static OPAQUE_EXPORT_OCTETS])
{
	uint8_t server[32], mine[OPAQUE_KE2_OCTETS];
	struct opaque_login login;
	struct envelope env;
	enum err e;

	memcpy(mine, ke2, sizeof mine);
	if ((e = envelope_open(c, ke2, server, &env, ret_export)) != ERR_OK)
		return ERR_DENIED;
	const struct opaque_tdh dh = {
		.secret = { c->ephemeral, c->ephemeral, env.private },
		.public = { ke2 + 224, server, ke2 + 224 },
		.client_public = env.public,
		.server_public = server,
	};
	e = opaque_tdh(&dh, &c->ids, c->ke1, mine, &login);
	if (e == ERR_OK && !octets_equal(mine + 256, ke2 + 256, 64))
		e = ERR_DENIED;
	if (e == ERR_OK) {
		memcpy(ret_ke3, login.client_mac, OPAQUE_KE3_OCTETS);
		memcpy(ret_session, login.session_key, OPAQUE_SESSION_OCTETS);
	} else
		octets_wipe(ret_export, OPAQUE_EXPORT_OCTETS);
	octets_wipe(&login, sizeof login);
	octets_wipe(&env, sizeof env);
	return e;
}
