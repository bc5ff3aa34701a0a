/*
 * A run is written, then read by an honest reader while somebody between the
 * two swaps, moves, replays, cuts or changes records.
 */
#include <stdio.h>
#include <string.h>

#include "base/obj.h"
#include "model/run_read.h"
#include "model/run_write.h"
#include "unit/t.h"

#define RECORDS_MAX 400
#define START_US    1763913600000000

struct tape {
	struct buf record[RECORDS_MAX];
	uint8_t flags[RECORDS_MAX];
	size_t count;
};

struct bench {
	struct sign_pair hub;
	struct key hour;
	uint8_t hour_public[KX_OCTETS];
	struct run_info info;
	struct tape tape;
	struct run_writer *w;
};

static void
tape_record(void *to, uint64_t index, uint8_t flags, struct slice record)
{
	struct tape *t = to;

	assert_true(t->count < RECORDS_MAX);
	assert_int_equal(index, t->count);
	buf_init(&t->record[t->count], RUN_RECORD_MAX);
	T_OK(buf_append(&t->record[t->count], record));
	t->flags[t->count++] = flags;
}

static struct id
id_of(uint8_t v)
{
	struct id id;

	memset(id.octets, v, sizeof id.octets);
	return id;
}

static void
bench_open(struct bench *b)
{
	AUTO_KEY run_key, seed;

	*b = (struct bench){ 0 };
	octets_random(&seed, sizeof seed);
	octets_random(&b->hour, sizeof b->hour);
	octets_random(&run_key, sizeof run_key);
	sign_pair_make(&seed, &b->hub);
	kx_public(&b->hour, b->hour_public);
	b->info = (struct run_info){
		.place = { id_of(1), id_of(2), id_of(3), id_of(4), RUN_MEDIA },
		.epoch = 1,
		.start_us = START_US,
	};
	run_id_make(&b->info.place.stream, &b->info.run);
	const struct run_secrets secrets = { .run_key = &run_key };
	const struct run_sink sink = { tape_record, &b->tape };
	T_OK(run_write_open(&b->info, b->hour_public, &b->hub, &secrets, sink,
	    &b->w));
}

static void
tape_clear(struct tape *t)
{
	for (size_t i = 0; i < t->count; i++)
		buf_fini(&t->record[i]);
	t->count = 0;
}

static void
bench_close(struct bench *b)
{
	run_write_close(b->w);
	tape_clear(&b->tape);
}

/* Fifteen pictures a second, a key frame each two. */
static void
bench_film(struct bench *b, unsigned pictures)
{
	for (unsigned i = 0; i < pictures; i++) {
		char octets[20];
		const int n = snprintf(octets, sizeof octets, "picture %u", i);
		T_OK(run_write_media(b->w, i % 30 == 0, START_US + i * 66667,
		    RUN_H264, slice_make(octets, (size_t)n)));
	}
}

static struct run_reader *
bench_reader(const struct bench *b)
{
	struct run_reader *r;
	struct run_info info;

	T_OK(run_read_open(buf_slice(&b->tape.record[0]), &b->info.place,
	    &b->hour, b->hub.public, &info, &r));
	assert_int_equal(info.start_us, START_US);
	return r;
}

/* Read the records numbered so, in that order; what the last one gives. */
static enum err
bench_read(const struct bench *b, const size_t *order, size_t count,
    struct run_said *said)
{
	struct run_reader *r = bench_reader(b);
	enum err e = ERR_OK;

	for (size_t i = 0; i < count; i++) {
		e = run_read(r, buf_slice(&b->tape.record[order[i]]), said);
		if (i + 1 < count)
			T_OK(e);
	}
	run_read_close(r);
	return e;
}
#define READ(b, said, ...)                                                     \
	bench_read(b, (const size_t[]){ __VA_ARGS__ },                         \
	    COUNT(((const size_t[]){ __VA_ARGS__ })), said)

static void
a_run_reads_back_and_every_picture_is_verified(void **state)
{
	struct bench b;
	struct run_said said;
	uint64_t verified = 0, media = 0;
	unsigned ends = 0;

	(void)state;
	bench_open(&b);
	bench_film(&b, 100);
	T_OK(run_write_end(b.w, START_US + 7000000));
	struct run_reader *r = bench_reader(&b);
	for (size_t i = 1; i < b.tape.count; i++) {
		T_OK(run_read(r,
		    t_edge(b.tape.record[i].at, b.tape.record[i].len), &said));
		assert_int_equal(said.index, i);
		assert_int_equal(said.flags, b.tape.flags[i]);
		if (said.kind == RUN_H264)
			media++;
		if (said.verified_first != 0)
			verified += said.verified_last - said.verified_first +
				    1;
		ends += said.ends;
	}
	assert_int_equal(media, 100);
	assert_int_equal(verified, 100);
	assert_int_equal(ends, 1);
	T_ERR(ERR_CLOSED, run_read(r, buf_slice(&b.tape.record[1]), &said));
	run_read_close(r);
	bench_close(&b);
}

static void
marks_stand_where_the_format_wants_them(void **state)
{
	struct bench b;

	(void)state;
	bench_open(&b);
	bench_film(&b, 31);
	/* header, key, its mark, 15 more pictures are a second: mark, 13
	 * left unmarked, mark before the key, key, its mark */
	static const struct {
		size_t at;
		uint8_t flags;
	} want[] = { { 0, RUN_HEADER }, { 1, RUN_KEY }, { 2, RUN_MARK },
		{ 3, 0 }, { 18, 0 }, { 19, RUN_MARK }, { 20, 0 },
		{ 33, RUN_MARK }, { 34, RUN_KEY }, { 35, RUN_MARK } };
	for (size_t i = 0; i < COUNT(want); i++)
		assert_int_equal(b.tape.flags[want[i].at], want[i].flags);
	assert_int_equal(b.tape.count, 36);
	/* 64 records in less than a second */
	for (unsigned i = 0; i < 64; i++)
		T_OK(run_write_media(b.w, false, START_US + 3000000 + i,
		    RUN_H264, SLICE_LIT("x")));
	assert_int_equal(b.tape.flags[b.tape.count - 1], RUN_MARK);
	assert_int_equal(b.tape.count, 36 + 65);
	/* nothing comes any more: the clock marks */
	T_OK(run_write_media(b.w, false, START_US + 4000000, RUN_H264,
	    SLICE_LIT("y")));
	T_OK(run_write_tick(b.w, START_US + 4900000));
	assert_int_equal(b.tape.count, 102);
	T_OK(run_write_tick(b.w, START_US + 5000000));
	assert_int_equal(b.tape.count, 103);
	bench_close(&b);
}

static void
who_joins_at_a_key_frame_verifies_from_there(void **state)
{
	struct bench b;
	struct run_said said;

	(void)state;
	bench_open(&b);
	bench_film(&b, 62);
	T_ERR(ERR_MISSING, READ(&b, &said, 20));
	T_OK(READ(&b, &said, 34, 35));
	assert_int_equal(said.verified_first, 34);
	assert_int_equal(said.verified_last, 34);
	bench_close(&b);
}

static void
swapped_and_repeated_records_are_refused(void **state)
{
	struct bench b;
	struct run_said said;

	(void)state;
	bench_open(&b);
	bench_film(&b, 40);
	T_ERR(ERR_EXISTS, READ(&b, &said, 1, 2, 3, 3));
	/* 4 before 3: a gap first, and no key frame after it */
	T_ERR(ERR_MISSING, READ(&b, &said, 1, 2, 4));
	T_ERR(ERR_EXISTS, READ(&b, &said, 1, 2, 3, 1));
	bench_close(&b);
}

static void
a_cut_inside_a_group_is_a_gap_until_the_next_key_frame(void **state)
{
	struct bench b;
	struct run_said said;

	(void)state;
	bench_open(&b);
	bench_film(&b, 40);
	/* records 4..18 cut out: their mark opens, and verifies nothing */
	T_OK(READ(&b, &said, 1, 2, 3, 19));
	assert_int_equal(said.verified_first, 0);
	T_ERR(ERR_MISSING, READ(&b, &said, 1, 2, 3, 19, 20));
	T_OK(READ(&b, &said, 1, 2, 3, 19, 34, 35));
	assert_int_equal(said.verified_first, 34);
	bench_close(&b);
}

static void
every_octet_of_a_record_matters(void **state)
{
	struct bench b;
	struct run_said said;

	(void)state;
	bench_open(&b);
	bench_film(&b, 3);
	struct run_reader *r = bench_reader(&b);
	struct buf *key = &b.tape.record[1];
	for (size_t i = 0; i < key->len; i++) {
		key->at[i] ^= 1;
		assert_int_not_equal(run_read(r, t_edge(key->at, key->len),
					 &said),
		    ERR_OK);
		key->at[i] ^= 1;
		assert_int_not_equal(run_read(r, t_edge(key->at, i), &said),
		    ERR_OK);
	}
	T_OK(run_read(r, buf_slice(key), &said));
	run_read_close(r);
	bench_close(&b);
}

static void
a_changed_flag_does_not_open(void **state)
{
	struct bench b;
	struct run_said said;

	(void)state;
	bench_open(&b);
	bench_film(&b, 3);
	b.tape.record[3].at[1] = RUN_KEY; /* a picture made a key frame */
	T_ERR(ERR_CRYPTO, READ(&b, &said, 1, 2, 3));
	b.tape.record[2].at[1] = RUN_MARK | RUN_END; /* an end made up */
	T_ERR(ERR_CRYPTO, READ(&b, &said, 1, 2));
	b.tape.record[1].at[1] = 0;
	T_ERR(ERR_CRYPTO, READ(&b, &said, 1));
	bench_close(&b);
}

static void
a_header_opens_at_its_own_place_only(void **state)
{
	struct bench b;
	struct run_reader *r;
	struct run_info info;
	struct place p;
	struct key other_hour;
	struct sign_pair other_hub;

	(void)state;
	bench_open(&b);
	const struct slice header = buf_slice(&b.tape.record[0]);
	for (int i = 0; i < 5; i++) {
		p = b.info.place;
		if (i == 4)
			p.class = RUN_LOG;
		else
			(i == 0      ? &p.home
			    : i == 1 ? &p.thing
			    : i == 2 ? &p.stream
				     : &p.writer)
			    ->octets[5] ^= 1;
		T_ERR(ERR_CRYPTO, run_read_open(header, &p, &b.hour,
				      b.hub.public, &info, &r));
	}
	octets_random(&other_hour, sizeof other_hour);
	T_ERR(ERR_CRYPTO, run_read_open(header, &b.info.place, &other_hour,
			      b.hub.public, &info, &r));
	sign_pair_make(&other_hour, &other_hub);
	T_ERR(ERR_CRYPTO, run_read_open(header, &b.info.place, &b.hour,
			      other_hub.public, &info, &r));
	bench_close(&b);
}

static void
every_octet_of_a_header_matters(void **state)
{
	struct bench b;
	struct run_reader *r;
	struct run_info info;

	(void)state;
	bench_open(&b);
	struct buf *h = &b.tape.record[0];
	for (size_t i = 0; i < h->len; i++) {
		h->at[i] ^= 0x10;
		assert_int_not_equal(run_read_open(t_edge(h->at, h->len),
					 &b.info.place, &b.hour, b.hub.public,
					 &info, &r),
		    ERR_OK);
		h->at[i] ^= 0x10;
	}
	for (size_t n = 0; n < h->len; n++)
		assert_int_not_equal(run_read_open(t_edge(h->at, n),
					 &b.info.place, &b.hour, b.hub.public,
					 &info, &r),
		    ERR_OK);
	bench_close(&b);
}

static void
records_of_another_run_do_not_open(void **state)
{
	struct bench a, b;
	struct run_said said;

	(void)state;
	bench_open(&a);
	bench_open(&b);
	bench_film(&a, 3);
	bench_film(&b, 3);
	struct run_reader *r = bench_reader(&a);
	T_ERR(ERR_CRYPTO, run_read(r, buf_slice(&b.tape.record[1]), &said));
	T_OK(run_read(r, buf_slice(&a.tape.record[1]), &said));
	run_read_close(r);
	bench_close(&a);
	bench_close(&b);
}

/*
 * Somebody who has the run's key, as every member has who watches, but not
 * the hub's: he writes a run of his own with the header of the true one.
 */
static void
a_member_cannot_forge_what_the_hub_said(void **state)
{
	struct bench b, forged;
	struct run_said said;
	struct run_info info;
	struct run_reader *r;
	AUTO_KEY run_key;

	(void)state;
	bench_open(&b);
	octets_random(&run_key, sizeof run_key);
	bench_open(&forged);
	forged.info = b.info;
	run_write_close(forged.w);
	tape_clear(&forged.tape);
	const struct run_secrets secrets = { .run_key = &run_key };
	const struct run_sink sink = { tape_record, &forged.tape };
	T_OK(run_write_open(&b.info, b.hour_public, &forged.hub, &secrets, sink,
	    &forged.w));
	T_ERR(ERR_CRYPTO, run_read_open(buf_slice(&forged.tape.record[0]),
			      &b.info.place, &b.hour, b.hub.public, &info, &r));
	/* the header is the hub's, the pictures and marks are the member's */
	struct run_writer *true_w = b.w;
	tape_clear(&b.tape);
	const struct run_sink both = { tape_record, &b.tape };
	T_OK(run_write_open(&b.info, b.hour_public, &b.hub, &secrets, both,
	    &b.w));
	bench_film(&forged, 3);
	r = bench_reader(&b);
	T_OK(run_read(r, buf_slice(&forged.tape.record[1]), &said));
	T_ERR(ERR_CORRUPT,
	    run_read(r, buf_slice(&forged.tape.record[2]), &said));
	run_read_close(r);
	run_write_close(true_w);
	bench_close(&forged);
	bench_close(&b);
}

/* He swaps one picture of the hub's for his own; the hub's mark follows. */
static void
a_picture_that_a_member_swapped_is_found_by_the_mark(void **state)
{
	struct bench b, forged;
	struct run_said said;
	AUTO_KEY run_key;

	(void)state;
	bench_open(&b);
	bench_open(&forged);
	octets_random(&run_key, sizeof run_key);
	const struct run_secrets secrets = { .run_key = &run_key };
	struct bench *const both[] = { &b, &forged };
	for (size_t i = 0; i < COUNT(both); i++) {
		const struct run_sink sink = { tape_record, &both[i]->tape };
		run_write_close(both[i]->w);
		tape_clear(&both[i]->tape);
		T_OK(run_write_open(&b.info, b.hour_public, &both[i]->hub,
		    &secrets, sink, &both[i]->w));
	}
	bench_film(&b, 2);
	T_OK(run_write_media(forged.w, true, START_US, RUN_H264,
	    SLICE_LIT("another picture")));
	struct run_reader *r = bench_reader(&b);
	T_OK(run_read(r, buf_slice(&forged.tape.record[1]), &said));
	T_ERR(ERR_CORRUPT, run_read(r, buf_slice(&b.tape.record[2]), &said));
	run_read_close(r);
	/* the same octets at another time are another picture, too */
	tape_clear(&forged.tape);
	run_write_close(forged.w);
	const struct run_sink sink = { tape_record, &forged.tape };
	T_OK(run_write_open(&b.info, b.hour_public, &forged.hub, &secrets, sink,
	    &forged.w));
	T_OK(run_write_media(forged.w, true, START_US + 1, RUN_H264,
	    SLICE_LIT("picture 0")));
	r = bench_reader(&b);
	T_OK(run_read(r, buf_slice(&forged.tape.record[1]), &said));
	T_ERR(ERR_CORRUPT, run_read(r, buf_slice(&b.tape.record[2]), &said));
	run_read_close(r);
	bench_close(&forged);
	bench_close(&b);
}

/*
 * A hub that was copied and runs twice writes the same run with the same keys
 * under two headers: a reader of one takes no mark of the other.
 */
static void
a_mark_counts_under_its_own_header_only(void **state)
{
	struct bench b, twin;
	struct run_said said;
	AUTO_KEY run_key;

	(void)state;
	bench_open(&b);
	bench_open(&twin);
	octets_random(&run_key, sizeof run_key);
	const struct run_secrets secrets = { .run_key = &run_key };
	struct bench *const both[] = { &b, &twin };
	for (size_t i = 0; i < COUNT(both); i++) {
		const struct run_sink sink = { tape_record, &both[i]->tape };
		run_write_close(both[i]->w);
		tape_clear(&both[i]->tape);
		T_OK(run_write_open(&b.info, b.hour_public, &b.hub, &secrets,
		    sink, &both[i]->w));
		bench_film(both[i], 2);
	}
	struct run_reader *r = bench_reader(&b);
	T_OK(run_read(r, buf_slice(&twin.tape.record[1]), &said));
	T_ERR(ERR_CORRUPT, run_read(r, buf_slice(&twin.tape.record[2]), &said));
	run_read_close(r);
	bench_close(&b);
	bench_close(&twin);
}

static void
a_run_says_where_it_ended_and_takes_nothing_more(void **state)
{
	struct bench b;
	struct run_before before;
	uint8_t hash[SHA256_OCTETS];
	uint32_t number;

	(void)state;
	bench_open(&b);
	assert_false(run_write_mark(b.w, &number, hash));
	bench_film(&b, 2);
	T_OK(run_write_end(b.w, START_US + 100000));
	run_write_before(b.w, &before);
	assert_int_equal(before.last_index, b.tape.count - 1);
	assert_true(run_write_mark(b.w, &number, hash));
	assert_int_equal(number, 1);
	assert_memory_equal(before.mark_hash, hash, sizeof hash);
	T_ERR(ERR_LIMIT,
	    run_write_media(b.w, false, START_US, RUN_H264, SLICE_LIT("x")));
	assert_false(run_write_full(b.w));
	bench_close(&b);
}

static void
a_record_takes_four_mebibytes_and_no_more(void **state)
{
	struct bench b;
	uint8_t *big = calloc(1, RUN_OCTETS_MAX + 1);

	(void)state;
	assert_non_null(big);
	bench_open(&b);
	T_ERR(ERR_LIMIT, run_write_media(b.w, true, START_US, RUN_H264,
			     slice_make(big, RUN_OCTETS_MAX + 1)));
	T_OK(run_write_media(b.w, true, START_US, RUN_H264,
	    slice_make(big, RUN_OCTETS_MAX)));
	struct run_reader *r = bench_reader(&b);
	struct run_said said;
	T_OK(run_read(r, buf_slice(&b.tape.record[1]), &said));
	assert_int_equal(said.octets.len, RUN_OCTETS_MAX);
	run_read_close(r);
	bench_close(&b);
	free(big);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    a_run_reads_back_and_every_picture_is_verified),
		cmocka_unit_test(marks_stand_where_the_format_wants_them),
		cmocka_unit_test(who_joins_at_a_key_frame_verifies_from_there),
		cmocka_unit_test(swapped_and_repeated_records_are_refused),
		cmocka_unit_test(
		    a_cut_inside_a_group_is_a_gap_until_the_next_key_frame),
		cmocka_unit_test(every_octet_of_a_record_matters),
		cmocka_unit_test(a_changed_flag_does_not_open),
		cmocka_unit_test(a_header_opens_at_its_own_place_only),
		cmocka_unit_test(every_octet_of_a_header_matters),
		cmocka_unit_test(records_of_another_run_do_not_open),
		cmocka_unit_test(a_member_cannot_forge_what_the_hub_said),
		cmocka_unit_test(
		    a_picture_that_a_member_swapped_is_found_by_the_mark),
		cmocka_unit_test(a_mark_counts_under_its_own_header_only),
		cmocka_unit_test(
		    a_run_says_where_it_ended_and_takes_nothing_more),
		cmocka_unit_test(a_record_takes_four_mebibytes_and_no_more),
	};

	if (crypto_init() != ERR_OK)
		return 1;
	return T_RUN(tests);
}
