#include "model/run_write.h"

#include <stdlib.h>

#include "base/codec.h"
#include "base/obj.h"
#include "crypto/hpke.h"
#include "crypto/sframe.h"

#define RUN_WRITER_MAGIC 0x4a7770c1u

struct run_writer {
	uint32_t magic;
	struct run_info info;
	const struct sign_pair *by;
	struct sframe *sframe;
	struct run_sink sink;
	struct buf record; /* the one being made */
	uint64_t next_index, all_octets;
	uint8_t header_hash[SHA256_OCTETS];
	struct leaves leaves; /* not marked yet */
	uint32_t next_mark;
	uint8_t mark_hash[SHA256_OCTETS]; /* of the newest; zeros before it */
	bool ended;
};

/* version ‖ flags ‖ suite ‖ epoch ‖ hour id ‖ run ‖ enc ‖ sealed run key */
static enum err
clear_put(const struct run_info *i, const uint8_t hour_public[static KX_OCTETS],
    const struct run_secrets *secrets, struct buf *to)
{
	AUTO_BUF struct buf info;
	struct hpke_info hpke_info;
	uint8_t enc[HPKE_ENC_OCTETS];
	struct hpke h;
	struct wr w;
	enum err e;

	buf_init(&info, 256);
	wr_init(&w, to);
	wr_u8(&w, RUN_VERSION);
	wr_u8(&w, RUN_HEADER);
	wr_u8(&w, RUN_SUITE);
	wr_u32(&w, i->epoch);
	wr_octets(&w, SLICE_OF(i->hour_id.octets));
	if ((e = wr_end(&w)) != ERR_OK ||
	    (e = run_key_info(&i->place, &i->run, &info)) != ERR_OK)
		return e;
	hpke_info = (struct hpke_info){ .info = buf_slice(&info) };
	e = secrets->ephemeral == NULL
		? hpke_send(hour_public, &hpke_info, enc, &h)
		: hpke_send_with(secrets->ephemeral, hour_public, &hpke_info,
		      enc, &h);
	if (e != ERR_OK)
		return e;
	/* the aad is what stands so far */
	uint8_t aad[15];
	assert(to->len == sizeof aad);
	memcpy(aad, to->at, sizeof aad);
	wr_octets(&w, SLICE_OF(i->run.octets));
	wr_octets(&w, SLICE_OF(enc));
	if ((e = wr_end(&w)) == ERR_OK)
		e = hpke_seal(&h, SLICE_OF(aad), key_slice(secrets->run_key),
		    to);
	hpke_wipe(&h);
	return e;
}

static enum err
header_make(struct run_writer *w, const uint8_t hour_public[static KX_OCTETS],
    const struct run_secrets *secrets)
{
	AUTO_BUF struct buf fields, clear;
	uint8_t signature[SIGN_OCTETS];
	enum err e;

	buf_init_secret(&fields, RUN_HEADER_OCTETS);
	buf_init(&clear, RUN_CLEAR_OCTETS);
	if ((e = clear_put(&w->info, hour_public, secrets, &clear)) != ERR_OK ||
	    (e = run_fields_put(&w->info, &fields)) != ERR_OK ||
	    (e = sign_make(w->by, LABEL_RUN,
		 FIELDS(buf_slice(&clear), buf_slice(&fields)), signature)) !=
		ERR_OK)
		return e;
	const struct slice plain[] = { buf_slice(&fields),
		SLICE_OF(signature) };
	buf_clear(&w->record);
	if ((e = buf_append(&w->record, buf_slice(&clear))) != ERR_OK)
		return e;
	return sframe_seal(w->sframe, 0, buf_slice(&clear), plain, 2,
	    &w->record);
}

enum err
run_write_open(const struct run_info *info,
    const uint8_t hour_public[static KX_OCTETS], const struct sign_pair *by,
    const struct run_secrets *secrets, struct run_sink sink,
    struct run_writer **ret_writer)
{
	struct run_writer *w = calloc(1, sizeof *w);
	AUTO_KEY base;
	enum err e;

	if (w == NULL)
		return ERR_NOMEM;
	w->magic = RUN_WRITER_MAGIC;
	w->info = *info;
	w->by = by;
	w->sink = sink;
	buf_init(&w->record, RUN_RECORD_MAX);
	run_base_key(secrets->run_key, &info->place, &info->run, &base);
	w->sframe = sframe_create(key_slice(&base), run_kid(&info->run));
	e = w->sframe == NULL ? ERR_NOMEM
			      : header_make(w, hour_public, secrets);
	if (e != ERR_OK) {
		run_write_close(w);
		return e;
	}
	sha256(buf_slice(&w->record), w->header_hash);
	sink.record(sink.to, 0, RUN_HEADER, buf_slice(&w->record));
	w->next_index = 1;
	*ret_writer = w;
	return ERR_OK;
}

void
run_write_close(struct run_writer *w)
{
	if (w == NULL)
		return;
	OBJ_CHECK(w, RUN_WRITER_MAGIC);
	sframe_destroy(w->sframe);
	buf_fini(&w->record);
	octets_wipe(w, sizeof *w);
	free(w);
}

static enum err
record_write(struct run_writer *w, uint8_t flags, uint8_t kind,
    uint64_t time_us, struct slice octets)
{
	const uint8_t head[2] = { RUN_VERSION, flags };
	const struct be64 time = be64_make(time_us);
	const struct slice plain[] = { slice_make(&kind, 1),
		be64_tail(&time, 8), octets };
	enum err e;

	if (w->ended || octets.len > RUN_OCTETS_MAX ||
	    w->next_index >= RUN_RECORDS_MAX)
		return ERR_LIMIT;
	buf_clear(&w->record);
	if ((e = buf_append(&w->record, SLICE_OF(head))) != ERR_OK ||
	    (e = sframe_seal(w->sframe, w->next_index, SLICE_OF(head), plain, 3,
		 &w->record)) != ERR_OK)
		return e;
	w->all_octets += w->record.len;
	w->sink.record(w->sink.to, w->next_index, flags, buf_slice(&w->record));
	w->next_index++;
	return ERR_OK;
}

static enum err
mark_write(struct run_writer *w, bool end, uint64_t now_us)
{
	AUTO_BUF struct buf octets;
	struct mark m = { .number = w->next_mark,
		.first_index = w->next_index,
		.first_us = now_us,
		.last_us = now_us,
		.count = w->leaves.count,
		.flags = end ? MARK_ENDS : 0 };
	enum err e;

	if (m.count > 0) {
		m.first_index = w->leaves.first_index;
		m.first_us = w->leaves.first_us;
		m.last_us = w->leaves.last_us;
	}
	memcpy(m.header_hash, w->header_hash, SHA256_OCTETS);
	memcpy(m.before_hash, w->mark_hash, SHA256_OCTETS);
	leaves_hash(&w->leaves, m.leaves_hash);
	buf_init(&octets, MARK_OCTETS);
	if ((e = mark_put(&m, w->by, &octets)) != ERR_OK ||
	    (e = record_write(w, end ? RUN_MARK | RUN_END : RUN_MARK,
		 RUN_KIND_MARK, m.last_us, buf_slice(&octets))) != ERR_OK)
		return e;
	sha256(buf_slice(&octets), w->mark_hash);
	w->next_mark++;
	w->leaves.count = 0;
	return ERR_OK;
}

enum err
run_write_media(struct run_writer *w, bool key, uint64_t time_us,
    enum run_kind kind, struct slice octets)
{
	const uint8_t flags = key ? RUN_KEY : 0;
	enum err e;

	OBJ_CHECK(w, RUN_WRITER_MAGIC);
	assert(kind != RUN_KIND_MARK);
	/* a group begins where a mark ends: it can be verified by itself */
	if (key && w->leaves.count > 0 &&
	    (e = mark_write(w, false, time_us)) != ERR_OK)
		return e;
	const uint64_t index = w->next_index;
	if ((e = record_write(w, flags, (uint8_t)kind, time_us, octets)) !=
		ERR_OK ||
	    (e = leaves_add(&w->leaves, index, flags, time_us, (uint8_t)kind,
		 octets)) != ERR_OK)
		return e;
	/* a sound may have been taken before the picture before it */
	if (key || w->leaves.count == MARK_RECORDS_MAX ||
	    time_us >= w->leaves.first_us + MARK_EVERY_US)
		return mark_write(w, false, time_us);
	return ERR_OK;
}

enum err
run_write_tick(struct run_writer *w, uint64_t now_us)
{
	OBJ_CHECK(w, RUN_WRITER_MAGIC);
	if (w->leaves.count == 0 || now_us < w->leaves.first_us + MARK_EVERY_US)
		return ERR_OK;
	return mark_write(w, false, now_us);
}

enum err
run_write_end(struct run_writer *w, uint64_t now_us)
{
	enum err e;

	OBJ_CHECK(w, RUN_WRITER_MAGIC);
	if ((e = mark_write(w, true, now_us)) == ERR_OK)
		w->ended = true;
	return e;
}

bool
run_write_full(const struct run_writer *w)
{
	OBJ_CHECK(w, RUN_WRITER_MAGIC);
	/* room for the marks around one more record, and for the last one */
	return w->next_index + 4 >= RUN_RECORDS_MAX ||
	       w->all_octets + 2 * RUN_RECORD_MAX >= RUN_ALL_OCTETS_MAX;
}

bool
run_write_mark(const struct run_writer *w, uint32_t *ret_number,
    uint8_t ret_hash[static SHA256_OCTETS])
{
	OBJ_CHECK(w, RUN_WRITER_MAGIC);
	if (w->next_mark == 0)
		return false;
	*ret_number = w->next_mark - 1;
	memcpy(ret_hash, w->mark_hash, SHA256_OCTETS);
	return true;
}

void
run_write_before(const struct run_writer *w, struct run_before *ret_before)
{
	OBJ_CHECK(w, RUN_WRITER_MAGIC);
	*ret_before = (struct run_before){
		.run = w->info.run,
		.last_index = w->next_index - 1,
	};
	memcpy(ret_before->mark_hash, w->mark_hash, SHA256_OCTETS);
}

const struct run_info *
run_write_info(const struct run_writer *w)
{
	OBJ_CHECK(w, RUN_WRITER_MAGIC);
	return &w->info;
}
