/*
 * A household pairs a hub and takes it into its directory; then a server
 * tries to slip in keys, versions and messages of its own.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/obj.h"
#include "crypto/aead.h"
#include "crypto/hpke.h"
#include "hub/home.h"
#include "model/body.h"
#include "model/household.h"
#include "model/json_read.h"
#include "os/file.h"
#include "unit/t.h"

struct scene {
	char path[64];
	int dir;
	struct hub_keys *keys;
	struct household h;
	struct hub_home home;
	struct key reply_key; /* the browser's copy */
};

static void
scene_open(struct scene *s)
{
	*s = (struct scene){ 0 };
	strcpy(s->path, "/tmp/eaves-hub-test.XXXXXX");
	assert_non_null(mkdtemp(s->path));
	s->dir = open(s->path, O_RDONLY | O_DIRECTORY);
	assert_true(s->dir >= 0);
	T_OK(hub_keys_open(s->dir, &s->keys));
	household_make(&s->h, 21);
	hub_home_init(&s->home);
}

static void
scene_close(struct scene *s)
{
	static const char *const names[] = { "id", "sign", "kx", "cameras",
		"tracks", "tls.pem", "home" };

	for (size_t i = 0; i < COUNT(names); i++)
		(void)unlinkat(s->dir, names[i], 0);
	assert_int_equal(rmdir(s->path), 0);
	close(s->dir);
	hub_keys_close(s->keys);
	hub_home_fini(&s->home);
}

/* An item for the hub at the household's newest version. */
static struct buf
item_seal(struct scene *s, const struct keyring_item *item, uint32_t epoch,
    uint64_t version)
{
	const struct keyring_reader at = { s->h.home, epoch, version };
	struct buf b;

	buf_init(&b, KEYRING_ITEM_OCTETS + 64);
	T_OK(keyring_seal(&at, s->keys->kx_public, item, &b));
	return b;
}

/* What a browser that read the link says. */
static void
m2_make(struct scene *s, const uint8_t l[32], const uint8_t m1[96],
    struct buf *m2)
{
	struct keyring_item item = { .kind = KEY_PEOPLE };
	struct link_keys link;
	uint8_t h[32], enc[32], nonce[32] = { 9 }, kx[KX_OCTETS];
	struct hpke hpke;
	AUTO_BUF struct buf info, plain;

	link_keys_make(slice_make(l, 32), &link);
	sha256(slice_make(m1, 96), h);
	buf_init(&info, 128);
	buf_init(&plain, 4096);
	T_OK(label_info(LABEL_PAIR, &info));
	T_OK(buf_append(&info, id_slice(&link.id)));
	T_OK(buf_append(&info, SLICE_OF(h)));
	item.key = s->h.people_key;
	struct buf people = item_seal(s, &item, s->h.epoch, s->h.version);
	item.kind = KEY_HUB;
	item.key = s->h.hub_key;
	struct buf hub = item_seal(s, &item, s->h.epoch, s->h.version);
	kx_public(&s->h.member[0].kx, kx);
	T_OK(body_put(json_pack("{s:o,s:I,s:o,s:I,s:o,s:o,s:o,s:[o,o],s:s,s:o}",
			  "home", body_id(&s->h.home), "version",
			  (json_int_t)s->h.version, "hash",
			  body_b64(SLICE_OF(s->h.hash)), "epoch",
			  (json_int_t)s->h.epoch, "member",
			  body_id(&s->h.member[0].id), "sign",
			  body_b64(SLICE_OF(s->h.member[0].sign.public)), "kx",
			  body_b64(SLICE_OF(kx)), "keys",
			  body_b64(buf_slice(&people)),
			  body_b64(buf_slice(&hub)), "device", "Firefox",
			  "nonce", body_b64(SLICE_OF(nonce))),
	    &plain));
	buf_fini(&people);
	buf_fini(&hub);
	const struct hpke_info hi = { .info = buf_slice(&info),
		.psk = key_slice(&link.psk),
		.psk_id = id_slice(&link.id) };
	T_OK(hpke_send(m1 + 64, &hi, enc, &hpke));
	T_OK(buf_append(m2, SLICE_OF(enc)));
	T_OK(
	    hpke_seal(&hpke, (struct slice){ NULL, 0 }, buf_slice(&plain), m2));
	hpke_export(&hpke, SLICE_LIT("eaves/1/pair reply"), &s->reply_key);
}

static void
scene_pair(struct scene *s)
{
	struct pairing p;
	struct pairing_home home;
	AUTO_BUF struct buf m2;
	char fragment[PAIRING_FRAGMENT_OCTETS];
	uint8_t both[64];

	pairing_begin(s->keys, &p);
	pairing_fragment(&p, fragment);
	T_OK(b64_decode_exactly(slice_skip(slice_str(fragment), 6), both, 64));
	buf_init(&m2, PAIRING_M2_OCTETS_MAX);
	m2_make(s, both, p.m1, &m2);
	T_OK(pairing_open(&p, s->keys, buf_slice(&m2), &home));
	hub_home_begin(&s->home, &home);
	pairing_wipe(&p);
}

/* The household lists the hub with one camera, and gives it keys. */
static void
household_list(struct scene *s)
{
	struct household_hub *h = &s->h.hub[s->h.hub_count++];

	h->id = s->keys->hub;
	memcpy(h->sign, s->keys->sign.public, sizeof h->sign);
	memcpy(h->kx, s->keys->kx_public, sizeof h->kx);
	memcpy(h->spki, s->keys->spki, sizeof h->spki);
	struct household_thing *t = household_thing_add(&s->h, "Porch");
	t->id = s->keys->camera[0].thing;
	t->stream = s->keys->camera[0].stream[TRACK_MAIN];
}

static struct hour_list *
hours_for(struct scene *s)
{
	struct hour_list *l = calloc(1, sizeof *l);
	AUTO_KEY k;

	assert_non_null(l);
	thing_key(&s->h.home_key, &s->h.home, s->h.epoch,
	    &s->keys->camera[0].thing, &k);
	hour_list_make(&k, &s->keys->camera[0].thing, 489976, 24, l);
	s->h.extra[0] = (struct commit){ .kind = KEY_HOURS, .id = l->thing };
	memcpy(s->h.extra[0].commit, l->hash, SHA256_OCTETS);
	s->h.extra_count = 1;
	return l;
}

/* Version 1 told in the pairing, version 2 with the hub and hour keys. */
static void
scene_take_in(struct scene *s)
{
	struct household_version v1, v2;
	struct keyring_item item = { .kind = KEY_HOURS };

	T_OK(household_write(&s->h, &s->h.member[0], &v1));
	scene_pair(s);
	assert_int_equal(hub_home_since(&s->home), 0);
	const struct home_version h1 = { 1, household_sealed(&v1) };
	T_OK(hub_home_take(&s->home, s->keys, &h1, NULL, 0));
	assert_false(hub_home_lists_hub(&s->home, s->keys));
	household_list(s);
	item.hours = hours_for(s);
	T_OK(household_write(&s->h, &s->h.member[0], &v2));
	struct buf sealed = item_seal(s, &item, 1, 2);
	const struct home_item items[] = { { 1, 2, buf_slice(&sealed) } };
	const struct home_version h2 = { 1, household_sealed(&v2) };
	T_OK(hub_home_take(&s->home, s->keys, &h2, items, 1));
	buf_fini(&sealed);
	free(item.hours);
	household_version_fini(&v1);
	household_version_fini(&v2);
}

static void
keys_are_born_once_and_lie_private(void **state)
{
	struct scene s;
	struct hub_keys *again;
	struct stat st;

	(void)state;
	scene_open(&s);
	T_OK(hub_keys_open(s.dir, &again));
	assert_memory_equal(again->sign.public, s.keys->sign.public, 32);
	assert_memory_equal(again->spki, s.keys->spki, 32);
	assert_true(id_eq(&again->camera[3].thing, &s.keys->camera[3].thing));
	hub_keys_close(again);
	assert_int_equal(fstatat(s.dir, "sign", &st, 0), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	/* a torn file is not replaced in silence */
	T_OK(file_write(s.dir, "kx", SLICE_LIT("short")));
	T_ERR(ERR_CORRUPT, hub_keys_open(s.dir, &again));
	scene_close(&s);
}

static void
the_household_and_the_hub_learn_each_other(void **state)
{
	struct scene s;
	struct pairing p;
	struct pairing_home home;
	AUTO_BUF struct buf m2, m3, plain;
	const struct pairing_camera camera = { .name = "Porch" };

	(void)state;
	scene_open(&s);
	struct household_version v;
	T_OK(household_write(&s.h, &s.h.member[0], &v));
	pairing_begin(s.keys, &p);
	buf_init(&m2, 4096);
	buf_init(&m3, 4096);
	buf_init(&plain, 4096);
	m2_make(&s, p.l.octets, p.m1, &m2);
	T_OK(pairing_open(&p, s.keys, t_edge(m2.at, m2.len), &home));
	assert_true(id_eq(&home.home, &s.h.home));
	assert_memory_equal(&home.people_key, &s.h.people_key, 32);
	assert_memory_equal(home.hash, s.h.hash, 32);
	T_OK(pairing_reply(&p, s.keys, &camera, 1, true, &m3));
	T_OK(gcm_open(&s.reply_key, gcm_zero_nonce, (struct slice){ NULL, 0 },
	    buf_slice(&m3), &plain));
	/* the browser finds its nonce and the hub's signature */
	json_t *root;
	struct json_in in;
	uint8_t nonce[32], want[32] = { 9 }, sign[64], spki[32], hash[32];
	struct id hub;
	T_OK(json_text_parse(buf_slice(&plain), 4096, &root));
	json_in_init(&in, root);
	json_in_octets(&in, "nonce", nonce, 32);
	json_in_id(&in, "hub", &hub);
	json_in_octets(&in, "spki", spki, 32);
	json_in_octets(&in, "sign", sign, 64);
	assert_true(json_in_bool(&in, "clock"));
	assert_int_equal(json_array_size(json_in_array(&in, "cameras", 9)), 1);
	T_OK(json_in_end(&in));
	assert_memory_equal(nonce, want, 32);
	assert_memory_equal(spki, s.keys->spki, 32);
	const struct slice said[] = { SLICE_OF(p.m1), buf_slice(&m2) };
	sha256_join(said, 2, hash);
	T_OK(sign_check(s.keys->sign.public, LABEL_PAIR, FIELDS(SLICE_OF(hash)),
	    sign));
	json_decref(root);
	household_version_fini(&v);
	scene_close(&s);
}

static void
who_did_not_read_the_link_opens_nothing_and_is_counted(void **state)
{
	struct scene s;
	struct pairing p;
	struct pairing_home home;
	AUTO_BUF struct buf m2, good;
	uint8_t guess[32] = { 0 };

	(void)state;
	scene_open(&s);
	pairing_begin(s.keys, &p);
	buf_init(&m2, 4096);
	buf_init(&good, 4096);
	m2_make(&s, guess, p.m1, &m2);
	m2_make(&s, p.l.octets, p.m1, &good);
	for (unsigned i = 0; i + 1 < PAIRING_FAILURES_MAX; i++)
		T_ERR(ERR_CRYPTO,
		    pairing_open(&p, s.keys, buf_slice(&m2), &home));
	T_ERR(ERR_LIMIT, pairing_open(&p, s.keys, buf_slice(&m2), &home));
	T_ERR(ERR_LIMIT, pairing_open(&p, s.keys, buf_slice(&good), &home));
	/* a server that puts its own keys into m1: h in the link differs */
	pairing_begin(s.keys, &p);
	uint8_t m1[96];
	memcpy(m1, p.m1, 96);
	m1[0] ^= 1;
	buf_clear(&good);
	m2_make(&s, p.l.octets, m1, &good);
	T_ERR(ERR_CRYPTO, pairing_open(&p, s.keys, buf_slice(&good), &home));
	T_ERR(ERR_CRYPTO, pairing_open(&p, s.keys, t_edge("", 0), &home));
	scene_close(&s);
}

/*
 * "404: no home has taken you in": of a server that was restored, or lies.
 * Forgetting would take what waits in the spool, and the keys, with it.
 */
static void
no_server_makes_a_hub_forget_its_home(void **state)
{
	struct scene s;

	(void)state;
	scene_open(&s);
	scene_pair(&s);
	assert_false(hub_home_gives_up(&s.home, s.keys, HUB_TAKE_IN_MS));
	assert_true(hub_home_gives_up(&s.home, s.keys, HUB_TAKE_IN_MS + 1));
	scene_close(&s);
	scene_open(&s);
	scene_take_in(&s);
	assert_false(hub_home_gives_up(&s.home, s.keys, UINT64_MAX));
	scene_close(&s);
}

static void
a_hub_is_taken_in_and_remembers_over_a_restart(void **state)
{
	struct scene s;
	struct hub_home again;

	(void)state;
	scene_open(&s);
	scene_take_in(&s);
	assert_true(hub_home_lists_hub(&s.home, s.keys));
	assert_true(hub_home_lists_track(&s.home, s.keys, &s.keys->camera[0],
	    TRACK_MAIN));
	assert_false(hub_home_lists_track(&s.home, s.keys, &s.keys->camera[1],
	    TRACK_MAIN));
	assert_non_null(s.home.hours[0]);
	assert_null(s.home.hours[1]);
	T_OK(hub_home_save(&s.home, s.dir));
	hub_home_init(&again);
	T_OK(hub_home_load(&again, s.dir));
	assert_int_equal(again.directory.version, 2);
	assert_int_equal(hub_home_since(&again), 2);
	assert_true(hub_home_lists_track(&again, s.keys, &s.keys->camera[0],
	    TRACK_MAIN));
	assert_memory_equal(again.hours[0]->hash, s.home.hours[0]->hash, 32);
	hub_home_fini(&again);
	scene_close(&s);
}

static void
what_a_newer_hub_kept_is_not_taken_for_damaged(void **state)
{
	struct scene s;
	struct hub_home again;
	AUTO_BUF struct buf b;

	(void)state;
	scene_open(&s);
	scene_take_in(&s);
	T_OK(hub_home_save(&s.home, s.dir));
	buf_init(&b, (size_t)4 << 20);
	T_OK(file_read(s.dir, "home", &b));
	b.at[0]++;
	T_OK(file_write(s.dir, "home", buf_slice(&b)));
	hub_home_init(&again);
	T_ERR(ERR_UNSUPPORTED, hub_home_load(&again, s.dir));
	b.at[0] = 0;
	T_OK(file_write(s.dir, "home", buf_slice(&b)));
	T_ERR(ERR_CORRUPT, hub_home_load(&again, s.dir));
	hub_home_fini(&again);
	scene_close(&s);
}

static void
a_new_epoch_is_followed_with_its_committed_keys_only(void **state)
{
	struct scene s;
	struct household_version v3;
	struct keyring_item item = { .kind = KEY_PEOPLE };

	(void)state;
	scene_open(&s);
	scene_take_in(&s);
	household_epoch(&s.h);
	s.h.extra_count = 0;
	T_OK(household_write(&s.h, &s.h.member[0], &v3));
	const struct home_version h3 = { 2, household_sealed(&v3) };
	T_ERR(ERR_MISSING, hub_home_take(&s.home, s.keys, &h3, NULL, 0));
	item.key = s.h.people_key;
	struct buf people = item_seal(&s, &item, 2, 3);
	item.kind = KEY_HUB;
	item.key.octets[0] ^= 1; /* not the hub key that is committed to */
	struct buf wrong = item_seal(&s, &item, 2, 3);
	item.key = s.h.hub_key;
	struct buf right = item_seal(&s, &item, 2, 3);
	struct home_item items[] = { { 2, 3, buf_slice(&people) },
		{ 2, 3, buf_slice(&wrong) } };
	T_ERR(ERR_CORRUPT, hub_home_take(&s.home, s.keys, &h3, items, 2));
	assert_int_equal(s.home.epoch, 1);
	assert_int_equal(s.home.directory.version, 2);
	items[1].sealed = buf_slice(&right);
	T_OK(hub_home_take(&s.home, s.keys, &h3, items, 2));
	assert_int_equal(s.home.epoch, 2);
	assert_memory_equal(&s.home.people_key, &s.h.people_key, 32);
	assert_null(s.home.hours[0]); /* of the epoch before */
	buf_fini(&people);
	buf_fini(&wrong);
	buf_fini(&right);
	household_version_fini(&v3);
	scene_close(&s);
}

static void
a_version_that_the_member_did_not_tell_is_no_beginning(void **state)
{
	struct scene s;
	struct household_version v1, other;
	struct household fork;

	(void)state;
	scene_open(&s);
	fork = s.h;
	T_OK(household_write(&s.h, &s.h.member[0], &v1));
	fork.name = "Another";
	T_OK(household_write(&fork, &fork.member[0], &other));
	scene_pair(&s);
	const struct home_version bad = { 1, household_sealed(&other) };
	const struct home_version good = { 1, household_sealed(&v1) };
	T_ERR(ERR_CONFLICT, hub_home_take(&s.home, s.keys, &bad, NULL, 0));
	T_OK(hub_home_take(&s.home, s.keys, &good, NULL, 0));
	household_version_fini(&v1);
	household_version_fini(&other);
	scene_close(&s);
}

static void
hour_keys_that_the_directory_does_not_commit_to_are_left(void **state)
{
	struct scene s;
	struct household_version v3;
	struct keyring_item item = { .kind = KEY_HOURS };
	AUTO_KEY servers;

	(void)state;
	scene_open(&s);
	scene_take_in(&s);
	struct hour_list *l = calloc(1, sizeof *l);
	assert_non_null(l);
	/* a list that the server made: it could open what is sealed to it */
	octets_random(&servers, sizeof servers);
	hour_list_make(&servers, &s.keys->camera[0].thing, 489976, 24, l);
	item.hours = l;
	struct buf sealed = item_seal(&s, &item, 1, 3);
	T_OK(household_write(&s.h, &s.h.member[0], &v3));
	const struct home_item items[] = { { 1, 3, buf_slice(&sealed) } };
	const struct home_version h3 = { 1, household_sealed(&v3) };
	T_OK(hub_home_take(&s.home, s.keys, &h3, items, 1));
	assert_memory_not_equal(s.home.hours[0]->hash, l->hash, 32);
	buf_fini(&sealed);
	free(l);
	household_version_fini(&v3);
	scene_close(&s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keys_are_born_once_and_lie_private),
		cmocka_unit_test(the_household_and_the_hub_learn_each_other),
		cmocka_unit_test(
		    who_did_not_read_the_link_opens_nothing_and_is_counted),
		cmocka_unit_test(no_server_makes_a_hub_forget_its_home),
		cmocka_unit_test(
		    a_hub_is_taken_in_and_remembers_over_a_restart),
		cmocka_unit_test(
		    what_a_newer_hub_kept_is_not_taken_for_damaged),
		cmocka_unit_test(
		    a_new_epoch_is_followed_with_its_committed_keys_only),
		cmocka_unit_test(
		    a_version_that_the_member_did_not_tell_is_no_beginning),
		cmocka_unit_test(
		    hour_keys_that_the_directory_does_not_commit_to_are_left),
	};

	if (crypto_init() != ERR_OK)
		return 1;
	return T_RUN(tests);
}
