/*
 * What lies under a seal, made by somebody who has the key and means ill: a
 * vault's content, heads, a keyring item, an index and the ledger made of it.
 * The first octet says which. Whatever opens is within its limits.
 */
#include <stdlib.h>

#include "base/codec.h"
#include "crypto/aead.h"
#include "crypto/hpke.h"
#include "model/heads.h"
#include "model/index_read.h"
#include "model/keyring.h"
#include "model/ledger.h"
#include "model/vault.h"

static const struct id home = { { 1 } };
static const struct key secret = { { 2 } };

static void
must(enum err e)
{
	assert(e == ERR_OK);
	(void)e;
}

/* --- a vault --- */

/* The blob around that content, as an app writes it. */
static void
vault_seal(struct slice content, const struct id *account, struct buf *to)
{
	static const uint8_t before[SHA256_OCTETS], door[ID_OCTETS];
	const struct be64 version = be64_make(7);
	uint8_t public[KX_OCTETS], enc[HPKE_ENC_OCTETS];
	struct buf info, aad, key;
	struct key private;
	struct hpke h;
	struct wr w;

	key_derive(key_slice(&secret), LABEL_DOOR, FIELDS(id_slice(account)),
	    &private);
	kx_public(&private, public);
	buf_init(&info, 256);
	buf_init(&aad, 256);
	buf_init(&key, 256);
	must(label_info(LABEL_DOOR, &info));
	must(buf_append(&info, id_slice(account)));
	must(buf_append(&info, SLICE_OF(version.octets)));
	must(hpke_send_with(&secret, public,
	    &(struct hpke_info){ .info = buf_slice(&info) }, enc, &h));
	must(
	    hpke_seal(&h, (struct slice){ NULL, 0 }, key_slice(&secret), &key));
	wr_init(&w, to);
	wr_u8(&w, 1);
	wr_u8(&w, 1);
	wr_octets(&w, SLICE_OF(version.octets));
	wr_octets(&w, SLICE_OF(before));
	wr_u8(&w, 1);
	wr_octets(&w, SLICE_OF(door));
	wr_octets(&w, SLICE_OF(enc));
	wr_octets(&w, buf_slice(&key));
	must(wr_end(&w));
	wr_init(&w, &aad);
	wr_id(&w, account);
	wr_octets(&w, SLICE_OF(version.octets));
	wr_octets(&w, SLICE_OF(before));
	must(wr_end(&w));
	must(gcm_seal(&secret, gcm_zero_nonce, buf_slice(&aad), content, to));
	buf_fini(&info);
	buf_fini(&aad);
	buf_fini(&key);
}

static void
vault_look(struct slice content)
{
	struct vault v;
	struct buf blob;

	/* as it came: nobody sealed it */
	assert(vault_open(content, &home, key_slice(&secret), &v) != ERR_OK);
	buf_init(&blob, VAULT_OCTETS_MAX);
	vault_seal(content, &home, &blob);
	const enum err e = vault_open(buf_slice(&blob), &home,
	    key_slice(&secret), &v);
	assert(e == ERR_OK || e == ERR_SYNTAX || e == ERR_LIMIT ||
	       e == ERR_CRYPTO || e == ERR_RANGE);
	if (e == ERR_OK)
		assert(v.home_count <= VAULT_HOMES_MAX && v.version == 7);
	buf_fini(&blob);
}

/* --- heads, keys --- */

static void
heads_look(struct slice plain)
{
	static struct heads heads;
	static struct sign_pair by;
	uint8_t head[18] = { 1, 1 }, signature[SIGN_OCTETS];
	struct buf sealed, signed_;
	struct key key;

	if (plain.len > HEADS_OCTETS_MAX - SIGN_OCTETS)
		return;
	if (by.public[0] == 0)
		sign_pair_make(&secret, &by);
	buf_init(&sealed, HEADS_OCTETS_MAX + 64);
	buf_init(&signed_, HEADS_OCTETS_MAX);
	must(sign_make(&by, LABEL_HEADS, FIELDS(plain), signature));
	must(buf_append(&signed_, plain));
	must(buf_append(&signed_, SLICE_OF(signature)));
	key_derive(key_slice(&secret), LABEL_HEADS,
	    FIELDS(id_slice(&home), slice_make(head + 2, 16)), &key);
	must(buf_append(&sealed, SLICE_OF(head)));
	must(gcm_seal(&key, gcm_zero_nonce, id_slice(&home),
	    buf_slice(&signed_), &sealed));
	if (heads_open(buf_slice(&sealed), &home, &secret, by.public, &heads) ==
	    ERR_OK)
		assert(heads.count <= HEADS_STREAMS_MAX &&
		       id_eq(&heads.home, &home));
	buf_fini(&sealed);
	buf_fini(&signed_);
}

static void
item_look(struct slice plain)
{
	const struct keyring_reader at = { home, 3, 4 };
	const uint8_t head[] = { 1, 1 };
	const struct be64 v = be64_make(at.directory_version);
	const struct be64 epoch = be64_make(at.epoch);
	uint8_t public[KX_OCTETS], hash[SHA256_OCTETS];
	struct keyring_item item;
	struct buf sealed, info;

	if (plain.len > KEYRING_ITEM_OCTETS)
		return;
	buf_init(&info, 256);
	buf_init(&sealed, KEYRING_ITEM_OCTETS + 64);
	kx_public(&secret, public);
	sha256(SLICE_OF(public), hash);
	must(label_info(LABEL_KEYRING, &info));
	must(buf_append(&info, id_slice(&home)));
	must(buf_append(&info, be64_tail(&epoch, 4)));
	must(buf_append(&info, SLICE_OF(hash)));
	must(buf_append(&sealed, SLICE_OF(head)));
	must(hpke_seal_to(public, buf_slice(&info), be64_tail(&v, 8), plain,
	    &sealed));
	if (keyring_open(&at, &secret, buf_slice(&sealed), &item) == ERR_OK) {
		assert((item.kind == KEY_HOURS) == (item.hours != NULL));
		if (item.hours != NULL)
			(void)hour_list_get(item.hours, item.hours->first);
		keyring_item_fini(&item);
	}
	buf_fini(&sealed);
	buf_fini(&info);
}

/* --- an index --- */

static void
ledger_look(const struct index_hour *h)
{
	const struct ledger_row row[] = {
		{ .run = { { 1 } }, .index = 1, .hour = h },
		{ .run = h->before.run, .index = h->before.index, .hour = h }
	};
	const uint32_t day[] = { h->hour / 24, h->before.hour / 24 };
	const struct ledger_question q = {
		.row = row,
		.row_count = 2,
		.day = day,
		.day_count = 2,
		.at = { h->from_us, h->to_us + INDEX_HOUR_US },
		.born_us = h->before.to_us,
		.named = { .run = h->before.run,
		    .mark = 2,
		    .time_us = h->to_us },
	};
	struct gap *gaps = NULL;
	size_t count = 0;

	must(ledger_make(&q, &gaps, &count));
	for (size_t i = 0; i < count; i++) {
		assert(gaps[i].at.from_us < gaps[i].at.to_us);
		assert(gaps[i].at.from_us >= q.at.from_us &&
		       gaps[i].at.to_us <= q.at.to_us);
	}
	free(gaps);
}

static void
index_look(struct slice plain)
{
	struct slice piece[INDEX_ROW_PIECES];
	struct index_hour h;

	if (index_row_parse(plain, piece) == ERR_OK)
		for (size_t i = 0; i < INDEX_ROW_PIECES; i++)
			assert(
			    piece[i].at > plain.at &&
			    piece[i].at + piece[i].len < plain.at + plain.len);
	if (index_hour_parse(plain, &h) != ERR_OK)
		return;
	ledger_look(&h);
	index_hour_fini(&h);
}

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	if (n == 0 || n > 120000 || crypto_init() != ERR_OK)
		return 0;
	const struct slice rest = slice_make(data + 1, n - 1);
	switch (data[0] & 3) {
	case 0:
		vault_look(rest);
		break;
	case 1:
		heads_look(rest);
		break;
	case 2:
		item_look(rest);
		break;
	default:
		index_look(rest);
	}
	return 0;
}
