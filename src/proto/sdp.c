#include "proto/sdp.h"

#include <openssl/evp.h>
#include <strings.h>

/* A line without its end; cameras end them with LF as well as CR LF. */
static bool
line_take(struct slice *rest, struct slice *ret)
{
	if (rest->len == 0)
		return false;
	const uint8_t *end = memchr(rest->at, '\n', rest->len);
	const size_t n = end == NULL ? rest->len : (size_t)(end - rest->at);
	*ret = slice_head(*rest, n);
	*rest = slice_skip(*rest, end == NULL ? n : n + 1);
	if (ret->len != 0 && ret->at[ret->len - 1] == '\r')
		ret->len--;
	return true;
}

static bool
starts(struct slice s, const char *text, struct slice *ret_rest)
{
	const size_t n = strlen(text);

	if (s.len < n || strncasecmp((const char *)s.at, text, n) != 0)
		return false;
	*ret_rest = slice_skip(s, n);
	return true;
}

/* Digits at the front; at most 6. */
static bool
number_take(struct slice *s, unsigned *ret)
{
	unsigned v = 0;
	size_t n = 0;

	while (n < s->len && n < 6 && s->at[n] >= '0' && s->at[n] <= '9')
		v = v * 10 + (s->at[n++] - '0');
	if (n == 0)
		return false;
	*s = slice_skip(*s, n);
	*ret = v;
	return true;
}

static struct slice
until(struct slice s, char c)
{
	const uint8_t *at = memchr(s.at, c, s.len);

	return at == NULL ? s : slice_head(s, (size_t)(at - s.at));
}

static struct slice
trim(struct slice s)
{
	while (s.len != 0 && (s.at[0] == ' ' || s.at[0] == '\t'))
		s = slice_skip(s, 1);
	while (
	    s.len != 0 && (s.at[s.len - 1] == ' ' || s.at[s.len - 1] == '\t'))
		s.len--;
	return s;
}

/* Padded base64 (RFC 4648 section 4) of one parameter set. */
static size_t
set_decode(struct slice text, uint8_t to[static SDP_SET_OCTETS_MAX])
{
	uint8_t out[SDP_SET_OCTETS_MAX + 4];
	size_t pad = 0;

	if (text.len == 0 || text.len % 4 != 0 ||
	    text.len / 4 * 3 > SDP_SET_OCTETS_MAX)
		return 0;
	while (pad < 2 && text.at[text.len - 1 - pad] == '=')
		pad++;
	const int n = EVP_DecodeBlock(out, text.at, (int)text.len);
	if (n < 0 || (size_t)n <= pad)
		return 0;
	memcpy(to, out, (size_t)n - pad);
	return (size_t)n - pad;
}

static void
sprop_take(struct slice sets, struct sdp_video *v)
{
	while (sets.len != 0) {
		const struct slice one = until(sets, ',');
		uint8_t set[SDP_SET_OCTETS_MAX];
		const size_t n = set_decode(one, set);

		sets = slice_skip(sets,
		    one.len == sets.len ? one.len : one.len + 1);
		if (n == 0)
			continue;
		if ((set[0] & 31) == 7) {
			memcpy(v->sps, set, n);
			v->sps_octets = n;
		} else if ((set[0] & 31) == 8) {
			memcpy(v->pps, set, n);
			v->pps_octets = n;
		}
	}
}

/* Parameters of a=fmtp for our payload type. False: mode 2, not for us. */
static bool
fmtp_take(struct slice s, struct sdp_video *v)
{
	struct slice value;

	while (s.len != 0) {
		const struct slice one = until(s, ';');
		const struct slice p = trim(one);

		s = slice_skip(s, one.len == s.len ? one.len : one.len + 1);
		if (starts(p, "sprop-parameter-sets=", &value))
			sprop_take(value, v);
		else if (starts(p, "packetization-mode=", &value) &&
			 value.len == 1 && value.at[0] == '2')
			return false;
	}
	return true;
}

struct reading {
	struct sdp_video *video;
	enum {
		IN_SESSION,
		IN_OTHER,
		IN_VIDEO
	} at;
	bool any_video, h264, mode_bad;
	unsigned first_type; /* of the m= line we are in */
};

static void
media_take(struct reading *r, struct slice s)
{
	struct slice rest;
	unsigned number;

	r->at = IN_OTHER;
	/* the first video that turned out to be H.264 is ours */
	if (r->h264 || !starts(s, "video ", &rest) ||
	    !number_take(&rest, &number))
		return;
	r->any_video = true;
	rest = slice_skip(rest, until(rest, ' ').len);
	rest = trim(rest);
	rest = trim(slice_skip(rest, until(rest, ' ').len)); /* RTP/AVP */
	if (!number_take(&rest, &r->first_type))
		return;
	r->at = IN_VIDEO;
	r->video->control = SLICE_LIT("");
}

static void
attribute_take(struct reading *r, struct slice s)
{
	struct sdp_video *v = r->video;
	struct slice rest;
	unsigned type;

	if (starts(s, "control:", &rest)) {
		if (r->at == IN_SESSION)
			v->session_control = trim(rest);
		else if (r->at == IN_VIDEO)
			v->control = trim(rest);
	} else if (r->at == IN_VIDEO && starts(s, "rtpmap:", &rest)) {
		struct slice name;

		if (number_take(&rest, &type) &&
		    starts(trim(rest), "H264/", &name)) {
			r->h264 = true;
			v->payload_type = type;
		}
	} else if (r->at == IN_VIDEO && starts(s, "fmtp:", &rest)) {
		if (number_take(&rest, &type) &&
		    (!r->h264 || type == v->payload_type) &&
		    !fmtp_take(trim(rest), v))
			r->mode_bad = true;
	}
}

enum err
sdp_parse(struct slice in, struct sdp_video *ret_video)
{
	struct sdp_video v = { .payload_type = 0 };
	struct reading r = { .video = &v };
	struct slice line;
	size_t lines = 0;
	struct slice rest = in;

	if (in.len > SDP_OCTETS_MAX)
		return ERR_LIMIT;
	while (line_take(&rest, &line)) {
		if (++lines > SDP_LINES_MAX)
			return ERR_LIMIT;
		if (line.len == 0)
			continue;
		if (line.len < 2 || line.at[1] != '=')
			return ERR_SYNTAX;
		if (line.at[0] == 'm')
			media_take(&r, slice_skip(line, 2));
		else if (line.at[0] == 'a')
			attribute_take(&r, slice_skip(line, 2));
	}
	if (!slice_starts(in, SLICE_LIT("v=0")))
		return ERR_SYNTAX;
	if (!r.any_video)
		return ERR_MISSING;
	if (!r.h264 || r.mode_bad)
		return ERR_UNSUPPORTED;
	*ret_video = v;
	return ERR_OK;
}
