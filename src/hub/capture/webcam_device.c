#include "hub/capture/webcam_device.h"

#include <errno.h>
#include <linux/videodev2.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include "base/obj.h"
#include "base/utf8.h"
#include "hub/capture/capture.h"
#include "hub/device.h"
#include "hub/found.h"

/* Of each list that the device reads out: a hostile one never ends it. */
#define LIST_MAX       64
#define BUFFERS_WANTED 4
#define KEY_SECONDS    2

static const uint32_t requests[] = { VIDIOC_QUERYCAP, VIDIOC_ENUM_FMT,
	VIDIOC_ENUM_FRAMESIZES, VIDIOC_ENUM_FRAMEINTERVALS, VIDIOC_S_FMT,
	VIDIOC_S_PARM, VIDIOC_S_CTRL, VIDIOC_REQBUFS, VIDIOC_QUERYBUF,
	VIDIOC_QBUF, VIDIOC_DQBUF, VIDIOC_STREAMON, VIDIOC_STREAMOFF };

static const uint32_t questions[] = { VIDIOC_QUERYCAP };

const struct sandbox_device webcam_requests = { .fd = CAPTURE_CAMERA_FD,
	.fd_count = 1,
	.requests = requests,
	.count = COUNT(requests) };
const struct sandbox_device webcam_questions = { .fd = CAPTURE_CAMERA_FD,
	.fd_count = FOUND_DEVICES_MAX,
	.requests = questions,
	.count = COUNT(questions) };

static enum reason
ask(int fd, uint32_t request, void *what)
{
	int r;

	do {
		r = ioctl(fd, request, what);
	} while (r == -1 && errno == EINTR);
	return r == -1 ? device_reason(errno) : REASON_RUNNING;
}

/* --- what it offers --- */

struct offers {
	int fd;
	struct webcam_offer *at;
	size_t count;
};

static struct webcam_interval
interval_of(struct v4l2_fract f)
{
	return (struct webcam_interval){ f.numerator, f.denominator };
}

/* The best speed at that size; zeros when the device does not say. */
static struct webcam_interval
interval_find(int fd, const struct webcam_offer *o)
{
	struct webcam_interval best = { 0 };

	for (uint32_t i = 0; i < LIST_MAX; i++) {
		struct v4l2_frmivalenum v = { .index = i,
			.pixel_format = webcam_fourcc_of(o->form),
			.width = o->width,
			.height = o->height };
		if (ask(fd, VIDIOC_ENUM_FRAMEINTERVALS, &v) != REASON_RUNNING)
			break;
		if (v.type != V4L2_FRMIVAL_TYPE_DISCRETE)
			return webcam_interval_within(interval_of(
							  v.stepwise.min),
			    interval_of(v.stepwise.max));
		best = webcam_interval_better(best, interval_of(v.discrete));
	}
	return best;
}

static void
offer_add(struct offers *all, enum webcam_form form, uint32_t width,
    uint32_t height)
{
	struct webcam_offer o = { form, width, height, { 0 } };

	if (all->count == WEBCAM_OFFERS_MAX ||
	    !webcam_size_allowed(width, height))
		return;
	o.interval = interval_find(all->fd, &o);
	all->at[all->count++] = o;
}

/* A device that takes any size is asked for a few that people know. */
static void
range_add(struct offers *all, enum webcam_form form,
    const struct v4l2_frmsize_stepwise *s)
{
	static const uint32_t known[][2] = { { 1920, 1080 }, { 1280, 720 },
		{ 640, 480 } };

	for (size_t i = 0; i < COUNT(known); i++) {
		const uint32_t w = webcam_side_within(s->min_width,
		    s->max_width, s->step_width, known[i][0]);
		const uint32_t h = webcam_side_within(s->min_height,
		    s->max_height, s->step_height, known[i][1]);
		offer_add(all, form, w, h);
	}
}

static void
sizes_add(struct offers *all, enum webcam_form form, uint32_t fourcc)
{
	for (uint32_t i = 0; i < LIST_MAX; i++) {
		struct v4l2_frmsizeenum v = { .index = i,
			.pixel_format = fourcc };
		if (ask(all->fd, VIDIOC_ENUM_FRAMESIZES, &v) !=
		    REASON_RUNNING) {
			if (i == 0) /* an old driver: it says what it took */
				offer_add(all, form, 640, 480);
			return;
		}
		if (v.type != V4L2_FRMSIZE_TYPE_DISCRETE) {
			range_add(all, form, &v.stepwise);
			return;
		}
		offer_add(all, form, v.discrete.width, v.discrete.height);
	}
}

/* A video device may be a radio, an output, or what a camera measures. */
enum reason
webcam_name(int fd, char to[static WEBCAM_NAME_ROOM])
{
	struct v4l2_capability c = { 0 };
	const enum reason why = ask(fd, VIDIOC_QUERYCAP, &c);

	to[0] = '\0';
	if (why != REASON_RUNNING)
		return why;
	const size_t n = strnlen((const char *)c.card, sizeof c.card);
	(void)utf8_clean(slice_make(c.card, n), to, WEBCAM_NAME_ROOM);
	const uint32_t can = (c.capabilities & V4L2_CAP_DEVICE_CAPS) != 0
				 ? c.device_caps
				 : c.capabilities;
	if ((can & (V4L2_CAP_VIDEO_CAPTURE | V4L2_CAP_VIDEO_CAPTURE_MPLANE)) ==
	    0)
		return REASON_NOT_CAMERA;
	return (can & V4L2_CAP_VIDEO_CAPTURE) != 0 &&
		       (can & V4L2_CAP_STREAMING) != 0
		   ? REASON_RUNNING
		   : REASON_NO_FORMAT;
}

enum reason
webcam_offers(int fd, struct webcam_offer to[static WEBCAM_OFFERS_MAX],
    size_t *ret_count)
{
	struct offers all = { .fd = fd, .at = to };
	char name[WEBCAM_NAME_ROOM];
	enum webcam_form form;
	enum reason why;

	if ((why = webcam_name(fd, name)) != REASON_RUNNING)
		return why;
	for (uint32_t i = 0; i < LIST_MAX; i++) {
		struct v4l2_fmtdesc f = { .index = i,
			.type = V4L2_BUF_TYPE_VIDEO_CAPTURE };
		why = ask(fd, VIDIOC_ENUM_FMT, &f);
		if (why == REASON_UNPLUGGED)
			return why;
		if (why != REASON_RUNNING)
			break;
		if (webcam_form_of(f.pixelformat, &form) == ERR_OK)
			sizes_add(&all, form, f.pixelformat);
	}
	*ret_count = all.count;
	return REASON_RUNNING;
}

/* --- how it begins --- */

static bool
is_raw(enum webcam_form form)
{
	return form == WEBCAM_NV12 || form == WEBCAM_YUYV;
}

/* The device may take another size than was asked for: it is checked anew. */
static enum reason
format_set(struct webcam_device *d, const struct webcam_offer *want)
{
	struct v4l2_format f = { .type = V4L2_BUF_TYPE_VIDEO_CAPTURE };
	struct v4l2_pix_format *p = &f.fmt.pix;
	enum webcam_form form;
	size_t octets;

	p->width = want->width;
	p->height = want->height;
	p->pixelformat = webcam_fourcc_of(want->form);
	p->field = V4L2_FIELD_NONE;
	const enum reason why = ask(d->fd, VIDIOC_S_FMT, &f);
	if (why != REASON_RUNNING)
		return why;
	if (webcam_form_of(p->pixelformat, &form) != ERR_OK ||
	    form != want->form || !webcam_size_allowed(p->width, p->height))
		return REASON_SAID_NO;
	if (is_raw(form) && webcam_raw_octets(form, p->width, p->height,
				p->bytesperline, &octets) != ERR_OK)
		return REASON_LIMIT;
	d->choice = *want;
	d->choice.width = p->width;
	d->choice.height = p->height;
	d->line_octets = p->bytesperline;
	d->is_full_range = p->quantization == V4L2_QUANTIZATION_FULL_RANGE;
	return REASON_RUNNING;
}

static void
control_set(const struct webcam_device *d, uint32_t id, int32_t value)
{
	struct v4l2_control c = { .id = id, .value = value };

	(void)ask(d->fd, VIDIOC_S_CTRL, &c); /* not every camera has it */
}

/* Wishes: a device that does not grant them gives pictures all the same. */
static void
wishes_say(struct webcam_device *d)
{
	const struct webcam_interval i = d->choice.interval;
	const uint32_t milli = webcam_fps_milli(i);
	struct v4l2_streamparm s = { .type = V4L2_BUF_TYPE_VIDEO_CAPTURE };

	s.parm.capture.timeperframe = (struct v4l2_fract){ i.num, i.den };
	if (milli != 0)
		(void)ask(d->fd, VIDIOC_S_PARM, &s);
	if (d->choice.form != WEBCAM_H264)
		return;
	const uint32_t fps = milli == 0 || milli > 120000 ? 30 : milli / 1000;
	const int32_t group = (int32_t)(KEY_SECONDS * (fps == 0 ? 1 : fps));
	control_set(d, V4L2_CID_MPEG_VIDEO_H264_I_PERIOD, group);
	control_set(d, V4L2_CID_MPEG_VIDEO_GOP_SIZE, group);
	control_set(d, V4L2_CID_MPEG_VIDEO_REPEAT_SEQ_HEADER, 1);
}

static enum reason
buffer_map(struct webcam_device *d, uint32_t index, size_t octets_before)
{
	struct v4l2_buffer b = { .index = index,
		.type = V4L2_BUF_TYPE_VIDEO_CAPTURE,
		.memory = V4L2_MEMORY_MMAP };
	const enum reason why = ask(d->fd, VIDIOC_QUERYBUF, &b);

	if (why != REASON_RUNNING)
		return why;
	if (webcam_buffer_check(b.length, b.m.offset, octets_before) != ERR_OK)
		return REASON_LIMIT;
	void *at = mmap(NULL, b.length, PROT_READ | PROT_WRITE, MAP_SHARED,
	    d->fd, (off_t)b.m.offset);
	if (at == MAP_FAILED)
		return device_reason(errno);
	d->buffer[index].at = at;
	d->buffer[index].octets = b.length;
	d->buffer_count = index + 1;
	return ask(d->fd, VIDIOC_QBUF, &b);
}

static enum reason
buffers_map(struct webcam_device *d)
{
	struct v4l2_requestbuffers r = { .count = BUFFERS_WANTED,
		.type = V4L2_BUF_TYPE_VIDEO_CAPTURE,
		.memory = V4L2_MEMORY_MMAP };
	enum reason why = ask(d->fd, VIDIOC_REQBUFS, &r);
	size_t octets = 0;

	if (why != REASON_RUNNING)
		return why;
	if (r.count == 0 || r.count > WEBCAM_BUFFERS_MAX)
		return REASON_LIMIT;
	for (uint32_t i = 0; why == REASON_RUNNING && i < r.count; i++) {
		why = buffer_map(d, i, octets);
		octets += d->buffer[i].octets;
	}
	return why;
}

enum reason
webcam_begin(struct webcam_device *d, const struct webcam_offer *want)
{
	int type = V4L2_BUF_TYPE_VIDEO_CAPTURE;
	enum reason why;

	if ((why = format_set(d, want)) != REASON_RUNNING)
		return why;
	wishes_say(d);
	if ((why = buffers_map(d)) != REASON_RUNNING ||
	    (why = ask(d->fd, VIDIOC_STREAMON, &type)) != REASON_RUNNING)
		return why;
	d->streams = true;
	webcam_key_ask(d);
	return REASON_RUNNING;
}

void
webcam_end(struct webcam_device *d)
{
	struct v4l2_requestbuffers none = { .type = V4L2_BUF_TYPE_VIDEO_CAPTURE,
		.memory = V4L2_MEMORY_MMAP };
	int type = V4L2_BUF_TYPE_VIDEO_CAPTURE;

	if (d->streams)
		(void)ask(d->fd, VIDIOC_STREAMOFF, &type);
	for (size_t i = 0; i < d->buffer_count; i++)
		(void)munmap(d->buffer[i].at, d->buffer[i].octets);
	(void)ask(d->fd, VIDIOC_REQBUFS, &none);
	*d = (struct webcam_device){ .fd = d->fd };
}

void
webcam_key_ask(struct webcam_device *d)
{
	if (d->choice.form == WEBCAM_H264)
		control_set(d, V4L2_CID_MPEG_VIDEO_FORCE_KEY_FRAME, 1);
}

/* --- pictures --- */

/* ERR_AGAIN is REASON_SLOW here: there is none now. */
static enum reason
frame_take(struct webcam_device *d, struct webcam_frame *ret_frame)
{
	struct v4l2_buffer b = { .type = V4L2_BUF_TYPE_VIDEO_CAPTURE,
		.memory = V4L2_MEMORY_MMAP };
	int r;

	do {
		r = ioctl(d->fd, VIDIOC_DQBUF, &b);
	} while (r == -1 && errno == EINTR);
	if (r == -1)
		return errno == EAGAIN ? REASON_SLOW : device_reason(errno);
	if (b.index >= d->buffer_count)
		return REASON_LIMIT;
	const size_t room = d->buffer[b.index].octets;
	const bool is_sane = b.bytesused > 0 && b.bytesused <= room;
	*ret_frame = (struct webcam_frame){
		.octets = slice_make(d->buffer[b.index].at,
		    is_sane ? b.bytesused : 0),
		.index = b.index,
		.sequence = b.sequence,
		.stamp_us = (uint64_t)b.timestamp.tv_sec * 1000000 +
			    (uint64_t)b.timestamp.tv_usec,
		.is_monotonic = (b.flags & V4L2_BUF_FLAG_TIMESTAMP_MASK) ==
				V4L2_BUF_FLAG_TIMESTAMP_MONOTONIC,
		.is_broken = !is_sane || (b.flags & V4L2_BUF_FLAG_ERROR) != 0,
	};
	return REASON_RUNNING;
}

enum reason
webcam_take(struct webcam_device *d, int wait_ms,
    struct webcam_frame *ret_frame)
{
	struct pollfd p = { .fd = d->fd, .events = POLLIN };
	int n;

	do {
		n = poll(&p, 1, wait_ms);
	} while (n == -1 && errno == EINTR);
	if (n == -1)
		return device_reason(errno);
	if (n == 0)
		return REASON_SLOW;
	const enum reason why = frame_take(d, ret_frame);
	/* it is no use to wait for a device that has only an error to give */
	return why == REASON_SLOW && (p.revents & (POLLERR | POLLHUP)) != 0
		   ? REASON_UNPLUGGED
		   : why;
}

enum reason
webcam_give(struct webcam_device *d, const struct webcam_frame *frame)
{
	struct v4l2_buffer b = { .index = frame->index,
		.type = V4L2_BUF_TYPE_VIDEO_CAPTURE,
		.memory = V4L2_MEMORY_MMAP };

	return ask(d->fd, VIDIOC_QBUF, &b);
}
