/*
 * reader_live.c - what hubs sign, and whether what is recorded is given out.
 */
#include <stdlib.h>
#include <string.h>

#include "base/codec.h"
#include "cli/reader.h"
#include "model/body.h"
#include "model/json_read.h"
#include "os/clock.h"

#define WAIT_MS      30000
#define RANGE_MS     120000 /* a range, whole */
#define HEADS_MS     3000   /* a hub that hears of a viewer answers at once */
#define HEADS_OLD_US 20000000
#define SLOT_OCTETS  4
#define GROUPS_MAX   64

static size_t
hub_number(const struct reader *r, const struct id *hub)
{
	const struct people *p = r->directory.people;
	size_t i = 0;

	while (i < p->hub_count && !id_eq(&p->hub[i].id, hub))
		i++;
	return i;
}

/* Sealed for members of the epoch that it was made in. */
static enum err
heads_try(const struct reader *r, const struct people_hub *hub,
    struct slice sealed, struct heads *ret_heads)
{
	enum err e = ERR_MISSING;

	for (size_t i = r->epoch_count; i-- > 0 && e != ERR_OK;) {
		const struct reader_epoch *ep = &r->epoch[i];
		AUTO_KEY key;
		people_key(&ep->home_key, &r->home->home, ep->epoch, &key);
		e = heads_open(sealed, &r->home->home, &key, hub->sign,
		    ret_heads);
	}
	return e;
}

static void
heads_take(struct reader_live *l, json_t *o)
{
	static struct heads heads; /* large */
	const struct people *p = l->reader->directory.people;
	AUTO_BUF struct buf sealed;
	struct json_in in;
	struct id hub;

	buf_init(&sealed, HEADS_OCTETS_MAX + 64);
	json_in_init(&in, o);
	(void)json_in_text(&in, "t", 16);
	json_in_id(&in, "hub", &hub);
	json_in_buf(&in, "body", &sealed);
	if (json_in_end(&in) != ERR_OK)
		return;
	const size_t n = hub_number(l->reader, &hub);
	if (n == p->hub_count || heads_try(l->reader, &p->hub[n],
				     buf_slice(&sealed), &heads) != ERR_OK)
		return;
	if (id_eq(&heads.hub, &hub) && heads.counter > l->heads[n].counter)
		l->heads[n] = heads;
}

/* The next message that is no heads; those are taken on the way. */
static enum err
next(struct reader_live *l, int wait_ms, json_t **ret_text, const char **ret_t)
{
	for (;;) {
		const enum err e = live_next(&l->wire, wait_ms, &l->octets,
		    ret_text);
		if (e != ERR_OK || *ret_text == NULL) {
			*ret_t = "";
			return e;
		}
		*ret_t = json_string_value(json_object_get(*ret_text, "t"));
		if (*ret_t == NULL) {
			json_decref(*ret_text);
			return ERR_SYNTAX;
		}
		if (strcmp(*ret_t, "heads") != 0)
			return ERR_OK;
		heads_take(l, *ret_text);
		json_decref(*ret_text);
		*ret_text = NULL;
		*ret_t = "heads";
		return ERR_OK;
	}
}

/* Not now is not never: nothing may be told of what was not looked at. */
static enum err
error_of(const json_t *o)
{
	const char *code = json_string_value(json_object_get(o, "error"));

	return code != NULL && (strcmp(code, "later") == 0 ||
				   strcmp(code, "limit") == 0)
		   ? ERR_AGAIN
		   : ERR_MISSING;
}

/* Texts until one of that kind, or an error of that n. */
static enum err
until(struct reader_live *l, const char *kind, json_t **ret_text)
{
	const uint64_t until_ms = clock_monotonic_ms() + WAIT_MS;

	for (;;) {
		json_t *o;
		const char *t;
		if (clock_left_ms(until_ms) == 0)
			return ERR_TIMEOUT;
		const enum err e = next(l, clock_left_ms(until_ms), &o, &t);
		if (e != ERR_OK)
			return e;
		if (o != NULL && strcmp(t, kind) == 0) {
			*ret_text = o;
			return ERR_OK;
		}
		const enum err refused = o == NULL || strcmp(t, "error") != 0
					     ? ERR_OK
					     : error_of(o);
		json_decref(o);
		if (refused != ERR_OK)
			return refused;
	}
}

static enum err
hello(struct reader_live *l)
{
	char who[TICKET_TEXT_ROOM];
	json_t *answer;
	enum err e;

	ticket_text(&l->reader->ticket, who);
	e = live_say(&l->wire,
	    json_pack("{s:s,s:s}", "t", "hello", "ticket", who));
	octets_wipe(who, sizeof who);
	if (e == ERR_OK && (e = until(l, "welcome", &answer)) == ERR_OK)
		json_decref(answer);
	return e;
}

enum err
reader_live_open(struct reader *r, struct reader_live *ret)
{
	struct reader_live l = { .reader = r };
	enum err e;

	if ((e = live_open(&r->door, &l.wire)) != ERR_OK)
		return e;
	buf_init(&l.octets, (size_t)5 << 20);
	l.heads = calloc(PEOPLE_HUBS_MAX, sizeof *l.heads);
	e = l.heads == NULL ? ERR_NOMEM : hello(&l);
	if (e == ERR_OK)
		*ret = l;
	else
		reader_live_close(&l);
	return e;
}

void
reader_live_close(struct reader_live *l)
{
	live_close(&l->wire);
	buf_fini(&l->octets);
	free(l->heads);
	*l = (struct reader_live){ .wire = { .fd = -1 } };
}

static bool
is_fresh(const struct heads *h)
{
	return h->time_us + HEADS_OLD_US > clock_realtime_us();
}

/* Who watches is heard of by the hub, which then says what is newest. */
const struct heads *
reader_live_heads(struct reader_live *l, const struct reader_camera *c)
{
	const size_t n = hub_number(l->reader, &c->hub->id);
	const struct heads *heads = &l->heads[n];
	const uint64_t until_ms = clock_monotonic_ms() + HEADS_MS;
	json_t *o;
	const char *t;

	if (is_fresh(heads) ||
	    live_say(&l->wire, json_pack("{s:s,s:I,s:o}", "t", "watch", "n",
				   ++l->n, "stream", body_id(&c->main))) !=
		ERR_OK)
		return heads->time_us == 0 ? NULL : heads;
	json_int_t slot = -1;
	bool online = true;
	while (!is_fresh(heads) && online && clock_monotonic_ms() < until_ms &&
	       next(l, HEADS_MS, &o, &t) == ERR_OK) {
		if (o != NULL && strcmp(t, "watching") == 0) {
			slot = json_integer_value(json_object_get(o, "slot"));
			online = json_is_true(json_object_get(o, "online"));
		}
		json_decref(o);
	}
	if (slot >= 0 &&
	    live_say(&l->wire,
		json_pack("{s:s,s:I}", "t", "unwatch", "slot", slot)) != ERR_OK)
		return NULL;
	return heads->time_us == 0 ? NULL : heads;
}

/* --- groups --- */

/* What came of a range of one run. */
struct probe {
	const struct reader_camera *c;
	const struct run_id *run;
	uint64_t about_us;
	struct run_reader *reader;
	uint64_t key_index;           /* of the newest key frame */
	uint64_t held_index, held_us; /* newest key frame, time with a mark */
};

static void
header_take(struct reader_live *l, struct probe *p, struct slice record)
{
	struct run_info info;

	if (p->reader != NULL ||
	    reader_run(l->reader, p->c, &p->c->main, RUN_MEDIA, p->about_us,
		record, &info, &p->reader) != ERR_OK ||
	    memcmp(&info.run, p->run, sizeof info.run) == 0)
		return;
	run_read_close(p->reader);
	p->reader = NULL;
}

static void
record_take(struct reader_live *l, struct probe *p, struct slice record)
{
	struct run_said said;
	struct slice body;
	uint8_t flags;

	if (run_record_flags(record, &flags, &body) != ERR_OK)
		return;
	if (flags == RUN_HEADER) {
		header_take(l, p, record);
		return;
	}
	if (p->reader == NULL || run_read(p->reader, record, &said) != ERR_OK)
		return;
	if (said.flags == RUN_KEY)
		p->key_index = said.index;
	if (said.verified_first == 0)
		return;
	p->held_us = said.time_us; /* of the last record under the mark */
	if (said.verified_first <= p->key_index &&
	    said.verified_last >= p->key_index)
		p->held_index = p->key_index;
}

/* Many records in one message, each behind its length. */
static void
pack_take(struct reader_live *l, struct probe *p, struct slice pack)
{
	struct rd rd;

	rd_init(&rd, pack);
	while (rd.err == ERR_OK && rd.rest.len > 0)
		record_take(l, p, rd_sized(&rd, pack.len));
}

static enum err
records_take(struct reader_live *l, struct probe *p, uint32_t slot)
{
	const uint64_t until_ms = clock_monotonic_ms() + RANGE_MS;

	for (;;) {
		json_t *o;
		const char *t;
		if (clock_left_ms(until_ms) == 0)
			return ERR_TIMEOUT;
		const enum err e = next(l, WAIT_MS, &o, &t);
		if (e != ERR_OK)
			return e;
		const struct slice s = buf_slice(&l->octets);
		if (strcmp(t, "") == 0 && s.len > SLOT_OCTETS &&
		    slice_be(s, SLOT_OCTETS) == slot)
			pack_take(l, p, slice_skip(s, SLOT_OCTETS));
		const bool end = strcmp(t, "end") == 0;
		json_decref(o);
		if (end)
			return ERR_OK;
	}
}

/* Groups of the run from that one on; keys: key frames and their marks alone. */
static enum err
range_ask(struct reader_live *l, struct probe *p, uint64_t index, int groups,
    bool keys)
{
	json_t *answer;
	enum err e;

	p->key_index = p->held_index = 0;
	if ((e = live_say(&l->wire,
		 json_pack("{s:s,s:I,s:o,s:o,s:I,s:i,s:I,s:b}", "t", "range",
		     "n", ++l->n, "stream", body_id(&p->c->main), "run",
		     body_b64(SLICE_OF(p->run->octets)), "index",
		     (json_int_t)index, "groups", groups, "until",
		     (json_int_t)UINT32_MAX, "keys", keys))) != ERR_OK ||
	    (e = until(l, "range", &answer)) != ERR_OK)
		return e;
	const json_int_t slot = json_integer_value(
	    json_object_get(answer, "slot"));
	json_decref(answer);
	e = records_take(l, p, (uint32_t)slot);
	run_read_close(p->reader);
	p->reader = NULL;
	return e;
}

enum err
reader_live_group(struct reader_live *l, const struct reader_camera *c,
    const struct run_id *run, const struct index_group *group)
{
	struct probe p = { .c = c, .run = run, .about_us = group->time_us };
	const enum err e = range_ask(l, &p, group->index, 1, true);

	return e == ERR_OK && p.held_index != group->index ? ERR_MISSING : e;
}

enum err
reader_live_tail(struct reader_live *l, const struct reader_camera *c,
    const struct run_id *run, const struct index_group *group, uint64_t *ret_us)
{
	struct probe p = { .c = c, .run = run, .about_us = group->time_us };
	uint64_t index = group->index, before;
	enum err e;

	do {
		before = index;
		if ((e = range_ask(l, &p, before, GROUPS_MAX, true)) != ERR_OK)
			return e;
		index = p.held_index;
	} while (index > before);
	if (index == 0)
		return ERR_MISSING;
	if ((e = range_ask(l, &p, index, 1, false)) == ERR_OK)
		*ret_us = p.held_us;
	return e;
}
