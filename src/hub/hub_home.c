/*
 * hub_home.c - the step that reads the directory and the keyring, at start,
 * after each reconnect, and when the server says that there is news.
 */
#include <stdlib.h>

#include "hub/hub.h"
#include "model/body.h"
#include "model/json_read.h"

#define VERSIONS_MAX     64
#define ITEMS_MAX        1024
#define PIECE_ITEMS_MAX  64
#define ITEMS_OCTETS_MAX ((size_t)8 << 20)
#define KEY_ITEM_OCTETS  4096 /* more: an hour list */
#define PIECE_OCTETS_MAX (PEOPLE_OCTETS_MAX + 64)
#define LOOK_MS          1000
#define LOOK_LATER       10000

/* A version or an item with the octets that it borrows from. */
struct version_octets {
	struct buf entry, people, hub;
	uint32_t epoch;
};

static enum err
version_get(json_t *from, struct version_octets *v)
{
	struct json_in in;

	buf_init(&v->entry, 1024);
	buf_init(&v->people, PIECE_OCTETS_MAX);
	buf_init(&v->hub, DIR_HUB_OCTETS_MAX + 64);
	json_in_init(&in, from);
	(void)json_in_number(&in, "version", INT64_MAX);
	v->epoch = (uint32_t)json_in_number(&in, "epoch", UINT32_MAX);
	json_in_buf(&in, "entry", &v->entry);
	json_in_buf(&in, "people", &v->people);
	json_in_buf(&in, "hub", &v->hub);
	return json_in_end(&in);
}

static void
version_fini(struct version_octets *v)
{
	buf_fini(&v->entry);
	buf_fini(&v->people);
	buf_fini(&v->hub);
}

/* What pieces of an answer brought, until the versions that need it come. */
struct hub_items {
	struct buf octets[ITEMS_MAX];
	struct home_item item[ITEMS_MAX];
	size_t count, octets_kept;
};

void
hub_items_drop(struct hub *h)
{
	struct hub_items *all = h->items;

	h->items = NULL;
	if (all == NULL)
		return;
	for (size_t i = 0; i < all->count; i++)
		buf_fini(&all->octets[i]);
	free(all);
}

/*
 * An hour list is long, and of use only in its own epoch: those of an epoch
 * before make room for the next one's.
 */
static void
lists_forget(struct hub_items *all, uint32_t epoch)
{
	for (size_t i = 0; i < all->count; i++) {
		struct buf *b = &all->octets[i];
		if (all->item[i].epoch >= epoch || b->len <= KEY_ITEM_OCTETS)
			continue;
		all->octets_kept -= b->len;
		buf_fini(b);
		all->item[i].sealed = (struct slice){ NULL, 0 };
	}
}

static enum err
item_add(struct hub_items *all, json_t *from)
{
	struct json_in in;
	enum err e;

	if (all->count == ITEMS_MAX || all->octets_kept > ITEMS_OCTETS_MAX)
		return ERR_LIMIT;
	struct buf *b = &all->octets[all->count];
	struct home_item *item = &all->item[all->count++];
	buf_init(b, KEYRING_ITEM_OCTETS + 64);
	json_in_init(&in, from);
	item->epoch = (uint32_t)json_in_number(&in, "epoch", UINT32_MAX);
	item->version = json_in_number(&in, "version", INT64_MAX);
	json_in_buf(&in, "item", b);
	item->sealed = buf_slice(b);
	if ((e = json_in_end(&in)) != ERR_OK)
		return e;
	all->octets_kept += b->len;
	if (all->count > 1 && item[-1].epoch < item->epoch)
		lists_forget(all, item->epoch);
	return ERR_OK;
}

static enum err
items_add(struct hub *h, json_t *from)
{
	enum err e = ERR_OK;

	if (h->items == NULL &&
	    (h->items = calloc(1, sizeof *h->items)) == NULL)
		return ERR_NOMEM;
	for (size_t i = 0; e == ERR_OK && i < json_array_size(from); i++)
		e = item_add(h->items, json_array_get(from, i));
	return e;
}

/* Each version in turn; the first that does not hold ends it. */
static enum err
versions_take(struct hub *h, json_t *versions, const struct hub_items *items)
{
	enum err e = ERR_OK;

	for (size_t i = 0; e == ERR_OK && i < json_array_size(versions); i++) {
		struct version_octets v = { 0 };
		e = version_get(json_array_get(versions, i), &v);
		if (e == ERR_OK) {
			const struct home_version version = { v.epoch,
				{ buf_slice(&v.entry), buf_slice(&v.people),
				    buf_slice(&v.hub) } };
			e = hub_home_take(&h->home, h->keys, &version,
			    items->item, items->count);
		}
		version_fini(&v);
	}
	return e;
}

/*
 * One piece. *ret_more: there are others. Items alone are kept for the
 * versions that come with a later one.
 */
static enum err
answer_take(struct hub *h, json_t *body, bool *ret_more)
{
	struct json_in in;
	enum err e;

	json_in_init(&in, body);
	json_t *versions = json_in_array(&in, "versions", VERSIONS_MAX);
	json_t *keys = json_in_array(&in, "keys", PIECE_ITEMS_MAX);
	const bool more = json_in_bool(&in, "more");
	if ((e = json_in_end(&in)) != ERR_OK ||
	    (e = items_add(h, keys)) != ERR_OK)
		return e;
	const size_t count = json_array_size(versions);
	if (more && count + json_array_size(keys) == 0)
		return ERR_SYNTAX; /* we would ask for ever */
	if (count > 0 && (e = versions_take(h, versions, h->items)) == ERR_OK)
		e = hub_home_save(&h->home, h->folder_fd);
	else if (count == 0 && !more && h->home.directory.version > 0)
		hub_home_items(&h->home, h->keys, h->items->item,
		    h->items->count);
	if (count > 0)
		hub_items_drop(h);
	*ret_more = more;
	return e;
}

static void
home_refused(enum err e)
{
	switch (e) {
	case ERR_CONFLICT:
	case ERR_CRYPTO:
	case ERR_CORRUPT:
	case ERR_DENIED:
		log_event(EV_HUB_DIRECTORY_FALSE, F_ERR(e), F_NONE);
		break;
	default:
		log_event(EV_HUB_DIRECTORY_UNREAD, F_ERR(e), F_NONE);
	}
}

/* The household has taken this hub off its list: it forgets it too. */
static void
home_forget(struct hub *h)
{
	log_event(EV_HUB_REMOVED, F_NONE, F_NONE);
	uplink_close(&h->uplink);
	hub_ways_forget(h);
	hub_home_fini(&h->home);
	hub_home_init(&h->home);
	if (hub_home_save(&h->home, h->folder_fd) != ERR_OK)
		log_event(EV_HUB_DISK, F_NONE, F_NONE);
	hub_step(h, STEP_LINK);
}

/* Paired, but the directory does not name us (yet). */
static void
home_wait(struct hub *h)
{
	const uint64_t waited = loop_now_ms(h->loop) - h->told_ms;

	if (hub_home_gives_up(&h->home, h->keys, waited))
		home_forget(h);
	else
		hub_again(h,
		    waited > HUB_TAKE_IN_MS / 8 ? LOOK_LATER : LOOK_MS);
}

static void
home_answered(struct api *a, enum err e, unsigned status, json_t *body)
{
	struct hub *h = a->owner;
	const bool listed = hub_home_lists_hub(&h->home, h->keys);
	bool more = false;

	if (e == ERR_OK && status == 404 && listed) {
		/* the server does not know what it did: later, and later */
		home_refused(ERR_MISSING);
		e = ERR_MISSING;
	}
	if (e == ERR_OK && status == 404) {
		home_wait(h);
		return;
	}
	if (e != ERR_OK || status != 200) {
		hub_items_drop(h);
		hub_retry(h);
		return;
	}
	if ((e = answer_take(h, body, &more)) != ERR_OK)
		home_refused(e);
	if (e == ERR_OK && more) {
		hub_step(h, STEP_HOME);
		return;
	}
	hub_items_drop(h);
	if (!hub_home_lists_hub(&h->home, h->keys)) {
		if (listed)
			home_forget(h);
		else
			home_wait(h);
		return;
	}
	if (e == ERR_OK && h->home_again) {
		h->home_again = false;
		hub_step(h, STEP_HOME);
		return;
	}
	hub_step(h, STEP_UPLINK);
}

void
hub_home_step(struct hub *h)
{
	if (h->told_ms == 0)
		h->told_ms = loop_now_ms(h->loop);
	api_post(&h->api, "/device/home",
	    json_pack("{s:I,s:o,s:I}", "since",
		(json_int_t)hub_home_since(&h->home), "reader",
		body_id(&h->keys->hub), "skip",
		(json_int_t)(h->items == NULL ? 0 : h->items->count)),
	    home_answered);
}
