#include "model/run_read.h"

#include <stdlib.h>

#include "base/codec.h"
#include "base/obj.h"
#include "crypto/hpke.h"
#include "crypto/sframe.h"

#define RUN_READER_MAGIC 0x4a7770c2u

struct run_reader {
	uint32_t magic;
	struct sframe *sframe;
	struct buf plain;
	uint8_t by[SIGN_PUBLIC_OCTETS];
	uint8_t header_hash[SHA256_OCTETS];
	uint64_t last_index; /* 0: nothing but the header yet */
	struct leaves leaves;
	bool joined;     /* a key frame was seen since the last gap */
	bool mark_known; /* number and hash of the mark before are ours */
	uint32_t mark_number;
	uint8_t mark_hash[SHA256_OCTETS];
	bool ended;
};

static enum err
run_key_open(const struct run_clear *c, struct slice record,
    const struct place *place, const struct key *hour_private,
    struct key *ret_key)
{
	AUTO_BUF struct buf info, plain;
	struct hpke h;
	enum err e;

	buf_init(&info, 256);
	buf_init_secret(&plain, 2 * KEY_OCTETS);
	if ((e = run_key_info(place, &c->run, &info)) != ERR_OK)
		return e;
	const struct hpke_info hpke_info = { .info = buf_slice(&info) };
	if ((e = hpke_receive(hour_private, c->enc.at, &hpke_info, &h)) !=
	    ERR_OK)
		return e;
	e = hpke_open(&h, slice_head(record, 15), c->sealed_key, &plain);
	hpke_wipe(&h);
	if (e != ERR_OK)
		return e;
	memcpy(ret_key->octets, plain.at, KEY_OCTETS);
	return ERR_OK;
}

static bool
place_eq(const struct place *a, const struct place *b)
{
	return a->class == b->class && id_eq(&a->home, &b->home) &&
	       id_eq(&a->thing, &b->thing) && id_eq(&a->stream, &b->stream) &&
	       id_eq(&a->writer, &b->writer);
}

static enum err
header_open(struct run_reader *r, const struct run_clear *c,
    struct slice record, const struct place *expected,
    struct run_info *ret_info)
{
	const struct slice clear = slice_head(record, RUN_CLEAR_OCTETS);
	struct run_info info;
	struct slice signature;
	uint64_t index;
	enum err e;

	if ((e = sframe_open(r->sframe, clear,
		 slice_skip(record, RUN_CLEAR_OCTETS), &r->plain, &index)) !=
	    ERR_OK)
		return e == ERR_MISSING ? ERR_CRYPTO : e;
	const struct slice plain = buf_slice(&r->plain);
	if ((e = run_fields_get(plain, c, &info, &signature)) != ERR_OK)
		return e;
	if (index != 0 || !place_eq(&info.place, expected))
		return ERR_CRYPTO;
	if ((e = sign_check(r->by, LABEL_RUN,
		 FIELDS(clear, slice_head(plain, plain.len - SIGN_OCTETS)),
		 signature.at)) != ERR_OK)
		return e;
	*ret_info = info;
	return ERR_OK;
}

enum err
run_read_open(struct slice header, const struct place *expected,
    const struct key *hour_private, const uint8_t by[static SIGN_PUBLIC_OCTETS],
    struct run_info *ret_info, struct run_reader **ret_reader)
{
	AUTO_KEY run_key, base;
	struct run_clear c;
	struct run_reader *r;
	enum err e;

	if ((e = run_clear_parse(header, &c)) != ERR_OK ||
	    (e = run_key_open(&c, header, expected, hour_private, &run_key)) !=
		ERR_OK)
		return e;
	run_base_key(&run_key, expected, &c.run, &base);
	if ((r = calloc(1, sizeof *r)) == NULL)
		return ERR_NOMEM;
	r->magic = RUN_READER_MAGIC;
	memcpy(r->by, by, SIGN_PUBLIC_OCTETS);
	buf_init_secret(&r->plain, RUN_RECORD_MAX);
	r->sframe = sframe_create(key_slice(&base), run_kid(&c.run));
	e = r->sframe == NULL ? ERR_NOMEM
			      : header_open(r, &c, header, expected, ret_info);
	if (e != ERR_OK) {
		run_read_close(r);
		return e;
	}
	sha256(header, r->header_hash);
	*ret_reader = r;
	return ERR_OK;
}

void
run_read_close(struct run_reader *r)
{
	if (r == NULL)
		return;
	OBJ_CHECK(r, RUN_READER_MAGIC);
	sframe_destroy(r->sframe);
	buf_fini(&r->plain);
	octets_wipe(r, sizeof *r);
	free(r);
}

/* A mark after the one that we know must continue it. */
static bool
mark_continues(const struct run_reader *r, const struct mark *m)
{
	static const uint8_t zeros[SHA256_OCTETS];

	if (m->number == 0)
		return !r->mark_known &&
		       memcmp(m->before_hash, zeros, SHA256_OCTETS) == 0;
	return !r->mark_known ||
	       (m->number == r->mark_number + 1 &&
		   memcmp(m->before_hash, r->mark_hash, SHA256_OCTETS) == 0);
}

static bool
mark_covers(const struct run_reader *r, const struct mark *m, uint64_t index)
{
	uint8_t hash[SHA256_OCTETS];

	leaves_hash(&r->leaves, hash);
	if (m->count != r->leaves.count ||
	    memcmp(m->leaves_hash, hash, SHA256_OCTETS) != 0)
		return false;
	if (m->count == 0)
		return m->first_index == index;
	return m->first_index == r->leaves.first_index &&
	       m->first_us == r->leaves.first_us &&
	       m->last_us == r->leaves.last_us;
}

static enum err
mark_read(struct run_reader *r, struct run_said *said)
{
	struct mark m;
	enum err e;

	if (said->kind != RUN_KIND_MARK)
		return ERR_SYNTAX;
	if ((e = mark_get(said->octets, r->by, &m)) != ERR_OK)
		return e == ERR_CRYPTO ? ERR_CORRUPT : e;
	const bool ends = (said->flags & RUN_END) != 0;
	if (ends != (m.flags == MARK_ENDS) ||
	    memcmp(m.header_hash, r->header_hash, SHA256_OCTETS) != 0)
		return ERR_CORRUPT;
	/* who joined in the middle cannot know what came before */
	if (r->joined || m.number == 0) {
		if (!mark_continues(r, &m) || !mark_covers(r, &m, said->index))
			return ERR_CORRUPT;
		if (m.count > 0) {
			said->verified_first = m.first_index;
			said->verified_last = m.first_index + m.count - 1;
		}
	}
	r->mark_known = true;
	r->mark_number = m.number;
	sha256(said->octets, r->mark_hash);
	r->leaves.count = 0;
	r->ended = said->ends = ends;
	return ERR_OK;
}

static enum err
media_read(struct run_reader *r, const struct run_said *said)
{
	if (said->kind == RUN_KIND_MARK)
		return ERR_SYNTAX;
	if (!r->joined && (said->flags & RUN_KEY) == 0)
		return ERR_MISSING;
	/* the writer marks before each key frame: unmarked ones are missing it */
	if ((said->flags & RUN_KEY) != 0 && r->leaves.count > 0)
		return ERR_CORRUPT;
	r->joined = true;
	return leaves_add(&r->leaves, said->index, said->flags, said->time_us,
		   said->kind, said->octets) == ERR_LIMIT
		   ? ERR_CORRUPT
		   : ERR_OK;
}

static enum err
record_open(struct run_reader *r, struct slice record,
    struct run_said *ret_said)
{
	struct slice body;
	struct rd rd;
	enum err e;

	if ((e = run_record_flags(record, &ret_said->flags, &body)) != ERR_OK)
		return e;
	if (ret_said->flags == RUN_HEADER)
		return ERR_SYNTAX;
	buf_clear(&r->plain);
	if ((e = sframe_open(r->sframe, slice_head(record, 2), body, &r->plain,
		 &ret_said->index)) != ERR_OK)
		return e == ERR_MISSING ? ERR_CRYPTO : e;
	rd_init(&rd, buf_slice(&r->plain));
	ret_said->kind = rd_u8(&rd);
	ret_said->time_us = rd_u64(&rd);
	ret_said->octets = rd_octets(&rd, rd.rest.len);
	return rd_end(&rd);
}

enum err
run_read(struct run_reader *r, struct slice record, struct run_said *ret_said)
{
	struct run_said said = { 0 };
	enum err e;

	OBJ_CHECK(r, RUN_READER_MAGIC);
	if (r->ended)
		return ERR_CLOSED;
	if ((e = record_open(r, record, &said)) != ERR_OK)
		return e;
	if (said.index <= r->last_index)
		return ERR_EXISTS;
	if (said.index != r->last_index + 1 && r->last_index != 0) {
		/* a gap: what was not marked yet never will be */
		r->joined = false;
		r->mark_known = false;
		r->leaves.count = 0;
	}
	r->last_index = said.index;
	e = (said.flags & RUN_MARK) != 0 ? mark_read(r, &said)
					 : media_read(r, &said);
	if (e == ERR_OK)
		*ret_said = said;
	return e;
}
