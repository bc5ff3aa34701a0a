#include "hub/capture/webcam_pick.h"

#include <linux/videodev2.h>

#include "base/obj.h"

#define STEP_GUESS_US 33333
#define STEP_MAX_US   1000000
#define LOST_MAX      100000 /* more is a counter that began anew */

static const uint32_t fourccs[WEBCAM_FORM__MAX] = {
	[WEBCAM_H264] = V4L2_PIX_FMT_H264,
	[WEBCAM_MJPEG] = V4L2_PIX_FMT_MJPEG,
	[WEBCAM_NV12] = V4L2_PIX_FMT_NV12,
	[WEBCAM_YUYV] = V4L2_PIX_FMT_YUYV,
};

enum err
webcam_form_of(uint32_t fourcc, enum webcam_form *ret_form)
{
	/* two names for one thing */
	const uint32_t f = fourcc == V4L2_PIX_FMT_JPEG ? V4L2_PIX_FMT_MJPEG
						       : fourcc;

	for (size_t i = 0; i < COUNT(fourccs); i++)
		if (fourccs[i] == f) {
			*ret_form = (enum webcam_form)i;
			return ERR_OK;
		}
	return ERR_UNSUPPORTED;
}

uint32_t
webcam_fourcc_of(enum webcam_form form)
{
	return fourccs[form];
}

uint32_t
webcam_fps_milli(struct webcam_interval i)
{
	const uint64_t milli = i.num == 0 ? 0 : (uint64_t)i.den * 1000 / i.num;

	return milli > UINT32_MAX ? 0 : (uint32_t)milli;
}

/* Higher is better: the fastest that is not too fast, then the slowest. */
static uint64_t
fps_rank(struct webcam_interval i)
{
	const uint32_t milli = webcam_fps_milli(i);

	if (milli == 0)
		return 0;
	return milli <= WEBCAM_FPS_MILLI_MAX ? (uint64_t)UINT32_MAX + milli
					     : UINT32_MAX - milli;
}

struct webcam_interval
webcam_interval_better(struct webcam_interval a, struct webcam_interval b)
{
	return fps_rank(b) > fps_rank(a) ? b : a;
}

struct webcam_interval
webcam_interval_within(struct webcam_interval shortest,
    struct webcam_interval longest)
{
	const struct webcam_interval wish = { 1000, WEBCAM_FPS_MILLI_MAX };
	const uint32_t fast = webcam_fps_milli(shortest);
	const uint32_t slow = webcam_fps_milli(longest);

	if (fast >= WEBCAM_FPS_MILLI_MAX && slow <= WEBCAM_FPS_MILLI_MAX)
		return wish;
	return webcam_interval_better(shortest, longest);
}

uint32_t
webcam_side_within(uint32_t least, uint32_t most, uint32_t step, uint32_t want)
{
	const uint32_t top = most < want ? most : want;

	if (least > top)
		return 0;
	return step == 0 ? least : top - (top - least) % step;
}

bool
webcam_size_allowed(uint32_t width, uint32_t height)
{
	return width >= WEBCAM_TAKEN_SIDE_MIN &&
	       height >= WEBCAM_TAKEN_SIDE_MIN &&
	       width <= WEBCAM_TAKEN_SIDE_MAX &&
	       height <= WEBCAM_TAKEN_SIDE_MAX &&
	       width * height <= WEBCAM_TAKEN_PIXELS_MAX;
}

static bool
fits(uint32_t width, uint32_t height)
{
	return width <= WEBCAM_SIDE_MAX && height <= WEBCAM_SIDE_MAX &&
	       width * height <= WEBCAM_PIXELS_MAX;
}

/* Of two offers of one form: is a better? */
static bool
offer_better(const struct webcam_offer *a, const struct webcam_offer *b)
{
	const uint32_t fps_a = webcam_fps_milli(a->interval);
	const uint32_t fps_b = webcam_fps_milli(b->interval);
	/* who does not say how fast it is is not called slow */
	const bool slow_a = fps_a != 0 && fps_a < WEBCAM_FPS_MILLI_MIN;
	const bool slow_b = fps_b != 0 && fps_b < WEBCAM_FPS_MILLI_MIN;
	const uint32_t pixels_a = a->width * a->height;
	const uint32_t pixels_b = b->width * b->height;
	const bool small_a = a->form == WEBCAM_H264 ||
			     fits(a->width, a->height);
	const bool small_b = b->form == WEBCAM_H264 ||
			     fits(b->width, b->height);

	if (slow_a != slow_b)
		return slow_b;
	if (small_a != small_b)
		return small_a;
	if (pixels_a != pixels_b) /* what is scaled down: as little as can be */
		return (pixels_a > pixels_b) == small_a;
	return fps_rank(a->interval) > fps_rank(b->interval);
}

enum err
webcam_choose(const struct webcam_offer *offers, size_t count, unsigned without,
    struct webcam_offer *ret_choice)
{
	const struct webcam_offer *best = NULL;

	for (size_t i = 0; i < count; i++) {
		const struct webcam_offer *o = &offers[i];
		if ((without >> o->form & 1) != 0 ||
		    !webcam_size_allowed(o->width, o->height))
			continue;
		if (best == NULL || o->form < best->form ||
		    (o->form == best->form && offer_better(o, best)))
			best = o;
	}
	if (best == NULL)
		return ERR_UNSUPPORTED;
	*ret_choice = *best;
	return ERR_OK;
}

void
webcam_encoded_size(uint32_t width, uint32_t height, uint32_t *ret_width,
    uint32_t *ret_height)
{
	uint32_t w = width, h = height;

	if (!fits(w, h)) {
		/* as wide as allowed; then lower, if it is still too large */
		const uint32_t longer = w > h ? w : h;
		w = (uint32_t)((uint64_t)width * WEBCAM_SIDE_MAX / longer);
		h = (uint32_t)((uint64_t)height * WEBCAM_SIDE_MAX / longer);
		while (w * h > WEBCAM_PIXELS_MAX) {
			w = w * 15 / 16;
			h = h * 15 / 16;
		}
	}
	w &= ~1u;
	h &= ~1u;
	*ret_width = w < WEBCAM_TAKEN_SIDE_MIN ? WEBCAM_TAKEN_SIDE_MIN : w;
	*ret_height = h < WEBCAM_TAKEN_SIDE_MIN ? WEBCAM_TAKEN_SIDE_MIN : h;
}

enum err
webcam_raw_octets(enum webcam_form form, uint32_t width, uint32_t height,
    uint32_t line_octets, size_t *ret_octets)
{
	const uint64_t least = form == WEBCAM_YUYV ? 2 * ((width + 1) & ~1ull)
						   : (width + 1) & ~1ull;
	uint64_t lines = height;

	if (form == WEBCAM_NV12)
		lines += (height + 1) / 2;
	if (line_octets < least ||
	    line_octets * lines > WEBCAM_BUFFER_OCTETS_MAX)
		return ERR_LIMIT;
	*ret_octets = (size_t)(line_octets * lines);
	return ERR_OK;
}

enum err
webcam_buffer_check(uint64_t octets, uint64_t offset, size_t octets_before)
{
	if (octets == 0 || octets > WEBCAM_BUFFER_OCTETS_MAX ||
	    octets_before + octets > WEBCAM_BUFFERS_OCTETS_MAX ||
	    offset > UINT32_MAX)
		return ERR_LIMIT;
	return ERR_OK;
}

uint64_t
webcam_time_us(const struct webcam_clocks *c, uint64_t stamp_us,
    bool is_monotonic)
{
	uint64_t us = c->real_us;

	if (is_monotonic && stamp_us <= c->monotonic_us &&
	    c->monotonic_us - stamp_us <= WEBCAM_LATE_US_MAX)
		us -= c->monotonic_us - stamp_us;
	return us < c->last_us && c->last_us <= c->real_us ? c->last_us : us;
}

uint32_t
webcam_lost(uint32_t before, uint32_t now)
{
	const uint32_t apart = now - before;

	return apart == 0 || apart > LOST_MAX ? 0 : apart - 1;
}

uint64_t
webcam_step_us(uint64_t before_us, uint64_t now_us)
{
	if (now_us <= before_us)
		return STEP_GUESS_US;
	return now_us - before_us > STEP_MAX_US ? STEP_MAX_US
						: now_us - before_us;
}
