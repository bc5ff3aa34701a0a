#include "model/directory.h"

#include "base/obj.h"
#include "crypto/names.h"

void
directory_fini(struct directory *d)
{
	people_destroy(d->people);
	buf_fini(&d->hub_json);
	*d = (struct directory){ 0 };
}

static bool
member_keys_same(const struct member *a, const struct member *b)
{
	return id_eq(&a->grant, &b->grant) &&
	       memcmp(a->sign, b->sign, sizeof a->sign) == 0 &&
	       memcmp(a->kx, b->kx, sizeof a->kx) == 0;
}

/* Same members in the same order; keys differ only in the author's own row. */
static bool
members_allowed(const struct people *a, const struct people *b,
    const struct id *author, bool names)
{
	if (a->member_count != b->member_count)
		return false;
	for (size_t i = 0; i < a->member_count; i++) {
		const struct member *m = &a->member[i], *n = &b->member[i];
		if (!id_eq(&m->id, &n->id) || m->role != n->role ||
		    (!names && !slice_eq(m->name, n->name)) ||
		    (!id_eq(&m->id, author) && !member_keys_same(m, n)))
			return false;
	}
	return true;
}

static bool
hubs_same(const struct people *a, const struct people *b)
{
	if (a->hub_count != b->hub_count)
		return false;
	for (size_t i = 0; i < a->hub_count; i++) {
		const struct people_hub *g = &a->hub[i], *h = &b->hub[i];
		if (!id_eq(&g->id, &h->id) ||
		    memcmp(g->sign, h->sign, sizeof g->sign) != 0 ||
		    memcmp(g->kx, h->kx, sizeof g->kx) != 0 ||
		    memcmp(g->spki, h->spki, sizeof g->spki) != 0)
			return false;
	}
	return true;
}

static bool
streams_same(const struct thing *s, const struct thing *t)
{
	if (s->stream_count != t->stream_count)
		return false;
	for (size_t i = 0; i < s->stream_count; i++)
		if (!id_eq(&s->stream[i].id, &t->stream[i].id) ||
		    s->stream[i].class != t->stream[i].class)
			return false;
	return true;
}

static bool
things_allowed(const struct people *a, const struct people *b, bool names)
{
	if (a->thing_count != b->thing_count)
		return false;
	for (size_t i = 0; i < a->thing_count; i++) {
		const struct thing *s = &a->thing[i], *t = &b->thing[i];
		if (!id_eq(&s->id, &t->id) || !id_eq(&s->hub, &t->hub) ||
		    !slice_eq(s->kind, t->kind) || !streams_same(s, t) ||
		    (!names && !slice_eq(s->name, t->name)))
			return false;
	}
	return true;
}

static bool
commits_same(const struct people *a, const struct people *b)
{
	if (a->commit_count != b->commit_count)
		return false;
	for (size_t i = 0; i < a->commit_count; i++) {
		const struct commit *c = &a->commit[i], *d = &b->commit[i];
		if (c->kind != d->kind || !id_eq(&c->id, &d->id) ||
		    memcmp(c->commit, d->commit, sizeof c->commit) != 0)
			return false;
	}
	return true;
}

static bool
has_owner(const struct people *p)
{
	for (size_t i = 0; i < p->member_count; i++)
		if (p->member[i].role == ROLE_OWNER)
			return true;
	return false;
}

enum err
directory_allows(const struct people *before, const struct people *after,
    const struct id *author, bool hub_same, bool epoch_same)
{
	const struct member *by = people_member(before, author);

	if (by == NULL || !has_owner(after) ||
	    memcmp(before->founder, after->founder, sizeof after->founder) !=
		0 ||
	    memcmp(before->nonce, after->nonce, sizeof after->nonce) != 0)
		return ERR_DENIED;
	if (by->role == ROLE_OWNER)
		return ERR_OK;
	const bool adult = by->role == ROLE_ADULT;
	if (!hub_same || !hubs_same(before, after) ||
	    !members_allowed(before, after, author, adult) ||
	    !things_allowed(before, after, adult))
		return ERR_DENIED;
	/* commits belong to an epoch: who may not begin one may not touch them */
	if (!commits_same(before, after) && (!adult || epoch_same))
		return ERR_DENIED;
	if (adult)
		return ERR_OK;
	return epoch_same && slice_eq(before->name, after->name) &&
		       slice_eq(before->zone, after->zone) &&
		       slice_eq(before->guests, after->guests) &&
		       slice_eq(before->keep, after->keep)
		   ? ERR_OK
		   : ERR_DENIED;
}

/* A version with its pieces opened, not yet believed. */
struct opened {
	struct dir_entry entry;
	struct buf entry_octets, people_json, hub_json;
	struct people *people;
	uint8_t hash[SHA256_OCTETS];
};

static void
opened_fini(struct opened *o)
{
	buf_fini(&o->entry_octets);
	buf_fini(&o->people_json);
	buf_fini(&o->hub_json);
	people_destroy(o->people);
}

static void
padding_cut(struct buf *b)
{
	while (b->len > 0 && b->at[b->len - 1] == ' ')
		b->len--;
}

static enum err
pieces_open(struct opened *o, const struct id *home, uint64_t version,
    const struct dir_keys *keys, const struct dir_sealed *sealed)
{
	uint8_t hash[SHA256_OCTETS];
	enum err e;

	if ((e = dir_piece_open(keys->people_key, LABEL_DIRECTORY_ENTRY, home,
		 version, sealed->entry, &o->entry_octets)) != ERR_OK ||
	    (e = dir_entry_get(buf_slice(&o->entry_octets), &o->entry)) !=
		ERR_OK)
		return e;
	if (!id_eq(&o->entry.home, home) || o->entry.version != version)
		return ERR_CONFLICT;
	sha256(sealed->people, hash);
	if (memcmp(hash, o->entry.people_hash, sizeof hash) != 0)
		return ERR_CORRUPT;
	sha256(sealed->hub, hash);
	if (memcmp(hash, o->entry.hub_hash, sizeof hash) != 0)
		return ERR_CORRUPT;
	sha256(buf_slice(&o->entry_octets), o->hash);
	if ((e = dir_piece_open(keys->people_key, LABEL_DIRECTORY_PEOPLE, home,
		 version, sealed->people, &o->people_json)) != ERR_OK ||
	    (keys->hub_key != NULL &&
		(e = dir_piece_open(keys->hub_key, LABEL_DIRECTORY_HUB, home,
		     version, sealed->hub, &o->hub_json)) != ERR_OK))
		return e;
	padding_cut(&o->people_json);
	padding_cut(&o->hub_json);
	return people_parse(buf_slice(&o->people_json), &o->people);
}

static void
opened_init(struct opened *o)
{
	*o = (struct opened){ 0 };
	/* room for the tag, which the opener needs on its way */
	buf_init(&o->entry_octets, DIR_ENTRY_OCTETS + 64);
	buf_init_secret(&o->people_json, PEOPLE_OCTETS_MAX + 64);
	buf_init_secret(&o->hub_json, DIR_HUB_OCTETS_MAX + 64);
}

/* o's contents become d's. */
static void
directory_become(struct directory *d, struct opened *o)
{
	directory_fini(d);
	d->home = o->entry.home;
	d->version = o->entry.version;
	d->epoch = o->entry.epoch;
	d->time_us = o->entry.time_us;
	memcpy(d->hash, o->hash, sizeof d->hash);
	d->people = o->people;
	d->hub_json = o->hub_json;
	o->people = NULL;
	o->hub_json = (struct buf){ 0 };
}

/* Version 1: the home's id commits to the founder, who signs as an owner. */
static enum err
first_check(const struct opened *o)
{
	static const uint8_t zeros[SHA256_OCTETS];
	const struct people *p = o->people;
	const struct member *by = people_member(p, &o->entry.author);
	struct id home;

	home_id_make(p->founder, p->nonce, &home);
	if (!id_eq(&home, &o->entry.home) || o->entry.epoch != 1 ||
	    memcmp(o->entry.before_hash, zeros, sizeof zeros) != 0)
		return ERR_CONFLICT;
	if (by == NULL || by->role != ROLE_OWNER)
		return ERR_DENIED;
	return dir_entry_check(buf_slice(&o->entry_octets), p->founder);
}

static enum err
next_check(const struct directory *d, const struct opened *o)
{
	const bool epoch_same = o->entry.epoch == d->epoch;
	const struct member *by = people_member(d->people, &o->entry.author);
	enum err e;

	if (memcmp(o->entry.before_hash, d->hash, sizeof d->hash) != 0 ||
	    (!epoch_same && o->entry.epoch != d->epoch + 1))
		return ERR_CONFLICT;
	if (by == NULL)
		return ERR_DENIED;
	if ((e = dir_entry_check(buf_slice(&o->entry_octets), by->sign)) !=
	    ERR_OK)
		return e;
	return directory_allows(d->people, o->people, &o->entry.author,
	    slice_eq(buf_slice(&d->hub_json), buf_slice(&o->hub_json)),
	    epoch_same);
}

enum err
directory_take(struct directory *d, const struct id *home,
    const struct dir_keys *keys, const struct dir_sealed *sealed)
{
	struct opened o;
	enum err e;

	opened_init(&o);
	if ((e = pieces_open(&o, home, d->version + 1, keys, sealed)) == ERR_OK)
		e = d->version == 0 ? first_check(&o) : next_check(d, &o);
	if (e == ERR_OK)
		directory_become(d, &o);
	opened_fini(&o);
	return e;
}

enum err
directory_begin(struct directory *d, const struct id *home,
    const struct dir_keys *keys, uint64_t version,
    const uint8_t hash[static SHA256_OCTETS], const struct dir_sealed *sealed)
{
	struct opened o;
	enum err e;

	opened_init(&o);
	if ((e = pieces_open(&o, home, version, keys, sealed)) == ERR_OK &&
	    memcmp(o.hash, hash, SHA256_OCTETS) != 0)
		e = ERR_CONFLICT;
	if (e == ERR_OK)
		directory_become(d, &o);
	opened_fini(&o);
	return e;
}
