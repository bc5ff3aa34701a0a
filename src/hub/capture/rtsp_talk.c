#include "hub/capture/rtsp_talk.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <sys/random.h>
#include <sys/socket.h>

#include "os/clock.h"

#define IN_OCTETS_MAX (256u << 10)
#define READ_OCTETS   65536u
#define ANSWER_MS     10000u

void
rtsp_talk_init(struct rtsp_talk *t)
{
	*t = (struct rtsp_talk){ .timeout_s = 60, .why = REASON_CLOSED };
	buf_init(&t->in, IN_OCTETS_MAX);
}

void
rtsp_talk_fini(struct rtsp_talk *t)
{
	buf_fini(&t->in);
}

bool
rtsp_talk_fail(struct rtsp_talk *t, enum reason why)
{
	t->why = why;
	return false;
}

/* --- octets --- */

static bool
all_send(struct rtsp_talk *t, struct slice s)
{
	while (s.len != 0) {
		const ssize_t n = send(t->fd, s.at, s.len, MSG_NOSIGNAL);
		struct pollfd p = { .fd = t->fd, .events = POLLOUT };

		if (n > 0)
			s = slice_skip(s, (size_t)n);
		else if (errno == EAGAIN && poll(&p, 1, ANSWER_MS) == 1)
			continue;
		else if (errno != EINTR)
			return rtsp_talk_fail(t,
			    errno == EAGAIN ? REASON_SLOW : REASON_CLOSED);
	}
	return true;
}

bool
rtsp_talk_read(struct rtsp_talk *t)
{
	const size_t left = t->in.cap - t->in.len;
	const size_t room = left < READ_OCTETS ? left : READ_OCTETS;
	uint8_t *at;

	if (room == 0 || buf_reserve(&t->in, room, &at) != ERR_OK)
		return rtsp_talk_fail(t, REASON_LIMIT);
	const ssize_t n = recv(t->fd, at, room, 0);
	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return true;
	if (n <= 0)
		return rtsp_talk_fail(t, REASON_CLOSED);
	t->in.len += (size_t)n;
	return true;
}

/* --- requests --- */

static void
text_keep(struct slice s, char *to, size_t room)
{
	const size_t n = s.len < room - 1 ? s.len : room - 1;

	memcpy(to, s.at, n);
	to[n] = '\0';
}

static void
cnonce_make(char to[static 17])
{
	uint8_t random[8] = { 0 };

	(void)!getrandom(random, sizeof random, 0);
	for (size_t i = 0; i < sizeof random; i++)
		(void)snprintf(to + 2 * i, 3, "%02x", random[i]);
}

bool
rtsp_talk_send(struct rtsp_talk *t, const char *method, const char *url,
    const char *extra)
{
	AUTO_BUF struct buf b;
	char cnonce[17], head[RTSP_URL_ROOM + 256], session[300] = "";

	buf_init_secret(&b, 16384);
	cnonce_make(cnonce);
	if (t->session[0] != '\0')
		(void)snprintf(session, sizeof session, "Session: %s\r\n",
		    t->session);
	const int n = snprintf(head, sizeof head,
	    "%s %s RTSP/1.0\r\nCSeq: %u\r\nUser-Agent: Eaves\r\n", method, url,
	    ++t->cseq);
	if (n < 0 || (size_t)n >= sizeof head ||
	    buf_append(&b, slice_make(head, (size_t)n)) != ERR_OK ||
	    buf_append(&b, slice_str(session)) != ERR_OK ||
	    rtsp_authorize(&t->challenge, &t->login, method, slice_str(url),
		cnonce, &b) != ERR_OK ||
	    buf_append(&b, slice_str(extra)) != ERR_OK ||
	    buf_append(&b, SLICE_LIT("\r\n")) != ERR_OK)
		return rtsp_talk_fail(t, REASON_LIMIT);
	return all_send(t, buf_slice(&b));
}

/* --- answers --- */

static bool
is_newest(const struct rtsp_talk *t, const struct rtsp_response *r)
{
	return !r->has_cseq || r->cseq == t->cseq;
}

/* What follows the frame or the message at the front; 0: it is not whole. */
static bool
front_take(struct rtsp_talk *t, struct slice rest, struct rtsp_response *r,
    size_t *ret_octets, bool *ret_there)
{
	struct rtsp_frame f;

	*ret_octets = 0;
	if (rest.at[0] == '$') {
		if (rtsp_frame_parse(rest, &f, ret_octets) != ERR_OK)
			return true;
		return t->frame(t->owner, f.channel, f.octets);
	}
	const enum err e = rtsp_response_parse(rest, r);
	if (e == ERR_MORE)
		return true;
	if (e != ERR_OK && e != ERR_UNSUPPORTED)
		return rtsp_talk_fail(t,
		    e == ERR_LIMIT ? REASON_LIMIT : REASON_NOT_RTSP);
	*ret_there = e == ERR_OK && is_newest(t, r);
	*ret_octets = r->head_octets + r->body_octets;
	return true;
}

bool
rtsp_talk_take(struct rtsp_talk *t, struct rtsp_response *ret_answer,
    bool *ret_there)
{
	size_t eaten = 0, octets = 1;
	bool ok = true;

	*ret_there = false;
	while (ok && octets != 0 && eaten < t->in.len) {
		ok = front_take(t, slice_skip(buf_slice(&t->in), eaten),
		    ret_answer, &octets, ret_there);
		if (*ret_there)
			break;
		eaten += ok ? octets : 0;
	}
	buf_consume(&t->in, eaten);
	if (*ret_there) /* its slices moved with the octets */
		*ret_there = rtsp_response_parse(buf_slice(&t->in),
				 ret_answer) == ERR_OK;
	return ok;
}

static void
answer_note(struct rtsp_talk *t, const struct rtsp_response *answer)
{
	t->status = answer->status;
	if (answer->session.len != 0)
		text_keep(answer->session, t->session, sizeof t->session);
	/* most say it at SETUP alone: it holds for the answers after */
	if (answer->session_timeout_s != 0)
		t->timeout_s = answer->session_timeout_s;
}

static bool
answer_wait(struct rtsp_talk *t, struct rtsp_response *answer)
{
	const uint64_t until = clock_monotonic_ms() + ANSWER_MS;
	struct pollfd p = { .fd = t->fd, .events = POLLIN };
	bool there;

	while (rtsp_talk_take(t, answer, &there)) {
		if (there) {
			answer_note(t, answer);
			return true;
		}
		const uint64_t now = clock_monotonic_ms();
		if (now >= until || poll(&p, 1, (int)(until - now)) == 0)
			return rtsp_talk_fail(t, REASON_SLOW);
		if (!rtsp_talk_read(t))
			return false;
	}
	return false;
}

void
rtsp_talk_eat(struct rtsp_talk *t, const struct rtsp_response *answer)
{
	buf_consume(&t->in, answer->head_octets + answer->body_octets);
}

bool
rtsp_talk_agreed(struct rtsp_talk *t)
{
	if (t->status == 200)
		return true;
	if (t->status == 401 || t->status == 403)
		return rtsp_talk_fail(t, REASON_PASSWORD);
	if (t->status >= 300 && t->status < 400)
		return rtsp_talk_fail(t, REASON_REDIRECT);
	return rtsp_talk_fail(t, t->status >= 400 && t->status < 500
				     ? REASON_NO_PATH
				     : REASON_NOT_RTSP);
}

bool
rtsp_talk_ask(struct rtsp_talk *t, const char *method, const char *url,
    const char *extra, struct rtsp_response *ret_answer)
{
	for (int tries = 0;; tries++) {
		struct rtsp_challenge c;

		if (!rtsp_talk_send(t, method, url, extra) ||
		    !answer_wait(t, ret_answer))
			return false;
		if (t->status != 401 || tries == 2 || t->login.user.len == 0 ||
		    rtsp_challenge_choose(ret_answer, &c) != ERR_OK)
			return true;
		/*
		 * The first may have grown old since the last request, said so
		 * or not. A second one that is not stale: it is the password.
		 */
		if (tries > 0 && !c.stale)
			return rtsp_talk_fail(t, REASON_PASSWORD);
		t->challenge = c;
		rtsp_talk_eat(t, ret_answer);
	}
}

void
rtsp_talk_settle(struct rtsp_talk *t, const struct rtsp_response *answer,
    bool *ret_again)
{
	struct rtsp_challenge c;

	answer_note(t, answer);
	*ret_again = t->status == 401 && t->login.user.len != 0 &&
		     rtsp_challenge_choose(answer, &c) == ERR_OK;
	if (*ret_again)
		t->challenge = c;
	rtsp_talk_eat(t, answer);
}
