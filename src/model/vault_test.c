/*
 * A vault with as many doors and sessions as an app may write: what fits in
 * its octets opens, what does not is told as such.
 */
#include "model/vault.h"

#include <stdio.h>
#include <string.h>

#include "base/codec.h"
#include "crypto/aead.h"
#include "crypto/hpke.h"
#include "crypto/kdf.h"
#include "unit/t.h"

#define OCTETS_MAX ((size_t)1 << 20)

static const struct id account = { { 1 } };
static const struct key secret = { { 2 } }, vault_key = { { 3 } };
static uint8_t door[KX_OCTETS];

static void
text_add(struct buf *to, const char *text)
{
	T_OK(buf_append(to, slice_str(text)));
}

static void
octets_add(struct buf *to, const void *at, size_t n)
{
	char text[B64_ROOM(64)];

	b64_encode(slice_make(at, n), text);
	text_add(to, "\"");
	text_add(to, text);
	text_add(to, "\"");
}

/* The door that opens it is the last one. */
static void
content_make(unsigned doors, unsigned sessions, struct buf *to)
{
	static const uint8_t id[ID_OCTETS] = { 5 }, other[32] = { 6 };

	text_add(to, "{\"root\":");
	octets_add(to, other, 32);
	text_add(to, ",\"doors\":[");
	for (unsigned i = 1; i <= doors; i++) {
		text_add(to, "{\"id\":");
		octets_add(to, id, sizeof id);
		text_add(to, ",\"kind\":\"passkey\",\"key\":");
		octets_add(to, i == doors ? door : other, 32);
		text_add(to, i == doors ? "}" : "},");
	}
	text_add(to, "],\"homes\":[],\"sessions\":[");
	for (unsigned i = 1; i <= sessions; i++) {
		text_add(to, "{\"id\":");
		octets_add(to, id, sizeof id);
		text_add(to, ",\"revoke\":");
		octets_add(to, id, sizeof id);
		text_add(to, ",\"label\":\"Firefox on Linux\",\"day\":20000}");
		text_add(to, i == sessions ? "" : ",");
	}
	text_add(to, "]}");
}

static void
key_seal(const struct be64 *version, struct wr *w)
{
	static const uint8_t id[ID_OCTETS];
	uint8_t enc[HPKE_ENC_OCTETS];
	AUTO_BUF struct buf info, sealed;
	struct hpke h;

	buf_init(&info, 256);
	buf_init(&sealed, 256);
	T_OK(label_info(LABEL_DOOR, &info));
	T_OK(buf_append(&info, id_slice(&account)));
	T_OK(buf_append(&info, SLICE_OF(version->octets)));
	T_OK(hpke_send(door, &(struct hpke_info){ .info = buf_slice(&info) },
	    enc, &h));
	T_OK(hpke_seal(&h, (struct slice){ NULL, 0 }, key_slice(&vault_key),
	    &sealed));
	hpke_wipe(&h);
	wr_octets(w, SLICE_OF(id));
	wr_octets(w, SLICE_OF(enc));
	wr_octets(w, buf_slice(&sealed));
}

static enum err
opens(unsigned doors, unsigned sessions)
{
	static const uint8_t before[SHA256_OCTETS];
	const struct be64 version = be64_make(7);
	AUTO_BUF struct buf content, aad, blob;
	struct key private;
	struct vault v;
	struct wr w;

	key_derive(key_slice(&secret), LABEL_DOOR, FIELDS(id_slice(&account)),
	    &private);
	kx_public(&private, door);
	buf_init(&content, OCTETS_MAX);
	buf_init(&aad, 256);
	buf_init(&blob, OCTETS_MAX);
	content_make(doors, sessions, &content);
	wr_init(&w, &blob);
	wr_u8(&w, 1);
	wr_u8(&w, 1);
	wr_octets(&w, SLICE_OF(version.octets));
	wr_octets(&w, SLICE_OF(before));
	wr_u8(&w, (uint8_t)doors);
	for (unsigned i = 0; i < doors; i++)
		key_seal(&version, &w);
	T_OK(wr_end(&w));
	T_OK(buf_append(&aad, id_slice(&account)));
	T_OK(buf_append(&aad, SLICE_OF(version.octets)));
	T_OK(buf_append(&aad, SLICE_OF(before)));
	T_OK(gcm_seal(&vault_key, gcm_zero_nonce, buf_slice(&aad),
	    buf_slice(&content), &blob));
	const enum err e = vault_open(buf_slice(&blob), &account,
	    key_slice(&secret), &v);
	assert_true(e != ERR_OK || v.version == 7);
	return e;
}

static void
as_many_doors_and_sessions_as_an_app_writes(void **state)
{
	(void)state;
	T_OK(opens(1, 0));
	T_OK(opens(33, 257));
	T_OK(opens(255, 1500));
	T_ERR(ERR_LIMIT, opens(1, 4000)); /* more than 256 KiB */
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(as_many_doors_and_sessions_as_an_app_writes),
	};

	T_OK(crypto_init());
	return T_RUN(tests);
}
