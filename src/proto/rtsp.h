/*
 * rtsp.h - RTSP/1.0 as a client over TCP (RFC 2326): responses, interleaved
 * frames, and the answers to a challenge (RFC 7616, RFC 7617). Pure.
 */
#ifndef PROTO_RTSP_H
#define PROTO_RTSP_H

#include "base/buf.h"

#define RTSP_HEAD_OCTETS_MAX 8192
#define RTSP_BODY_OCTETS_MAX 16384

struct rtsp_response {
	unsigned status;
	uint32_t cseq;
	bool has_cseq;              /* some cameras leave it out */
	struct slice session;       /* without parameters; may be empty */
	unsigned session_timeout_s; /* 0 when not said */
	/* content_base: else Content-Location */
	struct slice content_base, location, transport, methods;
	struct slice challenges[4];
	size_t challenge_count;
	size_t body_octets, head_octets;
};
/*
 * At the front of in. ERR_MORE, ERR_SYNTAX (not RTSP), ERR_LIMIT. A request
 * by the server (as some send) is ERR_UNSUPPORTED with head and body octets
 * set in *ret: skip it.
 */
MUST_USE enum err
rtsp_response_parse(struct slice in, struct rtsp_response *ret);

/* Whether a list of methods (Public) names this one. */
bool rtsp_lists(struct slice methods, const char *method);

/* What a camera's Transport line says (RFC 2326 section 12.39). */
struct rtsp_transport {
	bool has_channels, has_ports;
	unsigned channel[2]; /* interleaved: RTP, RTCP */
	uint16_t port[2];    /* the camera's own: RTP, RTCP */
};
void rtsp_transport_parse(struct slice in, struct rtsp_transport *ret);

/* '$', channel, length. ERR_MORE until the frame is whole. */
struct rtsp_frame {
	unsigned channel;
	struct slice octets;
};
MUST_USE enum err
rtsp_frame_parse(struct slice in, struct rtsp_frame *ret, size_t *ret_octets);

/*
 * Once, before files can no longer be opened: the library of hashes reads its
 * configuration at its first use. ERR_NOMEM.
 */
MUST_USE enum err rtsp_prepare(void);

struct rtsp_login {
	struct slice user, password;
};
enum rtsp_scheme {
	RTSP_NONE,
	RTSP_BASIC,
	RTSP_DIGEST_MD5,
	RTSP_DIGEST_SHA256
};
/* The strongest of what was offered; the texts are kept. */
struct rtsp_challenge {
	enum rtsp_scheme scheme;
	char realm[256], nonce[256], opaque[256];
	bool qop_auth, stale, has_opaque;
	uint32_t count;
};
/*
 * ERR_UNSUPPORTED: nothing that we know was offered; or Basic beside a Digest
 * that we do not know: the password does not go out bare for that.
 */
MUST_USE enum err rtsp_challenge_choose(const struct rtsp_response *r,
    struct rtsp_challenge *ret);
/*
 * Appends "Authorization: ... CR LF". cnonce: 16 hex digits of the caller's,
 * drawn at random. Counts the nonce's use.
 */
MUST_USE enum err
rtsp_authorize(struct rtsp_challenge *c, const struct rtsp_login *login,
    const char *method, struct slice uri, const char *cnonce, struct buf *out);

#endif
