/*
 * hub_stream.c - cameras on one side, the uplink on the other, and heads.
 */
#include <unistd.h>

#include "hub/address.h"
#include "hub/clock_reply.h"
#include "hub/hub.h"
#include "hub/rhythm.h"
#include "os/clock.h"

#define TICK_MS        200
#define HEADS_QUIET_MS 600000
#define HEADS_LEAST_MS 1000
#define ROWS_REST_MS   10000
#define OPEN_AGAIN_MS  30000
#define ROW_DAYS_LATE  30 /* a server takes them for 31 */

static struct hub_now
now(void)
{
	return (struct hub_now){ clock_realtime_us(), clock_boottime_us() };
}

/* --- heads --- */

static bool
is_listed(const struct hub *h, const struct camera *c, enum track_kind as)
{
	return hub_home_lists_track(&h->home, h->keys, c->ids, as);
}

/* Of each stream that somebody may read. */
static void
camera_heads(const struct hub *h, const struct camera *c, struct heads *to)
{
	for (enum track_kind as = TRACK_MAIN; as < TRACK__MAX; as++) {
		if (!is_listed(h, c, as))
			continue;
		struct head *head = &to->head[to->count++];
		if (as == TRACK_INDEX)
			index_writer_head(&c->index, head);
		else
			track_head(&c->track[as], head);
		head->state = (uint8_t)c->state;
	}
}

static void
heads_send(struct hub *h)
{
	static struct heads heads; /* large; made anew each time */
	AUTO_BUF struct buf sealed;

	buf_init(&sealed, HEADS_OCTETS_MAX);
	heads = (struct heads){ .home = h->home.home,
		.hub = h->keys->hub,
		.counter = ++h->heads_counter,
		.time_us = clock_realtime_us(),
		.epoch = h->home.epoch,
		.directory_version = h->home.directory.version };
	memcpy(heads.directory_hash, h->home.directory.hash, SHA256_OCTETS);
	for (size_t i = 0; i < HUB_CAMERAS_MAX; i++) {
		if (!h->slot[i].used)
			continue;
		h->said_state[i] = (uint8_t)h->camera[i].state;
		camera_heads(h, &h->camera[i], &heads);
	}
	if (heads_seal(&heads, &h->keys->sign, &h->home.people_key, &sealed) ==
	    ERR_OK)
		uplink_heads(&h->uplink, buf_slice(&sealed));
	h->heads_sent_ms = loop_now_ms(h->loop);
}

/* Whether a camera's state is another than the one that was said. */
static bool
states_changed(const struct hub *h)
{
	for (size_t i = 0; i < HUB_CAMERAS_MAX; i++)
		if (h->slot[i].used &&
		    h->said_state[i] != (uint8_t)h->camera[i].state)
			return true;
	return false;
}

static void
heads_look(struct hub *h)
{
	const uint64_t age = loop_now_ms(h->loop) - h->heads_sent_ms;

	if (h->uplink.state != UPLINK_UP || age < HEADS_LEAST_MS)
		return;
	if (age >= (h->watched ? heads_watched_ms : HEADS_QUIET_MS) ||
	    states_changed(h))
		heads_send(h);
}

static void rows_send(struct hub *h);
static void streams_open(struct hub *h);

static void
second(struct hub *h)
{
	hub_ways_tick(h);
	rows_send(h);
	if (h->open_again_ms != 0 && loop_now_ms(h->loop) >= h->open_again_ms)
		streams_open(h);
}

static void
tick_due(struct loop_timer *t)
{
	struct hub *h = OBJ_OF(t, struct hub, tick);

	for (size_t i = 0; i < HUB_CAMERAS_MAX; i++)
		if (h->slot[i].used)
			camera_tick(&h->camera[i], now());
	if (++h->ticks % (1000 / TICK_MS) == 0)
		second(h);
	heads_look(h);
	if (loop_timer_set(h->loop, t, TICK_MS, tick_due) != ERR_OK)
		loop_stop(h->loop);
}

/* --- cameras --- */

static struct camera *
track_camera(struct track *t)
{
	return OBJ_OF(t - t->as, struct camera, track);
}

static size_t
camera_number(const struct hub *h, const struct camera *c)
{
	return (size_t)(c - h->camera);
}

/* A stream's number on the uplink. */
static size_t
track_number(size_t camera, enum track_kind as)
{
	return camera * TRACK__MAX + as;
}

static void
track_record(void *to, uint64_t index, uint8_t flags, struct slice record)
{
	struct track *t = to;
	struct hub *h = track_camera(t)->owner;
	const size_t n = camera_number(h, track_camera(t));

	(void)index;
	hub_way_record(h, track_number(n, t->as), flags, record);
}

static size_t
track_backlog(void *to)
{
	struct track *t = to;
	const struct hub *h = track_camera(t)->owner;
	const size_t n = camera_number(h, track_camera(t));

	return h->way[track_number(n, t->as)].spooling
		   ? 0
		   : uplink_backlog(&h->uplink);
}

/* --- indexes --- */

static void
rows_send(struct hub *h)
{
	const struct row_wait *row;

	if (loop_now_ms(h->loop) < h->rows_rest_ms)
		return;
	while (h->uplink.state == UPLINK_UP &&
	       uplink_backlog(&h->uplink) < TRACK_BACKLOG_LOW &&
	       (row = rows_next(&h->rows)) != NULL)
		uplink_row(&h->uplink, row);
}

static void
camera_row(void *to, const struct index_row *row)
{
	struct camera *c = to;
	struct hub *h = c->owner;

	if (!is_listed(h, c, TRACK_INDEX))
		return;
	if (rows_add(&h->rows, &c->ids->stream[TRACK_INDEX], row) != ERR_OK)
		log_event(EV_HUB_DISK, F_NONE, F_NONE);
	rows_send(h);
}

/* From now on it can be named: to members, and in the next life. */
static void
row_is_there(struct hub *h, const struct row_wait *row)
{
	for (size_t i = 0; i < HUB_CAMERAS_MAX; i++) {
		struct camera *c = &h->camera[i];
		if (!h->slot[i].used || row->name.index == 0 ||
		    !id_eq(&c->ids->stream[TRACK_INDEX], &row->stream))
			continue;
		index_writer_taken(&c->index, &row->head);
		index_keep_set(&h->index_keep, &c->ids->thing, &row->name);
		if (index_keep_save(&h->index_keep, h->folder_fd) != ERR_OK)
			log_event(EV_HUB_DISK, F_NONE, F_NONE);
	}
}

/*
 * Whether the server has no reason to refuse it: the household lists the
 * camera, and the row is not too old (docs/API.md). It stays, and is sent
 * again on the next line: else a server could refuse what an hour was, and
 * that hour would look as if this hub had been off.
 */
static bool
row_must_stay(const struct hub *h, const struct row_wait *row)
{
	if (row->day + ROW_DAYS_LATE < clock_day())
		return false;
	for (size_t i = 0; i < HUB_CAMERAS_MAX; i++) {
		const struct camera *c = &h->camera[i];
		if (h->slot[i].used &&
		    id_eq(&c->ids->stream[TRACK_INDEX], &row->stream))
			return is_listed(h, c, TRACK_INDEX);
	}
	return false;
}

static void
uplink_took_row(struct uplink *u, uint64_t number, enum uplink_row_answer is)
{
	struct hub *h = u->owner;
	const struct row_wait *row = rows_sent(&h->rows, number);

	if (is == UPLINK_ROW_LATER) { /* its disk is full: not for ever */
		rows_later(&h->rows, number);
		h->rows_rest_ms = loop_now_ms(h->loop) + ROWS_REST_MS;
		return;
	}
	if (is == UPLINK_ROW_REFUSED) {
		log_event(EV_HUB_ROW_REFUSED, F_NONE, F_NONE);
		if (row != NULL && row_must_stay(h, row))
			return;
	} else if (row != NULL)
		row_is_there(h, row);
	rows_done(&h->rows, number);
	rows_send(h);
}

/* --- capture processes --- */

static struct hub *
feed_hub(const struct feed *f, size_t *ret_camera, enum track_kind *ret_of)
{
	struct hub *h = f->owner;
	const size_t n = (size_t)(f - h->feed);

	*ret_camera = n / 2;
	*ret_of = n % 2 == 0 ? TRACK_MAIN : TRACK_SUB;
	return h;
}

/* What the parent is told of a camera that the directory names. */
static enum err
source_put(const struct source *s, enum track_kind of, struct buf *to)
{
	const struct slice address = slice_str(
	    of == TRACK_MAIN ? s->address : s->sub);
	const struct capture_settings c = { .kind = address_kind(address),
		.url = address,
		.user = slice_str(s->user),
		.password = slice_str(s->password),
		.sound_off = !s->sound || of == TRACK_SUB };

	return capture_settings_put(&c, to);
}

static void
feed_asks(struct feed *f)
{
	enum track_kind of;
	size_t i;
	struct hub *h = feed_hub(f, &i, &of);
	struct channel_request r = { .ask = CHANNEL_CAMERA,
		.camera = (uint8_t)(f - h->feed) };
	AUTO_BUF struct buf more;

	buf_init_secret(&more, CHANNEL_MORE_OCTETS_MAX);
	if (!h->slot[i].by_hand &&
	    source_put(&h->slot[i].source, of, &more) == ERR_OK)
		r.more = buf_slice(&more);
	if (channel_ask(h->channel.fd, &r) != ERR_OK)
		loop_stop(h->loop);
}

static enum err
feed_unit(struct feed *f, const struct unit *u)
{
	enum track_kind of;
	size_t i;
	struct hub *h = feed_hub(f, &i, &of);
	const enum err e = camera_unit(&h->camera[i], of, u, now());

	/* what is not the process' fault does not end it */
	return e == ERR_SYNTAX || e == ERR_LIMIT ? e : ERR_OK;
}

/* A camera's state is a sentence of its own. */
static void
state_log(size_t camera, enum reason r)
{
	static const enum event events[REASON__MAX] = {
#define X(number, name) [number] = EV_CAMERA_##name,
		REASON_LIST(X)
#undef X
	};

	log_event(events[r], F_COUNT("camera", camera + 1), F_NONE);
}

static void
feed_gone(struct feed *f)
{
	enum track_kind of;
	size_t i;
	struct hub *h = feed_hub(f, &i, &of);
	struct camera *c = &h->camera[i];

	camera_pause(c, of, now());
	if (of == TRACK_SUB)
		return;
	if (c->state == REASON_RUNNING) /* it went without a word */
		camera_state(c, REASON_NO_PROCESS, now());
	state_log(i, c->state);
}

/* --- the uplink --- */

static void
uplink_is_up(struct uplink *u, const struct id *home)
{
	struct hub *h = u->owner;

	if (!id_eq(home, &h->home.home)) {
		log_event(EV_HUB_WRONG_HOME, F_NONE, F_NONE);
		uplink_close(u);
		return;
	}
	log_event(EV_HUB_CONNECTED, F_NONE, F_NONE);
	h->rest_ms = 1000;
	h->watched = false;
	for (size_t i = 0; i < HUB_CAMERAS_MAX; i++)
		if (h->slot[i].used)
			camera_cut(&h->camera[i], false, false, now());
	heads_send(h);
	hub_streams_refresh(h);
	rows_send(h);
	hub_spool_up(h);
}

static void
uplink_is_open(struct uplink *u, size_t n)
{
	struct hub *h = u->owner;
	const size_t camera = n / TRACK__MAX;

	if (n % TRACK__MAX == TRACK_MAIN && h->camera[camera].cut)
		camera_cut(&h->camera[camera], false, false, now());
	hub_way_open(h, n);
	if (n % TRACK__MAX == TRACK_MAIN)
		feed_start(&h->feed[2 * camera]);
	else if (n % TRACK__MAX == TRACK_SUB &&
		 h->slot[camera].source.sub[0] != '\0')
		feed_start(&h->feed[2 * camera + 1]);
}

/*
 * One that the household lists goes to the spool, and is asked for again: a
 * server that is full has room later, and one that lies shall not end it.
 */
static void
uplink_refuses(struct uplink *u, size_t n)
{
	struct hub *h = u->owner;

	hub_way_shut(h, n);
	/* else it is no camera of ours any more */
	if (h->slot[n / TRACK__MAX].used &&
	    is_listed(h, &h->camera[n / TRACK__MAX], n % TRACK__MAX))
		log_event(EV_HUB_STREAM_REFUSED, F_NONE, F_NONE);
	h->open_again_ms = loop_now_ms(h->loop) + OPEN_AGAIN_MS;
}

static void
uplink_is_down(struct uplink *u, enum err why)
{
	struct hub *h = u->owner;

	h->open_again_ms = 0;
	hub_spool_down(h);
	hub_ways_down(h);
	rows_lost(&h->rows);
	if (why == ERR_CRYPTO)
		log_event(EV_HUB_SERVER_KEY, F_NONE, F_NONE);
	else
		log_event(EV_HUB_SERVER_LOST,
		    F_ERR(why == ERR_OK ? ERR_CLOSED : why), F_NONE);
	if (h->step != STEP_UPLINK)
		return; /* the directory is being read; that step goes on */
	/* through the directory: it may be why we were sent away */
	h->step = STEP_HOME;
	hub_retry(h);
}

static void
uplink_asks_clock(struct uplink *u, json_int_t n, struct slice question)
{
	struct hub *h = u->owner;
	const uint64_t came_us = clock_realtime_us();
	AUTO_BUF struct buf reply;

	buf_init(&reply, 256);
	if (clock_reply(h->keys, &h->home.home, question, came_us,
		clock_realtime_us(), &reply) == ERR_OK)
		uplink_clock(u, n, buf_slice(&reply));
}

static void
uplink_past_is_open(struct uplink *u, uint32_t slot)
{
	hub_spool_opened(u->owner, slot);
}

static void
uplink_past_is_refused(struct uplink *u, const struct id *stream, bool for_good)
{
	hub_spool_refused(u->owner, stream, for_good);
}

/* Of its main stream: that is what the index tells. */
static void
uplink_records(struct uplink *u, const struct id *stream, bool on,
    uint64_t ago_ms)
{
	struct hub *h = u->owner;
	struct hub_now since = now();

	since.real_us -= ago_ms * 1000;
	for (size_t i = 0; i < HUB_CAMERAS_MAX; i++)
		if (h->slot[i].used &&
		    id_eq(stream, &h->slot[i].ids.stream[TRACK_MAIN]))
			camera_recorded(&h->camera[i], on, since);
}

static void
uplink_has_kept(struct uplink *u, bool kept)
{
	hub_spool_kept(u->owner, kept);
}

static void
uplink_commands(struct uplink *u, json_int_t n, struct slice sealed)
{
	hub_command(u->owner, n, sealed);
}

static void
uplink_tells(struct uplink *u)
{
	struct hub *h = u->owner;

	if (h->step == STEP_UPLINK)
		hub_step(h, STEP_HOME);
	else
		h->home_again = true;
}

static void
uplink_is_watched(struct uplink *u, bool on)
{
	struct hub *h = u->owner;

	h->watched = on;
	if (on)
		heads_send(h);
}

void
hub_uplink_step(struct hub *h)
{
	if (h->uplink.state == UPLINK_DOWN)
		hub_connect(h, true);
	else
		hub_streams_refresh(h);
}

static void
streams_open(struct hub *h)
{
	h->open_again_ms = 0;
	if (h->uplink.state != UPLINK_UP)
		return;
	for (size_t i = 0; i < HUB_CAMERAS_MAX; i++) {
		if (!h->slot[i].used)
			continue;
		struct camera *c = &h->camera[i];
		for (enum track_kind as = TRACK_MAIN; as < TRACK_INDEX; as++)
			if (is_listed(h, c, as))
				uplink_open(&h->uplink, track_number(i, as),
				    &c->ids->stream[as]);
			else
				track_end(&c->track[as], now());
	}
}

/* The directory may list other cameras than before, or name a new version. */
void
hub_streams_refresh(struct hub *h)
{
	hub_cameras_refresh(h);
	streams_open(h);
	if (h->uplink.state == UPLINK_UP)
		heads_send(h);
}

void
hub_feed_answered(struct hub *h, const struct channel_answer *a, int fd)
{
	const size_t camera = a->camera / 2;

	/* it was removed while its process was being started */
	if (a->camera >= HUB_FEEDS_MAX || !h->slot[camera].used) {
		if (fd != -1)
			(void)close(fd);
		return;
	}
	if (a->camera % 2 == 0)
		camera_state(&h->camera[camera], (enum reason)a->why, now());
	if (fd == -1)
		feed_refused(&h->feed[a->camera]);
	else
		feed_take(&h->feed[a->camera], fd);
}

static void
feed_make(struct hub *h, size_t feed)
{
	h->feed[feed] = (struct feed){ .owner = h,
		.ask = feed_asks,
		.unit = feed_unit,
		.gone = feed_gone };
	feed_init(&h->feed[feed], h->loop);
}

void
hub_feed_again(struct hub *h, size_t feed)
{
	const bool started = h->feed[feed].started;

	feed_fini(&h->feed[feed]);
	feed_make(h, feed);
	if (started)
		feed_start(&h->feed[feed]);
}

void
hub_camera_start(struct hub *h, size_t i)
{
	static const struct camera_ends ends = { track_record, track_backlog,
		camera_row };
	const struct hub_camera_ids *ids = &h->slot[i].ids;
	const struct index_before before = index_keep_get(&h->index_keep,
	    &ids->thing);

	camera_init(&h->camera[i], ids, h->keys, &h->home, &before, &ends);
	h->camera[i].owner = h;
	h->camera[i].cut = h->uplink.state != UPLINK_UP;
	feed_make(h, 2 * i);
	feed_make(h, 2 * i + 1);
	hub_camera_hear(h, i);
}

/* Whatever its process may send. */
void
hub_camera_hear(struct hub *h, size_t i)
{
	const bool off = h->slot[i].by_hand ? h->settings.camera[i].sound_off
					    : !h->slot[i].source.sound;

	track_hear(&h->camera[i].track[TRACK_MAIN], !off);
}

void
hub_camera_stop(struct hub *h, size_t i)
{
	camera_end(&h->camera[i], now());
	hub_ways_end(h, i);
	for (enum track_kind as = TRACK_MAIN; as < TRACK_INDEX; as++)
		uplink_shut(&h->uplink, track_number(i, as));
	feed_fini(&h->feed[2 * i]);
	feed_fini(&h->feed[2 * i + 1]);
	camera_fini(&h->camera[i]);
}

enum err
hub_streams_init(struct hub *h)
{
	if (rows_open(&h->rows, h->folder_fd, h->settings.uid_base) != ERR_OK)
		log_event(EV_HUB_DISK, F_NONE, F_NONE);
	hub_ways_init(h);
	index_keep_load(&h->index_keep, h->folder_fd);
	h->uplink = (struct uplink){ .owner = h,
		.up = uplink_is_up,
		.opened = uplink_is_open,
		.refused = uplink_refuses,
		.row = uplink_took_row,
		.clock = uplink_asks_clock,
		.command = uplink_commands,
		.past_opened = uplink_past_is_open,
		.past_refused = uplink_past_is_refused,
		.recording = uplink_records,
		.kept = uplink_has_kept,
		.told = uplink_tells,
		.watched = uplink_is_watched,
		.down = uplink_is_down };
	uplink_init(&h->uplink, h->loop, &h->server, h->keys);
	hub_spool_init(h);
	hub_cameras_init(h);
	hub_cameras_refresh(h);
	/* the server may be away for long; cameras are not */
	hub_ways_down(h);
	/* rises over restarts as long as the clock does */
	h->heads_counter = clock_realtime_us();
	return loop_timer_set(h->loop, &h->tick, TICK_MS, tick_due);
}

void
hub_streams_fini(struct hub *h)
{
	loop_timer_remove(&h->tick);
	/* a viewer shall see that the run ended, not that it was cut */
	for (size_t i = 0; i < HUB_CAMERAS_MAX; i++)
		if (h->slot[i].used)
			camera_end(&h->camera[i], now());
	uplink_fini(&h->uplink);
	hub_cameras_fini(h);
	hub_spool_fini(h);
	rows_fini(&h->rows);
}
