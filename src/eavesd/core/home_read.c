/*
 * home_read.c - what a home is, to a member or to a hub: versions of the
 * directory and the reader's keys, in pieces. The server reads none of them.
 */
#include "base/codec.h"
#include "eavesd/core/core.h"

/*
 * An answer to a reader comes in pieces that a channel carries: what its
 * octets become as text, and as many items as that may be at most.
 */
#define PIECE_OCTETS   (900u << 10)
#define PIECE_ITEMS    64u
#define ITEMS_SKIP_MAX 65536u
#define PLACE_OCTETS   96u /* of text around one piece's octets */

struct reading {
	struct call *call;
	struct home home;
	struct id home_id, reader;
	json_t *list;
	size_t room; /* octets of text that still fit */
	bool cut;    /* something is left for the next piece */
};

/* Whether a row's octets still fit. What does not ends the piece. */
static bool
room_take(struct reading *r, const struct row *row)
{
	const size_t need = B64_ROOM(row_octets(row, 2).len) + PLACE_OCTETS;

	if (r->cut || need > r->room) {
		r->cut = true;
		return false;
	}
	r->room -= need;
	return true;
}

/* What a member sealed when it came in must still look like it. */
static enum err
peer_sealed_out(struct reading *r, json_t *o, const char *name, struct slice s)
{
	struct sealed sealed;

	if (sealed_by_peer(s, &sealed) != ERR_OK)
		return ERR_CORRUPT;
	out_sealed(r->call, o, name, sealed);
	return ERR_OK;
}

static void
place_out(struct reading *r, json_t *o, const struct row *row)
{
	out_count(r->call, o, "version", (struct count){ row_number(row, 0) });
	out_count(r->call, o, "epoch", (struct count){ row_number(row, 1) });
}

static enum err
version_out(void *ctx, const struct row *row)
{
	struct reading *r = ctx;
	AUTO_BUF struct buf body = { 0 };
	json_t *o;
	struct rd rd;
	enum err e;

	if (!room_take(r, row))
		return ERR_OK;
	buf_init(&body, 2 * HOME_PART_OCTETS + 4096);
	if ((o = json_object()) == NULL ||
	    json_array_append_new(r->list, o) != 0)
		return ERR_NOMEM;
	if ((e = row_open(r->call->core, TABLE_ENTRY, r->home.slot, &r->home_id,
		 row_octets(row, 2), &body)) != ERR_OK)
		return e;
	place_out(r, o, row);
	rd_init(&rd, buf_slice(&body));
	if ((e = peer_sealed_out(r, o, "entry",
		 rd_sized(&rd, HOME_ENTRY_OCTETS))) != ERR_OK ||
	    (e = peer_sealed_out(r, o, "people",
		 rd_sized(&rd, HOME_PART_OCTETS))) != ERR_OK ||
	    (e = peer_sealed_out(r, o, "hub",
		 rd_sized(&rd, HOME_PART_OCTETS))) != ERR_OK)
		return e;
	return rd_end(&rd);
}

static enum err
keyitem_out(void *ctx, const struct row *row)
{
	struct reading *r = ctx;
	AUTO_BUF struct buf item = { 0 };
	json_t *o;
	enum err e;

	r->cut |= json_array_size(r->list) == PIECE_ITEMS;
	if (!room_take(r, row))
		return ERR_OK;
	buf_init(&item, HOME_ITEM_OCTETS);
	if ((o = json_object()) == NULL ||
	    json_array_append_new(r->list, o) != 0)
		return ERR_NOMEM;
	if ((e = row_open(r->call->core, TABLE_KEYITEM, r->home.slot,
		 &r->reader, row_octets(row, 2), &item)) != ERR_OK)
		return e;
	place_out(r, o, row);
	return peer_sealed_out(r, o, "item", buf_slice(&item));
}

/*
 * Items first: a version may need any of them. Versions come with the piece
 * that brings the last items. There is always one more of something, or
 * nothing is left: a version and an item fit by themselves.
 */
static enum err
piece_make(struct reading *r, struct count since, struct count skip)
{
	struct call *c = r->call;
	enum err e;

	r->room = PIECE_OCTETS;
	r->list = json_array();
	if (json_object_set_new(c->out, "keys", r->list) != 0)
		return ERR_NOMEM;
	if ((e = store_each(c->core->store, SQL_KEYITEM_SINCE,
		 CELLS(cell_id(&r->home_id), cell_id(&r->reader),
		     cell_count(since), cell_count(skip)),
		 keyitem_out, r)) != ERR_OK)
		return e;
	r->list = json_array();
	if (json_object_set_new(c->out, "versions", r->list) != 0)
		return ERR_NOMEM;
	if (!r->cut && (e = store_each(c->core->store, SQL_ENTRY_SINCE,
			    CELLS(cell_id(&r->home_id), cell_count(since)),
			    version_out, r)) != ERR_OK)
		return e;
	/* versions beyond a piece's most are not looked at here */
	const json_t *last = json_array_get(r->list,
	    json_array_size(r->list) - 1);
	r->cut |= last != NULL && json_integer_value(json_object_get(last,
				      "version")) != (json_int_t)r->home.newest;
	return json_object_set_new(c->out, "more", json_boolean(r->cut)) == 0
		   ? ERR_OK
		   : ERR_NOMEM;
}

static void
home_tell(struct call *c, const struct id *home)
{
	struct reading r = { .call = c, .home_id = *home };
	struct count since, skip = { 0 };
	enum err e;

	if (!in_only(c, c->in, ONLY("since", "reader", "skip")) ||
	    !in_number(c, c->in, "since", UINT32_MAX, &since.n) ||
	    !in_id(c, c->in, "reader", &r.reader) ||
	    (json_object_get(c->in, "skip") != NULL &&
		!in_number(c, c->in, "skip", ITEMS_SKIP_MAX, &skip.n)))
		return;
	if ((e = home_get(c->core, home, &r.home)) != ERR_OK ||
	    (e = piece_make(&r, since, skip)) != ERR_OK)
		(void)call_fail_err(c, e);
}

void
home_read(struct call *c)
{
	if (ticket_need(c, TICKET_HOME))
		home_tell(c, &c->home);
}

void
device_home(struct call *c)
{
	struct device d;

	if (!c->has_spki || device_get(c->core, c->spki, &d) != ERR_OK ||
	    id_is_zero(&d.home)) {
		(void)call_fail(c, 404, "missing",
		    WORDS("No home has taken this device in yet."));
		return;
	}
	home_tell(c, &d.home);
}
