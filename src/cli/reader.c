#include "cli/reader.h"

#include <stdio.h>
#include <string.h>

#include "base/codec.h"
#include "cli/typed.h"
#include "crypto/opaque_client.h"
#include "model/body.h"
#include "model/json_read.h"

#define VERSIONS_MAX 64
#define KEYS_MAX     4096
#define VERSION_MAX  ((uint64_t)1 << 40)
#define SKIP_MAX     65536
#define HOURS_NEAR   3
#define HOURS_BACK   2160 /* 90 days: what a hub is handed */

static enum err
say_why(struct reader *r, enum err e, const char *why)
{
	(void)snprintf(r->door.why, sizeof r->door.why, "%s", why);
	return e;
}

/* --- signing in --- */

static enum err
login_start(struct reader *r, const uint8_t handle[static SHA256_OCTETS],
    const struct opaque_client *c, uint8_t ret_ke2[static OPAQUE_KE2_OCTETS],
    uint64_t *ret_login)
{
	json_t *answer = NULL;
	struct json_in in;
	enum err e;

	if ((e = door_ask(&r->door, "POST", "/api/session/start", NULL,
		 json_pack("{s:o,s:o}", "handle",
		     body_b64(slice_make(handle, SHA256_OCTETS)), "ke1",
		     body_b64(SLICE_OF(c->ke1))),
		 &answer)) != ERR_OK)
		return e;
	json_in_init(&in, answer);
	*ret_login = json_in_number(&in, "login", INT64_MAX);
	json_in_octets(&in, "ke2", ret_ke2, OPAQUE_KE2_OCTETS);
	e = json_in_end(&in);
	json_decref(answer);
	return e;
}

static enum err
login_finish(struct reader *r, uint64_t login,
    const uint8_t ke3[static OPAQUE_KE3_OCTETS], struct buf *ret_vault)
{
	json_t *answer = NULL;
	struct json_in in;
	enum err e;

	if ((e = door_ask(&r->door, "POST", "/api/session/finish", NULL,
		 json_pack("{s:I,s:o,s:o}", "login", (json_int_t)login, "ke3",
		     body_b64(slice_make(ke3, OPAQUE_KE3_OCTETS)), "session",
		     ticket_new(&r->session)),
		 &answer)) != ERR_OK)
		return e;
	r->signed_in = true;
	json_in_init(&in, answer);
	json_in_id(&in, "account", &r->account);
	json_in_buf(&in, "vault", ret_vault);
	e = json_in_end(&in);
	json_decref(answer);
	return e;
}

static enum err
login(struct reader *r, const uint8_t handle[static SHA256_OCTETS],
    struct opaque_client *c)
{
	uint8_t nonce[32], seed[32], ke2[OPAQUE_KE2_OCTETS];
	uint8_t ke3[OPAQUE_KE3_OCTETS], session[OPAQUE_SESSION_OCTETS];
	uint8_t export[OPAQUE_EXPORT_OCTETS];
	AUTO_BUF struct buf vault;
	uint64_t number;
	enum err e;

	buf_init(&vault, VAULT_OCTETS_MAX);
	octets_random(nonce, sizeof nonce);
	octets_random(seed, sizeof seed);
	opaque_blind_draw(c->blind);
	e = opaque_client_ke1(c, nonce, seed);
	octets_wipe(seed, sizeof seed);
	if (e != ERR_OK ||
	    (e = login_start(r, handle, c, ke2, &number)) != ERR_OK)
		return e;
	if ((e = opaque_client_ke3(c, ke2, ke3, session, export)) != ERR_OK)
		return say_why(r, e, "name or passphrase is wrong");
	if ((e = login_finish(r, number, ke3, &vault)) == ERR_OK &&
	    (e = vault_open(buf_slice(&vault), &r->account, SLICE_OF(export),
		 &r->vault)) != ERR_OK)
		e = say_why(r, e,
		    e == ERR_LIMIT
			? "your account holds more than can be read here: "
			  "sign out sessions that you do not use, in the app"
			: "what the server keeps for you does not open");
	octets_wipe(session, sizeof session);
	octets_wipe(export, sizeof export);
	return e;
}

enum err
reader_enter(struct reader *r, struct slice name, struct slice phrase)
{
	uint8_t handle[SHA256_OCTETS];
	AUTO_BUF struct buf normal;
	enum err e;

	buf_init_secret(&normal, TYPED_PHRASE_ROOM(phrase.len));
	if ((e = typed_name(name, handle)) == ERR_OK)
		e = typed_phrase(phrase, &normal);
	if (e != ERR_OK)
		return say_why(r, e, "that is no name or no passphrase");
	struct opaque_client c = { .password = buf_slice(&normal),
		.stretch = opaque_argon2id };
	e = login(r, handle, &c);
	opaque_client_wipe(&c);
	if (e == ERR_DENIED && r->door.why[0] == '\0')
		return say_why(r, e, "name or passphrase is wrong");
	if (e == ERR_LIMIT && r->door.why[0] == '\0')
		return say_why(r, e, "too many tries: wait a little");
	return e;
}

void
reader_leave(struct reader *r)
{
	json_t *answer = NULL;

	/* if it does not answer, the ticket ends with its day */
	if (r->signed_in && door_ask(&r->door, "DELETE", "/api/session",
				&r->session, NULL, &answer) == ERR_OK)
		json_decref(answer);
	door_close(&r->door);
	directory_fini(&r->directory);
	octets_wipe(r, sizeof *r);
}

/* --- the home --- */

static enum err
home_ticket(struct reader *r)
{
	uint8_t nonce[32], sign[SIGN_OCTETS], origin[32] = { 0 };
	json_t *answer = NULL;
	struct sign_pair pair;
	struct json_in in;
	AUTO_KEY seed;
	enum err e;

	if ((e = door_ask(&r->door, "POST", "/api/home/nonce", &r->session,
		 json_object(), &answer)) != ERR_OK)
		return e;
	json_in_init(&in, answer);
	json_in_octets(&in, "nonce", nonce, sizeof nonce);
	e = json_in_end(&in);
	json_decref(answer);
	if (e != ERR_OK)
		return e;
	key_derive(key_slice(&r->vault.root), LABEL_GRANT,
	    FIELDS(id_slice(&r->home->home)), &seed);
	sign_pair_make(&seed, &pair);
	e = sign_make(&pair, LABEL_HOME_OPEN,
	    FIELDS(SLICE_OF(origin), id_slice(&r->session.id), SLICE_OF(nonce),
		id_slice(&r->home->grant)),
	    sign);
	sign_pair_wipe(&pair);
	answer = NULL;
	if (e == ERR_OK)
		e = door_ask(&r->door, "POST", "/api/home/open", &r->session,
		    json_pack("{s:o,s:o,s:o,s:o}", "grant",
			body_id(&r->home->grant), "nonce",
			body_b64(SLICE_OF(nonce)), "sign",
			body_b64(SLICE_OF(sign)), "ticket",
			ticket_new(&r->ticket)),
		    &answer);
	json_decref(answer);
	return e;
}

static const struct reader_epoch *
epoch_find(const struct reader *r, uint32_t epoch)
{
	for (size_t i = 0; i < r->epoch_count; i++)
		if (r->epoch[i].epoch == epoch)
			return &r->epoch[i];
	return NULL;
}

/* The first item of an epoch counts; the directory must commit to it. */
static enum err
item_take(struct reader *r, const struct key *kx, json_t *o)
{
	struct keyring_reader at = { .home = r->home->home };
	AUTO_BUF struct buf sealed;
	struct keyring_item item;
	struct json_in in;
	enum err e;

	buf_init(&sealed, KEYRING_ITEM_OCTETS + 64);
	json_in_init(&in, o);
	at.epoch = (uint32_t)json_in_number(&in, "epoch", UINT32_MAX);
	at.directory_version = json_in_number(&in, "version", VERSION_MAX);
	json_in_buf(&in, "item", &sealed);
	if ((e = json_in_end(&in)) != ERR_OK ||
	    (e = keyring_open(&at, kx, buf_slice(&sealed), &item)) != ERR_OK)
		return e;
	if (item.kind == KEY_HOME && epoch_find(r, at.epoch) == NULL) {
		if (r->epoch_count == READER_EPOCHS_MAX)
			e = ERR_LIMIT;
		else
			r->epoch[r->epoch_count++] = (struct reader_epoch){
				at.epoch, at.directory_version, item.key
			};
	}
	keyring_item_fini(&item);
	octets_wipe(&item, sizeof item);
	return e;
}

static bool
epoch_committed(const struct reader *r, const struct reader_epoch *ep)
{
	const struct keyring_reader at = { r->home->home, ep->epoch,
		ep->version };
	struct keyring_item item = { .kind = KEY_HOME, .key = ep->home_key };
	const bool yes = keyring_committed(&at, &item, r->directory.people);

	octets_wipe(&item, sizeof item);
	return yes;
}

static struct reader_birth *
birth_find(struct reader *r, const struct id *thing)
{
	for (size_t i = 0; i < r->birth_count; i++)
		if (id_eq(&r->birth[i].thing, thing))
			return &r->birth[i];
	return NULL;
}

static enum err
births_look(struct reader *r)
{
	const struct people *p = r->directory.people;
	const uint64_t time_us = r->directory.time_us;
	json_t *keep = NULL;
	enum err e;

	if (p->keep.len > 0 &&
	    (e = json_text_parse(p->keep, PEOPLE_OCTETS_MAX, &keep)) != ERR_OK)
		return e;
	for (size_t i = 0; i < p->thing_count; i++) {
		const struct id *thing = &p->thing[i].id;
		const struct keep_thing next = keep_of(keep, thing);
		struct reader_birth *b = birth_find(r, thing);
		if (b == NULL && r->birth_count < PEOPLE_THINGS_MAX) {
			b = &r->birth[r->birth_count++];
			*b = (struct reader_birth){ .thing = *thing,
				.time_us = time_us };
		}
		if (b != NULL)
			keep_take(&b->keep, &next, time_us);
	}
	json_decref(keep);
	return ERR_OK;
}

/* Opened with the epoch's keys; a new epoch's are believed with it, or not. */
static enum err
version_check(struct reader *r, uint32_t epoch, const struct dir_sealed *sealed)
{
	const struct reader_epoch *ep = epoch_find(r, epoch);
	const uint32_t before = r->directory.epoch;
	AUTO_KEY people, hub;
	enum err e;

	if (ep == NULL)
		return ERR_MISSING;
	people_key(&ep->home_key, &r->home->home, epoch, &people);
	hub_key(&ep->home_key, &r->home->home, epoch, &hub);
	const struct dir_keys keys = { &people, &hub };
	if ((e = directory_take(&r->directory, &r->home->home, &keys,
		 sealed)) != ERR_OK)
		return e;
	if (r->directory.epoch != epoch)
		return ERR_CORRUPT;
	if (r->directory.epoch != before && !epoch_committed(r, ep))
		return ERR_CRYPTO;
	/* another history than the one this person knows */
	if (r->directory.version == r->home->version &&
	    memcmp(r->directory.hash, r->home->hash, SHA256_OCTETS) != 0)
		return ERR_CONFLICT;
	return births_look(r);
}

static enum err
version_take(struct reader *r, json_t *o)
{
	AUTO_BUF struct buf entry, people, hub;
	struct json_in in;
	enum err e;

	buf_init(&entry, 1024);
	buf_init(&people, PEOPLE_OCTETS_MAX + 64);
	buf_init(&hub, DIR_HUB_OCTETS_MAX + 64);
	json_in_init(&in, o);
	(void)json_in_number(&in, "version", VERSION_MAX);
	const uint32_t epoch = (uint32_t)json_in_number(&in, "epoch",
	    UINT32_MAX);
	json_in_buf(&in, "entry", &entry);
	json_in_buf(&in, "people", &people);
	json_in_buf(&in, "hub", &hub);
	if ((e = json_in_end(&in)) != ERR_OK)
		return e;
	const struct dir_sealed sealed = { buf_slice(&entry),
		buf_slice(&people), buf_slice(&hub) };
	return version_check(r, epoch, &sealed);
}

static enum err
answer_take(struct reader *r, const struct key *kx, json_t *answer,
    size_t *skip, bool *ret_more)
{
	struct json_in in;
	enum err e;

	json_in_init(&in, answer);
	json_t *versions = json_in_array(&in, "versions", VERSIONS_MAX);
	json_t *keys = json_in_array(&in, "keys", KEYS_MAX);
	*ret_more = json_in_bool(&in, "more");
	e = json_in_end(&in);
	if (e == ERR_OK && *ret_more &&
	    (json_array_size(keys) + json_array_size(versions) == 0 ||
		*skip > SKIP_MAX))
		return ERR_SYNTAX; /* it would never end */
	for (size_t i = 0; e == ERR_OK && i < json_array_size(keys); i++)
		e = item_take(r, kx, json_array_get(keys, i));
	for (size_t i = 0; e == ERR_OK && i < json_array_size(versions); i++)
		e = version_take(r, json_array_get(versions, i));
	*skip = json_array_size(versions) > 0 ? 0
					      : *skip + json_array_size(keys);
	return e;
}

static enum err
chain_read(struct reader *r, const struct key *kx)
{
	size_t skip = 0;
	bool more = true;
	enum err e = ERR_OK;

	while (e == ERR_OK && more) {
		json_t *answer = NULL;
		e = door_ask(&r->door, "POST", "/api/home/read", &r->ticket,
		    json_pack("{s:I,s:o,s:I}", "since",
			(json_int_t)r->directory.version, "reader",
			body_id(&r->home->member), "skip", (json_int_t)skip),
		    &answer);
		if (e == ERR_OK)
			e = answer_take(r, kx, answer, &skip, &more);
		json_decref(answer);
	}
	return e;
}

enum err
reader_home(struct reader *r, size_t n)
{
	AUTO_KEY kx;
	enum err e;

	if (n >= r->vault.home_count)
		return say_why(r, ERR_MISSING, "this account has no home yet");
	directory_fini(&r->directory);
	octets_wipe(r->epoch, sizeof r->epoch);
	r->epoch_count = r->birth_count = 0;
	r->home = &r->vault.home[n];
	account_kx_private(&r->vault.root, &r->account, &kx);
	if ((e = home_ticket(r)) != ERR_OK)
		return say_why(r, e, "the home does not let this account in");
	if ((e = chain_read(r, &kx)) != ERR_OK)
		return say_why(r, e,
		    "the home's list is not signed as it should be");
	if (r->directory.version == 0 ||
	    r->directory.version < r->home->version)
		return say_why(r, ERR_CONFLICT,
		    "the home's list is older than what you have seen: the "
		    "server was restored, or keeps it back");
	return ERR_OK;
}

/* --- cameras --- */

static const struct people_stream *
main_stream(const struct thing *t)
{
	const struct people_stream *s = thing_stream(t, TRACK_MAIN);

	for (size_t i = 0; s == NULL && i < t->stream_count; i++)
		if (t->stream[i].class == RUN_MEDIA)
			s = &t->stream[i];
	return s;
}

bool
reader_camera(struct reader *r, size_t n, struct reader_camera *ret)
{
	static const struct reader_birth unknown;
	const struct people *p = r->directory.people;

	for (size_t i = 0; i < p->thing_count; i++) {
		const struct thing *t = &p->thing[i];
		const struct people_hub *hub = people_hub(p, &t->hub);
		const struct people_stream *main = main_stream(t);
		const struct people_stream *index = thing_stream(t,
		    TRACK_INDEX);
		if (!slice_eq(t->kind, SLICE_LIT("camera")) || hub == NULL ||
		    main == NULL || n-- > 0)
			continue;
		const struct reader_birth *b = birth_find(r, &t->id);
		if (b == NULL)
			b = &unknown;
		*ret = (struct reader_camera){ .thing = t,
			.hub = hub,
			.main = main->id,
			.born_us = b->time_us,
			.keep = &b->keep };
		if (index != NULL)
			ret->index = index->id;
		return true;
	}
	return false;
}

/* The private half of the hour that a header names by its id. */
static enum err
hour_find(const struct key *thing, const struct hour_id *id, uint32_t about,
    struct key *ret_private)
{
	const uint32_t least = about < HOURS_BACK ? 0 : about - HOURS_BACK;
	struct hour_id one;

	for (uint32_t h = about + HOURS_NEAR; h > least; h--) {
		hour_id(thing, h, &one);
		if (memcmp(&one, id, sizeof one) == 0) {
			hour_private(thing, h, ret_private);
			return ERR_OK;
		}
		/* the spare is looked for before what is far */
		if (h + HOURS_NEAR != about)
			continue;
		hour_id(thing, HOUR_SPARE, &one);
		if (memcmp(&one, id, sizeof one) == 0) {
			hour_private(thing, HOUR_SPARE, ret_private);
			return ERR_OK;
		}
	}
	return ERR_MISSING;
}

enum err
reader_run(const struct reader *r, const struct reader_camera *c,
    const struct id *stream, uint8_t class, uint64_t about_us,
    struct slice header, struct run_info *ret_info, struct run_reader **ret_run)
{
	const struct place place = { r->home->home, c->thing->id, *stream,
		c->hub->id, class };
	struct run_clear clear;
	AUTO_KEY thing, hour;
	enum err e;

	if ((e = run_clear_parse(header, &clear)) != ERR_OK)
		return e;
	const struct reader_epoch *ep = epoch_find(r, clear.epoch);
	if (ep == NULL)
		return ERR_MISSING;
	thing_key(&ep->home_key, &r->home->home, ep->epoch, &c->thing->id,
	    &thing);
	if ((e = hour_find(&thing, &clear.hour_id,
		 (uint32_t)(about_us / INDEX_HOUR_US), &hour)) != ERR_OK)
		return e;
	return run_read_open(header, &place, &hour, c->hub->sign, ret_info,
	    ret_run);
}
