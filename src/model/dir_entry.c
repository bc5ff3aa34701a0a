#include "base/codec.h"
#include "crypto/aead.h"
#include "model/directory.h"

#define PIECE_VERSION 1
#define PIECE_SUITE   1
#define SALT_OCTETS   16

enum err
dir_entry_put(const struct dir_entry *e, const struct sign_pair *by,
    struct buf *to)
{
	const size_t from = to->len;
	uint8_t signature[SIGN_OCTETS];
	struct wr w;
	enum err r;

	wr_init(&w, to);
	wr_id(&w, &e->home);
	wr_u64(&w, e->version);
	wr_octets(&w, SLICE_OF(e->before_hash));
	wr_u32(&w, e->epoch);
	wr_id(&w, &e->author);
	wr_u64(&w, e->time_us);
	wr_octets(&w, SLICE_OF(e->people_hash));
	wr_octets(&w, SLICE_OF(e->hub_hash));
	if ((r = wr_end(&w)) != ERR_OK ||
	    (r = sign_make(by, LABEL_DIRECTORY,
		 FIELDS(slice_skip(buf_slice(to), from)), signature)) != ERR_OK)
		return r;
	return buf_append(to, SLICE_OF(signature));
}

enum err
dir_entry_get(struct slice octets, struct dir_entry *ret_entry)
{
	struct dir_entry e;
	struct rd r;
	enum err x;

	rd_init(&r, octets);
	rd_id(&r, &e.home);
	e.version = rd_u64(&r);
	rd_copy(&r, e.before_hash, SHA256_OCTETS);
	e.epoch = rd_u32(&r);
	rd_id(&r, &e.author);
	e.time_us = rd_u64(&r);
	rd_copy(&r, e.people_hash, SHA256_OCTETS);
	rd_copy(&r, e.hub_hash, SHA256_OCTETS);
	(void)rd_octets(&r, SIGN_OCTETS);
	if ((x = rd_end(&r)) != ERR_OK)
		return ERR_SYNTAX;
	*ret_entry = e;
	return ERR_OK;
}

enum err
dir_entry_check(struct slice octets,
    const uint8_t by[static SIGN_PUBLIC_OCTETS])
{
	if (octets.len != DIR_ENTRY_OCTETS)
		return ERR_SYNTAX;
	return sign_check(by, LABEL_DIRECTORY,
	    FIELDS(slice_head(octets, DIR_ENTRY_OCTETS - SIGN_OCTETS)),
	    octets.at + DIR_ENTRY_OCTETS - SIGN_OCTETS);
}

static void
piece_key(const struct key *key, enum label label, uint64_t version,
    const uint8_t salt[static SALT_OCTETS], struct key *ret_key)
{
	const struct be64 v = be64_make(version);

	key_derive(key_slice(key), label,
	    FIELDS(be64_tail(&v, 8), slice_make(salt, SALT_OCTETS)), ret_key);
}

/* aad = home ‖ version */
static void
piece_aad(const struct id *home, uint64_t version, uint8_t to[static 24])
{
	const struct be64 v = be64_make(version);

	memcpy(to, home->octets, ID_OCTETS);
	memcpy(to + ID_OCTETS, v.octets, 8);
}

enum err
dir_piece_seal(const struct key *key, enum label label, const struct id *home,
    uint64_t version, const uint8_t salt[static 16], struct slice plain,
    struct buf *to)
{
	const uint8_t head[] = { PIECE_VERSION, PIECE_SUITE };
	uint8_t aad[24];
	AUTO_KEY k;
	enum err e;

	piece_key(key, label, version, salt, &k);
	piece_aad(home, version, aad);
	if ((e = buf_append(to, SLICE_OF(head))) != ERR_OK ||
	    (e = buf_append(to, slice_make(salt, SALT_OCTETS))) != ERR_OK)
		return e;
	return gcm_seal(&k, gcm_zero_nonce, SLICE_OF(aad), plain, to);
}

enum err
dir_piece_open(const struct key *key, enum label label, const struct id *home,
    uint64_t version, struct slice sealed, struct buf *to)
{
	uint8_t aad[24];
	AUTO_KEY k;

	if (sealed.len < DIR_SEALED_OVERHEAD)
		return ERR_SYNTAX;
	if (sealed.at[0] != PIECE_VERSION || sealed.at[1] != PIECE_SUITE)
		return ERR_UNSUPPORTED;
	piece_key(key, label, version, sealed.at + 2, &k);
	piece_aad(home, version, aad);
	return gcm_open(&k, gcm_zero_nonce, SLICE_OF(aad),
	    slice_skip(sealed, 2 + SALT_OCTETS), to);
}
