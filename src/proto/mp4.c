#include "proto/mp4.h"

#include "base/codec.h"

/* Who knows of H.264 alone says that a later Eaves made it. */
#define VERSION_H264 1
#define VERSION_H265 2

#define START                                                                  \
	SLICE_LIT("\0\0\0\44ftypisom\0\0\2\0isomiso2avc1mp41eavs"              \
		  "\0\0\0\1mdat")
#define UUID                                                                   \
	SLICE_LIT("\x3f\x1c\x9a\x4e\x5b\x7d\x4c\x60\xa2\x8e\x65\x61\x76\x65"   \
		  "\x73\xf1")

/* A box of 32 bits. ERR_MORE, ERR_CORRUPT. */
static enum err
box_take(struct slice *from, struct slice type, struct slice *ret_box)
{
	if (from->len < 8)
		return ERR_MORE;
	const uint64_t size = slice_be(*from, 4);
	if (!slice_eq(slice_head(slice_skip(*from, 4), 4), type) || size < 8)
		return ERR_CORRUPT;
	if (size > from->len)
		return ERR_MORE;
	*ret_box = slice_head(*from, (size_t)size);
	*from = slice_skip(*from, (size_t)size);
	return ERR_OK;
}

enum err
mp4_parts_get(struct slice file, struct mp4_parts *ret_parts)
{
	struct mp4_parts p;
	struct slice rest, box;
	enum err e;

	if (!slice_starts(file, START))
		return ERR_SYNTAX;
	if (file.len < MP4_START_OCTETS)
		return ERR_MORE;
	const uint64_t size = slice_be(slice_skip(file, START.len), 8);
	if (size < 16)
		return ERR_CORRUPT;
	rest = slice_skip(file, MP4_START_OCTETS);
	if (size - 16 > rest.len)
		return ERR_MORE;
	p.media = slice_head(rest, (size_t)(size - 16));
	rest = slice_skip(rest, (size_t)(size - 16));
	if ((e = box_take(&rest, SLICE_LIT("moov"), &p.table)) != ERR_OK)
		return e;
	if (rest.len == 0)
		return ERR_MISSING;
	if ((e = box_take(&rest, SLICE_LIT("uuid"), &box)) != ERR_OK)
		return e;
	box = slice_skip(box, 8);
	if (rest.len != 0 || !slice_starts(box, UUID))
		return ERR_CORRUPT;
	p.proof = slice_skip(box, UUID.len);
	*ret_parts = p;
	return ERR_OK;
}

enum err
mp4_proof_plain(struct slice proof, struct slice *ret_plain,
    struct slice *ret_digest)
{
	if (proof.len < MP4_DIGEST_OCTETS)
		return ERR_SYNTAX;
	*ret_plain = slice_head(proof, proof.len - MP4_DIGEST_OCTETS);
	*ret_digest = slice_skip(proof, ret_plain->len);
	return ERR_OK;
}

enum err
mp4_proof_begin(struct slice plain, bool *ret_h265, struct slice *ret_key,
    struct slice *ret_pieces)
{
	if (plain.len < 1 + MP4_KEY_OCTETS)
		return ERR_SYNTAX;
	if (plain.at[0] != VERSION_H264 && plain.at[0] != VERSION_H265)
		return ERR_UNSUPPORTED;
	*ret_h265 = plain.at[0] == VERSION_H265;
	*ret_key = slice_head(slice_skip(plain, 1), MP4_KEY_OCTETS);
	*ret_pieces = slice_skip(plain, 1 + MP4_KEY_OCTETS);
	return ERR_OK;
}

static void
run_get(struct rd *r, struct mp4_piece *p)
{
	const size_t n = rd_u16(r);

	if (n > MP4_RECORD_MAX && r->err == ERR_OK)
		r->err = ERR_SYNTAX;
	p->record = rd_octets(r, n);
	p->fields = rd_octets(r, MP4_FIELDS_OCTETS);
}

static void
sample_get(struct rd *r, struct mp4_piece *p)
{
	p->index = rd_u64(r);
	p->flags = rd_u8(r);
	p->time_us = rd_u64(r);
	p->sample_kind = rd_u8(r);
	const uint8_t inside = rd_u8(r);
	p->octets = rd_u32(r);
	p->digest = rd_octets(r, MP4_DIGEST_OCTETS);
	p->head = rd_octets(r, rd_u8(r));
	p->inside = inside == 1;
	if (r->err == ERR_OK &&
	    (inside > 1 || p->octets > MP4_SAMPLE_OCTETS ||
		(!p->inside && (p->octets != 0 || p->head.len != 0))))
		r->err = ERR_SYNTAX;
}

enum err
mp4_proof_next(struct slice *pieces, struct mp4_piece *ret_piece)
{
	struct mp4_piece p = { 0 };
	struct rd r;

	rd_init(&r, *pieces);
	switch (rd_u8(&r)) {
	case MP4_RUN:
		p.kind = MP4_RUN;
		run_get(&r, &p);
		break;
	case MP4_SAMPLE:
		p.kind = MP4_SAMPLE;
		sample_get(&r, &p);
		break;
	case MP4_MARK:
		p.kind = MP4_MARK;
		p.mark = rd_octets(&r, MP4_MARK_OCTETS);
		break;
	case MP4_END: /* or nothing was left */
		if (r.err == ERR_OK && r.rest.len != 0)
			r.err = ERR_SYNTAX;
		break;
	default:
		return ERR_SYNTAX;
	}
	if (r.err != ERR_OK)
		return r.err;
	*pieces = r.rest;
	*ret_piece = p;
	return ERR_OK;
}
