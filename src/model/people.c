#include "model/people.h"

#include <stdlib.h>

#include "base/obj.h"
#include "model/json_read.h"
#include "model/keep.h"

static const struct {
	const char *text;
	unsigned rights;
} roles[] = {
#define X(name, text, rights) { text, rights },
	ROLE_LIST(X)
#undef X
};

unsigned
role_rights(enum role role)
{
	assert(role < ROLE__MAX);
	return roles[role].rights;
}

enum err
role_parse(struct slice text, enum role *ret_role)
{
	for (size_t i = 0; i < COUNT(roles); i++)
		if (slice_eq(text, slice_str(roles[i].text))) {
			*ret_role = (enum role)i;
			return ERR_OK;
		}
	return ERR_SYNTAX;
}

/* Keep a text beyond the life of the JSON. */
static struct slice
text_keep(struct people *p, struct json_in *in, const char *name)
{
	const struct slice s = json_in_text(in, name, PEOPLE_NAME_OCTETS);
	const size_t from = p->text.len;

	if (in->err == ERR_OK)
		in->err = buf_append(&p->text, s);
	return in->err == ERR_OK ? slice_skip(buf_slice(&p->text), from)
				 : (struct slice){ NULL, 0 };
}

static enum err
member_get(struct people *p, json_t *from)
{
	struct member *m = &p->member[p->member_count++];
	struct json_in in;

	json_in_init(&in, from);
	json_in_id(&in, "id", &m->id);
	const struct slice role = json_in_text(&in, "role", 16);
	m->name = text_keep(p, &in, "name");
	json_in_octets(&in, "sign", m->sign, sizeof m->sign);
	json_in_octets(&in, "kx", m->kx, sizeof m->kx);
	json_in_id(&in, "grant", &m->grant);
	if (in.err == ERR_OK)
		in.err = role_parse(role, &m->role);
	for (size_t i = 0; i + 1 < p->member_count; i++)
		if (id_eq(&p->member[i].id, &m->id))
			return ERR_SYNTAX;
	return json_in_end(&in);
}

static enum err
hub_get(struct people *p, json_t *from)
{
	struct people_hub *h = &p->hub[p->hub_count++];
	struct json_in in;

	json_in_init(&in, from);
	json_in_id(&in, "id", &h->id);
	json_in_octets(&in, "sign", h->sign, sizeof h->sign);
	json_in_octets(&in, "kx", h->kx, sizeof h->kx);
	json_in_octets(&in, "spki", h->spki, sizeof h->spki);
	for (size_t i = 0; i + 1 < p->hub_count; i++)
		if (id_eq(&p->hub[i].id, &h->id))
			return ERR_SYNTAX;
	return json_in_end(&in);
}

static const char *const tracks[] = {
#define X(name, text) [TRACK_##name] = text,
	TRACK_LIST(X)
#undef X
};

const char *
track_word(enum track_kind as)
{
	assert(as > TRACK_OTHER && as < TRACK__MAX);
	return tracks[as];
}

static enum track_kind
track_get(struct json_in *in, json_t *from)
{
	if (json_object_get(from, "as") == NULL)
		return TRACK_OTHER;
	const struct slice word = json_in_text(in, "as", 16);
	for (size_t i = TRACK_OTHER + 1; i < COUNT(tracks); i++)
		if (slice_eq(word, slice_str(tracks[i])))
			return (enum track_kind)i;
	in->err = ERR_SYNTAX;
	return TRACK_OTHER;
}

static enum err
streams_get(struct thing *t, json_t *from)
{
	enum err e;

	for (size_t i = 0; i < json_array_size(from); i++) {
		struct people_stream *s = &t->stream[t->stream_count++];
		struct json_in in;
		json_in_init(&in, json_array_get(from, i));
		json_in_id(&in, "id", &s->id);
		s->class = (uint8_t)json_in_number(&in, "class", 3);
		s->as = track_get(&in, json_array_get(from, i));
		if ((e = json_in_end(&in)) != ERR_OK)
			return e;
		if (s->class == 0)
			return ERR_SYNTAX;
	}
	return ERR_OK;
}

static enum err
thing_get(struct people *p, json_t *from)
{
	struct thing *t = &p->thing[p->thing_count++];
	struct json_in in;
	enum err e;

	json_in_init(&in, from);
	json_in_id(&in, "id", &t->id);
	t->kind = text_keep(p, &in, "kind");
	t->name = text_keep(p, &in, "name");
	json_in_id(&in, "hub", &t->hub);
	json_t *streams = json_in_array(&in, "streams", PEOPLE_STREAMS_MAX);
	if ((e = json_in_end(&in)) != ERR_OK)
		return e;
	for (size_t i = 0; i + 1 < p->thing_count; i++)
		if (id_eq(&p->thing[i].id, &t->id))
			return ERR_SYNTAX;
	return streams_get(t, streams);
}

static enum err
commit_get(struct people *p, json_t *from)
{
	struct commit *c = &p->commit[p->commit_count++];
	struct json_in in;

	json_in_init(&in, from);
	c->kind = (uint8_t)json_in_number(&in, "kind", KEY_HOURS);
	json_in_id(&in, "id", &c->id);
	json_in_octets(&in, "commit", c->commit, sizeof c->commit);
	return json_in_end(&in);
}

static enum err
each_get(struct people *p, json_t *array,
    enum err (*get)(struct people *, json_t *))
{
	enum err e = ERR_OK;

	for (size_t i = 0; e == ERR_OK && i < json_array_size(array); i++)
		e = get(p, json_array_get(array, i));
	return e;
}

/* In one form, whoever wrote it. */
static enum err
json_keep(struct people *p, const json_t *from, struct slice *ret)
{
	const size_t begin = p->text.len;
	char *text = json_dumps(from, JSON_COMPACT | JSON_SORT_KEYS);
	enum err e;

	if (text == NULL)
		return ERR_NOMEM;
	e = buf_append(&p->text, slice_str(text));
	free(text);
	*ret = slice_skip(buf_slice(&p->text), begin);
	return e;
}

/* A home in which nobody chose has none. */
static enum err
keep_get(struct people *p, json_t *keep)
{
	const enum err e = keep == NULL ? ERR_OK : keep_check(keep);

	return e != ERR_OK || keep == NULL ? e : json_keep(p, keep, &p->keep);
}

static enum err
people_get(struct people *p, json_t *root)
{
	struct json_in in;
	enum err e;

	json_in_init(&in, root);
	p->name = text_keep(p, &in, "name");
	p->zone = text_keep(p, &in, "zone");
	json_in_octets(&in, "founder", p->founder, sizeof p->founder);
	json_in_octets(&in, "nonce", p->nonce, sizeof p->nonce);
	json_t *members = json_in_array(&in, "members", PEOPLE_MEMBERS_MAX);
	json_t *hubs = json_in_array(&in, "hubs", PEOPLE_HUBS_MAX);
	json_t *things = json_in_array(&in, "things", PEOPLE_THINGS_MAX);
	json_t *commits = json_in_array(&in, "commits", PEOPLE_COMMITS_MAX);
	json_t *guests = json_in_array(&in, "guests", 256);
	json_t *keep = json_object_get(root, "keep") == NULL
			   ? NULL
			   : json_in_get(&in, "keep", JSON_OBJECT);
	if ((e = json_in_end(&in)) != ERR_OK ||
	    (e = each_get(p, members, member_get)) != ERR_OK ||
	    (e = each_get(p, hubs, hub_get)) != ERR_OK ||
	    (e = each_get(p, things, thing_get)) != ERR_OK ||
	    (e = each_get(p, commits, commit_get)) != ERR_OK ||
	    (e = keep_get(p, keep)) != ERR_OK)
		return e;
	return json_keep(p, guests, &p->guests);
}

enum err
people_parse(struct slice json, struct people **ret_people)
{
	struct people *p = calloc(1, sizeof *p);
	json_t *root = NULL;
	uint8_t *room;
	enum err e;

	if (p == NULL)
		return ERR_NOMEM;
	/* reserved at once and never grown: slices point into it */
	buf_init(&p->text, 2 * json.len + 16);
	if ((e = json_text_parse(json, PEOPLE_OCTETS_MAX, &root)) == ERR_OK &&
	    (e = buf_reserve(&p->text, p->text.cap, &room)) == ERR_OK)
		e = people_get(p, root);
	json_decref(root);
	if (e != ERR_OK) {
		people_destroy(p);
		return e;
	}
	*ret_people = p;
	return ERR_OK;
}

void
people_destroy(struct people *p)
{
	if (p == NULL)
		return;
	buf_fini(&p->text);
	free(p);
}

const struct member *
people_member(const struct people *p, const struct id *id)
{
	for (size_t i = 0; i < p->member_count; i++)
		if (id_eq(&p->member[i].id, id))
			return &p->member[i];
	return NULL;
}

const struct people_hub *
people_hub(const struct people *p, const struct id *id)
{
	for (size_t i = 0; i < p->hub_count; i++)
		if (id_eq(&p->hub[i].id, id))
			return &p->hub[i];
	return NULL;
}

const struct people_stream *
thing_stream(const struct thing *t, enum track_kind as)
{
	for (size_t i = 0; i < t->stream_count; i++)
		if (t->stream[i].as == as)
			return &t->stream[i];
	return NULL;
}

const struct thing *
people_thing(const struct people *p, const struct id *id)
{
	for (size_t i = 0; i < p->thing_count; i++)
		if (id_eq(&p->thing[i].id, id))
			return &p->thing[i];
	return NULL;
}

bool
people_commits(const struct people *p, uint8_t kind, const struct id *id,
    const uint8_t commit[static SHA256_OCTETS])
{
	for (size_t i = 0; i < p->commit_count; i++) {
		const struct commit *c = &p->commit[i];
		if (c->kind == kind && id_eq(&c->id, id) &&
		    memcmp(c->commit, commit, SHA256_OCTETS) == 0)
			return true;
	}
	return false;
}
