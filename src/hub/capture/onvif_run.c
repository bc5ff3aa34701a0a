/*
 * onvif_run.c - the clock (no sign-in), services or else capabilities, the
 * device, profiles, and for each profile its stream. Each request goes over
 * the connection before if that is still there, else over a new one.
 *
 * The first sign-in is a WS-UsernameToken; a camera that wants HTTP Digest
 * says 401 with a challenge, and gets that alone from then on. A password
 * that was refused is never tried again: cameras lock their door after a few.
 */
#include "hub/capture/onvif_run.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/codec.h"
#include "hub/capture/capture.h"
#include "hub/channel.h"
#include "hub/found.h"
#include "os/clock.h"
#include "proto/http_answer.h"
#include "proto/onvif.h"
#include "proto/rtsp.h"

#define READ_OCTETS 16384
#define TRIES_MAX   4

struct run {
	const struct onvif_source *source;
	int channel_fd, camera_fd, out_fd;
	uint64_t until_ms;
	struct onvif_url url;
	int64_t ahead_s; /* the camera's clock before ours */
	struct rtsp_challenge challenge;
	bool let_in; /* by our answer to that challenge */
	struct buf in, body;
	uint32_t status;
	enum reason why;
};

static bool
fail(struct run *r, enum reason why)
{
	r->why = why;
	return false;
}

static int
left_ms(const struct run *r)
{
	const uint64_t now = clock_monotonic_ms();

	return now < r->until_ms ? (int)(r->until_ms - now) : 0;
}

/* --- octets --- */

static void
line_close(struct run *r)
{
	if (r->camera_fd != -1)
		(void)close(r->camera_fd);
	r->camera_fd = -1;
	buf_clear(&r->in);
}

static bool
line_open(struct run *r)
{
	const struct channel_request ask = { .ask = CHANNEL_CONNECT };
	struct pollfd p = { .fd = r->channel_fd, .events = POLLIN };
	struct channel_answer a;

	if (left_ms(r) == 0)
		return fail(r, REASON_SLOW);
	if (channel_ask(r->channel_fd, &ask) != ERR_OK ||
	    poll(&p, 1, left_ms(r)) != 1 ||
	    channel_answered(r->channel_fd, &a, &r->camera_fd) != ERR_OK)
		return fail(r, REASON_NO_PROCESS);
	if (r->camera_fd == -1)
		return fail(r, (enum err)a.why == ERR_LIMIT ? REASON_LIMIT
							    : REASON_NO_ROUTE);
	const enum reason why = capture_connect_wait(r->camera_fd, left_ms(r));
	return why == REASON_RUNNING || fail(r, why);
}

static bool
all_send(struct run *r, struct slice s)
{
	while (s.len != 0) {
		const ssize_t n = send(r->camera_fd, s.at, s.len, MSG_NOSIGNAL);
		struct pollfd p = { .fd = r->camera_fd, .events = POLLOUT };

		if (n > 0)
			s = slice_skip(s, (size_t)n);
		else if (errno == EAGAIN && poll(&p, 1, left_ms(r)) == 0)
			return fail(r, REASON_SLOW);
		else if (errno != EAGAIN && errno != EINTR)
			return fail(r, REASON_CLOSED);
	}
	return true;
}

/* Some more of the answer; *ret_ended: the camera closed. */
static bool
more_read(struct run *r, bool *ret_ended)
{
	struct pollfd p = { .fd = r->camera_fd, .events = POLLIN };
	uint8_t *at;

	if (poll(&p, 1, left_ms(r)) == 0)
		return fail(r, REASON_SLOW);
	if (buf_reserve(&r->in, READ_OCTETS, &at) != ERR_OK)
		return fail(r, REASON_LIMIT);
	const ssize_t n = recv(r->camera_fd, at, READ_OCTETS, 0);
	if (n > 0)
		r->in.len += (size_t)n;
	else if (n == 0 || (errno != EAGAIN && errno != EINTR))
		*ret_ended = true;
	return true;
}

static bool
answer_read(struct run *r, struct http_answer *answer)
{
	bool ended = false;
	enum err e;

	buf_clear(&r->body);
	while ((e = http_answer_parse(buf_slice(&r->in), ended, &r->body,
		    answer)) == ERR_MORE) {
		if (left_ms(r) == 0)
			return fail(r, REASON_SLOW);
		if (!more_read(r, &ended))
			return false;
	}
	if (e == ERR_LIMIT)
		return fail(r, REASON_LIMIT);
	if (e != ERR_OK)
		return fail(r,
		    e == ERR_CLOSED ? REASON_CLOSED : REASON_NOT_RTSP);
	r->status = answer->status;
	answer->close |= ended;
	return true;
}

/* --- one question --- */

struct question {
	enum onvif_ask what;
	const char *token, *path;
	bool without_login;
};

static enum err
envelope_write(const struct run *r, const struct question *q, struct buf *to)
{
	struct onvif_login l = { .user = r->source->user,
		.password = r->source->password,
		.camera_now_s = (int64_t)clock_realtime_s() + r->ahead_s };
	const bool login = !q->without_login && l.user.len != 0 &&
			   r->challenge.scheme == RTSP_NONE;

	if (login && getrandom(l.nonce, sizeof l.nonce, 0) != sizeof l.nonce)
		return ERR_IO;
	return onvif_ask_write(q->what, q->token, login ? &l : NULL, to);
}

static enum err
authorization_write(struct run *r, const struct question *q, struct buf *to)
{
	const struct rtsp_login l = { r->source->user, r->source->password };
	uint8_t random[8];
	char cnonce[17];

	if (q->without_login)
		return ERR_OK;
	if (getrandom(random, sizeof random, 0) != sizeof random)
		return ERR_IO;
	hex_encode(SLICE_OF(random), cnonce);
	/* the same words for HTTP (RFC 7616); nothing when not challenged */
	return rtsp_authorize(&r->challenge, &l, "POST", slice_str(q->path),
	    cnonce, to);
}

static bool
question_send(struct run *r, const struct question *q)
{
	AUTO_BUF struct buf envelope, b;
	const bool six = strchr(r->url.host, ':') != NULL;
	char head[1024];

	buf_init_secret(&envelope, 8192);
	buf_init_secret(&b, 16384);
	if (envelope_write(r, q, &envelope) != ERR_OK)
		return fail(r, REASON_LIMIT);
	const int n = snprintf(head, sizeof head,
	    "POST %s HTTP/1.1\r\nHost: %s%s%s:%u\r\nUser-Agent: Eaves\r\n"
	    "Content-Type: application/soap+xml; charset=utf-8; "
	    "action=\"%s\"\r\nContent-Length: %zu\r\n",
	    q->path, six ? "[" : "", r->url.host, six ? "]" : "", r->url.port,
	    onvif_action(q->what), envelope.len);
	if (n < 0 || (size_t)n >= sizeof head ||
	    buf_append(&b, slice_make(head, (size_t)n)) != ERR_OK ||
	    authorization_write(r, q, &b) != ERR_OK ||
	    buf_append(&b, SLICE_LIT("\r\n")) != ERR_OK ||
	    buf_append(&b, buf_slice(&envelope)) != ERR_OK)
		return fail(r, REASON_LIMIT);
	return all_send(r, buf_slice(&b));
}

/* Over the connection before, if it is still there. */
static bool
question_once(struct run *r, const struct question *q,
    struct http_answer *answer)
{
	const bool old = r->camera_fd != -1;

	if (old && question_send(r, q) && answer_read(r, answer))
		return true;
	/* closed between two questions: that is the camera's right */
	if (old && (r->why != REASON_CLOSED || r->in.len != 0))
		return false;
	line_close(r);
	return line_open(r) && question_send(r, q) && answer_read(r, answer);
}

/* Whether a challenge came that we can answer and have not answered yet. */
static bool
challenge_take(struct run *r, const struct http_answer *a)
{
	struct rtsp_response as = { .challenge_count = a->challenge_count };
	struct rtsp_challenge c;

	memcpy(as.challenges, a->challenges, sizeof as.challenges);
	/* nobody's ONVIF is Basic: the password does not go out bare */
	if (r->source->user.len == 0 ||
	    rtsp_challenge_choose(&as, &c) != ERR_OK ||
	    c.scheme == RTSP_BASIC ||
	    (r->challenge.scheme != RTSP_NONE && !c.stale && !r->let_in))
		return false;
	/* once it let us in, a new challenge is a new nonce, not a no */
	r->let_in = false;
	r->challenge = c;
	return true;
}

static bool
status_fits(struct run *r)
{
	if (r->status >= 300 && r->status < 400)
		return fail(r, REASON_REDIRECT);
	if (r->status == 404)
		return fail(r, REASON_NO_PATH);
	return true; /* 400 and 500 come with a fault that says more */
}

/* The answer's envelope is in r->body. */
static bool
ask(struct run *r, const struct question *q)
{
	for (int tries = 0; tries < TRIES_MAX; tries++) {
		struct http_answer a;

		r->why = REASON_CLOSED;
		if (!question_once(r, q, &a)) {
			line_close(r);
			return false;
		}
		const bool again = a.status == 401 && !q->without_login &&
				   challenge_take(r, &a);
		if (a.close)
			line_close(r);
		else
			buf_consume(&r->in, a.octets);
		if (again)
			continue;
		r->let_in |= a.status < 400 && !q->without_login;
		return a.status == 401 || a.status == 403
			   ? fail(r, REASON_PASSWORD)
			   : status_fits(r);
	}
	return fail(r, REASON_PASSWORD);
}

/* Whether it was read; else why not. */
static bool
was_read(struct run *r, enum err e)
{
	switch (e) {
	case ERR_OK:
		return true;
	case ERR_DENIED:
		return fail(r, REASON_PASSWORD);
	case ERR_UNSUPPORTED:
	case ERR_MISSING:
		return fail(r, REASON_SAID_NO);
	case ERR_LIMIT:
		return fail(r, REASON_LIMIT);
	default:
		return fail(r,
		    r->status >= 400 ? REASON_SAID_NO : REASON_NOT_RTSP);
	}
}

/* --- the way through --- */

/* Without its clock, ours will do: most cameras have the right time. */
static bool
clock_learn(struct run *r)
{
	const struct question q = { .what = ONVIF_CLOCK,
		.path = r->url.path,
		.without_login = true };
	int64_t there;

	if (!ask(r, &q))
		return r->why == REASON_PASSWORD;
	const enum err e = onvif_clock_read(buf_slice(&r->body), &there);
	if (e == ERR_OK)
		r->ahead_s = there - (int64_t)clock_realtime_s();
	return was_read(r, e) || r->why == REASON_SAID_NO ||
	       r->why == REASON_PASSWORD;
}

static bool
services_learn(struct run *r, struct onvif_services *to)
{
	struct question q = { .what = ONVIF_SERVICES, .path = r->url.path };

	if (ask(r, &q) &&
	    was_read(r, onvif_services_read(buf_slice(&r->body), to)))
		return true;
	if (r->why != REASON_SAID_NO) /* older cameras do not know it */
		return false;
	q.what = ONVIF_CAPABILITIES;
	return ask(r, &q) &&
	       was_read(r, onvif_services_read(buf_slice(&r->body), to));
}

static bool
device_tell(struct run *r)
{
	const struct question q = { .what = ONVIF_DEVICE, .path = r->url.path };
	struct found_camera c = { .port = r->url.port };
	struct onvif_device d;

	memcpy(c.path, r->url.path, sizeof c.path);
	if (ask(r, &q) &&
	    was_read(r, onvif_device_read(buf_slice(&r->body), &d))) {
		memcpy(c.name, d.maker, sizeof c.name);
		memcpy(c.hardware, d.model, sizeof c.hardware);
	} else if (r->why != REASON_SAID_NO)
		return false;
	return found_camera_write(r->out_fd, clock_realtime_us(), &c) ==
		   ERR_OK ||
	       fail(r, REASON_CLOSED);
}

static enum found_codec
codec_of(enum onvif_codec c)
{
	static const enum found_codec codecs[] = { [ONVIF_OTHER] = FOUND_OTHER,
		[ONVIF_H264] = FOUND_H264,
		[ONVIF_H265] = FOUND_H265,
		[ONVIF_JPEG] = FOUND_JPEG };

	return codecs[c];
}

static bool
profile_tell(struct run *r, const struct onvif_profile *p,
    const struct onvif_url *u)
{
	struct found_profile f = { .port = u->port,
		.codec = codec_of(p->codec),
		.width = p->width,
		.height = p->height,
		.fps = p->fps,
		.kbit_s = p->kbit_s,
		.audio = p->audio };

	memcpy(f.path, u->path, sizeof f.path);
	memcpy(f.name, p->name, sizeof f.name);
	return found_profile_write(r->out_fd, clock_realtime_us(), &f) ==
		   ERR_OK ||
	       fail(r, REASON_CLOSED);
}

/* A profile without a stream is no reason to lose the others. */
static bool
profiles_tell(struct run *r, const char *path, bool second)
{
	static struct onvif_profile profiles[ONVIF_PROFILES_MAX];
	struct question q = { .what = second ? ONVIF_PROFILES_2
					     : ONVIF_PROFILES,
		.path = path };
	size_t n, told = 0;

	if (!ask(r, &q) || !was_read(r, onvif_profiles_read(buf_slice(&r->body),
					    profiles, &n)))
		return false;
	q.what = second ? ONVIF_STREAM_2 : ONVIF_STREAM;
	for (size_t i = 0; i < n; i++) {
		struct onvif_url u;

		q.token = profiles[i].token;
		if (ask(r, &q) &&
		    was_read(r, onvif_stream_read(buf_slice(&r->body), &u))) {
			if (!profile_tell(r, &profiles[i], &u))
				return false;
			told++;
		} else if (r->why != REASON_SAID_NO)
			return false;
	}
	return told > 0 || fail(r, REASON_SAID_NO);
}

/*
 * The first media service has no word for H.265: cameras call it H.264 there.
 * So the second comes first, where there is one that works.
 */
static bool
streams_tell(struct run *r, const struct onvif_services *s)
{
	if (s->media_2[0] != '\0') {
		if (profiles_tell(r, s->media_2, true))
			return true;
		if (s->media[0] == '\0' ||
		    (r->why != REASON_SAID_NO && r->why != REASON_NO_PATH))
			return false;
	}
	return profiles_tell(r, s->media, false);
}

enum reason
onvif_run(const struct onvif_source *s, int channel_fd, int out_fd,
    uint32_t *ret_detail)
{
	static struct run r; /* large; one camera per process */
	struct onvif_services services;

	r = (struct run){ .source = s,
		.channel_fd = channel_fd,
		.camera_fd = -1,
		.out_fd = out_fd,
		.until_ms = clock_monotonic_ms() + ONVIF_RUN_MS };
	buf_init(&r.in, HTTP_ANSWER_OCTETS_MAX + READ_OCTETS);
	buf_init(&r.body, HTTP_ANSWER_BODY_OCTETS_MAX);
	if (onvif_url_parse(s->url, &r.url) != ERR_OK || r.url.rtsp ||
	    r.url.tls)
		r.why = REASON_NO_PATH;
	else {
		if (strcmp(r.url.path, "/") == 0)
			memcpy(r.url.path, ONVIF_PATH, sizeof ONVIF_PATH);
		if (clock_learn(&r) && services_learn(&r, &services) &&
		    device_tell(&r) && streams_tell(&r, &services))
			r.why = REASON_RUNNING;
	}
	line_close(&r);
	*ret_detail = r.status;
	buf_fini(&r.in);
	buf_fini(&r.body);
	return r.why;
}
