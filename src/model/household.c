#include "model/household.h"

#include <stdlib.h>

#include <jansson.h>

#include "base/codec.h"

void
household_draw(struct household *h, void *to, size_t n)
{
	uint8_t *at = to;

	while (n > 0) {
		const uint32_t in[2] = { h->seed, h->drawn++ };
		uint8_t out[SHA256_OCTETS];
		sha256(slice_make(in, sizeof in), out);
		const size_t take = n < sizeof out ? n : sizeof out;
		memcpy(at, out, take);
		at += take;
		n -= take;
	}
}

struct household_member *
household_add(struct household *h, enum role role, const char *name)
{
	struct household_member *m = &h->member[h->member_count++];
	AUTO_KEY seed;

	assert(h->member_count <= HOUSEHOLD_MAX);
	m->role = role;
	m->name = name;
	household_draw(h, &m->id, sizeof m->id);
	household_draw(h, &m->grant, sizeof m->grant);
	household_draw(h, &seed, sizeof seed);
	household_draw(h, &m->kx, sizeof m->kx);
	sign_pair_make(&seed, &m->sign);
	return m;
}

struct household_thing *
household_thing_add(struct household *h, const char *name)
{
	struct household_thing *t = &h->thing[h->thing_count++];

	assert(h->thing_count <= HOUSEHOLD_MAX && h->hub_count > 0);
	household_draw(h, &t->id, sizeof t->id);
	household_draw(h, &t->stream, sizeof t->stream);
	t->hub = h->hub[0].id;
	t->name = name;
	return t;
}

void
household_epoch(struct household *h)
{
	h->epoch++;
	household_draw(h, &h->home_key, sizeof h->home_key);
	people_key(&h->home_key, &h->home, h->epoch, &h->people_key);
	hub_key(&h->home_key, &h->home, h->epoch, &h->hub_key);
}

void
household_make(struct household *h, uint32_t seed)
{
	*h = (struct household){ .seed = seed,
		.name = "Linden 12",
		.zone = "Europe/Berlin",
		.hub_json = "{\"cameras\":[]}",
		.time_us = 1763913600000000 };
	const struct household_member *m = household_add(h, ROLE_OWNER, "Ada");
	household_draw(h, h->nonce, sizeof h->nonce);
	memcpy(h->founder, m->sign.public, sizeof h->founder);
	home_id_make(h->founder, h->nonce, &h->home);
	household_epoch(h);
}

void
household_wipe(struct household *h)
{
	octets_wipe(h, sizeof *h);
}

static json_t *
b64_json(const void *at, size_t n)
{
	char text[B64_ROOM(64)];

	assert(n <= 64);
	b64_encode(slice_make(at, n), text);
	return json_string(text);
}

static json_t *
id_json(const struct id *id)
{
	return b64_json(id->octets, ID_OCTETS);
}

static const char *
role_text(enum role r)
{
	static const char *const texts[] = {
#define X(name, text, rights) text,
		ROLE_LIST(X)
#undef X
	};

	return texts[r];
}

static json_t *
members_json(const struct household *h)
{
	json_t *all = json_array();

	for (size_t i = 0; i < h->member_count; i++) {
		const struct household_member *m = &h->member[i];
		uint8_t kx[KX_OCTETS];
		kx_public(&m->kx, kx);
		json_array_append_new(all,
		    json_pack("{s:o,s:s,s:s,s:o,s:o,s:o}", "id",
			id_json(&m->id), "role", role_text(m->role), "name",
			m->name, "sign", b64_json(m->sign.public, 32), "kx",
			b64_json(kx, 32), "grant", id_json(&m->grant)));
	}
	return all;
}

static json_t *
hubs_json(const struct household *h)
{
	json_t *all = json_array();

	for (size_t i = 0; i < h->hub_count; i++) {
		const struct household_hub *b = &h->hub[i];
		json_array_append_new(all,
		    json_pack("{s:o,s:o,s:o,s:o}", "id", id_json(&b->id),
			"sign", b64_json(b->sign, 32), "kx",
			b64_json(b->kx, 32), "spki", b64_json(b->spki, 32)));
	}
	return all;
}

static json_t *
things_json(const struct household *h)
{
	json_t *all = json_array();

	for (size_t i = 0; i < h->thing_count; i++) {
		const struct household_thing *t = &h->thing[i];
		json_array_append_new(all,
		    json_pack("{s:o,s:s,s:s,s:o,s:[{s:o,s:i}]}", "id",
			id_json(&t->id), "kind", "camera", "name", t->name,
			"hub", id_json(&t->hub), "streams", "id",
			id_json(&t->stream), "class", 1));
	}
	return all;
}

static json_t *
commit_json(const struct household *h, const struct key *key, uint8_t kind,
    const struct id *id)
{
	struct key commit;

	key_commit(key, &h->home, h->epoch, kind, id, &commit);
	return json_pack("{s:i,s:o,s:o}", "kind", kind, "id", id_json(id),
	    "commit", b64_json(commit.octets, 32));
}

static json_t *
commits_json(const struct household *h)
{
	static const struct id zeros;
	json_t *all = json_array();

	json_array_append_new(all,
	    commit_json(h, &h->home_key, KEY_HOME, &zeros));
	json_array_append_new(all,
	    commit_json(h, &h->people_key, KEY_PEOPLE, &zeros));
	json_array_append_new(all,
	    commit_json(h, &h->hub_key, KEY_HUB, &zeros));
	for (size_t i = 0; i < h->thing_count; i++) {
		AUTO_KEY k;
		thing_key(&h->home_key, &h->home, h->epoch, &h->thing[i].id,
		    &k);
		json_array_append_new(all,
		    commit_json(h, &k, KEY_THING, &h->thing[i].id));
	}
	for (size_t i = 0; i < h->extra_count; i++)
		json_array_append_new(all,
		    json_pack("{s:i,s:o,s:o}", "kind", h->extra[i].kind, "id",
			id_json(&h->extra[i].id), "commit",
			b64_json(h->extra[i].commit, 32)));
	return all;
}

static enum err
padded_put(struct slice text, struct buf *to)
{
	enum err e = buf_append(to, text);

	while (e == ERR_OK && to->len % DIR_PAD_OCTETS != 0)
		e = buf_append(to, SLICE_LIT(" "));
	return e;
}

static enum err
people_put(const struct household *h, struct buf *to)
{
	json_t *root = json_pack("{s:s,s:s,s:o,s:o,s:o,s:o,s:o,s:o,s:[]}",
	    "name", h->name, "zone", h->zone, "founder",
	    b64_json(h->founder, 32), "nonce", b64_json(h->nonce, 32),
	    "members", members_json(h), "hubs", hubs_json(h), "things",
	    things_json(h), "commits", commits_json(h), "guests");
	if (h->keep_json != NULL)
		json_object_set_new(root, "keep",
		    json_loads(h->keep_json, 0, NULL));
	char *text = json_dumps(root, JSON_COMPACT);
	enum err e = text == NULL ? ERR_NOMEM : padded_put(slice_str(text), to);

	free(text);
	json_decref(root);
	return e;
}

static enum err
piece_put(struct household *h, const struct key *key, enum label label,
    uint64_t version, struct slice plain, struct buf *to)
{
	uint8_t salt[16];

	household_draw(h, salt, sizeof salt);
	return dir_piece_seal(key, label, &h->home, version, salt, plain, to);
}

enum err
household_write(struct household *h, const struct household_member *author,
    struct household_version *ret)
{
	const uint64_t version = h->version + 1;
	struct dir_entry entry = { .home = h->home,
		.version = version,
		.epoch = h->epoch,
		.author = author->id,
		.time_us = h->time_us += 1000000 };
	AUTO_BUF struct buf people, hub, plain;
	enum err e;

	*ret = (struct household_version){ .epoch = h->epoch };
	buf_init(&ret->entry, 1024);
	buf_init(&ret->people, PEOPLE_OCTETS_MAX);
	buf_init(&ret->hub, DIR_HUB_OCTETS_MAX);
	buf_init(&people, PEOPLE_OCTETS_MAX);
	buf_init(&hub, DIR_HUB_OCTETS_MAX);
	buf_init(&plain, 1024);
	if ((e = people_put(h, &people)) != ERR_OK ||
	    (e = padded_put(slice_str(h->hub_json), &hub)) != ERR_OK ||
	    (e = piece_put(h, &h->people_key, LABEL_DIRECTORY_PEOPLE, version,
		 buf_slice(&people), &ret->people)) != ERR_OK ||
	    (e = piece_put(h, &h->hub_key, LABEL_DIRECTORY_HUB, version,
		 buf_slice(&hub), &ret->hub)) != ERR_OK)
		return e;
	memcpy(entry.before_hash, h->hash, SHA256_OCTETS);
	sha256(buf_slice(&ret->people), entry.people_hash);
	sha256(buf_slice(&ret->hub), entry.hub_hash);
	if ((e = dir_entry_put(&entry, &author->sign, &plain)) != ERR_OK ||
	    (e = piece_put(h, &h->people_key, LABEL_DIRECTORY_ENTRY, version,
		 buf_slice(&plain), &ret->entry)) != ERR_OK)
		return e;
	sha256(buf_slice(&plain), h->hash);
	memcpy(ret->hash, h->hash, SHA256_OCTETS);
	h->version = version;
	return ERR_OK;
}

void
household_version_fini(struct household_version *v)
{
	buf_fini(&v->entry);
	buf_fini(&v->people);
	buf_fini(&v->hub);
}

struct dir_sealed
household_sealed(const struct household_version *v)
{
	return (struct dir_sealed){ buf_slice(&v->entry), buf_slice(&v->people),
		buf_slice(&v->hub) };
}

struct dir_keys
household_keys(const struct household *h)
{
	return (struct dir_keys){ &h->people_key, &h->hub_key };
}
