#include "hub/capture/rtsp_url.h"

#include <string.h>
#include <strings.h>

static const struct slice scheme = { (const uint8_t *)"rtsp://", 7 };

bool
rtsp_url_is_absolute(struct slice s)
{
	return s.len > scheme.len &&
	       strncasecmp((const char *)s.at, (const char *)scheme.at,
		   scheme.len) == 0;
}

/* What stands between the scheme and the path; without a user. */
static struct slice
authority_of(struct slice url, struct slice *ret_path)
{
	struct slice s = slice_skip(url, scheme.len);
	size_t n = 0;

	while (n < s.len && s.at[n] != '/' && s.at[n] != '?')
		n++;
	*ret_path = slice_skip(s, n);
	s = slice_head(s, n);
	for (n = s.len; n > 0; n--)
		if (s.at[n - 1] == '@')
			return slice_skip(s, n);
	return s;
}

static struct slice
port_cut(struct slice authority)
{
	const struct slice usual = SLICE_LIT(":554");

	if (authority.len > usual.len &&
	    slice_eq(slice_skip(authority, authority.len - usual.len), usual))
		authority.len -= usual.len;
	return authority;
}

bool
rtsp_url_same_camera(struct slice a, struct slice b)
{
	struct slice unused;

	if (!rtsp_url_is_absolute(a) || !rtsp_url_is_absolute(b))
		return false;
	a = port_cut(authority_of(a, &unused));
	b = port_cut(authority_of(b, &unused));
	return a.len == b.len &&
	       strncasecmp((const char *)a.at, (const char *)b.at, a.len) == 0;
}

static bool
is_clean(struct slice s)
{
	for (size_t i = 0; i < s.len; i++)
		if (s.at[i] <= ' ' || s.at[i] > '~')
			return false;
	return true;
}

/* ERR_SYNTAX, ERR_LIMIT. */
static enum err
joined(const struct slice *parts, size_t count, char to[static RTSP_URL_ROOM])
{
	size_t n = 0;

	for (size_t i = 0; i < count; i++) {
		if (!is_clean(parts[i]))
			return ERR_SYNTAX;
		if (parts[i].len >= RTSP_URL_ROOM - n)
			return ERR_LIMIT;
		if (parts[i].len != 0)
			memcpy(to + n, parts[i].at, parts[i].len);
		n += parts[i].len;
	}
	to[n] = '\0';
	return ERR_OK;
}

enum err
rtsp_url_control(struct slice base, struct slice control,
    char to[static RTSP_URL_ROOM])
{
	struct slice slash = SLICE_LIT("/");

	if (rtsp_url_is_absolute(control))
		return rtsp_url_bare(control, to);
	if (control.len == 0 || slice_eq(control, SLICE_LIT("*")))
		return joined(&base, 1, to);
	/* cameras want it behind their address, a query in it or not */
	if (control.at[0] == '/' && base.len != 0 &&
	    base.at[base.len - 1] == '/')
		control = slice_skip(control, 1);
	if (control.len == 0 || control.at[0] == '/' || base.len == 0 ||
	    base.at[base.len - 1] == '/')
		slash.len = 0;
	const struct slice parts[] = { base, slash, control };
	return joined(parts, 3, to);
}

enum err
rtsp_url_bare(struct slice url, char to[static RTSP_URL_ROOM])
{
	struct slice path;

	if (!rtsp_url_is_absolute(url))
		return ERR_SYNTAX;
	const struct slice authority = authority_of(url, &path);
	const struct slice parts[] = { scheme, authority, path };

	return joined(parts, 3, to);
}
