/*
 * hub_way.c - where a stream's records go: to the server, or, while it is
 * away, to the spool. A run goes on there, with what was on the line when it
 * broke, so that no picture is missing; the next key frame after the return
 * begins a run that is live.
 *
 *   sent --the line broke--> spooled --open again--> leaving --header--> sent
 */
#include "hub/hub.h"
#include "os/clock.h"

#define SPOOL_AGAIN_MS 60000

static struct hub_now
now(void)
{
	return (struct hub_now){ clock_realtime_us(), clock_boottime_us() };
}

static size_t
way_number(size_t camera, enum track_kind as)
{
	return camera * TRACK__MAX + as;
}

static struct track *
way_track(struct hub *h, size_t n)
{
	return &h->camera[n / TRACK__MAX].track[n % TRACK__MAX];
}

static bool
is_used(const struct hub *h, size_t n)
{
	const size_t as = n % TRACK__MAX;

	return h->slot[n / TRACK__MAX].used && as >= TRACK_MAIN &&
	       as < TRACK_INDEX;
}

static bool
is_listed(const struct hub *h, size_t n)
{
	return hub_home_lists_track(&h->home, h->keys,
	    &h->slot[n / TRACK__MAX].ids, n % TRACK__MAX);
}

static void
way_reset(struct hub *h, size_t n)
{
	struct hub_way *w = &h->way[n];

	spool_end(&h->spool, n);
	tail_clear(&w->tail);
	w->spooling = w->leaving = false;
}

/*
 * What the spool does not take is missing, and no run may say that it is
 * there: they end, and it is tried again after a while.
 */
static void
spool_failed(struct hub *h)
{
	if (h->spool_fails)
		return;
	log_event(EV_HUB_SPOOL, F_NONE, F_NONE);
	h->spool_fails = true;
	h->spool_again_ms = loop_now_ms(h->loop) + SPOOL_AGAIN_MS;
	for (size_t n = 0; n < UPLINK_STREAMS_MAX; n++)
		if (is_used(h, n) && h->way[n].spooling) {
			track_close(way_track(h, n));
			spool_end(&h->spool, n);
		}
}

static void
way_spool(struct hub *h, size_t n, uint8_t flags, struct slice record)
{
	const uint64_t lost = h->spool.lost;
	const enum err e = spool_record(&h->spool, n, way_track(h, n)->stream,
	    flags, record);

	if (lost == 0 && h->spool.lost != 0)
		log_event(EV_HUB_SPOOL_FULL, F_NONE, F_NONE);
	if (e == ERR_OK)
		return;
	if (e == ERR_MISSING) /* it joins with the next run */
		way_track(h, n)->renew = true;
	else
		spool_failed(h);
}

void
hub_way_record(struct hub *h, size_t n, uint8_t flags, struct slice record)
{
	struct hub_way *w = &h->way[n];

	if (w->leaving && flags == RUN_HEADER)
		way_reset(h, n);
	if (w->spooling) {
		way_spool(h, n, flags, record);
		return;
	}
	if (spool_is_on(&h->spool))
		tail_add(&w->tail, flags, record, loop_now_ms(h->loop));
	/* a record that cannot go leaves a gap; the link is not worth keeping */
	if (uplink_record(&h->uplink, n, record) == ERR_LIMIT)
		uplink_close(&h->uplink);
}

struct tail_of {
	struct hub *h;
	size_t n;
};

static void
tail_spool(void *ctx, uint8_t flags, struct slice record)
{
	const struct tail_of *of = ctx;

	if (!of->h->spool_fails)
		way_spool(of->h, of->n, flags, record);
}

static void
way_down(struct hub *h, size_t n)
{
	struct hub_way *w = &h->way[n];
	struct tail_of of = { h, n };

	w->leaving = false;
	if (!spool_is_on(&h->spool) || !is_listed(h, n)) {
		way_reset(h, n);
		track_close(way_track(h, n));
		return;
	}
	if (w->spooling)
		return;
	w->spooling = true;
	tail_take(&w->tail, loop_now_ms(h->loop), tail_spool, &of);
	if (!way_track(h, n)->open && !h->spool_fails)
		track_open(way_track(h, n));
}

/* Those of which something is spooled. */
static void
feeds_start(struct hub *h, size_t i)
{
	if (h->way[way_number(i, TRACK_MAIN)].spooling)
		feed_start(&h->feed[2 * i]);
	if (h->way[way_number(i, TRACK_SUB)].spooling &&
	    h->slot[i].source.sub[0] != '\0')
		feed_start(&h->feed[2 * i + 1]);
}

static void
camera_down(struct hub *h, size_t i)
{
	camera_cut(&h->camera[i], true,
	    h->way[way_number(i, TRACK_MAIN)].spooling, now());
	feeds_start(h, i);
}

void
hub_ways_down(struct hub *h)
{
	h->spool_fails = false;
	for (size_t n = 0; n < UPLINK_STREAMS_MAX; n++)
		if (is_used(h, n))
			way_down(h, n);
	for (size_t i = 0; i < HUB_CAMERAS_MAX; i++)
		if (h->slot[i].used)
			camera_down(h, i);
}

void
hub_way_shut(struct hub *h, size_t n)
{
	if (!is_used(h, n))
		return;
	way_down(h, n);
	/* one that was added on this line was not started yet */
	feeds_start(h, n / TRACK__MAX);
	if (n % TRACK__MAX == TRACK_MAIN) /* of this one the index tells */
		camera_cut(&h->camera[n / TRACK__MAX], true, h->way[n].spooling,
		    now());
}

/* The server takes it again. */
void
hub_way_open(struct hub *h, size_t n)
{
	struct hub_way *w = &h->way[n];
	struct track *t = way_track(h, n);

	if (w->spooling && t->open && t->run != NULL) {
		w->leaving = t->renew = true;
		return;
	}
	way_reset(h, n);
	track_open(t);
}

void
hub_ways_tick(struct hub *h)
{
	const bool again = h->spool_fails &&
			   loop_now_ms(h->loop) >= h->spool_again_ms;

	if (again)
		h->spool_fails = false;
	for (size_t n = 0; n < UPLINK_STREAMS_MAX; n++) {
		if (!is_used(h, n) || way_track(h, n)->open)
			continue;
		if (h->way[n].leaving) /* its spool failed on the way */
			hub_way_open(h, n);
		else if (again && h->way[n].spooling)
			track_open(way_track(h, n));
	}
	spool_sync(&h->spool);
}

void
hub_ways_init(struct hub *h)
{
	for (size_t n = 0; n < UPLINK_STREAMS_MAX; n++)
		tail_init(&h->way[n].tail);
}

void
hub_ways_end(struct hub *h, size_t camera)
{
	for (enum track_kind as = TRACK_MAIN; as < TRACK_INDEX; as++)
		way_reset(h, way_number(camera, as));
}

void
hub_ways_forget(struct hub *h)
{
	hub_spool_down(h);
	for (size_t n = 0; n < UPLINK_STREAMS_MAX; n++) {
		if (is_used(h, n))
			track_close(way_track(h, n));
		way_reset(h, n);
	}
	spool_clear(&h->spool);
	rows_clear(&h->rows);
}
