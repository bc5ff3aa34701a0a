#include "hub/home.h"

#include <stdlib.h>

#include "base/obj.h"
#include "model/run.h"
#include "os/file.h"

/*
 * Of all that lies in the hub's folder: what else is there are octets of a
 * fixed number, and a word that is thrown away when it is not understood.
 */
#define HOME_VERSION    1
#define HOME_OCTETS_MAX ((size_t)4 << 20)

void
hub_home_init(struct hub_home *h)
{
	*h = (struct hub_home){ 0 };
	buf_init(&h->entry, 1024);
	buf_init(&h->people, PEOPLE_OCTETS_MAX + 64);
	buf_init(&h->hub, DIR_HUB_OCTETS_MAX + 64);
}

void
hub_home_fini(struct hub_home *h)
{
	directory_fini(&h->directory);
	buf_fini(&h->entry);
	buf_fini(&h->people);
	buf_fini(&h->hub);
	for (size_t i = 0; i < COUNT(h->hours); i++)
		free(h->hours[i]);
	octets_wipe(h, sizeof *h);
}

void
hub_home_begin(struct hub_home *h, const struct pairing_home *from)
{
	hub_home_fini(h);
	hub_home_init(h);
	h->told = true;
	h->home = from->home;
	h->epoch = from->epoch;
	h->told_version = from->version;
	memcpy(h->told_hash, from->hash, sizeof h->told_hash);
	h->people_key = from->people_key;
	h->hub_key = from->hub_key;
}

static void
hours_put(struct wr *w, const struct hour_list *l)
{
	wr_u8(w, l != NULL);
	if (l == NULL)
		return;
	wr_id(w, &l->thing);
	wr_u32(w, l->first);
	wr_u32(w, l->count);
	wr_octets(w, slice_make(l->hour, l->count * sizeof l->hour[0]));
	wr_octets(w, slice_make(&l->spare, sizeof l->spare));
	wr_octets(w, SLICE_OF(l->hash));
}

static enum err
hours_get(struct rd *r, struct hour_list **ret_list)
{
	if (rd_u8(r) == 0)
		return ERR_OK;
	struct hour_list *l = calloc(1, sizeof *l);
	if (l == NULL)
		return ERR_NOMEM;
	*ret_list = l;
	rd_id(r, &l->thing);
	l->first = rd_u32(r);
	l->count = rd_u32(r);
	if (l->count > KEYRING_HOURS_MAX)
		return ERR_CORRUPT;
	rd_copy(r, (uint8_t *)l->hour, l->count * sizeof l->hour[0]);
	rd_copy(r, (uint8_t *)&l->spare, sizeof l->spare);
	rd_copy(r, l->hash, sizeof l->hash);
	return ERR_OK;
}

enum err
hub_home_save(const struct hub_home *h, int dir_fd)
{
	AUTO_BUF struct buf b;
	struct wr w;
	enum err e;

	buf_init_secret(&b, HOME_OCTETS_MAX);
	wr_init(&w, &b);
	wr_u8(&w, HOME_VERSION);
	wr_id(&w, &h->home);
	wr_u32(&w, h->epoch);
	wr_u64(&w, h->told_version);
	wr_octets(&w, SLICE_OF(h->told_hash));
	wr_octets(&w, key_slice(&h->people_key));
	wr_octets(&w, key_slice(&h->hub_key));
	wr_u64(&w, h->directory.version);
	wr_octets(&w, SLICE_OF(h->directory.hash));
	wr_sized(&w, buf_slice(&h->entry));
	wr_sized(&w, buf_slice(&h->people));
	wr_sized(&w, buf_slice(&h->hub));
	for (size_t i = 0; i < COUNT(h->hours); i++)
		hours_put(&w, h->hours[i]);
	if ((e = wr_end(&w)) != ERR_OK)
		return e;
	return h->told ? file_write(dir_fd, "home", buf_slice(&b))
		       : file_write(dir_fd, "home", (struct slice){ NULL, 0 });
}

static enum err
home_get(struct hub_home *h, struct slice octets)
{
	uint8_t hash[SHA256_OCTETS];
	struct rd r;
	enum err e = ERR_OK;

	rd_init(&r, octets);
	const uint8_t form = rd_u8(&r);
	if (form != HOME_VERSION)
		return form > HOME_VERSION ? ERR_UNSUPPORTED : ERR_CORRUPT;
	rd_id(&r, &h->home);
	h->epoch = rd_u32(&r);
	h->told_version = rd_u64(&r);
	rd_copy(&r, h->told_hash, SHA256_OCTETS);
	rd_copy(&r, h->people_key.octets, KEY_OCTETS);
	rd_copy(&r, h->hub_key.octets, KEY_OCTETS);
	const uint64_t version = rd_u64(&r);
	rd_copy(&r, hash, SHA256_OCTETS);
	const struct dir_sealed sealed = { rd_sized(&r, h->entry.cap),
		rd_sized(&r, h->people.cap), rd_sized(&r, h->hub.cap) };
	for (size_t i = 0; e == ERR_OK && i < COUNT(h->hours); i++)
		e = hours_get(&r, &h->hours[i]);
	if (e != ERR_OK || rd_end(&r) != ERR_OK)
		return e == ERR_NOMEM ? e : ERR_CORRUPT;
	h->told = true;
	if (version == 0)
		return ERR_OK;
	const struct dir_keys keys = { &h->people_key, &h->hub_key };
	if ((e = directory_begin(&h->directory, &h->home, &keys, version, hash,
		 &sealed)) != ERR_OK)
		return e == ERR_NOMEM ? e : ERR_CORRUPT;
	if ((e = buf_append(&h->entry, sealed.entry)) != ERR_OK ||
	    (e = buf_append(&h->people, sealed.people)) != ERR_OK)
		return e;
	return buf_append(&h->hub, sealed.hub);
}

enum err
hub_home_load(struct hub_home *h, int dir_fd)
{
	AUTO_BUF struct buf b;
	enum err e;

	buf_init_secret(&b, HOME_OCTETS_MAX);
	if ((e = file_read(dir_fd, "home", &b)) != ERR_OK)
		return e;
	if (b.len == 0)
		return ERR_MISSING;
	if ((e = home_get(h, buf_slice(&b))) != ERR_OK) {
		hub_home_fini(h);
		hub_home_init(h);
	}
	return e;
}

uint64_t
hub_home_since(const struct hub_home *h)
{
	/* the told version itself is where the chain begins for us */
	return h->directory.version != 0 ? h->directory.version
	       : h->told_version > 0     ? h->told_version - 1
					 : 0;
}

/* Keys of an epoch found in items, before anything is believed. */
struct found {
	struct key people_key, hub_key;
	struct keyring_reader people_at, hub_at;
	bool people, hub;
};

static void
found_look(struct found *f, const struct hub_home *h,
    const struct hub_keys *keys, uint32_t epoch, const struct home_item *items,
    size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct keyring_reader at = { h->home, epoch,
			items[i].version };
		struct keyring_item item;
		if (items[i].epoch != epoch ||
		    keyring_open(&at, &keys->kx, items[i].sealed, &item) !=
			ERR_OK)
			continue;
		if (item.kind == KEY_PEOPLE) {
			f->people_key = item.key;
			f->people_at = at;
			f->people = true;
		} else if (item.kind == KEY_HUB) {
			f->hub_key = item.key;
			f->hub_at = at;
			f->hub = true;
		}
		keyring_item_fini(&item);
	}
}

static bool
found_committed(const struct found *f, const struct people *p)
{
	struct keyring_item item = { .kind = KEY_PEOPLE };

	item.key = f->people_key;
	if (!keyring_committed(&f->people_at, &item, p))
		return false;
	item.kind = KEY_HUB;
	item.key = f->hub_key;
	const bool both = keyring_committed(&f->hub_at, &item, p);
	octets_wipe(&item, sizeof item);
	return both;
}

static bool
hub_lists_thing(const struct hub_home *h, const struct hub_keys *keys,
    const struct id *thing)
{
	const struct thing *t = people_thing(h->directory.people, thing);

	return t != NULL && id_eq(&t->hub, &keys->hub);
}

const struct hour_list *
hub_home_hours(const struct hub_home *h, const struct id *thing)
{
	for (size_t i = 0; i < COUNT(h->hours); i++)
		if (h->hours[i] != NULL && id_eq(&h->hours[i]->thing, thing))
			return h->hours[i];
	return NULL;
}

/*
 * In the place of the thing's older list, or where nobody's is, or where that
 * of a thing is that is not listed any more. Takes it, or leaves it.
 */
static void
hours_keep(struct hub_home *h, struct hour_list **list)
{
	struct hour_list **to = NULL;

	for (size_t i = 0; i < COUNT(h->hours); i++) {
		struct hour_list *l = h->hours[i];
		if (l != NULL && id_eq(&l->thing, &(*list)->thing)) {
			to = &h->hours[i];
			break;
		}
		if (to == NULL &&
		    (l == NULL ||
			people_thing(h->directory.people, &l->thing) == NULL))
			to = &h->hours[i];
	}
	if (to == NULL)
		return;
	free(*to);
	*to = *list;
	*list = NULL;
}

/* The hour lists among the items that the directory commits to. */
void
hub_home_items(struct hub_home *h, const struct hub_keys *keys,
    const struct home_item *items, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct keyring_reader at = { h->home, h->epoch,
			items[i].version };
		struct keyring_item item;
		if (items[i].epoch != h->epoch ||
		    items[i].version > h->directory.version ||
		    keyring_open(&at, &keys->kx, items[i].sealed, &item) !=
			ERR_OK)
			continue;
		if (item.kind == KEY_HOURS &&
		    hub_lists_thing(h, keys, &item.hours->thing) &&
		    keyring_committed(&at, &item, h->directory.people))
			hours_keep(h, &item.hours);
		keyring_item_fini(&item);
	}
}

/*
 * The first one is the one that the member told of in the pairing; each next
 * one is checked against the one before.
 */
static enum err
version_take(struct hub_home *h, const struct dir_keys *keys,
    const struct dir_sealed *sealed)
{
	if (h->directory.version == 0)
		return directory_begin(&h->directory, &h->home, keys,
		    h->told_version, h->told_hash, sealed);
	return directory_take(&h->directory, &h->home, keys, sealed);
}

static void
hours_forget(struct hub_home *h)
{
	for (size_t i = 0; i < COUNT(h->hours); i++) {
		free(h->hours[i]);
		h->hours[i] = NULL;
	}
}

/*
 * Whether the version, opened with the keys that were found, commits to them.
 * Its signature is not checked yet: that is version_take()'s, over the same
 * octets.
 */
static enum err
epoch_commits(const struct hub_home *h, const struct found *f,
    struct slice sealed_people)
{
	struct people *people;
	AUTO_BUF struct buf json;
	enum err e;

	buf_init_secret(&json, PEOPLE_OCTETS_MAX + 64);
	if ((e = dir_piece_open(&f->people_key, LABEL_DIRECTORY_PEOPLE,
		 &h->home, h->directory.version + 1, sealed_people, &json)) !=
		ERR_OK ||
	    (e = people_parse(buf_slice(&json), &people)) != ERR_OK)
		return e;
	if (!found_committed(f, people))
		e = ERR_CORRUPT;
	people_destroy(people);
	return e;
}

/* A version that begins an epoch: its keys are believed with it, or not. */
static enum err
epoch_take(struct hub_home *h, const struct hub_keys *keys,
    const struct home_version *v, const struct home_item *items, size_t count)
{
	struct found f = { 0 };
	enum err e = ERR_MISSING;

	found_look(&f, h, keys, v->epoch, items, count);
	const struct dir_keys dir_keys = { &f.people_key, &f.hub_key };
	if (f.people && f.hub && h->directory.version != 0 &&
	    (e = epoch_commits(h, &f, v->sealed.people)) == ERR_OK &&
	    (e = version_take(h, &dir_keys, &v->sealed)) == ERR_OK) {
		h->people_key = f.people_key;
		h->hub_key = f.hub_key;
		h->epoch = v->epoch;
		hours_forget(h);
	}
	octets_wipe(&f, sizeof f);
	return e;
}

enum err
hub_home_take(struct hub_home *h, const struct hub_keys *keys,
    const struct home_version *v, const struct home_item *items,
    size_t item_count)
{
	const struct dir_keys dir_keys = { &h->people_key, &h->hub_key };
	enum err e;

	assert(h->told);
	e = v->epoch == h->epoch ? version_take(h, &dir_keys, &v->sealed)
				 : epoch_take(h, keys, v, items, item_count);
	if (e != ERR_OK)
		return e;
	buf_clear(&h->entry);
	buf_clear(&h->people);
	buf_clear(&h->hub);
	if ((e = buf_append(&h->entry, v->sealed.entry)) != ERR_OK ||
	    (e = buf_append(&h->people, v->sealed.people)) != ERR_OK ||
	    (e = buf_append(&h->hub, v->sealed.hub)) != ERR_OK)
		return e;
	hub_home_items(h, keys, items, item_count);
	return ERR_OK;
}

bool
hub_home_lists_hub(const struct hub_home *h, const struct hub_keys *keys)
{
	if (h->directory.version == 0)
		return false;
	const struct people_hub *p = people_hub(h->directory.people,
	    &keys->hub);
	return p != NULL &&
	       memcmp(p->sign, keys->sign.public, sizeof p->sign) == 0 &&
	       memcmp(p->kx, keys->kx_public, sizeof p->kx) == 0;
}

bool
hub_home_gives_up(const struct hub_home *h, const struct hub_keys *keys,
    uint64_t waited_ms)
{
	return waited_ms > HUB_TAKE_IN_MS && !hub_home_lists_hub(h, keys);
}

bool
hub_home_lists_track(const struct hub_home *h, const struct hub_keys *keys,
    const struct hub_camera_ids *camera, enum track_kind as)
{
	const uint8_t class = as == TRACK_INDEX ? RUN_STATE : RUN_MEDIA;

	if (h->directory.version == 0 ||
	    !hub_lists_thing(h, keys, &camera->thing))
		return false;
	const struct thing *t = people_thing(h->directory.people,
	    &camera->thing);
	for (size_t i = 0; i < t->stream_count; i++)
		if (id_eq(&t->stream[i].id, &camera->stream[as]) &&
		    t->stream[i].class == class)
			return true;
	return false;
}
