/*
 * rtsp_talk.h - requests to an RTSP camera and its answers, with interleaved
 * frames between them (RFC 2326 section 10.12), over one connection. Signs in
 * when it is asked to.
 */
#ifndef HUB_RTSP_TALK_H
#define HUB_RTSP_TALK_H

#include "base/buf.h"
#include "hub/capture/rtsp_url.h"
#include "hub/unit.h"
#include "proto/rtsp.h"

struct rtsp_talk {
	int fd; /* connected, blocking or not; the caller's */
	struct rtsp_login login;
	/* an interleaved frame; false ends the talk */
	bool (*frame)(void *owner, unsigned channel, struct slice octets);
	void *owner;
	struct buf in;
	uint32_t cseq;
	struct rtsp_challenge challenge;
	char session[256];
	unsigned timeout_s, status; /* status: of the newest answer */
	enum reason why;            /* why it ended, when it did */
};

/* fd, login, frame and owner are set by the caller after. */
void rtsp_talk_init(struct rtsp_talk *t);
void rtsp_talk_fini(struct rtsp_talk *t);
/* Sets why; false, so that it can be returned. */
bool rtsp_talk_fail(struct rtsp_talk *t, enum reason why);

/*
 * Send; extra: header lines, each with its end. False: the connection is of
 * no use any more.
 */
bool rtsp_talk_send(struct rtsp_talk *t, const char *method, const char *url,
    const char *extra);
/*
 * Send, wait for the answer, sign in and send again if it wants that. The
 * answer borrows from t->in until rtsp_talk_eat(); its status may be any. A
 * password that does not fit is a false.
 */
bool rtsp_talk_ask(struct rtsp_talk *t, const char *method, const char *url,
    const char *extra, struct rtsp_response *ret_answer);
void rtsp_talk_eat(struct rtsp_talk *t, const struct rtsp_response *answer);
/* Whether the newest answer was a yes; else says why not. */
bool rtsp_talk_agreed(struct rtsp_talk *t);

/* Read once, at most what is there when the descriptor can be read. */
bool rtsp_talk_read(struct rtsp_talk *t);
/*
 * Eat what is whole at the front: frames, answers, requests of theirs.
 * *ret_there: an answer to our newest request is at the front, not eaten.
 */
bool rtsp_talk_take(struct rtsp_talk *t, struct rtsp_response *ret_answer,
    bool *ret_there);
/*
 * That answer came to a request that nobody waited for. *ret_again: it wants
 * a new sign-in, and the request should be sent once more.
 */
void rtsp_talk_settle(struct rtsp_talk *t, const struct rtsp_response *answer,
    bool *ret_again);

#endif
