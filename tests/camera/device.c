/*
 * device.c - a video device that is not there, for tests: preloaded into
 * eaves-capture, or linked into it (usb/), it answers ioctl() and poll() for
 * the descriptor of a camera in a USB port, which is a plain file; mmap() of it is the kernel's own. It
 * makes no system call that the capture process may not make.
 *
 * A stand-in, because the machines that test have no video device and no
 * module for one. So what it answers is what linux/videodev2.h and our reading
 * of the kernel's manual say, not what a driver does; that the kernel takes
 * the requests of webcam_device.c is not shown by it.
 *
 * Its words, in the environment's DEVICE, else behind the memory in its file
 * (WORDS_AT, first of all "device"), apart by spaces. Of the devices whose
 * names alone are asked for, on descriptors behind it, the latter.
 *   FRAMES     a file: for each picture u32 length (big-endian) and octets
 *   mjpeg, yuyv, nv12, h264, grey   it offers them, in that order
 *   size=WxH   their one size; else 640x480
 *   name=WORD  what it calls itself
 *   stop=N     unplugged after N pictures; else they come again and again
 *   busy, radio, mplane, huge, liar, endless, silent, ranges, olddriver,
 *   broken, sparse, chaos=SEED: how it misbehaves, below
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/videodev2.h>
#include <poll.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define DEVICE_FD   5
#define BUFFERS     4
#define FORMS_MAX   8
#define STEP_US     20000
#define BUFFER_SIZE (2u << 20)
#define DEVICES_MAX 16
#define WORDS_AT    ((off_t)BUFFERS * BUFFER_SIZE)

static struct {
	uint32_t form[FORMS_MAX];
	unsigned forms;
	uint32_t width, height, taken;
	const uint8_t *frames;
	size_t octets, at;
	bool on, busy, radio, mplane, huge, liar, endless, silent, ranges;
	bool old, broken, sparse;
	unsigned stop, given;
	uint64_t chaos, due_us;
	bool queued[BUFFERS];
	uint8_t *memory[BUFFERS];
	char name[32];
} device;

/* What is told of those that are asked for their names alone. */
static struct v4l2_capability others[DEVICES_MAX];

static uint64_t
now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

static uint64_t
chance(void)
{
	uint64_t x = device.chaos;

	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	return device.chaos = x;
}

/* --- its words --- */

static void
frames_open(const char *path)
{
	const int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;

	if (fd == -1 || fstat(fd, &st) == -1)
		exit(97);
	device.octets = (size_t)st.st_size;
	device.frames = mmap(NULL, device.octets, PROT_READ, MAP_PRIVATE, fd,
	    0);
	if (device.frames == MAP_FAILED)
		exit(97);
	close(fd);
}

static bool
form_word(const char *word)
{
	static const struct {
		const char *word;
		uint32_t fourcc;
	} known[] = { { "mjpeg", V4L2_PIX_FMT_MJPEG },
		{ "yuyv", V4L2_PIX_FMT_YUYV }, { "nv12", V4L2_PIX_FMT_NV12 },
		{ "h264", V4L2_PIX_FMT_H264 }, { "grey", V4L2_PIX_FMT_GREY } };

	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (strcmp(word, known[i].word) == 0) {
			device.form[device.forms++] = known[i].fourcc;
			return true;
		}
	return false;
}

static bool
flag_word(const char *word)
{
	const struct {
		const char *word;
		bool *flag;
	} known[] = { { "busy", &device.busy }, { "radio", &device.radio },
		{ "mplane", &device.mplane }, { "huge", &device.huge },
		{ "liar", &device.liar }, { "endless", &device.endless },
		{ "silent", &device.silent }, { "ranges", &device.ranges },
		{ "olddriver", &device.old }, { "broken", &device.broken },
		{ "sparse", &device.sparse } };

	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (strcmp(word, known[i].word) == 0)
			return *known[i].flag = true;
	return false;
}

static void
words_take(const char *words)
{
	char copy[1024], *rest, *word;

	memset(&device, 0, sizeof device);
	device.width = 640;
	device.height = 480;
	snprintf(copy, sizeof copy, "%s", words);
	for (word = strtok_r(copy, " ", &rest); word != NULL;
	     word = strtok_r(NULL, " ", &rest)) {
		if (word[0] == '/')
			frames_open(word);
		else if (sscanf(word, "size=%ux%u", &device.width,
			     &device.height) != 2 &&
			 sscanf(word, "stop=%u", &device.stop) != 1 &&
			 sscanf(word, "name=%31s", device.name) != 1 &&
			 sscanf(word, "chaos=%lu", &device.chaos) != 1 &&
			 !form_word(word) && !flag_word(word))
			exit(98);
	}
	device.on = true;
}

static bool
words_read(int fd, char to[static 1024])
{
	const ssize_t n = pread(fd, to, 1023, WORDS_AT);

	to[n > 0 ? n : 0] = '\0';
	return strncmp(to, "device ", 7) == 0;
}

static int capability(struct v4l2_capability *c);

__attribute__((constructor)) static void
device_make(void)
{
	const char *said = getenv("DEVICE");
	char words[1024];

	/* from the last one on: the first is left, to give pictures */
	for (int i = DEVICES_MAX - 1; i >= 0; i--)
		if (words_read(DEVICE_FD + i, words)) {
			words_take(words + 7);
			(void)capability(&others[i]);
		} else if (i == 0)
			memset(&device, 0, sizeof device);
	if (said != NULL)
		words_take(said);
}

/* --- its answers --- */

static int
no(int error)
{
	errno = error;
	return -1;
}

static int
capability(struct v4l2_capability *c)
{
	snprintf((char *)c->card, sizeof c->card, "%s", device.name);
	c->device_caps = V4L2_CAP_STREAMING;
	c->device_caps |= device.radio    ? V4L2_CAP_RADIO
			  : device.mplane ? V4L2_CAP_VIDEO_CAPTURE_MPLANE
					  : V4L2_CAP_VIDEO_CAPTURE;
	/* as a camera with two nodes: together they can more */
	c->capabilities = c->device_caps | V4L2_CAP_VIDEO_CAPTURE |
			  V4L2_CAP_DEVICE_CAPS;
	return 0;
}

static int
format_enum(struct v4l2_fmtdesc *f)
{
	if (f->index >= device.forms && !device.endless)
		return no(EINVAL);
	f->pixelformat = device.form[f->index % device.forms];
	return 0;
}

static int
size_enum(struct v4l2_frmsizeenum *v)
{
	if (device.old)
		return no(ENOTTY);
	if (device.ranges) {
		v->type = V4L2_FRMSIZE_TYPE_STEPWISE;
		v->stepwise = (struct v4l2_frmsize_stepwise){ 16, UINT32_MAX, 2,
			16, UINT32_MAX, 2 };
		return 0;
	}
	if (v->index > 0 && !device.endless)
		return no(EINVAL);
	v->type = V4L2_FRMSIZE_TYPE_DISCRETE;
	v->discrete.width = device.width;
	v->discrete.height = device.height;
	return 0;
}

static int
interval_enum(struct v4l2_frmivalenum *v)
{
	if (device.old || (v->index > 0 && !device.endless))
		return no(EINVAL);
	v->type = V4L2_FRMIVAL_TYPE_DISCRETE;
	v->discrete = (struct v4l2_fract){ 1, 30 };
	return 0;
}

static int
format_set(struct v4l2_format *f)
{
	struct v4l2_pix_format *p = &f->fmt.pix;

	if (device.busy)
		return no(EBUSY);
	p->width = device.width;
	p->height = device.height;
	p->bytesperline = p->pixelformat == V4L2_PIX_FMT_YUYV   ? 2 * p->width
			  : p->pixelformat == V4L2_PIX_FMT_NV12 ? p->width
								: 0;
	if (device.liar) {
		p->width = UINT32_C(1) << 31;
		p->bytesperline = 1;
	}
	device.taken = p->pixelformat;
	return 0;
}

static int
buffers_want(struct v4l2_requestbuffers *r)
{
	memset(device.queued, 0, sizeof device.queued);
	if (r->count == 0)
		return 0;
	r->count = device.endless ? UINT32_MAX : BUFFERS;
	return 0;
}

static int
buffer_tell(struct v4l2_buffer *b)
{
	if (b->index >= BUFFERS)
		return no(EINVAL);
	b->length = device.huge ? UINT32_C(1) << 31 : BUFFER_SIZE;
	b->m.offset = b->index * BUFFER_SIZE;
	if (device.memory[b->index] == NULL)
		device.memory[b->index] = mmap(NULL, BUFFER_SIZE,
		    PROT_READ | PROT_WRITE, MAP_SHARED, DEVICE_FD,
		    (off_t)b->m.offset);
	return device.memory[b->index] == MAP_FAILED ? no(ENOMEM) : 0;
}

/* The next picture of the file into that memory, if any; its octets. */
static uint32_t
picture_copy(uint8_t *to)
{
	const uint8_t *f = device.frames + device.at;
	const uint32_t n = (uint32_t)f[0] << 24 | (uint32_t)f[1] << 16 |
			   (uint32_t)f[2] << 8 | f[3];

	if (to != NULL)
		memcpy(to, f + 4, n);
	device.at += 4 + n;
	if (device.at >= device.octets)
		device.at = 0;
	return n;
}

static void
time_tell(struct v4l2_buffer *b)
{
	const uint64_t us = now_us() - 5000;

	b->timestamp.tv_sec = (time_t)(us / 1000000);
	b->timestamp.tv_usec = (suseconds_t)(us % 1000000);
	b->flags |= V4L2_BUF_FLAG_TIMESTAMP_MONOTONIC;
}

static int
picture_give(struct v4l2_buffer *b)
{
	unsigned i = 0;

	if (device.stop != 0 && device.given >= device.stop)
		return no(ENODEV);
	while (i < BUFFERS && !device.queued[i])
		i++;
	if (i == BUFFERS || now_us() < device.due_us)
		return no(EAGAIN);
	device.due_us = now_us() + STEP_US;
	device.queued[i] = false;
	b->index = device.huge ? 77 : i;
	b->flags = 0;
	/* each seventh never comes */
	if (device.sparse && device.given % 7 == 6) {
		(void)picture_copy(NULL);
		device.given++;
	}
	b->sequence = device.given++;
	b->bytesused = picture_copy(device.memory[i]);
	time_tell(b);
	/* each third says that it is damaged */
	if (device.broken && device.given % 3 == 0)
		b->flags |= V4L2_BUF_FLAG_ERROR;
	/* it talks of more than there is */
	if (device.liar)
		b->bytesused = UINT32_C(1) << 31;
	return 0;
}

static int
answer(unsigned long request, void *what)
{
	struct v4l2_buffer *b = what;

	switch (request) {
	case VIDIOC_QUERYCAP:
		return capability(what);
	case VIDIOC_ENUM_FMT:
		return format_enum(what);
	case VIDIOC_ENUM_FRAMESIZES:
		return size_enum(what);
	case VIDIOC_ENUM_FRAMEINTERVALS:
		return interval_enum(what);
	case VIDIOC_S_FMT:
		return format_set(what);
	case VIDIOC_S_PARM:
		return 0;
	case VIDIOC_S_CTRL:
		return no(EINVAL);
	case VIDIOC_REQBUFS:
		return buffers_want(what);
	case VIDIOC_QUERYBUF:
		return buffer_tell(what);
	case VIDIOC_QBUF:
		if (b->index >= BUFFERS || device.queued[b->index])
			return no(EINVAL);
		device.queued[b->index] = true;
		return 0;
	case VIDIOC_DQBUF:
		return picture_give(what);
	case VIDIOC_STREAMON:
	case VIDIOC_STREAMOFF:
		return 0;
	default:
		abort(); /* it is not on the list of webcam_device.c */
	}
}

/* An answer in which, now and then, an octet is another one. */
static int
chaos_answer(unsigned long request, void *what)
{
	static const int errors[] = { EIO, EINVAL, ENODEV, EAGAIN, EBUSY };
	int r = answer(request, what);

	if (chance() % 12 == 0)
		((uint8_t *)what)[chance() % _IOC_SIZE(request)] = (uint8_t)
		    chance();
	if (chance() % 400 == 0)
		r = no(errors[chance() % 5]);
	/* and in its pictures */
	if (request == VIDIOC_DQBUF && r == 0)
		for (unsigned i = 0; i < BUFFERS; i++)
			device.memory[i][chance() % 20000] = (uint8_t)chance();
	return r;
}

__attribute__((visibility("default"))) int
ioctl(int fd, unsigned long request, ...)
{
	va_list rest;

	va_start(rest, request);
	void *what = va_arg(rest, void *);
	va_end(rest);
	if (fd > DEVICE_FD && fd < DEVICE_FD + DEVICES_MAX &&
	    others[fd - DEVICE_FD].capabilities != 0) {
		if ((request & UINT32_MAX) != VIDIOC_QUERYCAP)
			abort();
		*(struct v4l2_capability *)what = others[fd - DEVICE_FD];
		return 0;
	}
	if (fd != DEVICE_FD || !device.on)
		return (int)syscall(SYS_ioctl, fd, request, what);
	request &= UINT32_MAX;
	return device.chaos != 0 ? chaos_answer(request, what)
				 : answer(request, what);
}

/* For what is left until the next picture, or all the time. */
static int
device_poll(struct pollfd *p, int wait_ms)
{
	uint64_t left_us = (uint64_t)wait_ms * 1000;
	const uint64_t now = now_us();
	const bool comes = !device.silent && now + left_us >= device.due_us;

	if (comes)
		left_us = now < device.due_us ? device.due_us - now : 0;
	const struct timespec t = { (time_t)(left_us / 1000000),
		(long)(left_us % 1000000 * 1000) };
	(void)nanosleep(&t, NULL);
	p->revents = comes ? POLLIN : 0;
	return comes ? 1 : 0;
}

/* Not by its own name: libc's header says that poll() reads nothing there. */
__attribute__((visibility("default"))) int
poll_instead(struct pollfd *fds, nfds_t count, int wait_ms) __asm__("poll");

int
poll_instead(struct pollfd *fds, nfds_t count, int wait_ms)
{
	if (device.on && count == 1 && fds->fd == DEVICE_FD)
		return device_poll(fds, wait_ms);
	return (int)syscall(SYS_poll, fds, count, wait_ms);
}
