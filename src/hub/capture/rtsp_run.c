/*
 * rtsp_run.c - OPTIONS (what does it know), DESCRIBE, SETUP of the video and of
 * the sound, PLAY, then packets until the end; a word every half session
 * time-out so that the camera does not forget us.
 */
#include "hub/capture/rtsp_run.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>

#include "hub/capture/rtsp_media.h"
#include "hub/capture/rtsp_talk.h"
#include "os/clock.h"

#define SILENCE_MS    10000u
#define WORD_MS_MAX   30000u
#define REDIRECTS_MAX 3

#define STATUS_TRANSPORT 461 /* Unsupported Transport */

enum track {
	TRACK_VIDEO,
	TRACK_SOUND,
	TRACK__MAX
};

struct run {
	const struct rtsp_source *source;
	int out_fd;
	struct rtsp_talk talk;
	struct rtsp_media media;
	struct sdp_offer offer;
	char url[RTSP_URL_ROOM], base[RTSP_URL_ROOM];
	char control[TRACK__MAX][RTSP_URL_ROOM];
	unsigned channel[TRACK__MAX]; /* interleaved; 256: not set up */
	const char *word;             /* what keeps the session alive */
	struct rtsp_udp udp;
	bool by_udp;
	bool playing;
};

#define NO_CHANNEL 256u

static bool
fail(struct run *r, enum reason why)
{
	return rtsp_talk_fail(&r->talk, why);
}

/* --- packets --- */

static bool
packet_take(struct run *r, enum track track, struct slice octets)
{
	const enum err e = track == TRACK_VIDEO
			       ? rtsp_media_video(&r->media, octets)
			       : rtsp_media_sound(&r->media, octets);

	return e == ERR_OK || fail(r, REASON_CLOSED);
}

/* Channels that were never set up are passed over. */
static bool
frame_take(void *owner, unsigned channel, struct slice octets)
{
	struct run *r = owner;

	for (enum track i = TRACK_VIDEO; r->playing && i < TRACK__MAX; i++)
		if (channel == r->channel[i])
			return packet_take(r, i, octets);
	return true;
}

static bool
datagram_take(void *owner, unsigned track, struct slice octets)
{
	return packet_take(owner, (enum track)track, octets);
}

/* --- before the pictures --- */

static bool
options(struct run *r)
{
	struct rtsp_response a;

	if (!rtsp_talk_ask(&r->talk, "OPTIONS", r->url, "", &a))
		return false;
	/* some forget a session that they hear only OPTIONS of */
	r->word = a.status == 200 && rtsp_lists(a.methods, "GET_PARAMETER")
		      ? "GET_PARAMETER"
		      : "OPTIONS";
	rtsp_talk_eat(&r->talk, &a);
	return true;
}

static bool
described(struct run *r, enum err e)
{
	if (e == ERR_UNSUPPORTED)
		return fail(r, REASON_CODEC);
	if (e == ERR_MISSING)
		return fail(r, REASON_NO_H264);
	return e == ERR_OK || fail(r, REASON_NOT_RTSP);
}

static bool
url_made(struct run *r, enum err e)
{
	return e == ERR_OK ||
	       fail(r, e == ERR_LIMIT ? REASON_LIMIT : REASON_NOT_RTSP);
}

/* Every request stays on this connection, whatever they call it. */
static bool
urls_make(struct run *r, struct slice content_base)
{
	const struct sdp_offer *o = &r->offer;
	struct slice base = slice_str(r->url);

	if (rtsp_url_is_absolute(o->session_control))
		base = o->session_control;
	else if (rtsp_url_is_absolute(content_base))
		base = content_base;
	return url_made(r, rtsp_url_bare(base, r->base)) &&
	       url_made(r, rtsp_url_control(slice_str(r->base),
			       o->video.control, r->control[TRACK_VIDEO]));
}

/* What a camera says of its sound never costs its pictures. */
static void
sound_consider(struct run *r)
{
	struct sdp_track *t = &r->offer.sound;

	if (r->source->sound_off ||
	    rtsp_url_control(slice_str(r->base), t->control,
		r->control[TRACK_SOUND]) != ERR_OK)
		t->codec = SDP_NONE;
}

/* Another path on the same camera is followed, another camera never. */
static bool
redirected(struct run *r, const struct rtsp_response *a)
{
	char url[RTSP_URL_ROOM];

	if (!rtsp_url_same_camera(slice_str(r->url), a->location) ||
	    rtsp_url_bare(a->location, url) != ERR_OK)
		return fail(r, REASON_REDIRECT);
	memcpy(r->url, url, sizeof url);
	return true;
}

static bool
describe(struct run *r)
{
	struct rtsp_talk *t = &r->talk;
	struct rtsp_response a;

	for (int n = 0;; n++) {
		if (!rtsp_talk_ask(t, "DESCRIBE", r->url,
			"Accept: application/sdp\r\n", &a))
			return false;
		if (t->status < 300 || t->status >= 400 || n == REDIRECTS_MAX)
			break;
		if (!redirected(r, &a))
			return false;
		rtsp_talk_eat(t, &a);
	}
	if (!rtsp_talk_agreed(t) ||
	    !described(r,
		sdp_parse(slice_make(t->in.at + a.head_octets, a.body_octets),
		    &r->offer)) ||
	    !urls_make(r, a.content_base))
		return false;
	sound_consider(r);
	rtsp_talk_eat(t, &a); /* the offer's slices end here */
	return true;
}

static void
transport_wish(const struct run *r, enum track track, char *to, size_t room)
{
	const unsigned channel = 2 * (unsigned)track;
	const unsigned port = r->udp.given.port[track];

	(void)snprintf(to, room,
	    r->by_udp ? "Transport: RTP/AVP;unicast;client_port=%u-%u\r\n"
		      : "Transport: RTP/AVP/TCP;unicast;interleaved=%u-%u\r\n",
	    r->by_udp ? port : channel, (r->by_udp ? port : channel) + 1);
}

/* False: by UDP, and it does not say from which ports. */
static bool
transport_note(struct run *r, enum track track, struct slice line)
{
	struct rtsp_transport t;

	rtsp_transport_parse(line, &t);
	if (r->by_udp && t.has_ports)
		rtsp_udp_track(&r->udp, track, t.port,
		    track == TRACK_VIDEO ? 90000 : r->offer.sound.rate);
	else if (!r->by_udp)
		r->channel[track] = t.has_channels ? t.channel[0]
						   : 2 * (unsigned)track;
	return !r->by_udp || t.has_ports;
}

/* *ret_agreed: the camera sends it; false: the connection is at its end. */
static bool
track_setup(struct run *r, enum track track, bool *ret_agreed)
{
	struct rtsp_response a;
	char extra[80];

	transport_wish(r, track, extra, sizeof extra);
	if (!rtsp_talk_ask(&r->talk, "SETUP", r->control[track], extra, &a))
		return false;
	*ret_agreed = a.status == 200 && transport_note(r, track, a.transport);
	rtsp_talk_eat(&r->talk, &a);
	return true;
}

/* Over this connection; by UDP when that is wished, or nothing else goes. */
static bool
video_setup(struct run *r)
{
	const bool may_udp = r->source->udp.word_fd != -1;
	bool agreed;

	r->by_udp = may_udp && r->source->udp_wanted;
	if (!track_setup(r, TRACK_VIDEO, &agreed))
		return false;
	if (!agreed && !r->by_udp && may_udp &&
	    r->talk.status == STATUS_TRANSPORT) {
		r->by_udp = true;
		if (!track_setup(r, TRACK_VIDEO, &agreed))
			return false;
	}
	if (agreed)
		return true;
	/* a yes that is of no use */
	return r->talk.status == 200 ? fail(r, REASON_NOT_RTSP)
				     : rtsp_talk_agreed(&r->talk);
}

static bool
setup(struct run *r)
{
	bool agreed;

	if (!video_setup(r))
		return false;
	if (r->offer.sound.codec != SDP_NONE &&
	    !track_setup(r, TRACK_SOUND, &agreed))
		return false;
	if (r->by_udp && rtsp_udp_connect(&r->udp) != ERR_OK)
		return fail(r, REASON_NO_ROUTE);
	rtsp_udp_settle(&r->udp);
	return true;
}

static bool
play(struct run *r)
{
	struct rtsp_response a;

	rtsp_media_init(&r->media, r->out_fd, &r->offer);
	r->playing = true; /* packets may overtake the answer */
	r->media.last_packet_ms = clock_monotonic_ms();
	if (!rtsp_talk_ask(&r->talk, "PLAY", r->base, "Range: npt=0.000-\r\n",
		&a))
		return false;
	rtsp_talk_eat(&r->talk, &a);
	return rtsp_talk_agreed(&r->talk);
}

/* --- pictures --- */

static uint64_t
word_after_ms(const struct run *r)
{
	const uint64_t half = r->talk.timeout_s * UINT64_C(500);

	return half < WORD_MS_MAX ? half : WORD_MS_MAX;
}

/* What came in one piece with an answer waits for no more. */
static bool
input_take(struct run *r, bool *may_repeat)
{
	struct rtsp_response a;
	bool there, again;

	for (;;) {
		if (!rtsp_talk_take(&r->talk, &a, &there))
			return false;
		if (!there)
			return true;
		rtsp_talk_settle(&r->talk, &a, &again);
		if (!again || !*may_repeat)
			continue;
		*may_repeat = false;
		if (!rtsp_talk_send(&r->talk, r->word, r->base, ""))
			return false;
	}
}

/* Until something came or it is time; takes what came by UDP. */
static bool
more_wait(struct run *r, uint64_t until_ms)
{
	struct pollfd p[1 + PORTS_COUNT] = { { .fd = r->talk.fd,
	    .events = POLLIN } };
	const uint64_t now = clock_monotonic_ms();
	uint64_t wait = until_ms > now ? until_ms - now : 0;
	size_t n = 1;

	if (r->by_udp) {
		const uint64_t udp_wait = rtsp_udp_wait_ms(&r->udp, now);

		n += rtsp_udp_polls(&r->udp, p + 1);
		wait = udp_wait < wait ? udp_wait : wait;
	}
	(void)poll(p, n, (int)wait);
	if (r->by_udp && !rtsp_udp_turn(&r->udp))
		return false;
	return p[0].revents == 0 || rtsp_talk_read(&r->talk);
}

static bool
pictures(struct run *r)
{
	uint64_t word_ms = clock_monotonic_ms() + word_after_ms(r);
	bool may_repeat = false;

	while (input_take(r, &may_repeat)) {
		const uint64_t silent_ms = r->media.last_packet_ms + SILENCE_MS;
		const uint64_t now = clock_monotonic_ms();

		if (now >= silent_ms)
			return fail(r, REASON_SLOW);
		if (now >= word_ms) {
			word_ms = now + word_after_ms(r);
			may_repeat = true;
			if (!rtsp_talk_send(&r->talk, r->word, r->base, ""))
				return false;
		}
		if (!more_wait(r, silent_ms < word_ms ? silent_ms : word_ms))
			return false;
	}
	return false;
}

enum reason
rtsp_run(const struct rtsp_source *s, int camera_fd, int out_fd,
    uint32_t *ret_detail)
{
	static struct run r; /* large; one camera per process */

	r = (struct run){ .source = s,
		.out_fd = out_fd,
		.channel = { NO_CHANNEL, NO_CHANNEL } };
	rtsp_talk_init(&r.talk);
	r.talk.fd = camera_fd;
	r.talk.login = (struct rtsp_login){ s->user, s->password };
	r.talk.frame = frame_take;
	r.talk.owner = &r;
	rtsp_udp_init(&r.udp, &s->udp);
	r.udp.packet = datagram_take;
	r.udp.owner = &r;
	if (url_made(&r, rtsp_url_bare(s->url, r.url)) && options(&r) &&
	    describe(&r) && setup(&r) && play(&r) &&
	    unit_write_status(out_fd, clock_realtime_us(), REASON_RUNNING, 0) ==
		ERR_OK)
		(void)pictures(&r);
	*ret_detail = r.talk.status;
	rtsp_media_fini(&r.media);
	rtsp_udp_fini(&r.udp);
	rtsp_talk_fini(&r.talk);
	return r.talk.why;
}
