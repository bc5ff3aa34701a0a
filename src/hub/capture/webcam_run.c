#include "hub/capture/webcam_run.h"

#include <time.h>

#include "hub/capture/pace.h"
#include "hub/capture/thumb.h"
#include "hub/capture/webcam_device.h"
#include "hub/capture/webcam_h264.h"
#include "hub/capture/webcam_picture.h"
#include "os/clock.h"

struct run {
	struct webcam_device device;
	int out_fd;
	struct webcam_h264 h264;
	struct webcam_picture *picture; /* NULL: H.264 */
	uint64_t good_ms;               /* when a picture was passed on */
	uint64_t last_us;
	uint32_t sequence;
	bool counts;   /* sequence is that of a picture before */
	bool said;     /* that it runs */
	bool was_good; /* in the format that is tried now */
};

static uint64_t
monotonic_us(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

/* Its pictures before this one that nobody will see. */
static void
losses_count(struct run *r, const struct webcam_frame *f)
{
	const bool lost = f->is_broken || (r->counts && webcam_lost(r->sequence,
							    f->sequence) > 0);

	r->sequence = f->sequence;
	r->counts = true;
	if (!lost || r->picture != NULL)
		return;
	if (r->h264.goes_on)
		webcam_key_ask(&r->device);
	webcam_h264_lost(&r->h264);
}

static uint64_t
time_of(struct run *r, const struct webcam_frame *f)
{
	const struct webcam_clocks c = { monotonic_us(), pace_now_us(),
		r->last_us };

	r->last_us = webcam_time_us(&c, f->stamp_us, f->is_monotonic);
	return r->last_us;
}

static enum err
running_say(struct run *r)
{
	if (r->said)
		return ERR_OK;
	r->said = true;
	return unit_write_status(r->out_fd, pace_now_us(), REASON_RUNNING, 0);
}

static enum err
h264_pass(struct run *r, const struct webcam_frame *f)
{
	struct slice octets;
	bool key;
	enum err e = webcam_h264_unit(&r->h264, f->octets, &octets, &key);

	if (e != ERR_OK)
		return ERR_SYNTAX;
	const struct unit u = { .kind = UNIT_H264,
		.flags = (uint8_t)(UNIT_OWN_TIME | (key ? UNIT_KEY : 0)),
		.time_us = time_of(r, f),
		.octets = octets };
	return picture_write(r->out_fd, &u);
}

/* RUNNING: whatever became of this picture, there may be another. */
static enum reason
frame_pass(struct run *r, const struct webcam_frame *f)
{
	enum err e = ERR_SYNTAX;

	losses_count(r, f);
	if (f->is_broken)
		return REASON_RUNNING;
	if (r->picture == NULL)
		e = h264_pass(r, f);
	else
		e = webcam_picture_write(r->picture, f->octets, time_of(r, f),
		    r->out_fd);
	switch (e) {
	case ERR_OK:
		r->good_ms = clock_monotonic_ms();
		r->was_good = true;
		return running_say(r) == ERR_OK ? REASON_RUNNING
						: REASON_CLOSED;
	case ERR_SYNTAX:
	case ERR_LIMIT:
		return REASON_RUNNING;
	case ERR_NOMEM:
		return REASON_LIMIT;
	default:
		return REASON_CLOSED;
	}
}

/*
 * Who encodes too slowly takes the newest picture: those before it go back
 * unseen, so that live stays live.
 */
static enum reason
frame_newest(struct run *r, struct webcam_frame *f)
{
	struct webcam_frame next;

	for (size_t i = 0; i < r->device.buffer_count; i++) {
		/* what else it says, it says again */
		if (webcam_take(&r->device, 0, &next) != REASON_RUNNING)
			return REASON_RUNNING;
		const enum reason why = webcam_give(&r->device, f);
		if (why != REASON_RUNNING)
			return why;
		*f = next;
	}
	return REASON_RUNNING;
}

static enum reason
frames_run(struct run *r)
{
	struct webcam_frame f;
	enum reason why;

	r->good_ms = clock_monotonic_ms();
	do {
		why = webcam_take(&r->device, WEBCAM_SILENT_MS, &f);
		if (why == REASON_RUNNING && r->picture != NULL)
			why = frame_newest(r, &f);
		if (why == REASON_RUNNING)
			why = frame_pass(r, &f);
		if (why == REASON_RUNNING)
			why = webcam_give(&r->device, &f);
		if (why == REASON_RUNNING &&
		    clock_monotonic_ms() - r->good_ms > WEBCAM_SILENT_MS)
			why = REASON_SLOW;
	} while (why == REASON_RUNNING);
	return why;
}

/* In one of its formats, until that ends. */
static enum reason
form_run(struct run *r, const struct webcam_offer *choice)
{
	enum reason why;

	r->counts = r->was_good = false;
	if ((why = webcam_begin(&r->device, choice)) == REASON_RUNNING) {
		const struct webcam_plain plain = { r->device.line_octets,
			r->device.is_full_range };
		if (choice->form != WEBCAM_H264 &&
		    webcam_picture_new(&r->device.choice, &plain,
			&r->picture) != ERR_OK)
			why = REASON_LIMIT;
	}
	if (why == REASON_RUNNING)
		why = frames_run(r);
	webcam_picture_free(r->picture);
	r->picture = NULL;
	webcam_end(&r->device);
	return why;
}

/* What another format of the same device may do better. */
static bool
is_of_the_form(const struct run *r, enum reason why)
{
	return !r->was_good && (why == REASON_SAID_NO || why == REASON_SLOW ||
				   why == REASON_LIMIT);
}

enum reason
webcam_run(int device_fd, int out_fd)
{
	struct run r = { .device = { .fd = device_fd }, .out_fd = out_fd };
	struct webcam_offer offers[WEBCAM_OFFERS_MAX], choice;
	size_t count;
	unsigned without = 0;
	enum reason why = webcam_offers(device_fd, offers, &count);

	if (why != REASON_RUNNING)
		return why;
	webcam_h264_init(&r.h264);
	why = REASON_NO_FORMAT;
	while (webcam_choose(offers, count, without, &choice) == ERR_OK) {
		why = form_run(&r, &choice);
		if (!is_of_the_form(&r, why))
			break;
		without |= 1u << choice.form;
	}
	webcam_h264_fini(&r.h264);
	return why;
}
