#include "hub/pairing.h"

#include "crypto/aead.h"
#include "crypto/hpke.h"
#include "model/body.h"
#include "model/json_read.h"
#include "model/keyring.h"
#include "model/run.h"

void
pairing_begin(const struct hub_keys *keys, struct pairing *ret_pairing)
{
	struct pairing *p = ret_pairing;

	*p = (struct pairing){ 0 };
	octets_random(&p->l, sizeof p->l);
	octets_random(&p->one_time, sizeof p->one_time);
	link_keys_make(key_slice(&p->l), &p->link);
	memcpy(p->m1, keys->sign.public, 32);
	memcpy(p->m1 + 32, keys->kx_public, 32);
	kx_public(&p->one_time, p->m1 + 64);
	sha256(SLICE_OF(p->m1), p->h);
}

void
pairing_wipe(struct pairing *p)
{
	octets_wipe(p, sizeof *p);
}

void
pairing_fragment(const struct pairing *p,
    char to[static PAIRING_FRAGMENT_OCTETS])
{
	uint8_t both[64];

	memcpy(both, p->l.octets, 32);
	memcpy(both + 32, p->h, 32);
	memcpy(to, "#pair=", 6);
	b64_encode(SLICE_OF(both), to + 6);
	octets_wipe(both, sizeof both);
}

/* info = "eaves/1/pair" 00 ‖ id ‖ h, psk, psk_id = id */
static enum err
m2_open(struct pairing *p, struct slice m2, struct buf *plain)
{
	AUTO_BUF struct buf info;
	struct hpke h;
	enum err e;

	buf_init(&info, 128);
	if (m2.len < HPKE_ENC_OCTETS + HPKE_TAG_OCTETS)
		return ERR_CRYPTO;
	if ((e = label_info(LABEL_PAIR, &info)) != ERR_OK ||
	    (e = buf_append(&info, id_slice(&p->link.id))) != ERR_OK ||
	    (e = buf_append(&info, SLICE_OF(p->h))) != ERR_OK)
		return e;
	const struct hpke_info hpke_info = { .info = buf_slice(&info),
		.psk = key_slice(&p->link.psk),
		.psk_id = id_slice(&p->link.id) };
	if ((e = hpke_receive(&p->one_time, m2.at, &hpke_info, &h)) != ERR_OK)
		return e;
	e = hpke_open(&h, (struct slice){ NULL, 0 },
	    slice_skip(m2, HPKE_ENC_OCTETS), plain);
	if (e == ERR_OK)
		hpke_export(&h, SLICE_LIT("eaves/1/pair reply"), &p->reply_key);
	hpke_wipe(&h);
	return e;
}

static enum err
item_take(const struct hub_keys *keys, const struct keyring_reader *at,
    json_t *text, struct pairing_home *home)
{
	AUTO_BUF struct buf sealed;
	struct keyring_item item;
	uint8_t *to;
	size_t len;
	enum err e;

	buf_init(&sealed, 1024);
	if (!json_is_string(text) || json_string_length(text) > 1024)
		return ERR_SYNTAX;
	if ((e = buf_reserve(&sealed, 1024, &to)) != ERR_OK ||
	    (e = b64_decode(slice_make(json_string_value(text),
				json_string_length(text)),
		 to, 1024, &len)) != ERR_OK)
		return e;
	if ((e = keyring_open(at, &keys->kx, slice_make(to, len), &item)) !=
	    ERR_OK)
		return ERR_SYNTAX; /* sealed for somebody else: a bad app */
	if (item.kind == KEY_PEOPLE)
		home->people_key = item.key;
	else if (item.kind == KEY_HUB)
		home->hub_key = item.key;
	keyring_item_fini(&item);
	return ERR_OK;
}

static enum err
items_take(const struct hub_keys *keys, json_t *items,
    struct pairing_home *home)
{
	static const struct key zeros;
	const struct keyring_reader at = { home->home, home->epoch,
		home->version };
	enum err e = ERR_OK;

	for (size_t i = 0; e == ERR_OK && i < json_array_size(items); i++)
		e = item_take(keys, &at, json_array_get(items, i), home);
	if (e == ERR_OK &&
	    (octets_equal(&home->people_key, &zeros, sizeof zeros) ||
		octets_equal(&home->hub_key, &zeros, sizeof zeros)))
		e = ERR_SYNTAX;
	return e;
}

static enum err
m2_read(struct pairing *p, const struct hub_keys *keys, struct slice plain,
    struct pairing_home *home)
{
	struct json_in in;
	json_t *root;
	enum err e;

	if ((e = json_text_parse(plain, PAIRING_M2_OCTETS_MAX, &root)) !=
	    ERR_OK)
		return ERR_SYNTAX;
	json_in_init(&in, root);
	json_in_id(&in, "home", &home->home);
	home->version = json_in_number(&in, "version", INT64_MAX);
	json_in_octets(&in, "hash", home->hash, sizeof home->hash);
	home->epoch = (uint32_t)json_in_number(&in, "epoch", UINT32_MAX);
	json_in_id(&in, "member", &home->member);
	json_in_octets(&in, "sign", home->sign, sizeof home->sign);
	json_in_octets(&in, "kx", home->kx, sizeof home->kx);
	(void)json_in_text(&in, "device", 200);
	json_in_octets(&in, "nonce", p->nonce, sizeof p->nonce);
	json_t *items = json_in_array(&in, "keys", PAIRING_ITEMS_MAX);
	if ((e = json_in_end(&in)) == ERR_OK)
		e = items_take(keys, items, home);
	json_decref(root);
	return e == ERR_OK ? ERR_OK : ERR_SYNTAX;
}

enum err
pairing_open(struct pairing *p, const struct hub_keys *keys, struct slice m2,
    struct pairing_home *ret_home)
{
	struct pairing_home home = { 0 };
	AUTO_BUF struct buf plain = { 0 };
	enum err e;

	if (p->failures >= PAIRING_FAILURES_MAX)
		return ERR_LIMIT;
	buf_init_secret(&plain, PAIRING_M2_OCTETS_MAX);
	if ((e = m2_open(p, m2, &plain)) != ERR_OK) {
		p->failures++;
		return p->failures >= PAIRING_FAILURES_MAX ? ERR_LIMIT
							   : ERR_CRYPTO;
	}
	const struct slice said[] = { SLICE_OF(p->m1), m2 };
	sha256_join(said, 2, p->said_hash);
	if ((e = m2_read(p, keys, buf_slice(&plain), &home)) == ERR_OK)
		*ret_home = home;
	octets_wipe(&home, sizeof home);
	return e;
}

static json_t *
streams_json(const struct hub_camera_ids *ids)
{
	json_t *all = json_array();

	for (enum track_kind as = TRACK_MAIN; all != NULL && as < TRACK__MAX;
	     as++)
		json_array_append_new(all,
		    json_pack("{s:o,s:i,s:s}", "id", body_id(&ids->stream[as]),
			"class", as == TRACK_INDEX ? RUN_STATE : RUN_MEDIA,
			"as", track_word(as)));
	return all;
}

static json_t *
cameras_json(const struct pairing_camera *cameras, size_t count)
{
	json_t *all = json_array();

	for (size_t i = 0; all != NULL && i < count; i++)
		json_array_append_new(all,
		    json_pack("{s:o,s:o,s:s}", "thing",
			body_id(&cameras[i].ids.thing), "streams",
			streams_json(&cameras[i].ids), "name",
			cameras[i].name));
	return all;
}

enum err
pairing_reply(const struct pairing *p, const struct hub_keys *keys,
    const struct pairing_camera *cameras, size_t camera_count, bool clock_set,
    struct buf *m3)
{
	uint8_t signature[SIGN_OCTETS];
	AUTO_BUF struct buf plain;
	enum err e;

	buf_init(&plain, PAIRING_M2_OCTETS_MAX);
	if ((e = sign_make(&keys->sign, LABEL_PAIR,
		 FIELDS(SLICE_OF(p->said_hash)), signature)) != ERR_OK ||
	    (e = body_put(json_pack("{s:o,s:o,s:o,s:b,s:o,s:o}", "nonce",
			      body_b64(SLICE_OF(p->nonce)), "hub",
			      body_id(&keys->hub), "spki",
			      body_b64(SLICE_OF(keys->spki)), "clock",
			      clock_set, "cameras",
			      cameras_json(cameras, camera_count), "sign",
			      body_b64(SLICE_OF(signature))),
		 &plain)) != ERR_OK)
		return e;
	return gcm_seal(&p->reply_key, gcm_zero_nonce,
	    (struct slice){ NULL, 0 }, buf_slice(&plain), m3);
}
