/*
 * hub_home.c - the step that reads the directory and the keyring, at start,
 * after each reconnect, and when the server says that there is news.
 */
#include <stdlib.h>

#include "hub/body.h"
#include "hub/hub.h"
#include "model/json_read.h"

#define VERSIONS_MAX     64
#define ITEMS_MAX        1024
#define PIECE_OCTETS_MAX (PEOPLE_OCTETS_MAX + 64)
/* A home that told us its keys takes us in within that time, or never. */
#define TAKE_IN_MS (15 * 60 * 1000)
#define LOOK_MS    1000
#define LOOK_LATER 10000

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

struct items {
	struct buf octets[ITEMS_MAX];
	struct home_item item[ITEMS_MAX];
	size_t count;
};

static void
items_destroy(struct items *all)
{
	if (all == NULL)
		return;
	for (size_t i = 0; i < all->count; i++)
		buf_fini(&all->octets[i]);
	free(all);
}

static enum err
items_get(json_t *from, struct items **ret_items)
{
	struct items *all = calloc(1, sizeof *all);
	enum err e = ERR_OK;

	if (all == NULL)
		return ERR_NOMEM;
	for (size_t i = 0; e == ERR_OK && i < json_array_size(from); i++) {
		struct buf *b = &all->octets[all->count];
		struct home_item *item = &all->item[all->count++];
		struct json_in in;
		buf_init(b, KEYRING_ITEM_OCTETS + 64);
		json_in_init(&in, json_array_get(from, i));
		item->epoch = (uint32_t)json_in_number(&in, "epoch",
		    UINT32_MAX);
		item->version = json_in_number(&in, "version", INT64_MAX);
		json_in_buf(&in, "item", b);
		item->sealed = buf_slice(b);
		e = json_in_end(&in);
	}
	if (e != ERR_OK)
		items_destroy(all);
	else
		*ret_items = all;
	return e;
}

/* Each version in turn; the first that does not hold ends it. */
static enum err
versions_take(struct hub *h, json_t *versions, const struct items *items)
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

static enum err
answer_take(struct hub *h, json_t *body, bool *ret_more)
{
	struct items *items = NULL;
	struct json_in in;
	enum err e;

	json_in_init(&in, body);
	json_t *versions = json_in_array(&in, "versions", VERSIONS_MAX);
	json_t *keys = json_in_array(&in, "keys", ITEMS_MAX);
	if ((e = json_in_end(&in)) != ERR_OK ||
	    (e = items_get(keys, &items)) != ERR_OK)
		return e;
	const size_t count = json_array_size(versions);
	if (count > 0 && (e = versions_take(h, versions, items)) == ERR_OK)
		e = hub_home_save(&h->home, h->folder_fd);
	else if (count == 0 && h->home.directory.version > 0)
		hub_home_items(&h->home, h->keys, items->item, items->count);
	items_destroy(items);
	*ret_more = count == VERSIONS_MAX;
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

	if (waited > TAKE_IN_MS)
		home_forget(h);
	else
		hub_again(h, waited > TAKE_IN_MS / 8 ? LOOK_LATER : LOOK_MS);
}

static void
home_answered(struct api *a, enum err e, unsigned status, json_t *body)
{
	struct hub *h = a->owner;
	const bool listed = hub_home_lists_hub(&h->home, h->keys);
	bool more = false;

	if (e == ERR_OK && status == 404) {
		home_wait(h);
		return;
	}
	if (e != ERR_OK || status != 200) {
		hub_retry(h);
		return;
	}
	if ((e = answer_take(h, body, &more)) != ERR_OK)
		home_refused(e);
	if (!hub_home_lists_hub(&h->home, h->keys)) {
		if (listed)
			home_forget(h);
		else
			home_wait(h);
		return;
	}
	if (e == ERR_OK && (more || h->home_again)) {
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
	    json_pack("{s:I,s:o}", "since",
		(json_int_t)hub_home_since(&h->home), "reader",
		body_id(&h->keys->hub)),
	    home_answered);
}
