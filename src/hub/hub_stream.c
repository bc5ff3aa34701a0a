/*
 * hub_stream.c - cameras on one side, the uplink on the other, and heads.
 */
#include "hub/clock_reply.h"
#include "hub/hub.h"
#include "os/clock.h"

#define TICK_MS          200
#define HEADS_WATCHED_MS 10000
#define HEADS_QUIET_MS   600000
#define HEADS_LEAST_MS   1000

static struct camera_now
now(void)
{
	return (struct camera_now){ clock_realtime_us(), clock_boottime_us() };
}

/* --- heads --- */

static void
heads_send(struct hub *h)
{
	static struct heads heads; /* large; made anew each time */
	AUTO_BUF struct buf sealed;

	heads = (struct heads){ .home = h->home.home,
		.hub = h->keys->hub,
		.counter = ++h->heads_counter,
		.time_us = clock_realtime_us(),
		.epoch = h->home.epoch,
		.directory_version = h->home.directory.version };
	memcpy(heads.directory_hash, h->home.directory.hash, SHA256_OCTETS);
	for (size_t i = 0; i < h->settings.camera_count; i++) {
		h->said_state[i] = (uint8_t)h->camera[i].state;
		if (hub_home_lists_camera(&h->home, h->keys, i))
			camera_head(&h->camera[i], &heads.head[heads.count++]);
	}
	buf_init(&sealed, HEADS_OCTETS_MAX);
	if (heads_seal(&heads, &h->keys->sign, &h->home.people_key, &sealed) ==
	    ERR_OK)
		uplink_heads(&h->uplink, buf_slice(&sealed));
	h->heads_sent_ms = loop_now_ms(h->loop);
}

/* Whether a camera's state is another than the one that was said. */
static bool
states_changed(const struct hub *h)
{
	for (size_t i = 0; i < h->settings.camera_count; i++)
		if (h->said_state[i] != (uint8_t)h->camera[i].state)
			return true;
	return false;
}

static void
heads_look(struct hub *h)
{
	const uint64_t age = loop_now_ms(h->loop) - h->heads_sent_ms;

	if (h->uplink.state != UPLINK_UP || age < HEADS_LEAST_MS)
		return;
	if (age >= (h->watched ? HEADS_WATCHED_MS : HEADS_QUIET_MS) ||
	    states_changed(h))
		heads_send(h);
}

static void
tick_due(struct loop_timer *t)
{
	struct hub *h = OBJ_OF(t, struct hub, tick);

	for (size_t i = 0; i < h->settings.camera_count; i++)
		camera_tick(&h->camera[i], now());
	heads_look(h);
	if (loop_timer_set(h->loop, t, TICK_MS, tick_due) != ERR_OK)
		loop_stop(h->loop);
}

/* --- cameras --- */

static void
camera_record(void *to, uint64_t index, uint8_t flags, struct slice record)
{
	struct camera *c = to;
	struct hub *h = OBJ_OF(c - c->index, struct hub, camera);

	(void)index;
	(void)flags;
	/* a record that cannot go leaves a gap; the link is not worth keeping */
	if (uplink_record(&h->uplink, c->index, record) == ERR_LIMIT)
		uplink_close(&h->uplink);
}

static size_t
camera_backlog(void *to)
{
	struct camera *c = to;
	const struct hub *h = OBJ_OF(c - c->index, struct hub, camera);

	return uplink_backlog(&h->uplink);
}

static struct hub *
feed_hub(struct feed *f, size_t *ret_index)
{
	struct hub *h = f->owner;

	*ret_index = (size_t)(f - h->feed);
	return h;
}

static void
feed_asks(struct feed *f)
{
	size_t i;
	struct hub *h = feed_hub(f, &i);
	const struct channel_request r = { .ask = CHANNEL_CAMERA,
		.camera = (uint8_t)i };

	if (channel_ask(h->channel.fd, &r) != ERR_OK)
		loop_stop(h->loop);
}

static enum err
feed_unit(struct feed *f, const struct unit *u)
{
	size_t i;
	struct hub *h = feed_hub(f, &i);
	const enum err e = camera_unit(&h->camera[i], u, now());

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
	size_t i;
	struct hub *h = feed_hub(f, &i);
	struct camera *c = &h->camera[i];

	camera_end(c, now());
	if (c->state == REASON_RUNNING) /* it went without a word */
		c->state = REASON_NO_PROCESS;
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
	heads_send(h);
	hub_streams_refresh(h);
}

static void
uplink_is_open(struct uplink *u, size_t camera)
{
	struct hub *h = u->owner;

	camera_open(&h->camera[camera]);
	feed_start(&h->feed[camera]);
}

static void
uplink_is_down(struct uplink *u, enum err why)
{
	struct hub *h = u->owner;

	for (size_t i = 0; i < h->settings.camera_count; i++)
		camera_close(&h->camera[i]);
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

/* The directory may list other cameras than before, or name a new version. */
void
hub_streams_refresh(struct hub *h)
{
	if (h->uplink.state != UPLINK_UP)
		return;
	for (size_t i = 0; i < h->settings.camera_count; i++) {
		if (hub_home_lists_camera(&h->home, h->keys, i))
			uplink_open(&h->uplink, i);
		else
			camera_end(&h->camera[i], now());
	}
	heads_send(h);
}

enum err
hub_streams_init(struct hub *h)
{
	for (size_t i = 0; i < h->settings.camera_count; i++) {
		const struct run_sink sink = { camera_record, &h->camera[i] };
		struct feed *f = &h->feed[i];
		camera_init(&h->camera[i], i, h->keys, &h->home, sink,
		    camera_backlog);
		*f = (struct feed){ .owner = h,
			.ask = feed_asks,
			.unit = feed_unit,
			.gone = feed_gone };
		feed_init(f, h->loop);
	}
	h->uplink = (struct uplink){ .owner = h,
		.up = uplink_is_up,
		.opened = uplink_is_open,
		.clock = uplink_asks_clock,
		.told = uplink_tells,
		.watched = uplink_is_watched,
		.down = uplink_is_down };
	uplink_init(&h->uplink, h->loop, &h->server, h->keys);
	/* rises over restarts as long as the clock does */
	h->heads_counter = clock_realtime_us();
	return loop_timer_set(h->loop, &h->tick, TICK_MS, tick_due);
}

void
hub_streams_fini(struct hub *h)
{
	loop_timer_remove(&h->tick);
	/* a viewer shall see that the run ended, not that it was cut */
	for (size_t i = 0; i < h->settings.camera_count; i++)
		camera_end(&h->camera[i], now());
	uplink_fini(&h->uplink);
	for (size_t i = 0; i < h->settings.camera_count; i++) {
		feed_fini(&h->feed[i]);
		camera_fini(&h->camera[i]);
	}
}
