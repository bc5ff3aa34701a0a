#include "model/run.h"

#include "base/codec.h"

enum err
run_record_flags(struct slice record, uint8_t *ret_flags,
    struct slice *ret_body)
{
	if (record.len < 3 || record.len > RUN_RECORD_MAX)
		return ERR_SYNTAX;
	if (record.at[0] != RUN_VERSION)
		return ERR_UNSUPPORTED;
	switch (record.at[1]) {
	case 0:
	case RUN_KEY:
	case RUN_HEADER:
	case RUN_MARK:
	case RUN_MARK | RUN_END:
		break;
	default:
		return ERR_SYNTAX;
	}
	*ret_flags = record.at[1];
	*ret_body = slice_skip(record, 2);
	return ERR_OK;
}

enum err
run_clear_parse(struct slice record, struct run_clear *ret_clear)
{
	struct run_clear c;
	struct slice body;
	struct rd r;
	uint8_t flags;
	enum err e;

	if ((e = run_record_flags(record, &flags, &body)) != ERR_OK)
		return e;
	if (flags != RUN_HEADER || record.len < RUN_CLEAR_OCTETS)
		return ERR_SYNTAX;
	rd_init(&r, slice_head(body, RUN_CLEAR_OCTETS - 2));
	if (rd_u8(&r) != RUN_SUITE)
		return ERR_UNSUPPORTED;
	c.epoch = rd_u32(&r);
	rd_copy(&r, c.hour_id.octets, HOUR_ID_OCTETS);
	rd_copy(&r, c.run.octets, RUN_ID_OCTETS);
	c.enc = rd_octets(&r, 32);
	c.sealed_key = rd_octets(&r, 48);
	if ((e = rd_end(&r)) != ERR_OK)
		return e;
	*ret_clear = c;
	return ERR_OK;
}

enum err
run_key_info(const struct place *p, const struct run_id *run, struct buf *to)
{
	struct wr w;
	enum err e;

	if ((e = label_info(LABEL_RUN_KEY, to)) != ERR_OK)
		return e;
	wr_init(&w, to);
	wr_id(&w, &p->home);
	wr_id(&w, &p->thing);
	wr_id(&w, &p->stream);
	wr_id(&w, &p->writer);
	wr_octets(&w, SLICE_OF(run->octets));
	return wr_end(&w);
}

enum err
run_fields_put(const struct run_info *i, struct buf *to)
{
	struct wr w;

	wr_init(&w, to);
	wr_u8(&w, i->place.class);
	wr_id(&w, &i->place.home);
	wr_id(&w, &i->place.thing);
	wr_id(&w, &i->place.stream);
	wr_id(&w, &i->place.writer);
	wr_u64(&w, i->start_us);
	wr_octets(&w, SLICE_OF(i->before.run.octets));
	wr_u64(&w, i->before.last_index);
	wr_octets(&w, SLICE_OF(i->before.mark_hash));
	wr_u64(&w, i->directory_version);
	wr_octets(&w, SLICE_OF(i->directory_hash));
	wr_octets(&w, SLICE_OF(i->setup_hash));
	return wr_end(&w);
}

enum err
run_fields_get(struct slice fields, const struct run_clear *clear,
    struct run_info *ret_info, struct slice *ret_signature)
{
	struct run_info i = { .run = clear->run,
		.epoch = clear->epoch,
		.hour_id = clear->hour_id };
	struct slice signature;
	struct rd r;
	enum err e;

	rd_init(&r, fields);
	i.place.class = rd_u8(&r);
	rd_id(&r, &i.place.home);
	rd_id(&r, &i.place.thing);
	rd_id(&r, &i.place.stream);
	rd_id(&r, &i.place.writer);
	i.start_us = rd_u64(&r);
	rd_copy(&r, i.before.run.octets, RUN_ID_OCTETS);
	i.before.last_index = rd_u64(&r);
	rd_copy(&r, i.before.mark_hash, SHA256_OCTETS);
	i.directory_version = rd_u64(&r);
	rd_copy(&r, i.directory_hash, SHA256_OCTETS);
	rd_copy(&r, i.setup_hash, SHA256_OCTETS);
	signature = rd_octets(&r, SIGN_OCTETS);
	if ((e = rd_end(&r)) != ERR_OK)
		return e;
	*ret_info = i;
	*ret_signature = signature;
	return ERR_OK;
}
