/*
 * vectors_test.c - the RFCs' vectors and Wycheproof, each with its count:
 * a file that was cut short must not pass.
 */
#include <jansson.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <sodium.h>
#include <stdio.h>

#include "crypto/aead.h"
#include "crypto/hpke.h"
#include "crypto/opaque_client.h"
#include "crypto/sframe.h"
#include "crypto/sign.h"
#include "unit/t.h"

static json_t *
load(const char *name)
{
	char path[512];
	json_error_t why;

	(void)snprintf(path, sizeof path, "%s/%s", getenv("EAVES_VECTORS"),
	    name);
	json_t *j = json_load_file(path, 0, &why);
	if (j == NULL)
		fail_msg("%s: %s", path, why.text);
	return j;
}

static struct slice
hex_of(const json_t *j, const char *name)
{
	const char *text = json_string_value(json_object_get(j, name));

	return text == NULL ? SLICE_LIT("") : t_hex(text);
}

static long long
int_of(const json_t *j, const char *name)
{
	return json_integer_value(json_object_get(j, name));
}

static struct key
key_of(const json_t *j, const char *name)
{
	const struct slice s = hex_of(j, name);
	struct key k;

	assert_int_equal(s.len, sizeof k.octets);
	memcpy(k.octets, s.at, s.len);
	return k;
}

static void
sframe_headers_are_those_of_rfc_9605(void **state)
{
	json_t *all = load("sframe-rfc9605/test-vectors.json");
	size_t i, n = 0;
	json_t *v;

	(void)state;
	json_array_foreach(json_object_get(all, "header"), i, v)
	{
		const struct slice want = hex_of(v, "encoded");
		const uint64_t kid = slice_be(hex_of(v, "kid"), 8);
		const uint64_t ctr = slice_be(hex_of(v, "ctr"), 8);
		uint8_t got[SFRAME_HEAD_OCTETS_MAX];
		struct sframe_head head;

		T_SLICE_EQ(slice_make(got, sframe_head_write(kid, ctr, got)),
		    want);
		T_OK(sframe_head_parse(want, &head));
		assert_true(head.kid == kid && head.ctr == ctr);
		assert_int_equal(head.octets, want.len);
		for (size_t k = 0; k < want.len; k++)
			T_ERR(ERR_MORE,
			    sframe_head_parse(slice_head(want, k), &head));
		n++;
	}
	assert_int_equal(n, 289);
	json_decref(all);
}

static void
sframe_suite_5_seals_as_rfc_9605_does(void **state)
{
	json_t *all = load("sframe-rfc9605/test-vectors.json");
	size_t i, n = 0;
	json_t *v;

	(void)state;
	json_array_foreach(json_object_get(all, "sframe"), i, v)
	{
		const struct slice plain = hex_of(v, "pt");
		struct buf out, back;
		uint64_t ctr;

		if (int_of(v, "cipher_suite") != 5)
			continue;
		struct sframe *s = sframe_create(hex_of(v, "base_key"),
		    slice_be(hex_of(v, "kid"), 8));
		buf_init(&out, 1000);
		buf_init(&back, 1000);
		T_OK(sframe_seal(s, slice_be(hex_of(v, "ctr"), 8),
		    hex_of(v, "metadata"), &plain, 1, &out));
		T_SLICE_EQ(buf_slice(&out), hex_of(v, "ct"));
		T_OK(sframe_open(s, hex_of(v, "metadata"), buf_slice(&out),
		    &back, &ctr));
		T_SLICE_EQ(buf_slice(&back), plain);
		out.at[out.len - 1] ^= 1;
		buf_clear(&back);
		T_ERR(ERR_CRYPTO, sframe_open(s, hex_of(v, "metadata"),
				      buf_slice(&out), &back, &ctr));
		assert_int_equal(back.len, 0);
		sframe_destroy(s);
		buf_fini(&out);
		buf_fini(&back);
		n++;
	}
	assert_int_equal(n, 1);
	json_decref(all);
}

static void
sframe_numbers_have_one_spelling(void **state)
{
	struct sframe_head head;

	(void)state;
	T_ERR(ERR_SYNTAX, sframe_head_parse(t_edge("\x08\x07", 2), &head));
	T_ERR(ERR_SYNTAX, sframe_head_parse(t_edge("\x80\x07", 2), &head));
	T_ERR(ERR_SYNTAX, sframe_head_parse(t_edge("\x09\0\xff", 3), &head));
	T_OK(sframe_head_parse(t_edge("\x08\x08", 2), &head));
}

static void
hpke_case(const json_t *v)
{
	const struct key er = key_of(v, "skEm"), rr = key_of(v, "skRm");
	const struct hpke_info info = { .info = hex_of(v, "info"),
		.psk = hex_of(v, "psk"),
		.psk_id = hex_of(v, "psk_id") };
	const json_t *first = json_array_get(json_object_get(v, "encryptions"),
	    0);
	const json_t *x;
	uint8_t enc[HPKE_ENC_OCTETS];
	struct hpke s, r;
	struct buf out;
	struct key k;
	size_t i;

	T_OK(hpke_send_with(&er, hex_of(v, "pkRm").at, &info, enc, &s));
	T_SLICE_EQ(SLICE_OF(enc), hex_of(v, "enc"));
	T_OK(hpke_receive(&rr, enc, &info, &r));
	T_SLICE_EQ(key_slice(&r.key), hex_of(v, "key"));
	T_SLICE_EQ(SLICE_OF(s.nonce), hex_of(v, "base_nonce"));
	buf_init(&out, 1000);
	T_OK(hpke_seal(&s, hex_of(first, "aad"), hex_of(first, "plaintext"),
	    &out));
	T_SLICE_EQ(buf_slice(&out), hex_of(first, "ciphertext"));
	buf_clear(&out);
	T_OK(hpke_open(&r, hex_of(first, "aad"), hex_of(first, "ciphertext"),
	    &out));
	T_SLICE_EQ(buf_slice(&out), hex_of(first, "plaintext"));
	json_array_foreach(json_object_get(v, "exports"), i, x)
	{
		hpke_export(&r, hex_of(x, "exporter_context"), &k);
		T_SLICE_EQ(key_slice(&k), hex_of(x, "exported_value"));
	}
	buf_fini(&out);
}

static void
hpke_base_and_psk_are_those_of_rfc_9180(void **state)
{
	json_t *all = load("hpke-rfc9180/circl-draft08-trimmed.json");
	size_t i, n = 0;
	json_t *v;

	(void)state;
	json_array_foreach(all, i, v)
	{
		if (int_of(v, "kem_id") != 32 || int_of(v, "kdf_id") != 1 ||
		    int_of(v, "aead_id") != 2 || int_of(v, "mode") > 1)
			continue;
		hpke_case(v);
		n++;
	}
	assert_int_equal(n, 2);
	json_decref(all);
}

static enum err
stretch_none(const uint8_t in[static 64], uint8_t ret[static 64])
{
	memcpy(ret, in, 64);
	return ERR_OK;
}

static void
server_of(const json_t *in, struct opaque_server *ret)
{
	memcpy(ret->oprf_seed, hex_of(in, "oprf_seed").at, 64);
	memcpy(ret->private, hex_of(in, "server_private_key").at, 32);
	memcpy(ret->public, hex_of(in, "server_public_key").at, 32);
}

static struct opaque_draw
draw_of(const json_t *in)
{
	struct opaque_draw d;

	memcpy(d.masking_nonce, hex_of(in, "masking_nonce").at, 32);
	memcpy(d.nonce, hex_of(in, "server_nonce").at, 32);
	memcpy(d.keyshare_seed, hex_of(in, "server_keyshare_seed").at, 32);
	return d;
}

static struct opaque_ids
ids_of(const json_t *v)
{
	const json_t *in = json_object_get(v, "inputs");

	return (struct opaque_ids){ .client = hex_of(in, "client_identity"),
		.server = hex_of(in, "server_identity"),
		.context = hex_of(json_object_get(v, "config"), "Context") };
}

static void
opaque_real(const json_t *v)
{
	const json_t *in = json_object_get(v, "inputs");
	const json_t *out = json_object_get(v, "outputs");
	const struct slice id = hex_of(in, "credential_identifier");
	const struct opaque_draw draw = draw_of(in);
	struct opaque_client c = { .password = hex_of(in, "password"),
		.stretch = stretch_none,
		.ids = ids_of(v) };
	uint8_t req[32], resp[64], rec[192], exp[64], ke2[320], ke3[64];
	uint8_t session[64];
	struct opaque_server server;
	struct opaque_login login;

	server_of(in, &server);
	memcpy(c.blind, hex_of(in, "blind_registration").at, 32);
	T_OK(opaque_client_request(&c, req));
	T_SLICE_EQ(SLICE_OF(req), hex_of(out, "registration_request"));
	T_OK(opaque_register(&server, id, req, resp));
	T_SLICE_EQ(SLICE_OF(resp), hex_of(out, "registration_response"));
	T_OK(opaque_client_record(&c, resp, hex_of(in, "envelope_nonce").at,
	    rec, exp));
	T_SLICE_EQ(SLICE_OF(rec), hex_of(out, "registration_upload"));
	T_SLICE_EQ(SLICE_OF(exp), hex_of(out, "export_key"));
	memcpy(c.blind, hex_of(in, "blind_login").at, 32);
	T_OK(opaque_client_ke1(&c, hex_of(in, "client_nonce").at,
	    hex_of(in, "client_keyshare_seed").at));
	T_SLICE_EQ(SLICE_OF(c.ke1), hex_of(out, "KE1"));
	T_OK(opaque_ke2(&server, &c.ids, id, rec, c.ke1, &draw, ke2, &login));
	T_SLICE_EQ(SLICE_OF(ke2), hex_of(out, "KE2"));
	T_OK(opaque_client_ke3(&c, ke2, ke3, session, exp));
	T_SLICE_EQ(SLICE_OF(ke3), hex_of(out, "KE3"));
	T_SLICE_EQ(SLICE_OF(session), hex_of(out, "session_key"));
	T_SLICE_EQ(SLICE_OF(exp), hex_of(out, "export_key"));
	T_OK(opaque_finish(&login, ke3));
	ke3[0] ^= 1;
	T_ERR(ERR_DENIED, opaque_finish(&login, ke3));
}

static void
opaque_fake(const json_t *v)
{
	const json_t *in = json_object_get(v, "inputs");
	const struct opaque_draw draw = draw_of(in);
	const struct opaque_ids ids = ids_of(v);
	struct opaque_server server;
	struct opaque_login login;
	uint8_t rec[192] = { 0 }, ke2[320];

	server_of(in, &server);
	memcpy(rec, hex_of(in, "client_public_key").at, 32);
	memcpy(rec + 32, hex_of(in, "masking_key").at, 64);
	T_OK(opaque_ke2(&server, &ids, hex_of(in, "credential_identifier"), rec,
	    hex_of(in, "KE1").at, &draw, ke2, &login));
	T_SLICE_EQ(SLICE_OF(ke2), hex_of(json_object_get(v, "outputs"), "KE2"));
}

static void
opaque_runs_are_those_of_rfc_9807(void **state)
{
	json_t *all = load("opaque-rfc9807/vectors.json");
	size_t i, real = 0, fake = 0;
	json_t *v;

	(void)state;
	json_array_foreach(all, i, v)
	{
		const json_t *c = json_object_get(v, "config");
		if (strcmp(json_string_value(json_object_get(c, "Group")),
			"ristretto255") != 0)
			continue;
		if (strcmp(json_string_value(json_object_get(c, "Fake")),
			"True") == 0) {
			opaque_fake(v);
			fake++;
		} else {
			opaque_real(v);
			real++;
		}
	}
	assert_int_equal(real, 2);
	assert_int_equal(fake, 1);
	json_decref(all);
}

/* Calls each on every test of every group; the number that it took. */
static size_t
wycheproof(const char *name,
    bool (*each)(const json_t *group, const json_t *test, bool valid))
{
	json_t *all = load(name), *group, *test;
	size_t i, k, n = 0;

	json_array_foreach(json_object_get(all, "testGroups"), i, group)
	{
		json_array_foreach(json_object_get(group, "tests"), k, test)
		{
			const char *result = json_string_value(
			    json_object_get(test, "result"));

			n += each(group, test, strcmp(result, "invalid") != 0);
		}
	}
	json_decref(all);
	print_message("# %s: %zu\n", name, n);
	return n;
}

static bool
gcm_each(const json_t *group, const json_t *test, bool valid)
{
	struct buf sealed, plain, again;
	const struct slice tag = hex_of(test, "tag");

	if (int_of(group, "ivSize") != 96 || int_of(group, "keySize") != 256 ||
	    int_of(group, "tagSize") != 128)
		return false;
	const struct key key = key_of(test, "key");
	buf_init(&sealed, 10000);
	buf_init(&plain, 10000);
	buf_init(&again, 10000);
	T_OK(buf_append(&sealed, hex_of(test, "ct")));
	T_OK(buf_append(&sealed, tag));
	const enum err e = gcm_open(&key, hex_of(test, "iv").at,
	    hex_of(test, "aad"), buf_slice(&sealed), &plain);
	assert_int_equal(e == ERR_OK, valid);
	if (valid) {
		T_SLICE_EQ(buf_slice(&plain), hex_of(test, "msg"));
		T_OK(gcm_seal(&key, hex_of(test, "iv").at, hex_of(test, "aad"),
		    buf_slice(&plain), &again));
		T_SLICE_EQ(buf_slice(&again), buf_slice(&sealed));
	}
	buf_fini(&sealed);
	buf_fini(&plain);
	buf_fini(&again);
	return true;
}

static bool
x25519_each(const json_t *group, const json_t *test, bool valid)
{
	const struct slice want = hex_of(test, "shared");
	const struct key private = key_of(test, "private");
	struct key got;

	(void)group;
	assert_true(valid);
	const enum err e = kx_shared(&private, hex_of(test, "public").at, &got);
	/* ours refuses the all-zero result that RFC 7748 lets one refuse */
	if (sodium_is_zero(want.at, want.len))
		T_ERR(ERR_CRYPTO, e);
	else {
		T_OK(e);
		T_SLICE_EQ(key_slice(&got), want);
	}
	return true;
}

static bool
ed25519_each(const json_t *group, const json_t *test, bool valid)
{
	const struct slice pk = hex_of(json_object_get(group, "publicKey"),
	    "pk");
	const struct slice msg = hex_of(test, "msg"), sig = hex_of(test, "sig");

	if (sig.len != SIGN_OCTETS) { /* our callers have the length by type */
		assert_false(valid);
		return true;
	}
	assert_int_equal(crypto_sign_verify_detached(sig.at, msg.at, msg.len,
			     pk.at) == 0,
	    valid);
	return true;
}

static bool
hkdf_any(const json_t *test, bool valid, bool wide)
{
	const size_t size = (size_t)int_of(test, "size");
	uint8_t prk[64], out[255 * 64];

	if (size > 255u * (wide ? 64 : 32)) {
		assert_false(valid);
		return true;
	}
	if (wide) {
		hkdf512_extract(hex_of(test, "salt"),
		    FIELDS(hex_of(test, "ikm")), prk);
		hkdf512_expand(prk, FIELDS(hex_of(test, "info")), out, size);
	} else {
		hkdf256_extract(hex_of(test, "salt"),
		    FIELDS(hex_of(test, "ikm")), prk);
		hkdf256_expand(prk, FIELDS(hex_of(test, "info")), out, size);
	}
	T_SLICE_EQ(slice_make(out, size), hex_of(test, "okm"));
	return true;
}

static bool
hkdf256_each(const json_t *group, const json_t *test, bool valid)
{
	(void)group;
	return hkdf_any(test, valid, false);
}

static bool
hkdf512_each(const json_t *group, const json_t *test, bool valid)
{
	(void)group;
	return hkdf_any(test, valid, true);
}

/* HKDF's first half is HMAC; a tag may be its first half alone. */
static bool
hmac_any(const json_t *test, bool valid, bool wide)
{
	const struct slice want = hex_of(test, "tag");
	uint8_t tag[64];

	if (wide)
		hkdf512_extract(hex_of(test, "key"),
		    FIELDS(hex_of(test, "msg")), tag);
	else
		hkdf256_extract(hex_of(test, "key"),
		    FIELDS(hex_of(test, "msg")), tag);
	assert_true(want.len <= (wide ? 64 : 32));
	assert_int_equal(octets_equal(tag, want.at, want.len), valid);
	return true;
}

static bool
hmac256_each(const json_t *group, const json_t *test, bool valid)
{
	(void)group;
	return hmac_any(test, valid, false);
}

static bool
hmac512_each(const json_t *group, const json_t *test, bool valid)
{
	(void)group;
	return hmac_any(test, valid, true);
}

/* As a device's signing request is checked, and TLS's proof of its key. */
static bool
p256_each(const json_t *group, const json_t *test, bool valid)
{
	const struct slice der = hex_of(group, "publicKeyDer");
	const struct slice msg = hex_of(test, "msg"), sig = hex_of(test, "sig");
	const uint8_t *at = der.at;
	EVP_PKEY *key = d2i_PUBKEY(NULL, &at, (long)der.len);
	EVP_MD_CTX *c = EVP_MD_CTX_new();

	assert_non_null(key);
	assert_non_null(c);
	assert_int_equal(EVP_DigestVerifyInit(c, NULL, EVP_sha256(), NULL, key),
	    1);
	assert_int_equal(EVP_DigestVerify(c, sig.at, sig.len, msg.at,
			     msg.len) == 1,
	    valid);
	EVP_MD_CTX_free(c);
	EVP_PKEY_free(key);
	return true;
}

static void
wycheproof_finds_nothing(void **state)
{
	(void)state;
	assert_int_equal(wycheproof("wycheproof/aes_gcm_test.json", gcm_each),
	    66);
	assert_int_equal(wycheproof("wycheproof/x25519_test.json", x25519_each),
	    518);
	assert_int_equal(wycheproof("wycheproof/ed25519_test.json",
			     ed25519_each),
	    151);
	assert_int_equal(wycheproof("wycheproof/hkdf_sha256_test.json",
			     hkdf256_each),
	    86);
	assert_int_equal(wycheproof("wycheproof/hkdf_sha512_test.json",
			     hkdf512_each),
	    83);
	assert_int_equal(wycheproof("wycheproof/hmac_sha256_test.json",
			     hmac256_each),
	    174);
	assert_int_equal(wycheproof("wycheproof/hmac_sha512_test.json",
			     hmac512_each),
	    174);
	assert_int_equal(wycheproof("wycheproof/"
				    "ecdsa_secp256r1_sha256_test.json",
			     p256_each),
	    484);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sframe_headers_are_those_of_rfc_9605),
		cmocka_unit_test(sframe_suite_5_seals_as_rfc_9605_does),
		cmocka_unit_test(sframe_numbers_have_one_spelling),
		cmocka_unit_test(hpke_base_and_psk_are_those_of_rfc_9180),
		cmocka_unit_test(opaque_runs_are_those_of_rfc_9807),
		cmocka_unit_test(wycheproof_finds_nothing),
	};

	if (crypto_init() != ERR_OK)
		return 1;
	return T_RUN(tests);
}
