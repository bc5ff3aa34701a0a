/*
 * device.c - hubs and things: who they are is their key; where they belong
 * is a row that only the keeper opens.
 */
#include <stdlib.h>

#include "base/codec.h"
#include "crypto/x509.h"
#include "eavesd/core/core.h"
#include "os/clock.h"

#define LINK_S 900u

static struct id
device_name(const uint8_t spki[static SHA256_OCTETS])
{
	struct id name;

	memcpy(name.octets, spki, ID_OCTETS);
	return name;
}

static enum err
device_parse(struct slice body, struct device *ret)
{
	struct rd r;

	rd_init(&r, body);
	rd_id(&r, &ret->id);
	rd_id(&r, &ret->home);
	ret->stream_count = rd_u8(&r);
	if (ret->stream_count > COUNT(ret->streams))
		return ERR_CORRUPT;
	for (size_t i = 0; i < ret->stream_count; i++) {
		rd_id(&r, &ret->streams[i].id);
		ret->streams[i].class = rd_u8(&r);
	}
	return rd_end(&r);
}

enum err
device_get(struct core *core, const uint8_t spki[static SHA256_OCTETS],
    struct device *ret)
{
	const struct index16 name = { device_name(spki) };
	AUTO_BUF struct buf sealed, body;
	enum err e;

	buf_init(&sealed, 4096);
	buf_init(&body, 4096);
	if ((e = store_octets(core->store, SQL_DEVICE_GET,
		 CELLS(cell_index(&name)), 0, &sealed)) != ERR_OK ||
	    (e = row_open(core, TABLE_DEVICE, 0, &name.octets,
		 buf_slice(&sealed), &body)) != ERR_OK)
		return e;
	return device_parse(buf_slice(&body), ret);
}

enum err
device_put(struct core *core, const uint8_t spki[static SHA256_OCTETS],
    const struct device *d)
{
	const struct index16 name = { device_name(spki) };
	AUTO_BUF struct buf sealed, body;
	struct wr w;
	enum err e;

	buf_init(&sealed, 4096);
	buf_init(&body, 4096);
	wr_init(&w, &body);
	wr_id(&w, &d->id);
	wr_id(&w, &d->home);
	wr_u8(&w, (uint8_t)d->stream_count);
	for (size_t i = 0; i < d->stream_count; i++) {
		wr_id(&w, &d->streams[i].id);
		wr_u8(&w, d->streams[i].class);
	}
	if ((e = wr_end(&w)) != ERR_OK ||
	    (e = row_seal(core, TABLE_DEVICE, 0, &name.octets, buf_slice(&body),
		 &sealed)) != ERR_OK)
		return e;
	return store_write(core->store, SQL_DEVICE_PUT,
	    CELLS(cell_index(&name),
		cell_sealed(sealed_by_keeper(buf_slice(&sealed)))));
}

/* --- not too many --- */

struct strangers {
	struct core *core;
	struct index16 name[SERVER_DEVICES_MAX];
	size_t count;
};

static enum err
stranger_take(void *ctx, const struct row *row)
{
	struct strangers *all = ctx;
	const struct slice name = row_octets(row, 0);
	AUTO_BUF struct buf body = { 0 };
	struct device d;
	struct id id;
	enum err e;

	if (name.len != ID_OCTETS || all->count == COUNT(all->name))
		return ERR_OK;
	memcpy(id.octets, name.at, ID_OCTETS);
	buf_init(&body, 4096);
	if ((e = row_open(all->core, TABLE_DEVICE, 0, &id, row_octets(row, 2),
		 &body)) != ERR_OK ||
	    (e = device_parse(buf_slice(&body), &d)) != ERR_OK)
		return e;
	if (id_is_zero(&d.home))
		all->name[all->count++].octets = id;
	return ERR_OK;
}

/* Anybody may enroll; who stayed a stranger makes room for the next one. */
static enum err
strangers_drop(struct core *core)
{
	struct strangers *all = calloc(1, sizeof *all);
	enum err e;

	if (all == NULL)
		return ERR_NOMEM;
	all->core = core;
	e = store_each(core->store, SQL_CHECK_DEVICE, NO_CELLS, stranger_take,
	    all);
	for (size_t i = 0; e == ERR_OK && i < all->count; i++)
		e = store_write(core->store, SQL_DEVICE_DROP,
		    CELLS(cell_index(&all->name[i])));
	if (e == ERR_OK && all->count == 0)
		e = ERR_LIMIT;
	free(all);
	return e;
}

static enum err
device_new(struct core *core, const uint8_t spki[static SHA256_OCTETS])
{
	const struct device none = { 0 };
	uint64_t count = 0;
	enum err e;

	if ((e = store_number(core->store, SQL_DEVICE_COUNT, NO_CELLS, 0,
		 &count)) != ERR_OK ||
	    (count >= SERVER_DEVICES_MAX &&
		(e = strangers_drop(core)) != ERR_OK))
		return e;
	return device_put(core, spki, &none);
}

void
device_enroll(struct call *c)
{
	uint8_t hash[SHA256_OCTETS];
	AUTO_BUF struct buf csr;
	struct device d = { 0 };
	enum err e;

	buf_init(&csr, CSR_OCTETS_MAX);
	if (!in_only(c, c->in, ONLY("csr")) || !in_blob(c, c->in, "csr", &csr))
		return;
	if (!c->has_spki || csr_check(buf_slice(&csr), hash) != ERR_OK ||
	    memcmp(hash, c->spki, sizeof hash) != 0) {
		(void)call_fail(c, 403, "denied",
		    WORDS("The request is not signed by this device's key."));
		return;
	}
	e = device_get(c->core, c->spki, &d);
	if (e == ERR_MISSING)
		e = device_new(c->core, c->spki);
	if (e != ERR_OK) {
		(void)call_fail_err(c, e);
		return;
	}
	const bool known = !id_is_zero(&d.home);
	out_words(c, c->out, "state", known ? WORDS("known") : WORDS("new"));
	if (known) {
		out_id(c, c->out, "device", &d.id);
		out_id(c, c->out, "home", &d.home);
	}
}

/* The device's own one again, else a free one, else NULL. */
static struct link *
link_place(struct core *core, const uint8_t spki[static SHA256_OCTETS])
{
	struct link *place = NULL;

	for (size_t i = 0; i < COUNT(core->links); i++) {
		struct link *l = &core->links[i];

		if (memcmp(l->spki, spki, SHA256_OCTETS) == 0)
			return l;
		if (l->until_ms <= loop_now_ms(core->loop))
			place = l;
	}
	return place;
}

/*
 * The link that the hub prints: it opens a mailbox, and, while there is no
 * account, makes the first one. The hub made its secret, so the server learns
 * what lets in, no key.
 */
static enum err
link_add(struct call *c, const struct ticket_in *t)
{
	const struct id kind = { { TICKET_LINK } };
	struct claims claims = { .expiry_s = clock_realtime_s() + LINK_S };
	struct link *l = link_place(c->core, c->spki);
	uint64_t any;
	enum err e;

	if (l == NULL)
		return ERR_LIMIT;
	claims_scope(&claims, SCOPE_GLOBAL, NULL);
	claims_scope(&claims, SCOPE_KIND, &kind);
	if ((e = ticket_drop(c->core, &l->id)) != ERR_OK ||
	    (e = ticket_add(c->core, TICKET_LINK, t, &claims)) != ERR_OK)
		return e;
	e = store_number(c->core->store, SQL_ACCOUNT_ANY, NO_CELLS, 0, &any);
	if (e == ERR_MISSING) { /* only one at a time makes the first account */
		if (!id_eq(&c->core->first_link, &t->id) &&
		    (e = ticket_drop(c->core, &c->core->first_link)) != ERR_OK)
			return e;
		c->core->first_link = t->id;
	} else if (e != ERR_OK)
		return e;
	l->id = t->id;
	memcpy(l->spki, c->spki, sizeof l->spki);
	l->until_ms = loop_now_ms(c->core->loop) + LINK_S * 1000u;
	return ERR_OK;
}

void
device_link(struct call *c)
{
	struct ticket_in t = { 0 };
	enum err e;

	if (!c->has_spki || !in_only(c, c->in, ONLY("id", "secret")) ||
	    !in_id(c, c->in, "id", &t.id) ||
	    !in_octets(c, c->in, "secret", t.secret.octets, KEY_OCTETS)) {
		(void)call_fail_err(c, ERR_DENIED);
		return;
	}
	if ((e = link_add(c, &t)) != ERR_OK)
		(void)call_fail_err(c, e);
	octets_wipe(&t, sizeof t);
}
