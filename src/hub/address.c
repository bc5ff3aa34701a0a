#include "hub/address.h"

#include <string.h>

#include "base/slice.h"

#define DEVICE_WORD "v4l2:"

enum capture_kind
address_kind(struct slice address)
{
	return slice_starts(address, SLICE_LIT(DEVICE_WORD)) ? CAPTURE_WEBCAM
							     : CAPTURE_RTSP;
}

static enum err
text_copy(struct slice from, char *to, size_t room)
{
	if (from.len >= room)
		return ERR_LIMIT;
	if (from.len == 0)
		return ERR_SYNTAX;
	memcpy(to, from.at, from.len);
	to[from.len] = '\0';
	return ERR_OK;
}

static size_t
slice_find(struct slice s, char c)
{
	const uint8_t *at = s.len == 0 ? NULL : memchr(s.at, c, s.len);

	return at == NULL ? s.len : (size_t)(at - s.at);
}

static enum err
port_parse(struct slice digits, uint16_t *ret_port)
{
	unsigned v = 0;

	if (digits.len == 0 || digits.len > 5)
		return ERR_SYNTAX;
	for (size_t i = 0; i < digits.len; i++) {
		if (digits.at[i] < '0' || digits.at[i] > '9')
			return ERR_SYNTAX;
		v = v * 10 + digits.at[i] - '0';
	}
	if (v == 0 || v > 65535)
		return ERR_SYNTAX;
	*ret_port = (uint16_t)v;
	return ERR_OK;
}

/* host, [host], host:port, [host]:port; port_default 0: it must be there. */
static enum err
authority_parse(struct slice s, uint16_t port_default, char host[static 256],
    uint16_t *ret_port)
{
	const bool bracket = s.len > 0 && s.at[0] == '[';
	const size_t end = slice_find(s, bracket ? ']' : ':');
	struct slice name = slice_head(s, end), rest = slice_skip(s, end);
	enum err e;

	if (bracket) {
		if (rest.len == 0)
			return ERR_SYNTAX;
		name = slice_skip(name, 1);
		rest = slice_skip(rest, 1);
	}
	if ((e = text_copy(name, host, 256)) != ERR_OK)
		return e;
	if (rest.len == 0 && port_default != 0) {
		*ret_port = port_default;
		return ERR_OK;
	}
	if (rest.len == 0 || rest.at[0] != ':')
		return ERR_SYNTAX;
	return port_parse(slice_skip(rest, 1), ret_port);
}

enum err
host_port_parse(const char *text, char host[static 256], uint16_t *ret_port)
{
	return authority_parse(slice_str(text), 0, host, ret_port);
}

/* Visible ASCII only: it goes into a request line. */
static bool
url_clean(struct slice s)
{
	for (size_t i = 0; i < s.len; i++)
		if (s.at[i] <= ' ' || s.at[i] > '~')
			return false;
	return true;
}

/* Our own word at the end of a path. */
static bool
udp_cut(struct slice *s)
{
	const struct slice word = SLICE_LIT("transport=udp");

	if (s->len <= word.len ||
	    !slice_eq(slice_skip(*s, s->len - word.len), word))
		return false;
	const uint8_t before = s->at[s->len - word.len - 1];
	if (before != '?' && before != '&')
		return false;
	s->len -= word.len + 1;
	return true;
}

static enum err
rtsp_parse(struct slice s, struct address *a)
{
	const struct slice scheme = SLICE_LIT("rtsp://");

	a->udp = udp_cut(&s);
	struct slice rest = slice_skip(s, scheme.len);
	const size_t slash = slice_find(rest, '/');
	struct slice authority = slice_head(rest, slash);
	const struct slice path = slice_skip(rest, slash);
	enum err e;

	if (!url_clean(s))
		return ERR_SYNTAX;
	const size_t at = slice_find(authority, '@');
	if (at < authority.len) {
		const struct slice user = slice_head(authority, at);
		if (slice_find(user, ':') < user.len)
			return ERR_DENIED;
		authority = slice_skip(authority, at + 1);
		/* "user:word@host" was refused; so is a second @ */
		if (slice_find(authority, '@') < authority.len)
			return ERR_DENIED;
		if ((e = text_copy(user, a->user, sizeof a->user)) != ERR_OK)
			return e;
	}
	if ((e = authority_parse(authority, RTSP_PORT, a->host, &a->port)) !=
	    ERR_OK)
		return e;
	if (scheme.len + authority.len + path.len >= sizeof a->url)
		return ERR_LIMIT;
	char *to = a->url;
	to = mempcpy(to, scheme.at, scheme.len);
	to = mempcpy(to, authority.at, authority.len);
	to = mempcpy(to, path.at, path.len);
	*to = '\0';
	return ERR_OK;
}

enum err
address_parse(const char *text, struct address *ret_address)
{
	const struct slice s = slice_str(text);
	const struct slice pipe = SLICE_LIT("pipe:");
	const struct slice v4l2 = SLICE_LIT(DEVICE_WORD);
	struct address a = { 0 };
	enum err e = ERR_OK;

	if (s.len > ADDRESS_OCTETS_MAX)
		return ERR_LIMIT;
	if (slice_eq(s, SLICE_LIT("demo"))) {
		a.kind = CAPTURE_DEMO;
	} else if (slice_starts(s, SLICE_LIT("rtsp://"))) {
		a.kind = CAPTURE_RTSP;
		e = rtsp_parse(s, &a);
	} else if (slice_starts(s, pipe)) {
		a.kind = CAPTURE_PIPE;
		e = text_copy(slice_skip(s, pipe.len), a.path, sizeof a.path);
	} else if (slice_starts(s, v4l2)) {
		a.kind = CAPTURE_WEBCAM;
		e = text_copy(slice_skip(s, v4l2.len), a.path, sizeof a.path);
	} else if (slice_starts(s, SLICE_LIT("/dev/video")) ||
		   slice_starts(s, SLICE_LIT("/dev/v4l/"))) {
		a.kind = CAPTURE_WEBCAM;
		e = text_copy(s, a.path, sizeof a.path);
	} else if (strstr(text, "://") != NULL) {
		e = ERR_SYNTAX; /* http:// and the like are no files */
	} else {
		a.kind = CAPTURE_FILE;
		e = text_copy(s, a.path, sizeof a.path);
	}
	if (e == ERR_OK)
		*ret_address = a;
	return e;
}
