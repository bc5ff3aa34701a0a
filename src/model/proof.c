#include "model/proof.h"

#include "model/mark.h"
#include "proto/hevc.h"
#include "proto/mp4.h"
#include "proto/mp4_table.h"

/* As it goes through a film; the run_ fields begin anew with each run. */
struct proof {
	struct proof_sink sink;
	struct proof_said said;
	struct mp4_parts parts;
	struct mp4_table table;
	enum err table_err; /* the first */
	struct buf setup;
	struct slice media; /* what no sample took yet */
	struct sound sound; /* of the first */

	bool run_open;
	struct run_info run;
	uint8_t run_header[SHA256_OCTETS];
	uint64_t run_index; /* of its newest record; 0: none yet */
	bool mark_known;
	uint32_t mark_number;
	uint8_t mark_hash[SHA256_OCTETS];
	uint64_t last_us; /* of the newest record */
	struct leaves leaves;
	bool hole; /* seen, and the mark that covers its sides is to come */
	/* seen, and told with the next picture: what lies between two */
	bool untold;
	uint64_t hole_from_us, hole_to_us;
};

static void
tell_sample(struct proof *p, enum proof_fault what, uint64_t from_us,
    uint64_t to_us, uint64_t sample)
{
	const struct proof_wrong w = { what, from_us, to_us, sample };

	p->said.wrongs++;
	p->sink.wrong(p->sink.to, &w);
}

static void
tell(struct proof *p, enum proof_fault what, uint64_t from_us, uint64_t to_us)
{
	tell_sample(p, what, from_us, to_us, 0);
}

/* The newest picture; of a film that has none yet, the newest record. */
static uint64_t
picture_us(const struct proof *p)
{
	return p->said.pictures > 0 ? p->said.last_us : p->last_us;
}

/* It ends there: at a picture, or where no picture comes any more. */
static void
hole_tell(struct proof *p, uint64_t to_us)
{
	if (!p->untold)
		return;
	p->untold = false;
	tell(p, PROOF_MISSING,
	    p->hole_from_us < to_us ? p->hole_from_us : to_us,
	    p->hole_from_us < to_us ? to_us : p->hole_from_us);
}

/* Until the next picture; to_us: if there is none. */
static void
hole_open(struct proof *p, uint64_t to_us)
{
	hole_tell(p, p->hole_to_us);
	p->untold = true;
	p->hole_from_us = picture_us(p);
	p->hole_to_us = to_us;
}

/* --- runs --- */

/* A run without a last mark: what came after the last one is not there. */
static void
leaves_drop(struct proof *p)
{
	if (p->leaves.count > 0)
		tell(p, PROOF_TAIL, p->leaves.first_us, p->leaves.last_us);
	p->leaves.count = 0;
}

static bool
same_camera(const struct place *a, const struct place *b)
{
	return a->class == b->class && id_eq(&a->home, &b->home) &&
	       id_eq(&a->thing, &b->thing) && id_eq(&a->stream, &b->stream) &&
	       id_eq(&a->writer, &b->writer);
}

/* Whether a run hangs on the end of the one that the film had before. */
static void
run_follows(struct proof *p, const struct run_info *next)
{
	static const struct run_before nothing;

	if (!same_camera(&next->place, &p->run.place))
		tell(p, PROOF_OTHER_CAMERA, next->start_us, 0);
	else if (memcmp(next->before.run.octets, nothing.run.octets,
		     RUN_ID_OCTETS) == 0) {
		p->said.unknown++;
		if (next->start_us < p->last_us)
			tell(p, PROOF_ORDER, next->start_us, 0);
	} else if (!p->mark_known ||
		   memcmp(next->before.run.octets, p->run.run.octets,
		       RUN_ID_OCTETS) != 0 ||
		   memcmp(next->before.mark_hash, p->mark_hash,
		       SHA256_OCTETS) != 0)
		tell(p, PROOF_MISSING, picture_us(p), next->start_us);
}

static enum err
run_open(const struct proof *p, const struct mp4_piece *piece,
    struct run_info *ret_info)
{
	struct slice signature;
	struct run_clear clear;
	enum err e;

	if ((e = run_clear_parse(piece->record, &clear)) != ERR_OK ||
	    (e = run_fields_get(piece->fields, &clear, ret_info, &signature)) !=
		ERR_OK)
		return e;
	const size_t n = piece->fields.len - SIGN_OCTETS;
	return sign_check(p->said.hub, LABEL_RUN,
	    FIELDS(slice_head(piece->record, RUN_CLEAR_OCTETS),
		slice_head(piece->fields, n)),
	    signature.at);
}

static void
run_take(struct proof *p, const struct mp4_piece *piece)
{
	struct run_info info;

	hole_tell(p, p->hole_to_us);
	leaves_drop(p);
	if (run_open(p, piece, &info) != ERR_OK ||
	    info.place.class != RUN_MEDIA) {
		tell(p, PROOF_RUN_UNSIGNED, p->last_us, 0);
		p->run_open = false;
		return;
	}
	if (p->said.runs++ == 0)
		p->said.place = info.place;
	else
		run_follows(p, &info);
	sha256(piece->record, p->run_header);
	p->run = info;
	p->run_open = true;
	p->run_index = 0;
	p->mark_known = p->hole = false;
}

/*
 * The place of a record in its run; a hole is told once. Sound lies as much as
 * 0.2 s before the pictures around it: it says nothing of where one is missing.
 */
static void
index_take(struct proof *p, uint64_t index, uint64_t time_us)
{
	/* not the first run: a film goes on at a run's own beginning */
	const bool any = p->run_index == 0 && p->said.runs <= 1;

	if (index <= p->run_index)
		tell(p, PROOF_ORDER, time_us, 0);
	else if (!any && index != p->run_index + 1) {
		hole_open(p, time_us);
		p->leaves.count = 0;
		p->mark_known = false;
		p->hole = true;
	}
	p->run_index = index;
}

/* --- samples --- */

/* The sample's octets, and whether they are those that were signed. */
static bool
media_take(struct proof *p, const struct mp4_piece *piece,
    struct slice *ret_octets)
{
	static const uint8_t zeros[SOUND_PADDED_TO];
	uint8_t digest[SHA256_OCTETS];

	if (piece->octets > p->media.len)
		return false;
	const struct slice octets = slice_head(p->media, piece->octets);
	p->media = slice_skip(p->media, piece->octets);
	const size_t n = piece->sample_kind == RUN_SOUND
			     ? sound_padding(piece->head.len + octets.len)
			     : 0;
	sha256_join((const struct slice[]){ piece->head, octets,
			slice_make(zeros, n) },
	    3, digest);
	*ret_octets = octets;
	return memcmp(digest, piece->digest.at, SHA256_OCTETS) == 0;
}

static uint64_t
place_of(const struct proof *p, struct slice octets)
{
	return MP4_START_OCTETS + (uint64_t)(octets.at - p->parts.media.at);
}

static void
picture_take(struct proof *p, const struct mp4_piece *piece)
{
	struct avc_size size = { 0 };
	struct slice octets;

	if (!piece->inside) {
		tell(p, PROOF_PICTURE_ABSENT, piece->time_us, 0);
		return;
	}
	if (p->said.pictures++ == 0)
		p->said.first_us = piece->time_us;
	p->said.last_us = piece->time_us;
	if (!media_take(p, piece, &octets) || piece->head.len != 0) {
		tell_sample(p, PROOF_PICTURE_CHANGED, piece->time_us, 0,
		    p->said.pictures);
		return;
	}
	buf_clear(&p->setup);
	if (p->table_err == ERR_OK && (piece->flags & RUN_KEY) != 0)
		p->table_err = (p->table.h265 ? hevc_setup : avc_setup)(octets,
		    &p->setup, &size);
	if (p->table_err == ERR_OK)
		p->table_err = mp4_table_picture(&p->table, place_of(p, octets),
		    piece->octets, piece->time_us, buf_slice(&p->setup), size);
}

static enum err
sound_add(struct proof *p, const struct mp4_piece *piece, struct slice frames)
{
	struct sound_head head;
	enum err e;

	if ((e = sound_head_parse(piece->head, &head)) != ERR_OK)
		return e;
	if (p->sound.codec == 0)
		p->sound = head.sound;
	if (!sound_same(&head.sound, &p->sound))
		return ERR_CONFLICT;
	return mp4_table_sound(&p->table, place_of(p, frames), piece->time_us,
	    &head, frames);
}

static void
sound_take(struct proof *p, const struct mp4_piece *piece)
{
	struct slice frames;

	if (!piece->inside) {
		p->said.left_out++;
		return;
	}
	p->said.sounds++;
	if (!media_take(p, piece, &frames)) {
		tell_sample(p, PROOF_SOUND_CHANGED, piece->time_us, 0,
		    p->said.sounds);
		return;
	}
	if (p->table_err == ERR_OK)
		p->table_err = sound_add(p, piece, frames);
}

/* A film's pictures are all of one kind. */
static bool
is_picture(const struct proof *p, const struct mp4_piece *piece)
{
	return piece->sample_kind == (p->table.h265 ? RUN_H265 : RUN_H264);
}

static void
sample_take(struct proof *p, const struct mp4_piece *piece)
{
	index_take(p, piece->index, piece->time_us);
	if (piece->sample_kind != RUN_SOUND)
		hole_tell(p, piece->time_us);
	if (leaves_add_digest(&p->leaves, piece->index, piece->flags,
		piece->time_us, piece->sample_kind, piece->digest.at) != ERR_OK)
		leaves_drop(p); /* more than any mark covers */
	if (piece->sample_kind == RUN_SOUND)
		sound_take(p, piece);
	else if (is_picture(p, piece) || !piece->inside)
		picture_take(p, piece);
	else
		tell(p, PROOF_EXTRA, piece->time_us, 0);
	p->last_us = piece->time_us;
}

/* --- marks --- */

static void
mark_follows(struct proof *p, const struct mark *m)
{
	if (!p->mark_known)
		return;
	if (m->number > p->mark_number + 1)
		tell(p, PROOF_MISSING, p->last_us, m->last_us);
	else if (m->number <= p->mark_number ||
		 memcmp(m->before_hash, p->mark_hash, SHA256_OCTETS) != 0)
		tell(p, PROOF_ORDER, m->first_us, 0);
}

/* Whether just the leaves before it are those that it covers. */
static void
mark_covers(struct proof *p, const struct mark *m)
{
	const struct leaves *l = &p->leaves;
	uint8_t hash[SHA256_OCTETS];

	leaves_hash(l, hash);
	if ((m->count == l->count &&
		memcmp(m->leaves_hash, hash, SHA256_OCTETS) == 0) ||
	    p->hole)
		return;
	if (l->count == 0)
		hole_open(p, m->last_us);
	else if (m->first_index < l->first_index)
		tell(p, PROOF_MISSING, p->last_us, l->first_us);
	else if (m->count > l->count)
		hole_open(p, m->last_us);
	else
		tell(p, PROOF_UNSIGNED, l->first_us, l->last_us);
}

static void
mark_take(struct proof *p, const struct mp4_piece *piece)
{
	const struct leaves *l = &p->leaves;
	struct mark m;

	if (!p->run_open || mark_get(piece->mark, p->said.hub, &m) != ERR_OK ||
	    memcmp(m.header_hash, p->run_header, SHA256_OCTETS) != 0) {
		tell(p, PROOF_UNSIGNED, l->count > 0 ? l->first_us : p->last_us,
		    p->last_us);
		p->mark_known = false;
		p->run_index++;
	} else {
		mark_covers(p, &m);
		mark_follows(p, &m);
		if (p->untold && m.last_us > p->hole_to_us)
			p->hole_to_us = m.last_us;
		/* it stands right behind what it covers */
		p->run_index = m.first_index + m.count;
		p->last_us = m.last_us;
		p->mark_known = true;
		p->mark_number = m.number;
		sha256(piece->mark, p->mark_hash);
	}
	p->leaves.count = 0;
	p->hole = false;
}

/* --- all --- */

static enum err
pieces_take(struct proof *p, struct slice pieces)
{
	struct mp4_piece piece;
	enum err e;

	for (;;) {
		if ((e = mp4_proof_next(&pieces, &piece)) != ERR_OK)
			return e;
		switch (piece.kind) {
		case MP4_RUN:
			run_take(p, &piece);
			break;
		case MP4_SAMPLE:
			sample_take(p, &piece);
			break;
		case MP4_MARK:
			mark_take(p, &piece);
			break;
		case MP4_END:
		default:
			hole_tell(p, p->hole_to_us);
			leaves_drop(p);
			return ERR_OK;
		}
	}
}

/* The table must be the one that is made of these samples. */
static enum err
table_check(struct proof *p)
{
	const struct slice have = p->parts.table;
	enum err e = p->table_err;
	AUTO_BUF struct buf want;
	size_t at = 0;

	buf_init(&want, have.len);
	if (e == ERR_OK)
		e = mp4_table_put(&p->table, &want);
	if (e == ERR_NOMEM || (e == ERR_OK && slice_eq(buf_slice(&want), have)))
		return e;
	while (e == ERR_OK && at < want.len && want.at[at] == have.at[at])
		at++;
	tell_sample(p, PROOF_TABLE, 0, 0, at);
	return ERR_OK;
}

/* ERR_CORRUPT: its digest does not fit, so all that follows is guessing. */
static enum err
proof_begin(struct proof *p, struct slice *ret_pieces)
{
	struct slice plain, digest, key;
	uint8_t have[SHA256_OCTETS];
	enum err e;

	if ((e = mp4_proof_plain(p->parts.proof, &plain, &digest)) != ERR_OK)
		return e;
	sha256(plain, have);
	if (!slice_eq(SLICE_OF(have), digest))
		return ERR_CORRUPT;
	if ((e = mp4_proof_begin(plain, &p->table.h265, &key, ret_pieces)) ==
	    ERR_OK)
		memcpy(p->said.hub, key.at, SIGN_PUBLIC_OCTETS);
	return e;
}

static enum err
film_check(struct proof *p)
{
	struct slice pieces;
	enum err e;

	if ((e = proof_begin(p, &pieces)) == ERR_UNSUPPORTED)
		return e;
	if (e != ERR_OK || pieces_take(p, pieces) != ERR_OK) {
		tell(p, PROOF_CHANGED, 0, 0);
		return ERR_OK;
	}
	if (p->said.runs == 0)
		tell(p, PROOF_RUN_UNSIGNED, 0, 0);
	if (p->media.len != 0)
		tell(p, PROOF_EXTRA, p->last_us, 0);
	/* without all samples it can only differ */
	return p->said.wrongs == 0 ? table_check(p) : ERR_OK;
}

enum err
proof_check(struct slice file, struct proof_sink sink,
    struct proof_said *ret_said)
{
	struct proof p = { .sink = sink };
	enum err e;

	if ((e = mp4_parts_get(file, &p.parts)) != ERR_OK)
		return e;
	p.media = p.parts.media;
	mp4_table_init(&p.table, p.parts.table.len);
	buf_init(&p.setup, p.parts.table.len);
	if ((e = film_check(&p)) == ERR_OK)
		*ret_said = p.said;
	buf_fini(&p.setup);
	mp4_table_fini(&p.table);
	return e;
}
