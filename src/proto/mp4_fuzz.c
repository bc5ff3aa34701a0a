/*
 * A film as it came: what is taken lies inside the input, pieces of the proof
 * use up what they are made of, and a table is made from whatever they say.
 */
#include "proto/hevc.h"
#include "proto/mp4.h"
#include "proto/mp4_table.h"

#define PIECES_MAX 4096

static void
picture_look(struct mp4_table *t, const struct mp4_piece *p, struct slice media)
{
	struct avc_size size = { 0 };
	struct buf setup;
	const size_t n = p->octets < media.len ? p->octets : media.len;

	buf_init(&setup, 4096);
	if ((t->h265 ? hevc_setup : avc_setup)(slice_head(media, n), &setup,
		&size) == ERR_OK)
		assert(setup.len >= 11 && size.width > 0 && size.height > 0);
	else
		buf_clear(&setup);
	(void)!mp4_table_picture(t, p->index, p->octets, p->time_us,
	    buf_slice(&setup), size);
	buf_fini(&setup);
}

static void
sound_look(struct mp4_table *t, const struct mp4_piece *p, struct slice media)
{
	const size_t n = p->octets < media.len ? p->octets : media.len;
	struct sound_head h;

	if (sound_head_parse(p->head, &h) == ERR_OK)
		(void)!mp4_table_sound(t, p->index, p->time_us, &h,
		    slice_head(media, n));
}

static void
proof_look(struct slice proof, struct slice media)
{
	struct slice plain, digest, key, pieces;
	struct mp4_piece p;
	struct mp4_table t;
	struct buf moov;
	bool h265;

	if (mp4_proof_plain(proof, &plain, &digest) != ERR_OK ||
	    mp4_proof_begin(plain, &h265, &key, &pieces) != ERR_OK)
		return;
	assert(key.len == MP4_KEY_OCTETS && plain.len + 32 == proof.len);
	mp4_table_init(&t, 1 << 20);
	t.h265 = h265;
	buf_init(&moov, 1 << 20);
	for (size_t i = 0; i < PIECES_MAX; i++) {
		const size_t before = pieces.len;
		if (mp4_proof_next(&pieces, &p) != ERR_OK || p.kind == MP4_END)
			break;
		assert(pieces.len < before);
		if (p.kind != MP4_SAMPLE)
			continue;
		if (p.head.len == 0)
			picture_look(&t, &p, media);
		else
			sound_look(&t, &p, media);
	}
	if (mp4_table_put(&t, &moov) == ERR_OK)
		assert(slice_be(buf_slice(&moov), 4) == moov.len);
	buf_fini(&moov);
	mp4_table_fini(&t);
}

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	const struct slice file = slice_make(data, n);
	struct mp4_parts p;

	if (mp4_parts_get(file, &p) == ERR_OK) {
		assert(p.proof.at + p.proof.len == data + n);
		assert(MP4_START_OCTETS + p.media.len + p.table.len + 24 +
			   p.proof.len ==
		       n);
		assert(mp4_parts_get(slice_head(file, n - 1), &p) != ERR_OK);
	}
	if (mp4_parts_get(file, &p) == ERR_OK)
		proof_look(p.proof, p.media);
	else
		proof_look(file, file);
	return 0;
}
