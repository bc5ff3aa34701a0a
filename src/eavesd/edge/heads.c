/*
 * heads.c - what each hub signed last of what it wrote: kept in memory, also
 * while the hub is away, so that a reader can tell then, too, what must be
 * there. Sealed; it goes to members of its home alone.
 */
#include <stdlib.h>

#include "eavesd/edge/edge.h"

static bool
is_of(const struct hub_heads *h, const struct id *home, const struct id *hub)
{
	return h->body != NULL && id_eq(&h->home, home) && id_eq(&h->hub, hub);
}

/* Its own place, a free one, or that of who has said nothing the longest. */
static struct hub_heads *
place_find(struct edge *e, const struct id *home, const struct id *hub)
{
	struct hub_heads *oldest = &e->heads[0];

	for (size_t i = 0; i < HUB_HEADS_MAX; i++)
		if (is_of(&e->heads[i], home, hub))
			return &e->heads[i];
	for (size_t i = 0; i < HUB_HEADS_MAX; i++) {
		struct hub_heads *h = &e->heads[i];
		if (h->body == NULL)
			return h;
		if (h->number < oldest->number)
			oldest = h;
	}
	return oldest;
}

enum err
heads_keep(struct edge *e, const struct id *home, const struct id *hub,
    const char *body)
{
	char *copy = strdup(body);

	if (copy == NULL)
		return ERR_NOMEM;
	struct hub_heads *h = place_find(e, home, hub);
	free(h->body);
	*h = (struct hub_heads){ *home, *hub, copy, ++e->heads_number };
	return ERR_OK;
}

static void
heads_say(struct client *viewer, const struct hub_heads *h)
{
	client_say(viewer, json_pack("{ss so ss}", "t", "heads", "hub",
			       json_b64(id_slice(&h->hub)), "body", h->body));
}

void
viewer_tell_heads(struct client *c)
{
	for (size_t i = 0; i < HUB_HEADS_MAX && !c->conn.dead; i++) {
		const struct hub_heads *h = &c->edge->heads[i];
		if (h->body != NULL && id_eq(&h->home, &c->home))
			heads_say(c, h);
	}
}

void
viewers_tell_heads(struct edge *e, const struct id *home, const struct id *hub)
{
	for (size_t i = 0; i < HUB_HEADS_MAX; i++) {
		const struct hub_heads *h = &e->heads[i];
		if (!is_of(h, home, hub))
			continue;
		for (struct client *c = e->clients, *next; c != NULL;
		     c = next) {
			next = c->next;
			if (c->is == CLIENT_VIEWER && c->welcome &&
			    id_eq(&c->home, home))
				heads_say(c, h);
		}
	}
}
