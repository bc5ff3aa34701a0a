/*
 * hub_spool.c - the spool, caught up: when the server is back, what it missed
 * is sent on slots of their own, oldest first, while live goes before it. A
 * little at a time: the server says that it lies on its disk before more is
 * sent. Then the file goes; and for nothing else that a server says. What it
 * does not take though the household lists it waits, and is passed over.
 *
 *   idle --a file--> opening --opened--> sending <--kept-- flushing
 *     sending --a piece, or all of it--> flushing --all kept--> idle
 *     opening, flushing --no answer--> the line is closed
 *     any --the line broke, it was refused or not kept--> idle
 */
#include "hub/hub.h"

#define STEP_MS      5
#define REST_MS      1000
#define REST_MS_MAX  30000
#define PIECE_OCTETS ((uint64_t)1 << 20)
/* Live waits behind no more than this. */
#define UNSENT_MAX        ((size_t)128 << 10)
#define UNSENT_FRAMES_MAX 64
/* A file at which the line breaks that often is passed over from then on. */
#define TRIES_MAX 50
/* A file that was not kept so often lets others go first, in this connection. */
#define AGAIN_MAX 4
/* So often in a row: what is sent is for nothing, and not sent for so long. */
#define AGAIN_REST_MS 300000

static_assert(UPLINK_STREAMS_MAX <= SPOOL_WRITERS_MAX,
    "each stream may be spooled");

static void step_due(struct loop_timer *t);

static void
step_after(struct hub *h, uint64_t ms)
{
	if (loop_timer_set(h->loop, &h->catching.timer, ms, step_due) != ERR_OK)
		loop_stop(h->loop);
}

/* A server that says nothing to it is left, else all that waits would wait. */
static void
answer_wait(struct hub *h)
{
	step_after(h, h->uplink.answer_ms);
}

/* Later, and later each time. */
static void
rest(struct hub *h)
{
	struct catching *c = &h->catching;

	step_after(h, c->rest_ms);
	c->rest_ms = 2 * c->rest_ms > REST_MS_MAX ? REST_MS_MAX
						  : 2 * c->rest_ms;
}

static struct spool_file *
file_leave(struct hub *h)
{
	struct catching *c = &h->catching;
	struct spool_file *f = c->file;

	spool_reader_close(&c->reader, f);
	c->state = CATCHING_IDLE;
	c->file = NULL;
	return f;
}

void
hub_spool_init(struct hub *h)
{
	h->catching = (struct catching){ .reader = { .fd = -1 } };
	if (spool_open(&h->spool, h->folder_fd, h->settings.spool_octets,
		h->settings.uid_base) != ERR_OK)
		log_event(EV_HUB_SPOOL, F_NONE, F_NONE);
}

void
hub_spool_fini(struct hub *h)
{
	loop_timer_remove(&h->catching.timer);
	(void)file_leave(h);
	spool_close(&h->spool);
}

/* Those passed over have their turn again. */
static void
files_anew(struct hub *h)
{
	h->catching.anew_ms = loop_now_ms(h->loop) + AGAIN_REST_MS;
	for (struct spool_file *f = h->spool.first; f != NULL; f = f->next)
		f->passed = f->tries > TRIES_MAX;
}

void
hub_spool_up(struct hub *h)
{
	h->catching.rest_ms = REST_MS;
	h->catching.again = 0;
	h->catching.waits_told = false;
	files_anew(h);
	for (struct spool_file *f = h->spool.first; f != NULL; f = f->next)
		f->unkept = 0;
	step_after(h, STEP_MS);
}

void
hub_spool_down(struct hub *h)
{
	struct spool_file *f = file_leave(h);

	loop_timer_remove(&h->catching.timer);
	if (f != NULL)
		f->tries++;
}

static void
file_begin(struct hub *h)
{
	struct catching *c = &h->catching;
	struct spool_file *f = spool_oldest(&h->spool);

	if (f == NULL) {
		if (c->busy && h->spool.first == NULL) {
			log_event(EV_HUB_CAUGHT_UP, F_NONE, F_NONE);
			c->busy = false;
			h->spool.lost = 0;
		}
		if (loop_now_ms(h->loop) >= c->anew_ms)
			files_anew(h);
		step_after(h, REST_MS);
		return;
	}
	if (spool_read(&h->spool, f, &c->reader) != ERR_OK) {
		spool_drop(&h->spool, f);
		step_after(h, STEP_MS);
		return;
	}
	c->busy = true;
	c->file = f;
	c->state = CATCHING_OPENING;
	answer_wait(h);
	uplink_past_open(&h->uplink, &c->reader.stream);
}

/* The header, then what is not known to be kept. */
static enum err
record_next(struct catching *c, struct slice *ret_record)
{
	enum err e;

	if (c->reader.headed &&
	    (e = spool_reader_skip(&c->reader, c->file->kept_at)) != ERR_OK)
		return e;
	return spool_reader_next(&c->reader, ret_record);
}

static void
flush(struct hub *h, bool ended)
{
	h->catching.ended = ended;
	h->catching.state = CATCHING_FLUSHING;
	answer_wait(h);
	uplink_past_flush(&h->uplink, h->catching.slot);
}

static void
records_send(struct hub *h)
{
	struct catching *c = &h->catching;
	struct slice record;

	while (uplink_backlog(&h->uplink) < UNSENT_MAX &&
	       uplink_frames(&h->uplink) < UNSENT_FRAMES_MAX) {
		if (record_next(c, &record) != ERR_OK) {
			flush(h, true);
			return;
		}
		if (uplink_past_record(&h->uplink, c->slot, record) != ERR_OK ||
		    c->state != CATCHING_SENDING)
			return; /* the line breaks */
		if (c->reader.at >= c->from + PIECE_OCTETS) {
			flush(h, false);
			return;
		}
	}
	step_after(h, STEP_MS);
}

static void
step_due(struct loop_timer *t)
{
	struct hub *h = OBJ_OF(t, struct hub, catching.timer);

	if (h->uplink.state != UPLINK_UP)
		return;
	if (h->catching.state == CATCHING_IDLE)
		file_begin(h);
	else if (h->catching.state == CATCHING_SENDING)
		records_send(h);
	else
		uplink_give_up(&h->uplink);
}

static void
sending_begin(struct hub *h)
{
	struct catching *c = &h->catching;

	c->state = CATCHING_SENDING;
	c->from = c->reader.at > c->file->kept_at ? c->reader.at
						  : c->file->kept_at;
	step_after(h, 0);
}

void
hub_spool_opened(struct hub *h, uint32_t slot)
{
	if (h->catching.state != CATCHING_OPENING)
		return;
	h->catching.slot = slot;
	sending_begin(h);
}

/* By the list that the household signed, not by what the server says. */
static bool
is_listed(const struct hub *h, const struct id *stream)
{
	for (size_t i = 0; i < HUB_CAMERAS_MAX; i++)
		for (enum track_kind as = TRACK_MAIN; as < TRACK_INDEX; as++)
			if (h->slot[i].used &&
			    id_eq(&h->slot[i].ids.stream[as], stream) &&
			    hub_home_lists_track(&h->home, h->keys,
				&h->slot[i].ids, as))
				return true;
	return false;
}

void
hub_spool_refused(struct hub *h, const struct id *stream, bool for_good)
{
	if (h->catching.state == CATCHING_IDLE ||
	    !id_eq(&h->catching.reader.stream, stream))
		return;
	struct spool_file *f = file_leave(h);
	if (!for_good) {
		if (!h->catching.waits_told)
			log_event(EV_HUB_SPOOL_WAITS, F_NONE, F_NONE);
		h->catching.waits_told = true;
		rest(h);
		return;
	}
	if (is_listed(h, &h->catching.reader.stream))
		f->passed = true; /* it was restored, or lies */
	else
		spool_drop(&h->spool, f); /* of a camera that was removed */
	step_after(h, STEP_MS);
}

/*
 * Its disk is full, or it began anew: all of it again. A server that says so
 * again and again shall not make a hub send for ever.
 */
static void
again(struct hub *h)
{
	struct catching *c = &h->catching;
	struct spool_file *f = file_leave(h);

	f->kept_at = 0;
	f->passed = ++f->unkept >= AGAIN_MAX;
	if (++c->again > AGAIN_MAX)
		step_after(h, AGAIN_REST_MS);
	else
		rest(h);
}

void
hub_spool_kept(struct hub *h, bool kept)
{
	struct catching *c = &h->catching;

	if (c->state != CATCHING_FLUSHING)
		return;
	if (!kept) {
		again(h);
		return;
	}
	c->file->kept_at = c->reader.at;
	c->file->tries = 0;
	if (!c->ended) {
		sending_begin(h);
		return;
	}
	c->rest_ms = REST_MS;
	c->again = 0;
	spool_drop(&h->spool, file_leave(h));
	step_after(h, STEP_MS);
}
