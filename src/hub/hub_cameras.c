/*
 * hub_cameras.c - which cameras this hub has: those of its command line, with
 * ids of its own making, and those that the household added in the app, whose
 * ids, addresses and passwords stand in the directory.
 */
#include <stdlib.h>

#include "hub/hub.h"

void
hub_cameras_init(struct hub *h)
{
	for (size_t i = 0; i < h->settings.camera_count; i++) {
		h->slot[i] = (struct hub_slot){ .used = true,
			.by_hand = true,
			.ids = h->keys->camera[i] };
		hub_camera_start(h, i);
	}
}

static void
slot_stop(struct hub *h, size_t i)
{
	hub_camera_stop(h, i);
	octets_wipe(&h->slot[i], sizeof h->slot[i]);
}

void
hub_cameras_fini(struct hub *h)
{
	for (size_t i = 0; i < HUB_CAMERAS_MAX; i++)
		if (h->slot[i].used)
			slot_stop(h, i);
}

/* False: the home does not list it as a camera of this hub. */
static bool
ids_read(const struct hub *h, const struct id *thing,
    struct hub_camera_ids *ret_ids)
{
	const struct thing *t = people_thing(h->home.directory.people, thing);

	if (t == NULL || !id_eq(&t->hub, &h->keys->hub))
		return false;
	*ret_ids = (struct hub_camera_ids){ .thing = *thing };
	for (enum track_kind as = TRACK_MAIN; as < TRACK__MAX; as++) {
		const struct people_stream *s = thing_stream(t, as);
		if (s != NULL)
			ret_ids->stream[as] = s->id;
	}
	return !id_is_zero(&ret_ids->stream[TRACK_MAIN]);
}

static struct hub_slot *
slot_of(struct hub *h, const struct id *thing)
{
	for (size_t i = 0; i < HUB_CAMERAS_MAX; i++)
		if (h->slot[i].used && id_eq(&h->slot[i].ids.thing, thing))
			return &h->slot[i];
	return NULL;
}

/* Another address, name or password than before, or its sound: opened anew. */
static void
source_take(struct hub *h, struct hub_slot *slot, const struct source *s)
{
	const size_t i = (size_t)(slot - h->slot);

	if (memcmp(&slot->source, s, sizeof *s) == 0)
		return;
	slot->source = *s;
	hub_camera_hear(h, i);
	hub_feed_again(h, 2 * i);
	hub_feed_again(h, 2 * i + 1);
}

static void
camera_take(struct hub *h, const struct source *s)
{
	struct hub_slot *slot = slot_of(h, &s->thing);
	struct hub_camera_ids ids;

	if (!ids_read(h, &s->thing, &ids))
		return;
	if (slot != NULL) {
		if (!slot->by_hand)
			source_take(h, slot, s);
		return;
	}
	for (size_t i = 0; i < HUB_CAMERAS_MAX; i++) {
		if (h->slot[i].used)
			continue;
		h->slot[i] = (struct hub_slot){ .used = true,
			.ids = ids,
			.source = *s };
		hub_camera_start(h, i);
		return;
	}
	log_event(EV_HUB_CAMERAS_MANY, F_COUNT("most", HUB_CAMERAS_MAX),
	    F_NONE);
}

static bool
is_named(const struct sources *all, const struct id *thing)
{
	for (size_t i = 0; i < all->count; i++)
		if (id_eq(&all->at[i].thing, thing))
			return true;
	return false;
}

void
hub_cameras_refresh(struct hub *h)
{
	struct sources *all;
	struct hub_camera_ids ids;

	if (h->home.directory.version == 0 ||
	    (all = calloc(1, sizeof *all)) == NULL)
		return;
	if (sources_parse(buf_slice(&h->home.directory.hub_json), all) !=
	    ERR_OK)
		goto done; /* what was known stays */
	for (size_t i = 0; i < HUB_CAMERAS_MAX; i++)
		if (h->slot[i].used && !h->slot[i].by_hand &&
		    (!is_named(all, &h->slot[i].ids.thing) ||
			!ids_read(h, &h->slot[i].ids.thing, &ids)))
			slot_stop(h, i);
	for (size_t i = 0; i < all->count; i++)
		camera_take(h, &all->at[i]);
done:
	octets_wipe(all, sizeof *all);
	free(all);
}
