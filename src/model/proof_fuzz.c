/*
 * A film by a hub that signs whatever is in it: signatures and digests are
 * made good before it is looked at, so that all behind them is reached. The
 * input is u16 n, n octets of samples, and the pieces of the proof.
 */
#include <stdlib.h>

#include "base/codec.h"
#include "model/mark.h"
#include "model/proof.h"
#include "model/run.h"
#include "proto/mp4.h"

static const struct key seed = { { 9 } };

struct making {
	struct sign_pair hub;
	struct slice samples; /* that none took yet */
	uint8_t header_hash[SHA256_OCTETS];
	struct leaves leaves;
};

/* Slices of the film that is being made: it is ours to write. */
static uint8_t *
own(struct slice s)
{
	return (uint8_t *)(uintptr_t)s.at;
}

static void
run_sign(struct making *m, const struct mp4_piece *p)
{
	uint8_t signature[SIGN_OCTETS];

	sha256(p->record, m->header_hash);
	m->leaves.count = 0;
	if (p->record.len < RUN_CLEAR_OCTETS)
		return;
	const size_t n = p->fields.len - SIGN_OCTETS;
	if (sign_make(&m->hub, LABEL_RUN,
		FIELDS(slice_head(p->record, RUN_CLEAR_OCTETS),
		    slice_head(p->fields, n)),
		signature) == ERR_OK)
		memcpy(own(p->fields) + n, signature, SIGN_OCTETS);
}

static void
sample_sign(struct making *m, const struct mp4_piece *p)
{
	static const uint8_t zeros[128];
	const size_t n = p->octets < m->samples.len ? p->octets
						    : m->samples.len;
	const struct slice octets = slice_head(m->samples, n);
	const size_t pad = p->sample_kind == RUN_SOUND
			       ? (128 - (p->head.len + n) % 128) % 128
			       : 0;
	uint8_t digest[SHA256_OCTETS];

	m->samples = slice_skip(m->samples, n);
	sha256_join((const struct slice[]){ p->head, octets,
			slice_make(zeros, pad) },
	    3, digest);
	if (p->inside)
		memcpy(own(p->digest), digest, sizeof digest);
	(void)!leaves_add_digest(&m->leaves, p->index, p->flags, p->time_us,
	    p->sample_kind, p->digest.at);
}

/* header hash ‖ number 4 ‖ first 8 ‖ count 4 ‖ times 16 ‖ leaves 32 ‖ ... */
static void
mark_sign(struct making *m, const struct mp4_piece *p)
{
	const size_t n = MARK_OCTETS - SIGN_OCTETS;
	uint8_t signature[SIGN_OCTETS], hash[SHA256_OCTETS];
	uint8_t *at = own(p->mark);

	memcpy(at, m->header_hash, SHA256_OCTETS);
	leaves_hash(&m->leaves, hash);
	memcpy(at + 64, hash, sizeof hash);
	m->leaves.count = 0;
	if (sign_make(&m->hub, LABEL_MARK, FIELDS(slice_head(p->mark, n)),
		signature) == ERR_OK)
		memcpy(at + n, signature, SIGN_OCTETS);
}

static void
pieces_sign(struct making *m, struct slice pieces)
{
	struct mp4_piece p;

	while (mp4_proof_next(&pieces, &p) == ERR_OK && p.kind != MP4_END) {
		if (p.kind == MP4_RUN)
			run_sign(m, &p);
		else if (p.kind == MP4_SAMPLE)
			sample_sign(m, &p);
		else
			mark_sign(m, &p);
	}
}

static void
wrong(void *to, const struct proof_wrong *w)
{
	size_t *wrongs = to;

	assert(w->what <= PROOF_EXTRA);
	++*wrongs;
}

static uint8_t
version_of(struct slice pieces)
{
	struct mp4_piece p;

	while (mp4_proof_next(&pieces, &p) == ERR_OK && p.kind != MP4_END)
		if (p.kind == MP4_SAMPLE && p.sample_kind == RUN_H265)
			return 2;
	return 1;
}

static void
film_make(struct slice samples, struct slice pieces, struct buf *to)
{
	static struct making m;
	uint8_t digest[SHA256_OCTETS];
	struct wr w;

	m = (struct making){ .samples = samples };
	sign_pair_make(&seed, &m.hub);
	wr_init(&w, to);
	wr_octets(&w, SLICE_LIT("\0\0\0\44ftypisom\0\0\2\0isomiso2avc1mp41eavs"
				"\0\0\0\1mdat"));
	wr_u64(&w, 16 + samples.len);
	wr_octets(&w, samples);
	wr_u32(&w, 4096);
	wr_octets(&w, SLICE_LIT("moov"));
	wr_zeros(&w, 4088);
	const size_t n = 1 + MP4_KEY_OCTETS + pieces.len + 1 + SHA256_OCTETS;
	wr_u32(&w, (uint32_t)(24 + n));
	wr_octets(&w,
	    SLICE_LIT("uuid\x3f\x1c\x9a\x4e\x5b\x7d\x4c\x60\xa2\x8e\x65\x61\x76"
		      "\x65\x73\xf1"));
	const size_t plain = to->len;
	wr_u8(&w, version_of(pieces));
	wr_octets(&w, SLICE_OF(m.hub.public));
	wr_octets(&w, pieces);
	wr_u8(&w, 0);
	if (wr_end(&w) != ERR_OK)
		abort();
	const struct slice all = slice_skip(buf_slice(to), plain);
	pieces_sign(&m, slice_skip(all, 1 + MP4_KEY_OCTETS));
	sha256(all, digest);
	wr_octets(&w, SLICE_OF(digest));
	if (wr_end(&w) != ERR_OK)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct slice in = slice_make(data, n);
	struct proof_said said;
	size_t wrongs = 0;
	struct buf film;

	if (n < 2 || n > 200000 || crypto_init() != ERR_OK)
		return 0;
	const size_t want = (size_t)slice_be(in, 2);
	in = slice_skip(in, 2);
	const size_t samples = want < in.len ? want : in.len;
	buf_init(&film, 1 << 20);
	film_make(slice_head(in, samples), slice_skip(in, samples), &film);
	const enum err e = proof_check(buf_slice(&film),
	    (struct proof_sink){ wrong, &wrongs }, &said);
	if (e == ERR_OK)
		assert(said.wrongs == wrongs);
	buf_fini(&film);
	return 0;
}
