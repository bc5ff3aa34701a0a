/*
 * A chain of three versions is taken; then each kind of forged next version
 * is refused, and leaves what was believed as it was.
 */
#include <string.h>

#include "base/obj.h"
#include "model/heads.h"
#include "model/household.h"
#include "unit/t.h"

struct chain {
	struct household h;
	struct directory d;
	struct household_member *owner, *adult, *child, *carer;
};

static enum err
chain_next(struct chain *c, const struct household_member *author)
{
	struct household_version v;
	const struct dir_keys keys = household_keys(&c->h);

	T_OK(household_write(&c->h, author, &v));
	const struct dir_sealed s = household_sealed(&v);
	const enum err e = directory_take(&c->d, &c->h.home, &keys, &s);
	household_version_fini(&v);
	return e;
}

#define ID_A "AAAAAAAAAAAAAAAAAAAAAA"
#define KEEP(days)                                                             \
	"{\"quota\":1073741824,\"things\":[{\"thing\":\"" ID_A                 \
	"\",\"days\":" days ",\"octets\":0}],\"locks\":[{\"id\":\"" ID_A       \
	"\",\"things\":[\"" ID_A "\"],\"from\":1,\"to\":2}]}"

/* Owner, adult, child, carer; a hub with a camera; version 3. */
static void
chain_open(struct chain *c)
{
	*c = (struct chain){ 0 };
	household_make(&c->h, 1);
	c->owner = &c->h.member[0];
	T_OK(chain_next(c, c->owner));
	c->adult = household_add(&c->h, ROLE_ADULT, "Ben");
	c->child = household_add(&c->h, ROLE_CHILD, "Cleo");
	c->carer = household_add(&c->h, ROLE_CARER, "Dora");
	T_OK(chain_next(c, c->owner));
	household_draw(&c->h, &c->h.hub[0], sizeof c->h.hub[0]);
	c->h.hub_count = 1;
	household_thing_add(&c->h, "Front door");
	c->h.hub_json = "{\"cameras\":[{\"address\":\"rtsp://cam/\"}]}";
	T_OK(chain_next(c, c->owner));
	assert_int_equal(c->d.version, 3);
}

static void
chain_close(struct chain *c)
{
	directory_fini(&c->d);
	household_wipe(&c->h);
}

static void
a_chain_of_versions_is_taken_one_by_one(void **state)
{
	struct chain c;

	(void)state;
	chain_open(&c);
	assert_int_equal(c.d.people->member_count, 4);
	T_SLICE_EQ(c.d.people->thing[0].name, SLICE_LIT("Front door"));
	assert_memory_equal(c.d.hash, c.h.hash, SHA256_OCTETS);
	T_SLICE_EQ(buf_slice(&c.d.hub_json), slice_str(c.h.hub_json));
	/* a reader of the people part alone sees no hub part */
	struct directory d = { 0 };
	struct household_version v;
	T_OK(household_write(&c.h, c.owner, &v));
	const struct dir_keys keys = { &c.h.people_key, NULL };
	const struct dir_sealed s = household_sealed(&v);
	T_OK(directory_begin(&d, &c.h.home, &keys, 4, v.hash, &s));
	assert_int_equal(d.hub_json.len, 0);
	directory_fini(&d);
	household_version_fini(&v);
	chain_close(&c);
}

static void
what_is_kept_has_a_form(void **state)
{
	static const char *const bad[] = { "{}", KEEP("-1"), KEEP("3651"),
		"{\"quota\":0,\"things\":[],\"locks\":[],\"more\":1}",
		"{\"quota\":0,\"things\":[],\"locks\":[{\"id\":\"" ID_A
		"\",\"things\":[\"x\"],\"from\":1,\"to\":2}]}",
		"{\"quota\":0,\"things\":[],\"locks\":[{\"id\":\"" ID_A
		"\",\"things\":[],\"from\":2,\"to\":2}]}" };
	struct chain c;

	(void)state;
	chain_open(&c);
	c.h.keep_json = KEEP("30");
	T_OK(chain_next(&c, c.owner));
	assert_true(c.d.people->keep.len > 0);
	for (size_t i = 0; i < COUNT(bad); i++) {
		c.h.keep_json = bad[i];
		assert_int_not_equal(chain_next(&c, c.owner), ERR_OK);
	}
	chain_close(&c);
}

static void
version_one_must_be_its_founders(void **state)
{
	struct chain c = { 0 };
	struct id other = { { 1 } };
	struct household_version v;

	(void)state;
	/* signed by somebody whose key the home's id does not name */
	household_make(&c.h, 2);
	memset(c.h.nonce, 7, sizeof c.h.nonce);
	T_ERR(ERR_CONFLICT, chain_next(&c, &c.h.member[0]));
	household_make(&c.h, 2);
	household_add(&c.h, ROLE_OWNER, "Eve");
	T_ERR(ERR_CRYPTO, chain_next(&c, &c.h.member[1]));
	household_make(&c.h, 2);
	c.h.member[0].role = ROLE_ADULT;
	T_ERR(ERR_DENIED, chain_next(&c, &c.h.member[0]));
	/* a good version 1 of another home */
	household_make(&c.h, 2);
	T_OK(household_write(&c.h, &c.h.member[0], &v));
	const struct dir_keys keys = household_keys(&c.h);
	const struct dir_sealed s = household_sealed(&v);
	T_ERR(ERR_CRYPTO, directory_take(&c.d, &other, &keys, &s));
	assert_int_equal(c.d.version, 0);
	T_OK(directory_take(&c.d, &c.h.home, &keys, &s));
	household_version_fini(&v);
	chain_close(&c);
}

/* What each member may change: rows of the table in KEYS, one each. */
enum change {
	CHANGE_NOTHING,
	CHANGE_HOME_NAME,
	CHANGE_ZONE,
	CHANGE_THING_NAME,
	CHANGE_KEEP,
	CHANGE_EPOCH,
	CHANGE_OWN_KEYS,
	CHANGE_OTHERS_KEYS,
	CHANGE_OWN_ROLE,
	CHANGE_ADD_MEMBER,
	CHANGE_REMOVE_MEMBER,
	CHANGE_ADD_THING,
	CHANGE_HUB_PART,
	CHANGE_HUB_KEYS,
	CHANGE_COMMITS,
	CHANGE_LAST_OWNER,
	CHANGE__MAX
};

static void
change_make(struct chain *c, struct household_member *by, enum change what)
{
	struct household *h = &c->h;

	switch (what) {
	case CHANGE_HOME_NAME:
		h->name = "Elsewhere";
		break;
	case CHANGE_ZONE:
		h->zone = "UTC";
		break;
	case CHANGE_THING_NAME:
		h->thing[0].name = "Porch";
		break;
	case CHANGE_KEEP:
		h->keep_json = KEEP("9");
		break;
	case CHANGE_EPOCH:
		household_epoch(h);
		break;
	case CHANGE_OWN_KEYS:
		household_draw(h, &by->kx, sizeof by->kx);
		break;
	case CHANGE_OTHERS_KEYS:
		household_draw(h,
		    by == c->carer ? &c->child->kx : &c->carer->kx,
		    sizeof by->kx);
		break;
	case CHANGE_OWN_ROLE:
		by->role = by->role == ROLE_CARER ? ROLE_ADULT : ROLE_CARER;
		if (by == c->owner)
			c->adult->role = ROLE_OWNER;
		break;
	case CHANGE_ADD_MEMBER:
		household_add(h, ROLE_OWNER, "Eve");
		break;
	case CHANGE_REMOVE_MEMBER:
		h->member_count--;
		break;
	case CHANGE_ADD_THING:
		household_thing_add(h, "Spy");
		break;
	case CHANGE_HUB_PART:
		h->hub_json = "{\"cameras\":[{\"address\":\"rtsp://evil/\"}]}";
		break;
	case CHANGE_HUB_KEYS:
		h->hub[0].kx[3] ^= 1;
		break;
	case CHANGE_COMMITS:
		h->extra[0].kind = KEY_HOURS;
		h->extra_count = 1;
		break;
	case CHANGE_LAST_OWNER:
		c->owner->role = ROLE_ADULT;
		break;
	case CHANGE_NOTHING:
	case CHANGE__MAX:
		break;
	}
}

static bool
change_allowed(enum role by, enum change what)
{
	switch (by) {
	case ROLE_OWNER:
		return what != CHANGE_LAST_OWNER;
	case ROLE_ADULT:
		return what <= CHANGE_OWN_KEYS;
	case ROLE_CHILD:
	case ROLE_CARER:
	case ROLE__MAX:
		break;
	}
	return what == CHANGE_NOTHING || what == CHANGE_OWN_KEYS;
}

static void
each_role_may_change_what_the_table_says_and_nothing_else(void **state)
{
	(void)state;
	for (int who = 0; who < 4; who++)
		for (int what = 0; what < CHANGE__MAX; what++) {
			struct chain c;
			chain_open(&c);
			struct household_member *by = &c.h.member[who];
			/* the author signs with the key of the version before */
			const struct household_member as_before = *by;
			const enum role role = by->role;
			uint8_t hash[SHA256_OCTETS];
			memcpy(hash, c.d.hash, sizeof hash);
			change_make(&c, by, (enum change)what);
			const enum err e = chain_next(&c, &as_before);
			const bool may = change_allowed(role,
			    (enum change)what);
			if ((e == ERR_OK) != may)
				fail_msg("role %d, change %d: %s", role, what,
				    err_name(e));
			if (!may) {
				assert_int_equal(e, ERR_DENIED);
				assert_int_equal(c.d.version, 3);
				assert_memory_equal(c.d.hash, hash,
				    sizeof hash);
			}
			chain_close(&c);
		}
}

static void
founder_and_nonce_never_change(void **state)
{
	struct chain c;

	(void)state;
	chain_open(&c);
	c.h.nonce[0] ^= 1;
	T_ERR(ERR_DENIED, chain_next(&c, c.owner));
	chain_close(&c);
	chain_open(&c);
	c.h.founder[0] ^= 1;
	T_ERR(ERR_DENIED, chain_next(&c, c.owner));
	chain_close(&c);
}

static void
a_stranger_and_a_hub_cannot_write(void **state)
{
	struct chain c;
	struct household_member eve;
	struct household other;

	(void)state;
	chain_open(&c);
	household_make(&other, 99);
	eve = other.member[0];
	T_ERR(ERR_DENIED, chain_next(&c, &eve));
	chain_close(&c);
	/* somebody who takes a member's name and signs with his own key */
	chain_open(&c);
	eve.id = c.owner->id;
	T_ERR(ERR_CRYPTO, chain_next(&c, &eve));
	chain_close(&c);
	/* a hub's id is no member's */
	chain_open(&c);
	eve.id = c.h.hub[0].id;
	T_ERR(ERR_DENIED, chain_next(&c, &eve));
	chain_close(&c);
}

static void
a_version_must_follow_the_one_before(void **state)
{
	struct chain c;
	struct household_version v4, v5;
	struct household fork;

	(void)state;
	chain_open(&c);
	fork = c.h;
	const struct dir_keys keys = household_keys(&c.h);
	T_OK(household_write(&c.h, c.owner, &v4));
	T_OK(household_write(&c.h, c.owner, &v5));
	const struct dir_sealed s4 = household_sealed(&v4);
	const struct dir_sealed s5 = household_sealed(&v5);
	/* one left out: the piece is sealed for another number */
	T_ERR(ERR_CRYPTO, directory_take(&c.d, &c.h.home, &keys, &s5));
	T_OK(directory_take(&c.d, &c.h.home, &keys, &s4));
	T_ERR(ERR_CRYPTO, directory_take(&c.d, &c.h.home, &keys, &s4));
	/* a fork: the right number, another past */
	struct household_version f4, f5;
	fork.name = "Forked";
	T_OK(household_write(&fork, &fork.member[0], &f4));
	T_OK(household_write(&fork, &fork.member[0], &f5));
	const struct dir_sealed sf = household_sealed(&f5);
	T_ERR(ERR_CONFLICT, directory_take(&c.d, &c.h.home, &keys, &sf));
	T_OK(directory_take(&c.d, &c.h.home, &keys, &s5));
	household_version_fini(&v4);
	household_version_fini(&v5);
	household_version_fini(&f4);
	household_version_fini(&f5);
	chain_close(&c);
}

static void
an_epoch_does_not_go_back_or_jump(void **state)
{
	struct chain c;

	(void)state;
	chain_open(&c);
	household_epoch(&c.h);
	T_OK(chain_next(&c, c.owner));
	chain_close(&c);
	chain_open(&c);
	household_epoch(&c.h);
	household_epoch(&c.h);
	T_ERR(ERR_CONFLICT, chain_next(&c, c.owner));
	chain_close(&c);
	chain_open(&c);
	c.h.epoch--;
	T_ERR(ERR_CONFLICT, chain_next(&c, c.owner));
	chain_close(&c);
}

static void
pieces_of_two_versions_do_not_mix(void **state)
{
	struct chain c;
	struct household_version a, b;
	struct household other;

	(void)state;
	chain_open(&c);
	other = c.h;
	const struct dir_keys keys = household_keys(&c.h);
	T_OK(household_write(&c.h, c.owner, &a));
	other.name = "Other";
	other.hub_json = "{}";
	T_OK(household_write(&other, &other.member[0], &b));
	struct dir_sealed s = household_sealed(&a);
	s.people = buf_slice(&b.people);
	T_ERR(ERR_CORRUPT, directory_take(&c.d, &c.h.home, &keys, &s));
	s = household_sealed(&a);
	s.hub = buf_slice(&b.hub);
	T_ERR(ERR_CORRUPT, directory_take(&c.d, &c.h.home, &keys, &s));
	s = household_sealed(&a);
	a.entry.at[40] ^= 1;
	T_ERR(ERR_CRYPTO, directory_take(&c.d, &c.h.home, &keys, &s));
	a.entry.at[0] = 2;
	T_ERR(ERR_UNSUPPORTED, directory_take(&c.d, &c.h.home, &keys, &s));
	household_version_fini(&a);
	household_version_fini(&b);
	chain_close(&c);
}

static void
a_beginning_must_have_the_hash_that_was_told(void **state)
{
	struct chain c;
	struct directory d = { 0 };
	struct household_version v;
	uint8_t wrong[SHA256_OCTETS] = { 0 };

	(void)state;
	chain_open(&c);
	const struct dir_keys keys = household_keys(&c.h);
	T_OK(household_write(&c.h, c.owner, &v));
	const struct dir_sealed s = household_sealed(&v);
	T_ERR(ERR_CONFLICT,
	    directory_begin(&d, &c.h.home, &keys, 4, wrong, &s));
	T_OK(directory_begin(&d, &c.h.home, &keys, 4, v.hash, &s));
	assert_int_equal(d.version, 4);
	directory_fini(&d);
	household_version_fini(&v);
	chain_close(&c);
}

static void
people_refuse_what_the_format_does_not_know(void **state)
{
	static const char *const bad[] = { "", "[]", "{}", "{\"name\":1}",
		"{\"name\":\"a\",\"zone\":\"b\"}",
		"[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]" };
	struct people *p;

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_int_not_equal(people_parse(t_edge(bad[i],
						      strlen(bad[i])),
					 &p),
		    ERR_OK);
	assert_int_equal(role_rights(ROLE_OWNER), 15);
	assert_int_equal(role_rights(ROLE_CHILD) & RIGHT_MANAGE, 0);
}

static void
a_keyring_item_opens_for_its_reader_and_holds_by_its_commit(void **state)
{
	struct chain c;
	struct keyring_item out, in = { .kind = KEY_PEOPLE };
	AUTO_BUF struct buf sealed;

	(void)state;
	chain_open(&c);
	in.key = c.h.people_key;
	struct keyring_reader at = { c.h.home, 1, 3 };
	uint8_t reader[KX_OCTETS];
	kx_public(&c.carer->kx, reader);
	buf_init(&sealed, KEYRING_ITEM_OCTETS);
	T_OK(keyring_seal(&at, reader, &in, &sealed));
	const struct slice s = t_edge(sealed.at, sealed.len);
	T_OK(keyring_open(&at, &c.carer->kx, s, &out));
	assert_memory_equal(&out.key, &in.key, sizeof in.key);
	assert_true(keyring_committed(&at, &out, c.d.people));
	out.key.octets[0] ^= 1; /* a server slips in a key of its own */
	assert_false(keyring_committed(&at, &out, c.d.people));
	T_ERR(ERR_CRYPTO, keyring_open(&at, &c.child->kx, s, &out));
	at.directory_version = 4;
	T_ERR(ERR_CRYPTO, keyring_open(&at, &c.carer->kx, s, &out));
	at.directory_version = 3;
	at.epoch = 2;
	T_ERR(ERR_CRYPTO, keyring_open(&at, &c.carer->kx, s, &out));
	chain_close(&c);
}

static void
an_hour_list_gives_each_hour_its_key_and_then_the_spare(void **state)
{
	struct chain c;
	struct keyring_item out, in = { .kind = KEY_HOURS };
	AUTO_BUF struct buf sealed;
	AUTO_KEY thing, private;
	uint8_t reader[KX_OCTETS], public[KX_OCTETS];
	struct hour_list *list = calloc(1, sizeof *list);

	(void)state;
	assert_non_null(list);
	chain_open(&c);
	const struct keyring_reader at = { c.h.home, 1, 3 };
	thing_key(&c.h.home_key, &c.h.home, 1, &c.h.thing[0].id, &thing);
	hour_list_make(&thing, &c.h.thing[0].id, 489976, KEYRING_HOURS_MAX,
	    list);
	in.hours = list;
	kx_public(&c.owner->kx, reader);
	buf_init(&sealed, KEYRING_ITEM_OCTETS + 64);
	T_OK(keyring_seal(&at, reader, &in, &sealed));
	T_OK(keyring_open(&at, &c.owner->kx, buf_slice(&sealed), &out));
	assert_memory_equal(out.hours->hash, list->hash, SHA256_OCTETS);
	hour_private(&thing, 489976 + 2159, &private);
	kx_public(&private, public);
	assert_memory_equal(hour_list_get(out.hours, 489976 + 2159)->key,
	    public, KX_OCTETS);
	hour_private(&thing, HOUR_SPARE, &private);
	kx_public(&private, public);
	assert_memory_equal(hour_list_get(out.hours, 489976 + 2160)->key,
	    public, KX_OCTETS);
	assert_memory_equal(hour_list_get(out.hours, 489975)->key, public,
	    KX_OCTETS);
	assert_false(keyring_committed(&at, &out, c.d.people));
	/* the version that hands it out commits to its hash */
	c.h.extra[0].kind = KEY_HOURS;
	c.h.extra[0].id = c.h.thing[0].id;
	memcpy(c.h.extra[0].commit, list->hash, SHA256_OCTETS);
	c.h.extra_count = 1;
	T_OK(chain_next(&c, c.owner));
	assert_true(keyring_committed(&at, &out, c.d.people));
	keyring_item_fini(&out);
	free(list);
	chain_close(&c);
}

static void
heads_read_back_and_are_the_hubs(void **state)
{
	struct household h;
	struct heads in = { .counter = 7,
		.time_us = 9,
		.epoch = 1,
		.count = 2 };
	struct heads out;
	struct key other;
	AUTO_BUF struct buf sealed;

	(void)state;
	household_make(&h, 4);
	in.home = h.home;
	in.head[1].mark_number = 12;
	buf_init(&sealed, HEADS_OCTETS_MAX);
	T_OK(heads_seal(&in, &h.member[0].sign, &h.people_key, &sealed));
	for (size_t i = 0; i < sealed.len; i++) {
		sealed.at[i] ^= 1;
		assert_int_not_equal(heads_open(t_edge(sealed.at, sealed.len),
					 &h.home, &h.people_key,
					 h.member[0].sign.public, &out),
		    ERR_OK);
		sealed.at[i] ^= 1;
	}
	T_OK(heads_open(buf_slice(&sealed), &h.home, &h.people_key,
	    h.member[0].sign.public, &out));
	assert_int_equal(out.counter, 7);
	assert_int_equal(out.head[1].mark_number, 12);
	octets_random(&other, sizeof other);
	T_ERR(ERR_CRYPTO, heads_open(buf_slice(&sealed), &h.home, &other,
			      h.member[0].sign.public, &out));
	T_ERR(ERR_CRYPTO, heads_open(buf_slice(&sealed), &h.home, &h.people_key,
			      other.octets, &out));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_chain_of_versions_is_taken_one_by_one),
		cmocka_unit_test(what_is_kept_has_a_form),
		cmocka_unit_test(version_one_must_be_its_founders),
		cmocka_unit_test(
		    each_role_may_change_what_the_table_says_and_nothing_else),
		cmocka_unit_test(founder_and_nonce_never_change),
		cmocka_unit_test(a_stranger_and_a_hub_cannot_write),
		cmocka_unit_test(a_version_must_follow_the_one_before),
		cmocka_unit_test(an_epoch_does_not_go_back_or_jump),
		cmocka_unit_test(pieces_of_two_versions_do_not_mix),
		cmocka_unit_test(a_beginning_must_have_the_hash_that_was_told),
		cmocka_unit_test(people_refuse_what_the_format_does_not_know),
		cmocka_unit_test(
		    a_keyring_item_opens_for_its_reader_and_holds_by_its_commit),
		cmocka_unit_test(
		    an_hour_list_gives_each_hour_its_key_and_then_the_spare),
		cmocka_unit_test(heads_read_back_and_are_the_hubs),
	};

	if (crypto_init() != ERR_OK)
		return 1;
	return T_RUN(tests);
}
