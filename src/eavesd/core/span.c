/*
 * span.c - where a run lies: a run of media goes through some segments, and
 * a segment holds some runs. A range is found by run and index alone.
 *
 *   span "head" of a run: which of its spans are there, [low, high)
 *   span n of a run: a segment, and the index from which it holds the run
 *   holds of a segment: the runs in it with the number of their span
 *
 * A span's name is a hash over the run's id, which stands nowhere in clear,
 * and all else is sealed by the keeper: a dump tells how many there are.
 */
#include "base/codec.h"
#include "crypto/kdf.h"
#include "eavesd/core/core.h"

#define HEAD          UINT32_MAX
#define RUNS_MAX      64u /* of a segment; others are found by walking */
#define HOLDS_OCTETS  (1 + RUNS_MAX * (RUN_ID_OCTETS + 4))
#define SPAN_OCTETS   24
#define SEALED_OCTETS 1024

struct head {
	uint64_t low, high;
};

struct holds {
	size_t count;
	struct {
		struct run_id run;
		uint32_t number;
	} at[RUNS_MAX];
};

static struct index16
span_name(const struct id *stream, const struct run_id *run, uint32_t number)
{
	const struct be64 n = be64_make(number);
	const struct slice pieces[] = { SLICE_LIT("eaves/1/span\0"),
		id_slice(stream), SLICE_OF(run->octets), be64_tail(&n, 4) };
	uint8_t hash[SHA256_OCTETS];
	struct index16 name;

	sha256_join(pieces, COUNT(pieces), hash);
	memcpy(name.octets.octets, hash, ID_OCTETS);
	return name;
}

/* A name is a hash: its beginning is a place as good as any. */
static struct known_span *
known_at(struct core *core, const struct index16 *name)
{
	return &core->spans[slice_be(id_slice(&name->octets), 2) % SPANS_KNOWN];
}

void
spans_forget(struct core *core)
{
	memset(core->spans, 0, sizeof core->spans);
}

static enum err
span_remove(struct core *core, const struct index16 *name)
{
	known_at(core, name)->used = false;
	return store_write(core->store, SQL_SPAN_DROP, CELLS(cell_index(name)));
}

/* 24 octets under a name. */
static enum err
span_put(struct core *core, const struct index16 *name, struct slice first16,
    uint64_t last8)
{
	AUTO_BUF struct buf sealed, body;
	struct wr w;
	enum err e;

	known_at(core, name)->used = false;
	buf_init(&sealed, SEALED_OCTETS);
	buf_init(&body, SPAN_OCTETS);
	wr_init(&w, &body);
	wr_octets(&w, first16);
	wr_u64(&w, last8);
	if ((e = wr_end(&w)) != ERR_OK ||
	    (e = row_seal(core, TABLE_SPAN, 0, &name->octets, buf_slice(&body),
		 &sealed)) != ERR_OK)
		return e;
	return store_write(core->store, SQL_SPAN_PUT,
	    CELLS(cell_index(name),
		cell_sealed(sealed_by_keeper(buf_slice(&sealed)))));
}

static enum err
span_read(struct core *core, const struct index16 *name, struct span *ret)
{
	AUTO_BUF struct buf sealed, body;
	struct rd r;
	enum err e;

	buf_init(&sealed, SEALED_OCTETS);
	buf_init(&body, SEALED_OCTETS);
	if ((e = store_octets(core->store, SQL_SPAN_GET,
		 CELLS(cell_index(name)), 0, &sealed)) != ERR_OK ||
	    (e = row_open(core, TABLE_SPAN, 0, &name->octets,
		 buf_slice(&sealed), &body)) != ERR_OK)
		return e;
	rd_init(&r, buf_slice(&body));
	rd_id(&r, &ret->segment);
	ret->from = rd_u64(&r);
	return rd_end(&r);
}

static enum err
span_get(struct core *core, const struct index16 *name, struct span *ret)
{
	struct known_span *known = known_at(core, name);
	enum err e;

	if (!known->used || !id_eq(&known->name.octets, &name->octets)) {
		if ((e = span_read(core, name, ret)) != ERR_OK)
			return e;
		*known = (struct known_span){ true, *name, *ret };
	}
	*ret = known->span;
	return ERR_OK;
}

static enum err
head_get(struct core *core, const struct id *stream, const struct run_id *run,
    struct head *ret)
{
	const struct index16 name = span_name(stream, run, HEAD);
	struct span s;
	enum err e;

	if ((e = span_get(core, &name, &s)) != ERR_OK)
		return e;
	*ret = (struct head){ slice_be(id_slice(&s.segment), 8), s.from };
	return ret->low < ret->high ? ERR_OK : ERR_CORRUPT;
}

static enum err
head_put(struct core *core, const struct id *stream, const struct run_id *run,
    const struct head *h)
{
	const struct index16 name = span_name(stream, run, HEAD);
	const struct be64 low = be64_make(h->low);
	uint8_t first16[ID_OCTETS] = { 0 };

	if (h->low == h->high)
		return span_remove(core, &name);
	memcpy(first16, be64_tail(&low, 8).at, 8);
	return span_put(core, &name, SLICE_OF(first16), h->high);
}

/* --- what a segment holds --- */

static enum err
holds_get(struct core *core, const struct id *segment, struct holds *ret)
{
	AUTO_BUF struct buf sealed, body;
	struct rd r;
	enum err e;

	buf_init(&sealed, SEALED_OCTETS);
	buf_init(&body, SEALED_OCTETS);
	*ret = (struct holds){ 0 };
	if ((e = store_octets(core->store, SQL_HOLDS_GET,
		 CELLS(cell_id(segment)), 0, &sealed)) != ERR_OK)
		return e == ERR_MISSING ? ERR_OK : e;
	if ((e = row_open(core, TABLE_HOLDS, 0, segment, buf_slice(&sealed),
		 &body)) != ERR_OK)
		return e;
	rd_init(&r, buf_slice(&body));
	ret->count = rd_u8(&r);
	if (ret->count > RUNS_MAX)
		return ERR_CORRUPT;
	for (size_t i = 0; i < RUNS_MAX; i++) {
		rd_copy(&r, ret->at[i].run.octets, RUN_ID_OCTETS);
		ret->at[i].number = rd_u32(&r);
	}
	return rd_end(&r);
}

/* Always as long, however many they are. */
static enum err
holds_put(struct core *core, const struct id *segment, const struct holds *h)
{
	AUTO_BUF struct buf sealed, body;
	struct wr w;
	enum err e;

	buf_init(&sealed, SEALED_OCTETS);
	buf_init(&body, HOLDS_OCTETS);
	wr_init(&w, &body);
	wr_u8(&w, (uint8_t)h->count);
	for (size_t i = 0; i < RUNS_MAX; i++) {
		wr_octets(&w, SLICE_OF(h->at[i].run.octets));
		wr_u32(&w, h->at[i].number);
	}
	if ((e = wr_end(&w)) != ERR_OK ||
	    (e = row_seal(core, TABLE_HOLDS, 0, segment, buf_slice(&body),
		 &sealed)) != ERR_OK)
		return e;
	return store_write(core->store, SQL_HOLDS_PUT,
	    CELLS(cell_id(segment),
		cell_sealed(sealed_by_keeper(buf_slice(&sealed)))));
}

/* --- */

enum err
span_add(struct core *core, const struct id *stream, const struct id *segment,
    const struct run_id *run, uint64_t index)
{
	struct head head = { 0, 0 };
	struct holds holds;
	enum err e;

	if ((e = head_get(core, stream, run, &head)) != ERR_OK &&
	    e != ERR_MISSING)
		return e;
	if ((e = holds_get(core, segment, &holds)) != ERR_OK)
		return e;
	for (size_t i = 0; i < holds.count; i++)
		if (memcmp(holds.at[i].run.octets, run->octets,
			RUN_ID_OCTETS) == 0)
			return ERR_OK; /* said before */
	if (holds.count == RUNS_MAX || head.high >= HEAD)
		return ERR_LIMIT;
	const struct index16 name = span_name(stream, run, (uint32_t)head.high);
	holds.at[holds.count].run = *run;
	holds.at[holds.count++].number = (uint32_t)head.high++;
	if ((e = span_put(core, &name, id_slice(segment), index)) != ERR_OK ||
	    (e = holds_put(core, segment, &holds)) != ERR_OK)
		return e;
	return head_put(core, stream, run, &head);
}

static enum err
span_drop(struct core *core, const struct id *stream, const struct run_id *run,
    uint32_t number)
{
	const struct index16 name = span_name(stream, run, number);
	struct head head;
	enum err e;

	if ((e = span_remove(core, &name)) != ERR_OK ||
	    (e = head_get(core, stream, run, &head)) != ERR_OK)
		return e == ERR_MISSING ? ERR_OK : e;
	/* the oldest go first; one that does not leaves a hole */
	if (number == head.low)
		head.low++;
	else if (number + 1 == head.high)
		head.high--;
	else
		return ERR_OK;
	return head_put(core, stream, run, &head);
}

enum err
spans_drop(struct core *core, const struct id *stream, const struct id *segment)
{
	struct holds holds;
	enum err e = holds_get(core, segment, &holds);

	for (size_t i = 0; e == ERR_OK && i < holds.count; i++)
		e = span_drop(core, stream, &holds.at[i].run,
		    holds.at[i].number);
	if (e == ERR_OK)
		e = store_write(core->store, SQL_HOLDS_DROP,
		    CELLS(cell_id(segment)));
	return e;
}

static enum err
span_of(struct core *core, const struct id *stream, const struct run_id *run,
    uint64_t number, struct span *ret)
{
	const struct index16 name = span_name(stream, run, (uint32_t)number);

	return span_get(core, &name, ret);
}

/* The number of the last span that begins at or before the index. */
static enum err
number_find(struct core *core, const struct id *stream,
    const struct run_id *run, uint64_t index, struct head head,
    uint64_t *ret_number)
{
	bool found = false;
	enum err e;

	while (head.low < head.high) {
		const uint64_t middle = head.low + (head.high - head.low) / 2;
		uint64_t at = middle;
		struct span s;
		e = span_of(core, stream, run, at, &s);
		while (e == ERR_MISSING && at > head.low)
			e = span_of(core, stream, run, --at, &s);
		if (e != ERR_OK && e != ERR_MISSING)
			return e;
		if (e == ERR_MISSING) {
			head.low = middle + 1;
		} else if (s.from <= index) {
			found = true;
			*ret_number = at;
			head.low = middle + 1;
		} else {
			head.high = at;
		}
	}
	return found ? ERR_OK : ERR_MISSING;
}

enum err
span_find(struct core *core, const struct id *stream, const struct run_id *run,
    uint64_t index, struct id *ret_segment)
{
	uint64_t number = 0;
	struct head head;
	struct span s;
	enum err e;

	if ((e = head_get(core, stream, run, &head)) != ERR_OK ||
	    (e = number_find(core, stream, run, index, head, &number)) !=
		ERR_OK ||
	    (e = span_of(core, stream, run, number, &s)) != ERR_OK)
		return e;
	*ret_segment = s.segment;
	return ERR_OK;
}

enum err
spans_each(struct core *core, const struct id *stream, const struct run_id *run,
    uint64_t first, uint64_t last,
    enum err (*each)(void *ctx, const struct id *segment), void *ctx)
{
	struct head head;
	struct span s;
	uint64_t at;
	enum err e;

	if ((e = head_get(core, stream, run, &head)) != ERR_OK)
		return e == ERR_MISSING ? ERR_OK : e;
	at = head.low;
	e = number_find(core, stream, run, first, head, &at);
	for (; (e == ERR_OK || e == ERR_MISSING) && at < head.high; at++) {
		e = span_of(core, stream, run, at, &s);
		if (e == ERR_OK && s.from > last)
			break;
		if (e == ERR_OK)
			e = each(ctx, &s.segment);
	}
	return e == ERR_MISSING ? ERR_OK : e;
}

enum err
span_first(struct core *core, const struct id *stream, const struct id *segment,
    struct run_id *ret_run, uint64_t *ret_index)
{
	struct holds holds;
	struct span s;
	enum err e;

	if ((e = holds_get(core, segment, &holds)) != ERR_OK)
		return e;
	if (holds.count == 0)
		return ERR_MISSING;
	if ((e = span_of(core, stream, &holds.at[0].run, holds.at[0].number,
		 &s)) != ERR_OK)
		return e;
	*ret_run = holds.at[0].run;
	*ret_index = s.from;
	return ERR_OK;
}
