#include "model/keyring.h"

#include <stdlib.h>

#include "base/codec.h"
#include "crypto/hpke.h"

#define ITEM_VERSION 1
#define ITEM_SUITE   1

static enum err
item_info(const struct keyring_reader *at,
    const uint8_t reader[static KX_OCTETS], struct buf *to)
{
	uint8_t hash[SHA256_OCTETS];
	struct wr w;
	enum err e;

	sha256(slice_make(reader, KX_OCTETS), hash);
	if ((e = label_info(LABEL_KEYRING, to)) != ERR_OK)
		return e;
	wr_init(&w, to);
	wr_id(&w, &at->home);
	wr_u32(&w, at->epoch);
	wr_octets(&w, SLICE_OF(hash));
	return wr_end(&w);
}

static void
hour_put(struct wr *w, const struct hour_public *h)
{
	wr_octets(w, SLICE_OF(h->id.octets));
	wr_octets(w, SLICE_OF(h->key));
}

static void
hour_get(struct rd *r, struct hour_public *h)
{
	rd_copy(r, h->id.octets, HOUR_ID_OCTETS);
	rd_copy(r, h->key, KX_OCTETS);
}

/* kind ‖ thing ‖ first hour ‖ count ‖ hours ‖ spare */
static enum err
hours_put(const struct hour_list *l, struct buf *to)
{
	struct wr w;

	wr_init(&w, to);
	wr_u8(&w, KEY_HOURS);
	wr_id(&w, &l->thing);
	wr_u32(&w, l->first);
	wr_u16(&w, (uint16_t)l->count);
	for (uint32_t i = 0; i < l->count; i++)
		hour_put(&w, &l->hour[i]);
	hour_put(&w, &l->spare);
	return wr_end(&w);
}

static enum err
hours_get(struct slice plain, struct hour_list **ret_list)
{
	struct hour_list *l = calloc(1, sizeof *l);
	struct rd r;
	enum err e;

	if (l == NULL)
		return ERR_NOMEM;
	rd_init(&r, plain);
	(void)rd_u8(&r);
	rd_id(&r, &l->thing);
	l->first = rd_u32(&r);
	l->count = rd_u16(&r);
	if (l->count > KEYRING_HOURS_MAX ||
	    l->first > UINT32_MAX - KEYRING_HOURS_MAX) {
		free(l);
		return ERR_LIMIT;
	}
	for (uint32_t i = 0; i < l->count; i++)
		hour_get(&r, &l->hour[i]);
	hour_get(&r, &l->spare);
	if ((e = rd_end(&r)) != ERR_OK) {
		free(l);
		return ERR_SYNTAX;
	}
	sha256(plain, l->hash);
	*ret_list = l;
	return ERR_OK;
}

static enum err
plain_get(struct slice plain, struct keyring_item *ret_item)
{
	struct keyring_item item = { 0 };
	struct rd r;
	enum err e;

	rd_init(&r, plain);
	item.kind = rd_u8(&r);
	rd_id(&r, &item.id);
	if (item.kind == KEY_HOURS) {
		if ((e = hours_get(plain, &item.hours)) == ERR_OK)
			*ret_item = item;
		return e;
	}
	rd_copy(&r, item.key.octets, KEY_OCTETS);
	if ((e = rd_end(&r)) == ERR_OK &&
	    (item.kind < KEY_HOME || item.kind > KEY_THING))
		e = ERR_SYNTAX;
	if (e == ERR_OK)
		*ret_item = item;
	octets_wipe(&item, sizeof item);
	return e == ERR_OK ? ERR_OK : ERR_SYNTAX;
}

enum err
keyring_open(const struct keyring_reader *at, const struct key *reader_private,
    struct slice sealed, struct keyring_item *ret_item)
{
	AUTO_BUF struct buf info = { 0 }, plain = { 0 };
	uint8_t reader[KX_OCTETS];
	const struct be64 v = be64_make(at->directory_version);
	enum err e;

	if (sealed.len < 2)
		return ERR_SYNTAX;
	if (sealed.at[0] != ITEM_VERSION || sealed.at[1] != ITEM_SUITE)
		return ERR_UNSUPPORTED;
	kx_public(reader_private, reader);
	buf_init(&info, 256);
	buf_init_secret(&plain, KEYRING_ITEM_OCTETS);
	if ((e = item_info(at, reader, &info)) != ERR_OK ||
	    (e = hpke_open_with(reader_private, buf_slice(&info),
		 be64_tail(&v, 8), slice_skip(sealed, 2), &plain)) != ERR_OK)
		return e;
	return plain_get(buf_slice(&plain), ret_item);
}

enum err
keyring_seal(const struct keyring_reader *at,
    const uint8_t reader_public[static KX_OCTETS],
    const struct keyring_item *item, struct buf *to)
{
	const uint8_t head[] = { ITEM_VERSION, ITEM_SUITE };
	const struct be64 v = be64_make(at->directory_version);
	AUTO_BUF struct buf info, plain;
	struct wr w;
	enum err e;

	buf_init(&info, 256);
	buf_init_secret(&plain, KEYRING_ITEM_OCTETS);
	if (item->kind == KEY_HOURS) {
		e = hours_put(item->hours, &plain);
	} else {
		wr_init(&w, &plain);
		wr_u8(&w, item->kind);
		wr_id(&w, &item->id);
		wr_octets(&w, key_slice(&item->key));
		e = wr_end(&w);
	}
	if (e != ERR_OK ||
	    (e = item_info(at, reader_public, &info)) != ERR_OK ||
	    (e = buf_append(to, SLICE_OF(head))) != ERR_OK)
		return e;
	return hpke_seal_to(reader_public, buf_slice(&info), be64_tail(&v, 8),
	    buf_slice(&plain), to);
}

void
keyring_item_fini(struct keyring_item *item)
{
	free(item->hours);
	octets_wipe(item, sizeof *item);
}

bool
keyring_committed(const struct keyring_reader *at,
    const struct keyring_item *item, const struct people *p)
{
	struct key commit;

	if (item->kind == KEY_HOURS)
		return people_commits(p, KEY_HOURS, &item->hours->thing,
		    item->hours->hash);
	key_commit(&item->key, &at->home, at->epoch, item->kind, &item->id,
	    &commit);
	return people_commits(p, item->kind, &item->id, commit.octets);
}

const struct hour_public *
hour_list_get(const struct hour_list *l, uint32_t hour)
{
	return hour >= l->first && hour - l->first < l->count
		   ? &l->hour[hour - l->first]
		   : &l->spare;
}

static void
hour_make(const struct key *thing_key, uint32_t hour, struct hour_public *to)
{
	AUTO_KEY private;

	hour_private(thing_key, hour, &private);
	kx_public(&private, to->key);
	hour_id(thing_key, hour, &to->id);
}

void
hour_list_make(const struct key *thing_key, const struct id *thing,
    uint32_t first, uint32_t count, struct hour_list *to)
{
	*to = (struct hour_list){ .thing = *thing,
		.first = first,
		.count = count > KEYRING_HOURS_MAX ? KEYRING_HOURS_MAX
						   : count };
	for (uint32_t i = 0; i < to->count; i++)
		hour_make(thing_key, first + i, &to->hour[i]);
	hour_make(thing_key, HOUR_SPARE, &to->spare);
	AUTO_BUF struct buf plain;
	buf_init(&plain, KEYRING_ITEM_OCTETS);
	if (hours_put(to, &plain) == ERR_OK)
		sha256(buf_slice(&plain), to->hash);
}
