#include "hub/camera.h"

#define HOUR_US     UINT64_C(3600000000)
#define JUMP_US_MAX 1000000
#define GRACE_US    UINT64_C(60000000) /* into the next hour */

void
camera_init(struct camera *c, size_t index, const struct hub_keys *keys,
    const struct hub_home *home, struct run_sink sink,
    size_t (*backlog)(void *to))
{
	*c = (struct camera){ .index = index,
		.keys = keys,
		.home = home,
		.sink = sink,
		.backlog = backlog,
		.state = REASON_NO_PROCESS };
	h264_setup_init(&c->setup);
	buf_init_secret(&c->picture, RUN_OCTETS_MAX);
}

void
camera_fini(struct camera *c)
{
	run_write_close(c->run);
	h264_setup_fini(&c->setup);
	buf_fini(&c->picture);
	octets_wipe(c, sizeof *c);
}

void
camera_open(struct camera *c)
{
	c->open = true;
	c->skipping = false;
}

void
camera_close(struct camera *c)
{
	uint8_t hash[SHA256_OCTETS];

	c->open = false;
	if (c->run == NULL)
		return;
	run_write_before(c->run, &c->before);
	(void)run_write_mark(c->run, &c->before_mark, hash);
	run_write_close(c->run);
	c->run = NULL;
}

void
camera_end(struct camera *c, struct camera_now now)
{
	if (c->run == NULL)
		return;
	/* a run that cannot be ended properly ends without its last mark */
	if (c->open)
		(void)!run_write_end(c->run, now.real_us);
	const bool open = c->open;
	camera_close(c);
	c->open = open;
}

static int64_t
offset_us(struct camera_now now)
{
	return (int64_t)now.real_us - (int64_t)now.boot_us;
}

static bool
clock_moved(const struct camera *c, struct camera_now now)
{
	const int64_t by = offset_us(now) - c->run_offset_us;

	return by > JUMP_US_MAX || by < -JUMP_US_MAX;
}

/*
 * The hub's clock stamps records. A capture process, which is ours and reads
 * the same clock, may say when the picture was taken, within narrow bounds: a
 * taken-over one can lie about its pictures, hardly about time.
 */
static uint64_t
time_of(const struct camera *c, const struct unit *u, struct camera_now now)
{
	uint64_t t = now.real_us;

	if ((u->flags & UNIT_OWN_TIME) != 0 && u->time_us <= t &&
	    t - u->time_us <= CAMERA_LATE_US_MAX)
		t = u->time_us;
	return t < c->last_us && c->last_us <= now.real_us ? c->last_us : t;
}

static bool
run_is_over(const struct camera *c, uint64_t time_us)
{
	return c->run_hour != (uint32_t)(time_us / HOUR_US) ||
	       run_write_info(c->run)->epoch != c->home->epoch ||
	       c->setup.changed || run_write_full(c->run);
}

/*
 * A camera that sends no key frame any more (or a taken-over process) may not
 * stay with the key of an hour that is over: its next picture waits for one.
 */
static bool
hour_is_outlived(const struct camera *c, uint64_t time_us)
{
	return time_us >= ((uint64_t)c->run_hour + 1) * HOUR_US + GRACE_US;
}

static enum err
setup_hash(const struct camera *c, uint8_t ret_hash[static SHA256_OCTETS])
{
	AUTO_BUF struct buf setup;
	enum err e;

	buf_init(&setup, 2 * (H264_SETUP_OCTETS_MAX + 4));
	if ((e = h264_setup_put(&c->setup, &setup)) == ERR_OK)
		sha256(buf_slice(&setup), ret_hash);
	return e;
}

/* ERR_MISSING: there is no key for this hour yet. */
static enum err
run_begin(struct camera *c, uint64_t time_us, struct camera_now now)
{
	const struct hub_camera_ids *ids = &c->keys->camera[c->index];
	const struct hour_list *hours = c->home->hours[c->index];
	const uint32_t hour = (uint32_t)(time_us / HOUR_US);
	struct run_info info = {
		.place = { c->home->home, ids->thing, ids->stream, c->keys->hub,
		    RUN_MEDIA },
		.epoch = c->home->epoch,
		.start_us = time_us,
		.before = c->before,
		.directory_version = c->home->directory.version,
	};
	AUTO_KEY run_key;
	enum err e;

	if (hours == NULL || c->home->directory.version == 0)
		return ERR_MISSING;
	const struct hour_public *to = hour_list_get(hours, hour);
	info.hour_id = to->id;
	memcpy(info.directory_hash, c->home->directory.hash, SHA256_OCTETS);
	run_id_make(&ids->stream, &info.run);
	octets_random(&run_key, sizeof run_key);
	if ((e = setup_hash(c, info.setup_hash)) != ERR_OK)
		return e;
	const struct run_secrets secrets = { .run_key = &run_key };
	if ((e = run_write_open(&info, to->key, &c->keys->sign, &secrets,
		 c->sink, &c->run)) != ERR_OK)
		return e;
	c->run_hour = hour;
	c->run_offset_us = offset_us(now);
	c->setup.changed = false;
	return ERR_OK;
}

/* Whether this picture is to be sent; a key frame may end a wait. */
static bool
sent(struct camera *c, bool key)
{
	const size_t unsent = c->backlog(c->sink.to);

	if (!c->open)
		return false;
	if (c->skipping && key && unsent <= CAMERA_BACKLOG_LOW)
		c->skipping = false;
	else if (unsent > CAMERA_BACKLOG_MAX)
		c->skipping = true;
	return !c->skipping && (key || c->run != NULL);
}

static enum err
picture_write(struct camera *c, const struct unit *u, struct camera_now now)
{
	const uint64_t time = time_of(c, u, now);
	bool key;
	enum err e;

	buf_clear(&c->picture);
	e = h264_unit(u->octets, &c->setup, &c->picture, &key);
	if (e == ERR_MISSING)
		return ERR_OK; /* its SPS comes with a later one */
	if (e != ERR_OK)
		return e;
	if (c->run != NULL &&
	    (clock_moved(c, now) || hour_is_outlived(c, time)))
		camera_end(c, now);
	if (!sent(c, key)) {
		c->skipped++;
		return ERR_OK;
	}
	if (key && c->run != NULL && run_is_over(c, time))
		camera_end(c, now);
	if (c->run == NULL && (e = run_begin(c, time, now)) != ERR_OK)
		return e == ERR_SYNTAX || e == ERR_LIMIT ? ERR_IO : e;
	c->last_us = time;
	e = run_write_media(c->run, key, time, RUN_H264,
	    buf_slice(&c->picture));
	if (e == ERR_LIMIT) { /* full before its next key frame came */
		camera_end(c, now);
		e = ERR_OK;
	}
	return e;
}

enum err
camera_unit(struct camera *c, const struct unit *u, struct camera_now now)
{
	uint32_t detail;

	if (u->kind == UNIT_STATUS)
		return unit_status(u->octets, &c->state, &detail);
	if (u->kind == UNIT_FOUND || u->kind == UNIT_PROFILE)
		return ERR_SYNTAX; /* it was not asked for that */
	c->state = REASON_RUNNING;
	return picture_write(c, u, now);
}

void
camera_tick(struct camera *c, struct camera_now now)
{
	if (c->run == NULL || !c->open)
		return;
	if (clock_moved(c, now))
		camera_end(c, now);
	else if (run_write_tick(c->run, now.real_us) != ERR_OK)
		camera_end(c, now);
}

void
camera_head(const struct camera *c, struct head *ret_head)
{
	struct head h = { .stream = c->keys->camera[c->index].stream,
		.state = (uint8_t)c->state };

	if (c->run == NULL ||
	    !run_write_mark(c->run, &h.mark_number, h.mark_hash)) {
		/* no mark in this run yet: the last of the run before */
		h.run = c->before.run;
		h.mark_number = c->before_mark;
		memcpy(h.mark_hash, c->before.mark_hash, SHA256_OCTETS);
	} else {
		h.run = run_write_info(c->run)->run;
	}
	*ret_head = h;
}
