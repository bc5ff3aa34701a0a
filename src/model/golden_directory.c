#include <stdlib.h>
#include <string.h>

#include "model/golden.h"
#include "model/household.h"

#define MUST(call)                                                             \
	do {                                                                   \
		if ((call) != ERR_OK)                                          \
			abort();                                               \
	} while (0)

struct chain {
	struct household h;
	struct directory d;
	json_t *versions, *bad;
};

static json_t *
version_json(const struct household *h, const struct household_version *v)
{
	return json_pack("{s:I,s:I,s:o,s:o,s:o,s:o,s:o,s:o}", "version",
	    (json_int_t)h->version, "epoch", (json_int_t)v->epoch, "people_key",
	    hex_json(key_slice(&h->people_key)), "hub_key",
	    hex_json(key_slice(&h->hub_key)), "hash",
	    hex_json(SLICE_OF(v->hash)), "entry",
	    hex_json(buf_slice(&v->entry)), "people",
	    hex_json(buf_slice(&v->people)), "hub",
	    hex_json(buf_slice(&v->hub)));
}

static enum err
take(struct chain *c, struct household *h, const struct household_version *v)
{
	const struct dir_keys keys = household_keys(h);
	const struct dir_sealed s = household_sealed(v);

	return directory_take(&c->d, &c->h.home, &keys, &s);
}

static void
good(struct chain *c)
{
	struct household_version v;

	MUST(household_write(&c->h, &c->h.member[0], &v));
	MUST(take(c, &c->h, &v));
	json_array_append_new(c->versions, version_json(&c->h, &v));
	household_version_fini(&v);
}

/* A version 4 that must be refused, from a copy of the home as it is. */
static void
bad(struct chain *c, const char *what, struct household *h,
    const struct household_member *author, int spoil)
{
	struct household_version v;

	MUST(household_write(h, author, &v));
	if (spoil == 1)
		v.people.at[v.people.len - 1] ^= 1;
	if (spoil == 2)
		v.entry.at[30] ^= 1;
	const enum err e = take(c, h, &v);
	if (e == ERR_OK)
		abort();
	json_t *j = version_json(h, &v);
	json_object_set_new(j, "what", json_string(what));
	json_object_set_new(j, "error", json_string(err_name(e)));
	json_array_append_new(c->bad, j);
	household_version_fini(&v);
}

/* What each role tries beyond its rights. */
static void
bad_roles(struct chain *c)
{
	struct household h = c->h;
	struct household_member by;

	by = h.member[1];
	h.member[1].role = ROLE_OWNER;
	bad(c, "an adult makes himself an owner", &h, &by, 0);
	h = c->h;
	household_add(&h, ROLE_OWNER, "Eve");
	bad(c, "an adult adds an owner", &h, &h.member[1], 0);
	h = c->h;
	h.hub[0].kx[0] ^= 1;
	bad(c, "an adult changes the hub's key", &h, &h.member[1], 0);
	h = c->h;
	h.hub_json = "{\"cameras\":[{\"thing\":\"x\"}]}";
	bad(c, "an adult changes the hub part", &h, &h.member[1], 0);
	h = c->h;
	h.name = "Mine";
	bad(c, "a child renames the home", &h, &h.member[2], 0);
	h = c->h;
	h.member[0].kx.octets[5] ^= 1;
	bad(c, "a child changes another's key", &h, &h.member[2], 0);
	h = c->h;
	household_epoch(&h);
	bad(c, "a child begins an epoch", &h, &h.member[2], 0);
	h = c->h;
	by = h.member[0];
	h.member[0].role = ROLE_ADULT;
	bad(c, "the last owner removes himself", &h, &by, 0);
	h = c->h;
	h.nonce[0] ^= 1;
	bad(c, "an owner changes the nonce", &h, &h.member[0], 0);
}

static void
bad_chains(struct chain *c)
{
	struct household h = c->h, eve;
	struct household_member by;

	household_make(&eve, 99);
	bad(c, "a stranger signs", &h, &eve.member[0], 0);
	h = c->h;
	by = eve.member[0];
	by.id = h.member[0].id;
	bad(c, "a stranger signs as the owner", &h, &by, 0);
	h = c->h;
	by.id = h.hub[0].id;
	bad(c, "a hub signs", &h, &by, 0);
	h = c->h;
	h.hash[0] ^= 1;
	bad(c, "it follows another past", &h, &h.member[0], 0);
	h = c->h;
	h.version++;
	bad(c, "one version left out", &h, &h.member[0], 0);
	h = c->h;
	household_epoch(&h);
	household_epoch(&h);
	bad(c, "an epoch left out", &h, &h.member[0], 0);
	h = c->h;
	bad(c, "the people part changed", &h, &h.member[0], 1);
	h = c->h;
	bad(c, "the entry changed", &h, &h.member[0], 2);
}

json_t *
golden_directory(void)
{
	struct chain c = { .versions = json_array(), .bad = json_array() };
	struct household *h = &c.h;

	household_make(h, 11);
	good(&c);
	household_add(h, ROLE_ADULT, "Ben");
	household_add(h, ROLE_CHILD, "Cl\xc3\xa9o");
	good(&c);
	household_draw(h, &h->hub[0], sizeof h->hub[0]);
	h->hub_count = 1;
	household_thing_add(h, "Front door");
	household_epoch(h);
	good(&c);
	bad_roles(&c);
	bad_chains(&c);
	json_t *j = json_pack("{s:o,s:o,s:o,s:o,s:o,s:o}", "home",
	    hex_json(id_slice(&h->home)), "founder",
	    hex_json(SLICE_OF(h->founder)), "nonce",
	    hex_json(SLICE_OF(h->nonce)), "home_key",
	    hex_json(key_slice(&h->home_key)), "versions", c.versions,
	    "bad_versions", c.bad);
	directory_fini(&c.d);
	return j;
}
