#include <stdlib.h>
#include <string.h>

#include "base/obj.h"
#include "model/golden.h"
#include "model/household.h"
#include "model/run_read.h"
#include "model/run_write.h"

#define HOUR     489976u
#define START_US ((uint64_t)HOUR * 3600000000u + 123456)
#define RECORDS  16

struct tape {
	struct buf record[RECORDS];
	uint8_t flags[RECORDS];
	size_t count;
};

struct film {
	struct household h;
	struct run_info info;
	struct key thing, hour, run_key, ephemeral;
	uint8_t hour_public[KX_OCTETS];
	struct sign_pair hub;
	struct key hub_seed;
	struct tape tape;
};

static void
tape_record(void *to, uint64_t index, uint8_t flags, struct slice record)
{
	struct tape *t = to;

	assert(index == t->count && t->count < RECORDS);
	buf_init(&t->record[t->count], 4096);
	if (buf_append(&t->record[t->count], record) != ERR_OK)
		abort();
	t->flags[t->count++] = flags;
}

#define MUST(call)                                                             \
	do {                                                                   \
		if ((call) != ERR_OK)                                          \
			abort();                                               \
	} while (0)

static void
film_names(struct film *f)
{
	struct household *h = &f->h;
	struct run_info *i = &f->info;

	household_make(h, 7);
	household_draw(h, &f->hub_seed, sizeof f->hub_seed);
	sign_pair_make(&f->hub_seed, &f->hub);
	household_draw(h, &i->place.writer, sizeof i->place.writer);
	household_draw(h, &i->place.thing, sizeof i->place.thing);
	household_draw(h, &i->place.stream, sizeof i->place.stream);
	household_draw(h, &i->run, sizeof i->run);
	household_draw(h, &i->before.run, sizeof i->before.run);
	household_draw(h, i->before.mark_hash, sizeof i->before.mark_hash);
	household_draw(h, i->directory_hash, sizeof i->directory_hash);
	household_draw(h, i->setup_hash, sizeof i->setup_hash);
	household_draw(h, &f->run_key, sizeof f->run_key);
	household_draw(h, &f->ephemeral, sizeof f->ephemeral);
	i->place.home = h->home;
	i->place.class = RUN_MEDIA;
	i->epoch = h->epoch;
	i->start_us = START_US;
	i->before.last_index = 41;
	i->directory_version = 3;
	thing_key(&h->home_key, &h->home, h->epoch, &i->place.thing, &f->thing);
	hour_private(&f->thing, HOUR, &f->hour);
	hour_id(&f->thing, HOUR, &i->hour_id);
	kx_public(&f->hour, f->hour_public);
}

/* A key frame, its mark, four pictures, the mark that ends the run. */
static void
film_make(struct film *f)
{
	const struct run_secrets secrets = { &f->run_key, &f->ephemeral };
	const struct run_sink sink = { tape_record, &f->tape };
	struct run_writer *w;

	*f = (struct film){ 0 };
	film_names(f);
	MUST(run_write_open(&f->info, f->hour_public, &f->hub, &secrets, sink,
	    &w));
	for (unsigned i = 0; i < 5; i++) {
		const uint8_t picture[] = { 0, 0, 0, 2, i == 0 ? 0x65 : 0x41,
			(uint8_t)i };
		MUST(run_write_media(w, i == 0, START_US + i * 66667, RUN_H264,
		    SLICE_OF(picture)));
	}
	MUST(run_write_end(w, START_US + 400000));
	run_write_close(w);
}

static void
film_fini(struct film *f)
{
	for (size_t i = 0; i < f->tape.count; i++)
		buf_fini(&f->tape.record[i]);
}

static json_t *
keys_json(const struct film *f)
{
	const struct household *h = &f->h;
	AUTO_KEY base;

	run_base_key(&f->run_key, &f->info.place, &f->info.run, &base);
	return json_pack("{s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o}",
	    "home_key", hex_json(key_slice(&h->home_key)), "people_key",
	    hex_json(key_slice(&h->people_key)), "hub_key",
	    hex_json(key_slice(&h->hub_key)), "thing_key",
	    hex_json(key_slice(&f->thing)), "hour_private",
	    hex_json(key_slice(&f->hour)), "hour_public",
	    hex_json(SLICE_OF(f->hour_public)), "hour_id",
	    hex_json(SLICE_OF(f->info.hour_id.octets)), "hub_seed",
	    hex_json(key_slice(&f->hub_seed)), "hub_sign",
	    hex_json(SLICE_OF(f->hub.public)), "ephemeral",
	    hex_json(key_slice(&f->ephemeral)), "run_key",
	    hex_json(key_slice(&f->run_key)), "base_key",
	    hex_json(key_slice(&base)));
}

static json_t *
place_json(const struct place *p)
{
	return json_pack("{s:o,s:o,s:o,s:o,s:i}", "home",
	    hex_json(id_slice(&p->home)), "thing",
	    hex_json(id_slice(&p->thing)), "stream",
	    hex_json(id_slice(&p->stream)), "writer",
	    hex_json(id_slice(&p->writer)), "class", p->class);
}

static json_t *
header_json(const struct film *f)
{
	const struct run_info *i = &f->info;

	return json_pack("{s:I,s:I,s:o,s:I,s:o,s:I,s:o,s:I,s:o,s:o,s:o}",
	    "epoch", (json_int_t)i->epoch, "hour", (json_int_t)HOUR, "run",
	    hex_json(SLICE_OF(i->run.octets)), "start_us",
	    (json_int_t)i->start_us, "before_run",
	    hex_json(SLICE_OF(i->before.run.octets)), "before_index",
	    (json_int_t)i->before.last_index, "before_mark",
	    hex_json(SLICE_OF(i->before.mark_hash)), "directory_version",
	    (json_int_t)i->directory_version, "directory_hash",
	    hex_json(SLICE_OF(i->directory_hash)), "setup_hash",
	    hex_json(SLICE_OF(i->setup_hash)), "record",
	    hex_json(buf_slice(&f->tape.record[0])));
}

static struct run_reader *
film_reader(const struct film *f)
{
	struct run_reader *r;
	struct run_info info;

	MUST(run_read_open(buf_slice(&f->tape.record[0]), &f->info.place,
	    &f->hour, f->hub.public, &info, &r));
	return r;
}

static json_t *
records_json(const struct film *f)
{
	struct run_reader *r = film_reader(f);
	json_t *all = json_array();

	for (size_t i = 1; i < f->tape.count; i++) {
		const struct slice record = buf_slice(&f->tape.record[i]);
		struct run_said s;
		MUST(run_read(r, record, &s));
		json_array_append_new(all,
		    json_pack("{s:I,s:i,s:i,s:I,s:o,s:[I,I],s:b,s:o}", "index",
			(json_int_t)s.index, "flags", s.flags, "kind", s.kind,
			"time_us", (json_int_t)s.time_us, "octets",
			hex_json(s.octets), "verified",
			(json_int_t)s.verified_first,
			(json_int_t)s.verified_last, "ends", s.ends, "record",
			hex_json(record)));
	}
	run_read_close(r);
	return all;
}

/*
 * What a reader must refuse: records in the order given, all but the last of
 * them good. A record number may be followed by an octet to change.
 */
static const struct {
	const char *what;
	enum err want;
	int at, change; /* octet of the last record and what it is XORed with */
	int order[8];   /* ends with 0 */
} bad_orders[] = {
	{ "a record again", ERR_EXISTS, 0, 0, { 1, 2, 3, 3, 0 } },
	{ "an older record again", ERR_EXISTS, 0, 0, { 1, 2, 3, 1, 0 } },
	{ "a record left out", ERR_MISSING, 0, 0, { 1, 2, 4, 0 } },
	{ "no key frame first", ERR_MISSING, 0, 0, { 3, 0 } },
	{ "a flag changed", ERR_CRYPTO, 1, 1, { 1, 2, 3, 0 } },
	{ "an end made up", ERR_CRYPTO, 1, 8, { 1, 2, 0 } },
	{ "an octet changed", ERR_CRYPTO, 20, 0x40, { 1, 2, 3, 0 } },
	{ "another version", ERR_UNSUPPORTED, 0, 3, { 1, 0 } },
	{ "after the end", ERR_CLOSED, 0, 0, { 1, 2, 3, 4, 5, 6, 7, 0 } },
};

static json_t *
bad_order_json(const struct film *f, size_t which)
{
	struct run_reader *r = film_reader(f);
	json_t *records = json_array();
	enum err e = ERR_OK;

	for (const int *o = bad_orders[which].order; *o != 0; o++) {
		const bool last = o[1] == 0;
		struct run_said s;
		uint8_t octets[4096];
		struct slice record = buf_slice(&f->tape.record[*o]);
		memcpy(octets, record.at, record.len);
		if (last)
			octets[bad_orders[which].at] ^= (uint8_t)
							    bad_orders[which]
								.change;
		record.at = octets;
		json_array_append_new(records, hex_json(record));
		e = run_read(r, record, &s);
	}
	if (bad_orders[which].want == ERR_CLOSED) {
		struct run_said s;
		const struct slice again = buf_slice(&f->tape.record[1]);
		json_array_append_new(records, hex_json(again));
		e = run_read(r, again, &s);
	}
	if (e != bad_orders[which].want)
		abort();
	run_read_close(r);
	return json_pack("{s:s,s:s,s:o}", "what", bad_orders[which].what,
	    "error", err_name(e), "records", records);
}

/*
 * A header somewhere else: the same octets, or with a changed one, where they
 * do not belong.
 */
static json_t *
bad_header_json(const struct film *f, const char *what, struct place place,
    int at)
{
	uint8_t octets[1024];
	struct slice header = buf_slice(&f->tape.record[0]);
	struct run_reader *r;
	struct run_info info;

	memcpy(octets, header.at, header.len);
	if (at > 0)
		octets[at] ^= 1;
	header.at = octets;
	if (run_read_open(header, &place, &f->hour, f->hub.public, &info, &r) ==
	    ERR_OK)
		abort();
	return json_pack("{s:s,s:o,s:o}", "what", what, "place",
	    place_json(&place), "header", hex_json(header));
}

static json_t *
bad_headers_json(const struct film *f)
{
	json_t *all = json_array();
	struct place p = f->info.place;

	p.stream.octets[0] ^= 1;
	json_array_append_new(all,
	    bad_header_json(f, "moved to another stream", p, 0));
	p = f->info.place;
	p.home.octets[0] ^= 1;
	json_array_append_new(all,
	    bad_header_json(f, "moved to another home", p, 0));
	p = f->info.place;
	p.thing.octets[0] ^= 1;
	json_array_append_new(all,
	    bad_header_json(f, "moved to another thing", p, 0));
	p = f->info.place;
	p.writer.octets[0] ^= 1;
	json_array_append_new(all,
	    bad_header_json(f, "said to be another writer's", p, 0));
	p = f->info.place;
	p.class = RUN_LOG;
	json_array_append_new(all,
	    bad_header_json(f, "moved to another class", p, 0));
	p = f->info.place;
	json_array_append_new(all,
	    bad_header_json(f, "another epoch in clear", p, 6));
	json_array_append_new(all,
	    bad_header_json(f, "another hour in clear", p, 8));
	json_array_append_new(all,
	    bad_header_json(f, "another run id in clear", p, 16));
	json_array_append_new(all,
	    bad_header_json(f, "another sealed key", p, 60));
	json_array_append_new(all,
	    bad_header_json(f, "another sealed field", p, 130));
	return all;
}

/*
 * Who knows the run's key, as each viewer does, seals pictures and marks that
 * open; the marks are not the hub's. with_own_mark: his picture and his mark;
 * else his picture, and then the hub's mark over the true one.
 */
static json_t *
forged_json(const struct film *f, const char *what, bool with_own_mark)
{
	struct film g = *f;
	struct run_reader *r = film_reader(f);
	json_t *records = json_array();
	const struct run_secrets secrets = { &f->run_key, &f->ephemeral };
	const struct run_sink sink = { tape_record, &g.tape };
	struct run_writer *w;
	struct sign_pair eve;
	struct run_said s;

	g.tape = (struct tape){ 0 };
	sign_pair_make(&f->ephemeral, &eve);
	MUST(
	    run_write_open(&f->info, f->hour_public, &eve, &secrets, sink, &w));
	MUST(run_write_media(w, true, START_US, RUN_H264,
	    SLICE_LIT("\0\0\0\2\x65\xee")));
	run_write_close(w);
	const struct slice picture = buf_slice(&g.tape.record[1]);
	const struct slice mark = buf_slice(
	    with_own_mark ? &g.tape.record[2] : &f->tape.record[2]);
	json_array_append_new(records, hex_json(picture));
	json_array_append_new(records, hex_json(mark));
	MUST(run_read(r, picture, &s));
	if (run_read(r, mark, &s) != ERR_CORRUPT)
		abort();
	run_read_close(r);
	film_fini(&g);
	return json_pack("{s:s,s:s,s:o}", "what", what, "error",
	    err_name(ERR_CORRUPT), "records", records);
}

json_t *
golden_run(void)
{
	struct film f;
	json_t *bad = json_array();

	film_make(&f);
	for (size_t i = 0; i < COUNT(bad_orders); i++)
		json_array_append_new(bad, bad_order_json(&f, i));
	json_array_append_new(bad,
	    forged_json(&f, "a picture and its mark, forged by a viewer",
		true));
	json_array_append_new(bad,
	    forged_json(&f,
		"a picture swapped by a viewer, under the true mark", false));
	json_t *all = json_pack("{s:o,s:o,s:o,s:o,s:o,s:o}", "keys",
	    keys_json(&f), "place", place_json(&f.info.place), "header",
	    header_json(&f), "records", records_json(&f), "bad_headers",
	    bad_headers_json(&f), "bad_records", bad);
	film_fini(&f);
	return all;
}
