#include "proto/mp4_table.h"

#include "base/codec.h"
#include "base/obj.h"

#define SCALE       90000u /* of the film and its pictures */
#define DELTA_MAX   0x7fffffffu
#define LAST_MAX    SCALE
#define LAST_ONLY   6000u
#define ENTRIES_MAX 255
#define SINCE_1904  2082844800u

static void
track_init(struct mp4_track *t, size_t octets_max)
{
	*t = (struct mp4_track){ .scale = SCALE };
	buf_init(&t->stsd, octets_max);
	buf_init(&t->stts, octets_max);
	buf_init(&t->stss, octets_max);
	buf_init(&t->stsc, octets_max);
	buf_init(&t->stsz, octets_max);
	buf_init(&t->co64, octets_max);
}

static void
track_fini(struct mp4_track *t)
{
	buf_fini(&t->stsd);
	buf_fini(&t->stts);
	buf_fini(&t->stss);
	buf_fini(&t->stsc);
	buf_fini(&t->stsz);
	buf_fini(&t->co64);
}

void
mp4_table_init(struct mp4_table *t, size_t octets_max)
{
	*t = (struct mp4_table){ .octets_max = octets_max };
	track_init(&t->pictures, octets_max);
	track_init(&t->sounds, octets_max);
	buf_init(&t->setup, octets_max);
}

void
mp4_table_fini(struct mp4_table *t)
{
	track_fini(&t->pictures);
	track_fini(&t->sounds);
	buf_fini(&t->setup);
}

/* --- boxes: the size is put in when the box ends --- */

static size_t
box_begin(struct wr *w, const char type[static 5])
{
	const size_t at = w->to->len;

	wr_u32(w, 0);
	wr_octets(w, slice_make(type, 4));
	return at;
}

static size_t
full_begin(struct wr *w, const char type[static 5], uint32_t version_flags)
{
	const size_t at = box_begin(w, type);

	wr_u32(w, version_flags);
	return at;
}

static void
box_end(struct wr *w, size_t at)
{
	if (w->err != ERR_OK)
		return;
	const uint64_t n = w->to->len - at;
	for (size_t i = 0; i < 4; i++)
		w->to->at[at + i] = (uint8_t)(n >> (24 - 8 * i));
}

static void
counted_put(struct wr *w, const char type[static 5], uint32_t count,
    const struct buf *all)
{
	const size_t at = full_begin(w, type, 0);

	wr_u32(w, count);
	wr_octets(w, buf_slice(all));
	box_end(w, at);
}

/* --- times --- */

/* us in units of 1/scale s, rounded down. */
static uint64_t
scaled(uint64_t us, uint64_t scale)
{
	return us / 1000000 * scale + us % 1000000 * scale / 1000000;
}

/* v units of 1/from s in those of the film. */
static uint64_t
in_film(uint64_t v, uint64_t from)
{
	return v / from * SCALE + v % from * SCALE / from;
}

static uint64_t
since(uint64_t time_us, uint64_t first_us)
{
	return time_us > first_us ? time_us - first_us : 0;
}

/* --- tracks --- */

static enum err
times_flush(struct mp4_track *t)
{
	struct wr w;

	if (t->same == 0)
		return ERR_OK;
	wr_init(&w, &t->stts);
	wr_u32(&w, t->same);
	wr_u32(&w, (uint32_t)t->delta);
	t->same = 0;
	t->times++;
	return wr_end(&w);
}

/* The newest sample lasts that long. */
static enum err
track_step(struct mp4_track *t, uint64_t delta)
{
	enum err e;

	if (delta > DELTA_MAX)
		return ERR_LIMIT;
	if (delta != t->delta && (e = times_flush(t)) != ERR_OK)
		return e;
	t->delta = delta;
	t->same++;
	return ERR_OK;
}

static enum err
track_add(struct mp4_track *t, uint64_t place, uint32_t octets, uint64_t at)
{
	struct wr size, where;
	enum err e;

	if (t->count == UINT32_MAX)
		return ERR_LIMIT;
	if (t->count > 0 && (e = track_step(t, at - t->at)) != ERR_OK)
		return e;
	t->at = at;
	t->count++;
	wr_init(&size, &t->stsz);
	wr_u32(&size, octets);
	wr_init(&where, &t->co64);
	wr_u64(&where, place);
	return (e = wr_end(&size)) != ERR_OK ? e : wr_end(&where);
}

/* What stands in stsd last holds from the next sample on. */
static enum err
track_described(struct mp4_track *t)
{
	struct wr w;

	if (t->entries == ENTRIES_MAX)
		return ERR_LIMIT;
	t->entries++;
	t->chunks++;
	wr_init(&w, &t->stsc);
	wr_u32(&w, t->count + 1);
	wr_u32(&w, 1);
	wr_u32(&w, t->entries);
	return wr_end(&w);
}

static enum err
picture_describe(struct mp4_table *t, struct slice setup, struct avc_size size)
{
	struct mp4_track *p = &t->pictures;
	struct wr w;
	enum err e;

	buf_clear(&t->setup);
	if ((e = buf_append(&t->setup, setup)) != ERR_OK)
		return e;
	if (p->count == 0)
		t->size = size;
	wr_init(&w, &p->stsd);
	const size_t entry = box_begin(&w, t->h265 ? "hvc1" : "avc1");
	wr_zeros(&w, 6);
	wr_u16(&w, 1);
	wr_zeros(&w, 16);
	wr_u16(&w, size.width);
	wr_u16(&w, size.height);
	wr_u32(&w, 0x480000);
	wr_u32(&w, 0x480000);
	wr_u32(&w, 0);
	wr_u16(&w, 1);
	wr_zeros(&w, 32);
	wr_u16(&w, 24);
	wr_u16(&w, 0xffff);
	const size_t box = box_begin(&w, t->h265 ? "hvcC" : "avcC");
	wr_octets(&w, setup);
	box_end(&w, box);
	box_end(&w, entry);
	return (e = wr_end(&w)) != ERR_OK ? e : track_described(p);
}

enum err
mp4_table_picture(struct mp4_table *t, uint64_t place, uint32_t octets,
    uint64_t time_us, struct slice setup, struct avc_size size)
{
	struct mp4_track *p = &t->pictures;
	enum err e;

	if (p->count == 0 && setup.len == 0)
		return ERR_SYNTAX;
	if (p->count == 0)
		p->first_us = time_us;
	if (setup.len > 0 && !slice_eq(setup, buf_slice(&t->setup)) &&
	    (e = picture_describe(t, setup, size)) != ERR_OK)
		return e;
	uint64_t at = scaled(since(time_us, p->first_us), SCALE);
	if (p->count > 0 && at <= p->at)
		at = p->at + 1;
	if ((e = track_add(p, place, octets, at)) != ERR_OK)
		return e;
	if (setup.len == 0)
		return ERR_OK;
	struct wr w;
	wr_init(&w, &p->stss);
	wr_u32(&w, p->count);
	p->keys++;
	return wr_end(&w);
}

/* ISO 14496-1 section 7.2.6.5; no length here reaches 128. */
static void
esds_put(struct wr *w, struct slice config)
{
	const uint8_t n = (uint8_t)config.len;
	const size_t at = full_begin(w, "esds", 0);

	wr_u8(w, 3);
	wr_u8(w, (uint8_t)(3 + 2 + 13 + 2 + n + 3));
	wr_u16(w, 2);
	wr_u8(w, 0);
	wr_u8(w, 4);
	wr_u8(w, (uint8_t)(13 + 2 + n));
	wr_u16(w, 0x4015);
	wr_zeros(w, 11);
	wr_u8(w, 5);
	wr_u8(w, n);
	wr_octets(w, config);
	wr_u8(w, 6);
	wr_u16(w, 0x0102);
	box_end(w, at);
}

static void
opus_put(struct wr *w, const struct sound *s)
{
	const size_t at = box_begin(w, "dOps");

	wr_u8(w, 0);
	wr_u8(w, s->channels);
	wr_u16(w, 0);
	wr_u32(w, s->rate);
	wr_u16(w, 0);
	wr_u8(w, 0);
	box_end(w, at);
}

static enum err
sound_describe(struct mp4_track *t, const struct sound *s)
{
	static const char types[][5] = { [SOUND_AAC] = "mp4a",
		[SOUND_OPUS] = "Opus",
		[SOUND_PCMU] = "ulaw",
		[SOUND_PCMA] = "alaw" };
	struct wr w;
	enum err e;

	wr_init(&w, &t->stsd);
	const size_t at = box_begin(&w, types[s->codec]);
	wr_zeros(&w, 6);
	wr_u16(&w, 1);
	wr_zeros(&w, 8);
	wr_u16(&w, s->channels);
	wr_u16(&w, 16);
	wr_zeros(&w, 4);
	wr_u32(&w, t->scale < 65536 ? t->scale << 16 : 0);
	if (s->codec == SOUND_AAC)
		esds_put(&w, s->config);
	else if (s->codec == SOUND_OPUS)
		opus_put(&w, s);
	box_end(&w, at);
	return (e = wr_end(&w)) != ERR_OK ? e : track_described(t);
}

/* Where a record's first frame begins: even, or at its own time. */
static uint64_t
sound_begin(const struct mp4_table *t, uint64_t time_us)
{
	const struct mp4_track *h = &t->sounds;
	const uint64_t real = scaled(since(time_us, h->first_us), h->scale);
	const uint64_t off = real > t->due ? real - t->due : t->due - real;

	if (h->count == 0 || off <= h->scale / 10)
		return t->due;
	return real > h->at ? real : h->at + 1;
}

enum err
mp4_table_sound(struct mp4_table *t, uint64_t place, uint64_t time_us,
    const struct sound_head *head, struct slice frames)
{
	struct sound_head left = *head;
	struct mp4_track *h = &t->sounds;
	struct slice frame;
	uint32_t length;
	enum err e;

	if (h->count == 0) {
		h->scale = sound_scale(&head->sound);
		h->first_us = time_us;
		if ((e = sound_describe(h, &head->sound)) != ERR_OK)
			return e;
	}
	uint64_t at = sound_begin(t, time_us);
	while (left.count > 0) {
		if ((e = sound_frame_next(&left, &frames, &frame)) != ERR_OK ||
		    (e = sound_frame_length(&head->sound, frame, &length)) !=
			ERR_OK ||
		    (e = track_add(h, place, (uint32_t)frame.len, at)) !=
			ERR_OK)
			return e;
		place += frame.len;
		at += length;
	}
	t->due = at;
	return frames.len == 0 ? ERR_OK : ERR_SYNTAX;
}

/* --- moov --- */

/* later: before it begins, in the film; early: what is skipped, in the track. */
struct lengths {
	uint64_t born, in_track, in_film, later, early;
};

static void
matrix_put(struct wr *w)
{
	wr_u32(w, 0x10000);
	wr_zeros(w, 12);
	wr_u32(w, 0x10000);
	wr_zeros(w, 12);
	wr_u32(w, 0x40000000);
}

static void
stbl_put(struct wr *w, const struct mp4_track *t)
{
	const size_t at = box_begin(w, "stbl");

	counted_put(w, "stsd", t->entries, &t->stsd);
	counted_put(w, "stts", t->times, &t->stts);
	if (t->keys > 0)
		counted_put(w, "stss", t->keys, &t->stss);
	counted_put(w, "stsc", t->chunks, &t->stsc);
	const size_t sizes = full_begin(w, "stsz", 0);
	wr_u32(w, 0);
	wr_u32(w, t->count);
	wr_octets(w, buf_slice(&t->stsz));
	box_end(w, sizes);
	counted_put(w, "co64", t->count, &t->co64);
	box_end(w, at);
}

static void
mdia_put(struct wr *w, const struct mp4_track *t, bool picture,
    const struct lengths *l)
{
	const size_t mdia = box_begin(w, "mdia");
	size_t at = full_begin(w, "mdhd", 1u << 24);

	wr_u64(w, l->born);
	wr_u64(w, l->born);
	wr_u32(w, t->scale);
	wr_u64(w, l->in_track);
	wr_u32(w, 0x55c40000);
	box_end(w, at);
	at = full_begin(w, "hdlr", 0);
	wr_u32(w, 0);
	wr_octets(w, picture ? SLICE_LIT("vide") : SLICE_LIT("soun"));
	wr_zeros(w, 12);
	wr_octets(w, SLICE_LIT("Eaves\0"));
	box_end(w, at);
	const size_t minf = box_begin(w, "minf");
	at = picture ? full_begin(w, "vmhd", 1) : full_begin(w, "smhd", 0);
	wr_zeros(w, picture ? 8 : 4);
	box_end(w, at);
	const size_t dinf = box_begin(w, "dinf");
	at = full_begin(w, "dref", 0);
	wr_u32(w, 1);
	box_end(w, full_begin(w, "url ", 1));
	box_end(w, at);
	box_end(w, dinf);
	stbl_put(w, t);
	box_end(w, minf);
	box_end(w, mdia);
}

static void
edit_put(struct wr *w, const struct lengths *l)
{
	const size_t edts = box_begin(w, "edts");
	const size_t at = full_begin(w, "elst", 1u << 24);

	wr_u32(w, l->later > 0 ? 2 : 1);
	if (l->later > 0) {
		wr_u64(w, l->later);
		wr_u64(w, UINT64_MAX);
		wr_u32(w, 0x10000);
	}
	wr_u64(w, l->in_film);
	wr_u64(w, l->early);
	wr_u32(w, 0x10000);
	box_end(w, at);
	box_end(w, edts);
}

static void
trak_put(struct wr *w, const struct mp4_track *t, const struct avc_size *size,
    const struct lengths *l)
{
	const size_t trak = box_begin(w, "trak");
	const size_t at = full_begin(w, "tkhd", 1u << 24 | 3);

	wr_u64(w, l->born);
	wr_u64(w, l->born);
	wr_u32(w, size != NULL ? 1 : 2);
	wr_u32(w, 0);
	wr_u64(w, l->later + l->in_film);
	wr_zeros(w, 12);
	wr_u16(w, size != NULL ? 0 : 0x100);
	wr_u16(w, 0);
	matrix_put(w);
	wr_u32(w, size != NULL ? (uint32_t)size->width << 16 : 0);
	wr_u32(w, size != NULL ? (uint32_t)size->height << 16 : 0);
	box_end(w, at);
	if (l->later > 0 || l->early > 0)
		edit_put(w, l);
	mdia_put(w, t, size != NULL, l);
	box_end(w, trak);
}

static enum err
track_end(struct mp4_track *t, uint64_t last, uint64_t *ret_length)
{
	enum err e;

	if ((e = track_step(t, last)) != ERR_OK ||
	    (e = times_flush(t)) != ERR_OK)
		return e;
	*ret_length = t->at + last;
	return ERR_OK;
}

static void
moov_put(struct wr *w, const struct mp4_table *t, const struct lengths *seen,
    const struct lengths *heard)
{
	const uint64_t sound = heard->later + heard->in_film;
	const size_t moov = box_begin(w, "moov");
	const size_t at = full_begin(w, "mvhd", 1u << 24);

	wr_u64(w, seen->born);
	wr_u64(w, seen->born);
	wr_u32(w, SCALE);
	wr_u64(w, sound > seen->in_film ? sound : seen->in_film);
	wr_u32(w, 0x10000);
	wr_u16(w, 0x100);
	wr_zeros(w, 10);
	matrix_put(w);
	wr_zeros(w, 24);
	wr_u32(w, t->sounds.count > 0 ? 3 : 2);
	box_end(w, at);
	trak_put(w, &t->pictures, &t->size, seen);
	if (t->sounds.count > 0)
		trak_put(w, &t->sounds, NULL, heard);
	box_end(w, moov);
}

enum err
mp4_table_put(struct mp4_table *t, struct buf *to)
{
	struct mp4_track *p = &t->pictures, *s = &t->sounds;
	struct lengths seen = { .born = p->first_us / 1000000 + SINCE_1904 };
	struct lengths heard = seen;
	struct wr w;
	enum err e;

	if (p->count == 0)
		return ERR_MISSING;
	const uint64_t last = p->count == 1         ? LAST_ONLY
			      : p->delta > LAST_MAX ? LAST_MAX
						    : p->delta;
	if ((e = track_end(p, last, &seen.in_track)) != ERR_OK)
		return e;
	seen.in_film = seen.in_track;
	if (s->count > 0) {
		if ((e = track_end(s, t->due - s->at, &heard.in_track)) !=
		    ERR_OK)
			return e;
		heard.early = scaled(since(p->first_us, s->first_us), s->scale);
		if (heard.early > heard.in_track)
			heard.early = heard.in_track;
		heard.in_film = in_film(heard.in_track - heard.early, s->scale);
		heard.later = scaled(since(s->first_us, p->first_us), SCALE);
	}
	wr_init(&w, to);
	moov_put(&w, t, &seen, &heard);
	return wr_end(&w);
}
