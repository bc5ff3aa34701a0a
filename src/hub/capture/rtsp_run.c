/*
 * rtsp_run.c - DESCRIBE (again with an answer to its challenge), SETUP over
 * this connection, PLAY, then packets until the end; a word every half session
 * time-out so that the camera does not forget us.
 */
#include "hub/capture/rtsp_run.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"
#include "hub/capture/thumb.h"
#include "os/clock.h"
#include "proto/rtp.h"
#include "proto/rtsp.h"
#include "proto/sdp.h"

#define IN_OCTETS_MAX (256u << 10)
#define ANSWER_MS     10000u
#define SILENCE_MS    10000u
#define URL_ROOM      2048

struct run {
	const struct rtsp_source *source;
	int camera_fd, out_fd;
	struct buf in;
	uint32_t cseq;
	struct rtsp_challenge challenge;
	char session[256], base[URL_ROOM], control[URL_ROOM];
	unsigned timeout_s, status;
	struct sdp_video video;
	struct rtp_h264 rtp;
	uint64_t first_packet_us, last_packet_ms;
	bool playing, reader_gone;
	enum reason why;
};

static bool
fail(struct run *r, enum reason why)
{
	r->why = why;
	return false;
}

/* --- octets --- */

static bool
all_send(struct run *r, struct slice s)
{
	while (s.len != 0) {
		const ssize_t n = send(r->camera_fd, s.at, s.len, MSG_NOSIGNAL);
		struct pollfd p = { .fd = r->camera_fd, .events = POLLOUT };

		if (n > 0)
			s = slice_skip(s, (size_t)n);
		else if (errno == EAGAIN && poll(&p, 1, ANSWER_MS) == 1)
			continue;
		else if (errno != EINTR)
			return fail(r,
			    errno == EAGAIN ? REASON_SLOW : REASON_CLOSED);
	}
	return true;
}

/* Some more input by until_ms. */
static bool
more_read(struct run *r, uint64_t until_ms)
{
	struct pollfd p = { .fd = r->camera_fd, .events = POLLIN };
	const uint64_t now = clock_monotonic_ms();
	uint8_t *at;

	if (now >= until_ms)
		return fail(r, REASON_SLOW);
	if (poll(&p, 1, (int)(until_ms - now)) == 0)
		return fail(r, REASON_SLOW);
	if (r->in.cap - r->in.len < 1 ||
	    buf_reserve(&r->in,
		r->in.cap - r->in.len < 65536 ? r->in.cap - r->in.len : 65536,
		&at) != ERR_OK)
		return fail(r, REASON_LIMIT);
	const ssize_t n = recv(r->camera_fd, at,
	    r->in.cap - r->in.len < 65536 ? r->in.cap - r->in.len : 65536, 0);
	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return true;
	if (n <= 0)
		return fail(r, REASON_CLOSED);
	r->in.len += (size_t)n;
	return true;
}

/* --- pictures --- */

/* Parameter sets of the description, before a key frame without its own. */
static bool
sets_before(struct run *r, struct buf *unit)
{
	const struct slice start = SLICE_LIT("\0\0\0\1");
	const struct sdp_video *v = &r->video;

	return (r->rtp.has_sps ||
		   (buf_append(unit, start) == ERR_OK &&
		       buf_append(unit, slice_make(v->sps, v->sps_octets)) ==
			   ERR_OK)) &&
	       (r->rtp.has_pps ||
		   (buf_append(unit, start) == ERR_OK &&
		       buf_append(unit, slice_make(v->pps, v->pps_octets)) ==
			   ERR_OK)) &&
	       buf_append(unit, buf_slice(&r->rtp.unit)) == ERR_OK;
}

static bool
unit_send(struct run *r)
{
	struct unit u = { .kind = UNIT_H264,
		.flags = r->rtp.key ? UNIT_KEY : 0,
		.time_us = r->first_packet_us,
		.octets = buf_slice(&r->rtp.unit) };
	AUTO_BUF struct buf with_sets;
	enum err e;

	buf_init(&with_sets, UNIT_OCTETS_MAX);
	if (r->rtp.key && (!r->rtp.has_sps || !r->rtp.has_pps) &&
	    r->video.sps_octets != 0 && r->video.pps_octets != 0 &&
	    sets_before(r, &with_sets))
		u.octets = buf_slice(&with_sets);
	e = picture_write(r->out_fd, &u);
	rtp_h264_next(&r->rtp);
	if (e == ERR_OK)
		return true;
	r->reader_gone = true;
	return fail(r, REASON_CLOSED);
}

static bool
packet_take(struct run *r, struct slice octets)
{
	enum rtp_state state;
	struct rtp_packet p;
	const uint64_t now_us = clock_realtime_us();

	if (rtp_packet_parse(octets, &p) != ERR_OK ||
	    p.payload_type != r->video.payload_type)
		return true; /* another stream's, or noise: not worth a word */
	r->last_packet_ms = clock_monotonic_ms();
	const bool first = r->rtp.unit.len == 0 ||
			   p.timestamp != r->rtp.timestamp;
	/* an error drops the unit it is in; the stream goes on */
	(void)!rtp_h264_take(&r->rtp, &p, &state);
	/* a unit that was dropped leaves the next its own time */
	if (first && state != RTP_WHOLE_AGAIN)
		r->first_packet_us = now_us;
	if (state == RTP_GOING_ON)
		return true;
	if (!unit_send(r))
		return false;
	if (state == RTP_WHOLE_AGAIN) {
		r->first_packet_us = now_us;
		(void)!rtp_h264_take(&r->rtp, &p, &state);
		if (state == RTP_WHOLE)
			return unit_send(r);
	}
	return true;
}

/* --- words --- */

static void
text_keep(struct slice s, char *to, size_t room)
{
	const size_t n = s.len < room - 1 ? s.len : room - 1;

	memcpy(to, s.at, n);
	to[n] = '\0';
}

static bool
request_send(struct run *r, const char *method, const char *url,
    const char *extra)
{
	AUTO_BUF struct buf b;
	uint8_t random[8] = { 0 };
	char cnonce[17], head[URL_ROOM + 256], session[300] = "";
	const struct rtsp_login login = { r->source->user,
		r->source->password };

	buf_init_secret(&b, 16384);
	(void)!getrandom(random, sizeof random, 0);
	for (size_t i = 0; i < sizeof random; i++)
		(void)snprintf(cnonce + 2 * i, 3, "%02x", random[i]);
	if (r->session[0] != '\0')
		(void)snprintf(session, sizeof session, "Session: %s\r\n",
		    r->session);
	const int n = snprintf(head, sizeof head,
	    "%s %s RTSP/1.0\r\nCSeq: %u\r\nUser-Agent: Eaves\r\n", method, url,
	    ++r->cseq);
	if (n < 0 || (size_t)n >= sizeof head ||
	    buf_append(&b, slice_make(head, (size_t)n)) != ERR_OK ||
	    buf_append(&b, slice_str(session)) != ERR_OK ||
	    rtsp_authorize(&r->challenge, &login, method, slice_str(url),
		cnonce, &b) != ERR_OK ||
	    buf_append(&b, slice_str(extra)) != ERR_OK ||
	    buf_append(&b, SLICE_LIT("\r\n")) != ERR_OK)
		return fail(r, REASON_LIMIT);
	return all_send(r, buf_slice(&b));
}

/*
 * Eats what is whole at the front: packets, answers, requests of theirs.
 * *ret_answer: an answer to our newest request is at the front, not eaten.
 */
static bool
input_eat(struct run *r, struct rtsp_response *answer, bool *ret_answer)
{
	size_t eaten = 0;
	bool ok = true;

	*ret_answer = false;
	while (ok && eaten < r->in.len) {
		const struct slice rest = slice_skip(buf_slice(&r->in), eaten);
		struct rtsp_frame f;
		size_t n;
		enum err e;

		if (rest.at[0] == '$') {
			if ((e = rtsp_frame_parse(rest, &f, &n)) != ERR_OK)
				break;
			eaten += n;
			if (r->playing && f.channel == 0)
				ok = packet_take(r, f.octets);
			continue;
		}
		e = rtsp_response_parse(rest, answer);
		if (e == ERR_MORE)
			break;
		if (e != ERR_OK && e != ERR_UNSUPPORTED) {
			ok = fail(r,
			    e == ERR_LIMIT ? REASON_LIMIT : REASON_NOT_RTSP);
			break;
		}
		if (e == ERR_OK && answer->cseq == r->cseq) {
			buf_consume(&r->in, eaten);
			/* its slices moved with the octets: parse in place */
			*ret_answer = rtsp_response_parse(buf_slice(&r->in),
					  answer) == ERR_OK;
			return true;
		}
		eaten += answer->head_octets + answer->body_octets;
	}
	buf_consume(&r->in, eaten);
	return ok;
}

static bool
answer_wait(struct run *r, struct rtsp_response *answer)
{
	const uint64_t until = clock_monotonic_ms() + ANSWER_MS;
	bool there = false;

	for (;;) {
		if (!input_eat(r, answer, &there))
			return false;
		if (there)
			break;
		if (!more_read(r, until))
			return false;
	}
	r->status = answer->status;
	if (answer->session.len != 0)
		text_keep(answer->session, r->session, sizeof r->session);
	/* most say it at SETUP alone: it holds for the answers after */
	if (answer->session_timeout_s != 0)
		r->timeout_s = answer->session_timeout_s;
	return true;
}

static void
answer_eat(struct run *r, const struct rtsp_response *answer)
{
	buf_consume(&r->in, answer->head_octets + answer->body_octets);
}

static bool
status_fits(struct run *r)
{
	if (r->status == 200)
		return true;
	if (r->status == 401 || r->status == 403)
		return fail(r, REASON_PASSWORD);
	if (r->status >= 300 && r->status < 400)
		return fail(r, REASON_REDIRECT);
	return fail(r, r->status >= 400 && r->status < 500 ? REASON_NO_PATH
							   : REASON_NOT_RTSP);
}

/* Sends, and once more when the camera asks who we are. */
static bool
exchange(struct run *r, const char *method, const char *url, const char *extra,
    struct rtsp_response *answer)
{
	for (int tries = 0;; tries++) {
		struct rtsp_challenge c;

		if (!request_send(r, method, url, extra) ||
		    !answer_wait(r, answer))
			return false;
		if (r->status != 401 || tries == 2 ||
		    r->source->user.len == 0 ||
		    rtsp_challenge_choose(answer, &c) != ERR_OK)
			return status_fits(r);
		/* the same challenge again, not stale: it is the password */
		if (r->challenge.scheme != RTSP_NONE && !c.stale)
			return fail(r, REASON_PASSWORD);
		r->challenge = c;
		answer_eat(r, answer);
	}
}

static bool
is_absolute(struct slice s)
{
	return slice_starts(s, SLICE_LIT("rtsp://"));
}

/* RFC 2326 C.1.1, and what cameras make of it. */
static bool
control_make(struct run *r)
{
	const struct slice c = r->video.control;
	const size_t n = strlen(r->base);
	const char *between = n != 0 && r->base[n - 1] == '/' ? "" : "/";

	if (c.len >= URL_ROOM || n + c.len + 2 >= URL_ROOM)
		return fail(r, REASON_LIMIT);
	for (size_t i = 0; i < c.len; i++)
		if (c.at[i] <= 0x20 || c.at[i] >= 0x7f)
			return fail(r, REASON_NOT_RTSP);
	if (is_absolute(c))
		text_keep(c, r->control, sizeof r->control);
	else if (c.len == 0 || (c.len == 1 && c.at[0] == '*'))
		memcpy(r->control, r->base, n + 1);
	else {
		/* it fits: measured above */
		memcpy(r->control, r->base, n);
		memcpy(r->control + n, between, strlen(between));
		text_keep(c, r->control + n + strlen(between),
		    sizeof r->control - n - strlen(between));
	}
	return true;
}

static bool
describe(struct run *r)
{
	struct rtsp_response a;
	char url[URL_ROOM];

	text_keep(r->source->url, url, sizeof url);
	if (!exchange(r, "DESCRIBE", url, "Accept: application/sdp\r\n", &a))
		return false;
	const enum err e = sdp_parse(slice_make(r->in.at + a.head_octets,
					 a.body_octets),
	    &r->video);
	if (e == ERR_UNSUPPORTED)
		return fail(r, REASON_CODEC);
	if (e == ERR_MISSING)
		return fail(r, REASON_NO_H264);
	if (e != ERR_OK)
		return fail(r, REASON_NOT_RTSP);
	/* every request stays on this connection, whatever they call it */
	if (is_absolute(r->video.session_control))
		text_keep(r->video.session_control, r->base, sizeof r->base);
	else if (is_absolute(a.content_base))
		text_keep(a.content_base, r->base, sizeof r->base);
	else
		memcpy(r->base, url, strlen(url) + 1);
	if (!control_make(r))
		return false;
	answer_eat(r, &a);
	return true;
}

static bool
play(struct run *r)
{
	struct rtsp_response a;

	if (!exchange(r, "SETUP", r->control,
		"Transport: RTP/AVP/TCP;unicast;interleaved=0-1\r\n", &a))
		return false;
	answer_eat(r, &a);
	r->playing = true; /* packets may overtake the answer */
	r->last_packet_ms = clock_monotonic_ms();
	if (!exchange(r, "PLAY", r->base, "Range: npt=0.000-\r\n", &a))
		return false;
	answer_eat(r, &a);
	return true;
}

static bool
pictures(struct run *r)
{
	uint64_t word_ms = clock_monotonic_ms() + r->timeout_s * 500u;

	for (;;) {
		const uint64_t silent_ms = r->last_packet_ms + SILENCE_MS;
		const uint64_t now = clock_monotonic_ms();
		struct rtsp_response a;
		bool answer;

		if (now >= word_ms) {
			word_ms = now + r->timeout_s * 500u;
			if (!request_send(r, "OPTIONS", r->base, ""))
				return false;
		}
		if (now >= silent_ms)
			return fail(r, REASON_SLOW);
		/* what came in one piece with an answer waits for no more */
		if (!input_eat(r, &a, &answer))
			return false;
		if (answer)
			answer_eat(r, &a);
		else if (!more_read(r,
			     silent_ms < word_ms ? silent_ms : word_ms) &&
			 r->why != REASON_SLOW)
			return false;
	}
}

enum reason
rtsp_run(const struct rtsp_source *s, int camera_fd, int out_fd,
    uint32_t *ret_detail)
{
	static struct run r; /* large; one camera per process */

	r = (struct run){ .source = s,
		.camera_fd = camera_fd,
		.out_fd = out_fd,
		.timeout_s = 60,
		.why = REASON_CLOSED };
	buf_init(&r.in, IN_OCTETS_MAX);
	rtp_h264_init(&r.rtp, UNIT_OCTETS_MAX - 2048);
	if (s->url.len >= URL_ROOM)
		r.why = REASON_LIMIT;
	else if (describe(&r) && play(&r) &&
		 unit_write_status(out_fd, clock_realtime_us(), REASON_RUNNING,
		     0) == ERR_OK)
		(void)pictures(&r);
	*ret_detail = r.status;
	rtp_h264_fini(&r.rtp);
	buf_fini(&r.in);
	return r.why;
}
