#include "model/heads.h"

#include "base/codec.h"
#include "crypto/aead.h"

#define HEADS_VERSION 1
#define HEADS_SUITE   1
#define SALT_OCTETS   16

static enum err
fields_put(const struct heads *h, struct buf *to)
{
	struct wr w;

	wr_init(&w, to);
	wr_id(&w, &h->home);
	wr_id(&w, &h->hub);
	wr_u64(&w, h->counter);
	wr_u64(&w, h->time_us);
	wr_u32(&w, h->epoch);
	wr_u64(&w, h->directory_version);
	wr_octets(&w, SLICE_OF(h->directory_hash));
	wr_u64(&w, h->log_size);
	wr_octets(&w, SLICE_OF(h->log_root));
	wr_u16(&w, (uint16_t)h->count);
	for (size_t i = 0; i < h->count; i++) {
		const struct head *s = &h->head[i];
		wr_id(&w, &s->stream);
		wr_u8(&w, s->state);
		wr_octets(&w, SLICE_OF(s->run.octets));
		wr_u32(&w, s->mark_number);
		wr_octets(&w, SLICE_OF(s->mark_hash));
	}
	return wr_end(&w);
}

static enum err
fields_get(struct slice plain, struct heads *h)
{
	struct rd r;

	rd_init(&r, plain);
	rd_id(&r, &h->home);
	rd_id(&r, &h->hub);
	h->counter = rd_u64(&r);
	h->time_us = rd_u64(&r);
	h->epoch = rd_u32(&r);
	h->directory_version = rd_u64(&r);
	rd_copy(&r, h->directory_hash, SHA256_OCTETS);
	h->log_size = rd_u64(&r);
	rd_copy(&r, h->log_root, SHA256_OCTETS);
	h->count = rd_u16(&r);
	if (h->count > HEADS_STREAMS_MAX)
		return ERR_LIMIT;
	for (size_t i = 0; i < h->count; i++) {
		struct head *s = &h->head[i];
		rd_id(&r, &s->stream);
		s->state = rd_u8(&r);
		rd_copy(&r, s->run.octets, RUN_ID_OCTETS);
		s->mark_number = rd_u32(&r);
		rd_copy(&r, s->mark_hash, SHA256_OCTETS);
	}
	return rd_end(&r);
}

static void
heads_key(const struct key *people_key, const struct id *home,
    const uint8_t salt[static SALT_OCTETS], struct key *ret_key)
{
	key_derive(key_slice(people_key), LABEL_HEADS,
	    FIELDS(id_slice(home), slice_make(salt, SALT_OCTETS)), ret_key);
}

enum err
heads_seal(const struct heads *h, const struct sign_pair *by,
    const struct key *people_key, struct buf *to)
{
	uint8_t head[2 + SALT_OCTETS] = { HEADS_VERSION, HEADS_SUITE };
	uint8_t signature[SIGN_OCTETS];
	AUTO_BUF struct buf plain;
	AUTO_KEY key;
	enum err e;

	assert(h->count <= HEADS_STREAMS_MAX);
	buf_init_secret(&plain, HEADS_OCTETS_MAX);
	if ((e = fields_put(h, &plain)) != ERR_OK ||
	    (e = sign_make(by, LABEL_HEADS, FIELDS(buf_slice(&plain)),
		 signature)) != ERR_OK ||
	    (e = buf_append(&plain, SLICE_OF(signature))) != ERR_OK)
		return e;
	octets_random(head + 2, SALT_OCTETS);
	heads_key(people_key, &h->home, head + 2, &key);
	if ((e = buf_append(to, SLICE_OF(head))) != ERR_OK)
		return e;
	return gcm_seal(&key, gcm_zero_nonce, id_slice(&h->home),
	    buf_slice(&plain), to);
}

enum err
heads_open(struct slice sealed, const struct id *home,
    const struct key *people_key, const uint8_t by[static SIGN_PUBLIC_OCTETS],
    struct heads *ret_heads)
{
	AUTO_BUF struct buf plain = { 0 };
	AUTO_KEY key;
	enum err e;

	if (sealed.len < 2 + SALT_OCTETS)
		return ERR_SYNTAX;
	if (sealed.at[0] != HEADS_VERSION || sealed.at[1] != HEADS_SUITE)
		return ERR_UNSUPPORTED;
	buf_init_secret(&plain, HEADS_OCTETS_MAX);
	heads_key(people_key, home, sealed.at + 2, &key);
	if ((e = gcm_open(&key, gcm_zero_nonce, id_slice(home),
		 slice_skip(sealed, 2 + SALT_OCTETS), &plain)) != ERR_OK)
		return e;
	if (plain.len < SIGN_OCTETS)
		return ERR_SYNTAX;
	const struct slice fields = slice_head(buf_slice(&plain),
	    plain.len - SIGN_OCTETS);
	if ((e = sign_check(by, LABEL_HEADS, FIELDS(fields),
		 fields.at + fields.len)) != ERR_OK)
		return e;
	struct heads h;
	if ((e = fields_get(fields, &h)) != ERR_OK)
		return e;
	if (!id_eq(&h.home, home))
		return ERR_CRYPTO;
	*ret_heads = h;
	return ERR_OK;
}
