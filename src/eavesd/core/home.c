/*
 * home.c - homes: the signed, sealed directory by compare-and-swap, the
 * keyring, grants and what takes a device in. The server orders versions; it
 * reads none of them.
 */
#include "base/codec.h"
#include "crypto/names.h"
#include "crypto/sign.h"
#include "eavesd/core/core.h"
#include "os/clock.h"

#define HOME_TICKET_S 86400u
#define NONCE_MS      60000u
#define ITEMS_MAX     64u
#define GRANTS_MAX    32u
#define DEVICES_MAX   16u

static enum err
home_parse(struct slice body, struct home *ret)
{
	struct rd r;

	rd_init(&r, body);
	ret->stream_count = rd_u8(&r);
	if (ret->stream_count > COUNT(ret->streams))
		return ERR_CORRUPT;
	for (size_t i = 0; i < ret->stream_count; i++)
		rd_id(&r, &ret->streams[i]);
	ret->grants = ret->devices = ret->writes = ret->lock_count = 0;
	ret->day = 0;
	ret->quota = 0;
	if (r.rest.len == 0) /* of before there were limits */
		return rd_end(&r);
	ret->grants = rd_u16(&r);
	ret->devices = rd_u16(&r);
	ret->day = rd_u32(&r);
	ret->writes = rd_u16(&r);
	ret->quota = rd_u64(&r);
	ret->lock_count = rd_u16(&r);
	return rd_end(&r);
}

enum err
home_get(struct core *core, const struct id *id, struct home *ret)
{
	AUTO_BUF struct buf sealed, body;
	uint64_t slot = 0;
	enum err e;

	buf_init(&sealed, 4096);
	buf_init(&body, 4096);
	if ((e = store_number(core->store, SQL_HOME_GET, CELLS(cell_id(id)), 0,
		 &slot)) != ERR_OK ||
	    (e = store_number(core->store, SQL_HOME_GET, CELLS(cell_id(id)), 1,
		 &ret->newest)) != ERR_OK ||
	    (e = store_octets(core->store, SQL_HOME_GET, CELLS(cell_id(id)), 2,
		 &sealed)) != ERR_OK)
		return e;
	ret->slot = (uint32_t)slot;
	if ((e = row_open(core, TABLE_HOME, ret->slot, id, buf_slice(&sealed),
		 &body)) != ERR_OK)
		return e;
	return home_parse(buf_slice(&body), ret);
}

enum err
home_put(struct core *core, enum statement n, const struct id *id,
    const struct home *h)
{
	AUTO_BUF struct buf sealed, body;
	const struct count number = { n == SQL_HOME_ADD ? h->slot : h->newest };
	struct wr w;
	enum err e;

	buf_init(&sealed, 4096);
	buf_init(&body, 4096);
	wr_init(&w, &body);
	wr_u8(&w, (uint8_t)h->stream_count);
	for (size_t i = 0; i < h->stream_count; i++)
		wr_id(&w, &h->streams[i]);
	wr_u16(&w, h->grants);
	wr_u16(&w, h->devices);
	wr_u32(&w, h->day);
	wr_u16(&w, h->writes);
	wr_u64(&w, h->quota);
	wr_u16(&w, h->lock_count);
	if ((e = wr_end(&w)) != ERR_OK ||
	    (e = row_seal(core, TABLE_HOME, h->slot, id, buf_slice(&body),
		 &sealed)) != ERR_OK)
		return e;
	return store_write(core->store, n,
	    CELLS(cell_id(id), cell_count(number),
		cell_sealed(sealed_by_keeper(buf_slice(&sealed)))));
}

/* --- grants --- */

struct grant {
	struct id home;
	uint8_t key[SIGN_PUBLIC_OCTETS];
	uint32_t rights;
};

static enum err
grant_add(struct call *c, const struct id *home, const json_t *o)
{
	AUTO_BUF struct buf body, sealed;
	uint8_t key[SIGN_PUBLIC_OCTETS];
	uint64_t rights;
	struct id id;
	struct wr w;
	enum err e;

	buf_init(&body, 256);
	buf_init(&sealed, 512);
	if (!in_only(c, o, ONLY("id", "key", "rights")) ||
	    !in_id(c, o, "id", &id) ||
	    !in_octets(c, o, "key", key, sizeof key) ||
	    !in_number(c, o, "rights", 15, &rights))
		return ERR_SYNTAX;
	wr_init(&w, &body);
	wr_id(&w, home);
	wr_octets(&w, SLICE_OF(key));
	wr_u32(&w, (uint32_t)rights);
	if ((e = wr_end(&w)) != ERR_OK ||
	    (e = row_seal(c->core, TABLE_GRANT, 0, &id, buf_slice(&body),
		 &sealed)) != ERR_OK)
		return e;
	return store_write(c->core->store, SQL_GRANT_ADD,
	    CELLS(cell_id(&id),
		cell_sealed(sealed_by_keeper(buf_slice(&sealed)))));
}

static enum err
grant_get(struct core *core, const struct id *id, struct grant *ret)
{
	AUTO_BUF struct buf body, sealed;
	struct rd r;
	enum err e;

	buf_init(&body, 256);
	buf_init(&sealed, 512);
	if ((e = store_octets(core->store, SQL_GRANT_GET, CELLS(cell_id(id)), 0,
		 &sealed)) != ERR_OK ||
	    (e = row_open(core, TABLE_GRANT, 0, id, buf_slice(&sealed),
		 &body)) != ERR_OK)
		return e;
	rd_init(&r, buf_slice(&body));
	rd_id(&r, &ret->home);
	rd_copy(&r, ret->key, sizeof ret->key);
	ret->rights = rd_u32(&r);
	return rd_end(&r);
}

/* --- writing a version --- */

struct write {
	struct id home;
	struct home state;
	uint64_t version, epoch;
};

/* A home has all that it may have of those; says so. */
static enum err
home_full(struct call *c, struct words what)
{
	(void)call_fail(c, 413, "limit", what);
	return ERR_LIMIT;
}

static enum err
entry_add(struct call *c, const struct write *w)
{
	AUTO_BUF struct buf entry, people, hub, body, sealed;
	const struct count version = { w->version }, epoch = { w->epoch };
	struct sealed checked;
	struct wr wr;
	enum err e;

	buf_init(&entry, HOME_ENTRY_OCTETS);
	buf_init(&people, HOME_PART_OCTETS);
	buf_init(&hub, HOME_PART_OCTETS);
	buf_init(&body, 2 * HOME_PART_OCTETS + 4096);
	buf_init(&sealed, 2 * HOME_PART_OCTETS + 4096);
	if (!in_blob(c, c->in, "entry", &entry) ||
	    !in_blob(c, c->in, "people", &people) ||
	    !in_blob(c, c->in, "hub", &hub))
		return ERR_SYNTAX;
	if ((e = sealed_by_peer(buf_slice(&entry), &checked)) != ERR_OK ||
	    (e = sealed_by_peer(buf_slice(&people), &checked)) != ERR_OK ||
	    (e = sealed_by_peer(buf_slice(&hub), &checked)) != ERR_OK)
		return e;
	wr_init(&wr, &body);
	wr_sized(&wr, buf_slice(&entry));
	wr_sized(&wr, buf_slice(&people));
	wr_sized(&wr, buf_slice(&hub));
	if ((e = wr_end(&wr)) != ERR_OK ||
	    (e = row_seal(c->core, TABLE_ENTRY, w->state.slot, &w->home,
		 buf_slice(&body), &sealed)) != ERR_OK)
		return e;
	return store_write(c->core->store, SQL_ENTRY_ADD,
	    CELLS(cell_id(&w->home), cell_count(version), cell_count(epoch),
		cell_sealed(sealed_by_keeper(buf_slice(&sealed)))));
}

static enum err
keyitem_add(struct call *c, const struct write *w, const json_t *o,
    uint64_t place)
{
	AUTO_BUF struct buf item, sealed;
	const struct count version = { w->version }, order = { place };
	struct count epoch;
	struct sealed checked;
	struct id reader;
	enum err e;

	buf_init(&item, HOME_ITEM_OCTETS);
	buf_init(&sealed, HOME_ITEM_OCTETS + 64);
	if (!in_only(c, o, ONLY("reader", "epoch", "item")) ||
	    !in_id(c, o, "reader", &reader) ||
	    !in_number(c, o, "epoch", UINT32_MAX, &epoch.n) ||
	    !in_blob(c, o, "item", &item))
		return ERR_SYNTAX;
	if ((e = sealed_by_peer(buf_slice(&item), &checked)) != ERR_OK ||
	    (e = row_seal(c->core, TABLE_KEYITEM, w->state.slot, &reader,
		 checked.octets, &sealed)) != ERR_OK)
		return e;
	return store_write(c->core->store, SQL_KEYITEM_ADD,
	    CELLS(cell_id(&w->home), cell_id(&reader), cell_count(version),
		cell_count(order), cell_count(epoch),
		cell_sealed(sealed_by_keeper(buf_slice(&sealed)))));
}

static enum err
keyitems_add(struct call *c, const struct write *w)
{
	const json_t *list = in_list(c, c->in, "keys", ITEMS_MAX);
	const json_t *o;
	size_t i;
	enum err e = list == NULL ? ERR_SYNTAX : ERR_OK;

	json_array_foreach(list, i, o) if (e == ERR_OK)
	    e = keyitem_add(c, w, o, i);
	return e;
}

static enum err
nonce_take(struct call *c, const uint8_t octets[static 32])
{
	for (size_t i = 0; i < NONCES; i++) {
		struct nonce *n = &c->core->nonces[i];

		if (memcmp(n->octets, octets, 32) != 0 ||
		    !id_eq(&n->session, &c->ticket) ||
		    n->until_ms <= loop_now_ms(c->core->loop))
			continue;
		*n = (struct nonce){ 0 };
		return ERR_OK;
	}
	return ERR_DENIED;
}

static enum err
home_create(struct call *c, struct write *w)
{
	uint8_t nonce[32], founder[32];
	AUTO_BUF struct buf slot;
	struct id want;
	enum err e;

	buf_init(&slot, 16);
	if (!in_id(c, c->in, "home", &w->home) ||
	    !in_octets(c, c->in, "nonce", nonce, sizeof nonce) ||
	    !in_octets(c, c->in, "founder", founder, sizeof founder) ||
	    !in_number(c, c->in, "epoch", 1, &w->epoch))
		return ERR_SYNTAX;
	home_id_make(founder, nonce, &want);
	if (!id_eq(&want, &w->home))
		return ERR_SYNTAX;
	if ((e = keeper_ask(c->core, MSG_SLOT_NEW, SLICE_LIT(""), &slot)) !=
		ERR_OK ||
	    slot.len != 4)
		return e == ERR_OK ? ERR_CORRUPT : e;
	w->state.slot = (uint32_t)slice_be(buf_slice(&slot), 4);
	w->state.grants = 1;
	w->version = 1;
	if ((e = home_put(c->core, SQL_HOME_ADD, &w->home, &w->state)) !=
		ERR_OK ||
	    (e = entry_add(c, w)) != ERR_OK ||
	    (e = keyitems_add(c, w)) != ERR_OK)
		return e;
	return grant_add(c, &w->home, json_object_get(c->in, "grant"));
}

void
home_post(struct call *c)
{
	struct write w = { 0 };
	enum err e;

	if (!ticket_need(c, TICKET_SESSION) ||
	    !in_only(c, c->in,
		ONLY("home", "nonce", "founder", "epoch", "entry", "people",
		    "hub", "keys", "grant")))
		return;
	if ((e = tally_home(c->core, &c->account)) == ERR_LIMIT) {
		(void)call_fail(c, 413, "limit",
		    WORDS("This account has as many homes as it may have."));
		return;
	}
	if (e != ERR_OK || (e = home_create(c, &w)) != ERR_OK)
		(void)call_fail_err(c, e);
}

/* --- going in --- */

void
home_nonce(struct call *c)
{
	if (!ticket_need(c, TICKET_SESSION) || !in_only(c, c->in, ONLY(NULL)))
		return;
	struct nonce *n = &c->core->nonces[c->core->nonce_next++ % NONCES];
	octets_random(n->octets, sizeof n->octets);
	n->session = c->ticket;
	n->until_ms = loop_now_ms(c->core->loop) + NONCE_MS;
	out_shown(c, c->out, "nonce", shown_handshake(SLICE_OF(n->octets)));
}

static enum err
home_ticket_add(struct call *c, const struct grant *g, const struct id *grant,
    const struct ticket_in *t)
{
	const struct id kind = { { TICKET_HOME } };
	struct claims claims = { .expiry_s = clock_realtime_s() + HOME_TICKET_S,
		.rights = g->rights,
		.own_octets = 2 * ID_OCTETS };

	claims_scope(&claims, SCOPE_GLOBAL, NULL);
	claims_scope(&claims, SCOPE_KIND, &kind);
	claims_scope(&claims, SCOPE_HOME, &g->home);
	claims_scope(&claims, SCOPE_GRANT, grant);
	claims_scope(&claims, SCOPE_ACCOUNT, &c->account);
	/* the session's: it ends with the sign-in */
	claims_scope(&claims, SCOPE_DEVICE, &c->ticket);
	memcpy(claims.own, g->home.octets, ID_OCTETS);
	memcpy(claims.own + ID_OCTETS, grant->octets, ID_OCTETS);
	out_id(c, c->out, "home", &g->home);
	out_count(c, c->out, "rights", (struct count){ g->rights });
	out_count(c, c->out, "expires", (struct count){ claims.expiry_s });
	return ticket_add(c->core, TICKET_HOME, t, &claims);
}

void
home_open(struct call *c)
{
	uint8_t nonce[32], signature[SIGN_OCTETS];
	struct ticket_in t;
	struct grant g;
	struct id id;
	enum err e;

	if (!ticket_need(c, TICKET_SESSION) ||
	    !in_only(c, c->in, ONLY("grant", "nonce", "sign", "ticket")) ||
	    !in_id(c, c->in, "grant", &id) ||
	    !in_octets(c, c->in, "nonce", nonce, sizeof nonce) ||
	    !in_octets(c, c->in, "sign", signature, sizeof signature) ||
	    !in_ticket(c, c->in, "ticket", &t))
		return;
	if ((e = nonce_take(c, nonce)) != ERR_OK ||
	    (e = grant_get(c->core, &id, &g)) != ERR_OK ||
	    sign_check(g.key, LABEL_HOME_OPEN,
		FIELDS(SLICE_OF(c->origin), id_slice(&c->ticket),
		    SLICE_OF(nonce), id_slice(&id)),
		signature) != ERR_OK) {
		(void)call_fail_err(c, ERR_DENIED);
		return;
	}
	if ((e = tally_open(c->core, &c->account)) != ERR_OK ||
	    (e = home_ticket_add(c, &g, &id, &t)) != ERR_OK)
		(void)call_fail_err(c, e);
}

/* --- a later version --- */

static enum err
device_streams(struct call *c, struct write *w, const json_t *list,
    struct device *d)
{
	const json_t *o;
	size_t i;

	json_array_foreach(list, i, o)
	{
		struct stream s = { .home = w->home,
			.writer = d->id,
			.slot = w->state.slot },
			      have;
		uint64_t class;
		struct id id;
		enum err e;

		if (!in_only(c, o, ONLY("id", "class")) ||
		    !in_id(c, o, "id", &id) ||
		    !in_number(c, o, "class", 3, &class) || class == 0)
			return ERR_SYNTAX;
		s.class = (uint8_t) class;
		d->streams[d->stream_count].id = id;
		d->streams[d->stream_count++].class = s.class;
		e = stream_get(c->core, &id, &have);
		/* a stream has one writer and one home for life */
		if (e == ERR_OK && id_eq(&have.home, &w->home) &&
		    id_eq(&have.writer, &d->id) && have.class == s.class)
			continue;
		if (e != ERR_MISSING)
			return e == ERR_OK ? ERR_CONFLICT : e;
		if (w->state.stream_count == HOME_STREAMS_MAX)
			return home_full(c,
			    WORDS("This home has no room for more cameras."));
		w->state.streams[w->state.stream_count++] = id;
		if ((e = stream_add(c->core, &id, &s)) != ERR_OK)
			return e;
	}
	return ERR_OK;
}

/* ERR_LIMIT: the grant has one. */
static enum err
grant_streams(struct core *core, const struct home *h, const struct id *grant)
{
	struct stream s;
	enum err e;

	for (size_t i = 0; i < h->stream_count; i++)
		if ((e = stream_get(core, &h->streams[i], &s)) != ERR_OK)
			return e;
		else if (id_eq(&s.writer, grant))
			return ERR_LIMIT;
	return ERR_OK;
}

enum err
member_stream_add(struct call *c, const struct id *stream,
    const struct id *grant, struct stream *ret)
{
	struct home h;
	enum err e;

	if ((e = home_get(c->core, &c->home, &h)) != ERR_OK)
		return e;
	if (h.stream_count == HOME_STREAMS_MAX ||
	    (e = grant_streams(c->core, &h, grant)) == ERR_LIMIT)
		return home_full(c,
		    WORDS("There is no room for another list of that kind."));
	if (e != ERR_OK)
		return e;
	*ret = (struct stream){ .home = c->home,
		.writer = *grant,
		.slot = h.slot,
		.class = STREAM_LOG };
	h.streams[h.stream_count++] = *stream;
	if ((e = stream_add(c->core, stream, ret)) != ERR_OK)
		return e;
	return home_put(c->core, SQL_HOME_NEXT, &c->home, &h);
}

static enum err
device_take_in(struct call *c, struct write *w, const json_t *o)
{
	uint8_t spki[SHA256_OCTETS];
	struct device d, before;
	struct grant g;
	enum err e;

	memset(&d, 0, sizeof d);
	if (!in_only(c, o, ONLY("id", "spki", "streams")) ||
	    !in_id(c, o, "id", &d.id) ||
	    !in_octets(c, o, "spki", spki, sizeof spki))
		return ERR_SYNTAX;
	const json_t *list = in_list(c, o, "streams", COUNT(d.streams));
	if (list == NULL)
		return ERR_SYNTAX;
	/* a hub of that name would write into the member's own stream */
	if ((e = grant_get(c->core, &d.id, &g)) != ERR_MISSING)
		return e == ERR_OK ? ERR_CONFLICT : e;
	/* it must have proved its key; and another home's stays there */
	if ((e = device_get(c->core, spki, &before)) != ERR_OK)
		return e;
	if (!id_is_zero(&before.home) && !id_eq(&before.home, &w->home))
		return ERR_DENIED;
	if (id_is_zero(&before.home) && w->state.devices++ >= HOME_DEVICES_MAX)
		return home_full(c,
		    WORDS("This home has no room for more hubs."));
	d.home = w->home;
	if ((e = device_streams(c, w, list, &d)) != ERR_OK)
		return e;
	return device_put(c->core, spki, &d);
}

static enum err
each_in(struct call *c, struct write *w, const char *name, size_t max,
    enum err (*take)(struct call *, struct write *, const json_t *))
{
	const json_t *list = in_list(c, c->in, name, max), *o;
	enum err e = list == NULL ? ERR_SYNTAX : ERR_OK;
	size_t i;

	json_array_foreach(list, i, o) if (e == ERR_OK) e = take(c, w, o);
	return e;
}

static enum err
grant_take(struct call *c, struct write *w, const json_t *o)
{
	if (w->state.grants++ >= HOME_GRANTS_MAX)
		return home_full(c,
		    WORDS("This home has no room for more members."));
	return grant_add(c, &w->home, o);
}

static enum err
grant_remove(struct call *c, struct write *w, const json_t *o)
{
	uint8_t scope[1 + ID_OCTETS] = { SCOPE_GRANT };
	struct grant g;
	struct id id;
	enum err e;

	if (!json_is_string(o) ||
	    b64_decode_exactly(slice_make(json_string_value(o),
				   json_string_length(o)),
		id.octets, ID_OCTETS) != ERR_OK)
		return ERR_SYNTAX;
	if ((e = grant_get(c->core, &id, &g)) != ERR_OK)
		return e;
	if (!id_eq(&g.home, &w->home))
		return ERR_DENIED;
	memcpy(scope + 1, id.octets, ID_OCTETS);
	if ((e = store_write(c->core->store, SQL_GRANT_DROP,
		 CELLS(cell_id(&id)))) != ERR_OK)
		return e;
	if (w->state.grants > 0)
		w->state.grants--;
	edge_tickets_died(c->core);
	return keeper_ask(c->core, MSG_GENERATION_RAISE, SLICE_OF(scope), NULL);
}

/* The list is kept for ever: so many versions of it on a day. */
static enum err
write_count(struct home *h)
{
	const uint32_t today = clock_day();

	if (h->day != today)
		h->writes = 0;
	h->day = today;
	return h->writes++ >= HOME_WRITES_MAX ? ERR_LIMIT : ERR_OK;
}

static enum err
version_write(struct call *c, struct write *w)
{
	enum err e;

	if (!in_number(c, c->in, "version", UINT32_MAX, &w->version) ||
	    !in_number(c, c->in, "epoch", UINT32_MAX, &w->epoch))
		return ERR_SYNTAX;
	if ((e = home_get(c->core, &w->home, &w->state)) != ERR_OK)
		return e;
	if (w->version != w->state.newest + 1)
		return ERR_CONFLICT;
	w->state.newest = w->version;
	if ((e = write_count(&w->state)) != ERR_OK ||
	    (e = entry_add(c, w)) != ERR_OK ||
	    (e = keyitems_add(c, w)) != ERR_OK ||
	    (e = each_in(c, w, "remove_grants", GRANTS_MAX, grant_remove)) !=
		ERR_OK ||
	    (e = each_in(c, w, "grants", GRANTS_MAX, grant_take)) != ERR_OK ||
	    (e = each_in(c, w, "devices", DEVICES_MAX, device_take_in)) !=
		ERR_OK)
		return e;
	return home_put(c->core, SQL_HOME_NEXT, &w->home, &w->state);
}

static void
home_changed(struct core *core, const struct id *home)
{
	static const struct id any_device;
	AUTO_TELL struct tell t;

	tell_init(&t, 64);
	tell_id(&t, home);
	tell_id(&t, &any_device);
	if (core->edge != NULL && tell_end(&t) == ERR_OK)
		(void)!tell_notice(core->edge, MSG_HOME_CHANGED, &t);
}

void
home_write(struct call *c)
{
	struct write w = { 0 };
	enum err e;

	if (!ticket_need(c, TICKET_HOME) ||
	    !in_only(c, c->in,
		ONLY("version", "epoch", "entry", "people", "hub", "keys",
		    "grants", "remove_grants", "devices")))
		return;
	w.home = c->home;
	if ((c->claims.rights & RIGHT_MANAGE) == 0)
		e = ERR_DENIED;
	else
		e = version_write(c, &w);
	if (e != ERR_OK)
		(void)call_fail_err(c, e);
	else
		home_changed(c->core, &w.home);
}
