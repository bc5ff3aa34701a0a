#include "hub/track.h"

#define HOUR_US     UINT64_C(3600000000)
#define JUMP_US_MAX 1000000
#define GRACE_US    UINT64_C(60000000) /* into the next hour */

void
track_init(struct track *t, const struct track_place *place,
    const struct hub_keys *keys, const struct hub_home *home,
    struct index_writer *index, struct run_sink sink,
    size_t (*backlog)(void *to))
{
	*t = (struct track){ .keys = keys,
		.home = home,
		.thing = place->thing,
		.stream = place->stream,
		.as = place->as,
		.index = index,
		.sink = sink,
		.backlog = backlog };
	h264_setup_init(&t->setup);
	buf_init_secret(&t->picture, RUN_OCTETS_MAX);
	bundle_init(&t->bundle);
	buf_init_secret(&t->sound, SOUND_OCTETS_MAX);
}

void
track_fini(struct track *t)
{
	run_write_close(t->run);
	h264_setup_fini(&t->setup);
	buf_fini(&t->picture);
	bundle_fini(&t->bundle);
	buf_fini(&t->sound);
	octets_wipe(t, sizeof *t);
}

void
track_open(struct track *t)
{
	t->open = true;
	t->skipping = false;
}

void
track_close(struct track *t)
{
	uint8_t hash[SHA256_OCTETS];

	t->open = false;
	bundle_clear(&t->bundle);
	t->closing = t->writing;
	if (t->run == NULL || t->writing)
		return;
	run_write_before(t->run, &t->before);
	(void)run_write_mark(t->run, &t->before_mark, hash);
	run_write_close(t->run);
	t->run = NULL;
	if (t->index != NULL)
		index_writer_run_end(t->index, t->as);
}

/* Around whatever gives records to the sink. */
static void
write_begin(struct track *t)
{
	t->writing = true;
}

static void
write_end(struct track *t)
{
	t->writing = false;
	if (t->closing)
		track_close(t);
}

static int64_t
offset_us(struct hub_now now)
{
	return (int64_t)now.real_us - (int64_t)now.boot_us;
}

static bool
clock_moved(const struct track *t, struct hub_now now)
{
	const int64_t by = offset_us(now) - t->run_offset_us;

	return by > JUMP_US_MAX || by < -JUMP_US_MAX;
}

/*
 * The hub's clock stamps records. A capture process, which is ours and reads
 * the same clock, may say when the picture was taken, within narrow bounds: a
 * taken-over one can lie about its pictures, hardly about time.
 */
static uint64_t
time_of(const struct track *t, const struct unit *u, struct hub_now now)
{
	uint64_t us = now.real_us;

	if ((u->flags & UNIT_OWN_TIME) != 0 && u->time_us <= us &&
	    us - u->time_us <= TRACK_LATE_US_MAX)
		us = u->time_us;
	return us < t->last_us && t->last_us <= now.real_us ? t->last_us : us;
}

static bool
run_is_over(const struct track *t, uint64_t time_us)
{
	return t->renew || t->run_hour != (uint32_t)(time_us / HOUR_US) ||
	       run_write_info(t->run)->epoch != t->home->epoch ||
	       t->setup.changed || run_write_full(t->run);
}

/*
 * A camera that sends no key frame any more (or a taken-over process) may not
 * stay with the key of an hour that is over: its next picture waits for one.
 */
static bool
hour_is_outlived(const struct track *t, uint64_t time_us)
{
	return time_us >= ((uint64_t)t->run_hour + 1) * HOUR_US + GRACE_US;
}

/* Thumbnails open by themselves: they have no setup. */
static enum err
setup_hash(const struct track *t, uint8_t ret_hash[static SHA256_OCTETS])
{
	AUTO_BUF struct buf setup;
	enum err e = ERR_OK;

	buf_init(&setup, 3 * (H264_SETUP_OCTETS_MAX + 4));
	if (t->as != TRACK_THUMB)
		e = h264_setup_put(&t->setup, &setup);
	if (e == ERR_OK)
		sha256(buf_slice(&setup), ret_hash);
	return e;
}

/* ERR_MISSING: there is no key for this hour yet. */
static enum err
run_begin(struct track *t, uint64_t time_us, struct hub_now now)
{
	struct run_wish wish = { .thing = t->thing,
		.stream = t->stream,
		.class = RUN_MEDIA,
		.start_us = time_us,
		.before = &t->before };
	enum err e;

	if ((e = setup_hash(t, wish.setup_hash)) != ERR_OK)
		return e;
	write_begin(t);
	e = hub_run_open(t->keys, t->home, &wish, t->sink, &t->run);
	if (e == ERR_OK && t->index != NULL)
		index_writer_run(t->index, t->as, &run_write_info(t->run)->run,
		    time_us);
	write_end(t);
	if (e != ERR_OK)
		return e;
	t->run_hour = (uint32_t)(time_us / HOUR_US);
	t->run_offset_us = offset_us(now);
	t->setup.changed = t->renew = false;
	return ERR_OK;
}

/* Whether this picture is to be sent; a key frame may end a wait. */
static bool
sent(struct track *t, bool key)
{
	const size_t unsent = t->backlog(t->sink.to);

	if (!t->open)
		return false;
	if (t->skipping && key && unsent <= TRACK_BACKLOG_LOW)
		t->skipping = false;
	else if (unsent > TRACK_BACKLOG_MAX)
		t->skipping = true;
	return !t->skipping && (key || t->run != NULL);
}

/* A record that went; the index shall know. */
static void
index_tell(struct track *t, bool key, uint64_t time_us, size_t octets)
{
	struct run_before at;

	if (t->index == NULL)
		return;
	const struct run_id *run = &run_write_info(t->run)->run;
	run_write_before(t->run, &at);
	/* a key frame's own mark stands behind it */
	index_writer_record(t->index, run, at.last_index - (key ? 1 : 0),
	    time_us, key);
	if (t->as == TRACK_THUMB)
		return;
	if (key)
		motion_key(&t->motion, time_us);
	else {
		motion_add(&t->motion, octets);
		index_writer_motion(t->index, run,
		    motion_now(&t->motion, time_us));
	}
}

static enum err
record_write(struct track *t, bool key, uint64_t time, enum run_kind kind,
    struct slice octets)
{
	enum err e;

	write_begin(t);
	e = run_write_media(t->run, key, time, kind, octets);
	if (e == ERR_OK)
		index_tell(t, key, time, octets.len);
	write_end(t);
	return e;
}

/* --- sound: beside the pictures, in the order in which it came --- */

/* Not before the sound before it, and no more in the past than a picture. */
static uint64_t
sound_time(struct track *t, const struct unit *u, struct hub_now now)
{
	const uint64_t us = now.real_us;
	uint64_t at = us;

	if ((u->flags & UNIT_OWN_TIME) != 0 && u->time_us <= us &&
	    us - u->time_us <= TRACK_LATE_US_MAX)
		at = u->time_us;
	if (at < t->sound_us && t->sound_us <= us)
		at = t->sound_us;
	t->sound_us = at;
	return at;
}

/* What waits becomes a record. */
static enum err
sound_write(struct track *t)
{
	const uint64_t time = t->bundle.time_us;
	struct run_before at;
	enum err e;

	if (t->bundle.count == 0)
		return ERR_OK;
	buf_clear(&t->sound);
	if ((e = bundle_put(&t->bundle, &t->sound)) != ERR_OK)
		return e;
	write_begin(t);
	e = run_write_media(t->run, false, time, RUN_SOUND,
	    buf_slice(&t->sound));
	if (e == ERR_OK && t->index != NULL) {
		run_write_before(t->run, &at);
		index_writer_record(t->index, &run_write_info(t->run)->run,
		    at.last_index, t->last_us, false);
	}
	write_end(t);
	return e;
}

void
track_hear(struct track *t, bool on)
{
	t->sound_off = !on;
	bundle_clear(&t->bundle);
}

void
track_end(struct track *t, struct hub_now now)
{
	if (t->run == NULL)
		return;
	/* a run that cannot be ended properly ends without its last mark */
	if (t->open && sound_write(t) == ERR_OK && t->open) {
		write_begin(t);
		(void)!run_write_end(t->run, now.real_us);
		write_end(t);
	}
	const bool open = t->open;
	track_close(t);
	t->open = open;
}

/* Sound alone begins no run: it waits for the picture that it belongs to. */
static enum err
sound_take(struct track *t, const struct unit *u, struct hub_now now)
{
	struct unit_sound s;
	enum err e;

	if ((e = unit_sound_parse(u->octets, &s)) != ERR_OK)
		return e;
	const uint64_t time = sound_time(t, u, now);
	if (t->sound_off || !t->open || t->skipping || t->run == NULL ||
	    hour_is_outlived(t, now.real_us)) {
		bundle_clear(&t->bundle);
		return ERR_OK;
	}
	if (!bundle_takes(&t->bundle, &s, time) &&
	    (e = sound_write(t)) != ERR_OK)
		return e == ERR_LIMIT ? ERR_OK : e;
	if (t->run == NULL)
		return ERR_OK; /* the line broke under it */
	if ((e = bundle_add(&t->bundle, &s, time)) != ERR_OK)
		return e;
	if (!bundle_is_full(&t->bundle))
		return ERR_OK;
	e = sound_write(t);
	/* full: its next key frame begins another */
	return e == ERR_LIMIT ? ERR_OK : e;
}

/* --- pictures --- */

static enum err
picture_write(struct track *t, bool key, uint64_t time, enum run_kind kind,
    struct hub_now now)
{
	enum err e;

	if (t->run != NULL &&
	    (clock_moved(t, now) || hour_is_outlived(t, time)))
		track_end(t, now);
	if (!sent(t, key)) {
		t->skipped++;
		return ERR_OK;
	}
	if (key && t->run != NULL && run_is_over(t, time))
		track_end(t, now);
	if (t->run == NULL && (e = run_begin(t, time, now)) != ERR_OK)
		return e == ERR_SYNTAX || e == ERR_LIMIT ? ERR_IO : e;
	if (t->run == NULL)
		return ERR_OK; /* the line broke under its header */
	t->last_us = time;
	e = record_write(t, key, time, kind, buf_slice(&t->picture));
	if (e == ERR_LIMIT) { /* full before its next key frame came */
		track_end(t, now);
		e = ERR_OK;
	}
	return e;
}

static enum err
video_take(struct track *t, const struct unit *u, struct hub_now now)
{
	const bool h265 = u->kind == UNIT_H265;
	bool key;
	enum err e;

	if (t->as == TRACK_THUMB)
		return ERR_SYNTAX;
	buf_clear(&t->picture);
	e = (h265 ? h265_unit : h264_unit)(u->octets, &t->setup, &t->picture,
	    &key);
	if (e == ERR_MISSING)
		return ERR_OK; /* its SPS comes with a later one */
	if (e != ERR_OK)
		return e;
	return picture_write(t, key, time_of(t, u, now),
	    h265 ? RUN_H265 : RUN_H264, now);
}

static enum err
thumb_take(struct track *t, const struct unit *u, struct hub_now now)
{
	enum err e;

	if (u->octets.len > TRACK_THUMB_OCTETS_MAX ||
	    !slice_starts(u->octets, SLICE_LIT("\xff\xd8")))
		return ERR_SYNTAX;
	buf_clear(&t->picture);
	if ((e = buf_append(&t->picture, u->octets)) != ERR_OK)
		return e;
	return picture_write(t, true, time_of(t, u, now), RUN_JPEG, now);
}

enum err
track_unit(struct track *t, const struct unit *u, struct hub_now now)
{
	switch (u->kind) {
	case UNIT_H264:
	case UNIT_H265:
		return video_take(t, u, now);
	case UNIT_THUMB:
		return t->as == TRACK_THUMB ? thumb_take(t, u, now)
					    : ERR_SYNTAX;
	case UNIT_SOUND:
		return t->as == TRACK_MAIN ? sound_take(t, u, now) : ERR_OK;
	default:
		return ERR_OK; /* of a kind that nobody here writes down */
	}
}

void
track_tick(struct track *t, struct hub_now now)
{
	enum err e;

	if (t->run == NULL || !t->open)
		return;
	if (clock_moved(t, now)) {
		track_end(t, now);
		return;
	}
	write_begin(t);
	e = run_write_tick(t->run, now.real_us);
	write_end(t);
	if (e != ERR_OK)
		track_end(t, now);
}

void
track_head(const struct track *t, struct head *ret_head)
{
	struct head h = { .stream = *t->stream };

	if (t->run == NULL ||
	    !run_write_mark(t->run, &h.mark_number, h.mark_hash)) {
		/* no mark in this run yet: the last of the run before */
		h.run = t->before.run;
		h.mark_number = t->before_mark;
		memcpy(h.mark_hash, t->before.mark_hash, SHA256_OCTETS);
	} else {
		h.run = run_write_info(t->run)->run;
	}
	*ret_head = h;
}
