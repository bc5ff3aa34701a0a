#include "model/vault.h"

#include "base/codec.h"
#include "crypto/aead.h"
#include "crypto/hpke.h"
#include "crypto/kdf.h"
#include "model/json_read.h"

#define VAULT_VERSION 1
#define VAULT_SUITE   1
#define DOORS_MAX     255 /* they are counted in an octet */
/* An app has no limit but the vault's octets. */
#define SESSIONS_MAX    (VAULT_OCTETS_MAX / 32)
#define HASH_OCTETS     SHA256_OCTETS
#define SEALED_KEY      (KEY_OCTETS + HPKE_TAG_OCTETS)
#define DOOR_TEXT_MAX   16
#define JSON_OCTETS_MAX VAULT_OCTETS_MAX

void
vault_wipe(struct vault *v)
{
	octets_wipe(v, sizeof *v);
}

/* Who opens it: the door's pair. */
struct opener {
	const struct id *account;
	struct key private;
	uint8_t public[KX_OCTETS];
	uint64_t version;
};

static enum err
key_try(const struct opener *o, struct slice enc, struct slice sealed,
    struct buf *ret_key)
{
	const struct be64 version = be64_make(o->version);
	AUTO_BUF struct buf info;
	struct hpke hpke;
	enum err e;

	buf_init(&info, 128);
	if ((e = label_info(LABEL_DOOR, &info)) != ERR_OK ||
	    (e = buf_append(&info, id_slice(o->account))) != ERR_OK ||
	    (e = buf_append(&info, SLICE_OF(version.octets))) != ERR_OK)
		return e;
	const struct hpke_info hi = { .info = buf_slice(&info) };
	if ((e = hpke_receive(&o->private, enc.at, &hi, &hpke)) != ERR_OK)
		return e;
	e = hpke_open(&hpke, (struct slice){ NULL, 0 }, sealed, ret_key);
	hpke_wipe(&hpke);
	return e;
}

/* The vault key by way of whichever entry this door opens. */
static enum err
key_find(const struct opener *o, struct rd *r, struct key *ret_key)
{
	const size_t n = rd_u8(r);
	enum err found = ERR_CRYPTO;

	for (size_t i = 0; i < n && r->err == ERR_OK; i++) {
		AUTO_BUF struct buf key;

		(void)rd_octets(r, ID_OCTETS);
		const struct slice enc = rd_octets(r, HPKE_ENC_OCTETS);
		const struct slice sealed = rd_octets(r, SEALED_KEY);
		buf_init_secret(&key, SEALED_KEY);
		if (r->err != ERR_OK || found == ERR_OK ||
		    key_try(o, enc, sealed, &key) != ERR_OK ||
		    key.len != KEY_OCTETS)
			continue;
		memcpy(ret_key->octets, key.at, KEY_OCTETS);
		found = ERR_OK;
	}
	return r->err != ERR_OK ? r->err : found;
}

static enum err
home_get(json_t *o, struct vault_home *to)
{
	struct json_in in;

	json_in_init(&in, o);
	json_in_id(&in, "home", &to->home);
	json_in_id(&in, "member", &to->member);
	json_in_id(&in, "grant", &to->grant);
	to->version = json_in_number(&in, "version", INT64_MAX);
	json_in_octets(&in, "hash", to->hash, sizeof to->hash);
	return json_in_end(&in);
}

/* A door that the owner did not list was slipped in from outside. */
static enum err
door_listed(const json_t *doors, const struct opener *o)
{
	for (size_t i = 0; i < json_array_size(doors); i++) {
		uint8_t key[KX_OCTETS];
		struct json_in in;
		struct id id;

		json_in_init(&in, json_array_get(doors, i));
		json_in_id(&in, "id", &id);
		(void)json_in_text(&in, "kind", DOOR_TEXT_MAX);
		json_in_octets(&in, "key", key, sizeof key);
		if (json_in_end(&in) != ERR_OK)
			return ERR_SYNTAX;
		if (memcmp(key, o->public, sizeof key) == 0)
			return ERR_OK;
	}
	return ERR_CRYPTO;
}

static enum err
content_get(json_t *root, const struct opener *o, struct vault *v)
{
	struct json_in in;
	enum err e;

	json_in_init(&in, root);
	json_in_octets(&in, "root", v->root.octets, KEY_OCTETS);
	const json_t *doors = json_in_array(&in, "doors", DOORS_MAX);
	json_t *homes = json_in_array(&in, "homes", VAULT_HOMES_MAX);
	(void)json_in_array(&in, "sessions", SESSIONS_MAX);
	if ((e = json_in_end(&in)) != ERR_OK ||
	    (e = door_listed(doors, o)) != ERR_OK)
		return e;
	for (size_t i = 0; i < json_array_size(homes); i++)
		if ((e = home_get(json_array_get(homes, i),
			 &v->home[v->home_count++])) != ERR_OK)
			return e;
	return ERR_OK;
}

static enum err
content_open(const struct opener *o, const struct key *key, struct slice before,
    struct slice body, struct vault *v)
{
	const struct be64 version = be64_make(o->version);
	AUTO_BUF struct buf aad, plain;
	json_t *root;
	enum err e;

	buf_init(&aad, 64);
	buf_init_secret(&plain, VAULT_OCTETS_MAX);
	if ((e = buf_append(&aad, id_slice(o->account))) != ERR_OK ||
	    (e = buf_append(&aad, SLICE_OF(version.octets))) != ERR_OK ||
	    (e = buf_append(&aad, before)) != ERR_OK ||
	    (e = gcm_open(key, gcm_zero_nonce, buf_slice(&aad), body,
		 &plain)) != ERR_OK ||
	    (e = json_text_parse(buf_slice(&plain), JSON_OCTETS_MAX, &root)) !=
		ERR_OK)
		return e;
	e = content_get(root, o, v);
	json_decref(root);
	return e;
}

enum err
vault_open(struct slice blob, const struct id *account, struct slice secret,
    struct vault *ret_vault)
{
	struct opener o = { .account = account };
	struct vault v = { 0 };
	AUTO_KEY key;
	struct rd r;
	enum err e;

	rd_init(&r, blob);
	if (rd_u8(&r) != VAULT_VERSION || rd_u8(&r) != VAULT_SUITE)
		return r.err != ERR_OK ? r.err : ERR_UNSUPPORTED;
	key_derive(secret, LABEL_DOOR, FIELDS(id_slice(account)), &o.private);
	kx_public(&o.private, o.public);
	v.version = o.version = rd_u64(&r);
	const struct slice before = rd_octets(&r, HASH_OCTETS);
	if ((e = key_find(&o, &r, &key)) == ERR_OK)
		e = content_open(&o, &key, before, r.rest, &v);
	if (e == ERR_OK)
		*ret_vault = v;
	octets_wipe(&o, sizeof o);
	vault_wipe(&v);
	return e;
}
